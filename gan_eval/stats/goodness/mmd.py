"""The MMD test of one sample against the known target."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gan_eval.distributions.distances import median_distance
from gan_eval.distributions.gaussian import Gaussian, GaussianLike
from gan_eval.runtime.arguments import draw_count, positive_number, random_generator
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.goodness.bootstrap import (
    PrincipalTarget,
    kernel_test,
    length_in,
    principal,
    squared_distances,
)
from gan_eval.stats.result import TestResult
from gan_eval.stats.samples import Array, one_sample


def mmd_test(
    x: Any,
    target: GaussianLike,
    *,
    bandwidth: float | str = "median",
    whiten: bool = True,
    resamples: int = 999,
    rng: int | np.random.Generator | None = None,
) -> TestResult:
    """Test whether x comes from the target, by the MMD² to the target itself, Gaussian kernel.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; at least 2 rows.
    target : GaussianTarget, Gaussian, or (mean, covariance)
    bandwidth : float or "median"
        h in k(x, y) = exp(−‖x − y‖² / (2h²)), in whitened units where ``whiten``, else in those of
        the data; or the median distance of two draws from the target (no data enter, so that the
        test stays exact): :func:`~gan_eval.distributions.distances.median_distance`.
    whiten : bool
        Measure distances in coordinates in which the target is N(0, I): the test is then the same
        for every invertible affine map of x and target, and sees errors along a minor axis.
    resamples : int
        Samples drawn from the target, at least 1.
    rng : None, int or numpy.random.Generator
        Source of the draws; the same seed gives the same p-value.

    Returns
    -------
    TestResult
        ``statistic`` and ``estimate`` are both the unbiased MMD², which may be negative: the mean
        of k over pairs of distinct rows, less 2 mean_i E k(x_i, Y), plus E k(Y, Y'), with Y, Y'
        drawn from the target and both expectations in closed form (Rustamov 2021, th. 4.1).
        ``effect_size`` is it over its largest possible value, E h(x, x): at most 1, near 0 under
        the target (:mod:`gan_eval.stats.goodness.bootstrap`).

    Raises
    ------
    UsageError
        For input or options that cannot be used.

    Notes
    -----
    The null distribution is a parametric bootstrap: samples of the same size from the target. The
    target has no parameter to be fitted, so that the level is exact for every n.

    Examples
    --------
    >>> import numpy as np
    >>> from gan_eval import GaussianTarget
    >>> target = GaussianTarget(A=((1.0, 0.0), (0.0, 2.0)), b=(0.0, 0.0))
    >>> near = target.sample(50, np.random.default_rng(0))
    >>> from gan_eval.stats import goodness
    >>> goodness.mmd_test(near, target, resamples=99, rng=0).pvalue > 0.05
    True
    >>> goodness.mmd_test(near + 1, target, resamples=99, rng=0).pvalue
    0.01
    """
    rows, target = one_sample(x, target)
    resamples = draw_count(resamples, "resamples")
    if isinstance(bandwidth, str) and bandwidth != "median":
        raise UsageError(f"bandwidth must be a number above 0 or 'median', got {bandwidth!r}")
    random_generator(rng)
    start = time.perf_counter()
    rows, deviations, unit = principal(rows, target, whiten)
    if isinstance(bandwidth, str):
        law = Gaussian(np.zeros(len(deviations)), np.diag(deviations))
        width = float(median_distance(law))
    else:
        width = length_in(unit, positive_number(bandwidth, "bandwidth"), "bandwidth")
    return kernel_test(
        "one-sample MMD test", GaussianKernel(deviations, width), rows, start,
        resamples=resamples, rng=rng,
        parameters={"kernel": "gaussian", "bandwidth": width * unit, "whiten": str(whiten)},
    )  # fmt: skip


@lru_cache(maxsize=64)
@dataclass(frozen=True)
class GaussianKernel(PrincipalTarget):
    """exp(−‖x − y‖² / (2h²)); see :class:`~gan_eval.stats.goodness.bootstrap.TargetKernel`."""

    bandwidth: float

    def entries(self, left: Array, right: Array) -> Array:
        squared = squared_distances(left, right)
        squared *= -0.5 / self.bandwidth**2
        return np.exp(squared, out=squared)

    def diagonal(self, rows: Array) -> Array:
        return np.ones(len(rows))

    def mean(self, rows: Array) -> Array:
        """Π (1 + σ²/h²)^{−½} exp(−x² / (2 (h² + σ²)))."""
        spread = np.hypot(1.0, np.array(self.deviations) / self.bandwidth)
        squares = (rows / (self.bandwidth * spread)) ** 2
        return np.exp(-0.5 * squares.sum(axis=1)) / spread.prod()

    @property
    def grand_mean(self) -> float:
        spread = np.hypot(1.0, np.sqrt(2) * np.array(self.deviations) / self.bandwidth)
        return float(1 / spread.prod())
