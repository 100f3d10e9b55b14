"""The worth of a divergence in samples: how many would fit as well, how many would tell."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.polynomial.chebyshev import chebfit, chebval
from numpy.typing import ArrayLike
from scipy.special import chdtri, ndtr

from gan_eval.distributions.canonical import CanonicalPair, canonical_pair, log_excess
from gan_eval.distributions.gaussian import Array, GaussianLike
from gan_eval.runtime.errors import UsageError

_NODES = 33  # of the curve of medians


def median_kl_of_fit(n: ArrayLike, d: int) -> Array:
    """Compute the median of KL(q̂‖p), in nats, for the maximum-likelihood Gaussian q̂ of n rows of p.

    It is the same for every Gaussian p: 2n KL(q̂‖p) is the likelihood-ratio statistic of mean and
    covariance against known ones, whose law is exact (Anderson 2003, §10.9;
    :class:`~gan_eval.distributions.likelihood_law.BoxLaw`). Far out it is the median of χ² with
    k = d + d(d + 1)/2 degrees of freedom, over 2n. The law's moments are Gamma functions of n, so
    that n may be any real number above d.

    The exact medians at 33 sizes are interpolated (see Notes); the relative error of n − d for a
    given median stays below 3e-7 for d ≤ 2, 6e-6 for d ≤ 10 and 1e-4 for d ≤ 50.

    Parameters
    ----------
    n : array_like
        Numbers of rows, real.
    d : int
        Dimension, at least 1.

    Returns
    -------
    ndarray of the shape of n, float64
        inf for n ≤ d, where the fit is singular; NaN for NaN.

    Notes
    -----
    (n − d) times the median rises from ln 2 at n = d, where one χ² of n − d degrees of freedom
    decides, to half of that median of χ²_k. Its logarithm is a smooth function of √(n − d), taken
    to [−1, 1] by r ↦ (r − 1)/(r + 1) with r = √(4 (n − d) / d), and interpolated there at
    Chebyshev's points, both ends included.

    Examples
    --------
    >>> from gan_eval.distributions import median_kl_of_fit
    >>> median_kl_of_fit([20, 1000], 2).round(5)
    array([0.11606, 0.00218])
    """
    _require_dimension(d)
    return _median_kl(np.asarray(n, dtype=np.float64) - d, d)


def worth_kl(kl: ArrayLike, d: int) -> Array:
    """Compute how many rows of p a maximum-likelihood fit needs to come as close to p.

    The real n > d that solves ``median_kl_of_fit(n, d) = kl``, so that half of the fits of n rows
    come closer than kl and half do not.

    Parameters
    ----------
    kl : array_like
        KL(q‖p) in nats, of any shape.
    d : int
        Dimension, at least 1.

    Returns
    -------
    ndarray of the shape of kl, float64
        inf for a KL of 0 and rounding noise below it, d for an infinite KL, NaN for NaN.

    Examples
    --------
    >>> from gan_eval.distributions import worth_kl
    >>> worth_kl([0.15, 0.0, np.inf], 2).round(2)
    array([15.76,   inf,  2.  ])
    """
    _require_dimension(d)
    kl = np.maximum(np.asarray(kl, dtype=np.float64), 0.0)
    solvable = (kl > 0) & np.isfinite(kl)
    target = np.where(solvable, kl, 1.0)
    # (n − d) times the median lies between 0.67 and k/2 for every n.
    low = np.log(0.5) - np.log(target)
    high = np.log(_parameters(d)) - np.log(target)
    for _ in range(64):
        middle = (low + high) / 2
        above = _median_kl(np.exp(middle), d) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    size = np.where(solvable, d + np.exp((low + high) / 2), np.where(kl == 0, np.inf, float(d)))
    return np.where(np.isnan(kl), np.nan, size)


def samples_to_detect(
    q: GaussianLike, p: GaussianLike, *, alpha: float = 0.05, power: float = 0.8
) -> Array:
    """Fewest samples of q from which the best test of "they come from p" sees that they do not.

    The test is Neyman and Pearson's of p against q at level alpha: no test of that size has more
    power, so that fewer samples suffice for none. With ℓ = ln q/p, the law of Σℓ under p and under
    q follows from K(t) = ln ∫ p^{1−t} q^t by the tail formula of Lugannani & Rice (1980, eq. 10)
    with the saddlepoint t in (0, 1): at threshold c = K'(t), tK' − K and (t−1)K' − K are the
    divergences from p and q of the law ∝ p^{1−t} q^t, itself Gaussian. n is a real number until it
    is rounded up: for shifts it is exactly ((z_{1−α} + z_power) / |δ|)², and for changes of scale
    it was within one sample of the exact χ² answer in every case tried, down to n = 1.

    Parameters
    ----------
    q, p : Gaussian, GaussianTarget, or (mean, covariance)
        The learned distribution and the truth; leading axes broadcast.
    alpha, power : float
        Size of the test in (0, ½), and its power in (½, 1).

    Returns
    -------
    ndarray of the broadcast leading shape, float64
        Whole numbers, at least 1; inf where q = p, 1 where they are mutually singular, NaN where a
        law is not finite.

    Raises
    ------
    UsageError
        Where alpha or power lies outside its range.

    Examples
    --------
    >>> from gan_eval.distributions import samples_to_detect
    >>> float(samples_to_detect(([0.5], [[1.0]]), ([0.0], [[1.0]])))  # ⌈((1.645 + 0.842) / 0.5)²⌉
    25.0
    """
    if not 0 < alpha < 0.5:
        raise UsageError(f"alpha must lie inside (0, 0.5), got {alpha}")
    if not 0.5 < power < 1:
        raise UsageError(f"power must lie inside (0.5, 1), got {power}")
    return samples_of_pair(*canonical_pair(q, p), alpha=alpha, power=power)


def samples_of_pair(
    offset: Array, scales: Array, *, alpha: float = 0.05, power: float = 0.8
) -> Array:
    """Compute ``samples_to_detect`` of a canonical pair, offset and scales of shape (..., d).

    Examples
    --------
    >>> samples_of_pair(np.array([[0.5], [2.0]]), np.array([[1.0], [1.0]]))
    array([25.,  2.])
    """
    unknown = np.isnan(scales).any(axis=-1)
    singular = CanonicalPair(offset, scales).mutually_singular
    # Beyond 1e±70 one sample decides; within, no square overflows.
    scales, offset = np.clip(scales, 1e-70, 1e70), np.clip(offset, -1e70, 1e70)
    low, high = np.zeros(unknown.shape), np.ones(unknown.shape)
    size, root = high, None
    with np.errstate(all="ignore"):
        for _ in range(50):
            saddle = (low + high) / 2
            from_p, from_q, curvature = _tilted(saddle, offset, scales)
            ratio = saddle * np.sqrt(curvature / (2 * from_p))
            root = _root_of_size(ratio, alpha, root)
            size = root**2 / (2 * from_p)
            ratio = (1 - saddle) * np.sqrt(curvature / (2 * from_q))
            strong = 1 - _tail(np.sqrt(2 * size * from_q), ratio) >= power
            low, high = np.where(strong, saddle, low), np.where(strong, high, saddle)
    # Past 1e26 samples the difference is the rounding of the canonical pair.
    size = np.where(size < 1e26, np.maximum(np.ceil(size), 1.0), np.inf)
    return np.where(unknown, np.nan, np.where(singular, 1.0, size))


def _median_kl(excess: Array, d: int) -> Array:
    """Compute ``median_kl_of_fit`` from excess = n − d, so that nothing is lost near n = d."""
    with np.errstate(all="ignore"):
        root = np.sqrt(4 * excess / d)
        # r / (1 + r), written so that an infinite r is 1.
        place = 1 - 2 / (1 + root)
        value = np.exp(chebval(place, _median_curve(d))) / excess
    return np.where(excess > 0, value, np.where(np.isnan(excess), np.nan, np.inf))


@lru_cache(maxsize=32)
def _median_curve(d: int) -> Array:
    """Fit ln[(n − d) median KL] by a Chebyshev series; see ``median_kl_of_fit``."""
    from gan_eval.distributions.likelihood_law import BoxLaw

    places = np.cos(np.pi * np.arange(_NODES) / (_NODES - 1))
    ends = np.log(2.0), chdtri(_parameters(d), 0.5) / 2
    values = np.empty(_NODES)
    values[-1], values[0] = ends
    for i in range(1, _NODES - 1):
        root = (1 + places[i]) / (1 - places[i])
        excess = d * root**2 / 4
        n = d + excess
        median = BoxLaw.one_sample(n, d, mean_known=True).isf(0.5)
        values[i] = excess * median / (2 * n)
    return chebfit(places, np.log(values), _NODES - 1)


def _parameters(d: int) -> float:
    """Count the parameters of a Gaussian in d dimensions."""
    return d + d * (d + 1) / 2


def _tilted(saddle: Array, offset: Array, scales: Array) -> tuple[Array, Array, Array]:
    """KL of the law ∝ p^{1−t} q^t from p and from q, and K''(t), at t = saddle.

    In each coordinate that law is N(tδ/v, s²/v) with v = s²(1−t) + t.
    """
    t = saddle[..., None]
    difference = (scales - 1) * (scales + 1)
    mixed = scales**2 * (1 - t) + t
    from_p = _scale_excess(difference * t / mixed, scales**2 / mixed)
    from_q = _scale_excess(-difference * (1 - t) / mixed, 1 / mixed)
    from_p += (t * offset / mixed) ** 2
    from_q += ((1 - t) * offset * (scales / mixed)) ** 2
    curvature = 0.5 * (difference / mixed) ** 2 + (offset * (scales / mixed)) ** 2 / mixed
    return from_p.sum(axis=-1) / 2, from_q.sum(axis=-1) / 2, curvature.sum(axis=-1)


def _scale_excess(less_one: Array, ratio: Array) -> Array:
    """ratio − 1 − ln ratio, given both ratio − 1 and ratio to full relative accuracy."""
    return np.where(np.abs(less_one) < 0.5, log_excess(less_one), less_one - np.log(ratio))


def _tail(root: Array, ratio: Array) -> Array:
    """Lugannani and Rice's upper tail, Φ(−w) + φ(w) (1/z − 1/w), with w = root and z = ratio w."""
    density = np.exp(-0.5 * root**2) / np.sqrt(2 * np.pi)
    return ndtr(-root) + density * (1 / ratio - 1) / root


def _root_of_size(ratio: Array, alpha: float, near: Array | None = None) -> Array:
    """Solve for the w at which the tail is alpha; the ratio z/w does not depend on the sample size.

    For ratio > 1 the tail has its maximum at √(ratio − 1). Where even that is below alpha, which
    takes a fraction of one sample, the maximum is returned. Newton's steps from ``near``, the root
    of a ratio nearby, where they stay inside the bracket; bisection elsewhere.
    """
    low, high = np.sqrt(np.maximum(ratio - 1, 0.0)), np.full(ratio.shape, 40.0)
    peak, rootless = low, (ratio > 1) & (_tail(low, ratio) <= alpha)
    excess = 1 / ratio - 1
    root = (low + high) / 2 if near is None else np.clip(near, low, high)
    for _ in range(60):
        density = np.exp(-0.5 * root**2) / np.sqrt(2 * np.pi)
        over = ndtr(-root) + density * excess / root - alpha
        low, high = np.where(over > 0, root, low), np.where(over > 0, high, root)
        step = root + over / (density * (1 + excess * (1 + 1 / root**2)))
        inside = (step >= low) & (step <= high)
        before, root = root, np.where(inside, step, (low + high) / 2)
        # A last step of 1e-9 leaves an error of its square.
        if not ((np.abs(root - before) > 1e-9 * before) & ~rootless).any():
            break
    return np.where(rootless, peak, root)


def _require_dimension(d: int) -> None:
    if d < 1:
        raise UsageError(f"the dimension d must be at least 1, got {d}")
