"""Replicates one by one: the first seeds of every cell, and the worst of those not among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gan_eval.report.cells import Cell
from gan_eval.report.numbers import count, number, plural
from gan_eval.report.tables import MOST_ROWS, Table
from gan_eval.report.tested import tests

MOST_SEEDS = 100
"""Replicates of a cell that are listed; all cells together have ``MOST_ROWS``."""

MOST_WORST = 20
"""Failed and diverged replicates that are listed although their seeds are not among the first."""


def _head(cells: Sequence[Cell]) -> tuple[str, ...]:
    return (
        *("cell", "seed", "verdict", "KL(q‖p)", "effective sample size", "samples to detect"),
        *("loss_D", "loss_G", *(f"{words} p" for words in tests(cells).values())),
        *("critic correlation", "examples/sec"),
    )


def first(cells: Sequence[Cell]) -> Table:
    """The first replicates of each cell, as many as the page has room for."""
    total, rows = sum(cell.replicates for cell in cells), []
    for cell, shown in zip(cells, _shown(cells), strict=True):
        rows += _entries(cell, cell.rows.iloc[:shown])
    which = "All replicates"
    if len(rows) < total:
        each = f"{count(max(_shown(cells)))} seeds"
        each += "" if len(cells) == 1 else " at most of each cell"
        which = f"The first {each}, {count(len(rows))} of {count(total)} replicates"
    return Table(f"{which}; rows.csv has every column of every one", _head(cells), rows)


def worst(cells: Sequence[Cell]) -> Table | None:
    """The worst of the failed and diverged replicates that ``first`` leaves out; None without any.

    Diverged ones come first, then the largest KL.
    """
    left = [
        cell.rows.iloc[shown:].assign(_cell=position)
        for position, (cell, shown) in enumerate(zip(cells, _shown(cells), strict=True))
    ]
    bad = pd.concat(left, ignore_index=True)
    bad = bad.loc[bad["verdict"].isin(["failed", "diverged"])]
    if bad.empty:
        return None
    order = np.lexsort((bad["seed"], bad["_cell"], -bad["kl"], bad["verdict"] != "diverged"))
    chosen = bad.iloc[order[:MOST_WORST]]
    rows = []
    for position, row in zip(chosen["_cell"], range(len(chosen)), strict=True):
        rows += _entries(cells[position], chosen.iloc[row : row + 1])
    which = f"The worst {count(len(rows))} of the" if len(rows) < len(bad) else "The"
    return Table(
        f"{which} {plural(len(bad), 'failed or diverged replicate')} with later seeds",
        _head(cells),
        rows,
    )


def _shown(cells: Sequence[Cell]) -> list[int]:
    """How many replicates of each cell are listed."""
    room, shown = MOST_ROWS, []
    each = min(MOST_SEEDS, max(MOST_ROWS // len(cells), 1)) if len(cells) > 1 else MOST_SEEDS
    for cell in cells:
        shown.append(min(each, cell.replicates, room))
        room -= shown[-1]
    return shown


def _entries(cell: Cell, rows: pd.DataFrame) -> list[list[str]]:
    return [
        [
            cell.label,
            str(row["seed"]),
            str(row["verdict"]),
            *(
                number(row[name])
                for name in ("kl", "effective_sample_size", "samples_to_detect", "loss_D", "loss_G")
            ),
            *(
                number(row[name], 2)
                for name in (*(f"{test}_pvalue" for test in tests([cell])), "critic_correlation")
            ),
            number(row["examples_per_second"]),
        ]
        for row in rows.to_dict("records")
    ]
