"""The numbers of a page that rest on all epochs, which a page does not hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class FactCache:
    """A store of numbers that rest on all epochs, by name.

    They are computed where they are first asked for, embedded in the page, and read back by
    ``verify``.
    """

    def __init__(self, found: Mapping[str, Any] | None = None) -> None:
        self.found: dict[str, Any] = dict(found or {})

    def of(self, name: str, compute: Callable[[], T]) -> T:
        """Look up the numbers of this name, or compute and keep them."""
        if name not in self.found:
            self.found[name] = compute()
        return self.found[name]
