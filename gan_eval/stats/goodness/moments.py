"""Tests of a sample's mean, of its covariance, and of both together, against the known target."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy.special import fdtrc, ndtri

from gan_eval.distributions.divergences import CanonicalPair, canonical_pair, mahalanobis
from gan_eval.distributions.gaussian import Array, Gaussian, GaussianLike
from gan_eval.distributions.likelihood_ratio import BoxLaw
from gan_eval.runtime.arguments import level
from gan_eval.stats import intervals, scaling
from gan_eval.stats.result import TestResult
from gan_eval.stats.samples import column_names, one_sample
from gan_eval.stats.scaling import target_units

CARE = 1.0
"""Standard errors added to the variance of ln q/p at the upper end of the interval."""


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


def covariance_test(x: Any, target: GaussianLike, *, confidence_level: float = 0.95) -> TestResult:
    """Likelihood-ratio test of whether x has the target's covariance, its mean being unknown.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; n > d.
    target : GaussianTarget, Gaussian, or (mean, covariance)
        Only its covariance Σ = AᵀA is used.
    confidence_level : float
        Of the interval, inside (0, 1).

    Returns
    -------
    TestResult
        ``statistic`` is L = ν [tr Σ⁻¹S − ln |Σ⁻¹S| − d], ν = n − 1, S = scatter / ν. ``estimate``,
        in nats, is (L − E₀L) / 2ν with E₀L the exact mean under equality: of the Kullback–Leibler
        divergence KL(x‖target) of the covariances, means set equal. ``confidence_interval`` is for
        it (see :func:`likelihood_ratio_test`). ``effect_size`` is √(2 estimate), 0 where that is
        negative: the shift of a mean, in standard deviations, of equal divergence.

    Raises
    ------
    UsageError
        For input that cannot be used, or a singular sample covariance.

    Notes
    -----
    With ν in place of n the test is unbiased (Muirhead 1982, §8.4; Anderson 2003, §10.8). The
    p-value comes from the exact law of L for Gaussians (:class:`BoxLaw`), which tends to χ² with
    d(d+1)/2 degrees of freedom.

    Examples
    --------
    >>> import numpy as np
    >>> from gan_eval import GaussianTarget
    >>> target = GaussianTarget(A=((1.0, 0.0), (0.0, 2.0)), b=(0.0, 0.0))
    >>> near = target.sample(50, np.random.default_rng(0))
    >>> from gan_eval.stats import goodness
    >>> goodness.covariance_test(near, target).pvalue > 0.05
    True
    >>> goodness.covariance_test(1.5 * near, target).pvalue < 0.01
    True
    """
    return _against_target(x, target, confidence_level, mean_known=False)


def likelihood_ratio_test(
    x: Any, target: GaussianLike, *, confidence_level: float = 0.95
) -> TestResult:
    """Test by the likelihood ratio whether x has the target's mean and covariance.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; n > d.
    target : GaussianTarget, Gaussian, or (mean, covariance)
    confidence_level : float
        Of the interval, inside (0, 1).

    Returns
    -------
    TestResult
        ``statistic`` is L = −2 ln Λ = n [tr Σ⁻¹Σ̂ − ln |Σ⁻¹Σ̂| − d + (x̄ − b)ᵀΣ⁻¹(x̄ − b)], Σ̂ by
        maximum likelihood: 2n times KL(fit‖target) of the fitted Gaussian. ``estimate``, in nats,
        is (L − E₀L) / 2n with E₀L the exact mean under equality: of KL(x‖target).
        ``confidence_interval`` is for that divergence. ``effect_size`` is √(2 estimate), 0 where
        that is negative: the shift of the mean, in standard deviations, of equal divergence.

    Raises
    ------
    UsageError
        For input that cannot be used, or a singular sample covariance.

    Notes
    -----
    The p-value comes from the exact law of L for Gaussians (:class:`BoxLaw`), for every n > d
    (Anderson 2003, §10.9; Muirhead 1982, §8.5); it tends to χ² with k = d + d(d+1)/2 degrees of
    freedom.

    The interval inverts ρL ~ χ²_k(rλ) + (1 − r)λ with λ = 2nρ KL, Bartlett's factor ρ = k / E₀L and
    r = Var(ln q/p) / (2 KL) of the fit q: r = 1, the noncentral χ², for shifts of the mean and for
    all small differences, and the variance of the delta method for large ones. The variance is that
    of a Gaussian, or of ln q/p over the rows where that is larger, and at the upper end also for
    their skewness (:func:`excess_variance`), so that rows with heavier tails than a Gaussian's have
    a wider interval. It is an approximation; docs/goodness.md has its measured coverage. It holds 0
    when the divergence is not told apart from 0.

    Examples
    --------
    >>> import numpy as np
    >>> from gan_eval import GaussianTarget
    >>> target = GaussianTarget(A=((1.0, 0.0), (0.0, 2.0)), b=(0.0, 0.0))
    >>> near = target.sample(50, np.random.default_rng(0))
    >>> from gan_eval.stats import goodness
    >>> result = goodness.likelihood_ratio_test(near, target)
    >>> result.pvalue > 0.05, result.confidence_interval[0]
    (True, 0.0)
    """
    return _against_target(x, target, confidence_level, mean_known=True)


def _against_target(
    x: Any, target: GaussianLike, confidence_level: float, *, mean_known: bool
) -> TestResult:
    rows, target = one_sample(x, target)
    confidence_level = level(confidence_level, "confidence_level")
    start = time.perf_counter()
    n, d = rows.shape
    units, truth = target_units(target)
    with scaling.naming(column_names(x, count=d)):
        fitted = scaling.fit(rows, "x", units)
    offset, scales = canonical_pair(fitted, truth)
    size = n
    if not mean_known:
        size = n - 1
        offset, scales = np.zeros(d), scales * np.sqrt(n / size)
    plugged = float(CanonicalPair(offset, scales).kl())
    statistic = 2 * size * plugged
    law = BoxLaw.one_sample(n, d, mean_known=mean_known)
    f, mean = law.degrees_of_freedom, law.mean
    estimate = (statistic - mean) / (2 * size)
    bartlett = f / mean
    ratio = float(log_ratio_variance(offset, scales)) / (2 * plugged) if plugged > 0 else 1.0
    centred = np.linalg.solve(truth.factor.T, fitted.factor.T).T * np.sqrt(n)
    shift = np.linalg.solve(truth.factor.T, fitted.mean - truth.mean) if mean_known else np.zeros(d)
    excess = excess_variance(log_ratio(centred, shift), offset, scales, confidence_level)
    low, high = (
        intervals.chi2_interval(bartlett * statistic, f, ratio * float(more), confidence_level)[end]
        for end, more in enumerate(excess)
    )
    unit = 2 * size * bartlett
    return TestResult(
        method="likelihood-ratio test" if mean_known else "covariance likelihood-ratio test",
        statistic=statistic,
        pvalue=law.sf(statistic),
        null_distribution=np.empty(0),
        estimate=estimate,
        n=n,
        m=None,
        dimension=d,
        seconds=time.perf_counter() - start,
        parameters={"law": "exact", "degrees_of_freedom": f, "confidence_level": confidence_level},
        confidence_interval=(low / unit, high / unit),
        effect_size=float(np.sqrt(2 * max(estimate, 0.0))),
    )


def log_ratio(centred: Array, shift: Array) -> Array:
    """Return ln q/p over the rows, less its mean, shape (..., n): q the fitted Gaussian, p = N(0,
    I).

    ``centred`` (..., n, d) are the rows less their mean ``shift`` (..., d), n > d.
    """
    n = centred.shape[-2]
    # Rows of Q have the squared lengths of the standardised rows, over n.
    fitted = n * (np.linalg.qr(centred)[0] ** 2).sum(axis=-1)
    ratio = 0.5 * ((centred**2).sum(axis=-1) - fitted) + (centred * shift[..., None, :]).sum(-1)
    return ratio - ratio.mean(axis=-1, keepdims=True)


def excess_variance(
    ratio: Array, offset: Array, scales: Array, level: float
) -> tuple[Array, Array]:
    """Estimate how much more the plug-in KL varies than for Gaussian rows: for the lower and the
    upper end of an interval, each of shape (...) and at least 1.

    Parameters
    ----------
    ratio : ndarray, shape (..., n)
        :func:`log_ratio`: the influence of each row on the plug-in KL.
    offset, scales : ndarray, shape (..., d)
        The canonical pair of the fit and the target.
    level : float
        Of the two-sided interval.

    Notes
    -----
    The variance of the plug-in KL is that of ln q/p over n. Rows with heavy tails on the wide side
    have a skew ratio, and a sample that happens to lack its large values shows too small a KL and
    too small a variance at once. So at the upper end the variance is taken with ``CARE`` of its
    standard errors on top, and the reach lengthened by Hall's correction for skewness,
    1 + (γ − γ₀) (2z² + 1) / (6 z √n), with γ₀ that of Gaussian rows (Hall 1992, §3.10).

    References
    ----------
    P. Hall, "The Bootstrap and Edgeworth Expansion", Springer 1992.
    """
    n = ratio.shape[-1]
    excess = (scales - 1) * (scales + 1)
    slopes = (offset * scales) ** 2
    expected = log_ratio_variance(offset, scales)
    third = (excess**3 + 3 * slopes * excess).sum(axis=-1)
    second = (ratio**2).mean(axis=-1)
    error = np.sqrt(np.maximum((ratio**4).mean(axis=-1) - second**2, 0.0) / n)
    z = float(ndtri((1 + level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness = (ratio**3).mean(axis=-1) / second**1.5 - third / expected**1.5
        longer = 1 + skewness * (2 * z * z + 1) / (6 * z * np.sqrt(n))
        low = second / expected
        high = (second + CARE * error) / expected * np.maximum(longer, 1.0) ** 2
    # A fit that is the target has no direction in which to vary.
    low, high = (np.where(expected > 0, np.maximum(more, 1.0), 1.0) for more in (low, high))
    return low, high


def log_ratio_variance(offset: Array, scales: Array) -> Array:
    """Var_q(ln q/p), shape (...), of q = N(offset, diag scales²) and p = N(0, I)."""
    return (0.5 * ((scales - 1) * (scales + 1)) ** 2 + (offset * scales) ** 2).sum(axis=-1)
