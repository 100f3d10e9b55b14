"""Tables of cells that have no closed form: every measure, and trainings one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gan_eval.pages.blocks import Table
from gan_eval.pages.language import N_, _
from gan_eval.pages.numbers import MISSING, count, number, percent
from gan_eval.pages.page import MOST_ROWS
from gan_eval.report.cells import CellRows
from gan_eval.report.middles import ends, medians, middle
from gan_eval.study.answer.computed import modes_of

_MEASURES = (
    ("jensen_shannon", N_("Jensen–Shannon, nats")),
    ("total_variation", N_("total variation")),
    ("hellinger", "Hellinger"),
    ("kl", N_("KL(q‖p), nats")),
    ("kl_reverse", N_("KL(p‖q), nats")),
    ("energy_distance", N_("energy distance")),
    ("mmd2", N_("MMD² (Gaussian kernel)")),
    ("uncovered_mass", N_("mass of the target where no point can be")),
    ("singular_mass", N_("mass of points on lines")),
    ("computed_error", N_("largest error of what is computed")),
)

MOST_SEEDS = 100
"""Trainings of a cell that are listed; all cells together have ``MOST_ROWS``."""


def measures(cell: CellRows) -> Table:
    """List every measure of a cell over its trainings; a dash where it was not computed."""
    rows = []
    for name, words in _MEASURES:
        values = cell.values(name) if name in cell.rows else np.array([])
        known = values[~np.isnan(values)]
        infinite = int(np.isinf(known).sum())
        note = MISSING if not known.size else f"{count(known.size)}"
        if infinite:
            note = _("{some}, ∞ in {infinite}").format(some=note, infinite=count(infinite))
        rows.append((_(words), middle(values), ends(values), note))
    return Table(
        _("Distances of what was learned from the truth: {cell}").format(cell=cell.label),
        (_("distance"), medians([cell], _("value")), _("5–95 %"), _("trainings")),
        rows,
    )


def replicates(cells: Sequence[CellRows]) -> Table:
    """List trainings one by one, the first seeds of each cell."""
    rows: list[list[str]] = []
    each = min(MOST_SEEDS, max(MOST_ROWS // len(cells), 1))
    total = sum(cell.replicates for cell in cells)
    for cell in cells:
        modes = modes_of(cell)
        for at, row in enumerate(cell.rows.iloc[:each].to_dict("records")):
            found = math.nan if modes is None else float(modes.found[at])
            quality = math.nan if modes is None else float(modes.quality[at])
            rows.append(
                [
                    *(cell.label, str(row["seed"]), _words(str(row["verdict"]))),
                    count(found) if math.isfinite(found) else MISSING,
                    percent(quality),
                    *(number(row.get(name)) for name in ("worth_energy", "jensen_shannon", "kl")),
                    *(number(row[name]) for name in ("loss_D", "loss_G", "examples_per_second")),
                ]
            )
    which = _("All trainings")
    if len(rows) < total:
        which = _("{shown} of {total} trainings, the first seeds of each").format(
            shown=count(len(rows)), total=count(total)
        )
    caption = _("{which}; gan-eval export gives every column of every one").format(which=which)
    head = (
        *(_("trained"), _("seed"), _("verdict"), _("modes found"), _("points on a mode")),
        *(_("worth by energy, real rows"), _("Jensen–Shannon, nats"), _("KL(q‖p)")),
        *("loss_D", "loss_G", _("examples/sec")),
    )
    return Table(caption, head, rows)


def _words(verdict: str) -> str:
    return _("could not tell") if verdict == "could_not_tell" else _(verdict)
