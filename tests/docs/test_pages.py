"""All pages: they open and link as they should, and stand in the navigation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gan_eval.study.plan.study import FEW, MANY

from .pages import (
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


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as Python-Markdown makes them."""
    without_code = re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.*)$", without_code, re.M)
    bare = (re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings)
    return {re.sub(r"[-\s]+", "-", heading) for heading in bare}


@pytest.mark.parametrize("page", [*PROSE, ROOT / "README.md", NOTEBOOK], ids=named)
def test_no_relative_link_is_dead(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = page if not path else page.parent / path
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


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
    assert opening.startswith("This page answers: ")
    assert navigation().count(named(page)) == 1


def navigation() -> list[str]:
    """The pages of ``mkdocs.yml``, in its order."""
    lines = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    return re.findall(r"^ +- .+: (\S+\.md)$", lines, re.M)


def test_the_navigation_has_no_page_that_is_not_there() -> None:
    assert set(navigation()) == {named(page) for page in PAGES}
