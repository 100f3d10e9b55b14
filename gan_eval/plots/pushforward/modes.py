"""Modes over seeds: the mass of each in every training, and how many a training finds."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from gan_eval.distributions.modes import LOST_SHARE
from gan_eval.pages.canvas import COLOURS, legend_above
from gan_eval.pages.language import N_, _
from gan_eval.plots.axes import drawn, given
from gan_eval.runtime.errors import UsageError

Array = NDArray[np.float64]

CLASSES = (
    (LOST_SHARE, "failed", 0.95, N_("lost")),
    (0.5, "real", 0.15, N_("under half")),
    (0.8, "real", 0.38, N_("under 0.8")),
    (1.25, "real", 0.62, N_("about right")),
    (math.inf, "real", 0.95, N_("over 1.25")),
)
"""Up to which part of the mass that a mode should have, its colour and opacity, and its name."""

MOST_SEEDS = 80
"""Trainings that have a column; of more, some at evenly spaced ranks."""


def columns_of(masses: Array, expected: Array) -> NDArray[np.intp]:
    """Choose the trainings (R, k) that are drawn, by the modes that they find, least first, at
    most ``MOST_SEEDS`` at evenly spaced ranks."""
    known = np.flatnonzero(np.isfinite(masses).all(axis=1))
    lacking = (masses[known] <= LOST_SHARE * expected).sum(axis=1)
    order = known[np.lexsort((masses[known].max(axis=1), -lacking))]
    if len(order) <= MOST_SEEDS:
        return order
    return order[np.linspace(0, len(order) - 1, MOST_SEEDS).round().astype(int)]


@drawn
def mode_masses(masses: ArrayLike, expected: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw how much mass each mode has in each training, as a part of what it should have.

    A column is a training, those that find fewest modes first, a row a mode. A mode with at most a
    tenth of its mass is lost.

    Parameters
    ----------
    masses : array_like, shape (R, k)
        The mass of each mode in each training; trainings with a NaN are left out, of more than 80
        some at evenly spaced ranks are drawn.
    expected : array_like, shape (k,)
        The mass of each in the target.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    >>> import gan_eval as ge
    >>> ax = ge.plots.mode_masses([[0.5, 0.5], [1.0, 0.0]], [0.5, 0.5])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['lost', 'about right', 'over 1.25']
    """
    axes = given(ax)
    found = np.asarray(masses, dtype=np.float64)
    due = np.asarray(expected, dtype=np.float64)
    if found.ndim != 2 or due.shape != found.shape[1:] or not (due > 0).all():
        raise UsageError(
            "`masses` must have shape (R, k) and `expected` k numbers above 0, got "
            f"{found.shape} and {due.shape}"
        )
    shown = columns_of(found, due)
    level = np.digitize(found[shown].T / due[:, None], [c[0] for c in CLASSES[:-1]], right=True)
    for at, (_end, colour, opacity, name) in enumerate(CLASSES):
        boxes = [
            _box(start, end, row)
            for row, line in enumerate(level)
            for start, end in _runs(line == at)
        ]
        if boxes:
            patch = PathPatch(
                Path.make_compound_path(*boxes), facecolor=COLOURS[colour], alpha=opacity,
                linewidth=0, label=_(name),
            )  # fmt: skip
            axes.add_patch(patch)
    axes.set(
        xlim=(0, max(len(shown), 1)),
        ylim=(len(due) + 0.5, 0.5),
        xlabel=_("trainings, the fewest modes first"),
        ylabel=_("mode of the target"),
    )
    axes.grid(visible=False)
    axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    legend_above(axes, columns=3)
    return axes


@drawn
def modes_found(
    found: ArrayLike,
    modes: int,
    *,
    interval: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how many trainings find so many modes, with the mean over trainings.

    Parameters
    ----------
    found : array_like, shape (R,)
        Modes that each training has; NaN where it is not known.
    modes : int
        Those of the target.
    interval : (low, high), optional
        Of the mean, drawn as a bar.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    >>> import gan_eval as ge
    >>> ax = ge.plots.modes_found([7, 8, 8], 8)
    >>> [int(bar.get_height()) for bar in ax.patches][-2:]
    [1, 2]
    """
    axes = given(ax)
    known = np.asarray(found, dtype=np.float64)
    known = known[np.isfinite(known)]
    counts = np.bincount(known.astype(int), minlength=modes + 1)[: modes + 1]
    axes.bar(np.arange(modes + 1), counts, 0.86, color=COLOURS["learned"], alpha=0.75)
    if known.size:
        mean, top = float(known.mean()), 1.12 * counts.max()
        if interval is not None and np.isfinite(interval).all():
            axes.plot(interval, [top, top], color=COLOURS["ink"], linewidth=2.2)
        axes.plot([mean], [top], "D", color=COLOURS["ink"], markersize=5, label=_("mean"))
        axes.set_ylim(0, 1.25 * counts.max())
    axes.set(xlim=(-0.6, modes + 0.6), xlabel=_("modes found"), ylabel=_("trainings"))
    axes.grid(visible=False, axis="x")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    legend_above(axes)
    return axes


def _runs(here: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], here, [False]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _box(start: int, end: int, row: int) -> Path:
    low, high = row + 0.55, row + 1.45
    corners = [(start, low), (end, low), (end, high), (start, high), (start, low)]
    return Path(corners, closed=True)
