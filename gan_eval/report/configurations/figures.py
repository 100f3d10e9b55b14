"""Pictures of a study over its axes: a heat map over two, curves over one of numbers, sorted
intervals elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gan_eval.pages.canvas import COLOURS, canvas, picture, plain_log_axis
from gan_eval.pages.numbers import count, number
from gan_eval.pages.picture import Picture
from gan_eval.plots import curves, heat
from gan_eval.study.answer import special, versus
from gan_eval.study.answer.cells import Cell
from gan_eval.study.answer.layout import Entry, in_words
from gan_eval.study.answer.phrases import median_worth
from gan_eval.study.answer.words import Reading

WORTH = "worth in real rows"

MOST_DRAWN = 24
"""Configurations that sorted intervals are drawn of: the best ones and the first."""

_IDENTITY = "fig-axes"


def over_axes(found: Reading) -> Picture | None:
    """Draw what the typical training of each configuration is worth, over the study's axes."""
    positions = found.layout.varied()
    axes = found.layout.axes
    if len(positions) == 2 and all(len(axes[p].fields) == 1 or axes[p].numbers for p in positions):
        return _heat(found, positions)
    if len(positions) == 1:
        if found_series := special.series_of(found.layout, found.lead):
            return _series(found, found_series)
        if axes[positions[0]].numbers is not None:
            return _curve(found, positions[0])
    if versus.pairs_of(found.layout, found.lead):
        return _pairs(found)
    if len(positions) > 2:
        return _margins(found, positions)
    return _sorted(found)


# --- Two axes ------------------------------------------------------------------------------------


def _heat(found: Reading, positions: Sequence[int]) -> Picture | None:
    row, column = (found.layout.axes[p] for p in positions)
    orders = [axis.ordered(range(len(axis))) for axis in (row, column)]
    table = np.full((len(row), len(column)), np.nan)
    tied = []
    for entry in found.entries:
        at = tuple(order.index(entry.place[p]) for order, p in zip(orders, positions, strict=True))
        table[at] = median_worth(found.lead.cells[entry.label])
        if entry.label in found.lead.best:
            tied.append(at)
    frame = pd.DataFrame(
        table,
        index=pd.Index([row.texts[at] for at in orders[0]], name=row.title),
        columns=pd.Index([column.texts[at] for at in orders[1]], name=column.title),
    )
    with canvas(1.2 + 0.42 * len(row)) as (figure, axes):
        heat(frame, label="worth in real rows", best="high", log=True, ax=axes)
        if found.lead.told:
            _mark(axes, tied)
        return picture(
            figure,
            _IDENTITY,
            title=f"Worth over {row.title} and {column.title}",
            description=_described(found),
            caption=f"What the typical training is worth, in real rows.{_tied_caption(found)}",
            data=frame.rename_axis(columns=None).reset_index(),
        )


def _mark(axes: Axes, tied: Sequence[tuple[int, ...]]) -> None:
    """Put a dot into the corner of each entry that is tied for best."""
    for row, column in tied:
        axes.plot(
            column + 0.38, row - 0.32, marker="o", markersize=4, color=COLOURS["ink"], zorder=4
        )


def _tied_caption(found: Reading) -> str:
    if not found.lead.told:
        return " Too few seeds to tell them apart."
    if len(found.lead.best) == 1:
        return " The dot marks the best, from which all others are told apart."
    return f" Dots mark the {count(len(found.lead.best))} that are tied for best."


# --- One axis ------------------------------------------------------------------------------------


def _curve(found: Reading, position: int) -> Picture | None:
    """One curve for each backend, over the numbers of the study's only axis."""
    axis = found.layout.axes[position]
    points = []
    for ranking in found.rankings:
        name = f"{ranking.backend} on {ranking.device}"
        for entry in found.layout.entries:
            if entry.label in ranking.cells and axis.numbers is not None:
                x = axis.numbers[entry.place[position]]
                points.append(_point(x, ranking.cells[entry.label], name))
    title = axis.number_title or axis.title
    return _curves(found, points, title, "Bars: 95 % intervals.")


def _series(found: Reading, all_series: Sequence[special.Series]) -> Picture | None:
    points = [
        _point(x, found.lead.cells[entry.label], f"{series.held} each")
        for series in all_series
        for x, entry in series.points
    ]
    return _curves(found, points, in_words(all_series[0].field), "Bars: 95 % intervals.")


class Point(NamedTuple):
    """A point of a curve, with its interval."""

    x: float
    y: float
    low: float
    high: float
    name: str


def _point(x: float, cell: Cell, name: str) -> Point:
    return Point(x, *_bounds(cell), name)


def _bounds(cell: Cell) -> tuple[float, float, float]:
    low, high = (float(cell.summary[f"worth_kl_{end}"]) for end in ("low", "high"))
    known = math.isfinite(low)
    return median_worth(cell), low if known else math.nan, high if known else math.nan


def _curves(found: Reading, points: Sequence[Point], title: str, caption: str) -> Picture | None:
    frame = pd.DataFrame(points).sort_values(["name", "x"], ignore_index=True)
    xs = frame["x"]
    wide = bool((xs > 0).all() and xs.max() >= 8 * xs.min())
    with canvas(3.0) as (figure, axes):
        curves(frame, xlabel=title, ylabel=WORTH, log_x=wide, log_y=True, ax=axes)
        return picture(
            figure,
            _IDENTITY,
            title=f"Worth over {title}",
            description=_described(found),
            caption=f"What the typical training is worth; higher is better. {caption}",
            data=frame,
        )


# --- Sorted intervals ----------------------------------------------------------------------------


class Bar(NamedTuple):
    """A name with its worth and interval, and how it is marked."""

    name: str
    value: float
    low: float
    high: float
    mark: str


def _sorted(found: Reading) -> Picture | None:
    """A dot with its interval for each configuration, the best above."""
    lead = found.lead
    reference = found.entries[0].label
    shown = list(dict.fromkeys([*lead.order[: MOST_DRAWN - 1], reference]))
    shown.sort(key=lead.order.index)
    bars = [
        Bar(found.name(label).strip("“”"), *_bounds(lead.cells[label]), _kind(found, label))
        for label in shown
    ]
    rest = len(lead.order) - len(shown)
    more = f" {count(rest)} more are in the table." if rest else ""
    return _whiskers(found, bars, f"Lines: 95 % intervals.{more}")


def _kind(found: Reading, label: str) -> str:
    if label in found.lead.best and found.lead.told:
        return "best"
    return "reference" if label == found.entries[0].label else "other"


def _pairs(found: Reading) -> Picture | None:
    """Each case of a comparison along one setting, with a dot for each of its values."""
    pairs = versus.pairs_of(found.layout, found.lead)
    field = found.layout.versus or ""
    cases: dict[str, list[Entry]] = {}
    for pair in pairs:
        cases.setdefault(pair.case, [pair.reference]).append(pair.entry)
    names = list(dict.fromkeys(str(e.settings[field]) for own in cases.values() for e in own))
    styles = (("muted", "o"), ("real", "s"), ("learned", "^"), ("loss-d", "D"), ("loss-g", "v"))
    rows = []
    with canvas(0.9 + 0.3 * len(cases)) as (figure, axes):
        for at, (case, own) in enumerate(cases.items()):
            for entry in own:
                value, low, high = _bounds(found.lead.cells[entry.label])
                name = str(entry.settings[field])
                place = names.index(name)
                colour, marker = styles[place % len(styles)]
                y = at + 0.12 * (place - (len(names) - 1) / 2)
                axes.plot(
                    [max(value, 0.1)], [y], marker=marker, markersize=5, linestyle="",
                    color=COLOURS[colour], label=f"{in_words(field)} {name}",
                )  # fmt: skip
                if not math.isnan(low):
                    axes.plot([max(low, 0.1), max(high, 0.1)], [y, y], color=COLOURS[colour])
                rows.append((case, name, value, low, high))
        plain_log_axis(axes, "x")
        axes.set(xlabel=WORTH, ylim=(len(cases) - 0.5, -0.5))
        axes.set_yticks(range(len(cases)), list(cases))
        handles, labels = axes.get_legend_handles_labels()
        unique = dict(zip(labels, handles, strict=True))
        axes.legend(
            list(unique.values()), list(unique), loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2
        )
        return picture(
            figure,
            _IDENTITY,
            title=f"Worth by {in_words(field)} in each case",
            description=_described(found),
            caption="What the typical training is worth; further to the right is better. Lines: "
            "95 % intervals.",
            data=pd.DataFrame(rows, columns=["case", field, "worth", "low", "high"]),
        )


def _margins(found: Reading, positions: Sequence[int]) -> Picture | None:
    """For each value of each axis the worths of all configurations that have it: the middle one,
    from the least to the most."""
    bars = []
    for position in positions:
        axis = found.layout.axes[position]
        for at in axis.ordered(range(len(axis))):
            own = [
                median_worth(found.lead.cells[entry.label])
                for entry in found.entries
                if entry.place[position] == at
            ]
            if own:
                best = any(
                    entry.place[position] == at
                    for entry in found.entries
                    if entry.label in found.lead.best
                )
                mark = "best" if best and found.lead.told else "other"
                name = f"{axis.title} {axis.texts[at]}"
                bars.append(Bar(name, float(np.median(own)), min(own), max(own), mark))
    return _whiskers(
        found,
        bars,
        "For each value the configurations that have it: dot, the middle one; line, from the least "
        "to the most.",
    )


def _whiskers(found: Reading, bars: Sequence[Bar], caption: str) -> Picture | None:
    colours = {"best": "real", "reference": "ink", "other": "muted"}
    markers = {"best": "o", "reference": "D", "other": "o"}
    with canvas(0.7 + 0.24 * len(bars)) as (figure, axes):
        for at, bar in enumerate(bars):
            colour = COLOURS[colours[bar.mark]]
            if not math.isnan(bar.low):
                ends = [max(bar.low, 0.1), max(bar.high, 0.1)]
                axes.plot(ends, [at, at], color=colour, linewidth=2)
            axes.plot(
                [max(bar.value, 0.1)], [at], marker=markers[bar.mark], color=colour, markersize=6
            )
        plain_log_axis(axes, "x")
        axes.set(xlabel=WORTH, ylim=(len(bars) - 0.5, -0.5))
        axes.set_yticks(range(len(bars)), [bar.name for bar in bars])
        axes.grid(visible=False, axis="y")
        marks = {bar.mark for bar in bars}
        key = " Blue: the best, and what is tied with it." if "best" in marks else ""
        key += " Diamond: the first configuration." if "reference" in marks else ""
        return picture(
            figure,
            _IDENTITY,
            title="Worth of each configuration",
            description=_described(found),
            caption=f"What the typical training is worth; further to the right is better. {caption}"
            f"{key}",
            data=pd.DataFrame(bars),
        )


def _described(found: Reading) -> str:
    """What a screen reader says: the best and the worst few."""
    lead = found.lead
    ends = [*lead.order[:3], *lead.order[-1:]]
    said = (
        f"{found.name(label)}: {number(median_worth(lead.cells[label]), 2)}"
        for label in dict.fromkeys(ends)
    )
    return f"Worth in real rows, on a logarithmic scale. {'; '.join(said)}."
