"""Expectations over a mixture of Gaussians that is known: distances and kernels to its rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.spatial.distance import pdist

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.stats.goodness.energy import mean_distance
from gan_eval.stats.samples import Array

Numbers = NDArray[np.floating]

MEDIAN_ROWS = 2000
"""Rows of a mixture whose median distance is the bandwidth of its Gaussian kernel: a fixed draw, so
that the bandwidth is the same for whoever asks."""

_FAR = 1e6
"""(ν/2σ)² from which on the series of a distance is exact in float64."""


@dataclass(frozen=True, eq=False)
class KnownMixture:
    """A mixture in coordinates in which its covariance is I, with the expectations of worth.

    Attributes
    ----------
    center : ndarray, shape (d,)
    factor : ndarray, shape (d, d)
        Rows x are at (x − center) @ factor there.
    weights : ndarray, shape (k,)
    means : ndarray, shape (k, d)
    covariances : ndarray, shape (k, d, d)
    bandwidth : float
        The median distance of ``MEDIAN_ROWS`` rows of a fixed draw.

    Examples
    --------
    >>> known = KnownMixture.of(MixtureTarget.ring())
    >>> rows = known.placed(MixtureTarget.ring().sample(4000, 0))
    >>> bool(abs(known.mean_distances(rows).mean() - known.spread_energy) < 0.02)
    True
    """

    center: Numbers
    factor: Numbers
    weights: Numbers
    means: Numbers
    covariances: Numbers
    bandwidth: float

    @classmethod
    def of(cls, target: MixtureTarget, whiten: bool = True) -> KnownMixture:
        """Bring a mixture there; without ``whiten`` its coordinates are its own."""
        return _known(
            *(part.tobytes() for part in (target.weights, target.means, target.covariances)),
            target.dimension,
            whiten,
        )

    def placed(self, rows: Numbers) -> Array:
        """Bring rows (n, d) to these coordinates."""
        return np.asarray((rows - self.center) @ self.factor, dtype=np.float64)

    def mean_distances(self, placed: Numbers) -> Array:
        """Compute E‖x − Y‖ over the mixture for each row of (n, d), shape (n,), to 1e-12."""
        found = np.zeros(len(placed))
        for weight, mean, covariance in zip(
            self.weights, self.means, self.covariances, strict=True
        ):
            found += weight * _mean_distance(placed - mean, covariance)
        return found

    @property
    def spread_energy(self) -> float:
        """E‖Y − Y′‖ of two independent rows."""
        return _spread_energy(self)

    def mean_kernels(self, placed: Numbers) -> Array:
        """Compute E k(x, Y), k(x, y) = exp(−‖x − y‖²/(2 bandwidth²)), for each row, shape (n,)."""
        found = np.zeros(len(placed))
        for weight, mean, covariance in zip(
            self.weights, self.means, self.covariances, strict=True
        ):
            found += weight * _mean_kernel(placed - mean, covariance, self.bandwidth)
        return found

    @property
    def mean_kernel(self) -> float:
        """E k(Y, Y′) of two independent rows."""
        total = 0.0
        for weight, mean, covariance in zip(
            self.weights, self.means, self.covariances, strict=True
        ):
            for other, apart, own in zip(
                self.weights, self.means - mean, self.covariances, strict=True
            ):
                one = _mean_kernel(apart[None], covariance + own, self.bandwidth)
                total += weight * other * float(one[0])
        return total


@lru_cache(maxsize=32)
def _known(weights: bytes, means: bytes, covariances: bytes, d: int, whiten: bool) -> KnownMixture:
    """Make what all equal mixtures share: the bandwidth takes a tenth of a second."""
    target = MixtureTarget(
        np.frombuffer(weights),
        np.frombuffer(means).reshape(-1, d),
        np.frombuffer(covariances).reshape(-1, d, d),
    )
    center, factor = np.zeros(d), np.eye(d)
    if whiten:
        center = target.mean
        factor = np.linalg.inv(np.linalg.cholesky(target.covariance)).T
    matrices = factor.T @ target.covariances @ factor
    placed = (target.sample(MEDIAN_ROWS, 0) - center) @ factor
    width = float(np.median(pdist(placed)))
    return KnownMixture(
        center, factor, target.weights, (target.means - center) @ factor, matrices, width
    )


@lru_cache(maxsize=32)
def _spread_energy(known: KnownMixture) -> float:
    total = 0.0
    for i, weight in enumerate(known.weights):
        for j in range(i + 1):
            covariance = known.covariances[i] + known.covariances[j]
            apart = (known.means[i] - known.means[j])[None]
            one = float(_mean_distance(apart, covariance)[0])
            total += (1 + (i != j)) * weight * known.weights[j] * one
    return total


def _mean_distance(apart: Numbers, covariance: Numbers) -> Array:
    """E‖x − Y‖, Y ~ N(0, covariance), for each row x."""
    variances, axes = np.linalg.eigh(covariance)
    if len(variances) == 2 and np.ptp(variances) <= 1e-14 * variances[-1]:
        return _rice_mean(np.linalg.norm(apart, axis=1), float(np.sqrt(variances.mean())))
    return mean_distance(np.asarray(apart @ axes, np.float64), np.sqrt(variances), 1.0)


def _rice_mean(distance: Numbers, deviation: float) -> Array:
    """The mean of Rice's distribution: the length of a plane normal vector around ``distance``.

    σ √(π/2) L½(−ν²/(2σ²)), by Bessel functions that are scaled by their exponential; far off by
    its series ν + σ²/(2ν) + σ⁴/(8ν³), where those functions lose all digits.
    """
    with np.errstate(over="ignore"):
        half = np.minimum((distance / deviation) ** 2 / 4, _FAR)
        ratio = deviation / np.maximum(distance, 2 * deviation)
    far = distance * (1 + ratio**2 / 2 + ratio**4 / 8)
    polynomial = (1 + 2 * half) * special.ive(0, half) + 2 * half * special.ive(1, half)
    return np.where(half < _FAR, deviation * np.sqrt(np.pi / 2) * polynomial, far)


def _mean_kernel(apart: Numbers, covariance: Numbers, bandwidth: float) -> Array:
    """E exp(−‖x − Y‖²/(2h²)), Y ~ N(0, covariance), for each row x."""
    variances, axes = np.linalg.eigh(covariance)
    spread = variances + bandwidth**2
    squares = ((apart @ axes) ** 2 / spread).sum(axis=1)
    return np.exp(-squares / 2) * np.sqrt(np.prod(bandwidth**2 / spread))
