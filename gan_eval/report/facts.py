"""The numbers that words and tables are written from: computed once, or read back from a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

DRAWN = "drawn: "
"""What the name of a fact begins with that pictures are drawn from, because it rests on epochs."""


class Facts:
    """Numbers by name.

    A page is written from rows: then each fact is computed where it is first asked for. A page of
    very many rows is checked without them: then the facts are those that it holds.

    Parameters
    ----------
    found : mapping, optional
        Facts that are known, as JSON has them.
    complete : bool
        Whether nothing else may be asked for.
    """

    def __init__(self, found: Mapping[str, Any] | None = None, *, complete: bool = False) -> None:
        self.found: dict[str, Any] = dict(found or {})
        self.complete = complete

    def of(self, name: str, compute: Callable[[], T]) -> T:
        """The fact of this name; ``KeyError`` where it is not among complete ones."""
        if name not in self.found and not self.complete:
            self.found[name] = compute()
        return self.found[name]
