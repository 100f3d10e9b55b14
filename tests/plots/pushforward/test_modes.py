"""What is drawn of modes are the numbers that were given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import PathPatch, Rectangle

import gan_eval as ge
from gan_eval.plots.pushforward.modes import CLASSES, MOST_SEEDS, columns_of
from gan_eval.runtime.errors import UsageError

DUE = np.full(4, 0.25)


def area(patch: PathPatch) -> float:
    """How many squares of a compound path are covered, each 0.9 high."""
    corners = np.asarray(patch.get_path().vertices).reshape(-1, 5, 2)
    return float(np.sum(np.ptp(corners[:, :, 0], axis=1)))


def test_each_class_covers_as_many_squares_as_it_has_numbers() -> None:
    rng = np.random.default_rng(0)
    masses = rng.dirichlet(np.full(4, 0.4), size=30)
    ax = ge.plots.mode_masses(masses, DUE)
    edges = [0.0, *(end for end, *_rest in CLASSES)]
    share = masses / DUE
    counts = {
        name: int(((share > low) & (share <= high)).sum() + (low == 0) * (share == 0).sum())
        for (_end, _colour, _opacity, name), low, high in zip(
            CLASSES, edges[:-1], edges[1:], strict=True
        )
    }
    drawn = {
        str(patch.get_label()): area(patch) for patch in ax.patches if isinstance(patch, PathPatch)
    }
    assert drawn == {name: n for name, n in counts.items() if n}
    assert ax.get_ylim() == (4.5, 0.5)


def test_columns_stand_by_modes_and_those_without_numbers_are_left_out() -> None:
    masses = np.array([[0.25] * 4, [np.nan] * 4, [1.0, 0, 0, 0], [0.5, 0.5, 0, 0]])
    assert columns_of(masses, DUE).tolist() == [2, 3, 0]
    assert len(columns_of(np.random.default_rng(1).dirichlet(np.ones(4), 500), DUE)) == MOST_SEEDS


def test_bars_count_trainings_and_the_mean_stands_where_it_is() -> None:
    found = np.array([3, 4, 4, 2, np.nan])
    ax = ge.plots.modes_found(found, 4, interval=(2.5, 4.0))
    assert [bar.get_height() for bar in ax.patches if isinstance(bar, Rectangle)] == [0, 0, 1, 1, 2]
    bar, mean = ax.lines
    assert np.asarray(bar.get_xdata()).tolist() == [2.5, 4.0]
    assert np.asarray(mean.get_xdata()).tolist() == [3.25]


def test_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="`masses` must have shape"):
        ge.plots.mode_masses(np.ones((3, 4)), np.ones(3))
