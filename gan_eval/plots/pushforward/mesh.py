"""The mesh of the plane of noise, and what a generator makes of it: its stretches and folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from gan_eval.distributions.pushforward import Pushforward
from gan_eval.pages.canvas import COLOURS, legend_above
from gan_eval.pages.language import N_, _
from gan_eval.plots.axes import drawn, given
from gan_eval.runtime.arguments import one_of
from gan_eval.runtime.errors import UsageError

Array = NDArray[np.floating]

REACH = 3.0
"""The mesh reaches from −3 to 3: a square with 99.5 % of the noise."""
_LINES = 19
"""Lines along each coordinate: a third apart."""
_STEPS = 240
"""Pieces of a line, before those that are straight are joined."""
_KINDS = (
    ("kept", "learned", "-", N_("upright")),
    ("turned", "real", (0, (3, 1)), N_("mirrored")),
    ("folds", "failed", "-", N_("fold")),
)
"""Attribute, colour, line and name of each kind of line."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A square mesh of noise and its image.

    Each is a list of polylines, (points, 4) each: z₁, z₂, x₁, x₂.

    Attributes
    ----------
    kept : list of ndarray
        Where the generator keeps the sense of rotation: det J ≥ 0.
    turned : list of ndarray
        Where it mirrors: det J < 0.
    folds : list of ndarray
        Between them, where det J changes its sign.
    """

    kept: Sequence[Array]
    turned: Sequence[Array]
    folds: Sequence[Array]


def mesh_of(law: Pushforward) -> Mesh:
    """Push a square mesh of noise forward, and find where it folds.

    Raises
    ------
    UsageError
        Where noise or points have not two coordinates.

    Examples
    --------
    >>> fold = [([[1.0, 0.0, -1.0], [0.0, 1.0, 0.0]], [0.0, 9.0, 0.0])]
    >>> fold += [([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [0.0, 0.0])]  # z₁ ↦ |z₁|
    >>> found = mesh_of(Pushforward(fold, "relu"))
    >>> bool(max(np.abs(line[:, 0]).max() for line in found.folds) < 0.02)
    True
    """
    if (law.latent_size, law.dimension) != (2, 2):
        raise UsageError(
            "the mesh is of generators from 2 coordinates of noise to 2 of points, and this one "
            f"maps {law.latent_size} to {law.dimension}"
        )
    fine = np.linspace(-REACH, REACH, _STEPS + 1)
    parts: dict[bool, list[Array]] = {True: [], False: []}
    for fixed in np.linspace(-REACH, REACH, _LINES):
        for swapped in (False, True):
            pair = [np.full_like(fine, fixed), fine]
            z = np.column_stack(pair[::-1] if swapped else pair)
            line = np.hstack([z, law.network.values(z)])
            middles = (z[:-1] + z[1:]) / 2
            kept = _determinants(law, middles) >= 0
            for start, end in _runs(kept):
                parts[bool(kept[start])].append(_straightened(line[start : end + 1]))
    return Mesh(parts[True], parts[False], _folds(law))


@drawn
def mesh(
    law: Pushforward | Mesh, *, plane: str = "points", lines: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw a square mesh of the plane of noise, or what a generator makes of it.

    Lines are dashed where the generator mirrors the plane (det J < 0); at the folds between, thick
    lines, several z have one image, and the density has an edge. Where lines run far apart there
    are few points; where they crowd, many.

    Parameters
    ----------
    law : Pushforward or Mesh
        From two coordinates of noise to two of points.
    plane : "points" or "noise"
        Which of the two planes is drawn.
    lines : bool
        False draws the folds alone.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    >>> import gan_eval as ge
    >>> from gan_eval.distributions.pushforward import Pushforward
    >>> ax = ge.plots.mesh(Pushforward([([[2.0, 0.0], [0.0, 1.0]], [0.0, 0.0])]))
    >>> len(ax.collections[0].get_segments()), ax.get_xlabel()
    (38, 'x₁')
    """
    axes = given(ax)
    one_of(plane, "plane", ("points", "noise"))
    shown = law if isinstance(law, Mesh) else mesh_of(law)
    columns = slice(2, 4) if plane == "points" else slice(0, 2)
    for kind, colour, dashes, name in _KINDS:
        own = [line[:, columns] for line in getattr(shown, kind)]
        if plane == "noise" and kind != "folds":
            own = [line[[0, -1]] for line in own]  # straight there
        if own and (lines or kind == "folds"):
            axes.add_collection(
                LineCollection(
                    own, colors=COLOURS[colour], linestyles=[dashes], label=_(name),
                    linewidths=1.8 if kind == "folds" else 0.6, zorder=3 if kind == "folds" else 2,
                )
            )  # fmt: skip
    axes.autoscale_view()
    axes.grid(visible=False)
    letter = "x" if plane == "points" else "z"
    axes.set(aspect="equal", xlabel=f"{letter}₁", ylabel=f"{letter}₂")
    legend_above(axes, columns=3)
    return axes


def _determinants(law: Pushforward, z: Array) -> Array:
    return np.linalg.det(law.network.jacobians(z))


def _runs(kept: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where neighbours are alike, from the first to one behind the last."""
    edges = np.flatnonzero(np.diff(kept)) + 1
    starts = [0, *edges.tolist()]
    return list(zip(starts, [*starts[1:], len(kept)], strict=True))


def _folds(law: Pushforward) -> list[Array]:
    """The lines along which det J changes its sign, with their images."""
    line = np.linspace(-REACH, REACH, 2 * _STEPS + 1)
    z = np.stack(np.meshgrid(line, line), axis=-1)
    found = _determinants(law, z.reshape(-1, 2)).reshape(z.shape[:2])
    # Of pieces that are linear only the sign says where the line is; of smooth ones, the value too.
    level = found if law.activation == "tanh" else np.sign(found)
    if not (level.min() < 0 < level.max()):
        return []
    lines: Any = contour_generator(line, line, level).lines(0.0)
    return [_straightened(np.hstack([one, law.network.values(one)])) for one in lines]


def _straightened(line: Array) -> Array:
    """Leave out points (n, 4) without which the line stays where it is, to 0.2 % of its reach."""
    reach = np.maximum(np.ptp(line, axis=0), 0.05 * REACH)
    keep = np.zeros(len(line), bool)
    keep[[0, -1]] = True
    open_ = [(0, len(line) - 1)]
    while open_:
        first, last = open_.pop()
        if last - first < 2:
            continue
        share = np.linspace(0, 1, last - first + 1)[1:-1, None]
        chord = line[first] + share * (line[last] - line[first])
        off = (np.abs(line[first + 1 : last] - chord) / reach).max(axis=1)
        worst = int(off.argmax())
        if off[worst] > 0.006:
            keep[first + 1 + worst] = True
            open_ += [(first, first + 1 + worst), (first + 1 + worst, last)]
    return line[keep]
