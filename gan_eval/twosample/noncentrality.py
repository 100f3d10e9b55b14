"""Confidence intervals for a noncentrality, by inversion of its distribution function."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.optimize import root_scalar
from scipy.special import chdtri, chndtr, ncfdtr, ndtri

from gan_eval.errors import UsageError
from gan_eval.twosample import validation

# Beyond, the noncentral distribution functions lose digits, and their limits have them all.
_LARGEST = 1e10

Interval = tuple[float, float]


def confidence(level: float) -> float:
    """``level`` if it lies inside (0, 1)."""
    value = validation.positive_number(level, "confidence_level")
    if value >= 1:
        raise UsageError(f"confidence_level must lie inside (0, 1), got {level}")
    return value


def f_interval(statistic: float, d1: int, d2: int, level: float) -> Interval:
    """Equal-tailed interval for λ from one value of a noncentral F(d1, d2, λ); exact.

    The lower end is 0 where even λ = 0 leaves more than (1 − level) / 2 above the statistic, and so
    is the upper end where the statistic is that small (Steiger & Fouladi 1997).
    """
    tail = (1 - level) / 2
    if d1 * statistic > _LARGEST:
        scale = d1 * statistic / d2
        return scale * float(chdtri(d2, 1 - tail)), scale * float(chdtri(d2, tail))
    return _invert(lambda size: float(ncfdtr(d1, d2, size, statistic)), d1 * statistic, tail)


def chi2_interval(statistic: float, f: float, ratio: float, level: float) -> Interval:
    """Equal-tailed interval for the λ in statistic ~ χ²_f(ratio λ) + (1 − ratio) λ.

    Its mean is f + λ and its variance 2f + 4 ratio λ: with ratio 1 the noncentral χ², otherwise a
    law that has the right variance far from the null as well.
    """
    tail = (1 - level) / 2
    if statistic > _LARGEST:
        reach = 2 * math.sqrt(ratio * statistic) * float(ndtri(1 - tail))
        return max(statistic - reach, 0.0), statistic + reach

    def below(size: float) -> float:
        rest = statistic - (1 - ratio) * size
        return float(chndtr(rest, f, ratio * size)) if rest > 0 else 0.0

    return _invert(below, statistic, tail)


def _invert(below: Callable[[float], float], guess: float, tail: float) -> Interval:
    """The sizes at which ``below``, which falls from one to zero, is 1 − tail and tail."""

    def solve(share: float) -> float:
        if below(0.0) <= share:
            return 0.0
        high = guess + 1.0
        while below(high) > share:
            high *= 2
        found = root_scalar(lambda size: below(size) - share, bracket=(0.0, high), xtol=1e-10)
        return float(found.root)

    return solve(1 - tail), solve(tail)
