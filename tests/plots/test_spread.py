"""KL and worth over seeds: the shares at the margins, and one strip a configuration."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection

import gan_eval as ge
from gan_eval.runtime.errors import UsageError

ROWS = pd.DataFrame(
    {
        "kl": [0.05, 0.08, 0.2, 0.4, 0.6, 2.0, np.inf, np.nan],
        "worth_kl": [50.0, 30.0, 12.0, 6.0, 4.0, 1.0, 0.0, np.nan],
        "margin": 0.1,
        "near_margin": 0.5,
        "yardstick": "kl",
        "cell": ["a"] * 4 + ["b"] * 4,
    }
)
ROWS["efficiency"] = ROWS["worth_kl"] / 1000


def test_the_curve_counts_what_has_no_place_on_the_axis() -> None:
    ax = ge.plots.kl_spread(ROWS)
    points = [
        (np.asarray(line.get_xdata())[0], np.asarray(line.get_ydata())[0])
        for line in ax.lines
        if line.get_marker() == "o"
    ]
    assert points == [(0.1, 2 / 8), (0.5, 4 / 8)]
    # The curve ends below 1 within the limits: two of eight have no finite KL.
    curve = max(ax.lines, key=lambda line: len(np.asarray(line.get_xdata())))
    x, y = map(np.asarray, curve.get_data())
    assert y[x <= ax.get_xlim()[1]].max() == pytest.approx(6 / 8)


def test_the_share_worth_at_least_so_many_falls() -> None:
    ax = ge.plots.worth_spread(ROWS)
    curve = max(ax.lines, key=lambda line: len(np.asarray(line.get_xdata())))
    x, y = map(np.asarray, curve.get_data())
    assert (np.diff(y[np.isfinite(x)]) <= 0).all()
    assert y[x <= 3].min() >= 5 / 8 - 1e-9
    saw = [float(np.asarray(line.get_xdata())[0]) for line in ax.lines if line.get_marker() == "o"]
    assert saw == [1000]


def test_each_configuration_is_a_strip_from_above() -> None:
    ax = ge.plots.kl_spread(ROWS, by="cell")
    first, second = (
        np.asarray(c.get_offsets()) for c in ax.collections if isinstance(c, PathCollection)
    )
    assert sorted(first[:, 0]) == [0.05, 0.08, 0.2, 0.4]
    assert sorted(second[:, 0]) == [0.6, 2.0]
    assert (first[:, 1] < 0.5).all()
    assert (second[:, 1] > 0.5).all()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b"]
    bottom, top = ax.get_ylim()
    assert bottom > top


def test_few_trainings_have_no_share_and_many_configurations_are_counted() -> None:
    few = ge.plots.kl_spread(ROWS[:3])
    assert [tick.get_text() for tick in few.get_yticklabels()] == ["3 trainings"]
    (marks,) = (c for c in few.collections if isinstance(c, PathCollection))
    assert sorted(np.asarray(marks.get_offsets())[:, 0]) == [0.05, 0.08, 0.2]
    many = pd.DataFrame({"kl": np.linspace(0.1, 1, 15), "cell": [f"c{i}" for i in range(15)]})
    ax = ge.plots.kl_spread(many, by="cell")
    assert len(ax.get_yticks()) == 12
    assert any("3 more" in text.get_text() for text in ax.texts)


@pytest.mark.parametrize("values", [[np.inf, np.nan], [0.3], [0.0, 0.0]])
def test_nothing_that_has_a_place_or_one_training_is_a_picture(values: list[float]) -> None:
    rows = pd.DataFrame({"kl": values, "worth_kl": values})
    assert ge.plots.kl_spread(rows).get_xlabel()
    assert ge.plots.worth_spread(rows.assign(c="x"), by="c").get_xlabel()


def test_what_is_no_table_of_trainings_is_refused() -> None:
    with pytest.raises(ge.UsageError, match="`rows`"):
        ge.plots.kl_spread(ROWS[:0])
    with pytest.raises(ge.UsageError, match="column cells"):
        ge.plots.kl_spread(ROWS, by="cells")


def test_trainings_whose_kl_was_not_computed_are_left_out() -> None:
    rows = ROWS.assign(verdict=["near"] * 7 + ["diverged"])
    others = rows.iloc[:5].assign(kl=np.nan)
    axes = [ge.plots.kl_spread(pd.concat(parts)) for parts in ([rows], [rows, others])]
    one, both = ([np.asarray(line.get_ydata()).tolist() for line in ax.lines] for ax in axes)
    assert one == both
    with pytest.raises(UsageError, match="`rows` must have a training whose KL is known"):
        ge.plots.kl_spread(others)


def test_the_median_of_worths_counts_what_diverged_as_worth_nothing() -> None:
    rows = pd.DataFrame({"worth_kl": [1.0, 2.0, 3.0, np.nan, np.nan], "cell": "a"})
    rows = pd.concat([rows, rows.assign(cell="b", worth_kl=5.0)])
    ax = ge.plots.worth_spread(rows, by="cell")
    medians = [float(np.asarray(line.get_xdata())[0]) for line in ax.lines]
    assert medians == [1.0, 5.0]
