"""Two tables of any columns as rows of numbers and categories that can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.comparison.columns.encode import (
    Category,
    as_numbers,
    category,
    parts_of_time,
    seconds,
    stacked,
    unusable,
)
from gan_eval.comparison.columns.kinds import ASIDE, Found, Kind, find_kind, known_kind
from gan_eval.comparison.reading import LEAST_ROWS, Table
from gan_eval.runtime.arguments import nearest, one_of, plain
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.conversion import Array, Exact, Numbers, common_origin
from gan_eval.stats.mixed import Codes, MixedRows

MISSING = ("level", "drop")
"""Ways with missing values: as values of their own, or without the rows that have some."""

_NAMED = 3  # levels named in a sentence
_CATEGORIES = (Kind.CATEGORY, Kind.BOOLEAN)


@dataclass(frozen=True, eq=False)
class Prepared:
    """The rows of both tables, and of held-out rows, that can be compared.

    Attributes
    ----------
    real, generated : MixedRows
    holdout : MixedRows, optional
    kinds : mapping of str to Kind
        Of each column compared, by its name.
    set_aside : mapping of str to str
        Columns that are not compared, and why.
    notes : list of str
    origins : mapping of str to int or Fraction
        What was taken off columns of numbers (:func:`~gan_eval.stats.conversion.common_origin`);
        of times, the second since 1970 from which they count.
    groups : pair of ndarray of int, optional
        The group of each row of real and of generated.
    """

    real: MixedRows
    generated: MixedRows
    holdout: MixedRows | None
    kinds: Mapping[str, Kind]
    set_aside: Mapping[str, str]
    notes: list[str]
    origins: Mapping[str, Exact]
    groups: tuple[Codes, Codes] | None = None


@dataclass(eq=False)
class _Encoder:
    """Gathers the columns of tables, one after the other."""

    tables: Sequence[Table]
    given: Mapping[str, Kind]
    numbers: dict[str, list[pd.Series]] = field(default_factory=dict)
    categories: list[Category] = field(default_factory=list)
    kinds: dict[str, Kind] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    origins: dict[str, Exact] = field(default_factory=dict)

    def add(self, name: str) -> None:
        """Take one column of all tables, or set it aside."""
        columns = [table.frame[name] for table in self.tables]
        found = self._found(name, columns)
        if found.aside is not None:
            self.aside[name] = found.aside
            return
        if found.note:
            self.notes.append(found.note)
        kind, made = found.kind, []
        if kind in _CATEGORIES:
            made = [category(name, columns, kind)]
        elif kind in (Kind.TIME, Kind.DURATION):
            self.numbers[name], start = seconds(name, columns, kind)
            if start:
                self.origins[name] = start
            made = parts_of_time(name, columns) if kind == Kind.TIME else []
            self.kinds |= {one.name: Kind.CATEGORY for one in made}
        else:
            self.numbers[name] = [as_numbers(name, values) for values in columns]
        self.kinds[name] = kind
        self.categories += made

    def _found(self, name: str, columns: Sequence[pd.Series]) -> Found:
        first = pd.concat([columns[0], *columns[2:]]) if len(columns) > 2 else columns[0]
        kind = self.given.get(name)
        if kind is None:
            found = find_kind(name, first, columns[1])
            if found.aside and found.kind in ASIDE:
                return replace(found, aside=f"{found.aside}; `kinds` can say otherwise")
            return found
        if kind in ASIDE:
            return Found(kind, f"`kinds` says that it is {_article(kind)}")
        if all(values.isna().all() for values in columns):
            return Found(kind, "it is missing in every row of both")
        return Found(kind)

    def rows(self) -> list[MixedRows]:
        """Return the rows of each table."""
        numbers = self._numbers()
        categories = [one for one in self.categories if self._compared(one)]
        names = tuple(self.numbers), tuple(one.name for one in categories)
        levels = tuple(one.levels for one in categories)
        return [
            MixedRows(
                numbers[i],
                np.column_stack([one.codes[i] for one in categories])
                if categories
                else np.zeros((len(numbers[i]), 0), np.intp),
                *names,
                levels,
            )
            for i in range(len(self.tables))
        ]

    def _numbers(self) -> list[Array]:
        """Round the numbers of each table to float64, once what is common is off."""
        lengths = [len(table.frame) for table in self.tables]
        if not self.numbers:
            return [np.zeros((count, 0)) for count in lengths]
        frames = [
            pd.DataFrame({name: columns[i] for name, columns in self.numbers.items()})
            for i in range(len(self.tables))
        ]
        tables = [Numbers.of_frame(frame) for frame in frames]
        for j, name in enumerate(list(self.numbers)):
            reason = unusable([one.values[:, j] for one in tables])
            if reason:
                self.aside[name] = reason
                del self.numbers[name], self.kinds[name]
        if len(self.numbers) < tables[0].values.shape[1]:
            return self._numbers()
        both = " and ".join(repr(table.source) for table in self.tables)
        first, second = stacked([tables[0], *tables[2:]]), tables[1]
        one, other, taken_off = common_origin(first, second, both, list(self.numbers))
        self.origins |= {list(self.numbers)[j]: origin for j, origin in taken_off.items()}
        return [one[: lengths[0]], other, *([one[lengths[0] :]] if len(lengths) > 2 else [])]

    def _compared(self, one: Category) -> bool:
        """Set a category aside whose rows all agree; say which levels only one table has."""
        if not one.varies:
            level = int(one.codes[0][0])
            self.aside[one.name] = f"it is constant at {one.levels[level]!r} in both"
            del self.kinds[one.name]
            return False
        if self.kinds.get(one.name) == Kind.CATEGORY and ": " not in one.name:
            present = [set(codes.tolist()) for codes in one.codes[:2]]
            for i in (0, 1):
                alone = sorted(present[i] - present[1 - i] - {-1})
                if alone:
                    self.notes.append(_alone(one, alone, self.tables[i].source))
        return True


def prepare(
    real: Table,
    generated: Table,
    holdout: Table | None = None,
    *,
    kinds: Mapping[str, str] | None = None,
    missing: str = "level",
    groups: tuple[Codes, Codes] | None = None,
    strict: bool = False,
) -> Prepared:
    """Make rows that can be compared of tables that have the same columns.

    Parameters
    ----------
    real, generated, holdout : Table
    kinds : mapping of str to str, optional
        Kinds of columns that are not to be found out (:class:`Kind`).
    missing : {"level", "drop"}
        Whether a missing value is a value of its own, or leaves its row out.
    groups : pair of ndarray of int, optional
        The group of each row of real and of generated.
    strict : bool
        Whether a column that cannot be compared is refused, rather than set aside.

    Raises
    ------
    UsageError
        Where no column or too few rows are left, an argument cannot be used, or, with ``strict``,
        where a column cannot be compared.
    """
    one_of(missing, "`missing`", MISSING)
    tables = [real, generated, *([] if holdout is None else [holdout])]
    names = list(tables[0].frame.columns)
    given = {name: known_kind(kind) for name, kind in (kinds or {}).items()}
    for name in given:
        if name not in names:
            raise UsageError(f"`kinds` names no column compared: {nearest(str(name), names)}")
    _require_rows(tables, [len(table.frame) for table in tables])
    encoder = _Encoder(tables, given)
    for name in names:
        encoder.add(name)
    rows = encoder.rows()
    if strict and encoder.aside:
        name, reason = next(iter(encoder.aside.items()))
        raise UsageError(f"column {plain(name)!r} cannot be compared: {reason}")
    if not encoder.kinds:
        name, reason = next(iter(encoder.aside.items()))
        raise UsageError(f"no column can be compared: {name!r} is set aside, since {reason}")
    notes = encoder.notes
    holes = [_holes(table) for table in rows]
    if any(some.any() for some in holes):
        if missing == "drop":
            kept = [~some for some in holes]
            notes += [
                f"{some.sum()} of {len(some)} rows of {plain(table.source)} have missing values "
                "and were left out."
                for some, table in zip(holes, tables, strict=True)
                if some.any()
            ]
            rows = [one.take(some) for one, some in zip(rows, kept, strict=True)]
            groups = groups and (groups[0][kept[0]], groups[1][kept[1]])
        else:
            notes.append(
                "A missing value was compared as a value of its own; `missing='drop'` leaves its "
                "row out."
            )
    _require_rows(tables, [len(one) for one in rows])
    return Prepared(
        rows[0],
        rows[1],
        rows[2] if len(rows) > 2 else None,
        encoder.kinds,
        encoder.aside,
        notes,
        encoder.origins,
        groups,
    )


def _require_rows(tables: Sequence[Table], counts: Sequence[int]) -> None:
    for table, count in zip(tables, counts, strict=True):
        if count < LEAST_ROWS:
            raise UsageError(f"{table.source!r} must have at least {LEAST_ROWS} rows, got {count}")


def _holes(rows: MixedRows) -> NDArray[np.bool_]:
    holes = np.hstack([np.isnan(rows.numbers), rows.categories < 0])
    return np.asarray(holes.any(axis=1))


def _article(kind: Kind) -> str:
    return "free text" if kind == Kind.TEXT else "an identifier"


def _alone(one: Category, places: Sequence[int], source: str) -> str:
    names = ", ".join(plain(one.levels[place], 30) for place in places[:_NAMED])
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return f"Only {plain(source)} has {names}{more} in column {plain(one.name)}."
