"""Replicates one by one: the first seeds of every cell, and the worst of those not among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.pages.blocks import Table
from gan_eval.pages.environment import MOST_ROWS
from gan_eval.pages.numbers import count, number, plural, probability
from gan_eval.report.cells import CellRows
from gan_eval.report.words import tests

MOST_SEEDS = 100
"""Replicates of a cell that are listed; all cells together have ``MOST_ROWS``."""

MOST_WORST = 20
"""Failed and diverged replicates that are listed although their seeds are not among the first."""

_NUMBERS = ("kl", "worth_kl", "samples_to_detect", "loss_D", "loss_G")


def _head(cells: Sequence[CellRows]) -> tuple[str, ...]:
    return (
        *("cell", "seed", "verdict", "KL(q‖p)", "worth, real samples", "samples to detect"),
        *("loss_D", "loss_G", *(f"{words} p" for words in tests(cells).values())),
        *("critic correlation", "examples/sec"),
    )


def first(cells: Sequence[CellRows]) -> Table:
    """List the first replicates of each cell, as many as the page has room for."""
    total, rows = sum(cell.replicates for cell in cells), []
    for cell, shown in zip(cells, _shown(cells), strict=True):
        rows += [_entries(cell, row) for row in _records(cell.rows.iloc[:shown])]
    which = "All replicates"
    if len(rows) < total:
        each = f"{count(max(_shown(cells)))} seeds"
        each += "" if len(cells) == 1 else " at most of each cell"
        which = f"The first {each}, {count(len(rows))} of {count(total)} replicates"
    return Table(f"{which}; gan-eval export gives every column of every one", _head(cells), rows)


def worst(cells: Sequence[CellRows]) -> Table | None:
    """List the worst of the failed and diverged replicates that ``first`` leaves out; None without
    any.

    Diverged ones come first, then the largest KL.
    """
    found = _worst(cells)
    if found is None:
        return None
    total, chosen = found
    rows = [_entries(cells[position], row) for position, row in chosen]
    which = f"The worst {count(len(rows))} of the" if len(rows) < total else "The"
    return Table(
        f"{which} {plural(total, 'failed or diverged replicate')} with later seeds",
        _head(cells),
        rows,
    )


def _worst(cells: Sequence[CellRows]) -> tuple[int, list[tuple[int, dict[Any, Any]]]] | None:
    """Count the failed and diverged replicates that are not listed; give the worst with the
    position of the cell and the row."""
    left = []
    for position, (cell, shown) in enumerate(zip(cells, _shown(cells), strict=True)):
        wrong = cell.rows["verdict"].isin(["failed", "diverged"]).to_numpy(copy=True)
        wrong[:shown] = False
        left.append(cell.rows.loc[wrong, _named(cell.rows)].assign(_cell=position))
    bad = pd.concat(left, ignore_index=True)
    if bad.empty:
        return None
    order = np.lexsort((bad["seed"], bad["_cell"], -bad["kl"], bad["verdict"] != "diverged"))
    chosen = bad.iloc[order[:MOST_WORST]]
    return len(bad), list(zip(chosen["_cell"].tolist(), _records(chosen), strict=True))


def _shown(cells: Sequence[CellRows]) -> list[int]:
    """Count the replicates of each cell that are listed."""
    room, shown = MOST_ROWS, []
    each = min(MOST_SEEDS, max(MOST_ROWS // len(cells), 1)) if len(cells) > 1 else MOST_SEEDS
    for cell in cells:
        shown.append(min(each, cell.replicates, room))
        room -= shown[-1]
    return shown


def _records(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    return rows[_named(rows)].to_dict("records")


def _named(rows: pd.DataFrame) -> list[str]:
    """The columns that are listed."""
    pvalues = [str(name) for name in rows if str(name).endswith("_pvalue")]
    return ["seed", "verdict", *_NUMBERS, *pvalues, "critic_correlation", "examples_per_second"]


def _entries(cell: CellRows, row: Mapping[str, Any]) -> list[str]:
    return [
        *(cell.label, str(row["seed"]), str(row["verdict"])),
        *(number(row[name]) for name in _NUMBERS),
        *(probability(row[f"{test}_pvalue"]) for test in tests([cell])),
        number(row["critic_correlation"], 2),
        number(row["examples_per_second"]),
    ]
