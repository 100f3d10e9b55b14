"""Pictures over seeds: the words beside them are those of the masses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gan_eval.report.cells import CellRows, cells_of
from gan_eval.report.computed import over_seeds

from .made import one


def _with(masses: np.ndarray) -> CellRows:
    """The plain cell with such masses of modes, (6, 8)."""
    (cell,) = cells_of(one())
    names = {f"mode_mass_{j}": masses[:, j - 1] for j in range(1, 9)}
    return replace(cell, rows=cell.rows.assign(**names))


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ([], "no training has lost a mode"),
        ([(s, j) for s in range(6) for j in range(8)], "all modes are lost in every training"),
        ([(s, j) for s in range(3) for j in range(8)], "each mode is lost in 50% of"),
        ([(s, 2) for s in range(6)] + [(0, 5)], "mode 3 is lost most often, in 100% of"),
        ([(s, j) for s in range(3) for j in (1, 4)], "modes 2, 5 are lost most often, each in 50%"),
        ([(s, j) for s in range(3) for j in range(6)], "6 modes are lost most often, each in 50%"),
    ],
)
def test_the_modes_that_are_lost_most_often_are_all_told(lost, said: str) -> None:
    masses = np.full((6, 8), 0.12)
    for place in lost:
        masses[place] = 0.0
    drawn = over_seeds.masses(_with(masses), "fig-masses-1")
    assert drawn is not None
    words = drawn.caption.replace("\N{NARROW NO-BREAK SPACE}", "").replace("\N{NO-BREAK SPACE}", "")
    assert said.lower() in words.replace(" %", "%").lower()
