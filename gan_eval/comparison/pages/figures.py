"""Pictures of a comparison: marginals, the two most different columns, the leading directions."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gan_eval.comparison.columns.kinds import Kind
from gan_eval.comparison.pages import answer, coverage_words, words
from gan_eval.pages.canvas import COLOURS, canvas, figure_of, legend_above, picture
from gan_eval.pages.numbers import number, percent
from gan_eval.pages.picture import Picture
from gan_eval.runtime.arguments import plain
from gan_eval.stats.conversion import Array, in_words
from gan_eval.stats.mixed import imputed

if TYPE_CHECKING:
    from gan_eval.comparison.comparison import Comparison, Side


MOST_MARGINALS = 6
MOST_ON_PAGE = 4
"""Columns that the page draws."""

MOST_LEVELS = 10
"""Levels of a category that a picture shows."""
POINTS = 300
"""Points drawn of each sample in a scatter."""

_BINS = 40
_DAY = 86_400.0  # seconds
_OUTSIDE = 0.005  # a share of the rows beyond each end of an axis, which no picture needs
_SIDES = (("real", "real", "-", "o"), ("generated", "learned", (0, (5, 2)), "^"))


def pictures(found: Comparison) -> tuple[Picture, list[Picture]]:
    """Draw the picture that shows best what the answer says, and the page's other pictures.

    It is the column that differs most, or, where none is shown to differ, the plane of the leading
    directions; where a mode or a part of the real rows is missed, the rows themselves.
    """
    planes = [
        *(("fig-columns", plane) for plane in _columns_plane(found)),
        *(("fig-directions", plane) for plane in _directions_plane(found)),
    ]
    makers: list[Callable[[], Picture]] = [
        *(partial(_scatter, found, name, plane) for name, plane in planes),
        *(partial(_marginal, found, i) for i in range(min(MOST_ON_PAGE, len(found.compared)))),
    ]
    row, at = answer.differing(found), len(planes)
    if answer.missed(found):
        if planes and len(found.compared) == 2:
            at = 0
        elif found.coverage is not None:
            makers, at = [*makers, partial(coverage, found)], len(makers)
    elif row is None and planes:
        at = len(planes) - 1
    elif row is not None:
        place = found.columns["column"].tolist().index(row["column"])
        at += place if place < MOST_ON_PAGE else 0
    first = makers.pop(at)
    return first(), [make() for make in (*makers[len(planes) :], *makers[: len(planes)])]


def coverage(found: Comparison) -> Picture:
    """Draw the real rows that no generated row is near, of a comparison that has coverage."""
    assert found.coverage is not None
    return coverage_words.draw(found.coverage, *found.measures.points)


def plot(found: Comparison) -> Figure:
    """Draw all of these in one matplotlib figure."""
    drawings: list[Callable[[Axes], object]] = [
        partial(_draw_marginal, found, position) for position in range(_marginal_count(found))
    ]
    planes = [*_columns_plane(found), *_directions_plane(found)]
    return figure_of([*drawings, *(partial(_draw_scatter, found, plane) for plane in planes)])


class _Plane(NamedTuple):
    """A plane: both samples as points, each (n, 2), the names of the axes, and a caption."""

    samples: list[Array]
    labels: tuple[str, str]
    caption: str


def _columns_plane(found: Comparison) -> list[_Plane]:
    numbers = found.real.rows.number_names
    names = [str(name) for name in found.columns["column"] if name in numbers][:2]
    if len(names) < 2:
        return []
    labels = _label(found, names[0]), _label(found, names[1])
    caption = f"The two most different columns of numbers, {labels[0]} and {labels[1]}"
    samples = [
        np.column_stack([_values(found, side, name) for name in names]) for side in _sides(found)
    ]
    complete = [_complete(rows) for rows in samples]
    pooled = np.concatenate(complete)
    if not len(pooled) or (pooled == pooled[0]).all(axis=0).any():
        return []
    return [_Plane(complete, labels, caption)]


def _directions_plane(found: Comparison) -> list[_Plane]:
    directions = found.directions
    if directions is None or len(found.real.rows.number_names) < 2:
        return []
    if not directions.spread or not directions.mean.loadings.any():
        return []
    if math.isnan(directions.chance_ratio):  # columns are so many that any rows seem to differ
        return []
    along = (directions.mean, directions.spread[0])
    samples = [
        np.column_stack([directions.scores(rows, direction) for direction in along])
        for rows in imputed(found.real.rows, found.generated.rows)
    ]
    labels = ("direction of the largest shift", "direction of the most unequal spread")
    caption = (
        f"Across: {words.formula(found, along[0])}; shift {number(along[0].value, 2)} standard "
        f"deviations. Up: {words.formula(found, along[1])}; variance × {number(along[1].value)}"
    )
    return [_Plane(samples, labels, caption)]


def _sides(found: Comparison) -> tuple[Side, Side]:
    return found.real, found.generated


def _complete(rows: Array) -> Array:
    return rows[~np.isnan(rows).any(axis=1)]


def _label(found: Comparison, column: str) -> str:
    """Write a column's name, and what was taken off it; of times, from which day they count."""
    origin, name = found.origins.get(column), plain(column, words.SHORT)
    if found.kinds[column] == Kind.TIME:
        start = datetime.fromtimestamp(int(origin or 0), UTC)
        return f"{name}, days from {start:%Y-%m-%d %H:%M}"
    return name + (f" − {in_words(origin)}" if origin else "")


def _values(found: Comparison, side: Side, column: str) -> NDArray[Any]:
    """Take a column as its axis counts it: times in days."""
    values = side.rows[column]
    return values / _DAY if found.kinds[column] == Kind.TIME else values


def _marginal_count(found: Comparison) -> int:
    return min(MOST_MARGINALS, len(found.compared))


def _draw_marginal(found: Comparison, position: int, axes: Axes) -> tuple[pd.DataFrame, float]:
    """Draw a column of both samples; return the heights, and the share that lies outside."""
    name = str(found.columns["column"].iloc[position])
    samples = [_values(found, side, name) for side in _sides(found)]
    if words.by_holes(found.columns.iloc[position]):
        return _draw_holes(found, position, axes), 0.0
    if name in found.real.rows.category_names:
        return _draw_levels(found, name, samples, axes), 0.0
    samples = [values[~np.isnan(values)] for values in samples]
    low, high, outside = _range([values for values in samples if len(values)])
    count = min(_BINS, 10 + int(min(map(len, samples)) ** (1 / 3)))
    bins = np.linspace(low, high, count + 1)
    drawn = pd.DataFrame({"from": bins[:-1], "to": bins[1:]})
    for values, (label, colour, style, _) in zip(samples, _SIDES, strict=True):
        heights = np.histogram(values, bins)[0] / max(1, len(values))
        drawn[label] = heights
        axes.stairs(heights, bins, fill=True, color=COLOURS[colour], alpha=0.16)
        axes.stairs(heights, bins, color=COLOURS[colour], linestyle=style, linewidth=1.6)
        axes.plot([], [], color=COLOURS[colour], linestyle=style, label=label)
    axes.set(xlabel=_label(found, name), ylabel="share of rows", ylim=(0, None))
    legend_above(axes, columns=2)
    return drawn, outside


def _draw_levels(
    found: Comparison, name: str, samples: list[NDArray[np.intp]], axes: Axes
) -> pd.DataFrame:
    """Draw the shares of the levels of a category, the most frequent on top."""
    levels = found.real.rows.levels[found.real.rows.category_names.index(name)]
    shares = [
        np.bincount(codes[codes >= 0], minlength=len(levels)) / max(1, (codes >= 0).sum())
        for codes in samples
    ]
    order = np.argsort(-(shares[0] + shares[1]), kind="stable")[:MOST_LEVELS]
    more = f" (of {len(levels)} levels the most frequent)" if len(levels) > len(order) else ""
    axes.set(xlabel=f"share of rows, {_label(found, name)}{more}")
    return _draw_shares([levels[i] for i in order], [own[order] for own in shares], axes)


def _draw_holes(found: Comparison, position: int, axes: Axes) -> pd.DataFrame:
    """Draw the shares of a column's values that are missing and that are there."""
    row = found.columns.iloc[position]
    missing = [float(row[f"{label}_missing"]) for label, *_ in _SIDES]
    axes.set(xlabel=f"share of rows, {_label(found, str(row['column']))}")
    return _draw_shares(["missing", "there"], [np.array([m, 1 - m]) for m in missing], axes)


def _draw_shares(levels: list[str], shares: list[NDArray[np.float64]], axes: Axes) -> pd.DataFrame:
    """Draw a line for each level, from top to bottom, with the share in each sample."""
    drawn, places = pd.DataFrame({"level": levels}), np.arange(len(levels))
    for own, (label, colour, _, marker) in zip(shares, _SIDES, strict=True):
        drawn[label] = own
        axes.plot(
            own, places, marker, color=COLOURS[colour], markersize=6, linestyle="none", label=label
        )
    axes.hlines(places, shares[0], shares[1], color=COLOURS["grid"], linewidth=2, zorder=0)
    axes.set_yticks(places, [plain(level, words.SHORT) for level in levels])
    axes.set(xlim=(0, None), ylim=(len(levels) - 0.5, -0.5))
    legend_above(axes, columns=2)
    return drawn


def _marginal(found: Comparison, position: int) -> Picture:
    row = found.columns.iloc[position]
    name = _label(found, str(row["column"]))
    with canvas(2.7) as (figure, axes):
        drawn, outside = _draw_marginal(found, position, axes)
        if math.isnan(row["real_mean"]):
            told = [
                f"{label.capitalize()}: {percent(row[f'{label}_share'])} of the rows have the "
                f"level {plain(row['level'], words.SHORT)}."
                for label, *_ in _SIDES
            ]
        else:
            told = [
                f"{label.capitalize()}: mean {number(row[f'{label}_mean'])}, standard deviation "
                f"{number(row[f'{label}_sd'])}."
                for label, *_ in _SIDES
            ]
        return picture(
            figure,
            f"fig-marginal-{position + 1}",
            title=f"Both distributions of the column {name}",
            description=" ".join(told),
            caption=f"{name}: {words.differs(row)}.{_left_out(outside)}",
            data=drawn,
        )


def _draw_scatter(found: Comparison, plane: _Plane, axes: Axes) -> tuple[pd.DataFrame, float]:
    """Draw points of both samples; return them, and the largest share that lies outside."""
    rng = np.random.default_rng(found.seed)
    limits = [_range([rows[:, axis] for rows in plane.samples]) for axis in (0, 1)]
    parts = []
    for rows, (label, colour, _, marker) in zip(plane.samples, _SIDES, strict=True):
        few = len(rows) <= POINTS
        drawn = rows if few else rows[rng.choice(len(rows), POINTS, replace=False)]
        parts.append(pd.DataFrame(drawn, columns=["x", "y"]).assign(sample=label))
        axes.scatter(
            drawn[:, 0], drawn[:, 1], s=13, color=COLOURS[colour], marker=marker, alpha=0.5,
            linewidth=0, label=label,
        )  # fmt: skip
    (x_low, x_high, _), (y_low, y_high, _) = limits
    axes.set(xlabel=plane.labels[0], ylabel=plane.labels[1])
    axes.set(xlim=_widened(x_low, x_high), ylim=_widened(y_low, y_high))
    legend_above(axes, columns=2)
    return pd.concat(parts), max(outside for *_, outside in limits)


def _scatter(found: Comparison, identity: str, plane: _Plane) -> Picture:
    with canvas(4.2) as (figure, axes):
        drawn, outside = _draw_scatter(found, plane, axes)
        most = max(len(rows) for rows in plane.samples)
        drawn_words = f" Up to {POINTS} random rows of each." if most > POINTS else ""
        return picture(
            figure,
            identity,
            title=f"Both samples in the plane of {plane.labels[0]} and {plane.labels[1]}",
            description=_correlations(plane.samples),
            caption=f"{plane.caption}.{drawn_words}{_left_out(outside)}",
            data=drawn,
        )


def _widened(low: float, high: float) -> tuple[float, float]:
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def _range(samples: list[Array]) -> tuple[float, float, float]:
    """Find where nearly all rows of both samples lie, and the largest share that lies outside."""
    ends = [np.quantile(values, (_OUTSIDE, 1 - _OUTSIDE)) for values in samples]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    # A tail that costs little room is shown whole.
    whole = min(v.min() for v in samples), max(v.max() for v in samples)
    if whole[1] - whole[0] <= 1.5 * (high - low):
        low, high = whole
    if high <= low:
        low, high = low - 0.5, high + 0.5
    outside = max(float(((values < low) | (values > high)).mean()) for values in samples)
    return float(low), float(high), outside


def _left_out(share: float) -> str:
    return f" Up to {percent(share)} of a sample's rows lie outside the picture." if share else ""


def _correlations(samples: list[Array]) -> str:
    parts = []
    for rows, (label, *_) in zip(samples, _SIDES, strict=True):
        with np.errstate(invalid="ignore", divide="ignore"):
            varies = rows.std(axis=0).all()
            correlation = np.corrcoef(rows[:, 0], rows[:, 1])[0, 1] if varies else np.nan
        parts.append(f"correlation {number(correlation, 2)} in the {label} rows")
    return f"{parts[0].capitalize()}, {parts[1]}."
