"""Pages in another language: the same code, outputs and links, and no older than the English."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from .links import targets
from .pages import DOCS, PAGES, named

FOLDERS = ("tr",)
TRANSLATED = [page for page in PAGES if named(page).partition("/")[0] in FOLDERS]
_FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
_LIST = re.compile(r"\n<!-- Translated from: (\S+)\n(.*?)-->\n\Z", re.S)


def english(page: Path) -> Path:
    """The page that one was translated from: the same path, without its language."""
    return DOCS / page.relative_to(DOCS).relative_to(named(page).partition("/")[0])


def sections(markdown: str) -> list[tuple[str, str]]:
    """Each section's title and the digest of its prose, without code and line breaks."""
    parts = re.split(r"^##? (.*)\n", _FENCED.sub("", markdown), flags=re.M)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [(title, digest(f"{title}\n{body}")) for title, body in pairs]


def digest(prose: str) -> str:
    return hashlib.sha256(" ".join(prose.split()).encode()).hexdigest()[:12]


def stated(page: Path) -> list[tuple[str, str]]:
    """The sections that stand at a translation's end, with the digests they were made from."""
    found = _LIST.search(page.read_text("utf-8"))
    assert found, f"docs/{named(page)} has no list `<!-- Translated from: PAGE …` at its end"
    assert (page.parent / found[1]).resolve() == english(page)
    return [(title, mark) for mark, title in re.findall(r"^(\w{12}) (.*)$", found[2], re.M)]


def outdated(page: Path) -> list[str]:
    """What is to be done about a translation, a sentence for each English section that changed."""
    listed = dict(stated(page))
    return [
        f"docs/{named(page)}: translate what changed in “{title}” of docs/{named(english(page))}, "
        f"then write `{mark} {title}` in the list at its end"
        for title, mark in sections(english(page).read_text("utf-8"))
        if listed.get(title) != mark
    ]


@pytest.mark.parametrize("page", TRANSLATED, ids=named)
def test_code_and_outputs_are_those_of_the_english_page(page: Path) -> None:
    here, there = (_FENCED.findall(one.read_text("utf-8")) for one in (page, english(page)))
    assert here == there


@pytest.mark.parametrize("page", TRANSLATED, ids=named)
def test_no_english_section_changed_after_it_was_translated(page: Path) -> None:
    assert not outdated(page), "\n".join(outdated(page))


@pytest.mark.parametrize("page", TRANSLATED, ids=named)
def test_a_translation_has_the_same_sections(page: Path) -> None:
    here, there = (sections(one.read_text("utf-8")) for one in (page, english(page)))
    assert len(here) == len(there)
    assert [title for title, _ in stated(page)] == [title for title, _ in there]


@pytest.mark.parametrize("page", TRANSLATED, ids=named)
def test_a_translation_links_where_the_english_page_does(page: Path) -> None:
    """To the same pages and anchors, or to their translations; and each links to the other."""

    def pages(one: Path) -> list[str]:
        links = [link.partition("#") for link in targets(one.read_text("utf-8")) if ":" not in link]
        found = [((one.parent / path).resolve(), hash_ + anchor) for path, hash_, anchor in links]
        return sorted(
            named(english(path) if path in TRANSLATED else path) + anchor for path, anchor in found
        )

    assert pages(page) == pages(english(page))
    assert named(english(page)) in pages(page)


def test_a_changed_section_is_named() -> None:
    """Its prose counts, and not its code, which has a test of its own, nor its line breaks."""
    page = "# A\n\nOne two.\n\n## B\n\n```python\n1\n```\n\nThree.\n"
    first, second = sections(page)
    assert [first[0], second[0]] == ["A", "B"]
    assert sections(page.replace("1", "2").replace("One two", "One\ntwo")) == [first, second]
    assert sections(page.replace("Three", "Four"))[0] == first
    assert sections(page.replace("Three", "Four"))[1] != second
