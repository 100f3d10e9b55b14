"""Likelihood-ratio tests of a sample's covariance, and of mean and covariance together."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.canonical import canonical_pair
from gan_eval.divergence import log_excess
from gan_eval.goodness.sample import one_sample, target_units
from gan_eval.target import GaussianTarget
from gan_eval.twosample import moments, noncentrality
from gan_eval.twosample.boxlaw import BoxLaw
from gan_eval.twosample.result import TestResult

Array = NDArray[np.floating]


def covariance_test(
    x: Any, target: GaussianTarget, *, confidence_level: float = 0.95
) -> TestResult:
    """Likelihood-ratio test of whether x has the target's covariance, its mean being unknown.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; n > d.
    target : GaussianTarget
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
    """
    return _against_target(x, target, confidence_level, mean_known=False)


def likelihood_ratio_test(
    x: Any, target: GaussianTarget, *, confidence_level: float = 0.95
) -> TestResult:
    """Joint likelihood-ratio test of whether x has the target's mean and covariance.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; n > d.
    target : GaussianTarget
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
    r = Var_q(ln q/p) / (2 KL), taken from the fit q: r = 1, the noncentral χ², for shifts of the
    mean and for all small differences, and the variance of the delta method for large ones. It is
    an approximation; docs/goodness.md has its measured coverage. It holds 0 when the divergence is
    not told apart from 0.
    """
    return _against_target(x, target, confidence_level, mean_known=True)


def _against_target(
    x: Any, target: GaussianTarget, confidence_level: float, *, mean_known: bool
) -> TestResult:
    rows = one_sample(x, target)
    level = noncentrality.confidence(confidence_level)
    start = time.perf_counter()
    n, d = rows.shape
    units, truth = target_units(target)
    offset, scales = canonical_pair(moments.fit(rows, "x", units), truth)
    size = n
    if not mean_known:
        size = n - 1
        offset, scales = np.zeros(d), scales * np.sqrt(n / size)
    plugged, variance = _divergence(offset, scales)
    statistic = 2 * size * plugged
    law = BoxLaw.one_sample(n, d, mean_known=mean_known)
    f, mean = law.degrees_of_freedom, law.mean
    estimate = (statistic - mean) / (2 * size)
    bartlett = f / mean
    ratio = variance / (2 * plugged) if plugged > 0 else 1.0
    low, high = noncentrality.chi2_interval(bartlett * statistic, f, ratio, level)
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
        parameters={"law": "exact", "degrees_of_freedom": f, "confidence_level": level},
        confidence_interval=(low / unit, high / unit),
        effect_size=float(np.sqrt(2 * max(estimate, 0.0))),
    )


def _divergence(offset: Array, scales: Array) -> tuple[float, float]:
    """KL(q‖p) and Var_q(ln q/p) for q = N(offset, diag scales²) and p = N(0, I)."""
    excess = (scales - 1) * (scales + 1)
    # Near 1 the difference cancels; far from 1 the excess forgets a small scale.
    shape = np.where(np.abs(excess) < 0.5, log_excess(excess), excess - 2 * np.log(scales))
    divergence = 0.5 * float((shape + offset**2).sum())
    return divergence, float((0.5 * excess**2 + (offset * scales) ** 2).sum())
