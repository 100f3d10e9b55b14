"""Around each mode of a target, a disc in standard deviations that holds all of it but 1e-17."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget

Array = NDArray[np.floating]

RADIUS = 9.0
"""The radius of a disc, in standard deviations."""
_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, eq=False)
class Discs:
    """A disc around each of k modes.

    Attributes
    ----------
    centres : ndarray, shape (k, 2)
    factors, whitening : ndarray, shape (k, 2, 2)
        x = centre + v @ factor for v in standard deviations, and the inverse.
    scale : ndarray, shape (k,)
        |det| of the factors.
    log_peaks : ndarray, shape (k,)
        ln of the density of this component at its centre, times its weight.
    """

    centres: Array
    factors: Array
    whitening: Array
    scale: Array
    log_peaks: Array

    @classmethod
    def of(cls, target: MixtureTarget) -> Discs:
        """Make those of a mixture in the plane."""
        return cls._make(target.means, target.covariances, target.weights)

    @classmethod
    def around(cls, rows: Array) -> Discs:
        """Make one that holds rows (n, 2) within a few deviations."""
        covariance = np.cov(rows.T, bias=True) if len(rows) > 1 else np.zeros((2, 2))
        size = max(float(np.trace(covariance)), float(np.abs(rows).max()) ** 2 * 1e-4, 1e-12)
        covariance = covariance + 1e-4 * size * np.eye(2)
        return cls._make(rows.mean(axis=0)[None], covariance[None], np.ones(1))

    @classmethod
    def _make(cls, centres: Array, covariances: Array, weights: Array) -> Discs:
        factors = np.swapaxes(np.linalg.cholesky(covariances), 1, 2)
        scale = np.abs(np.linalg.det(factors))
        peaks = np.log(weights) - np.log(scale) - _LOG_2PI
        return cls(centres, factors, np.linalg.inv(factors), scale, peaks)

    def squares(self, x: Array) -> Array:
        """Compute the squared deviations of points x (n, 2) from each mode, (n, k)."""
        away0 = x[:, :1] - self.centres[:, 0]
        away1 = x[:, 1:] - self.centres[:, 1]
        (w00, w01), (w10, w11) = self.whitening.transpose(1, 2, 0)
        return (away0 * w00 + away1 * w10) ** 2 + (away0 * w01 + away1 * w11) ** 2

    @cached_property
    def stretch(self) -> Array:
        """How many deviations of each mode a way of length 1 is at most, (k,)."""
        return np.linalg.norm(self.whitening, 2, axis=(1, 2))

    def log_density_bound(self, centres: Array, radii: Array) -> Array:
        """Bound the components' log-density over circles in the plane, (n,)."""
        distance = np.sqrt(self.squares(centres)) - radii[:, None] * self.stretch
        return (self.log_peaks - np.maximum(distance, 0.0) ** 2 / 2).max(axis=1)
