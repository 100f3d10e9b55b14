"""Intervals of a median: known answers, and SciPy's statistics as the oracle. Rows by cell: what
pandas' own grouping gives, without its copy where that can be saved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gan_eval.judging.summary import CELL, by_cell, median_interval, summarise
from gan_eval.judging.verdicts import OUTSIDE_VERDICTS

from ..report.generators import synthetic


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [*range(1, 60), 1000, 9999, 10**6])
def test_the_ranks_of_a_median_are_binomial_quantiles(n: int, confidence: float) -> None:
    k = int(stats.binom.ppf((1 - confidence) / 2, n, 0.5))
    expected = (k - 1, n - k) if k else (-np.inf, np.inf)
    assert median_interval(np.arange(n), confidence) == expected


def test_six_values_are_the_fewest_with_an_interval() -> None:
    # All six lie on one side of the median with probability 2 · 2⁻⁶ = 3.1 %.
    assert median_interval([6, 5, 4, 3, 2, 1]) == (1, 6)
    assert median_interval([5, 4, 3, 2, 1]) == (-np.inf, np.inf)
    assert np.isnan(median_interval([1, np.nan, 2])).all()


def rows() -> pd.DataFrame:
    cells = [("b", "x", "cpu"), ("a", "x", "cpu"), ("a", "y", "cuda"), (None, "y", "cpu")]
    frame = pd.DataFrame([cell for cell in cells for _ in range(3)], columns=CELL)
    return frame.assign(seed=np.arange(len(frame)), kl=np.sqrt(np.arange(len(frame))))


@pytest.mark.parametrize("together", [True, False])
def test_each_cell_has_its_rows_in_their_order(together: bool) -> None:
    frame = rows()
    if not together:
        frame = frame.iloc[np.random.default_rng(0).permutation(len(frame))]
    groups: Any = frame.groupby(CELL, sort=False, dropna=False)
    found = list(by_cell(frame))
    assert [tuple(map(str, cell)) for cell, _ in found] == [tuple(map(str, k)) for k, _ in groups]
    for (_, one), (_, other) in zip(found, groups, strict=True):
        pd.testing.assert_frame_equal(one, other)
        assert np.shares_memory(one["kl"], frame["kl"]) is together


def test_no_rows_have_no_cells() -> None:
    assert list(by_cell(rows().iloc[:0])) == []


def test_trainings_of_outside_generators_without_a_result_count_as_the_worst() -> None:
    made = synthetic.results()
    cells = summarise(made.rows).set_index(["configuration", "backend"])
    for key, rows in made.rows.groupby(["configuration", "backend"]):
        cell: Any = cells.xs(key)
        counts = {name: (rows["verdict"] == name).sum() for name in OUTSIDE_VERDICTS}
        assert cell[list(OUTSIDE_VERDICTS)].to_dict() == counts
        share = stats.binomtest(int(counts["converged"]), len(rows)).proportion_ci(method="exact")
        assert cell["converged_share_low"] == pytest.approx(share.low)
        assert cell["converged_share_high"] == pytest.approx(share.high)
        size = rows["worth_energy"].mask(rows["verdict"] == "no_result", 0.0)
        assert cell["worth_energy"] == np.median(size)
        # No narrower than the typical replicate's own interval.
        judged = rows[rows["verdict"] != "no_result"]
        low, high = median_interval(size)
        assert cell["worth_energy_low"] == min(low, judged["worth_energy_low"].median())
        assert cell["worth_energy_high"] == max(high, judged["worth_energy_high"].median())
        assert np.isnan(cell["kl"])  # none was computed, so none is infinite either


def test_nothing_is_said_of_a_worth_that_no_training_has() -> None:
    rows = synthetic.all_failed().rows
    cells = summarise(rows[rows["backend"] == "RingGAN"])
    assert cells["no_result"].tolist() == [3, 3]
    names = ["worth_energy", "worth_energy_low", "worth_energy_high"]
    assert np.isnan(cells[names].to_numpy()).all()
