"""The modes of a target: the places where its mass lies, with names that a reader can say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.floating]

LOST_SHARE = 0.1
"""A mode is lost where its share is at most this part of the one that it should have."""
WITHIN = 3.0
"""A row is of high quality within so many standard deviations (Mahalanobis) of its nearest mode
(Srivastava et al. 2017, "VEEGAN", §5.1)."""

_NAMED = 4
"""The most coordinates that a mode's name holds."""


@dataclass(frozen=True, eq=False)
class Modes:
    """A list of k modes in d coordinates, the components of a mixture.

    Attributes
    ----------
    weights : ndarray, shape (k,)
        The share of the mass of each; they add up to 1.
    means : ndarray, shape (k, d)
    covariances : ndarray, shape (k, d, d)
    names : tuple of k str

    Examples
    --------
    >>> from gan_eval.distributions.mixture import MixtureTarget
    >>> modes = MixtureTarget.ring().modes
    >>> len(modes), modes.names[1], modes.weights[1].item()
    (8, 'mode 2 at (0.71, 0.71)', 0.125)
    """

    weights: Array
    means: Array
    covariances: Array
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def expected(self) -> Array:
        """The mass that the target has within ``WITHIN`` standard deviations of each, (k,), where
        they do not overlap: its weight times P(χ²_d ≤ 9)."""
        return self.weights * special.gammainc(self.means.shape[1] / 2, WITHIN**2 / 2)


def mode_counts(rows: Array, modes: Modes) -> NDArray[np.intp]:
    """Count the rows (n, d) of high quality at each mode, and last the other rows, (k + 1,).

    A row belongs with the mode to which its Mahalanobis distance is smallest.

    Examples
    --------
    >>> from gan_eval.distributions.mixture import MixtureTarget
    >>> mode_counts(np.array([[1.0, 0.0], [1.0, 0.02], [0.5, 0.0]]), MixtureTarget.ring().modes)
    array([2, 0, 0, 0, 0, 0, 0, 0, 1])
    """
    k = len(modes.means)
    squares = np.empty((len(rows), k))
    with np.errstate(over="ignore", invalid="ignore"):
        for j, (mean, covariance) in enumerate(zip(modes.means, modes.covariances, strict=True)):
            white = np.linalg.solve(np.linalg.cholesky(covariance), (rows - mean).T)
            squares[:, j] = (white**2).sum(axis=0)
    squares = np.nan_to_num(squares, nan=np.inf)
    nearest = squares.argmin(axis=1)
    near = squares[np.arange(len(rows)), nearest] <= WITHIN**2
    return np.bincount(np.where(near, nearest, k), minlength=k + 1)


def names_of(means: Array) -> tuple[str, ...]:
    """Name modes by their number, from 1, and, up to 4 coordinates, by their place (k, d).

    Places are rounded to a hundredth of the range of the modes, as a power of ten.

    Examples
    --------
    >>> names_of(np.array([[0.0, 1.0], [0.7071, -0.7071]]))
    ('mode 1 at (0, 1)', 'mode 2 at (0.71, -0.71)')
    """
    k, d = means.shape
    if d > _NAMED:
        return tuple(f"mode {number}" for number in range(1, k + 1))
    largest = float(np.ptp(means, axis=0).max()) or float(np.abs(means).max())
    power = int(np.floor(np.log10(largest))) if largest > 0 else 0
    if -5 < power < 7:
        means, style = np.round(means, 2 - power) + 0.0, ".10g"
    else:
        style = ".3g"
    places = (", ".join(format(value, style) for value in row) for row in means.tolist())
    return tuple(f"mode {number} at ({place})" for number, place in enumerate(places, 1))
