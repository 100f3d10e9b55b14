"""Parquet files and folders of them, as their footers describe them: columns, kinds, rows, units.

No row is read here. What differs between the files of a folder, or between the two sides, is found
before any work is done, and named by its file and column.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gan_eval.comparison.columns.kinds import Kind, known_kind
from gan_eval.comparison.reading import LEAST_ROWS, Table, common_columns
from gan_eval.comparison.reading.columnar import UNNAMED_INDEX, parquet_files, usable
from gan_eval.comparison.reading.source import opened
from gan_eval.comparison.reading.table import some
from gan_eval.comparison.streaming.units import Unit
from gan_eval.runtime.arguments import nearest, plain, shown
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

UNIT_ROWS = 2**20
"""Rows of a unit of work, if row groups are not larger."""

MOST_UNITS = 2048
"""Units of one side; of more rows each unit has more."""

_KINDS = {Kind.NUMBER: "number", Kind.CATEGORY: "category"}


@dataclass(frozen=True)
class File:
    """One Parquet file: its path, its stamp, the rows of its row groups, its columns.

    ``stamp`` is its size and the time of its last change, by which a change is noticed; ``columns``
    has the type of each column by name.
    """

    path: str
    stamp: tuple[int, int]
    groups: tuple[int, ...]
    columns: Mapping[str, pa.DataType]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return sum(self.groups)


@dataclass(frozen=True)
class Scanned:
    """One side: its name, as it was given, and its files in the order of their names."""

    source: str
    files: tuple[File, ...]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return sum(file.rows for file in self.files)

    def units(self, side: str) -> list[Unit]:
        """Part the rows into units of work, each of a file, in the order of their positions."""
        most = max(UNIT_ROWS, -(-self.rows // MOST_UNITS))
        return list(_units(side, self.files, most))


@dataclass(frozen=True)
class Plan:
    """A choice of the columns that are compared, and why others are not.

    ``numbers`` and ``categories`` are columns in the order of the real side.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    set_aside: Mapping[str, str]


def is_parquet(path: object) -> bool:
    """Say whether a path is one of Parquet files, by its ending or since it is a folder."""
    if not isinstance(path, str | os.PathLike):
        return False
    place = Path(path)
    try:
        return place.suffix.lower() == ".parquet" or place.is_dir()
    except OSError:  # a name that is too long
        return False


def scan(path: str | Path, argument: str = "`path`") -> Scanned:
    """Look through the footers of a Parquet file, or of all files of a folder that end in .parquet.

    Raises ``UsageError`` where there is none, one is no usable Parquet file, or one of a folder
    lacks a column that another has.
    """
    if not isinstance(path, str | os.PathLike):
        raise UsageError(
            f"{argument} must be a Parquet file, or a folder of them, to be streamed, got "
            f"{shown(path)}: read it into memory with `stream=False`"
        )
    source = Path(path)
    name = str(path)
    with opened(name):
        if not source.exists():
            raise UsageError(f"there is no file {name!r}")
        if not is_parquet(source):
            raise UsageError(
                f"{argument} must be a Parquet file, or a folder of them, to be streamed, got "
                f"{name!r}: convert it, or read it into memory with `stream=False`"
            )
        files = parquet_files(source, name) if source.is_dir() else [source]
    found = Scanned(name, tuple(map(_file, files)))
    if found.rows < LEAST_ROWS:
        raise UsageError(f"{name!r} must have at least {LEAST_ROWS} rows, got {found.rows}")
    every = dict.fromkeys(column for file in found.files for column in file.columns)
    for file in found.files:
        if missing := [column for column in every if column not in file.columns]:
            raise UsageError(
                f"{file.path!r} lacks the {some('column', missing)}, which other files of {name!r} "
                "have"
            )
    return found


def on_both(real: Scanned, generated: Scanned) -> list[str]:
    """Return the files of the generated side that are also on the real one, by whatever name.

    Examples
    --------
    >>> one, two = (File(name, (1, 1), (5,), {}) for name in ("a.parquet", "./a.parquet"))
    >>> on_both(Scanned("x", (one,)), Scanned("y", (two,)))
    ['./a.parquet']
    """
    places = {os.path.realpath(file.path) for file in real.files}
    return [file.path for file in generated.files if os.path.realpath(file.path) in places]


def plan(
    real: Scanned,
    generated: Scanned,
    *,
    chosen: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
    strict: bool = False,
    categories: bool = True,
) -> Plan:
    """Choose the columns to compare: those of numbers and of categories that both sides have.

    Parameters
    ----------
    real, generated : Scanned
    chosen, exclude, strict
        As for :func:`~gan_eval.comparison.reading.matching.common_columns`.
    kinds : mapping of str to str, optional
        ``"number"`` or ``"category"`` for columns whose type says something else.
    categories : bool
        Whether values can be counted; if not, columns of categories are set aside.

    Raises
    ------
    UsageError
        Where columns cannot be matched, have types that do not fit, or none is left.
    """
    sides = real, generated
    common = common_columns(_empty(real), _empty(generated), chosen, exclude, strict=strict)
    given = {name: known_kind(kind) for name, kind in (kinds or {}).items()}
    names = list(common.real.frame.columns)
    for name, kind in given.items():
        if name not in names:
            raise UsageError(
                f"`kinds` names the column {plain(name)!r}, which is not compared: "
                f"{nearest(name, names)}"
            )
        if kind not in _KINDS:
            raise UsageError(
                f"streamed columns are of kind {' or '.join(_KINDS.values())}, got "
                f"{str(kind)!r} for {plain(name)!r} in `kinds`"
            )
    aside = dict(common.set_aside)
    found: dict[str, list[str]] = {"number": [], "category": []}
    for name in names:
        kind, why = _kind(name, sides, given.get(name))
        if kind == "category" and not categories:
            kind, why = None, "a category, which needs the package datasketches to be counted"
        if kind is not None:
            found[kind].append(name)
        elif strict or chosen is not None:
            raise UsageError(f"column {plain(name)!r} cannot be streamed: it is {why}")
        else:
            aside[name] = why
    if not (found["number"] or found["category"]):
        name = next(iter(aside), "")
        raise UsageError(f"no column can be compared: {name!r} is {aside.get(name, 'excluded')}")
    return Plan(tuple(found["number"]), tuple(found["category"]), aside)


def _kind(name: str, sides: Sequence[Scanned], given: Kind | None) -> tuple[str | None, str]:
    """Return the kind of a column in all files, or None and why it is not compared."""
    first: tuple[str, File] | None = None
    for file in (file for side in sides for file in side.files):
        kind = _family(file.columns[name])
        if kind is None:
            return None, f"of type {file.columns[name]} in {file.path!r}, which is not streamed"
        if kind == "nothing":  # all of it is missing, as any type could be
            continue
        if given == Kind.CATEGORY and kind == "number":
            kind = "category"
        if given == Kind.NUMBER and kind == "category":
            raise UsageError(
                f"column {plain(name)!r} is of type {file.columns[name]} in {file.path!r}, which is"
                " no number: leave it out of `kinds`"
            )
        if first is not None and first[0] != kind:
            raise UsageError(
                f"column {plain(name)!r} is of type {file.columns[name]} in {file.path!r} and of "
                f"type {first[1].columns[name]} in {first[1].path!r}: give it one type in all "
                "files, or `exclude` it"
            )
        first = first or (kind, file)
    if first is None:
        return None, "missing in every row of both"
    return first[0], ""


def _family(kind: pa.DataType) -> str | None:
    from pyarrow import types

    if types.is_null(kind):
        return "nothing"
    if types.is_floating(kind) or types.is_integer(kind) or types.is_decimal(kind):
        return "number"
    value = kind.value_type if types.is_dictionary(kind) else kind
    if types.is_boolean(value) or types.is_string(value) or types.is_large_string(value):
        return "category"
    return None


def _empty(side: Scanned) -> Table:
    """Make a table of a side's columns and no rows, for what matches columns."""
    names = [name for name in side.files[0].columns if not UNNAMED_INDEX.fullmatch(name)]
    return Table.of(side.source, pd.DataFrame(columns=pd.Index(names, dtype=object)), True)


def _file(path: Path) -> File:
    from pyarrow import parquet

    name = str(path)
    with opened(name), usable(name, "Parquet file"):
        stamp = path.stat()
        with parquet.ParquetFile(path) as file:
            about: Any = file.metadata
            groups = tuple(about.row_group(j).num_rows for j in range(about.num_row_groups))
            columns = {one.name: one.type for one in file.schema_arrow}
    return File(name, (stamp.st_size, stamp.st_mtime_ns), groups, columns)


def _units(side: str, files: Sequence[File], most: int) -> Iterator[Unit]:
    start = 0
    for file in files:
        groups: list[int] = []
        rows = 0
        for j, count in enumerate(file.groups):
            if groups and rows + count > most:
                yield Unit(side, file.path, tuple(groups), start, rows)
                start, groups, rows = start + rows, [], 0
            groups.append(j)
            rows += count
        if rows:
            yield Unit(side, file.path, tuple(groups), start, rows)
            start += rows
