"""The worth of checkpoints over the steps of a training, as a picture."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_eval.comparison.tracker.best import BestCheckpoint
from gan_eval.comparison.tracker.words import headline
from gan_eval.pages.canvas import COLOURS, figure_of, legend_above, plain_log_axis

if TYPE_CHECKING:
    from gan_eval.comparison.tracker.tracker import Tracker

_ROOM = 3.0  # what is infinite ends so many times above the rest


def plot(tracker: Tracker) -> Figure:
    """Draw the worth over the steps, with its band, shade what may be best, and say which is."""
    found = tracker.best()
    figure = figure_of([lambda axes: draw_worth(tracker.frame, found, axes)])
    figure.suptitle(textwrap.fill(headline(found), 54), fontsize=9.5, x=0.02, ha="left")
    return figure


def draw_worth(frame: pd.DataFrame, best: BestCheckpoint, axes: Axes) -> None:
    """Draw the rows of a tracker's frame: a line through estimates, a band between limits.

    An estimate or a limit that is infinite is drawn at the upper edge.
    """
    rows = frame[frame["worth_energy_low"].notna()].sort_values("step")
    steps = rows["step"].to_numpy(float)
    value, low, high = (rows[f"worth_energy{end}"].to_numpy(float) for end in ("", "_low", "_high"))
    known = np.concatenate([value, low, high])
    top = _ROOM * float(known[np.isfinite(known)].max())
    for start, end in shaded(steps, set(best.not_told_apart)):
        axes.axvspan(
            start, end, color=COLOURS["converged"], alpha=0.18, linewidth=0,
            label="may be the best",
        )  # fmt: skip
    colour = COLOURS["learned"]
    if len(steps) == 1:
        axes.plot(steps.repeat(2), [low[0], min(high[0], top)], color=colour, alpha=0.4)
    axes.fill(
        np.concatenate([steps, steps[::-1]]),
        np.concatenate([low, np.minimum(high, top)[::-1]]),
        color=colour, alpha=0.25, linewidth=0, label="interval",
    )  # fmt: skip
    axes.plot(
        steps, np.minimum(value, top), color=colour, label="worth", marker="o", markersize=3,
        linestyle="-" if len(steps) > 1 else "none",
    )  # fmt: skip
    bad = frame[frame["worth_energy_low"].isna()]["step"].to_numpy(float)
    axes.set_ylim(float(low.min()) / 1.5, top)
    plain_log_axis(axes, "y")
    if bad.size:
        floor = axes.get_ylim()[0]
        axes.plot(
            bad, np.full(bad.size, floor), "x", color=COLOURS["failed"], label="no result",
            clip_on=False,
        )  # fmt: skip
    axes.set(xlabel="step", ylabel="worth in real rows, by energy")
    legend_above(axes, columns=3 - bool(bad.size))


def shaded(steps: np.ndarray, chosen: set[float]) -> list[tuple[float, float]]:
    """Return the stretches around chosen steps (sorted, k), each to half way to its neighbours.

    Examples
    --------
    >>> shaded(np.array([1.0, 2.0, 3.0, 4.0]), {2.0, 3.0})
    [(1.5, 3.5)]
    """
    if not len(steps):
        return []
    between = (steps[1:] + steps[:-1]) / 2
    width = float(between[0] - steps[0]) if between.size else 0.5
    end = float(steps[-1] - between[-1]) if between.size else 0.5
    edges = np.concatenate([[steps[0] - width], between, [steps[-1] + end]])
    found: list[tuple[float, float]] = []
    for place, step in enumerate(steps):
        if float(step) not in chosen:
            continue
        start, stop = float(edges[place]), float(edges[place + 1])
        if found and found[-1][1] == start:
            start = found.pop()[0]
        found.append((start, stop))
    return found
