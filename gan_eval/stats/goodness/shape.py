"""The test of Gaussian shape, whatever the mean and the covariance."""

from __future__ import annotations

import time
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.goodness.bootstrap import discrepancy
from gan_eval.stats.goodness.stein import SteinKernel
from gan_eval.stats.result import TestResult

Array = NDArray[np.float64]

MOST_ROWS = 500
"""Rows that are looked at, evenly spaced: the time grows with their square."""
DRAWS = 499


def shape_test(x: Array) -> TestResult:
    """Test whether rows (n, d), n > d, follow some Gaussian, by Stein's discrepancy and kurtosis.

    Returns
    -------
    TestResult
        ``statistic`` and ``estimate`` are the kernel Stein discrepancy of the standardised rows
        from N(0, I), ``effect_size`` it over its largest possible value. ``pvalue`` is that of the
        smaller of two p-values: of the discrepancy, and of how far Mardia's kurtosis lies from its
        mean.

    Notes
    -----
    The rows are standardised by their own mean and covariance. Then neither statistic depends on
    the Gaussian they come from, so that a simulation with N(0, I) gives the null law exactly, for
    every n; and by Basu's theorem the test is independent of mean and covariance, and of every
    test and bound of them, where rows are Gaussian. Seeds are fixed; the null of one n and d is
    simulated once in a process.

    Stein's discrepancy sees modes and skewness. The kurtosis sees the tails, which matter most to
    a bound of the covariance, better.

    References
    ----------
    K. Mardia, "Measures of multivariate skewness and kurtosis with applications", Biometrika 57
    (1970) 519–530.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.random.default_rng(0).standard_normal((200, 2))
    >>> shape_test(rows).pvalue > 0.01, shape_test(np.exp(rows)).pvalue < 0.01
    (True, True)
    """
    start = time.perf_counter()
    total, d = x.shape
    if total > MOST_ROWS:
        x = x[np.linspace(0, total - 1, MOST_ROWS).round().astype(np.intp)]
    observed = _statistics(x)
    # The observed values stand first among values that are exchangeable with them.
    both = np.vstack([observed, _null(*x.shape)])
    tolerance = 1e-9 * np.abs(both).max(axis=0)
    ranks = np.column_stack(
        [
            len(both) - np.searchsorted(np.sort(column), column - width, side="left")
            for column, width in zip(both.T, tolerance, strict=True)
        ]
    )
    least = ranks.min(axis=1)
    stein = float(observed[0])
    return TestResult(
        method="test of Gaussian shape",
        statistic=stein,
        pvalue=float(np.count_nonzero(least <= least[0]) / len(least)),
        null_distribution=both[1:, 0],
        estimate=stein,
        n=len(x),
        m=None,
        dimension=d,
        seconds=time.perf_counter() - start,
        parameters={"kernel": "inverse multiquadric", "kurtosis": float(_kurtosis(x))},
    )


def _statistics(x: Array) -> Array:
    n, d = x.shape
    rows = _standardised(x)
    # Mardia 1970, eq. 3.16: the exact mean for Gaussian rows.
    expected = d * (d + 2) * (n - 1) / (n + 1)
    stein = discrepancy(SteinKernel((1.0,) * d, 1.0), rows).unbiased
    return np.array([stein, abs(_kurtosis(x) - expected)])


def _standardised(x: Array) -> Array:
    """Return rows with mean 0 and, over n, covariance I; up to a rotation, which changes nothing
    here."""
    return np.linalg.qr(x - x.mean(axis=0))[0] * np.sqrt(len(x))


def _kurtosis(x: Array) -> float:
    return float(((_standardised(x) ** 2).sum(axis=1) ** 2).mean())


@lru_cache(maxsize=32)
def _null(n: int, d: int) -> Array:
    generator = np.random.default_rng(0)
    return np.array([_statistics(generator.standard_normal((n, d))) for _ in range(DRAWS)])
