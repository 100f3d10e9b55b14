"""The squared distance of many samples to the same rows, whose features are computed once.

A row becomes ψ(x), a cosine and a sine of each frequency, such that ½‖ψ(x) − ψ(y)‖² is the distance
of two rows, or 1 less their kernel (:mod:`~gan_eval.stats.kernels.features`). So D² is the squared
distance of two means, and what pairs of rows would say is in means and one covariance matrix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.intervals import squared_distance_interval
from gan_eval.stats.kernels.features import Features, distance_features, kernel_features
from gan_eval.stats.kernels.kernels import median_bandwidth
from gan_eval.stats.noise import Noise
from gan_eval.stats.permutation.lines import projection_constant
from gan_eval.stats.samples import Array

FREQUENCIES = 512
"""Of each measure."""

MEASURES = ("energy", "mmd")
_LARGEST = {"energy": math.inf, "mmd": 2.0}
_AT_ONCE = 512
"""Rows held at once as features: few enough for a processor's cache, and for sums in float32."""

SPECTRUM_ROWS = 128
"""Rows of each sample whose products give the spectrum of the noise."""

FAR = 1e15
"""Points are taken no further off than that: the sine of more has no digits left."""

Single = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Measured:
    """One sample, by its squared distance to the real rows.

    Attributes
    ----------
    rows : int
        m.
    estimate : float
        D², without bias: it may be below 0.
    low, high : float
        Its interval, valid at 0 too.
    mean : ndarray, shape (2F,)
        Of the features.
    of_rows : float
        The variance of D² when one row of the sample is left out at a time.
    """

    rows: int
    estimate: float
    low: float
    high: float
    mean: Array
    of_rows: float


class RealFeatures:
    """The features of real rows, kept: their mean, their covariance, and some of the rows'.

    Parameters
    ----------
    points : ndarray, shape (n, D)
        At least 4 rows, in coordinates where Euclidean distances mean something.
    by : {"energy", "mmd"}
        The distance of rows, or the Gaussian kernel whose bandwidth is the median distance.
    rng : numpy.random.Generator
        Draws the frequencies.
    frequencies : int

    Notes
    -----
    With finitely many frequencies D² is a squared distance itself, near the one it stands for
    (Rahimi & Recht 2007): n fresh real rows are ``spread`` / n away on average, in it as in the
    other, so that a worth is right whatever the frequencies; ``error`` says how far D² is off.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real = RealFeatures(rng.normal(size=(2000, 2)), "energy", rng)
    >>> found = real.measure(rng.normal(0.5, size=(500, 2)))
    >>> found.low < 0.21 < found.high  # the distance of the two distributions
    True
    """

    def __init__(
        self, points: Array, by: str, rng: np.random.Generator, frequencies: int = FREQUENCIES
    ) -> None:
        d = points.shape[1]
        drawn: Features
        if by == "energy":
            drawn = distance_features(points, projection_constant(d), frequencies, rng)
        else:
            width = [("gaussian", median_bandwidth(points))]
            drawn = kernel_features(width, d, frequencies, rng)
        self.by, self.n = by, len(points)
        self._groups = drawn.weights.shape[0]
        self._centre = np.median(points, axis=0)
        self._halves = (0.5 * drawn.frequencies.reshape(-1, d).T).astype(np.float32)
        self._roots = np.sqrt(drawn.weights.reshape(-1)).astype(np.float32)
        self._accumulate(points)
        self._some = self.features(points[_places(self.n)])
        self._some_gram = self._some @ self._some.T

    def features(self, points: Array) -> Single:
        """Compute the features of rows (m, D), shape (m, 2F)."""
        near = np.clip(points - self._centre, -FAR, FAR).astype(np.float32)
        phases = near @ self._halves
        count = phases.shape[1]
        made = np.empty((len(points), 2 * count), np.float32)
        sines = np.sin(phases)
        np.cos(phases, out=phases)
        # cos a − 1 and sin a by the half of a, so that small ones keep their digits.
        sines *= self._roots
        np.multiply(sines, phases, out=made[:, count:])
        made[:, count:] *= 2
        sines *= sines
        np.multiply(sines, -2 / self._roots, out=made[:, :count])
        return made

    def _accumulate(self, points: Array) -> None:
        """Add up the features, and their products, with the squared length as one more."""
        size = 2 * self._halves.shape[1]
        total, products = np.zeros(size + 1), np.zeros((size + 1, size + 1))
        # About a mean of some rows, products lose no digits.
        first = self._lengthened(points[:_AT_ONCE]).mean(axis=0)
        for start in range(0, self.n, _AT_ONCE):
            rows = self._lengthened(points[start : start + _AT_ONCE]) - first
            total += np.ones(len(rows), np.float32) @ rows
            products += rows.T @ rows
        mean = total / self.n
        products -= self.n * np.outer(mean, mean)
        self.covariance: Array = products / (self.n - 1)
        self.mean: Array = (first + mean)[:-1]
        self.spread = float(np.trace(self.covariance[:-1, :-1]))

    def _lengthened(self, points: Array) -> Single:
        """Return the features with their squared length as one more."""
        made = self.features(points)
        return np.column_stack([made, np.einsum("ij,ij->i", made, made)])

    def measure(self, points: Array, level: float = 0.95) -> Measured:
        """Estimate the squared distance of a sample (m, D), m ≥ 4, and its interval.

        Notes
        -----
        The estimate is ‖ψ̄_x − ψ̄_y‖² less what the noise of both means adds on average, the means
        over pairs of different rows. The interval is that of
        :func:`~gan_eval.stats.squared_distance.squared_distance`.
        """
        m = len(points)
        parts = [self.features(points[i : i + _AT_ONCE]) for i in range(0, m, _AT_ONCE)]
        ones = [np.ones(len(part), np.float32) for part in parts]
        sums = [one @ part for one, part in zip(ones, parts, strict=True)]
        mean: Array = np.asarray(sums, np.float64).sum(axis=0) / m
        squares = np.concatenate([np.einsum("ij,ij->i", part, part) for part in parts])
        squares = squares.astype(np.float64)
        own_spread = max((float(squares.sum()) - m * float(mean @ mean)) / (m - 1), 0.0)
        apart = self.mean - mean
        first = self.spread / self.n + own_spread / m
        estimate = float(apart @ apart) - first

        onto = np.column_stack([self.mean, mean]).astype(np.float32)
        on_real, on_own = np.concatenate([part @ onto for part in parts]).astype(np.float64).T
        own = 0.5 * squares + squares / (2 * (m - 1)) - on_own * (m / (m - 1))
        across = 0.5 * squares - on_real
        witness = float((across - own).var(ddof=1)) / m + self._witness(mean)
        of_rows = float((2 * (across - own * ((m - 1) / (m - 2)))).var(ddof=1)) / m
        some = np.concatenate(parts)[_places(m)]
        low, high = self._interval(estimate, witness, first, m, some, level)
        return Measured(m, estimate, low, high, mean, of_rows)

    def _witness(self, mean: Array) -> float:
        """Return the variance of the mean over real rows of their distance across, less within."""
        n = self.n
        direction = np.append(self.mean * (n / (n - 1)) - mean, -0.5 / (n - 1))
        return float(direction @ self.covariance @ direction) / n

    def _interval(
        self, estimate: float, witness: float, first: float, m: int, some: Single, level: float
    ) -> tuple[float, float]:
        """Bound D²; ``some`` has the features of some of the m rows."""
        largest, k = _LARGEST[self.by], len(self._some)
        # What is left of rows that all coincide is rounding.
        if not first > np.finfo(np.float32).eps * self.spread / self.n:
            end = min(max(estimate, 0.0), largest)
            return end, end
        gram = np.empty((k + len(some),) * 2, np.float64)
        gram[:k, :k] = self._some_gram
        gram[k:, :k] = some @ self._some.T
        gram[:k, k:] = gram[k:, :k].T
        gram[k:, k:] = some @ some.T
        noise = Noise.of(gram, k, self.n, m, first)
        return squared_distance_interval(estimate, witness, noise, largest=largest, level=level)

    def error(self, mean: Array) -> float:
        """Estimate the standard error that finitely many frequencies bring to a D², by the spread
        of their independent groups; ``mean`` is of the sample's features."""
        halves = np.square(self.mean - mean).reshape(2, self._groups, -1).sum(axis=(0, 2))
        return float((halves * self._groups).std(ddof=1)) / math.sqrt(self._groups)


def _places(count: int) -> NDArray[np.intp]:
    """Take rows from the first to the last, evenly."""
    return np.linspace(0, count - 1, min(count, SPECTRUM_ROWS)).round().astype(np.intp)
