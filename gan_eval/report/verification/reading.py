"""What a page that is verified shows: its texts in order, each with where it stands, and its
figures, the same as others, or at least nothing but drawings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

from gan_eval.report.embedded import FIGURE
from gan_eval.runtime.arguments import shown

PLACE = 0.02
"""The distance by which a place in a drawing may be off, in its units (72 an inch): other
processors round otherwise, and two decimals are written."""

_BLOCK = re.compile(
    r'<div class="gallery">\n(?:<figure id="[^"]*">.*?</figure>\n+)+</div>\n\n'
    r'|<figure id="[^"]*" class="evolution">.*?</figure>\n\n'
    r'|(?<=</div>\n)<figure id="[^"]*">.*?</figure>\n\n(?=</div>)',
    re.S,
)
_PLACES = re.compile(r'( (?:d|x|y|width|height|transform)=")([^"]*)')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_NAME = re.compile(r"-[mp][0-9a-f]{10}\b")
"""The names that matplotlib gives a mark or a path, by a checksum of its places."""

_TAGS = {
    *("figure", "figcaption", "a", "svg", "title", "desc", "g", "defs", "use", "path"),
    *("clippath", "rect", "text", "tspan", "div", "label", "input", "output", "table"),
    *("caption", "span", "thead", "tbody", "tr", "th", "td", "bdi", "script"),
}
_ATTRIBUTES = {
    *("id", "class", "viewbox", "role", "aria-labelledby", "aria-label", "d", "x", "y"),
    *("width", "height", "transform", "style", "clip-path", "href", "download", "for"),
    *("type", "min", "max", "step", "value", "hidden", "scope", "tabindex", "data-label"),
}
_CLASSES = frozenset(
    ("", "evolution", "slider", "scroll", "csv", "law", "dense", "narrow", "word", "long")
)
_STYLE = re.compile(
    r"(?: *(?:fill|stroke|opacity|font|text-anchor)[a-z-]*: *[\w #%.,'()-]*(?:;|$))*"
)


def outside(html: str) -> str:
    """Replace each figure of a page by its name."""
    return FIGURE.sub(lambda match: f"<figure {match[1]}>", html)


def without(html: str) -> str:
    """Take the pictures out of a page."""
    return _BLOCK.sub("", html)


def is_same(one: str, other: str) -> bool:
    """Tell whether two figures show the same: all words, and all places up to ``PLACE``."""
    if one == other:
        return True
    words, places = zip(*map(_apart, (one, other)), strict=True)
    return (
        words[0] == words[1]
        and len(places[0]) == len(places[1])
        and all(abs(a - b) <= PLACE for a, b in zip(*places, strict=True))
    )


def _apart(figure: str) -> tuple[str, list[float]]:
    """A figure without its places, and these; names made of places become their rank."""
    names: dict[str, str] = {}
    figure = _NAME.sub(lambda m: names.setdefault(m[0], f"-{len(names)}"), figure)
    places: list[float] = []

    def taken(match: re.Match[str]) -> str:
        places.extend(map(float, _NUMBER.findall(match[2])))
        return match[1] + _NUMBER.sub("0", match[2])

    return _PLACES.sub(taken, figure), places


def faults(identity: str, figure: str) -> Iterator[str]:
    """Name everything in a figure beyond a drawing with its caption and data: whatever could run,
    load, lead elsewhere or cover the page."""
    reader = _FigureReader(identity)
    reader.feed(figure)
    reader.close()
    yield from reader.found


class _FigureReader(HTMLParser):
    def __init__(self, identity: str) -> None:
        super().__init__()
        self.identity = identity
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            self.found.append(f"it has an element {shown(tag)}")
        for name, value in attrs:
            if not self._is_ours(tag, name, value or ""):
                self.found.append(f"{shown(tag)} has {shown(f'{name}={value}')}")
        if tag == "script" and dict(attrs).get("type") != "application/json":
            self.found.append("it has a script")

    def _is_ours(self, tag: str, name: str, value: str) -> bool:
        if name == "style":
            return _STYLE.fullmatch(value) is not None and "url" not in value
        if name == "href":
            return value.startswith("data:text/csv;" if tag == "a" else "#")
        if name == "clip-path":
            return re.fullmatch(r"url\(#[\w-]*\)", value) is not None
        if name == "id":
            return value.startswith(self.identity)
        return name in _ATTRIBUTES and (name != "class" or value in _CLASSES)

    def handle_comment(self, data: str) -> None:
        self.found.append(f"it has a comment {shown(data)}")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"it has a declaration {shown(decl)}")

    def unknown_decl(self, data: str) -> None:
        self.handle_decl(data)

    handle_pi = unknown_decl


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


def texts(html: str) -> list[Shown]:
    """List the texts that a page shows."""
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    return reader.found


class _TextReader(HTMLParser):
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
            self.section = _short(text.removesuffix(" #"))
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
