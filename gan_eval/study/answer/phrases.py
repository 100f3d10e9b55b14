"""Phrases about configurations: what they are worth, and lists of their names."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gan_eval.pages.numbers import interval, number
from gan_eval.study.answer.cells import Cell, worth_column


def median_worth(cell: Cell) -> float:
    """The worth of a configuration's typical training, in real rows; 0 where it is not known."""
    value = float(cell.summary[worth_column(cell)])
    return 0.0 if math.isnan(value) else value


def worth(cell: Cell, unit: bool = True) -> str:
    """Write a configuration's worth with its interval: ``41 real rows (36 to 47)``.

    Fewer than 6 seeds have no interval.
    """
    column = worth_column(cell)
    low, high = (float(cell.summary[f"{column}_{end}"]) for end in ("low", "high"))
    rows = size(median_worth(cell)) + (f" real rows{measured_by(cell)}" if unit else "")
    if not math.isfinite(low):
        return rows
    return f"{rows} ({interval(low, high, 2)})"


def measured_by(cell: Cell) -> str:
    """Say by which distance a worth is, where that is not KL."""
    return "" if worth_column(cell) == "worth_kl" else " by energy distance"


def size(value: float) -> str:
    """Write a worth in real rows.

    Examples
    --------
    >>> size(41.3), size(0.2)
    ('41', 'less than one')
    """
    if math.isinf(value):
        return "more than can be told"
    return "less than one" if value < 1 else number(value, 2)


def between(values: Sequence[float]) -> str:
    """Write the range of some worths.

    Examples
    --------
    >>> between([16.2, 12.0, 41.3]), between([16.2, 15.9])
    ('12 to 41', '16')
    """
    low, high = size(min(values)), size(max(values))
    return low if low == high else f"{low} to {high}"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Write a list in words.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def matters(title: str) -> str:
    """Say that an axis matters.

    Examples
    --------
    >>> matters("latent size"), matters("epochs")
    ('latent size matters', 'epochs matter')
    """
    several = title.endswith("s") or " and " in title
    return f"{title} {'matter' if several else 'matters'}"


def capital(text: str) -> str:
    """Write the first letter large, as at the start of a sentence."""
    return text[:1].upper() + text[1:]
