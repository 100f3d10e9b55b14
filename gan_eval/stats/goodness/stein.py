"""Tests by Stein's discrepancy: of one sample against the known target, and of Gaussian shape."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gan_eval.distributions.protocol import TargetLike
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import draw_count, one_of, positive_number, random_generator
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.goodness.bootstrap import (
    PrincipalTarget,
    TargetKernel,
    discrepancy,
    kernel_test,
    length_in,
    principal,
    squared_distances,
)
from gan_eval.stats.goodness.reference import given_stein
from gan_eval.stats.result import TestResult
from gan_eval.stats.samples import Array, against

NULLS = ("parametric", "wild")

MOST_ROWS = 500
"""Rows that the test of shape looks at, evenly spaced: the time grows with their square."""
DRAWS = 499
"""Of the null of the shape test."""


def kernel_stein_test(
    x: Any,
    target: TargetLike,
    *,
    scale: float = 1.0,
    null: str = "parametric",
    whiten: bool = True,
    resamples: int = 999,
    rng: int | np.random.Generator | None = None,
) -> TestResult:
    """Test whether x comes from the target, by the kernel Stein discrepancy.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; at least 2 rows.
    target : GaussianTarget, Gaussian, (mean, covariance), or a target with a ``score``
        Only its score ∇ ln p enters, and for the parametric bootstrap its draws.
    scale : float
        c of the inverse multiquadric k(x, y) = (c² + ‖x − y‖²)^{−½}, in whitened units where
        ``whiten``, else in those of the data.
    null : {"parametric", "wild"}
        Samples drawn from the target, whose level is exact for every n, or random signs on the
        pairs of rows at hand, whose level is right for large n only.
    whiten : bool
        Work in coordinates in which the target has covariance I: the test is then the same for
        every invertible affine map of x and target. A target that does not tell a covariance is
        centred and scaled by medians of a fixed draw of it, coordinate by coordinate.
    resamples : int
        Bootstrap draws, at least 1.
    rng : None, int or numpy.random.Generator
        Source of the draws; the same seed gives the same p-value.

    Returns
    -------
    TestResult
        ``statistic`` and ``estimate`` are both the unbiased squared discrepancy, the mean over
        pairs of distinct rows of the Stein kernel (Liu, Lee & Jordan 2016, eq. 14; may be
        negative), s(x)ᵀs(y) k + s(x)ᵀ∇_y k + s(y)ᵀ∇_x k + tr ∇_x∇_yᵀ k with s the score.
        ``effect_size`` is it over its largest possible value, the mean of the kernel at (x, x): at
        most 1, near 0 under the target.

    Raises
    ------
    UsageError
        For input or options that cannot be used.

    Notes
    -----
    With the inverse multiquadric the discrepancy vanishes only where laws converge, in every
    dimension; with a Gaussian kernel it does not (Gorham & Mackey 2017, th. 6 and 8). It sees the
    target through its score alone: far-apart modes of a mixture look right whatever their weights
    (:func:`~gan_eval.stats.goodness.shares.mode_shares_test` sees those).

    References
    ----------
    Q. Liu, J. Lee, M. Jordan, "A kernelized Stein discrepancy for goodness-of-fit tests", ICML
    2016. K. Chwialkowski, H. Strathmann, A. Gretton, "A kernel test of goodness of fit", ICML 2016.
    J. Gorham, L. Mackey, "Measuring sample quality with kernels", ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from gan_eval import GaussianTarget
    >>> target = GaussianTarget(A=((1.0, 0.0), (0.0, 2.0)), b=(0.0, 0.0))
    >>> near = target.sample(50, np.random.default_rng(0))
    >>> from gan_eval.stats import goodness
    >>> goodness.kernel_stein_test(near, target, resamples=99, rng=0).pvalue > 0.05
    True
    >>> goodness.kernel_stein_test(near + 1, target, resamples=99, rng=0).pvalue
    0.01
    """
    rows, truth = against(x, target)
    resamples = draw_count(resamples, "resamples")
    scale = positive_number(scale, "scale")
    one_of(null, "null", NULLS)
    random_generator(rng)
    start = time.perf_counter()
    kernel: TargetKernel
    if isinstance(truth, GaussianTarget):
        rows, deviations, unit = principal(rows, truth, whiten)
        kernel = SteinKernel(deviations, length_in(unit, scale, "scale"))
    elif hasattr(truth, "score"):
        kernel, unit = given_stein(truth, scale, bool(whiten)), 1.0
        rows = kernel.rows(rows)
    else:
        raise UsageError(
            f"the kernel Stein test needs a target with a score(x), got {type(truth).__name__}"
        )
    # Two scores and an inverse length.
    with np.errstate(over="ignore"):
        factor = float(np.float64(unit) ** -3)
    return kernel_test(
        "kernel Stein test", kernel, rows, start, resamples=resamples, rng=rng, factor=factor,
        wild=null == "wild",
        parameters={"kernel": "inverse multiquadric", "scale": scale, "whiten": str(whiten)},
    )  # fmt: skip


@dataclass(frozen=True)
class SteinKernel(PrincipalTarget):
    """Stein's kernel of the inverse multiquadric (c² + r²)^{−½} and N(0, diag deviations²).

    With r the distance, m the whitened distance and s(x) = −x / deviations² it is

        s(x)ᵀs(y) u^{−½} + (d − m²) u^{−3/2} − 3 r² u^{−5/2},   u = c² + r².

    Its expectation over the target is 0, for each x. See
    :class:`~gan_eval.stats.goodness.bootstrap.TargetKernel`.
    """

    scale: float

    def entries(self, left: Array, right: Array) -> Array:
        deviations = np.array(self.deviations)
        squared = squared_distances(left, right)
        if (deviations == 1.0).all():
            whitened = squared
        else:
            whitened = squared_distances(left / deviations, right / deviations)
        inverse = 1 / (squared + self.scale**2)
        # (d − m² − 3 r²/u) / u, in place: this is all the cost of the parametric bootstrap.
        result = squared * inverse
        result *= -3
        result -= whitened
        result += len(deviations)
        result *= inverse
        result += (left / deviations**2) @ (right / deviations**2).T
        result *= np.sqrt(inverse, out=inverse)
        return result

    def diagonal(self, rows: Array) -> Array:
        deviations = np.array(self.deviations)
        scores = ((rows / deviations**2) ** 2).sum(axis=1)
        return scores / self.scale + len(deviations) / self.scale**3

    def mean(self, rows: Array) -> Array:
        return np.zeros(len(rows))

    @property
    def grand_mean(self) -> float:
        return 0.0


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
    ranks = [
        len(both) - np.searchsorted(np.sort(column), column - width, side="left")
        for column, width in zip(both.T, tolerance, strict=True)
    ]
    least = np.min(ranks, axis=0)
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
