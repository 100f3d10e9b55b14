"""The two passes over the rows: one that draws a reference, and one that sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.comparison.streaming.checkpoint import Checkpoint
from gan_eval.comparison.streaming.units import Part, Recipe, Unit, read_unit, take_rows
from gan_eval.pages.numbers import count
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.pool import Failure, Task
from gan_eval.runtime.random import generator

Runner = Callable[[Iterable[Task]], Iterator[tuple[Task, Any]]]
"""Does tasks in any order and yields each with its outcome: ``Pool.run_all``, or a cluster's."""

Tell = Callable[[str], None]

REFERENCE_ROWS = 4096
"""Real rows from which the kernel and its pivots come, if there are ten times as many."""


def drawn_places(rows: int, seed: int) -> NDArray[np.int64]:
    """Draw the positions of the reference's rows evenly at random, in order.

    Examples
    --------
    >>> drawn_places(50, 0).tolist() == sorted(set(drawn_places(50, 0).tolist()))
    True
    """
    wanted = min(REFERENCE_ROWS, max(rows // 10, min(16, rows // 2)))
    rng = generator(seed, "reference")
    # Without replacement, and without the list of all positions.
    found = np.unique(rng.integers(rows, size=wanted))
    while len(found) < wanted:
        found = np.unique(np.append(found, rng.integers(rows, size=wanted - len(found))))
    return found


def draw_reference(
    units: Sequence[Unit],
    places: NDArray[np.int64],
    names: Sequence[str],
    run: Runner,
    tell: Tell,
) -> NDArray[np.float64]:
    """Read the rows at some positions of the real side, shape (k, d): those without a missing
    number, in the order of their positions."""
    tasks: list[Task] = []
    for unit in units:
        first, last = np.searchsorted(places, [unit.start, unit.start + unit.rows])
        if last > first:
            tasks.append((take_rows, unit, places[first:last], tuple(names)))
    order = {id(task): j for j, task in enumerate(tasks)}
    found: dict[int, NDArray[np.float64]] = {}
    for task, outcome in run(tasks):
        found[order[id(task)]] = _done(task, outcome)
        tell(f"drawing a reference: {count(len(found))} of {count(len(tasks))} parts")
    return np.concatenate([found[j] for j in range(len(tasks))])


def sum_units(
    units: Sequence[Unit],
    recipe: Recipe,
    parts: Mapping[str, Part],
    done: int,
    run: Runner,
    tell: Tell,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Read all units from the ``done``-th on, and add each to the part of its side.

    They are added in their order, whatever the order in which they end: sums do not depend on how
    many processes there are. What has been added is stored now and then, and when it is
    interrupted.
    """
    total = sum(unit.rows for unit in units)
    tasks: list[Task] = [(read_unit, unit, recipe) for unit in units[done:]]
    order = {id(task): done + j for j, task in enumerate(tasks)}
    waiting: dict[int, Part] = {}
    adding = False
    try:
        for task, outcome in run(tasks):
            waiting[order[id(task)]] = _done(task, outcome)
            while done in waiting:
                adding = True
                parts[units[done].side].add(waiting.pop(done))
                done, adding = done + 1, False
            if checkpoint is not None and checkpoint.due():
                checkpoint.write(done, parts)
            read = sum(part.rows for part in parts.values())
            tell(f"reading: {count(read)} of {count(total)} rows")
    except KeyboardInterrupt:
        if checkpoint is not None and not adding:  # half a unit is no state
            checkpoint.write(done, parts)
        raise


def _done(task: Task, outcome: Any) -> Any:
    if isinstance(outcome, Failure):
        path = task[1].path
        said = outcome.message
        raise UsageError(said if path in said else f"{path!r} cannot be read: {said}")
    return outcome
