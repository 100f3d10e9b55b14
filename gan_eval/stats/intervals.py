"""Intervals for a noncentrality or a squared distance, by inversion of a distribution function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, chndtr, fdtri, gammainc, gammaincinv, ncfdtr, ndtr, ndtri

from gan_eval.stats.noise import SPECTRUM_ROWS, Noise

if TYPE_CHECKING:
    from gan_eval.stats.kernels.kernels import Kernel
    from gan_eval.stats.permutation.dense import SymmetricForm as Symmetric
    from gan_eval.stats.permutation.features import FeatureRows
    from gan_eval.stats.permutation.lowrank import LowRankForm as LowRank
    from gan_eval.stats.samples import Pooled

# Beyond, the noncentral distribution functions lose digits, and their limits have them all.
_LARGEST = 1e10
LEVEL = 0.95
# The unbiased second moment of the noise needs four rows of each sample.
FEWEST_ROWS = 4
# From so many of them on a factor of the matrix is looked for.
FACTOR_ROWS = 256
# Above this shape a gamma law is normal to all digits that matter.
_NORMAL_SHAPE = 1e9
# The tr Σ between which its cubes, and squares of cubes, are numbers.
_ORDINARY = 2.0**-200, 2.0**200

Array = NDArray[np.float64]
Interval = tuple[float, float]

EXPECTED = 0.25
"""A statistic below this quantile of what a distance of 0 gives bounds no distance closer than that
quantile does (Cowan et al. 2011, "Power-constrained limits")."""


def f_interval(statistic: float, d1: int, d2: int, level: float) -> Interval:
    """Equal-tailed interval for λ from one value of a noncentral F(d1, d2, λ).

    Exact, but for statistics that are luckily small. The lower end is 0 where even λ = 0 leaves
    more than (1 − level) / 2 above the statistic (Steiger & Fouladi 1997). For the upper end a
    statistic below the ``EXPECTED`` quantile at λ = 0 counts as that quantile: the upper end is
    never 0, and holds λ all the more often.

    Examples
    --------
    >>> low, high = f_interval(20.0, 2, 60, 0.95)
    >>> round(low, 1), round(high, 1)
    (15.5, 72.3)
    """
    tail = (1 - level) / 2
    if d1 * statistic > _LARGEST:
        scale = d1 * statistic / d2
        return scale * float(chdtri(d2, 1 - tail)), scale * float(chdtri(d2, tail))

    def below(size: float, value: float) -> float:
        return float(ncfdtr(d1, d2, size, value))

    return _ends(below, statistic, max(statistic, float(fdtri(d1, d2, EXPECTED))), d1, tail)


def chi2_interval(statistic: float, f: float, ratio: float, level: float) -> Interval:
    """Equal-tailed interval for the λ in statistic ~ χ²_f(ratio λ) + (1 − ratio) λ.

    Its mean is f + λ and its variance 2f + 4 ratio λ: with ratio 1 the noncentral χ², otherwise a
    law that has the right variance far from the null as well. The upper end is that of
    :func:`f_interval`.

    Examples
    --------
    >>> low, high = chi2_interval(30.0, 5, 1.0, 0.95)
    >>> round(low, 1), round(high, 1)
    (9.2, 50.6)
    """
    tail = (1 - level) / 2
    if statistic > _LARGEST:
        reach = 2 * math.sqrt(ratio * statistic) * float(ndtri(1 - tail))
        return max(statistic - reach, 0.0), statistic + reach

    def below(size: float, value: float) -> float:
        rest = value - (1 - ratio) * size
        return float(chndtr(rest, f, ratio * size)) if rest > 0 else 0.0

    return _ends(below, statistic, max(statistic, least_expected(f)), 1, tail)


def least_expected(f: float) -> float:
    """Return the ``EXPECTED`` quantile of χ²_f."""
    return float(chdtri(f, 1 - EXPECTED))


def _ends(
    below: Callable[[float, float], float], low: float, high: float, scale: float, tail: float
) -> Interval:
    """Return the sizes under which ``low`` is not in the upper tail and ``high`` in the lower.

    ``below(size, value)`` is the probability of less, which falls with the size; ``scale`` times a
    value is a guess of its size.
    """
    return (
        _crossing(lambda size: below(size, low) - (1 - tail), scale * low + 1.0),
        _crossing(lambda size: below(size, high) - tail, scale * high + 1.0),
    )


def mmd_interval(
    form: Symmetric | LowRank | FeatureRows,
    kernel: Kernel,
    samples: Pooled,
    width: float | None,
) -> tuple[float, float]:
    """Bound the MMD² of the distributions, from the row sums and the matrix of some rows of each
    sample."""
    import torch

    from gan_eval.stats.permutation.dense import SymmetricForm
    from gan_eval.stats.permutation.lowrank import LowRankForm
    from gan_eval.stats.permutation.pivots import factor_of

    points = samples.points if kernel.has_bandwidth else samples.unscaled
    n, m, x, y = samples.n, samples.m, slice(0, samples.n), slice(samples.n, None)
    over_x, diagonal = form.sums_over(samples.in_x), kernel.diagonal(points)
    over_y = form.row_sums - over_x
    within_x, within_y = over_x[x].sum() / (n - 1), over_y[y].sum() / (m - 1)
    unbiased = float(within_x / n + within_y / m - 2 * over_y[x].sum() / (n * m))
    first = (diagonal[x].sum() - within_x) / n**2 + (diagonal[y].sum() - within_y) / m**2
    largest = 2.0 if kernel.has_bandwidth else math.inf
    # Rows of a sample that coincide have no noise but that of rounding.
    if not first > np.finfo(np.float64).eps * float(np.abs(diagonal).max()):
        end = min(max(unbiased, 0.0), largest)
        return end, end
    of_x = over_x[x] / (n - 1) - over_y[x] / m
    of_y = over_x[y] / n - over_y[y] / (m - 1)
    witness = of_x.var(ddof=1) / n + of_y.var(ddof=1) / m

    chosen = [_evenly(size) for size in (n, m)]
    rows = np.concatenate([chosen[0], n + chosen[1]])
    factor = form.factor(rows) if isinstance(form, LowRankForm) else None
    if factor is None and kernel.smooth and width is not None and len(rows) >= FACTOR_ROWS:
        factor = factor_of(points[rows], kernel.entries(width), len(rows) // 2)
    k, first = len(chosen[0]), float(first)
    if factor is not None and len(factor) <= len(rows) / 2:
        noise = Noise.of_factor(factor, k, n, m, first)
    else:
        matrix = form.matrix() if isinstance(form, SymmetricForm) else None
        if matrix is None or len(rows) < len(points):
            matrix = np.empty((len(rows), len(rows)))
            whole = slice(0, len(rows))
            kernel.blocks(points[rows], width, "cpu").fill(whole, whole, torch.from_numpy(matrix))
        else:
            matrix = matrix.copy()
            np.fill_diagonal(matrix, diagonal)
        noise = Noise.of(matrix, k, n, m, first)
    return squared_distance_interval(unbiased, float(witness), noise, largest=largest)


def _evenly(size: int) -> NDArray[np.intp]:
    """Return ``SPECTRUM_ROWS`` of so many rows, evenly, or all of them."""
    if size <= SPECTRUM_ROWS:
        return np.arange(size)
    return np.linspace(0, size - 1, SPECTRUM_ROWS).round().astype(np.intp)


def squared_distance_interval(
    unbiased: float,
    witness: float,
    noise: Noise,
    *,
    largest: float = math.inf,
    level: float = LEVEL,
) -> Interval:
    """Bounds for the squared distance D² of two distributions, of which ``unbiased`` is the
    estimate U.

    Parameters
    ----------
    unbiased : float
        U, means over pairs of distinct rows.
    witness : float
        The variance of the mean of the witness function, Var h(X)/n + Var h(Y)/m, with h of a row
        its mean kernel with the other rows of x less that with the other rows of y.
    noise : Noise
        Positive.
    largest : float
        The largest value that D² can have.
    level : float

    Returns
    -------
    (float, float)
        Inside [0, ``largest``].

    Notes
    -----
    U = D² + 2⟨w, ε⟩ + ‖ε‖² − tr Σ, where w, of length D, is the difference of the embeddings and ε
    the noise, nearly normal with covariance Σ. So U has the cumulants D², 2 tr Σ² + 4 D² s² and
    8 tr Σ³ + 24 D² s⁴ up to the last, s² the variance of ε along w. The interval holds the D² under
    which U is not in either tail of the gamma law with these three cumulants (Pearson's type III):
    at D² = 0 that is the approximation of the degenerate law by three moments, for large D² the
    normal law of the delta method (Sutherland et al. 2017, eq. 5).

    s² comes from the witness. Near 0, where the witness is noise and says nothing of the direction,
    the upper end takes the variance along a direction drawn in proportion to the squared
    eigenvalues, tr Σ³ / tr Σ², in the share that noise has in the witness. Also for the upper end,
    an estimate below the lower quartile of what equal distributions give counts as that quartile: a
    sample luckily near does not bound the distance closer than that (Cowan et al. 2011,
    "Power-constrained limits").

    References
    ----------
    A. Gretton, K. Borgwardt, M. Rasch, B. Schölkopf, A. Smola, "A kernel two-sample test", JMLR 13
    (2012) 723–773, th. 12.

    D. Sutherland et al., "Generative models and model criticism via optimized maximum mean
    discrepancy", ICLR 2017.
    """
    if not _ORDINARY[0] < noise.first < _ORDINARY[1]:
        unit = math.ldexp(1.0, math.frexp(noise.first)[1])
        scaled = noise.over(unit)
        low, high = squared_distance_interval(
            *(unbiased / unit, witness / unit / unit, scaled),
            largest=largest / unit,
            level=level,
        )
        return low * unit, high * unit
    tail = (1 - level) / 2
    seen = max(unbiased, 0.0) + noise.first
    along = min(witness / seen, math.sqrt(noise.second))
    typical = noise.third / noise.second
    unknown = (max(witness - noise.second, 0.0) + noise.first * typical) / seen
    unknown = min(unknown, math.sqrt(noise.second))

    def below(squared: float, value: float, variance: float) -> float:
        """P(U ≤ value) where D² is ``squared``."""
        second = 2 * noise.second + 4 * squared * variance
        third = 8 * noise.third + 24 * squared * variance**2
        return _gamma_below(
            (value - squared) / math.sqrt(second), third / (second * math.sqrt(second))
        )

    start = max(unbiased, 0.0) + math.sqrt(noise.second)
    low = _crossing(lambda d: below(d, unbiased, along) - (1 - tail), start, largest)
    spread = math.sqrt(2 * noise.second)
    expected = spread * _gamma_quantile(EXPECTED, 8 * noise.third / spread**3)
    high = _crossing(lambda d: below(d, max(unbiased, expected), unknown) - tail, start, largest)
    return low, high


def _crossing(
    excess: Callable[[float], float], start: float, largest: float | None = None
) -> float:
    """Find where ``excess``, which falls, is 0; no less than 0 and no more than ``largest``."""
    from scipy.optimize import root_scalar  # whoever tests without an interval needs no root

    if excess(0.0) <= 0:
        return 0.0
    most = math.inf if largest is None else largest
    high = min(start, most)
    while excess(high) > 0:
        if high >= most:
            return most
        high = min(2 * high, most)
    near = {"xtol": 1e-10} if largest is None else {"xtol": 1e-12 * high, "rtol": 1e-9}
    return float(root_scalar(excess, bracket=(0.0, high), **near).root)


def _gamma_below(value: float, skewness: float) -> float:
    """Distribution function of the gamma law of mean 0, variance 1 and this skewness, above 0."""
    shape = 4 / skewness**2
    if shape > _NORMAL_SHAPE:
        return float(ndtr(value))
    return float(gammainc(shape, max(shape + math.sqrt(shape) * value, 0.0)))


def _gamma_quantile(share: float, skewness: float) -> float:
    shape = 4 / skewness**2
    return float(gammaincinv(shape, share) - shape) / math.sqrt(shape)
