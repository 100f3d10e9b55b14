"""The blocks that a page is built of; template.html.j2 has one macro for each kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from gan_eval.pages.picture import Picture, drawing


@dataclass(frozen=True)
class Table:
    """A caption, column heads, and rows whose first entry heads the row.

    ``words`` says how many of the leading columns hold words, which are set to the left.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


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
    """A gallery: pictures side by side where there is room."""

    kind: ClassVar[str] = "gallery"
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class TableBlock:
    """A table, folded away behind its caption where it is long."""

    kind: ClassVar[str] = "table"
    table: Table
    folded: bool = False


@dataclass(frozen=True)
class DefinitionList:
    """A list of terms and their meanings."""

    kind: ClassVar[str] = "definition_list"
    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Code:
    """A text to copy."""

    kind: ClassVar[str] = "code"
    label: str
    text: str
    folded: bool = False


@dataclass(frozen=True)
class SliderFigure:
    """A picture of the last epoch that a slider moves over epochs.

    ``trace`` is JSON that is safe within a script element; ``last`` is the largest position of the
    slider; ``table`` has the target and each drawn replicate at the last epoch.
    """

    kind: ClassVar[str] = "slider_figure"
    picture: Picture
    trace: Markup
    last: int
    table: Table


def gallery(*makers: Callable[[], Picture | None]) -> list[Block]:
    """Put the pictures that there are side by side; nothing where a page has no pictures."""
    made = [make() for make in makers] if drawing() else []
    pictures = [picture for picture in made if picture is not None]
    return [Gallery(pictures)] if pictures else []


Block = Paragraph | Heading | Gallery | TableBlock | DefinitionList | Code | SliderFigure


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading and an anchor, folded away where it is for whoever asks."""

    identity: str
    title: str
    blocks: Sequence[Block]
    folded: bool = False


@dataclass(frozen=True)
class Card:
    """One number that matters, with what it is and how sure it is."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Step:
    """A thing to do next: a sentence, and the command that does it, if one does."""

    text: str
    command: str = ""


@dataclass(frozen=True)
class Moving:
    """A first screen that its reader moves: HTML, which has an ``h2`` of the id ``answer``, with a
    style and a script of its own."""

    html: Markup
    style: str
    script: str


@dataclass(frozen=True)
class Answer:
    """The first screen of a page.

    Attributes
    ----------
    headline : str
        One sentence that answers the page's question, with its interval.
    sentences : sequence of (label or None, str)
        Why, and how sure; a label is set in bold before its sentence.
    picture : Picture or None
        Stands beside the headline.
    cards : sequence of Card
        Three to five.
    next_steps : sequence of Step
    moving : Moving or None
        Stands in the place of all of it.
    """

    headline: str
    sentences: Sequence[tuple[str | None, str]] = ()
    picture: Picture | None = None
    cards: Sequence[Card] = ()
    next_steps: Sequence[Step] = ()
    moving: Moving | None = None
