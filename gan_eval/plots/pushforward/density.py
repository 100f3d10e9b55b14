"""The density of a law in the plane, on one logarithmic scale for all that stand together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Ellipse, PathPatch, Rectangle
from matplotlib.path import Path
from numpy.typing import NDArray

from gan_eval.distributions.modes import WITHIN
from gan_eval.distributions.protocol import TargetLike, as_target
from gan_eval.distributions.pushforward import Pushforward
from gan_eval.pages.canvas import COLOURS
from gan_eval.pages.language import _
from gan_eval.plots.axes import drawn, given
from gan_eval.plots.pushforward.raster import Raster, raster_of

DECADES = 4
"""The scale reaches so far below the highest density of the target."""
_STEPS = 2
"""Shades of a decade."""
_SHADE = 0.22
"""What one shade more adds."""


@drawn
def density(
    law: Pushforward | TargetLike | Raster,
    target: TargetLike,
    *,
    found: NDArray[np.bool_] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the density of a law: the darker, the denser, by steps of half a decade.

    The scale is the target's: the darkest is its highest density, the lightest a ten-thousandth
    of it, so that pictures against one target are held side by side. Around each mode of the
    target stands its ellipse of 3 standard deviations; around a lost one a dashed one, and a cross.

    Parameters
    ----------
    law : Pushforward, Target or Raster
        Of two coordinates.
    target : Target
        The truth, in the plane; the picture shows its surroundings.
    found : ndarray of bool, shape (k,), optional
        Which modes of the target the law has; all, where nothing is said.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    >>> import gan_eval as ge
    >>> truth = ge.MixtureTarget.ring()
    >>> ax = ge.plots.density(truth, truth)
    >>> [round(float(end), 2) for end in ax.get_xlim()]
    [-1.35, 1.35]
    """
    axes = given(ax)
    shown = law if isinstance(law, Raster) else raster_of(law, target)
    _shades(axes, shown, peak(target))
    _modes(axes, target, found)
    left, right, bottom, top = shown.window
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xlabel="x₁", ylabel="x₂")
    axes.grid(visible=False)
    return axes


def peak(target: TargetLike) -> float:
    """Find the highest density of a target, at its modes or its mean."""
    truth = as_target(target)
    modes = getattr(truth, "modes", None)
    places = np.asarray(getattr(truth, "mean", ()))[None] if modes is None else modes.means
    return float(np.exp(np.asarray(truth.log_density(places)).max()))


def scale(axes: Axes) -> None:
    """Draw what the shades mean, as a strip."""
    steps = DECADES * _STEPS
    for at in range(steps):
        axes.add_patch(
            Rectangle(
                (at, 0), 1, 1, facecolor=COLOURS["ink"], alpha=opacity(at + 1), linewidth=0
            )
        )  # fmt: skip
    marks = [
        str(round(10.0**-power, 4)).rstrip("0").rstrip(".") for power in range(DECADES, -1, -1)
    ]
    axes.set(
        xlim=(0, steps),
        ylim=(0, 1),
        yticks=[],
        xticks=range(0, steps + 1, _STEPS),
        xticklabels=marks,
        xlabel=_("density, as a part of the target’s highest"),
    )
    axes.grid(visible=False)
    axes.tick_params(axis="x", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def opacity(steps: int) -> float:
    """How dark the n-th shade is, from 0 to 1.

    >>> [round(opacity(step), 2) for step in (1, 4, 8)]
    [0.22, 0.63, 0.86]
    """
    return 1 - (1 - _SHADE) ** steps


def _shades(axes: Axes, shown: Raster, highest: float) -> None:
    """Lay shades over each other, each where the density is above its step."""
    x, y = shown.places
    with np.errstate(divide="ignore"):
        level = np.log10(shown.density / highest)
    level = np.pad(np.maximum(level, -DECADES - 1.0), 1, constant_values=-DECADES - 1.0)
    x, y = (np.concatenate([[2 * v[0] - v[1]], v, [2 * v[-1] - v[-2]]]) for v in (x, y))
    lines: Any = contour_generator(x, y, level, fill_type="OuterOffset")
    for step in range(DECADES * _STEPS):
        least = step / _STEPS - DECADES
        if level.max() > least:
            points, ends = lines.filled(least, 99.0)
            path = _path(points, ends, 0.3 * float(x[1] - x[0]))
            if path is None:
                continue
            patch = PathPatch(path, facecolor=COLOURS["ink"], alpha=_SHADE, linewidth=0)
            axes.add_patch(patch)


def _path(points: Sequence[NDArray], ends: Sequence[NDArray], off: float) -> Path | None:
    """One path of polygons, each with its holes, whose lines begin at ``ends``.

    Lines may leave their place by ``off``: a third of their corners is enough then. None where
    nothing is left of them.
    """
    rings = [
        polygon[start:end]
        for polygon, own in zip(points, ends, strict=True)
        for start, end in itertools.pairwise(own.tolist())
    ]
    drawn = shapely.simplify([shapely.LineString(ring) for ring in rings], off)
    parts = [
        Path(one, closed=True) for line in drawn if len(one := shapely.get_coordinates(line)) > 3
    ]
    return Path.make_compound_path(*parts) if parts else None


def _modes(axes: Axes, target: TargetLike, found: NDArray[np.bool_] | None) -> None:
    modes = getattr(as_target(target), "modes", None)
    if modes is None:
        return
    has = np.ones(len(modes), bool) if found is None else np.asarray(found, bool)
    least = 0.018 * np.diff(axes.get_xlim())[0]
    for kept, colour, dashes in ((True, "real", "-"), (False, "failed", (0, (2, 1.2)))):
        own = np.flatnonzero(has == kept)
        if not len(own):
            continue
        ellipses = [_ellipse(modes.means[j], modes.covariances[j], least) for j in own]
        style: dict[str, Any] = {"facecolor": "none", "edgecolor": COLOURS[colour]}
        style |= {"linewidth": 1.0 if kept else 1.3, "linestyle": dashes}
        axes.add_collection(PatchCollection(ellipses, **style))
        if not kept:
            axes.plot(
                *modes.means[own].T, "x", color=COLOURS[colour], markersize=5, markeredgewidth=1.4
            )


def _ellipse(mean: NDArray, covariance: NDArray, least: float) -> Ellipse:
    """The ellipse of 3 standard deviations, or one just large enough to be seen."""
    values, vectors = np.linalg.eigh(covariance)
    width, height = (max(WITHIN * value**0.5, least) for value in values.tolist())
    angle = float(np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0])))
    return Ellipse((mean[0], mean[1]), 2 * width, 2 * height, angle=angle)
