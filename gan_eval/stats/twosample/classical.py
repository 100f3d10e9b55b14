"""The classical two-sample tests of Gaussian means and covariances, each with its exact null law.

They see a difference in mean or covariance with the most power and nothing else: the yardstick of
the tests by kernels. All are unchanged by an invertible affine map of both samples.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import fdtrc

from gan_eval.distributions.divergences import canonical_pair
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.likelihood_ratio import BoxLaw
from gan_eval.runtime.arguments import level
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import intervals, samples, scaling
from gan_eval.stats.result import TestResult
from gan_eval.stats.scaling import Array, ColumnScales, constant_columns

# A group within such a share of a column's standard deviation is tight.
TIGHT = 1e-3


def hotelling_test(x: Any, y: Any, *, confidence_level: float = 0.95) -> TestResult:
    """Test for equal means, supposing equal covariances (Hotelling).

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,)
        NumPy, torch or pandas; n + m > d + 1.
    confidence_level : float
        Of the interval, inside (0, 1).

    Returns
    -------
    TestResult
        ``statistic`` is T² = nm/(n+m) (x̄ − ȳ)ᵀ S⁻¹ (x̄ − ȳ) with S the pooled covariance over
        n + m − 2. ``estimate`` is the Mahalanobis distance of the two means: the root of the
        unbiased estimate of its square, 0 where that is negative; ``effect_size`` is the same
        number. ``confidence_interval`` is for that distance, by inversion of the noncentral F.

    Raises
    ------
    UsageError
        For input that cannot be used, or a singular pooled covariance.

    Notes
    -----
    F = T² (n + m − d − 1) / (d (n + m − 2)) follows F(d, n + m − d − 1) exactly for Gaussians of
    equal covariance (Anderson 2003, §5.3.4; Mardia, Kent & Bibby 1979, §3.6.1). With d = 1 it is
    the square of Student's t with equal variances. Where the covariances differ, only n = m keeps
    the size near its nominal value.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample.classical import hotelling_test
    >>> result = hotelling_test(x, y)
    >>> round(result.statistic, 1), result.pvalue < 1e-4
    (29.8, True)
    """
    first, second = samples.two_samples(x, y)
    confidence_level = level(confidence_level, "confidence_level")
    start = time.perf_counter()
    n, m, d = len(first), len(second), first.shape[1]
    scales = ColumnScales.of(np.concatenate([first, second]))
    with scaling.naming(samples.column_names(x, y, count=d)):
        pooled = _pooled(first, second, scales)
    rest = n + m - d - 1
    share = n * m / (n + m)
    pair = canonical_pair(pooled, Gaussian(scales(second).mean(axis=0), pooled.factor))
    squared = float(pair.mahalanobis()) ** 2
    statistic = share * squared
    ratio = statistic * rest / (d * (n + m - 2))
    unbiased = (n + m - d - 3) / (n + m - 2) * squared - d / share
    distance = float(np.sqrt(max(unbiased, 0.0)))
    low, high = intervals.f_interval(ratio, d, rest, confidence_level)
    return TestResult(
        method="Hotelling's two-sample test",
        statistic=statistic,
        pvalue=float(fdtrc(d, rest, ratio)),
        null_distribution=np.empty(0),
        estimate=distance,
        n=n,
        m=m,
        dimension=d,
        seconds=time.perf_counter() - start,
        parameters={"law": f"F({d}, {rest})", "F": ratio, "confidence_level": confidence_level},
        confidence_interval=(float(np.sqrt(low / share)), float(np.sqrt(high / share))),
        effect_size=distance,
    )


def box_m_test(x: Any, y: Any) -> TestResult:
    """Box's M test of equal covariances, the means free.

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,)
        NumPy, torch or pandas; n > d and m > d.

    Returns
    -------
    TestResult
        ``statistic`` is M = (n + m − 2) ln|S| − (n − 1) ln|S_x| − (m − 1) ln|S_y| with unbiased
        S_x, S_y and the pooled S. ``estimate``, in nats, is (M − E₀M) / (2 (n + m − 2)), where E₀M
        is the exact mean under equality: of the mean Kullback–Leibler divergence from the two
        Gaussians, their means moved together, to their pooled one. ``effect_size`` is
        √(2 estimate / (w_x w_y)) with w the shares of degrees of freedom: to first order the root
        of twice the divergence of one from the other.

    Raises
    ------
    UsageError
        For input that cannot be used, or a singular sample covariance.

    Notes
    -----
    The p-value comes from the exact law of M for Gaussians (:class:`BoxLaw`), where most software
    has Box's approximations by χ² or F; those are poor when n is near d. With n − 1 and m − 1 as
    weights (Bartlett's modification) the test is unbiased (Muirhead 1982, §8.2; Anderson 2003,
    §10.2). It is a test of Gaussianity as well: heavy tails reject.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample.classical import box_m_test
    >>> box_m_test(x, y).pvalue > 0.05, box_m_test(x, 2 * y).pvalue < 1e-3
    (True, True)
    """
    return _likelihood_ratio("Box's M test", x, y, means=False)


def likelihood_ratio_test(x: Any, y: Any) -> TestResult:
    """Test for equal means and equal covariances together, by the likelihood ratio.

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,)
        NumPy, torch or pandas; n > d and m > d.

    Returns
    -------
    TestResult
        ``statistic`` is −2 ln Λ = (n + m) ln|Σ̂| − n ln|Σ̂_x| − m ln|Σ̂_y|, with covariances by
        maximum likelihood (over n, m, n + m) about their own means. ``estimate``, in nats, is
        (statistic − E₀) / (2 (n + m)), where E₀ is its exact mean under equality: of the mean
        Kullback–Leibler divergence from the two Gaussians to the one with the moments of their
        mixture. ``effect_size`` is √(2 estimate / (w_x w_y)) with w = n/(n+m), m/(n+m): for a
        small shift of the mean, its Mahalanobis length.

    Raises
    ------
    UsageError
        For input that cannot be used, or a singular sample covariance.

    Notes
    -----
    The p-value comes from the exact law of the statistic for Gaussians (:class:`BoxLaw`), which
    tends to χ² with d + d(d+1)/2 degrees of freedom (Anderson 2003, §10.3; Mardia, Kent & Bibby
    1979, §5.3).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample.classical import likelihood_ratio_test
    >>> result = likelihood_ratio_test(x, y)
    >>> round(result.statistic, 1), result.pvalue < 1e-3
    (26.4, True)
    """
    return _likelihood_ratio("two-sample likelihood-ratio test", x, y, means=True)


def _likelihood_ratio(method: str, x: Any, y: Any, *, means: bool) -> TestResult:
    """Test equal covariances and, if asked to, equal means, against their exact law."""
    pooled, n, m = samples.pooled_rows(x, y)
    start = time.perf_counter()
    d, scales = pooled.shape[1], ColumnScales.of(pooled)
    with scaling.naming(samples.column_names(x, y, count=d)):
        scaling.fit(pooled[:n], "x", scales)
        scaling.fit(pooled[n:], "y", scales)
    scatters = Scatters(scales(pooled), np.arange(n + m) < n)
    statistic = max(scatters.likelihood_ratio if means else scatters.box_m, 0.0)
    law = BoxLaw.two_samples(n, m, d, means=means)
    # Where the means are free, each takes a degree of freedom.
    of_x, of_y = (n, m) if means else (n - 1, m - 1)
    estimate = (statistic - law.mean) / (2 * (of_x + of_y))
    shares = of_x / (of_x + of_y) * (of_y / (of_x + of_y))
    return TestResult(
        method=method,
        statistic=statistic,
        pvalue=law.sf(statistic),
        null_distribution=np.empty(0),
        estimate=estimate,
        n=n,
        m=m,
        dimension=d,
        seconds=time.perf_counter() - start,
        parameters={"law": "exact", "degrees_of_freedom": law.degrees_of_freedom},
        effect_size=float(np.sqrt(2 * max(estimate, 0.0) / shares)),
    )


def _pooled(first: Array, second: Array, scales: ColumnScales) -> Gaussian:
    """Return x's mean with the pooled covariance over n + m − 2, held by the centred rows."""
    size, d = len(first) + len(second), first.shape[1]
    if size <= d + 1:
        raise UsageError(
            f"x and y must together have more than {d + 1} rows for a pooled covariance of "
            f"{d} columns, got {size}"
        )
    constant = constant_columns(first) & constant_columns(second)
    scaling.require_variation(constant, "the pooled sample")
    rounding = np.linalg.norm(scales.rounding(np.concatenate([first, second])), axis=0)
    first, second = scales(first), scales(second)
    rows = np.concatenate([first - first.mean(axis=0), second - second.mean(axis=0)])
    pooled = Gaussian(first.mean(axis=0), rows / np.sqrt(size - 2))
    scaling.require_full_rank(pooled, rounding, "the pooled sample")
    return pooled


def has_tight_groups(rows: Array, smaller: int) -> bool:
    """Tell whether so many of these rows (N, d) lie near, but not on, each other in some column."""
    ordered = np.sort(rows, axis=0)
    windows = ordered[smaller - 1 :] - ordered[: len(ordered) - smaller + 1]
    return bool(((windows > 0) & (windows < TIGHT * ordered.std(axis=0))).any())


class Scatters:
    """Two groups of rows by the triangular factors of their scatters.

    Parameters
    ----------
    rows : ndarray, shape (N, d)
        Of sizes whose squares float64 holds.
    in_x : ndarray of bool, shape (N,)
    """

    def __init__(self, rows: Array, in_x: NDArray[np.bool_]) -> None:
        self.n, self.m = int(in_x.sum()), int((~in_x).sum())
        x, first = _centred(rows[in_x])
        y, second = _centred(rows[~in_x])
        self._shift = first - second
        self._factors = [_triangle(group) for group in (x, y)]
        self._within = _triangle(np.concatenate([x, y]))

    @property
    def likelihood_ratio(self) -> float:
        """−2 ln Λ."""
        gap = np.sqrt(self.n * self.m / (self.n + self.m)) * self._shift
        whole = _triangle(np.concatenate([self._within, gap[None]]))
        return self._difference(whole, self.n, self.m)

    @property
    def box_m(self) -> float:
        """Box's M."""
        return self._difference(self._within, self.n - 1, self.m - 1)

    @property
    def hotelling(self) -> float:
        """T²; infinite where no row varies within its group."""
        if not self._within.diagonal().all():
            return np.inf
        along = solve_triangular(self._within.T, self._shift, lower=True)
        share = self.n * self.m / (self.n + self.m)
        return float(share * (self.n + self.m - 2) * along @ along)

    def _difference(self, whole: Array, n: float, m: float) -> float:
        """Return (n + m) ln |W / (n + m)| − n ln |X / n| − m ln |Y / m| of scatters W, X, Y."""
        first, second = self._factors
        value = (n + m) * _ln_determinant(whole, n + m) - n * _ln_determinant(first, n)
        return value - m * _ln_determinant(second, m)


def _centred(group: Array) -> tuple[Array, Array]:
    """Return the group about its mean, exactly 0 in a column without variation; and that mean."""
    middle = np.median(group, axis=0)
    apart = group - middle
    mean = apart.mean(axis=0)
    return apart - mean, middle + mean


def _triangle(rows: Array) -> Array:
    return np.asarray(np.linalg.qr(rows, mode="r"), dtype=np.float64)


def _ln_determinant(factor: Array, size: float) -> float:
    d = factor.shape[1]
    sizes = np.abs(factor.diagonal())
    if len(sizes) < d or not sizes.all():
        return -np.inf
    return float(2 * np.log(sizes).sum() - d * np.log(size))
