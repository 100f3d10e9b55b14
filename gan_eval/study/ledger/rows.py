"""Some replicates of a ledger as one table: their units decoded one at a time, each into its place.

So a million rows are in memory once, beside one unit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.judging.evaluation import RENAMED, test_columns, with_columns_of
from gan_eval.study.ledger import blocks
from gan_eval.study.plan.identity import ReplicateQuery

Found = NDArray[np.int64]
"""Seed, unit and position of replicates, shape (found, 3), by seed."""

_BLANK_UNTIMED = ("chapter_seconds", "chapter_examples_per_second")


def table(
    connection: sqlite3.Connection, name: str, found: Sequence[tuple[ReplicateQuery, Found]]
) -> pd.DataFrame:
    """``rows`` or ``epochs`` of what was found of some parts, one part below another, by seed."""
    steps = [_steps(connection, name, where) for _, where in found]
    gathered = blocks.TableBuilder(sum(int(each.sum()) for each in steps))
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
                (blocks.HEAD, number),
            )
            each[chosen] = blocks.length(head) // traced
    return each


def _unit(
    connection: sqlite3.Connection,
    number: int,
    name: str,
    positions: NDArray[np.int64],
    part: ReplicateQuery,
) -> blocks.Columns:
    """The columns of some replicates of one unit, without what is not wanted of them."""
    block, text, environment, traced = _only(
        connection,
        f"SELECT u.{name}, l.text, u.environment, u.traced FROM units u "
        f"JOIN layouts l ON l.id = u.{name}_layout WHERE u.id = ?",
        (number,),
    )
    columns = blocks.unpack(block, text)
    if name == "epochs":
        steps = len(columns["seed"]) // traced
        positions = (positions[:, None] * steps + np.arange(steps)).ravel()
    columns = {RENAMED.get(name, name): values[positions] for name, values in columns.items()}
    if name == "rows":
        columns = _tested(columns, part)
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
        raise blocks.DamagedBlockError("a unit of it is gone")
    return found


def _tested(columns: blocks.Columns, part: ReplicateQuery) -> blocks.Columns:
    """Columns of rows with those of the wanted tests, NaN where a replicate is not to have them."""
    kept = dict(columns)
    for name in test_columns(part.tests) if not part.permutations else ():
        kept.pop(name, None)
    blank = np.full(len(columns["seed"]), np.nan)
    return {name: kept.get(name, blank) for name in with_columns_of(part.tests, columns)}
