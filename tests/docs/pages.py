"""The pages of the documentation, and what stands in them."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
NOTEBOOK = DOCS / "notebook.ipynb"
PROSE = [*PAGES, *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "CHANGELOG", "reports/README"))]


def text(page: str) -> str:
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def named(page: Path) -> str:
    """A page by its path from where the documentation stands."""
    return page.relative_to(DOCS if DOCS in page.parents else ROOT).as_posix()


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next of its level or above."""
    level = heading.split(" ")[0]
    found = re.search(
        rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text(page), re.M | re.S
    )
    assert found, f"docs/{page}.md has no heading {heading!r}"
    return found[1]


def table_rows(markdown: str) -> Iterator[list[str]]:
    """The cells of each table's row."""
    for line in re.findall(r"^\|(.*)\|$", markdown, re.M):
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]


def names_in(markdown: str) -> set[str]:
    """The names in backticks in the first cell of the tables' rows, options without metavars."""
    cells = (row[0] for row in table_rows(markdown))
    return {span.split(" ")[0] for cell in cells for span in re.findall(r"`([^`]+)`", cell)}


def code(page: str, language: str) -> list[str]:
    """The fenced blocks of a language, those in lists without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text(page), re.M | re.S)
    return [re.sub(rf"^{indent}", "", block, flags=re.M) for indent, block in found]


def run_code(source: str) -> str:
    """What a block of a page prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "<docs>", "exec"), {})
    return printed.getvalue()
