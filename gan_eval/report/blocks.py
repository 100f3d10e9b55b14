"""What a page is built of; template.html.j2 has one macro for each kind of block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from gan_eval.report.canvas import Picture, drawing
from gan_eval.report.evolution import Evolution
from gan_eval.report.tables import Table


@dataclass(frozen=True)
class Paragraph:
    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side where there is room."""

    kind: ClassVar[str] = "gallery"
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Grid:
    """A table, folded away behind its caption where it is long."""

    kind: ClassVar[str] = "grid"
    table: Table
    folded: bool = False


@dataclass(frozen=True)
class Facts:
    """Terms and what they are."""

    kind: ClassVar[str] = "facts"
    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Code:
    """Text to copy."""

    kind: ClassVar[str] = "code"
    label: str
    text: str
    folded: bool = False


@dataclass(frozen=True)
class Moving:
    """A picture that a slider moves over epochs."""

    kind: ClassVar[str] = "moving"
    evolution: Evolution


def gallery(*makers: Callable[[], Picture | None]) -> list[Block]:
    """The pictures that there are, side by side; nothing where a page has no pictures."""
    made = [make() for make in makers] if drawing() else []
    pictures = [picture for picture in made if picture is not None]
    return [Gallery(pictures)] if pictures else []


Block = Paragraph | Heading | Gallery | Grid | Facts | Code | Moving


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading and an anchor."""

    identity: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Card:
    """One number that matters, with what it is and how sure it is."""

    label: str
    value: str
    note: str
