"""Intervals for a noncentrality or a squared distance, by inversion of a distribution function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root_scalar
from scipy.special import chdtri, chndtr, fdtri, gammainc, gammaincinv, ncfdtr, ndtr, ndtri

if TYPE_CHECKING:
    from gan_eval.stats.kernels.kernels import Kernel
    from gan_eval.stats.permutation.dense import SymmetricForm
    from gan_eval.stats.permutation.features import FeatureRows
    from gan_eval.stats.permutation.lowrank import LowRankForm
    from gan_eval.stats.samples import Pooled

# Beyond, the noncentral distribution functions lose digits, and their limits have them all.
_LARGEST = 1e10
LEVEL = 0.95
# The unbiased second moment of the noise needs four rows of each sample.
FEWEST_ROWS = 4
# Rows of each sample whose kernel matrix gives the spectrum of the noise.
SPECTRUM_ROWS = 200
# Above this shape a gamma law is normal to all digits that matter.
_NORMAL_SHAPE = 1e9

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


@dataclass(frozen=True)
class Noise:
    """The noise of a difference of two mean embeddings, by the power sums of its spectrum.

    Attributes
    ----------
    first, second, third : float
        tr Σ, tr Σ², tr Σ³ with Σ = C_x/n + C_y/m the covariance operator of the noise.
    """

    first: float
    second: float
    third: float

    @classmethod
    def of(cls, kernel: Array, k: int, n: float, m: float, first: float) -> Noise:
        """Take a kernel matrix between the first k rows, of x, and the others, of y.

        ``n`` and ``m`` are the sizes of the whole samples, ``first`` is tr Σ, known from all rows.
        tr Σ² is free of bias for every distribution (Chen, Zhang & Zhong 2010; Himeno & Yamada
        2014); tr Σ³ is the sum over cycles of three different rows, kept within Hölder's bounds.
        """
        groups = (slice(0, k), slice(k, len(kernel)))
        centred = kernel.copy()
        for axis in (0, 1):
            for group in groups:
                part = centred[group] if axis == 0 else centred[:, group]
                part -= part.mean(axis=axis, keepdims=True)
        sizes = (k, len(kernel) - k)
        second = 2 * float((centred[groups[0], groups[1]] ** 2).sum()) / (n * m)
        second /= (sizes[0] - 1) * (sizes[1] - 1)
        for group, whole in zip(groups, (n, m), strict=True):
            second += _square_trace(centred[group, group]) / whole**2
        # No spectrum of so many rows is flatter, and none is steeper than one eigenvalue.
        least = first**2 / max(n + m - 2, 1)
        second = min(max(second, least), first**2)

        scale = np.repeat([1 / math.sqrt(n * (k - 1)), 1 / math.sqrt(m * (sizes[1] - 1))], sizes)
        hollow = centred * scale[:, None] * scale
        np.fill_diagonal(hollow, 0.0)
        third = float(((hollow @ hollow) * hollow).sum())
        return cls(first, second, min(max(third, second**2 / first), second**1.5))


def mmd_interval(
    form: SymmetricForm | LowRankForm | FeatureRows,
    kernel: Kernel,
    samples: Pooled,
    width: float | None,
) -> tuple[float, float]:
    """Bound the MMD² of the distributions, from the row sums and the matrix of some rows of each
    sample."""
    import torch

    points = samples.points if kernel.has_bandwidth else samples.unscaled
    n, m, x, y = samples.n, samples.m, samples.in_x, ~samples.in_x
    over_x, diagonal = form.sums_over(x), kernel.diagonal(points)
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

    chosen = [
        np.linspace(0, size - 1, min(size, SPECTRUM_ROWS)).round().astype(np.intp)
        for size in (n, m)
    ]
    rows = points[np.concatenate([chosen[0], n + chosen[1]])]
    whole = slice(0, len(rows))
    matrix = torch.empty(len(rows), len(rows), dtype=torch.float64)
    kernel.blocks(rows, width, "cpu").fill(whole, whole, matrix)
    noise = Noise.of(matrix.numpy(), len(chosen[0]), n, m, float(first))
    return squared_distance_interval(unbiased, float(witness), noise, largest=largest)


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
        return _gamma_below((value - squared) / math.sqrt(second), third / second**1.5)

    start = max(unbiased, 0.0) + math.sqrt(noise.second)
    low = _crossing(lambda d: below(d, unbiased, along) - (1 - tail), start, largest)
    spread = math.sqrt(2 * noise.second)
    expected = spread * _gamma_quantile(EXPECTED, 8 * noise.third / spread**3)
    high = _crossing(lambda d: below(d, max(unbiased, expected), unknown) - tail, start, largest)
    return low, high


def _square_trace(centred: Array) -> float:
    """Return tr C² without bias, from the centred kernel matrix of k rows."""
    k = len(centred)
    diagonal = np.diag(centred)
    trace = float(diagonal.sum()) / (k - 1)
    squares = float((centred**2).sum()) / (k - 1) ** 2
    fourth = float((diagonal**2).sum()) / (k - 1)
    found = (k - 1) * (k - 2) * squares + trace**2 - k * fourth
    return found * (k - 1) / (k * (k - 2) * (k - 3))


def _crossing(
    excess: Callable[[float], float], start: float, largest: float | None = None
) -> float:
    """Find where ``excess``, which falls, is 0; no less than 0 and no more than ``largest``."""
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
