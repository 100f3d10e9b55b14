"""The real rows of a tracker: read, parted into those to measure by and those to bet on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gan_eval.comparison.reading import ReadOptions, Table, common_columns, read_beside, table_of
from gan_eval.comparison.sources import draw, is_sampler, is_target
from gan_eval.comparison.tracker.bets import FEWEST_BETS, require_dimension
from gan_eval.comparison.tracker.places import BadRowsError, Places
from gan_eval.distributions.protocol import Target, as_target
from gan_eval.distributions.target_settings import target_of_settings
from gan_eval.pages.numbers import count
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.samples import Array

FEWEST_ROWS = 4
"""Rows of each sample; the variance of pairs needs four."""

MOST_ROWS = 20_000
"""Rows of one sample that a distance is taken of; of more, so many are taken."""

TARGET_ROWS = 10_000
"""Rows drawn of a target whose density is known."""


@dataclass(frozen=True, eq=False)
class RealRows:
    """The real rows, as points in coordinates that those to measure by fix.

    Attributes
    ----------
    source : str
    places : Places
    points : ndarray, shape (n, D)
        To measure by.
    kept : ndarray, shape (k, D)
        To bet on, in random order; of a target none.
    target : Target, optional
    notes : tuple of str
    """

    source: str
    places: Places
    points: Array
    kept: Array
    target: Target | None
    notes: tuple[str, ...]


def real_rows(
    real: Any,
    holdout: Any,
    target: Any,
    betting: float,
    options: ReadOptions,
    rng: np.random.Generator,
) -> RealRows:
    """Read the real rows, and part them; the arguments are those of the tracker.

    Raises ``UsageError`` where they cannot be used.
    """
    streams = rng.spawn(5)
    known = _target(real, target)
    if real is None and known is None:
        raise UsageError("a tracker needs `real` rows, or a `target` whose density is known")
    table = _read(known if real is None else real, "real", options, None, streams[0])
    table = common_columns(table, table, options.columns, options.exclude).real
    require_rows(len(table.frame), "real")
    unseen, name = table, "real"
    if holdout is not None:
        name = "holdout"
        unseen = _named_alike(_read(holdout, name, options, table, streams[1]), table)
        require_rows(len(unseen.frame), name)
    order = streams[2].permutation(len(unseen.frame))
    size = int(betting * len(order)) if known is None else 0
    notes = list(table.notes)
    if known is None and size < FEWEST_BETS:
        size = 0
        notes.append(f"No real rows are kept to bet on: it takes {FEWEST_BETS} of them at least.")
    kept, measured = order[:size], np.sort(order[size:])
    if len(measured) > MOST_ROWS:
        notes.append(f"Distances are to {count(MOST_ROWS)} of {count(len(measured))} real rows.")
        measured = np.sort(streams[3].choice(measured, MOST_ROWS, replace=False))
    fixing = table if holdout is not None else _rows(table, measured)
    places = Places.of(fixing)
    try:
        points = places.points(unseen.frame.iloc[measured], name)
        bet_on = places.points(unseen.frame.iloc[kept], name) if size else points[:0]
    except BadRowsError as error:
        raise UsageError(f"`{name}` cannot be compared with the other real rows: {error}") from None
    if known is not None:
        require_dimension(known, len(places.plain_columns))
    return RealRows(unseen.source, places, points, bet_on, known, (*notes, *places.notes))


def require_rows(n: int, name: str) -> None:
    """Raise ``UsageError`` for fewer than four."""
    if n < FEWEST_ROWS:
        raise UsageError(f"`{name}` must have at least {FEWEST_ROWS} rows, got {n}")


def _target(real: Any, target: Any) -> Target | None:
    if target is None:
        return as_target(real, "real") if is_target(real) else None
    settings = isinstance(target, str | dict)
    return target_of_settings(target) if settings else as_target(target)


def _read(
    source: Any, name: str, options: ReadOptions, other: Table | None, rng: np.random.Generator
) -> Table:
    if is_sampler(source) or is_target(source):
        return table_of(draw(source, TARGET_ROWS, rng, name), name)
    return read_beside(source, name, other, options)


def _named_alike(table: Table, real: Table) -> Table:
    """Give held-out rows the columns of the real ones, by name or by position."""
    names = list(real.frame.columns)
    if not (table.named and real.named) and table.frame.shape[1] == len(names):
        return replace(table, frame=table.frame.set_axis(names, axis=1))
    return common_columns(real, table, names).generated


def _rows(table: Table, places: Any) -> Table:
    return replace(table, frame=table.frame.iloc[places])
