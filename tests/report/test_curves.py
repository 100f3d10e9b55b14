"""Curves over epochs: what has no place on them is counted, few trainings have no median."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gan_eval.report import curves
from gan_eval.report.cells import cells_of

from . import synthetic


def test_a_kl_that_is_not_finite_on_the_way_is_counted() -> None:
    made = synthetic.results(10)
    made.epochs.loc[(made.epochs["seed"] == 4) & (made.epochs["epoch"] > 3), "kl"] = np.inf
    made.epochs.loc[(made.epochs["seed"] == 5) & (made.epochs["epoch"] > 9), "kl"] = np.nan
    cell = cells_of(made)[0]
    assert "2 of 10 not shown" in curves.kl_of_all(cell, "fig").caption
    assert "17 of 21 not shown" not in curves.kl_of_one(cell, 3, "fig").caption
    assert "17 of 21 not shown" in curves.kl_of_one(cell, 4, "fig").caption


def test_a_cell_without_a_finite_kl_has_its_curves() -> None:
    # Warnings are errors here: an axis with the margin alone on it must still have a height.
    made = synthetic.results(3)
    made.epochs["kl"] = np.inf
    (cell,) = cells_of(made)
    assert "3" in curves.kl_of_all(cell, "fig-y").caption


@pytest.mark.parametrize("replicates", [1, 2])
def test_few_trainings_have_a_curve_each_and_no_median(replicates: int) -> None:
    (cell,) = cells_of(synthetic.results(replicates))
    for drawn in (curves.losses_of_all(cell, "fig-z"), curves.kl_of_all(cell, "fig-z")):
        assert not re.search("median|typical", drawn.caption + drawn.description)
        assert drawn.csv is not None
        head, *lines = drawn.csv.strip().splitlines()
        assert "seed" in head
        assert len({line.rpartition(",")[2] for line in lines}) == replicates
