"""Hotelling's one-sample test of the mean."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.special import fdtrc

from gan_eval.distributions.divergences import mahalanobis
from gan_eval.distributions.gaussian import Gaussian, GaussianLike
from gan_eval.runtime.arguments import level
from gan_eval.stats import intervals, scaling
from gan_eval.stats.goodness.samples import one_sample, target_units
from gan_eval.stats.result import TestResult
from gan_eval.stats.samples import column_names


def hotelling_test(x: Any, target: GaussianLike, *, confidence_level: float = 0.95) -> TestResult:
    """Test whether x has the target's mean, its covariance being whatever it is.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; n > d.
    target : GaussianTarget, Gaussian, or (mean, covariance)
        Only its mean b is used.
    confidence_level : float
        Of the interval, inside (0, 1).

    Returns
    -------
    TestResult
        ``statistic`` is T² = n (x̄ − b)ᵀ S⁻¹ (x̄ − b) with S over n − 1. ``estimate`` is the
        Mahalanobis distance of x's mean from b **in standard deviations of x's own law**: the root
        of the unbiased estimate of its square, 0 where that is negative; ``effect_size`` is the
        same number. ``confidence_interval`` is for that distance, by inversion of the noncentral F.

    Raises
    ------
    UsageError
        For input that cannot be used, or a singular sample covariance.

    Notes
    -----
    F = T² (n − d) / (d (n − 1)) follows F(d, n − d) exactly for a Gaussian x with mean b (Anderson
    2003, §5.2.2; Mardia, Kent & Bibby 1979, §3.5). With d = 1 it is the square of Student's t.

    Examples
    --------
    >>> import numpy as np
    >>> from gan_eval import GaussianTarget
    >>> target = GaussianTarget(A=((1.0, 0.0), (0.0, 2.0)), b=(0.0, 0.0))
    >>> near = target.sample(50, np.random.default_rng(0))
    >>> from gan_eval.stats import goodness
    >>> goodness.hotelling_test(near, target).pvalue > 0.05
    True
    >>> goodness.hotelling_test(near + 1, target).pvalue < 0.01
    True
    """
    rows, target = one_sample(x, target)
    confidence_level = level(confidence_level, "confidence_level")
    start = time.perf_counter()
    n, d = rows.shape
    scales, truth = target_units(target)
    with scaling.naming(column_names(x, count=d)):
        law = scaling.fit(rows, "x", scales)
    squared = float(mahalanobis(Gaussian(truth.mean, law.factor), law)) ** 2
    statistic = (n - 1) * squared
    ratio = squared * (n - d) / d
    # E F = (n − d)(d + nδ²) / (d (n − d − 2)).
    unbiased = (squared * (n - d - 2) - d) / n
    distance = float(np.sqrt(max(unbiased, 0.0)))
    low, high = intervals.f_interval(ratio, d, n - d, confidence_level)
    return TestResult(
        method="Hotelling's one-sample test",
        statistic=statistic,
        pvalue=float(fdtrc(d, n - d, ratio)),
        null_distribution=np.empty(0),
        estimate=distance,
        n=n,
        m=None,
        dimension=d,
        seconds=time.perf_counter() - start,
        parameters={"law": f"F({d}, {n - d})", "F": ratio, "confidence_level": confidence_level},
        confidence_interval=(float(np.sqrt(low / n)), float(np.sqrt(high / n))),
        effect_size=distance,
    )
