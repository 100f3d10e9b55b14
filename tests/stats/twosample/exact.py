"""Statistics of two small samples in exact arithmetic, or to 120 digits: plain and slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np

DIGITS = 120
Values = Sequence[Fraction]
Statistic = Callable[[Values, Values], Any]


def pvalue(statistic: Statistic, pooled: np.ndarray, labels: np.ndarray) -> float:
    """(1 + #{statistic ≥ observed}) / (1 + permutations), the observed labels first.

    ``pooled`` (N,) holds float64 values, each taken for exactly what it is; ``labels`` (k, N) is
    True for the rows of the first group. Fractions are compared exactly, logarithms and
    exponentials to 100 digits.
    """
    values = [Fraction(value) for value in pooled.tolist()]
    known: dict[bytes, Any] = {}
    with mpmath.workdps(DIGITS):
        for row in labels:
            if row.tobytes() not in known:
                first = [v for v, inside in zip(values, row, strict=True) if inside]
                second = [v for v, inside in zip(values, row, strict=True) if not inside]
                known[row.tobytes()] = statistic(first, second)
        observed = known[labels[0].tobytes()]
        if not isinstance(observed, Fraction):
            observed -= mpmath.mpf(10) ** -100 * max(1, abs(observed))
        return sum(known[row.tobytes()] >= observed for row in labels) / len(labels)


def energy(x: Values, y: Values) -> Fraction:
    """2 mean |x − y| − mean |x − x'| − mean |y − y'|, all pairs."""
    return 2 * _mean_distance(x, y) - _mean_distance(x, x) - _mean_distance(y, y)


def gaussian_mmd2(bandwidth: float, biased: bool) -> Statistic:
    """MMD² with exp(−(x − y)² / (2 h²)) over all pairs, or over pairs of distinct rows."""
    known: dict[Fraction, Any] = {}

    def entry(a: Fraction, b: Fraction) -> Any:
        squared = (a - b) ** 2 / (2 * Fraction(bandwidth) ** 2)
        if squared not in known:
            known[squared] = mpmath.exp(-_number(squared))
        return known[squared]

    def within(group: Values) -> Any:
        less = 0 if biased else 1
        total = sum(
            entry(a, b)
            for i, a in enumerate(group)
            for j, b in enumerate(group)
            if biased or i != j
        )
        return total / (len(group) * (len(group) - less))

    def statistic(x: Values, y: Values) -> Any:
        between = sum(entry(a, b) for a in x for b in y) / (len(x) * len(y))
        return within(x) + within(y) - 2 * between

    return statistic


def wasserstein(x: Values, y: Values) -> Fraction:
    """∫ |F_x − F_y|."""
    points = sorted([*x, *y])
    return sum(
        (
            (right - left)
            * abs(Fraction(_up_to(left, x), len(x)) - Fraction(_up_to(left, y), len(y)))
            for left, right in pairwise(points)
        ),
        Fraction(0),
    )


def squared_wasserstein(x: Values, y: Values) -> Fraction:
    """∫ (Q_x − Q_y)² du."""
    n, m = len(x), len(y)
    first, second = sorted(x), sorted(y)
    return sum(((first[k // m] - second[k // n]) ** 2 for k in range(n * m)), Fraction(0)) / (n * m)


def hotelling(x: Values, y: Values) -> Any:
    """Student's t with equal variances, squared."""
    within = _scatter(x) + _scatter(y)
    shift = _mean(x) - _mean(y)
    return shift**2 / within if within else Fraction(10) ** 1000


def likelihood_ratio(x: Values, y: Values) -> Any:
    """−n ln σ̂²_x − m ln σ̂²_y: what permutations change of −2 ln Λ."""
    return -sum(len(group) * _ln(_scatter(group) / len(group)) for group in (x, y))


def box_m(x: Values, y: Values) -> Any:
    """Box's M in one dimension: Bartlett's statistic without its factor.

    Where both groups are flat, it counts as infinite.
    """
    rest = len(x) + len(y) - 2
    pooled = rest * _ln((_scatter(x) + _scatter(y)) / rest)
    if pooled == -mpmath.inf:
        return mpmath.inf
    return pooled - sum((len(g) - 1) * _ln(_scatter(g) / (len(g) - 1)) for g in (x, y))


def _mean(group: Values) -> Fraction:
    return sum(group, Fraction(0)) / len(group)


def _scatter(group: Values) -> Fraction:
    mean = _mean(group)
    return sum(((value - mean) ** 2 for value in group), Fraction(0))


def _mean_distance(x: Values, y: Values) -> Fraction:
    return sum((abs(a - b) for a in x for b in y), Fraction(0)) / (len(x) * len(y))


def _up_to(point: Fraction, group: Values) -> int:
    return sum(value <= point for value in group)


def _ln(value: Fraction) -> Any:
    return mpmath.log(_number(value)) if value else -mpmath.inf


def _number(value: Any) -> Any:
    if isinstance(value, Fraction):
        return mpmath.mpf(value.numerator) / value.denominator
    return mpmath.mpf(value)
