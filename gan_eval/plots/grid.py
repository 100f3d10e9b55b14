"""A measure over the axes of a study's grid: a heat map over two, curves over one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from gan_eval.pages.canvas import COLOURS, legend_above, plain_log_axis
from gan_eval.pages.numbers import MISSING, number, setting
from gan_eval.plots.axes import drawn, given
from gan_eval.runtime.arguments import instance_of, one_of
from gan_eval.runtime.errors import UsageError

STYLES = (
    ("learned", "-", "o"),
    ("real", "--", "s"),
    ("loss-d", "-.", "^"),
    ("loss-g", ":", "D"),
    ("converged", (0, (6, 1)), "v"),
    ("near", (0, (1, 1)), "P"),
    ("failed", (0, (4, 1, 1, 1)), "X"),
    ("ink", "-", "d"),
)
"""Colour, dashes and marker of one curve after another."""

_FAINT, _STRONG = 0.06, 0.62
"""Opacities of the worst and the best entry: over both themes the page's ink is read on them."""

_COLUMNS = {"x", "y", "low", "high", "name"}


@drawn
def heat(
    values: pd.DataFrame,
    *,
    label: str,
    best: Literal["low", "high"] = "low",
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw a table of numbers as a heat map: the stronger the colour, the better.

    Parameters
    ----------
    values : DataFrame
        A number for each value of one setting (the index, from above) and of another (the
        columns). The names of both axes stand beside them. What is not finite is a dash.
    label : str
        What the numbers are, with their unit: ``"KL, nats"``.
    best : str
        ``"low"`` or ``"high"``. The best entry has a frame.
    log : bool
        Shade by the logarithm, of numbers over several decades; only those above 0 have a shade.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    >>> import pandas as pd
    >>> from gan_eval import plots
    >>> kl = pd.DataFrame({0.01: [0.9, 0.02], 0.05: [1.4, 0.3]}, index=["chapter", "averaged"])
    >>> ax = plots.heat(kl.rename_axis(columns="learning rate of D"), label="KL, nats", log=True)
    >>> [text.get_text() for text in ax.texts]
    ['0.90', '1.4', '0.020', '0.30']
    >>> ax.get_xlabel()
    'learning rate of D'
    """
    axes = given(ax)
    instance_of(values, "values", pd.DataFrame)
    one_of(best, "best", ("low", "high"))
    if values.empty:
        raise UsageError("`values` must have a row and a column, got an empty table")
    table = values.to_numpy(dtype=np.float64)
    opacity = _opacity(table, best, log)
    places = np.isfinite(opacity)
    winner = np.nanargmax(opacity) if places.any() else -1
    rows, columns = table.shape
    # A wide table has room for fewer digits, and a very wide one for none.
    digits, size = (2, 9.0) if columns <= 6 else (2, 7.5) if columns <= 10 else (1, 6.0)
    for place, (row, column) in enumerate(np.ndindex(rows, columns)):
        shade = opacity[row, column]
        axes.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), 1, 1, linewidth=1.0, edgecolor=COLOURS["surface"],
                facecolor=COLOURS["real"], alpha=float(shade) if np.isfinite(shade) else 0.0,
            )
        )  # fmt: skip
        if columns <= 16:
            entry = table[row, column]
            axes.text(
                column, row, number(entry, digits) if np.isfinite(entry) else MISSING,
                ha="center", va="center", fontsize=size, color=COLOURS["ink"],
                fontweight="bold" if place == winner else "normal",
            )  # fmt: skip
    if winner >= 0:
        row, column = divmod(int(winner), columns)
        axes.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), 1, 1, fill=False, linewidth=2.0, zorder=3,
                edgecolor=COLOURS["ink"], clip_on=False,
            )
        )  # fmt: skip
    axes.set(
        xlim=(-0.5, columns - 0.5),
        ylim=(rows - 0.5, -0.5),
        xticks=range(columns),
        yticks=range(rows),
        xticklabels=[_named(name) for name in values.columns],
        yticklabels=[_named(name) for name in values.index],
        xlabel=_axis_name(values.columns),
        ylabel=_axis_name(values.index),
        title=f"{label} (stronger is better, {best}est framed)",
    )
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    longest = max(len(_named(name)) for name in values.columns)
    if (columns > 4 and longest > 6) or columns * longest > 44:
        axes.tick_params(axis="x", rotation=30)
    return axes


@drawn
def curves(
    frame: pd.DataFrame,
    *,
    xlabel: str,
    ylabel: str,
    log_x: bool = False,
    log_y: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a measure over one setting, a curve for each name, with its intervals.

    Parameters
    ----------
    frame : DataFrame
        Columns ``x``, ``y``, ``low``, ``high`` (the interval, NaN where there is none) and
        ``name`` (of the curve). Where an ``x`` is no number, they stand at even distances in the
        order in which they come. A point that is not finite, or on a logarithmic axis not above
        0, leaves a gap.
    xlabel, ylabel : str
    log_x, log_y : bool
        Make an axis logarithmic.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    >>> import pandas as pd
    >>> from gan_eval import plots
    >>> points = pd.DataFrame({"x": [1, 2, 4], "y": [0.5, 0.2, 0.1], "name": "chapter"})
    >>> points = points.assign(low=points["y"] / 2, high=points["y"] * 2)
    >>> ax = plots.curves(points, xlabel="hidden units", ylabel="KL, nats")
    >>> ax.lines[0].get_xydata().tolist()
    [[1.0, 0.5], [2.0, 0.2], [4.0, 0.1]]
    """
    axes = given(ax)
    instance_of(frame, "frame", pd.DataFrame)
    if missing := sorted(_COLUMNS - set(frame.columns)):
        raise UsageError(
            f"`frame` must have the columns x, y, low, high and name; it has no {missing[0]}"
        )
    if frame.empty:
        raise UsageError("`frame` must have a row, got none")
    x, ticks = _positions(frame["x"], log_x)
    names = list(dict.fromkeys(frame["name"]))
    for place, name in enumerate(names):
        part = (frame["name"] == name).to_numpy()
        order = np.argsort(x[part], kind="stable")
        numbers = frame.loc[part, ["y", "low", "high"]].to_numpy(dtype=np.float64)[order]
        y, low, high = numbers.T
        colour, dashes, marker = STYLES[place % len(STYLES)]
        _interval(axes, x[part][order], y, low, high, COLOURS[colour], log_y)
        axes.plot(
            x[part][order], _placed(y, log_y), color=COLOURS[colour], linestyle=dashes,
            marker=marker, markersize=4.5, label=str(name),
        )  # fmt: skip
    if log_y:
        plain_log_axis(axes, "y")
    if ticks is not None:
        axes.set_xticks(range(len(ticks)), ticks)
    elif log_x:
        plain_log_axis(axes, "x")
        if len(places := np.unique(x)) <= 8:
            axes.set_xticks(places, [setting(place) for place in places])
            axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if len(names) > 1:
        legend_above(axes, columns=2 if max(len(str(name)) for name in names) > 14 else 3)
    return axes


def _opacity(table: NDArray[np.float64], best: str, log: bool) -> NDArray[np.float64]:
    """Find how strong the colour of each entry is; NaN where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log(table) if log else table.copy()
    level[~np.isfinite(level)] = np.nan
    if np.isnan(level).all():
        return level
    if best == "low":
        level = -level
    low, high = np.nanmin(level), np.nanmax(level)
    share = (level - low) / (high - low) if high > low else np.where(np.isnan(level), np.nan, 1.0)
    return _FAINT + share * (_STRONG - _FAINT)


def _interval(
    axes: Axes, x: NDArray, y: NDArray, low: NDArray, high: NDArray, colour: str, log_y: bool
) -> None:
    """Draw the intervals as bars at the points, and as a band where there are many."""
    low, high = _placed(low, log_y), np.where(np.isfinite(high), high, np.nan)
    known = np.isfinite(_placed(y, log_y)) & np.isfinite(low) & np.isfinite(high)
    if known.sum() > 12:
        axes.fill_between(x, low, high, where=known, color=colour, alpha=0.18, linewidth=0)
    elif known.any():
        axes.vlines(x[known], low[known], high[known], color=colour, linewidth=1.3, alpha=0.7)


def _placed(y: NDArray, log: bool) -> NDArray[np.float64]:
    """The values that have a place on the axis; NaN for the others."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(y) & ((y > 0) | (not log)), y, np.nan)


def _positions(x: pd.Series, log: bool) -> tuple[NDArray[np.float64], list[str] | None]:
    """Where the points stand, and the names of these places where they are no numbers."""
    values = list(x)
    if all(_is_number(v) and (v > 0 or not log) for v in values):
        return np.array(values, dtype=np.float64), None
    places: dict[Any, int] = {}
    for value in values:
        places.setdefault(value, len(places))
    return np.array([places[v] for v in values], dtype=np.float64), [_named(v) for v in places]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)


def _named(name: Hashable) -> str:
    return setting(float(name)) if _is_number(name) else str(name)  # type: ignore[arg-type]


def _axis_name(index: pd.Index) -> str:
    names: Iterable[Hashable] = index.names
    return ", ".join(str(name) for name in names if name is not None)
