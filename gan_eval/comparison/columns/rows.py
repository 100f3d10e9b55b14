"""Rows that belong together, and rows that stand for more than others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gan_eval.comparison.columns.kinds import floats
from gan_eval.comparison.reading import Table
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.mixed import Codes


@dataclass(frozen=True, eq=False)
class Chosen:
    """Tables without the columns of groups and weights, and without the rows left out.

    ``groups`` are the groups of the rows of the first two.
    """

    tables: Sequence[Table]
    groups: tuple[Codes, Codes] | None
    notes: Sequence[str]


def choose_rows(
    tables: Sequence[Table], group: str | None, weights: str | None, rng: np.random.Generator
) -> Chosen:
    """Take the columns of groups and of weights out; keep rows by their weights.

    A row stays with probability w / max w, w its weight and max w the largest of its table: what
    is left is a sample of the weighted distribution whose rows weigh alike, so that every test of
    such rows is exact. A table without the column of weights keeps all its rows; one without
    the column of groups has rows that are independent, each a group of its own.

    Raises
    ------
    UsageError
        Where no table has such a column, or weights are no positive numbers.
    """
    notes: list[str] = []
    for name, argument in ((group, "group"), (weights, "weights")):
        if name is not None and not any(name in table.frame for table in tables[:2]):
            raise UsageError(f"`{argument}` names no column of either table, got {plain(name)!r}")
    if weights is not None:
        kept = [_thinned(table, weights, rng) for table in tables]
        notes += [note for _, note in kept if note]
        tables = [table for table, _ in kept]
    groups = None
    if group is not None:
        groups = _codes(tables[0], group), _codes(tables[1], group)
        tables = [_without(table, group) for table in tables]
    return Chosen(tables, groups, notes)


def _thinned(table: Table, name: str, rng: np.random.Generator) -> tuple[Table, str | None]:
    if name not in table.frame:
        return table, None
    try:
        weights = floats(table.frame[name])
    except (TypeError, ValueError):
        weights = np.array([np.nan])
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.max(initial=0) > 0):
        raise UsageError(
            f"weights must be finite numbers from 0 on, some above 0, got others in column "
            f"{plain(name)!r} of {table.source!r}"
        )
    kept = rng.random(len(weights)) * weights.max() < weights
    frame = table.frame.loc[kept].reset_index(drop=True)
    note = (
        f"{kept.sum()} of {len(kept)} rows of {plain(table.source)} were kept, each with a "
        "probability in proportion to its weight."
    )
    return _without(replace(table, frame=frame), name), note


def _codes(table: Table, name: str) -> Codes:
    """Number the groups of a table; a row whose group is missing is one of its own."""
    if name not in table.frame:
        return np.arange(len(table.frame))
    codes = pd.factorize(table.frame[name])[0].astype(np.intp)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes


def _without(table: Table, name: str) -> Table:
    if name not in table.frame:
        return table
    return replace(table, frame=table.frame.drop(columns=[name]))
