"""Show a result where nobody prints it: in a few lines, and in a notebook as a table."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class Displayed(ABC):
    """A result whose ``repr`` is a few lines, and which a notebook shows with its first rows."""

    __slots__ = ()

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """Return the numbers of the result as a table."""

    def _repr_html_(self) -> str:
        table = self.to_frame().to_html(max_rows=10, max_cols=12, index=False)
        return f"<pre>{html.escape(repr(self))}</pre>{table}"


def few_lines(*lines: str, limit: int = 15) -> str:
    """Join lines; of more than the limit the first ones, and how many there are more."""
    if len(lines) > limit:
        lines = (*lines[: limit - 1], f"and {len(lines) - limit + 1:,} more")
    return "\n".join(lines)
