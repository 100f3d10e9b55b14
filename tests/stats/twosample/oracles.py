"""Slow and transparent transcriptions that share no code with the package."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def apart(a: Array, b: Array) -> float:
    """The Euclidean distance of two points."""
    return math.sqrt(sum((float(p) - float(q)) ** 2 for p, q in zip(a, b, strict=True)))


def gaussian_entry(bandwidth: float) -> Callable[[Array, Array], float]:
    return lambda a, b: math.exp(-(apart(a, b) ** 2) / (2 * bandwidth**2))


def unbiased_mmd2(x: Array, y: Array, bandwidth: float) -> float:
    """Gretton et al. 2012, eq. 3."""
    k, n, m = gaussian_entry(bandwidth), len(x), len(y)
    within_x = math.fsum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j)
    within_y = math.fsum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j)
    between = math.fsum(k(x[i], y[j]) for i in range(n) for j in range(m))
    return within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * between / (n * m)


def biased_mmd2(x: Array, y: Array, bandwidth: float) -> float:
    """Gretton et al. 2012, eq. 5, squared."""
    k = gaussian_entry(bandwidth)
    return _mean(k, x, x) + _mean(k, y, y) - 2 * _mean(k, x, y)


def energy_distance(x: Array, y: Array, exponent: float = 1.0) -> float:
    """Székely & Rizzo 2013: 2E|x − y|^α − E|x − x'|^α − E|y − y'|^α over all pairs."""

    def entry(a: Array, b: Array) -> float:
        return apart(a, b) ** exponent

    return 2 * _mean(entry, x, y) - _mean(entry, x, x) - _mean(entry, y, y)


def permutation_null(
    statistic: Callable[[Array, Array], float], pooled: Array, labels: NDArray[np.bool_]
) -> Array:
    """The statistic of every row of labels, one at a time, from the points themselves."""
    return np.array([statistic(pooled[row], pooled[~row]) for row in labels])


def permutation_pvalue(observed: float, null: Array) -> float:
    """(1 + #{null ≥ observed}) / (1 + permutations), ties found with a relative tolerance."""
    at_least = [
        value >= observed or math.isclose(value, observed, rel_tol=1e-9, abs_tol=1e-13)
        for value in null
    ]
    return (1 + sum(at_least)) / (1 + len(null))


def fast_unbiased_mmd2(bandwidth: float) -> Callable[[Array, Array], float]:
    """Eq. 3 again with NumPy matrices, for the many evaluations of a permutation test."""

    def statistic(x: Array, y: Array) -> float:
        n, m = len(x), len(y)
        xx, yy, xy = (
            np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / (2 * bandwidth**2))
            for a, b in ((x, x), (y, y), (x, y))
        )
        within_x = (xx.sum() - n) / (n * (n - 1))
        within_y = (yy.sum() - m) / (m * (m - 1))
        return float(within_x + within_y - 2 * xy.mean())

    return statistic


def fast_energy_statistic(x: Array, y: Array) -> float:
    """nm / (n + m) times the energy distance, with NumPy matrices."""
    xx, yy, xy = (
        np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1)).mean() for a, b in ((x, x), (y, y), (x, y))
    )
    return float(len(x) * len(y) / (len(x) + len(y)) * (2 * xy - xx - yy))


def _mean(entry: Callable[[Array, Array], float], a: Array, b: Array) -> float:
    return math.fsum(entry(p, q) for p in a for q in b) / (len(a) * len(b))
