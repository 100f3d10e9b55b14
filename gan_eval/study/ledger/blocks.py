"""A table as bytes and back, bit for bit: columns of numbers and words, compressed.

Numbers are laid out a column after another, and within a column all first bytes, then all second
bytes, and so on: the high bytes of like numbers are alike, which is what zlib finds. Nothing but
numbers and text comes out of a block, whoever wrote it.

From these blocks comes what is read of a ledger: units are decoded one at a time, each into its
place in one table, so a million rows are in memory once, beside one unit.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.judging.computed_columns import COMPUTED_BY, ERROR, is_computed
from gan_eval.judging.evaluation import RENAMED, test_columns, with_columns_of
from gan_eval.study.plan.units import ReplicateQuery

_HEAD = struct.Struct("<4sII")
_MAGIC = b"GEB1"
_WORD = 8

HEAD = _HEAD.size
"""Bytes of a block's head."""

Columns = dict[str, NDArray[Any]]
"""Arrays of one length: int64, float64, or object of ``str`` and None."""


class DamagedBlockError(ValueError):
    """An error of bytes that are no block, or not all of one."""


def columns_of(frame: pd.DataFrame) -> Columns:
    """Take the columns of a frame; ``TypeError`` where one is neither numbers nor words."""
    found: Columns = {}
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_bool_dtype(column.dtype):
            raise TypeError(f"column {name!r} holds truth values: numbers or words are stored")
        if pd.api.types.is_integer_dtype(column.dtype):
            found[str(name)] = column.to_numpy(np.int64)
        elif pd.api.types.is_float_dtype(column.dtype):
            found[str(name)] = column.to_numpy(np.float64)
        else:
            found[str(name)] = column.astype(object).where(column.notna(), None).to_numpy()
    return found


def layout(columns: Mapping[str, NDArray[Any]]) -> str:
    """Write the names and kinds of columns, as one line of JSON that many blocks share."""
    kinds = {np.dtype(np.int64): "int", np.dtype(np.float64): "float", np.dtype(object): "text"}
    return json.dumps([[name, kinds[values.dtype]] for name, values in columns.items()])


def pack(columns: Mapping[str, NDArray[Any]]) -> bytes:
    """Pack columns of one length into bytes, to be read with their ``layout``."""
    texts: list[list[str | None]] = []
    words = []
    length = 0
    for values in columns.values():
        length = len(values)
        if values.dtype == object:
            known = dict.fromkeys(values.tolist())
            texts.append(list(known))
            codes = {text: code for code, text in enumerate(known)}
            values = np.array([codes[text] for text in values.tolist()], np.int64)
        words.append(np.ascontiguousarray(values).view(np.uint8).reshape(length, _WORD))
    told = json.dumps(texts).encode()
    body = np.stack(words).transpose(0, 2, 1).tobytes() if words else b""
    return _HEAD.pack(_MAGIC, length, len(told)) + told + zlib.compress(body, 1)


def unpack(block: bytes, its_layout: str) -> Columns:
    """Unpack columns, to the bit; ``DamagedBlockError`` where that is not all there."""
    try:
        kinds = json.loads(its_layout)
        magic, length, told = _HEAD.unpack_from(block)
        size = len(kinds) * _WORD * length
        packed = zlib.decompressobj()
        # No more than is wanted, whatever it would unpack to; the end has its own check sum.
        body = packed.decompress(block[_HEAD.size + told :], size + 1)
        texts = iter(json.loads(block[_HEAD.size : _HEAD.size + told]))
        if magic != _MAGIC or len(body) != size or not packed.eof:
            raise DamagedBlockError("its length is not what its head says")
        planes = np.frombuffer(body, np.uint8).reshape(len(kinds), _WORD, length)
        words = np.ascontiguousarray(planes.transpose(0, 2, 1)).reshape(len(kinds), -1)
        found: Columns = {}
        for (name, kind), column in zip(kinds, words, strict=True):
            if kind == "text":
                known = np.array([*next(texts), None], dtype=object)[:-1]
                found[name] = known[column.view(np.int64)]
            else:
                found[name] = column.view(np.int64 if kind == "int" else np.float64)
    except (struct.error, zlib.error, ValueError, IndexError, StopIteration) as error:
        raise DamagedBlockError(str(error)) from None
    return found


def length(head: bytes) -> int:
    """Read the number of rows of a block from its first ``HEAD`` bytes."""
    try:
        magic, rows, _ = _HEAD.unpack(head)
    except struct.error as error:
        raise DamagedBlockError(str(error)) from None
    if magic != _MAGIC:
        raise DamagedBlockError("it does not begin as one")
    return rows


class TableBuilder:
    """A builder of a table whose length is known beforehand, filled piece by piece.

    What is decoded of one piece is given back before the next one is, so that a table of any length
    is in memory once. A column that a piece lacks is NaN there (None, where it holds words), and
    then holds floats where it held integers.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.columns: Columns = {}

    def put(self, at: NDArray[np.int64], piece: Mapping[str, NDArray[Any]]) -> None:
        """Fill in some rows, each once."""
        first = not self.columns
        for name, values in piece.items():
            if name not in self.columns:
                kind = values.dtype if first or values.dtype.hasobject else np.dtype(np.float64)
                lacking = None if kind.hasobject else 0 if kind.kind == "i" else np.nan
                self.columns[name] = np.full(self.rows, lacking, kind)
            elif values.dtype.kind == "f":
                self._floats(name)
            self.columns[name][at] = values
        for name in self.columns.keys() - piece.keys():
            self._floats(name)
            self.columns[name][at] = None if self.columns[name].dtype.hasobject else np.nan

    def _floats(self, name: str) -> None:
        if self.columns[name].dtype.kind == "i":
            self.columns[name] = self.columns[name].astype(np.float64)

    def frame(self) -> pd.DataFrame:
        """Hand over the columns as a frame, without a copy."""
        columns, self.columns = self.columns, {}
        return pd.DataFrame(columns, copy=False)


class Packed(NamedTuple):
    """A table as a block, and the layout that it is read with."""

    layout: str
    block: bytes

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        columns = columns_of(frame)
        return cls(layout(columns), pack(columns))


@dataclass(frozen=True)
class PackedUnit:
    """A finished unit of work: its rows and epochs, as compressed

    Packing takes about as long as storing. It is done by whoever trained, side by side with others,
    and not by the one process that writes the ledger.
    """

    rows: Packed
    """One row per seed, in the order of the seeds."""
    epochs: Packed
    """The epochs of the first ``traced`` seeds, the same number of rows each."""
    traced: int
    verdicts: dict[str, int]
    """The number of seeds with each verdict."""
    environment: dict[str, Any] | None = None
    """The machine and packages that trained it, where that is not known to be the environment of
    the run."""

    @classmethod
    def of(cls, rows: pd.DataFrame, epochs: pd.DataFrame) -> Self:
        """Pack what ``judge`` gave; ``epochs`` may be empty."""
        return cls(
            Packed.of(rows),
            Packed.of(epochs),
            int(epochs["seed"].nunique()) if len(epochs) else 0,
            {str(verdict): int(n) for verdict, n in rows["verdict"].value_counts().items()},
        )


Found = NDArray[np.int64]
"""Seed, unit and position of replicates, shape (found, 3), by seed."""

_BLANK_UNTIMED = ("chapter_seconds", "chapter_examples_per_second")


def table(
    connection: sqlite3.Connection, name: str, found: Sequence[tuple[ReplicateQuery, Found]]
) -> pd.DataFrame:
    """``rows`` or ``epochs`` of what was found of some parts, one part below another, by seed."""
    steps = [_steps(connection, name, where) for _, where in found]
    gathered = TableBuilder(sum(int(each.sum()) for each in steps))
    begin = 0
    for (part, where), each in zip(found, steps, strict=True):
        ends = begin + np.cumsum(each)
        for number, chosen in _by_unit(where[:, 1]):
            piece = _unit(connection, number, name, where[chosen, 2], part)
            gathered.put(_spans(ends[chosen] - each[chosen], each[chosen]), piece)
        begin = int(ends[-1]) if len(ends) else begin
    # The environment is last, whatever columns a larger dimension brings.
    if gathered.columns:
        gathered.columns["environment"] = gathered.columns.pop("environment")
    return gathered.frame()


def _by_unit(units: NDArray[np.int64]) -> list[tuple[int, NDArray[np.intp]]]:
    """Each unit with the places where it stands."""
    order = np.argsort(units, kind="stable")
    numbers, starts = np.unique(units[order], return_index=True)
    ends = [*starts[1:], len(order)]
    return [
        (int(number), order[start:end])
        for number, start, end in zip(numbers, starts, ends, strict=False)
    ]


def _spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """start, start + 1 … of each span, one after another."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))


def _steps(connection: sqlite3.Connection, name: str, found: Found) -> NDArray[np.int64]:
    """Count the lines of the table that each replicate has."""
    each = np.ones(len(found), np.int64)
    if name == "epochs":
        for number, chosen in _by_unit(found[:, 1]):
            head, traced = _only(
                connection,
                "SELECT substr(epochs, 1, ?), traced FROM units WHERE id = ?",
                (HEAD, number),
            )
            each[chosen] = length(head) // traced
    return each


def _unit(
    connection: sqlite3.Connection,
    number: int,
    name: str,
    positions: NDArray[np.int64],
    part: ReplicateQuery,
) -> Columns:
    """The columns of some replicates of one unit, without what is not wanted of them."""
    block, text, environment, traced = _only(
        connection,
        f"SELECT u.{name}, l.text, u.environment, u.traced FROM units u "
        f"JOIN layouts l ON l.id = u.{name}_layout WHERE u.id = ?",
        (number,),
    )
    columns = unpack(block, text)
    if name == "epochs":
        steps = len(columns["seed"]) // traced
        positions = (positions[:, None] * steps + np.arange(steps)).ravel()
    columns = {RENAMED.get(name, name): values[positions] for name, values in columns.items()}
    if name == "rows":
        columns = _computed(_tested(columns, part), part)
    for column in _BLANK_UNTIMED if not part.timed else ():
        if column in columns:
            columns[column] = np.full(len(positions), np.nan)
    labels = np.full(len(positions), part.label, object)
    return (
        {"configuration": labels}
        | columns
        | {"environment": np.full(len(positions), environment, object)}
    )


def _only(connection: sqlite3.Connection, question: str, of: tuple[int, ...]) -> tuple[Any, ...]:
    if (found := connection.execute(question, of).fetchone()) is None:
        raise DamagedBlockError("a unit of it is gone")
    return found


def _tested(columns: Columns, part: ReplicateQuery) -> Columns:
    """Columns of rows with those of the wanted tests, NaN where a replicate is not to have them."""
    kept = dict(columns)
    for name in test_columns(part.tests) if not part.permutations else ():
        kept.pop(name, None)
    blank = np.full(len(columns["seed"]), np.nan)
    return {name: kept.get(name, blank) for name in with_columns_of(part.tests, columns)}


def _computed(columns: Columns, part: ReplicateQuery) -> Columns:
    """Columns of rows, blank what is computed where a replicate is not to have it."""
    if part.computed or COMPUTED_BY not in columns or ERROR not in columns:
        return columns
    return {
        name: np.full(len(values), "" if values.dtype.hasobject else np.nan, values.dtype)
        if is_computed(name)
        else values
        for name, values in columns.items()
    }
