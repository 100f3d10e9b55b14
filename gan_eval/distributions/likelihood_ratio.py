"""The likelihood ratio of Gaussians: the exact law of its statistic, and sample sizes by it.

How many rows would fit as well as a learned distribution follows from its law, how many would tell
that distribution from the truth from the best test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial.chebyshev import chebfit, chebval
from numpy.typing import ArrayLike
from scipy.special import chdtri, digamma, log1p, loggamma, polygamma

from gan_eval.distributions.affinity import Complex, samples_of_pair
from gan_eval.distributions.divergences import canonical_pair
from gan_eval.distributions.gaussian import Array, GaussianLike
from gan_eval.distributions.median_curves import CURVES
from gan_eval.runtime.errors import UsageError

_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
# The trapezoid rule in units of the saddle point's width: its error is far below rounding.
_STEP = 0.05
_REACH = 14.0
# Bernoulli numbers over 2k(2k − 1): Stirling's series of ln Γ.
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


@dataclass(frozen=True)
class BoxLaw:
    """The law of L = −2 ln Λ whose moments E Λʰ are those of Box (1949, eq. 1).

    With g = 1 + h, E Λʰ is a product of ratios Γ(a g + b) / Γ(a + b), to the powers ``signs``,
    times factors that cancel the leading terms of Stirling's series. All likelihood-ratio
    statistics of Gaussian means and covariances are of this kind, and their laws do not depend on
    the unknown parameters. What remains (Anderson 2003, §8.5.1) is

        ln E e^{sL} = −½ f ln g + Σ ± [R(a g, b) − R(a, b)],   g = 1 − 2s,
        R(z, b) = ln Γ(z + b) − (z + b − ½) ln z + z − ½ ln 2π = O(1/z),
        f = 2 Σ ± (½ − b),

    whose first term is that of χ² with f degrees of freedom. Bartlett's correction matches the
    mean; here the transform itself is inverted, so that the law is exact for every sample size.

    Attributes
    ----------
    signs, a, b : ndarray, shape (terms,), float64
    """

    signs: Array
    a: Array
    b: Array

    @classmethod
    def one_sample(cls, n: float, d: int, *, mean_known: bool) -> BoxLaw:
        """Mean and covariance of n rows against known ones, or (mean unknown) the covariance alone.

        Anderson (2003, §10.9, and §10.8 with n − 1 for n, which makes that test unbiased). The
        moments also define a law for n that is not whole.
        """
        return cls._of([(1.0, n if mean_known else n - 1, 1 if mean_known else 0)], d)

    @classmethod
    def two_samples(cls, n: int, m: int, d: int, *, means: bool) -> BoxLaw:
        """Equality of two Gaussians, or (``means`` false) of their covariances with Box's M.

        Anderson (2003, §10.4); M with n − 1 for n.
        """
        less = 0 if means else 1
        sizes = [(1.0, n - less), (1.0, m - less), (-1.0, n + m - 2 * less)]
        return cls._of([(sign, size, 1 - less) for sign, size in sizes], d)

    @classmethod
    def _of(cls, groups: Iterable[tuple[float, float, int]], d: int) -> BoxLaw:
        """Terms Γ((size g − lost − i) / 2), i = 0 … d − 1, of each group."""
        terms = [(sign, size / 2, -(lost + i) / 2) for sign, size, lost in groups for i in range(d)]
        signs, a, b = np.array(terms).T
        return cls(signs, a, b)

    @property
    def degrees_of_freedom(self) -> float:
        """f, of the limiting χ²."""
        return float(2 * (self.signs * (0.5 - self.b)).sum())

    @property
    def mean(self) -> float:
        """E L, exact."""
        return self._first(1.0)

    def sf(self, statistic: float) -> float:
        """P(L ≥ statistic), down to 1e-300.

        Relative error below 1e-12 in one coordinate, against the exact form.
        (2πi)⁻¹ ∫ exp(K(s) − s·statistic) ds / s along a parabola through the saddle point, which is
        the path of steepest descent to second order, by the trapezoid rule.
        """
        if statistic <= 0:
            return 1.0
        # The largest pole of the transform; it exists for g above it only.
        pole = float(np.max(np.where(self.signs > 0, -self.b / self.a, 0.0)))
        spread = np.sqrt(self._second(1.0))

        def slope(log_gap: float) -> float:
            return self._first(pole + np.exp(log_gap)) - statistic

        # Above a gap of 1e-9 lie statistics of 1e9, whose tail is 0.
        low, high = np.log(1e-9), 60.0
        if slope(low) < 0:
            return 0.0
        if slope(high) > 0:
            return 1.0
        gap = _exp_of_root(slope, low, high, 1e-6)
        saddle = (1 - pole - gap) / 2
        near = min(1 / spread, (1 - pole) / 6)
        if -0.3 / spread < saddle < near:  # keep off the pole at s = 0
            saddle = near
            gap = 1 - pole - 2 * saddle
        width = 1 / np.sqrt(self._second(pole + gap))

        u = np.arange(0.0, _REACH, _STEP)
        path = saddle + 1j * width * u + (2 / 3) * (width * u) ** 2 / gap
        slope_of_path = width * (1j + (4 / 3) * width * u / gap)
        exponent = self._log_transform(path) - path * statistic
        peak = float(exponent[0].real)
        values = (np.exp(exponent - peak) * slope_of_path / (1j * path)).real
        integral = _STEP / np.pi * (values.sum() - values[0] / 2)
        tail = float(np.exp(peak) * integral)
        return min(max(tail if saddle > 0 else 1 + tail, 0.0), 1.0)

    def isf(self, probability: float) -> float:
        """Find the statistic that is exceeded with this probability, between 1e-300 and 1."""

        def excess(log_statistic: float) -> float:
            return self.sf(float(np.exp(log_statistic))) - probability

        middle = np.log(self.mean)
        low, high = middle - 1, middle + 1
        while excess(low) < 0:
            low -= 4
        while excess(high) > 0:
            high += 4
        return _exp_of_root(excess, low, high, 1e-13)

    def _log_transform(self, s: Complex) -> Complex:
        """K(s) = ln E e^{sL}."""
        g = (1 - 2 * s)[:, None]
        terms = _stirling_rest(self.a * g, self.b) - _stirling_rest(self.a + 0j, self.b)
        return -0.5 * self.degrees_of_freedom * np.log(g[:, 0]) + terms @ self.signs

    def _first(self, g: float) -> float:
        """K'(s) at s = (1 − g) / 2."""
        z = self.a * g
        return float(-2 * (self.signs * self.a * (digamma(z + self.b) - np.log(z))).sum())

    def _second(self, g: float) -> float:
        """K''(s) at s = (1 − g) / 2."""
        z = self.a * g
        return float(4 * (self.signs * self.a**2 * (polygamma(1, z + self.b) - 1 / z)).sum())


def _exp_of_root(function: Callable[[float], float], low: float, high: float, xtol: float) -> float:
    # Imported here: whoever reads rows needs this module, and no root.
    from scipy.optimize import root_scalar

    return float(np.exp(root_scalar(function, bracket=(low, high), xtol=xtol).root))


def _stirling_rest(z: Complex, b: Array) -> Complex:
    """R(z, b), without cancellation for large z."""
    w = z + b
    return (w - 0.5) * log1p(b / z) - b + _binet(w)


def _binet(w: Complex) -> Complex:
    """ln Γ(w) − (w − ½) ln w + w − ½ ln 2π."""
    near = (np.abs(w) < 20) | ((w.real < 0) & (np.abs(w.imag) < 8))
    result = np.zeros_like(w)
    inverse = 1 / w[~near]
    square = inverse * inverse
    series = np.zeros_like(inverse)
    for coefficient in reversed(_STIRLING):
        series = series * square + coefficient
    result[~near] = series * inverse
    v = w[near]
    result[near] = loggamma(v) - (v - 0.5) * np.log(v) + v - _HALF_LOG_2PI
    return result


_NODES = 33  # of the curve of medians


def median_kl_of_fit(n: ArrayLike, d: int) -> Array:
    """Compute the median of KL(q̂‖p), in nats, for the maximum-likelihood Gaussian q̂ of n rows of p.

    It is the same for every Gaussian p: 2n KL(q̂‖p) is the likelihood-ratio statistic of mean and
    covariance against known ones, whose law is exact (Anderson 2003, §10.9;
    :class:`BoxLaw`). Far out it is the median of χ² with
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


def _median_kl(excess: Array, d: int) -> Array:
    """Compute ``median_kl_of_fit`` from excess = n − d, so that nothing is lost near n = d."""
    with np.errstate(all="ignore"):
        root = np.sqrt(4 * excess / d)
        # r / (1 + r), written so that an infinite r is 1.
        place = 1 - 2 / (1 + root)
        value = np.exp(chebval(place, _curve(d))) / excess
    return np.where(excess > 0, value, np.where(np.isnan(excess), np.nan, np.inf))


@lru_cache(maxsize=32)
def _curve(d: int) -> Array:
    """Return ``median_curve(d)``, which is kept for the dimensions that are asked for most."""
    return np.array(CURVES[d]) if d in CURVES else median_curve(d)


def median_curve(d: int) -> Array:
    """Fit ln[(n − d) median KL] by a Chebyshev series; see ``median_kl_of_fit``.

    Returns
    -------
    ndarray, shape (33,), float64
        Its coefficients, over [−1, 1].

    Examples
    --------
    >>> curve = median_curve(1)
    >>> float(chebval(-1, curve).round(6)) == float(np.log(np.log(2)).round(6))  # at n = d
    True
    """
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


def _require_dimension(d: int) -> None:
    if d < 1:
        raise UsageError(f"the dimension d must be at least 1, got {d}")
