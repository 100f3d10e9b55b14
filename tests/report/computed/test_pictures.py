"""What is said under pictures of generators without a closed form is true of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gan_eval as ge
from gan_eval.report.cells import CellRows, cells_of
from gan_eval.report.computed import pictures
from gan_eval.report.computed.again import again

from .made import RING, one, results


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
    drawn = pictures.masses(_with(masses), "fig-masses-1")
    assert drawn is not None
    words = drawn.caption.replace("\N{NARROW NO-BREAK SPACE}", "").replace("\N{NO-BREAK SPACE}", "")
    assert said.lower() in words.replace(" %", "%").lower()


def test_rings_are_told_of_mixtures_only() -> None:
    for target, told in (("ring8", True), ("chapter", False)):
        config = ge.TrainingConfig(**(RING | {"target": target}))
        (cell,) = cells_of(results({"plain": config}, seeds=1))
        found = again(cell)
        assert found is not None
        drawn = pictures.generated(cell, found, "fig-density-1")
        assert drawn is not None
        assert ("rings" in drawn.caption) is told
        assert drawn.caption.rstrip(".").rstrip() != drawn.caption
