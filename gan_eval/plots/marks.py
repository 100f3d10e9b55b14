"""Marks that several pictures draw: a curve of shares, a violin, points by their verdict.

Drawn with Matplotlib alone: seaborn has them, and takes as long to import as all pictures of a
report take to draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.mlab import GaussianKDE
from numpy.typing import NDArray

from gan_eval.pages.canvas import COLOURS


def shares(axes: Axes, values: NDArray[np.float64], *, below: bool, **style: Any) -> None:
    """Draw which share of values (n,) is at most (or, with ``below`` false, above) each value.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> axes = Figure().add_subplot()
    >>> shares(axes, np.array([3.0, 1.0]), below=True)
    >>> axes.lines[0].get_xydata().tolist()
    [[-inf, 0.0], [1.0, 0.5], [3.0, 1.0]]
    """
    share = np.arange(len(values) + 1) / len(values)
    at = np.concatenate([[-np.inf], np.sort(values)])
    axes.plot(at, share if below else 1 - share, drawstyle="steps-post", **style)


def rug(axes: Axes, values: NDArray[np.float64], height: float, **style: Any) -> None:
    """Draw a short line up from the horizontal axis at each value; ``height`` of 1 is the axes'."""
    ends = np.stack(np.broadcast_arrays(values[:, None], [0, height]), axis=-1)
    lines = LineCollection(list(ends), transform=axes.get_xaxis_transform(), **style)
    axes.add_collection(lines)


def violin(
    axes: Axes, values: NDArray[np.float64], place: float, height: float, **style: Any
) -> None:
    """Draw the density of the logarithms of positive values (n,) as a body around ``place``.

    By a Gaussian kernel with Scott's (1992) bandwidth, from the least value to the largest; the
    body is ``height`` high where it is widest. Values that are all the same have none.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> axes = Figure().add_subplot()
    >>> violin(axes, np.array([1.0, 9.0, 10.0, 100.0]), place=2.0, height=0.8)
    >>> (body,) = axes.collections
    >>> np.round(body.get_datalim(axes.transData).intervaly, 6).tolist()
    [1.6, 2.4]
    """
    logarithms = np.log10(values)
    if np.ptp(logarithms) == 0:
        return
    at = np.linspace(logarithms.min(), logarithms.max(), 100)
    density = GaussianKDE(logarithms, "scott").evaluate(at)
    half = density / density.max() * height / 2
    axes.fill_between(10**at, place - half, place + half, **style)


def by_kind(
    axes: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    kinds: NDArray[np.object_],
    colours: Mapping[str, str],
    markers: Mapping[str, str],
) -> None:
    """Draw points (n,), each in the colour and with the marker of its kind.

    They are one group in the order that they are given, so that no kind hides the others; the
    legend has an entry for each of ``markers`` that some point is of, in their order.
    """
    outline: dict[str, Any] = {"linewidth": 0.4, "edgecolor": COLOURS["surface"]}
    shown = [kind for kind in markers if kind in set(kinds)]
    paths = {kind: _path(markers[kind]) for kind in shown}
    points = axes.scatter(x, y, s=30, zorder=3, **outline)
    points.set_facecolor([colours[kind] for kind in kinds])
    points.set_paths([paths[kind] for kind in kinds])
    for kind in shown:
        entry = Line2D(
            [], [], linestyle="", marker=markers[kind], markersize=30**0.5, label=kind, zorder=3,
            color=colours[kind], markeredgewidth=outline["linewidth"],
            markeredgecolor=outline["edgecolor"],
        )  # fmt: skip
        axes.add_artist(entry)


def _path(marker: str) -> Any:
    style = MarkerStyle(marker)
    return style.get_path().transformed(style.get_transform())
