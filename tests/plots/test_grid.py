"""Heat maps and curves over a study's axes: which entry and which point stands where."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from gan_eval import UsageError
from gan_eval.pages.canvas import COLOURS, canvas
from gan_eval.plots import curves, heat

KL = pd.DataFrame(
    [[0.9, 0.02, np.nan], [np.inf, 0.2, 0.0]],
    index=pd.Index([0.01, 0.05], name="rate of G"),
    columns=pd.Index(["a", "b", "c"], name="remedy"),
)


def strengths(ax: Axes) -> list[float]:
    return [float(cell.get_alpha() or 0) for cell in cells(ax)]


def points(line: Line2D) -> list[list[float]]:
    return np.column_stack(line.get_data()).tolist()


def cells(ax: Axes) -> list[Rectangle]:
    return [p for p in ax.patches if isinstance(p, Rectangle) and p.get_fill()]


def test_each_entry_stands_in_its_row_and_column_and_the_lowest_is_strongest() -> None:
    ax = heat(KL, label="KL, nats")
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    assert [texts[column, 0] for column in range(3)] == ["0.90", "0.020", "–"]
    assert [texts[column, 1] for column in range(3)] == ["–", "0.20", "0"]
    strength = strengths(ax)
    assert strength[5] == max(strength)
    assert strength[2] == strength[3] == 0
    assert strength[1] > strength[4] > strength[0] > 0
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("remedy", "rate of G")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0.01", "0.05"]
    (frame,) = (p for p in ax.patches if isinstance(p, Rectangle) and not p.get_fill())
    assert frame.get_xy() == (1.5, 0.5)
    bottom, top = ax.get_ylim()
    assert bottom > top  # the first row is above


def test_a_worth_is_better_when_high_and_a_logarithm_shades_by_decades() -> None:
    worth = pd.DataFrame([[1.0, 10.0, 100.0, 0.0]])
    alphas = strengths(heat(worth, label="worth", best="high", log=True))
    assert alphas[2] == max(alphas)
    assert alphas[1] == pytest.approx((alphas[0] + alphas[2]) / 2)
    assert alphas[3] == 0  # no logarithm, no shade


@pytest.mark.parametrize("value", [np.nan, 0.3])
def test_a_table_of_one_entry_or_of_none_that_is_finite_is_drawn(value: float) -> None:
    assert len(cells(heat(pd.DataFrame([[value]]), label="KL"))) == 1


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(UsageError, match="`values`"):
        heat(pd.DataFrame(), label="KL")
    with pytest.raises(UsageError, match="best"):
        heat(KL, label="KL", best="most")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="`frame`"):
        curves(pd.DataFrame({"x": [1]}), xlabel="", ylabel="")
    with pytest.raises(UsageError, match="ax"):
        heat(KL, label="KL", ax="here")  # type: ignore[arg-type]


POINTS = pd.DataFrame(
    {
        "x": [4, 1, 2, 1, 2],
        "y": [0.1, 0.4, 0.2, 5.0, np.inf],
        "low": [0.05, 0.2, 0.1, np.nan, np.nan],
        "high": [0.2, 0.8, 0.4, np.nan, np.nan],
        "name": ["chapter"] * 3 + ["averaged"] * 2,
    }
)


def test_a_curve_goes_through_its_points_in_order_with_their_intervals() -> None:
    ax = curves(POINTS, xlabel="width", ylabel="KL", log_x=True)
    first, second = ax.lines
    assert points(first) == [[1, 0.4], [2, 0.2], [4, 0.1]]
    assert points(second)[0] == [1, 5]
    assert np.isnan(points(second)[1][1])
    (bars,) = (c for c in ax.collections if isinstance(c, LineCollection))
    ends = [np.asarray(segment).tolist() for segment in bars.get_segments()]
    assert ends == [[[1, 0.2], [1, 0.8]], [[2, 0.1], [2, 0.4]], [[4, 0.05], [4, 0.2]]]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_legend_handles_labels()[1] == ["chapter", "averaged"]
    assert ax.get_legend() is not None


def test_names_stand_at_even_distances_and_one_curve_needs_no_legend() -> None:
    two = pd.DataFrame({"x": ["none", "spectral"], "y": [1.0, 2.0], "name": "KL"})
    ax = curves(two.assign(low=np.nan, high=np.nan), xlabel="remedy", ylabel="KL", log_y=False)
    assert points(ax.lines[0]) == [[0, 1], [1, 2]]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["none", "spectral"]
    assert ax.get_legend() is None
    assert not ax.collections


def test_the_colours_are_a_pages_on_its_canvas_and_the_light_theme_elsewhere() -> None:
    with canvas() as (_, ax):
        assert curves(POINTS, xlabel="x", ylabel="y", ax=ax) is ax
        assert ax.lines[0].get_color() == COLOURS["learned"]
    mine = Figure().add_subplot()
    for ax in (
        curves(POINTS, xlabel="x", ylabel="y"),
        curves(POINTS, xlabel="", ylabel="", ax=mine),
    ):
        assert ax.lines[0].get_color() == "#c2480f"
