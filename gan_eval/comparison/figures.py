"""Pictures of a comparison: marginals, the two most different columns, the leading directions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gan_eval.comparison import words
from gan_eval.comparison.comparison import Comparison
from gan_eval.pages.canvas import COLOURS, Picture, canvas, legend_above, picture
from gan_eval.pages.numbers import number, p_value, percent
from gan_eval.runtime.text import plain
from gan_eval.stats.conversion import in_words

Array = NDArray[np.float64]

MOST_MARGINALS = 6
POINTS = 300
"""Points drawn of each file in a scatter."""

_BINS = 40
_OUTSIDE = 0.005  # a share of the rows beyond each end of an axis, which no picture needs
_SIDES = (("first file", "real", "-", "o"), ("second file", "learned", (0, (5, 2)), "^"))


def marginals(found: Comparison) -> list[Picture]:
    """The most different columns, one picture each."""
    return [
        _marginal(found, position) for position in range(min(MOST_MARGINALS, len(found.columns)))
    ]


def columns_plane(found: Comparison) -> Picture | None:
    """The two most different columns against each other; None with one column."""
    if len(found.columns) < 2:
        return None
    names = [str(name) for name in found.differences["column"][:2]]
    places = [found.columns.index(name) for name in names]
    shown = [_label(found, name) for name in names]
    return _scatter(
        found,
        "fig-columns",
        [side.rows[:, places] for side in (found.real, found.fake)],
        (shown[0], shown[1]),
        f"The two most different columns, {shown[0]} and {shown[1]}",
    )


def directions_plane(found: Comparison) -> Picture | None:
    """The direction of the largest shift against that of the most unequal spread."""
    directions = found.directions
    if len(found.columns) < 2 or not directions.spread or not directions.mean.loadings.any():
        return None
    along = (directions.mean, directions.spread[0])
    samples = [
        np.column_stack([directions.scores(side.rows, direction) for direction in along])
        for side in (found.real, found.fake)
    ]
    return _scatter(
        found,
        "fig-directions",
        samples,
        ("direction of the largest shift", "direction of the most unequal spread"),
        f"Across: {words.formula(found, along[0])}; shift {number(along[0].value, 2)} standard "
        f"deviations. Up: {words.formula(found, along[1])}; variance × {number(along[1].value)}",
    )


def _label(found: Comparison, column: str) -> str:
    """A column's name, and what was taken off it."""
    origin = found.origins.get(column)
    return plain(column, words.SHORT) + (f" − {in_words(origin)}" if origin else "")


def _marginal(found: Comparison, position: int) -> Picture:
    row = found.differences.iloc[position]
    place = found.columns.index(str(row["column"]))
    name = _label(found, str(row["column"]))
    samples = [side.rows[:, place] for side in (found.real, found.fake)]
    low, high, outside = _range(samples)
    with canvas(2.7) as (figure, axes):
        count = min(_BINS, 10 + int(min(map(len, samples)) ** (1 / 3)))
        bins = np.linspace(low, high, count + 1)
        shares = []
        for values, (label, colour, style, _) in zip(samples, _SIDES, strict=True):
            heights = np.histogram(values, bins)[0] / len(values)
            shares.append(heights)
            axes.stairs(heights, bins, fill=True, color=COLOURS[colour], alpha=0.16)
            axes.stairs(heights, bins, color=COLOURS[colour], linestyle=style, linewidth=1.6)
            axes.plot([], [], color=COLOURS[colour], linestyle=style, label=label)
        axes.set(xlabel=name, ylabel="share of rows", ylim=(0, None))
        legend_above(axes, columns=2)
        differs = (
            f"mean {words.signed(row['shift'])} sd, spread × {number(row['sd_ratio'])}, "
            f"Kolmogorov–Smirnov {number(row['ks'], 2)}, adjusted {p_value(row['adjusted'])}"
        )
        return picture(
            figure,
            f"fig-marginal-{position + 1}",
            title=f"Both distributions of the column {name}",
            description=f"First file: mean {number(row['real_mean'])}, standard deviation "
            f"{number(row['real_sd'])}. Second file: mean {number(row['fake_mean'])}, standard "
            f"deviation {number(row['fake_sd'])}.",
            caption=f"{name}: {differs}.{_left_out(outside)}",
            data=pd.DataFrame(
                {
                    "from": bins[:-1],
                    "to": bins[1:],
                    "first_file": shares[0],
                    "second_file": shares[1],
                }
            ),
        )


def _scatter(
    found: Comparison, identity: str, samples: list[Array], labels: tuple[str, str], caption: str
) -> Picture:
    rng = np.random.default_rng(found.seed)
    limits = [_range([rows[:, axis] for rows in samples]) for axis in (0, 1)]
    with canvas(4.2) as (figure, axes):
        parts = []
        for rows, (label, colour, _, marker) in zip(samples, _SIDES, strict=True):
            few = len(rows) <= POINTS
            drawn = rows if few else rows[rng.choice(len(rows), POINTS, replace=False)]
            parts.append(pd.DataFrame(drawn, columns=["x", "y"]).assign(sample=label))
            axes.scatter(
                drawn[:, 0], drawn[:, 1], s=13, color=COLOURS[colour], marker=marker, alpha=0.5,
                linewidth=0, label=label,
            )  # fmt: skip
        _set_limits(axes, limits)
        axes.set(xlabel=labels[0], ylabel=labels[1])
        legend_above(axes, columns=2)
        most = max(len(rows) for rows in samples)
        drawn_words = f" Up to {POINTS} random rows of each." if most > POINTS else ""
        return picture(
            figure,
            identity,
            title=f"Both samples in the plane of {labels[0]} and {labels[1]}",
            description=_correlations(samples),
            caption=f"{caption}.{drawn_words}{_left_out(max(limit[2] for limit in limits))}",
            data=pd.concat(parts),
        )


def _set_limits(axes: Axes, limits: list[tuple[float, float, float]]) -> None:
    for which, (low, high, _) in zip("xy", limits, strict=True):
        margin = 0.04 * (high - low)
        getattr(axes, f"set_{which}lim")(low - margin, high + margin)


def _range(samples: list[Array]) -> tuple[float, float, float]:
    """Where nearly all rows of both samples lie, and the largest share that lies outside."""
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
    return f" Up to {percent(share)} of a file's rows lie outside the picture." if share else ""


def _correlations(samples: list[Array]) -> str:
    parts = []
    for rows, (label, *_) in zip(samples, _SIDES, strict=True):
        with np.errstate(invalid="ignore", divide="ignore"):
            varies = rows.std(axis=0).all()
            correlation = np.corrcoef(rows[:, 0], rows[:, 1])[0, 1] if varies else np.nan
        parts.append(f"correlation {number(correlation, 2)} in the {label}")
    return f"{parts[0].capitalize()}, {parts[1]}."
