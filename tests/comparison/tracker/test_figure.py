"""The picture of a training."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from gan_eval.comparison.tracker import Tracker
from gan_eval.comparison.tracker.figure import shaded


@pytest.mark.parametrize("steps", [1, 2, 12])
def test_worth_over_the_steps(steps: int) -> None:
    rng = np.random.default_rng(0)
    tracker = Tracker(rng.normal(size=(500, 2)))
    for step in range(steps):
        tracker.log(step, rng.normal(2 / (1 + step), size=(200, 2)))
    tracker.log(steps, np.full((9, 2), np.nan))
    figure = tracker.plot()
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert {"may be the best", "interval", "worth", "no result"} <= set(labels)
    (line,) = [one for one in axes.lines if one.get_label() == "worth"]
    drawn = np.asarray(line.get_ydata(), float)
    worth = tracker.frame["worth_energy"].dropna().to_numpy()
    finite = np.isfinite(worth)
    assert drawn[finite] == pytest.approx(worth[finite])
    assert np.isfinite(drawn).all()


def test_stretches_reach_half_way() -> None:
    steps = np.array([0.0, 10.0, 30.0])
    assert shaded(steps, {0.0, 30.0}) == [(-5.0, 5.0), (20.0, 40.0)]
    assert shaded(steps, {0.0, 10.0}) == [(-5.0, 20.0)]
    assert shaded(np.array([5.0]), {5.0}) == [(4.5, 5.5)]
    assert shaded(steps, set()) == []
