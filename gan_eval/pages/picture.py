"""A picture of a page, and whether pages have pictures: without what draws them.

What draws takes a third of a second to import; words and tables need none of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

_undrawn = ContextVar("_undrawn", default=False)


@contextmanager
def undrawn() -> Iterator[None]:
    """Build pages meanwhile that have their words and tables, and no pictures."""
    token = _undrawn.set(True)
    try:
        yield
    finally:
        _undrawn.reset(token)


def drawing() -> bool:
    """Say whether pages have pictures now."""
    return not _undrawn.get()


@dataclass(frozen=True)
class Picture:
    """One figure of the page.

    ``title`` and ``description`` are what a screen reader says of the drawing; ``caption`` stands
    under it and also says what could not be drawn. ``csv`` is what was drawn as a table, None where
    a page has none.
    """

    identity: str
    title: str
    description: str
    caption: str
    svg: Markup
    csv: str | None = None

    @property
    def link(self) -> str | None:
        """The CSV as an address that a browser saves without a request."""
        if self.csv is None:
            return None
        return "data:text/csv;charset=utf-8," + quote(self.csv, safe="/,:;()=+", errors="replace")
