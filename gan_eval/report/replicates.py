"""Trainings one by one: the first of each cell, and the worst of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.pages.blocks import Table
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count, number, probability
from gan_eval.pages.page import MOST_ROWS
from gan_eval.report.cells import CellRows
from gan_eval.report.words import tests

MOST_SEEDS = 100
"""Replicates of a cell that are listed; all cells together have ``MOST_ROWS``."""

MOST_WORST = 20
"""Failed and diverged replicates that are listed although their seeds are not among the first."""

_NUMBERS = ("kl", "worth_kl", "samples_to_detect", "loss_D", "loss_G")
_LISTED = ("seed", "verdict", *_NUMBERS, "critic_correlation", "examples_per_second")


def _head(cells: Sequence[CellRows]) -> tuple[str, ...]:
    return (
        *(_("trained"), _("seed"), _("verdict"), _("KL(q‖p)"), _("worth, real rows")),
        *(_("samples to detect"), "loss_D", "loss_G"),
        *(_("{test} p").format(test=words) for words in tests(cells).values()),
        *(_("correlation with ln p/q"), _("examples/sec")),
    )


def first_replicates(cells: Sequence[CellRows]) -> Table:
    """List the first replicates of each cell, as many as the page has room for."""
    total, rows = sum(cell.replicates for cell in cells), []
    for cell, shown in zip(cells, _shown(cells), strict=True):
        rows += [_entries(cell, row) for row in cell.rows.iloc[:shown].to_dict("records")]
    which = _("All trainings")
    if len(rows) < total:
        each = _("The first {seeds} seeds, {shown} of {total} trainings")
        if len(cells) > 1:
            each = _("The first {seeds} seeds at most of each, {shown} of {total} trainings")
        which = each.format(
            seeds=count(max(_shown(cells))), shown=count(len(rows)), total=count(total)
        )
    caption = _("{which}; `gan-eval export` gives every column of every one").format(which=which)
    return Table(caption.replace("`", ""), _head(cells), rows)


def worst_replicates(cells: Sequence[CellRows]) -> Table | None:
    """List the worst of the failed and diverged replicates that ``first_replicates`` leaves out;
    None without any.

    Diverged ones come first, then the largest KL.
    """
    left = []
    for position, (cell, shown) in enumerate(zip(cells, _shown(cells), strict=True)):
        wrong = cell.rows["verdict"].isin(["failed", "diverged"]).to_numpy(copy=True)
        wrong[:shown] = False
        listed = [*_LISTED, *(name for name in cell.rows if str(name).endswith("_pvalue"))]
        left.append(cell.rows.loc[wrong, listed].assign(_cell=position))
    bad = pd.concat(left, ignore_index=True)
    if bad.empty:
        return None
    order = np.lexsort((bad["seed"], bad["_cell"], -bad["kl"], bad["verdict"] != "diverged"))
    rows = bad.iloc[order[:MOST_WORST]].to_dict("records")
    text = n_(
        "The failed or diverged training with a later seed",
        "The {shown} worst of the {count} failed or diverged trainings with later seeds",
        len(bad),
    )
    return Table(
        text.format(shown=count(len(rows)), count=count(len(bad))),
        _head(cells),
        [_entries(cells[row["_cell"]], row) for row in rows],
    )


def _shown(cells: Sequence[CellRows]) -> list[int]:
    """Count the replicates of each cell that are listed."""
    room, shown = MOST_ROWS, []
    each = min(MOST_SEEDS, max(MOST_ROWS // len(cells), 1)) if len(cells) > 1 else MOST_SEEDS
    for cell in cells:
        shown.append(min(each, cell.replicates, room))
        room -= shown[-1]
    return shown


def _entries(cell: CellRows, row: Mapping[Any, Any]) -> list[str]:
    return [
        *(cell.label, str(row["seed"]), _(str(row["verdict"]))),
        *(number(row[name]) for name in _NUMBERS),
        *(probability(row[f"{test}_pvalue"]) for test in tests([cell])),
        number(row["critic_correlation"], 2),
        number(row["examples_per_second"]),
    ]
