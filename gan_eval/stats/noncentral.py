"""Confidence intervals for a noncentrality, by inversion of its distribution function."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.optimize import root_scalar
from scipy.special import chdtri, chndtr, fdtri, ncfdtr, ndtri

# Beyond, the noncentral distribution functions lose digits, and their limits have them all.
_LARGEST = 1e10

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

    def below(value: float) -> Callable[[float], float]:
        return lambda size: float(ncfdtr(d1, d2, size, value))

    expected = max(statistic, float(fdtri(d1, d2, EXPECTED)))
    return (
        _invert(below(statistic), d1 * statistic, 1 - tail),
        _invert(below(expected), d1 * expected, tail),
    )


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

    def below(value: float) -> Callable[[float], float]:
        def probability(size: float) -> float:
            rest = value - (1 - ratio) * size
            return float(chndtr(rest, f, ratio * size)) if rest > 0 else 0.0

        return probability

    expected = max(statistic, least_expected(f))
    return (
        _invert(below(statistic), statistic, 1 - tail),
        _invert(below(expected), expected, tail),
    )


def least_expected(f: float) -> float:
    """Return the ``EXPECTED`` quantile of χ²_f."""
    return float(chdtri(f, 1 - EXPECTED))


def _invert(below: Callable[[float], float], guess: float, share: float) -> float:
    """Return the size at which ``below``, which falls from one to zero, is ``share``; 0 if none
    is."""
    if below(0.0) <= share:
        return 0.0
    high = guess + 1.0
    while below(high) > share:
        high *= 2
    found = root_scalar(lambda size: below(size) - share, bracket=(0.0, high), xtol=1e-10)
    return float(found.root)
