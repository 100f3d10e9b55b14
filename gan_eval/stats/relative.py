"""Which of several samples is nearer to the real one: differences of squared distances.

The samples are held against the same real rows, so that what these have by chance falls out of a
difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import stdtr, stdtrit

from gan_eval.runtime.arguments import level, one_of
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.intervals import squared_distance_interval
from gan_eval.stats.multiple import adjusted_pvalues
from gan_eval.stats.noise import SPECTRUM_ROWS, Noise
from gan_eval.stats.pairs import PairMeans, Semimetric, between, semimetric, within
from gan_eval.stats.samples import Array

MEASURES = ("energy", "mmd")
METHODS = ("jackknife", "u_statistic")
_LARGEST = {"energy": math.inf, "mmd": 2.0}
FEWEST_ROWS = 4
"""Rows of each sample; the variance of pairs needs four."""


@dataclass(frozen=True)
class Difference:
    """The squared distance of one sample to the real one, less that of another.

    Attributes
    ----------
    first, second : int
        Places of the two among the samples.
    estimate : float
        D²(real, first) − D²(real, second), without bias: below 0 where the first is nearer.
    variance : float
    degrees : float
        Of Student's t, by Welch and Satterthwaite.
    low, high : float
        The interval.
    pvalue, adjusted : float
        Of equal distances, two-sided, and adjusted by Holm over all pairs.
    """

    first: int
    second: int
    estimate: float
    variance: float
    degrees: float
    low: float
    high: float
    pvalue: float
    adjusted: float


@dataclass(frozen=True, eq=False)
class RelativeDistances:
    """Squared distances of several samples to one, and the differences of each two.

    Attributes
    ----------
    measure, method : str
    alpha : float
    spread : float
        E ρ(X, X′) of the real rows: n fresh real rows are D² = ``spread`` / n away on average.
    distances : tuple of float
        Estimates without bias, in the order of the samples; some may be below 0.
    intervals : tuple of (float, float)
        Of these, of level 95 %, valid at 0 too
        (:func:`~gan_eval.stats.intervals.squared_distance_interval`).
    differences : tuple of Difference
        Of all pairs, in the order of ``itertools.combinations``.
    """

    measure: str
    method: str
    alpha: float
    spread: float
    distances: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    differences: tuple[Difference, ...]


def relative_distances(
    real: Array,
    others: Sequence[Array],
    *,
    measure: str = "energy",
    method: str = "jackknife",
    alpha: float = 0.05,
    rng: np.random.Generator | None = None,
) -> RelativeDistances:
    """Estimate the squared distance of each sample to the real one, and test each two for equality.

    Parameters
    ----------
    real : ndarray, shape (n, d)
    others : sequence of ndarray, shapes (m, d)
        At least two, in the coordinates of ``real``. All with at least 4 rows.
    measure : {"energy", "mmd"}
        :func:`~gan_eval.stats.pairs.semimetric`.
    method : {"jackknife", "u_statistic"}
        The variance of a difference; see the notes.
    alpha : float
        Intervals have level 1 − ``alpha``, each by itself.
    rng : numpy.random.Generator, optional
        Parts rows into blocks where there are more than 20,000² pairs of two samples.

    Returns
    -------
    RelativeDistances

    Raises
    ------
    UsageError
        For fewer than 2 samples or 4 rows, or an unknown measure or method.

    Notes
    -----
    The difference Δ of two unbiased estimates is a U-statistic of three samples: E ρ(X, X′) falls
    out. By Hoeffding's decomposition its variance is exactly Σ Var h(row) / rows over the three
    samples, plus that of pairs alone, E ρ̃² / pairs for each mean in it; h is the mean of ρ given
    one row, for a real row 2 E ρ(x, A) − 2 E ρ(x, B). ``"u_statistic"`` estimates both parts
    without bias. The first alone is the asymptotic variance of Bounliphone et al. (2016), with the
    covariance that comes from the same real rows. It vanishes where both samples have the real
    one's distribution: Δ is then no longer normal, and its variance is that of pairs.
    ``"jackknife"`` leaves out one row of one sample at a time; it counts the part of pairs twice
    (Efron & Stein 1981), which is next to nothing far from the real distribution, and near it makes
    up for the law's long tails: the size stays below α in both places, and the answer to which of
    two right generators is nearer is that it cannot be told.

    References
    ----------
    W. Bounliphone, E. Belilovsky, M. Blaschko, I. Antonoglou, A. Gretton, "A test of relative
    similarity for model selection in generative models", ICLR 2016.

    B. Efron, C. Stein, "The jackknife estimate of variance", Annals of Statistics 9 (1981) 586–596.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real, near, far = rng.normal([[[0.0]], [[0.1]], [[0.9]]], size=(3, 200, 2))
    >>> found = relative_distances(real, [near, far]).differences[0]
    >>> found.estimate < 0, found.pvalue < 0.001
    (True, True)
    """
    one_of(measure, "measure", MEASURES)
    one_of(method, "method", METHODS)
    level(alpha)
    if len(others) < 2:
        raise UsageError(f"at least two samples are needed beside the real one, got {len(others)}")
    for rows in (real, *others):
        if len(rows) < FEWEST_ROWS:
            raise UsageError(f"every sample must have at least {FEWEST_ROWS} rows, got {len(rows)}")
    rng = np.random.default_rng(0) if rng is None else rng
    rho = semimetric(measure, real)
    own = within(real, rho, rng)
    sides = [Side(between(real, rows, rho, rng), within(rows, rho, rng)) for rows in others]
    raw = [
        (i, j, *difference(sides[i], sides[j], method, alpha))
        for i, j in combinations(range(len(sides)), 2)
    ]
    adjusted = adjusted_pvalues([one[-1] for one in raw])
    return RelativeDistances(
        measure,
        method,
        alpha,
        own.mean,
        tuple(side.distance(own) for side in sides),
        tuple(
            _interval(side, own, _spectrum(real, rows, side, own, rho), largest=_LARGEST[measure])
            for side, rows in zip(sides, others, strict=True)
        ),
        tuple(Difference(*one, float(p)) for one, p in zip(raw, adjusted, strict=True)),
    )


@dataclass(frozen=True, eq=False)
class Side:
    """One sample beside the real one: means across, and within itself."""

    across: PairMeans
    own: PairMeans

    @property
    def of_pairs(self) -> float:
        """The variance of 2 · across − own that pairs alone bring."""
        return 4 * self.across.of_pairs + self.own.of_pairs

    def of_rows(self) -> float:
        """The variance of 2 · across − own when one row is left out at a time."""
        n = len(self.own.of_x)
        own = self.own.of_x * ((n - 1) / (n - 2))
        return float((2 * (self.across.of_y - own)).var(ddof=1)) / n

    def distance(self, real: PairMeans) -> float:
        """The estimate of the squared distance."""
        return 2 * self.across.mean - self.own.mean - real.mean


def _spectrum(
    real: Array, rows: Array, side: Side, own: PairMeans, rho: Semimetric
) -> Noise | None:
    """Find the noise of a distance from the matrix of some rows; None where it has none."""
    sizes = len(real), len(rows)
    first = own.mean / sizes[0] + side.own.mean / sizes[1]
    of_pairs = (side.of_pairs + own.of_pairs) / 2  # 2 tr Σ² is the variance that pairs bring
    if not (first > 0 and of_pairs > 0):
        return None
    some = [
        x[np.linspace(0, n - 1, min(n, SPECTRUM_ROWS)).round().astype(np.intp)]
        for x, n in zip((real, rows), sizes, strict=True)
    ]
    points = np.concatenate(some)
    matrix = -rho(np.asarray(cdist(points, points, "sqeuclidean"), np.float64))
    noise = Noise.of(matrix, len(some[0]), *sizes, first)
    # All rows know it better than some, and pairs within blocks are fewer.
    return Noise(first, of_pairs, noise.third * (of_pairs / noise.second) ** 1.5)


def _interval(
    side: Side, real: PairMeans, noise: Noise | None, largest: float
) -> tuple[float, float]:
    """Bound a squared distance, also one of 0."""
    estimate = side.distance(real)
    if noise is None:
        end = min(max(estimate, 0.0), largest)
        return end, end
    of_real = float((side.across.of_x - real.of_x).var(ddof=1)) / len(real.of_x)
    witness = of_real + side.of_rows() / 4
    return squared_distance_interval(estimate, witness, noise, largest=largest)


def difference(
    first: Side, second: Side, method: str, alpha: float
) -> tuple[float, float, float, float, float, float]:
    """Return estimate, variance, degrees of freedom, both ends, and the p-value."""
    estimate = 2 * first.across.mean - first.own.mean - 2 * second.across.mean + second.own.mean
    over_real = 2 * (first.across.of_x - second.across.of_x)
    parts = np.array(
        [over_real.var(ddof=1) / len(over_real), first.of_rows(), second.of_rows()], np.float64
    )
    counts = np.array([len(over_real), len(first.own.of_x), len(second.own.of_x)])
    counted = variance = float(parts.sum())
    if method == "u_statistic":
        of_pairs = first.of_pairs + second.of_pairs
        variance = max(counted - of_pairs, of_pairs)
    if variance <= 0:  # samples whose rows all coincide
        return estimate, 0.0, math.inf, estimate, estimate, float(estimate == 0)
    degrees = counted**2 / float((parts**2 / (counts - 1)).sum())
    deviation = math.sqrt(variance)
    reach = float(stdtrit(degrees, 1 - alpha / 2)) * deviation
    pvalue = 2 * float(stdtr(degrees, -abs(estimate) / deviation))
    return estimate, variance, degrees, estimate - reach, estimate + reach, pvalue
