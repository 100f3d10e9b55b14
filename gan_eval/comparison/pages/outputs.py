"""A comparison, or a ranking, for a build: Markdown for its summary, JUnit XML for its tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from gan_eval.comparison.held_out import CopyVerdict
from gan_eval.comparison.pages import answer, tables, words
from gan_eval.comparison.ranking import words as rank_words
from gan_eval.pages.markdown import document
from gan_eval.pages.numbers import number, p_value, setting
from gan_eval.stats.battery.catalogue import TESTS
from gan_eval.stats.result import Verdict

if TYPE_CHECKING:
    from gan_eval.comparison.comparison import Comparison
    from gan_eval.comparison.ranking import Ranking

MOST_COLUMNS = 12
"""Columns that a summary lists."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def markdown(found: Comparison) -> str:
    """Write a comparison as GitHub's Markdown: the verdict, the tests, the worst columns.

    Examples
    --------
    >>> from gan_eval.comparison import compare
    >>> text = markdown(compare([1.0, 2.0, 3.5], [1.5, 2.5, 3.0], tests=["energy"]))
    >>> text.partition(":")[0]
    '### Could not tell'
    """
    shown = [tables.tests_table(found), tables.columns_table(found, MOST_COLUMNS, moments=False)]
    left = len(found.compared) - MOST_COLUMNS
    more = [f"{left} more columns differ less."] if left > 0 else []
    says = [answer.verdict(found), words.worst_column(found)]
    return document(answer.headline(found), says, shown, [*more, *words.rows(found)])


def ranking_markdown(found: Ranking) -> str:
    """Write a ranking as GitHub's Markdown: the answer, distances, differences."""
    shown = [rank_words.distances_table(found), rank_words.differences_table(found)]
    says = [" ".join(rank_words.pairs(found)[:MOST_COLUMNS])]
    return document(rank_words.headline(found), says, shown, rank_words.facts(found))


def junit(found: Comparison) -> str:
    """Write a comparison as JUnit XML: a case for each test of the battery, and one for copies.

    A test that rejects after correction has failed, one that was not run is skipped, and where no
    test could have rejected each is an error. Copies that are shown are a failure, and where that
    could not be told the case is skipped.

    Examples
    --------
    >>> from gan_eval.comparison import compare
    >>> print(junit(compare([1.0, 2.0, 3.0, 4.0], [1.5, 2.5, 3.5], tests=["energy"]))[:64])
    <?xml version='1.0' encoding='utf-8'?>
    <testsuites name="gan-eva
    """
    suite = ElementTree.Element("testsuite", name=_xml(_name(found)))
    counts: dict[str, int] = dict.fromkeys(("failure", "error", "skipped"), 0)
    seconds = 0.0

    def case(name: str, kind: str | None, says: str, took: float = 0.0) -> None:
        nonlocal seconds
        seconds += took
        one = ElementTree.SubElement(
            suite, "testcase", classname="gan-eval.compare", name=_xml(name), time=f"{took:.3f}"
        )
        if kind is not None:
            counts[kind] += 1
            outcome = ElementTree.SubElement(one, kind, message=_xml(says))
            if kind != "skipped":
                outcome.set("type", kind)
                outcome.text = _xml(f"{answer.headline(found)} {answer.verdict(found)}")

    tests = found.tests
    for name, result in tests.results.items():
        adjusted = tests.adjusted[name]
        says = (
            f"adjusted {p_value(adjusted)} at alpha = {setting(tests.alpha)}, statistic "
            f"{number(result.statistic)}"
        )
        kind = "failure" if name in tests.rejected else None
        if found.verdict == Verdict.COULD_NOT_TELL:
            kind, says = "error", f"could not tell: {tests.why_not}"
        case(TESTS[name].title, kind, says, result.seconds)
    for name, why in tests.not_run.items():
        case(TESTS[name].title, "skipped", f"not run: {why}")
    kinds = {CopyVerdict.COPIES: "failure", CopyVerdict.COULD_NOT_TELL: "skipped"}
    says = " ".join(words.copies(found)) or "could not tell"
    case("copies", kinds.get(found.copies.verdict), says)
    totals = {
        "tests": str(len(suite)),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "time": f"{seconds:.3f}",
    }
    suite.attrib |= {**totals, "skipped": str(counts["skipped"])}
    root = ElementTree.Element("testsuites", {"name": "gan-eval compare", **totals})
    root.append(suite)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text.decode("utf-8") + "\n"


def _name(found: Comparison) -> str:
    return f"{found.real.source} and {found.generated.source}"


def _xml(text: str) -> str:
    """Leave out the characters that XML cannot have."""
    return _NOT_XML.sub("", text)
