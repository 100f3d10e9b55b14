"""A column of any kind as a number or a category of each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.comparison.columns.kinds import Kind, as_times, floats, truth_values
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.conversion import Array, Numbers, worded
from gan_eval.stats.mixed import MISSING, Codes
from gan_eval.stats.samples import LARGEST_VALUE

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = tuple(f"{hour:02d} h" for hour in range(24))


@dataclass(frozen=True, eq=False)
class Category:
    """A category of several tables: its name, its levels, and the codes of each table."""

    name: str
    levels: tuple[str, ...]
    codes: tuple[Codes, ...]

    @property
    def varies(self) -> bool:
        """True where not all rows of all tables have the same level."""
        return len(np.unique(np.concatenate(self.codes))) > 1


def category(name: str, columns: Sequence[pd.Series], kind: Kind) -> Category:
    """Take columns of several tables as a category, whose levels stand in alphabetical order."""
    if kind == Kind.BOOLEAN:
        columns = [truth_values(values) for values in columns]
    parts = [pd.factorize(values) for values in columns]
    words = [[level_word(value) for value in uniques] for _, uniques in parts]
    levels = tuple(sorted({word for some in words for word in some}))
    places = {level: place for place, level in enumerate(levels)}
    codes = [
        np.array([*(places[word] for word in some), MISSING], np.intp)[found]
        for (found, _), some in zip(parts, words, strict=True)
    ]
    return Category(name, levels, tuple(codes))


def level_word(value: Any) -> str:
    """Write a level; a whole number alike as an integer and as a float."""
    if isinstance(value, float | np.floating) and value.is_integer():
        return str(int(value))
    return str(value)


def parts_of_time(name: str, columns: Sequence[pd.Series]) -> list[Category]:
    """Return the day of the week and the hour of times, each where it varies."""
    times = [as_times(values) for values in columns]
    parts = (
        ("day of week", DAYS, [values.dt.day_of_week for values in times]),
        ("hour", HOURS, [values.dt.hour for values in times]),
    )
    made = [
        Category(
            f"{name}: {part}",
            levels,
            tuple(some.fillna(MISSING).to_numpy(np.intp) for some in values),
        )
        for part, levels, values in parts
    ]
    return [one for one in made if one.varies]


def seconds(name: str, columns: Sequence[pd.Series], kind: Kind) -> tuple[list[pd.Series], int]:
    """Return times, or lengths of time, in seconds, and the second from which times count.

    It is the earliest of all tables, in seconds since 1970; 0 for lengths.
    """
    lengths = kind == Kind.DURATION
    times = [
        pd.to_timedelta(values, errors="coerce") if lengths else as_times(values)
        for values in columns
    ]
    for values, read in zip(columns, times, strict=True):
        if (wrong := values[values.notna() & read.isna()]).size:
            said = "length of time" if lengths else "time"
            raise UsageError(f"column {plain(name)!r} holds {plain(wrong.iloc[0])!r}, no {said}")
    if lengths:
        return [values.dt.total_seconds() for values in times], 0
    earliest: Any = min(values.min() for values in times if values.notna().any())
    start = earliest.floor("s")
    return [(values - start).dt.total_seconds() for values in times], int(start.timestamp())


def stacked(tables: Sequence[Numbers]) -> Numbers:
    """Put tables of numbers below each other."""
    if len(tables) == 1:
        return tables[0]
    exact: dict[int, NDArray[Any]] = {
        j: np.concatenate([one.exact.get(j, one.values[:, j]).astype(object) for one in tables])
        for j in sorted(set().union(*(one.exact for one in tables)))
    }
    return Numbers(np.concatenate([one.values for one in tables]), exact)


def as_numbers(name: str, values: pd.Series) -> pd.Series:
    """Read words that were said to be numbers; ``UsageError`` where one is none.

    Truth values are 0 and 1.
    """
    if not isinstance(values.dtype, pd.CategoricalDtype) and not worded(values.to_frame()):
        missing = values.dtype.kind == "O" and values.isna().any()
        return pd.Series(floats(values), values.index) if missing else values
    read = pd.to_numeric(values.astype(object), errors="coerce").astype(np.float64)
    wrong = values[read.isna() & values.notna()]
    if wrong.size:
        raise UsageError(f"column {plain(name)!r} holds {plain(wrong.iloc[0])!r}, no number")
    return read


def unusable(tables: Sequence[Array]) -> str | None:
    """Say what keeps a column of numbers, given as one array a table, from being compared."""
    largest = max((np.abs(some[~np.isnan(some)]).max(initial=0.0) for some in tables), default=0.0)
    if np.isinf(largest):
        return "it holds infinite values, which `na='inf'` takes as missing"
    if largest > LARGEST_VALUE:
        return f"it holds values above {LARGEST_VALUE:g} in size"
    return None
