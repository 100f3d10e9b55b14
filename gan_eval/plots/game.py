"""The training game as a field of arrows: where steps of both nets lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from gan_eval.pages.canvas import COLOURS, legend_above
from gan_eval.plots.axes import drawn, given
from gan_eval.plots.grid import STYLES
from gan_eval.runtime.errors import UsageError

_ARROWS = 15
"""Arrows in a row and in a column."""


@drawn
def field(
    matrix: ArrayLike,
    paths: Mapping[str, ArrayLike] | None = None,
    *,
    reach: float | None = None,
    xlabel: str = "error of the generator",
    ylabel: str = "answer of the discriminator",
    ax: Axes | None = None,
) -> Axes:
    """Draw the linear vector field s ↦ M s of a two-player game, and where steps went.

    All arrows have one length, so that their turn is seen close to the equilibrium at (0, 0) as
    well; the stronger an arrow's colour, the faster the field moves there.

    Parameters
    ----------
    matrix : array_like, shape (2, 2)
        M: one player's coordinate is the first, the other's the second.
    paths : mapping of str to array_like, shape (T, 2), optional
        What to call a path, as ``"alternating"``, and its places step by step.
    reach : float, optional
        How far the picture reaches from the equilibrium; by default as far as the paths, or 1.
    xlabel, ylabel : str
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    Two players who each go along the other's coordinate turn in circles:

    >>> import numpy as np
    >>> from gan_eval import plots
    >>> turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> steps = [np.array([1.0, 0.0])]
    >>> for _ in range(40):
    ...     steps.append(steps[-1] + 0.1 * turn @ steps[-1])
    >>> ax = plots.field(turn, {"simultaneous steps": steps})
    >>> ax.lines[0].get_xydata()[1].tolist()
    [1.0, -0.1]
    """
    axes = given(ax)
    move = np.asarray(matrix, dtype=np.float64)
    if move.shape != (2, 2) or not np.isfinite(move).all():
        raise UsageError(f"`matrix` must be 2 × 2 finite numbers, got shape {move.shape}")
    walks = {str(name): _path(path) for name, path in (paths or {}).items()}
    far = 1.0 if reach is None else reach
    if reach is None:
        found = [
            np.abs(walk[np.isfinite(walk).all(axis=1)]).max(initial=0) for walk in walks.values()
        ]
        far = 1.1 * max(found, default=0.0) or 1.0
    _arrows(axes, move, far)
    for place, (name, walk) in enumerate(walks.items()):
        colour, dashes, _ = STYLES[place % len(STYLES)]
        axes.plot(*walk.T, color=COLOURS[colour], linestyle=dashes, label=name, zorder=3)
        axes.plot(*walk[:1].T, "o", color=COLOURS[colour], markersize=5, zorder=3)
    axes.plot([0], [0], "+", color=COLOURS["ink"], markersize=10, label="equilibrium", zorder=4)
    axes.set(xlim=(-far, far), ylim=(-far, far), xlabel=xlabel, ylabel=ylabel, aspect="equal")
    legend_above(axes, columns=2)
    return axes


def _arrows(axes: Axes, move: NDArray[np.float64], reach: float) -> None:
    ticks = np.linspace(-reach, reach, _ARROWS)
    places = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    moves = places @ move.T
    speed = np.hypot(*moves.T)
    moving = speed > 0
    unit = moves[moving] / speed[moving, None]
    spacing = ticks[1] - ticks[0]
    strength = 0.25 + 0.6 * speed[moving] / speed.max(initial=1e-300)
    # One call a strength, so that all arrows of a call have one colour, which a page can turn.
    for low in np.linspace(0.25, 0.85, 5)[:-1]:
        some = (strength >= low) & (strength < low + 0.15 + 1e-9)
        if some.any():
            axes.quiver(
                *places[moving][some].T, *(0.7 * spacing * unit[some]).T, angles="xy",
                scale_units="xy", scale=1, pivot="mid", width=0.0035, color=COLOURS["muted"],
                alpha=float(low + 0.1), zorder=1,
            )  # fmt: skip


def _path(path: Any) -> NDArray[np.float64]:
    walk = np.asarray(path, dtype=np.float64)
    if walk.ndim != 2 or walk.shape[1] != 2 or not len(walk):
        raise UsageError(f"each of `paths` must be places (T, 2), got shape {walk.shape}")
    return walk
