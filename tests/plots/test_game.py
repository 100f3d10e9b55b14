"""The field of a game: which way arrows point, and where a path runs."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.quiver import Quiver

import gan_eval as ge

TURN = np.array([[0.0, 1.0], [-1.0, 0.0]])


def test_every_arrow_points_where_the_field_does() -> None:
    ax = ge.plots.field(TURN)
    arrows = [c for c in ax.collections if isinstance(c, Quiver)]
    assert sum(a.N for a in arrows) == 15 * 15 - 1  # none at the equilibrium
    for some in arrows:
        field = np.column_stack([some.X, some.Y]) @ TURN.T
        along = np.column_stack([some.U, some.V])
        cosine = (field * along).sum(axis=1) / np.hypot(*field.T) / np.hypot(*along.T)
        np.testing.assert_allclose(cosine, 1)
    # The faster, the stronger.
    speeds = [np.hypot(a.X, a.Y).mean() for a in arrows]
    assert speeds == sorted(speeds)
    assert [a.get_alpha() for a in arrows] == sorted(float(a.get_alpha() or 0) for a in arrows)


def test_a_path_runs_through_its_places_within_the_picture() -> None:
    path = [[0.0, 2.0], [1.0, 1.0], [np.nan, 0.0]]
    ax = ge.plots.field(TURN, {"mine": path})
    np.testing.assert_array_equal(np.column_stack(ax.lines[0].get_data()), path)
    assert ax.get_xlim()[1] == pytest.approx(2.2)
    assert ax.get_legend_handles_labels()[1] == ["mine", "equilibrium"]


def test_what_is_no_field_is_refused() -> None:
    with pytest.raises(ge.UsageError, match="`matrix`"):
        ge.plots.field(np.eye(3))
    with pytest.raises(ge.UsageError, match="`paths`"):
        ge.plots.field(TURN, {"mine": [1.0, 2.0]})
