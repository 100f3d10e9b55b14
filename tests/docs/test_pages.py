"""All pages: they open as they should, are short, and stand in the navigation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gan_eval.study.plan.study import FEW, MANY

from .links import targets
from .pages import (
    DOCS,
    NOTEBOOK,
    PAGES,
    PROSE,
    ROOT,
    code,
    named,
    run_code,
    text,
)


def test_the_number_of_seeds_of_the_main_job_is_as_stated() -> None:
    for page in ("index", "commands/run"):
        assert re.findall(r"from ([\d,]+)(?: seeds)", text(page))[:2] == [f"{MANY:,}", str(FEW)]


def test_the_example_of_the_first_page_runs() -> None:
    (block,) = code("index", "python")
    assert "worth_kl" in run_code(block)


MOST_LINES = 149
LONG = {
    "configuration.md": "one table of all settings, to search in",
    "measures.md": "one table of all columns, to search in",
    "rank/errors.md": "tables as a benchmark prints them, to search in",
    **dict.fromkeys(
        ("tr/tutorial.md", "tr/tutorial/cure.md", "tr/tutorial/studies.md"),
        "as long as the English page, and a list of what it was translated from",
    ),
    "tutorial/cure.md": "one experiment after another on the same trainings",
    "tutorial.md": "one walk through the chapter's sections, whose code builds on itself",
}
"""Pages that may be longer, and why."""


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_is_short_or_has_a_reason(page: Path) -> None:
    lines = len(page.read_text("utf-8").splitlines())
    assert set(LONG) <= {named(one) for one in PAGES}
    assert (lines > MOST_LINES) == (named(page) in LONG), (
        f"{lines} lines: a page answers one question; split it, or say in LONG why not"
    )


def test_every_page_is_reached_from_the_first_one() -> None:
    """By links, however many."""
    found, next_ones = set(), {DOCS / "index.md"}
    while next_ones:
        page = next_ones.pop()
        found.add(page)
        here = {page.parent / target.partition("#")[0] for target in targets(page.read_text())}
        next_ones |= {one.resolve() for one in here if one.suffix == ".md"} & set(PAGES) - found
    assert {named(page) for page in set(PAGES) - found} == set()


@pytest.mark.parametrize("page", [*PROSE, NOTEBOOK], ids=named)
def test_no_page_has_a_path_of_a_machine(page: Path) -> None:
    found = re.search(
        r"(?<![\w.])/(work|home|root|tmp|Users|opt|mnt|usr)\b", page.read_text("utf-8")
    )
    assert found is None, found


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_opens_with_what_it_answers_and_is_in_the_navigation(page: Path) -> None:
    title, _, opening = page.read_text("utf-8").splitlines()[:3]
    assert title.startswith("# ")
    assert opening.startswith(("This page answers: ", "Bu sayfa şunu yanıtlar: "))
    assert navigation().count(named(page)) == 1


def navigation() -> list[str]:
    """The pages of ``mkdocs.yml``, in its order."""
    lines = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    return re.findall(r"^ +- .+: (\S+\.md)$", lines, re.M)


def test_the_navigation_has_no_page_that_is_not_there() -> None:
    assert set(navigation()) == {named(page) for page in PAGES}
