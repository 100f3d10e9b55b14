"""The answer of a comparison: one sentence, what it rests on, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from gan_eval.comparison.held_out import CopyVerdict
from gan_eval.comparison.pages import (
    copies_words,
    coverage_words,
    modes_words,
    power_words,
    words,
    worth_words,
)
from gan_eval.pages.blocks import Step
from gan_eval.pages.numbers import p_value, percent, plural, probability, setting
from gan_eval.runtime.arguments import lower_first, plain
from gan_eval.stats.multiple import CORRECTIONS, rejected
from gan_eval.stats.result import Verdict

if TYPE_CHECKING:
    from gan_eval.comparison.comparison import Comparison


def summary(found: Comparison) -> list[str]:
    """Write the comparison in a few lines."""
    return [
        headline(found),
        verdict(found),
        *words.rows_compared(found),
        f"{plural(len(found.compared), 'column')} compared. {words.worst_column(found)}",
        *words.leading(found),
        *(worth_words.sentence(one) for one in found.worth[:1]),
        *([coverage_words.sentence(found.coverage)] if found.coverage else []),
        "Columns: .to_frame(). Pictures: .plot(). All of it as a page: .save(path).",
    ]


def headline(found: Comparison) -> str:
    """Answer in one sentence whether the samples come from one distribution.

    Told apart, it says by which p-value, what the generator is worth, and what is wrong; not told
    apart, by how many rows; else why it could not tell. Copied rows are said in each case.
    """
    copied = " and ".join(copies_words.phrases(found.copies) or words.repeats(found))
    but = f", but the generated sample {copied}" if copied else ""
    size = ""
    if found.worth:
        size = f"worth {worth_words.in_rows(found.worth[0], len(found.real.rows))}"
    if found.verdict == Verdict.COULD_NOT_TELL:
        return f"Could not tell: {found.tests.why_not}{but}."
    p = p_value(found.tests.smallest)
    if found.told_apart:
        wrong = where(found)
        also = f"the generated sample {copied}" if copied else ""
        first = f"No: told apart ({p}){f', {size}' if size else ''}"
        return f"{'; '.join(filter(None, (first, also, wrong)))}."
    n, m = len(found.real.rows), len(found.generated.rows)
    least = "smallest " if len(found.tests.results) > 1 else ""
    first = f"Not told apart by {words.sizes(n, m)} ({least}{p})"
    if copied:
        return f"{first}{but}."
    return f"{first}: that does not prove them equal{f'; {size}' if size else ''}."


def where(found: Comparison) -> str:
    """Say where a difference lies: a mode, a part of the rows, a column; empty with one column.

    Modes and coverage are tests of their own, so they are said only where the battery tells the
    samples apart.
    """
    row = differing(found)
    if row is not None and (words.by_holes(row) or not _modes(found)):
        name, several = plain(row["column"], words.SHORT), len(found.compared) > 1
        if words.by_holes(row):
            missing = percent(row["generated_missing"])
            return f"column {name} has {missing} missing, not {percent(row['real_missing'])}"
        return f"column {name} differs most" if several else ""
    if wrong := _modes(found) or _coverage(found):
        return f"the generated sample {wrong[0]}"
    return "no single column is shown to differ" if len(found.compared) > 1 else ""


def missed(found: Comparison) -> bool:
    """Say whether the headline is of modes or of parts of the rows that are missed."""
    row = differing(found)
    if not found.told_apart or (row is not None and words.by_holes(row)):
        return False
    return bool(_modes(found) or (row is None and _coverage(found)))


def _modes(found: Comparison) -> list[str]:
    if found.modes is None:
        return []
    return modes_words.phrases(found.modes, found.measures.mode_names)


def _coverage(found: Comparison) -> list[str]:
    return coverage_words.phrases(found.coverage) if found.coverage is not None else []


def differing(found: Comparison) -> pd.Series | None:
    """Return the row of the most different column that is shown to differ; None if none is."""
    columns = found.columns
    lowest = columns[["adjusted", "missing_adjusted"]].min(axis=1).fillna(1.0)
    shown = columns[rejected(lowest, found.tests.alpha)]
    return None if shown.empty else shown.iloc[0]


def verdict(found: Comparison) -> str:
    """Say how many tests reject, at which level, after which correction; or why none could."""
    tests, told = found.tests, len(found.tests.rejected)
    if found.verdict == Verdict.COULD_NOT_TELL:
        return f"{tests.why_not[:1].upper()}{tests.why_not[1:]}."
    return (
        f"{told or 'None'} of {plural(len(tests.results), 'test')} "
        f"{'rejects' if told < 2 else 'reject'} equal distributions at alpha = "
        f"{setting(tests.alpha)} after {CORRECTIONS[tests.correction]}'s correction; the smallest "
        f"adjusted p-value is {probability(tests.smallest)}."
    )


def meaning(found: Comparison) -> str:
    """Say how often the answer is wrong, or what it does not show."""
    if found.told_apart:
        return (
            "Two samples of one distribution would be told apart in at most "
            f"{setting(100 * found.tests.alpha)} % of comparisons. A small p-value is not a large "
            "difference: the worth and the distances say how large it is."
        )
    if found.verdict == Verdict.COULD_NOT_TELL:
        return "Whatever these rows were, the answer could not have been that they differ."
    strength = found.measures.power
    found_often = f"{power_words.sentence(strength)} " if strength is not None else ""
    return f"{found_often}A smaller difference may be there."


def next_steps(found: Comparison) -> list[Step]:
    """Say what to do after this answer, with commands where both samples are files."""
    return list(_steps(found))


def _steps(found: Comparison) -> Iterator[Step]:
    names = [side.source for side in (found.real, found.generated)]
    files = all("." in name for name in names)
    command = f"gan-eval compare {' '.join(map(shlex.quote, names))}" if files else ""

    def step(text: str, options: str) -> Step:
        return Step(text, f"{command} {options}" if command else "")

    if found.verdict == Verdict.COULD_NOT_TELL:
        yield Step(f"Give it enough to tell: {lower_first(found.tests.why_not)}.")
    row = differing(found) if found.told_apart else None
    if row is not None and len(found.compared) > 1:
        text = "See whether the other columns are right: leave out the one that differs most."
        name = str(row["column"])
        yield step(text, f"--exclude {shlex.quote(name)}" if plain(name, 200) == name else "")
    if found.verdict == Verdict.NOT_TOLD_APART:
        left = any(side.available > len(side.rows) for side in (found.real, found.generated))
        yield Step(
            "Compare all rows, without --sample, to find smaller differences."
            if left
            else "Compare more rows to find smaller differences: four times the rows find one half "
            "as large.",
            command if left else "",
        )
    if found.copies.held_out is None:
        yield step(
            "Test exactly whether training rows are copied: hold some real rows back from the "
            "training, and name them.",
            "--holdout held_out.csv",
        )
    elif found.copies.verdict == CopyVerdict.COPIES:
        yield Step(
            "Rows of the training are copied: train with fewer weights, fewer epochs or more rows, "
            "and compare again."
        )
    if found.told_apart and files:
        yield Step(
            "Made a better generator? See which is nearer to the real rows.",
            f"gan-eval rank {' '.join(map(shlex.quote, names))} another.csv",
        )
