"""Rows as points in coordinates that the real rows fix once, whatever is generated later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.comparison.columns.encode import as_numbers, level_word, seconds
from gan_eval.comparison.columns.kinds import Kind, find_kind, truth_values
from gan_eval.comparison.reading import Table, read_beside
from gan_eval.comparison.reading.table import some
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.conversion import array_of_torch
from gan_eval.stats.mixed import MOST_LEVELS, can_be_whitened, category_weight
from gan_eval.stats.samples import LARGEST_VALUE, Array
from gan_eval.stats.scaling import ColumnScales, Whitening, constant_columns

_TIMES = (Kind.TIME, Kind.DURATION)
_CATEGORIES = (Kind.CATEGORY, Kind.BOOLEAN)
_MISSING = "\0"
"""The word for a missing level, which no file holds."""


class BadRowsError(Exception):
    """Rows that a generator gave and that are no rows: a result, not an error of use."""


@dataclass(frozen=True, eq=False)
class _Category:
    """A category: the places of its levels, the rest as one, and what a disagreement weighs."""

    places: dict[str, int]
    root: float

    @classmethod
    def of(cls, words: NDArray[Any]) -> _Category:
        levels, counts = np.unique(words, return_counts=True)
        order = np.argsort(-counts, kind="stable")[: MOST_LEVELS - 1]
        shares = counts[order]
        if len(order) < len(levels):
            shares = np.append(shares, counts.sum() - shares.sum())
        kept = {str(levels[j]): place for place, j in enumerate(order)}
        return cls(kept, float(np.sqrt(category_weight(shares) / 2)))

    def points(self, words: NDArray[Any]) -> Array:
        """Make a column of each level, and one of all others; shape (n, levels + 1)."""
        last = len(self.places)
        found = pd.factorize(words)
        places = np.array([self.places.get(str(word), last) for word in found[1]], np.intp)
        return (places[found[0]][:, None] == np.arange(last + 1)) * self.root


@dataclass(eq=False)
class Places:
    """The coordinates of rows: numbers whitened by the real ones, categories weighed by them.

    As :func:`~gan_eval.stats.mixed.embed` with ``by="first"``, but fixed beforehand: a level that
    no real row has is one of "all others", and a column that is constant in the real rows is set
    aside.

    Attributes
    ----------
    columns : tuple of str
        All of the real table, in order; rows without names have them by position.
    kinds : dict of str to Kind
        Of those compared.
    set_aside : dict of str to str
    notes : list of str
    """

    columns: tuple[str, ...]
    named: bool
    kinds: dict[str, Kind]
    set_aside: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _starts: dict[str, int] = field(default_factory=dict)
    _medians: dict[str, float] = field(default_factory=dict)
    _categories: dict[str, _Category] = field(default_factory=dict)
    _white: Whitening | None = None
    _scales: tuple[ColumnScales, Array] | None = None

    @classmethod
    def of(cls, table: Table) -> Places:
        """Fix coordinates by a table of real rows; ``UsageError`` where no column can be compared.

        Examples
        --------
        >>> rows = np.random.default_rng(0).normal([1.0, 5.0], [1.0, 3.0], size=(100, 2))
        >>> places = Places.of(read_beside(rows, "real", None))
        >>> places.points(rows).std(axis=0).round(6).tolist()
        [1.0, 1.0]
        """
        frame = table.frame
        made = cls(tuple(map(str, frame.columns)), table.named, {})
        for name in made.columns:
            made._add(name, frame[name])
        made._fix(made._numbers(frame))
        if not made.kinds:
            name, reason = next(iter(made.set_aside.items()))
            raise UsageError(f"no column can be compared: {plain(name)!r} is set aside, {reason}")
        made.notes += [
            f"Column {plain(name)} is set aside: {reason}."
            for name, reason in made.set_aside.items()
        ]
        return made

    def _add(self, name: str, values: pd.Series) -> None:
        found = find_kind(name, values, values)
        if found.aside is not None:
            self.set_aside[name] = found.aside
            return
        if found.kind in _CATEGORIES:
            words = _words(values, found.kind)
            if len(np.unique(words)) < 2:
                self.set_aside[name] = "it is constant in the real rows"
                return
            self._categories[name] = _Category.of(words)
        else:
            if found.kind in _TIMES:
                self._starts[name] = seconds(name, [values], found.kind)[1]
            self._medians[name] = 0.0
        self.kinds[name] = found.kind

    def _fix(self, numbers: Array) -> None:
        names = list(self._medians)
        for j, name in enumerate(names):
            column = numbers[:, j]
            missing = np.isnan(column)
            if np.abs(column[~missing]).max(initial=0.0) > LARGEST_VALUE:
                self.set_aside[name] = "it holds values too large to be squared, or infinite ones"
            elif missing.all() or constant_columns(column[~missing][:, None])[0]:
                self.set_aside[name] = "it is constant in the real rows"
            else:
                self._medians[name] = float(np.median(column[~missing]))
                if missing.any():
                    self._categories[f"{name}: missing"] = _Category.of(missing.astype(str))
                continue
            del self._medians[name], self.kinds[name]
        kept = [j for j, name in enumerate(names) if name in self._medians]
        if not kept:
            return
        numbers = self._filled(numbers[:, kept])
        if can_be_whitened(numbers):
            self._white = Whitening.pooled(numbers)
            return
        scales = ColumnScales.robust(numbers)
        self._scales = scales, scales(numbers).std(axis=0)
        self.notes.append(
            "Columns of numbers are in standard deviations of the real rows, and not whitened: "
            "there are fewer than 4 of these per column, or some combination of columns is "
            "constant in them."
        )

    @property
    def plain_columns(self) -> tuple[str, ...]:
        """All columns, where all are numbers and compared; else none."""
        numbers = {name for name in self._medians if self.kinds[name] not in _TIMES}
        return self.columns if numbers == set(self.columns) else ()

    def rows(self, samples: Any, name: str = "samples") -> Array:
        """Return the rows as they are, shape (m, d); of ``plain_columns`` only."""
        rows = self._plain(samples, name)
        return self._numbers(self._frame(samples, name)) if rows is None else rows

    def points(self, samples: Any, name: str = "samples") -> Array:
        """Make points (m, D) of rows.

        Raises
        ------
        UsageError
            For what is no table of these columns.
        BadRowsError
            For rows with what the real ones have not: NaN, infinities, words for numbers.
        """
        rows = self._plain(samples, name)
        if rows is not None:
            numbers, missing = rows[:, self._compared()], []
        else:
            frame = self._frame(samples, name)
            try:
                numbers = self._numbers(frame)
            except UsageError as error:
                raise BadRowsError(str(error)) from error
            missing = [frame[one] for one in self._categories if one in frame]
        parts = [self._placed(numbers)]
        words = {str(values.name): values for values in missing}
        for one, category in self._categories.items():
            if one in words:
                parts.append(category.points(_words(words[one], self.kinds[one])))
            else:
                column = numbers[:, list(self._medians).index(one.removesuffix(": missing"))]
                parts.append(category.points(np.isnan(column).astype(str)))
        return np.hstack(parts)

    def _plain(self, samples: Any, name: str) -> Array | None:
        """Take an array of numbers without the detour of a frame; None for anything else."""
        if any(kind in (*_CATEGORIES, *_TIMES) for kind in self.kinds.values()):
            return None
        if type(samples).__module__.partition(".")[0] == "torch":
            samples = array_of_torch(samples, f"`{name}`")
        if not isinstance(samples, np.ndarray) or samples.dtype.kind not in "fiu":
            return None
        if isinstance(samples, np.ma.MaskedArray):  # what is masked is missing, as in a frame
            return None
        rows = samples[:, None] if samples.ndim == 1 else samples
        if rows.ndim != 2:
            raise UsageError(f"`{name}` must have rows and columns, got shape {samples.shape}")
        self._require(rows.shape[1], name)
        return rows.astype(np.float64, copy=False)

    def _require(self, width: int, name: str) -> None:
        if width != len(self.columns):
            raise UsageError(
                f"`{name}` must have the {len(self.columns)} columns of the real rows, got {width}"
            )

    def _frame(self, samples: Any, name: str) -> pd.DataFrame:
        table = read_beside(samples, name, None)
        if not (table.named and self.named):
            self._require(table.frame.shape[1], name)
            return table.frame.set_axis(list(self.columns), axis=1)
        if lacking := [one for one in self.kinds if one not in table.frame.columns]:
            raise UsageError(f"`{name}` lacks the {some('column', lacking)} of the real rows")
        return table.frame

    def _compared(self) -> Sequence[int]:
        return [self.columns.index(name) for name in self._medians]

    def _numbers(self, frame: pd.DataFrame) -> Array:
        """Take the columns of numbers and times, shape (n, k), NaN where one is missing."""
        made = []
        for name in self._medians:
            values = frame[name]
            if values.dtype.kind == "c":
                raise BadRowsError(f"column {name} holds complex numbers")
            if self.kinds[name] in _TIMES:
                (read,), start = seconds(name, [values], self.kinds[name])
                values = read + (start - self._starts[name])
            made.append(as_numbers(name, values).to_numpy(np.float64, na_value=np.nan))
        return np.column_stack(made) if made else np.zeros((len(frame), 0))

    def _placed(self, numbers: Array) -> Array:
        if not numbers.shape[1]:
            return numbers
        for j, name in enumerate(self._medians):
            column = numbers[:, j]
            lost = np.isnan(column)
            if lost.any() and f"{name}: missing" not in self._categories:
                raise BadRowsError(f"{lost.sum()} of {len(column)} rows have NaN in column {name}")
            if (np.abs(column[~lost]) > LARGEST_VALUE).any():
                raise BadRowsError(f"column {name} holds infinite values, or too large ones")
        filled = self._filled(numbers)
        if self._white is not None:
            return self._white(filled)
        assert self._scales is not None
        return self._scales[0](filled) / self._scales[1]

    def _filled(self, numbers: Array) -> Array:
        medians = np.array(list(self._medians.values()))
        return np.where(np.isnan(numbers), medians, numbers)


def _words(values: pd.Series, kind: Kind) -> NDArray[Any]:
    """Write the levels of a column; a missing one is a level too."""
    if kind == Kind.BOOLEAN:
        values = truth_values(values)
    found, levels = pd.factorize(values)
    return np.array([*map(level_word, levels), _MISSING], object)[found]
