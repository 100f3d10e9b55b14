"""Fréchet distance between two samples: FID's formula on raw coordinates, with an interval."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from gan_eval.distributions.distances import bures_wasserstein
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.runtime.arguments import MOST_DRAWS, level, random_generator, whole_number
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats import samples
from gan_eval.stats.bootstrap import Array, draw_counts, percentile_interval
from gan_eval.stats.result import Scalars

# A mean (..., d) and a covariance (..., d, d).
Moments = tuple[Array, Array]
# Weighted sums (k, c) of a table (n, c).
Total = Callable[[Array], Array]

SMALLEST_RANGE = 1e-150
"""The squares of what varies by less are near the smallest that float64 holds, or below."""

# The jackknife leaves out so many groups of each sample in turn; single rows where there are fewer.
GROUPS = 500
# About this many resampling weights are held at a time.
CHUNK_ENTRIES = 2**22
# Smaller eigenvalues, relative to the largest, do not carry a row's weight.
_SINGULAR = 1e-12


@dataclass(frozen=True)
class FrechetDistance(Scalars):
    """The Fréchet distance between x (n rows) and y (m rows), in squared units of the data.

    Attributes
    ----------
    estimate : float
        FID's formula. Its expectation lies above the distance of the distributions by about c / n +
        c' / m.
    corrected : float
        ``estimate`` less the jackknife's estimate of that bias; may fall below 0.
    confidence_interval : (float, float)
        For the distance of the two distributions, of level ``confidence_level``.
    confidence_level : float
    standard_error : float
        The standard deviation of the bootstrap's draws.
    n, m : int
        Rows of x and of y.
    dimension : int
        Columns of both.
    bootstrap : int
        Draws of the bootstrap.
    seconds : float
        Wall-clock time.
    """

    estimate: float
    corrected: float
    confidence_interval: tuple[float, float]
    confidence_level: float
    standard_error: float
    n: int
    m: int
    dimension: int
    bootstrap: int
    seconds: float

    def __repr__(self) -> str:
        low, high = self.confidence_interval
        return (
            f"Fréchet distance: {self.estimate:.6g}, bias-corrected {self.corrected:.6g} "
            f"[{low:.4g}, {high:.4g}] at {self.confidence_level:g} from {self.bootstrap} draws, "
            f"n = {self.n}, m = {self.m}, d = {self.dimension}, {self.seconds:.3g} s"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, flat, the interval as ``confidence_low`` and ``confidence_high``."""
        record = asdict(self)
        record["confidence_low"], record["confidence_high"] = record.pop("confidence_interval")
        return record

    @property
    def title(self) -> str:
        """The distance in words."""
        return "Fréchet distance"


def frechet_distance(
    x: Any,
    y: Any,
    *,
    bootstrap: int = 999,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator | None = None,
) -> FrechetDistance:
    """Fréchet distance ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½) of two samples, with an interval.

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,)
        NumPy, torch or pandas; at least 3 rows each.
    bootstrap : int
        Draws of the bootstrap, at least 2.
    confidence_level : float
        Level of the interval, between 0 and 1.
    rng : None, int or numpy.random.Generator
        Source of the bootstrap; the same seed gives the same interval.

    Returns
    -------
    FrechetDistance

    Raises
    ------
    UsageError
        For input or options that cannot be used; as
        :class:`~gan_eval.runtime.errors.CannotTestError` where no column varies by
        ``SMALLEST_RANGE``, because the distance has squared units.

    Notes
    -----
    The moments are FID's: sample means, covariances with n − 1 (``numpy.cov``). It is computed as
    :func:`gan_eval.distributions.distances.bures_wasserstein` squared of the centred rows
    themselves, so neither a product of covariances nor its root is formed, and singular covariances
    (n ≤ d) are exact. Reported FIDs are this on 2048 features of an Inception network; figures on
    other features or on coordinates are not comparable with them.

    The distance sees means and covariances only, and has the squared units of the data: a column
    in small units counts for little. It is biased: for equal distributions it is always above 0.
    ``corrected`` takes off the bias that the jackknife finds, leaving rows out one by one, or in
    500 groups (weighted as Busing, Meijer & van der Leeden 1999). The expansion in 1 / n behind it
    supposes covariances of full rank, n, m > d.

    The interval has the quantiles of the bootstrap, moved as a whole so that their mean is
    ``corrected``, its upper part lengthened where few rows carry the distance
    (:func:`upper_reach`), and cut off at 0. Resampling
    adds the bias a second time, so that the plain percentile interval misses a distance of 0
    always. docs/twosample/frechet.md has the measured coverage, and where it falls short.

    References
    ----------
    D. Dowson, B. Landau, "The Fréchet distance between multivariate normal distributions", Journal
    of Multivariate Analysis 12 (1982) 450–455. M. Heusel, H. Ramsauer, T. Unterthiner, B. Nessler,
    S. Hochreiter, "GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium", NeurIPS 2017. F. Busing, E. Meijer, R. van der Leeden, "Delete-m jackknife for
    unequal m", Statistics and Computing 9 (1999) 3–8.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample import frechet_distance
    >>> result = frechet_distance(x, y, rng=0)
    >>> round(result.estimate, 2), round(result.corrected, 2)
    (1.42, 1.27)
    >>> low, high = result.confidence_interval
    >>> low < 2 < high
    True
    """
    first, second = samples.two_samples(x, y)
    for rows, name in ((first, "x"), (second, "y")):
        if len(rows) < 3:
            raise UsageError(f"{name} must have at least 3 rows, got {len(rows)}")
    bootstrap = whole_number(bootstrap, "bootstrap", 2, MOST_DRAWS)
    confidence_level = level(confidence_level, "confidence_level")
    generator = random_generator(rng)
    start = time.perf_counter()

    if 0 < np.ptp(np.concatenate([first, second]), axis=0).max() < SMALLEST_RANGE:
        raise CannotTestError(
            f"x and y vary by less than {SMALLEST_RANGE:g} in every column, and their distance has "
            "squared units, which float64 rounds to nothing: multiply both by a number"
        )
    first, second, unit = _scaled(first, second)
    estimate = float(bures_wasserstein(_law(first), _law(second))) ** 2
    corrected = estimate - _jackknife_bias(first, second)
    draws = distance_of_moments(
        *(_resampled(rows, bootstrap, generator) for rows in (first, second))
    )
    tail = (1 - confidence_level) / 2
    moved = corrected - draws.mean()
    low, high = (end + moved for end in percentile_interval(draws, tail, "linear"))
    high = corrected + (high - corrected) * upper_reach(first, second, confidence_level)
    return FrechetDistance(
        estimate=unit**2 * estimate,
        corrected=unit**2 * corrected,
        confidence_interval=(unit**2 * max(0.0, float(low)), unit**2 * max(0.0, float(high))),
        confidence_level=confidence_level,
        standard_error=unit**2 * float(draws.std(ddof=1)),
        n=len(first),
        m=len(second),
        dimension=first.shape[1],
        bootstrap=bootstrap,
        seconds=time.perf_counter() - start,
    )


def _scaled(first: Array, second: Array) -> tuple[Array, Array, float]:
    """Return the samples about their common medians, in units of the largest value, and that unit.

    Covariances are multiplied with each other: fourth powers of the values have to be in range.
    """
    pooled = np.concatenate([first, second])
    pooled -= np.median(pooled, axis=0)
    exponent = int(np.frexp(np.abs(pooled).max())[1])
    pooled = np.ldexp(pooled, -exponent)
    return pooled[: len(first)], pooled[len(first) :], 2.0**exponent


def _law(rows: Array) -> Gaussian:
    mean = rows.mean(axis=0)
    return Gaussian(mean, (rows - mean) / math.sqrt(len(rows) - 1))


def distance_of_moments(first: Moments, second: Moments) -> Array:
    """Compute the Fréchet distances between two stacks of moments, to about 1e-8 of the
    covariances' traces.

    Examples
    --------
    >>> one, other = (np.zeros(1), np.eye(1)), (np.ones(1), 4 * np.eye(1))
    >>> float(distance_of_moments(one, other))
    2.0
    """
    (mean_x, covariance_x), (mean_y, covariance_y) = first, second
    values, axes = np.linalg.eigh(covariance_x)
    root = axes * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    # (Σ₁Σ₂)^½ has the trace of (R'Σ₂R)^½ where RR' = Σ₁.
    inner = np.linalg.eigvalsh(np.swapaxes(root, -1, -2) @ covariance_y @ root)
    shared = np.sqrt(np.maximum(inner, 0.0)).sum(axis=-1)
    traces = np.trace(covariance_x + covariance_y, axis1=-2, axis2=-1)
    return ((mean_x - mean_y) ** 2).sum(axis=-1) + traces - 2 * shared


def _moments(total: Total, rows: Array, counts: Array) -> Moments:
    """Return means (k, d) and covariances (k, d, d) of k weightings of rows (n, d).

    ``total`` gives their weighted sums (k, c) of a table (n, c), ``counts`` (k,) those of the ones.
    """
    d = rows.shape[1]
    means = total(rows) / counts[:, None]
    products = np.empty((len(counts), d, d))
    for i in range(d):
        products[:, i, i:] = total(rows[:, i:] * rows[:, i : i + 1])
        products[:, i:, i] = products[:, i, i:]
    products -= counts[:, None, None] * means[:, :, None] * means[:, None, :]
    return means, products / (counts - 1)[:, None, None]


def _whole(rows: Array) -> Moments:
    return _moments(lambda table: table.sum(axis=0)[None], rows, np.array([float(len(rows))]))


def _resampled(rows: Array, draws: int, generator: np.random.Generator) -> Moments:
    """Moments of ``draws`` bootstrap samples, by how often each row is in them."""
    n = len(rows)
    step = max(1, CHUNK_ENTRIES // n)
    parts = []
    for done in range(0, draws, step):
        size = min(step, draws - done)
        times = draw_counts(n, size, generator)
        parts.append(_moments(times.astype(np.float64).__matmul__, rows, np.full(size, float(n))))
    means, covariances = zip(*parts, strict=True)
    return np.concatenate(means), np.concatenate(covariances)


def _left_out(rows: Array) -> tuple[Array, Moments]:
    """Return each group's share of the rows (g,), and the moments without it."""
    n = len(rows)
    group = np.arange(n) % min(n, GROUPS)
    by_group, sizes = np.argsort(group, kind="stable"), np.bincount(group)
    starts = np.cumsum(sizes) - sizes

    def total(table: Array) -> Array:
        return table.sum(axis=0) - np.add.reduceat(table[by_group], starts, axis=0)

    return sizes / n, _moments(total, rows, (n - sizes).astype(np.float64))


def _jackknife_bias(first: Array, second: Array) -> float:
    """Busing, Meijer & van der Leeden (1999), eq. 5, for each sample with the other held."""
    whole_x, whole_y = _whole(first), _whole(second)
    estimate = distance_of_moments(whole_x, whole_y)[0]
    bias = 0.0
    for rows, other in ((first, whole_y), (second, whole_x)):
        share, moments = _left_out(rows)
        # The distance is symmetric, so the sample that shrinks may stand first.
        without = distance_of_moments(moments, other)
        bias += float((1 - share) @ without - (len(share) - 1) * estimate)
    return bias


def influence(rows: Array, other: Array) -> Array:
    """Return the derivative of the distance by each row's weight, shape (n,), with mean 0.

    2 (μ₁ − μ₂)ᵀ(x − μ₁) + (x − μ₁)ᵀ(I − T)(x − μ₁) less its mean, where T is the matrix that takes
    N(0, Σ₁) to N(0, Σ₂): I − T is the derivative of tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½) by Σ₁.
    """
    mean = rows.mean(axis=0)
    centred = rows - mean
    first, second = (part.T @ part / len(part) for part in (centred, other - other.mean(axis=0)))
    values, axes = np.linalg.eigh(first)
    kept = values > _SINGULAR * values[-1]
    values, axes = values[kept], axes[:, kept]
    root, inverse = axes * np.sqrt(values), axes / np.sqrt(values)
    inner, turned = np.linalg.eigh(root.T @ second @ root)
    middle = (turned * np.sqrt(np.maximum(inner, 0.0))) @ turned.T
    transport = inverse @ middle @ inverse.T
    weight = 2 * centred @ (mean - other.mean(axis=0))
    weight += (centred**2).sum(axis=1) - ((centred @ transport) * centred).sum(axis=1)
    return weight - weight.mean()


def upper_reach(first: Array, second: Array, level: float) -> float:
    """Return the factor that lengthens the upper part of a two-sided interval, at least 1.

    Where few rows carry the distance, as under heavy tails, a sample that lacks some shows too
    small a distance and too small a spread at once. The variance by the influences is taken with
    its standard error on top, and the reach with Hall's correction for their skewness,
    1 + γ (2z² + 1) / (6z) (Hall 1992, §3.10).
    """
    weights = [influence(first, second), influence(second, first)]
    variance = sum(float((w**2).mean()) / len(w) for w in weights)
    if not variance > 0:
        return 1.0
    error = math.sqrt(sum(float((w**2).var()) / len(w) ** 3 for w in weights))
    third = sum(float((w**3).mean()) / len(w) ** 2 for w in weights)
    z = float(ndtri((1 + level) / 2))
    longer = 1 + third / variance**1.5 * (2 * z * z + 1) / (6 * z)
    return math.sqrt(1 + error / variance) * max(longer, 1.0)
