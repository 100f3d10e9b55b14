"""Where the mass of a law in the plane lies: its mass in each of many small squares."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.protocol import TargetLike, as_target
from gan_eval.distributions.pushforward import Pushforward
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError

Array = NDArray[np.floating]

_REACH = 5.0
"""The square of noise that is pushed forward; what is left out has a mass of 1e-6."""
_CELLS = 160
"""Cells of it along each coordinate, before those that are stretched are divided."""
_FINEST = 64
"""Parts along a coordinate into which a cell is divided at most."""
_BLOCK = 400_000
_MOST_POINTS = 3_000_000
"""Points that are pushed forward at most; of a generator that spreads wider, cells are coarser."""
_SAMPLED = 1_000_000
"""Points that are pushed forward where the noise has not two coordinates."""
_MOST, _LEAST = 320, 100
"""Squares of a raster along each coordinate."""


class Window(NamedTuple):
    """A rectangle of the plane."""

    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True, eq=False)
class Raster:
    """The mean density of a law in each square of a window.

    Attributes
    ----------
    density : ndarray, shape (rows, columns)
        The first row lies at the bottom.
    window : Window
    inside : float
        The mass within the window.
    """

    density: Array
    window: Window
    inside: float

    @property
    def places(self) -> tuple[Array, Array]:
        """The middles of the columns and of the rows."""
        rows, columns = self.density.shape
        left, right, bottom, top = self.window
        x = left + (right - left) * (np.arange(columns) + 0.5) / columns
        return x, bottom + (top - bottom) * (np.arange(rows) + 0.5) / rows


def window_of(target: TargetLike) -> Window:
    """Find a window that holds a target in the plane, with some room around it.

    Examples
    --------
    >>> from gan_eval.distributions.mixture import MixtureTarget
    >>> [round(end, 2) for end in window_of(MixtureTarget.ring())]
    [-1.35, 1.35, -1.35, 1.35]
    """
    truth = as_target(target)
    if truth.dimension != 2:
        raise UsageError(f"`target` must have 2 coordinates to be drawn, got {truth.dimension}")
    low, high = _ends(truth)
    room = 0.15 * (high - low)
    (left, bottom), (right, top) = (low - room).tolist(), (high + room).tolist()
    return Window(left, right, bottom, top)


def raster_of(law: Pushforward | TargetLike, target: TargetLike, size: int | None = None) -> Raster:
    """Compute where the mass of a law lies, in the window of a target.

    A generator's by pushing the cells of a fine grid of noise forward, each divided until its
    image is smaller than a square: folds and mass on lines are in it as they are, up to the size
    of a square. Of noise that has not two coordinates by a million points. A target's from its
    density at the middle of each square.

    Parameters
    ----------
    law : Pushforward or Target
    target : Target
        In the plane; the window is around it, and a square is smaller than its narrowest mode.
    size : int, optional
        Squares along each coordinate.

    Raises
    ------
    UsageError
        Where either has not two coordinates.

    Examples
    --------
    >>> from gan_eval.distributions.target import GaussianTarget
    >>> truth = GaussianTarget([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
    >>> found = raster_of(Pushforward([(truth.A, truth.b)]), truth)
    >>> bool(abs(found.density.max() * 2 * np.pi - 1) < 0.01), round(found.inside, 3)
    (True, 1.0)
    """
    window = window_of(target)
    source = law if isinstance(law, Pushforward) else as_target(law)
    if source.dimension != 2:
        raise UsageError(f"`law` must have 2 coordinates to be drawn, got {source.dimension}")
    size = _size(as_target(target), window) if size is None else size
    if not isinstance(source, Pushforward):
        x, y = Raster(np.zeros((size, size)), window, 0.0).places
        points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        density = np.exp(np.asarray(source.log_density(points))).reshape(size, size)
        return Raster(density, window, float(density.sum() * _square(window, size)))
    mass = np.zeros((size + 3) ** 2)
    for points, weights in _pushed(source, window, size):
        _spread(mass, _squares(points, window, size), weights, size + 3)
    inner = mass.reshape(size + 3, size + 3)[1:-2, 1:-2]
    return Raster(inner / _square(window, size), window, float(inner.sum()))


def _spread(mass: Array, places: Array, weights: Array, side: int) -> None:
    """Share the mass of points out among the four squares around each, by nearness.

    Whole squares would beat against the lattice of the points. ``mass`` (side²,) has a border, of
    one square below and of two above.
    """
    low = np.floor(places).astype(np.intp)
    (right, up), (column, row) = (places - low).T, low.T
    for over, across in ((0, 1 - right), (1, right)):
        for above, along in ((0, 1 - up), (1, up)):
            at = (row + above) * side + column + over
            mass += np.bincount(at, weights * across * along, mass.size)


def _ends(truth: Any) -> tuple[Array, Array]:
    """The lowest and the highest coordinates that a window must hold, (2,) each."""
    if isinstance(truth, MixtureTarget):
        modes = truth.modes
        far = 3.5 * np.sqrt(modes.covariances[:, [0, 1], [0, 1]])
        return (modes.means - far).min(axis=0), (modes.means + far).max(axis=0)
    if isinstance(truth, GaussianTarget):
        far = 3.0 * np.sqrt(np.diag(truth.covariance))
        return truth.mean - far, truth.mean + far
    rows = np.asarray(truth.sample(10_000, 0))
    return rows.min(axis=0), rows.max(axis=0)


def _size(truth: Any, window: Window) -> int:
    """As many squares as make one smaller than the deviation of the narrowest mode."""
    if not isinstance(truth, MixtureTarget):
        return _LEAST
    narrow = math.sqrt(float(np.linalg.eigvalsh(truth.modes.covariances).min()))
    wide = max(window.right - window.left, window.top - window.bottom)
    return min(max(math.ceil(wide / (0.8 * narrow)), _LEAST), _MOST)


def _square(window: Window, size: int) -> float:
    return (window.right - window.left) * (window.top - window.bottom) / size**2


def _squares(points: Array, window: Window, size: int) -> Array:
    """Where points (n, 2) lie, in squares from the middle of the first of the border on.

    Of those outside the window, on the border or in the half of a square beside it.
    """
    low = np.array([window.left, window.bottom])
    high = np.array([window.right, window.top])
    return np.clip((points - low) / (high - low) * size + 0.5, 0.0, size + 1.0)


def _pushed(law: Pushforward, window: Window, size: int) -> Iterator[tuple[Array, Array]]:
    """Points of the law with their masses, as close as the squares ask for."""
    if law.latent_size != 2:
        yield law.sample(_SAMPLED, 0), np.full(_SAMPLED, 1 / _SAMPLED)
        return
    line = np.linspace(-_REACH, _REACH, _CELLS + 1)
    step = line[1] - line[0]
    corners = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1)
    image = law.network.values(corners.reshape(-1, 2)).reshape(corners.shape)
    scale = size / np.array([window.right - window.left, window.top - window.bottom])
    across, along = (np.abs(np.diff(image, axis=axis)) * scale for axis in (0, 1))
    parts = [
        _parts(np.maximum(across[:, :-1], across[:, 1:])),
        _parts(np.maximum(along[:-1], along[1:])),
    ]
    seen = _in_sight(image, window)
    parts = [np.where(seen, one, 1) for one in parts]
    masses = np.diff(ndtr(line))
    low = corners[:-1, :-1].reshape(-1, 2)
    mass = np.outer(masses, masses).ravel()
    while (parts[0] * parts[1]).sum() > _MOST_POINTS:
        parts = [np.maximum(one // 2, 1) for one in parts]
    codes = parts[0] * 1000 + parts[1]
    for code in np.unique(codes):
        first, second = divmod(int(code), 1000)
        inner = np.stack(
            np.meshgrid(
                (np.arange(first) + 0.5) / first, (np.arange(second) + 0.5) / second, indexing="ij"
            ),
            axis=-1,
        ).reshape(-1, 2)
        own = np.flatnonzero(codes == code)
        for some in np.array_split(own, max(1, len(own) * len(inner) // _BLOCK)):
            z = (low[some, None] + step * inner).reshape(-1, 2)
            weights = np.exp(-0.5 * (z**2).sum(axis=1)).reshape(len(some), -1)
            weights *= (mass[some] / weights.sum(axis=1))[:, None]
            yield law.network.values(z), weights.ravel()


def _in_sight(image: Array, window: Window) -> NDArray[np.bool_]:
    """Which cells, of the images (n + 1, n + 1, 2) of their corners, may reach the window."""
    sides = [image[:-1, :-1], image[1:, :-1], image[:-1, 1:], image[1:, 1:]]
    low, high = np.min(sides, axis=0), np.max(sides, axis=0)
    room = 0.5 * (high - low)  # between its corners a cell may bend out
    left, right, bottom, top = window
    below, above = np.array([left, bottom]), np.array([right, top])
    return ((high + room >= below) & (low - room <= above)).all(axis=-1).ravel()


def _parts(stretch: Array) -> NDArray[np.intp]:
    """Into how many parts to divide cells (n, n) whose sides span so many squares (n, n, 2)."""
    wanted = np.clip(2.0 * stretch.max(axis=-1).ravel(), 2.0, _FINEST)
    return (2 ** np.ceil(np.log2(wanted))).astype(np.intp)
