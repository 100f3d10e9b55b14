"""The unit of work: some row groups of one file, read once, in any order, by any process.

What is imported here is loaded by each worker, so it is little.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.comparison.streaming import columns
from gan_eval.comparison.streaming.columns import Column
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.provenance import source_version

if TYPE_CHECKING:
    import pyarrow as pa

    from gan_eval.stats.sketch import Reference, Sketch

BATCH_ROWS = 2**16
"""Rows that are in memory at a time."""

Array = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Unit:
    """Some row groups of one file.

    Attributes
    ----------
    side : {"real", "generated"}
    path : str
    groups : tuple of int
        The row groups, one after the other.
    start, rows : int
        The position of the first row within its side, and how many there are.
    """

    side: str
    path: str
    groups: tuple[int, ...]
    start: int
    rows: int


@dataclass(frozen=True, eq=False)
class Recipe:
    """A job that every unit of a side is read for.

    Attributes
    ----------
    numbers, categories : tuple of str
        Columns; those of ``numbers`` that the reference has make the rows of the sketch.
    reference : Reference, optional
        None where no column is one of numbers.
    cells, seed : int
        Of the sketch.
    left_out : mapping of str to ndarray of int64
        Of each side, the positions of rows that do not enter the sketch, in order.
    code : str
        The version of the code that asks (:func:`code_version`), which who reads must have too;
        empty where both are of one machine.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    reference: Reference | None
    cells: int
    seed: int
    left_out: Mapping[str, Places]
    code: str = ""

    @property
    def together(self) -> list[int]:
        """The columns of ``numbers`` that the sketch has."""
        if self.reference is None:
            return []
        return [self.numbers.index(name) for name in self.reference.columns]


@dataclass(eq=False)
class Part:
    """A sum over the rows of one unit, or of all up to some unit.

    ``holes`` counts rows that a missing number keeps out of the sketch.
    """

    sketch: Sketch | None
    columns: dict[str, Column]
    rows: int = 0
    holes: int = 0

    def add(self, other: Part) -> None:
        """Take in a further unit of the same side."""
        if self.sketch is not None and other.sketch is not None:
            self.sketch = self.sketch.merge(other.sketch)
        columns.merged(self.columns, other.columns)
        self.rows += other.rows
        self.holes += other.holes


@cache
def code_version() -> str:
    """Return the version of the code by which a unit is read."""
    return source_version(__name__)


def nothing(side: str, recipe: Recipe) -> Part:
    """Return the part of no row."""
    from gan_eval.stats.sketch import Sketch

    sketch = None
    if recipe.reference is not None:
        sketch = Sketch(recipe.reference, stream=side, cells=recipe.cells, seed=recipe.seed)
    return Part(sketch, columns.empty(recipe.numbers, recipe.categories))


def read_unit(unit: Unit, recipe: Recipe) -> Part:
    """Read a unit and return its part.

    Raises ``UsageError`` where a column has infinite values, or the file or the code is another.
    """
    if recipe.code not in ("", code_version()):
        raise UsageError(
            f"{unit.path!r} would be read by other code than this command's: the same gan-eval and "
            "the same libraries are needed on all machines"
        )
    part = nothing(unit.side, recipe)
    left_out = recipe.left_out.get(unit.side, np.empty(0, np.int64))
    together = recipe.together
    position = next_row = unit.start
    for batch in _batches(unit, (*recipe.numbers, *recipe.categories)):
        rows = _numbers(batch, recipe.numbers)
        for name, values in zip(recipe.numbers, rows.T, strict=True):
            column = part.columns[name]
            assert isinstance(column, columns.Numbers)
            try:
                column.update(np.ascontiguousarray(values))
            except UsageError as error:
                raise UsageError(f"{unit.path!r} {error} in column {name!r}") from None
        for name in recipe.categories:
            column = part.columns[name]
            assert isinstance(column, columns.Values)
            column.update(batch.column(name))
        if part.sketch is not None:
            rows = rows if len(together) == rows.shape[1] else rows[:, together]
            whole = np.logical_not(np.isnan(rows).any(axis=1))
            part.holes += len(rows) - int(np.count_nonzero(whole))
            first, last = np.searchsorted(left_out, [position, position + len(rows)])
            whole[left_out[first:last] - position] = False
            kept = rows if whole.all() else rows[whole]
            if len(kept):
                # Positions need only be different within the side: rows left out leave their gap
                # at the end of the unit.
                part.sketch.update(kept, start=next_row)
                next_row += len(kept)
        position += len(rows)
    part.rows = position - unit.start
    if part.rows != unit.rows:
        raise UsageError(f"{unit.path!r} has changed while it was read")
    return part


def take_rows(unit: Unit, places: Places, names: Sequence[str]) -> Array:
    """Return the rows of a unit at some positions, in order; what is missing is NaN."""
    taken, position = [np.empty((0, len(names)))], unit.start
    for batch in _batches(unit, names):
        first, last = np.searchsorted(places, [position, position + batch.num_rows])
        if last > first:
            taken.append(_numbers(batch.take(places[first:last] - position), names))
        position += batch.num_rows
    return np.concatenate(taken)


def _batches(unit: Unit, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    from pyarrow import parquet

    # Nothing is read ahead: one batch of one row group is in memory at a time.
    with parquet.ParquetFile(unit.path, pre_buffer=False, buffer_size=2**20) as file:
        yield from file.iter_batches(
            BATCH_ROWS, row_groups=list(unit.groups), columns=list(names), use_threads=False
        )


def _numbers(batch: Any, names: Sequence[str]) -> Array:
    """Return the number columns of a batch as rows (n, d), float64; what is missing is NaN."""
    rows = np.empty((batch.num_rows, len(names)))
    for j, name in enumerate(names):
        values = batch.column(name).cast("double", safe=False)
        # `to_numpy` loads pandas, 40 MB of each worker.
        rows[:, j] = (
            values.to_numpy(zero_copy_only=False) if values.null_count else np.from_dlpack(values)
        )
    return rows
