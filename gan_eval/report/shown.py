"""The texts that a page shows outside its figures, in order, each with where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

_TEXTS = frozenset(
    ("title", "h1", "h2", "h3", "p", "li", "summary", "caption", "th", "td", "dt", "dd", "pre")
)
"""Elements whose text is one statement; none of them stands in another."""

_PASSED_OVER = frozenset(("figure", "script", "style"))
_LONGEST = 60


@dataclass(frozen=True)
class Shown:
    """A text of a page and its place: ``where`` names the section, and the table, row and column or
    what stands before."""

    where: str
    text: str


def shown(html: str) -> list[Shown]:
    """List the texts that a page shows."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Shown] = []
        self.passing = 0
        self.text: list[str] | None = None
        self.section = self.caption = self.row = self.term = ""
        self.head: list[str] = []
        self.column = 0
        self.in_head = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _PASSED_OVER:
            self.passing += 1
        elif self.passing:
            return
        elif tag == "thead":
            self.in_head, self.head = True, []
        elif tag == "tr":
            self.column, self.row = 0, ""
        elif tag in _TEXTS:
            self.text = []

    def handle_data(self, data: str) -> None:
        if self.text is not None and not self.passing:
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in _PASSED_OVER:
            self.passing -= 1
        elif self.passing:
            return
        elif tag == "thead":
            self.in_head = False
        elif tag in _TEXTS and self.text is not None:
            # Not by `split()`: a number holds thin spaces, which tell it apart.
            text = " ".join("".join(self.text).split("\n")).strip(" ")
            self.text = None
            self._keep(tag, text)

    def _keep(self, tag: str, text: str) -> None:
        if tag in ("h1", "h2"):
            self.section = text.removesuffix(" #")
        elif tag == "caption":
            self.caption = text
        elif tag == "dt":
            self.term = text
        elif tag in ("th", "td"):
            if self.in_head:
                self.head.append(text)
            elif self.column == 0:
                self.row = text
        self.found.append(Shown(self._where(tag, text), text))
        self.column += tag in ("th", "td")

    def _where(self, tag: str, text: str) -> str:
        if tag == "title":
            return "the title"
        if tag in ("h1", "h2"):
            return "a heading"
        if tag in ("th", "td"):
            table = f"{self.section}, table “{_short(self.caption)}”"
            if self.in_head or self.column >= len(self.head):
                return f"{table}, head"
            return f"{table}, row “{_short(self.row)}”, column “{self.head[self.column]}”"
        if tag == "dd":
            return f"{self.section}, “{self.term}”"
        return f"{self.section}, “{_short(text)}”"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
