"""Clusters as the peaks of the density of rows, as many as stand out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.neighbours import Neighbours
from gan_eval.stats.permutation.labels import Array, row_codes

VALLEY = 3.0
"""Between two peaks the density is lower than at the lower one by this factor, at least."""

EQUAL = 0.5
"""Rows of which fewer than this share are different are taken for numbers in steps."""

FEWEST_NEIGHBOURS = 8
_NOISE = 3.0  # standard deviations of the logarithm of a ratio of two densities


def peaks(rows: Array, rng: np.random.Generator) -> NDArray[np.intp]:
    """Give each row (n, d) the number of its peak, the one with most rows first.

    Notes
    -----
    The density at a row is that of its k = √n nearest rows, r_k^−d up to a constant, where d is the
    dimension that their distances show (r_k / r_{k/2} is 2^{1/d} on average), as columns may be
    redundant. Every row belongs with its neighbour of highest density, and two peaks are one where
    the highest pass between them is not lower than the lower peak by ``VALLEY``, or by three
    standard deviations of the noise where k is small (Chazal et al. 2013, "Persistence-based
    clustering in Riemannian manifolds", J. ACM 60). A distribution with one mode has one peak: not
    so by most clusterings, which part any rows.

    Where most rows equal another, as whole numbers in few columns do, each is moved by about half
    the step to the next, so that not every number is a peak.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rows = rng.normal(size=(300, 2))
    >>> np.bincount(peaks(rows, rng)).tolist()
    [300]
    >>> rows[:100] += 9
    >>> np.bincount(peaks(rows, rng)).tolist()
    [200, 100]
    """
    n = len(rows)
    k = max(FEWEST_NEIGHBOURS, round(math.sqrt(n)))
    if n <= k:
        return np.zeros(n, dtype=np.intp)
    distances, neighbours = Neighbours(_spread(rows, rng)).among(np.arange(n), k)
    density = _log_density(distances, rows.shape[1])
    prominence = max(math.log(VALLEY), _NOISE * math.sqrt(2 / k))
    found = np.unique(_joined(density, neighbours, prominence), return_inverse=True)[1]
    by_size = np.argsort(-np.bincount(found), kind="stable")
    return np.argsort(by_size)[found]


def _spread(rows: Array, rng: np.random.Generator) -> Array:
    """Move rows most of which equal another by half the distance to the nearest different one."""
    different, of = np.unique(row_codes(rows), return_index=True, return_inverse=True)[1:]
    if not 1 < len(different) < EQUAL * len(rows):
        return rows
    steps = Neighbours(rows[different]).among(np.arange(len(different)), 1)[0][of.ravel()]
    steps = np.minimum(steps, np.median(steps))
    return rows + steps / 2 * rng.normal(size=rows.shape)


def _log_density(distances: Array, columns: int) -> Array:
    """Estimate the logarithm of the density from distances (n, k), up to a constant."""
    k = distances.shape[1]
    outer, inner = distances[:, -1], distances[:, k // 2 - 1]
    apart = outer > 0
    if not apart.any():
        return np.zeros(len(distances))
    # Equal rows, as of categories, have no density; they are as dense as anything here.
    outer = np.maximum(outer, 1e-3 * float(np.median(outer[apart])))
    spread = inner > 0
    grown = float(np.log(outer[spread] / inner[spread]).mean()) if spread.any() else math.inf
    dimension = min(columns, math.log(k / (k // 2)) / grown) if grown > 0 else columns
    return -max(dimension, 1.0) * np.log(outer)


def _joined(density: Array, neighbours: NDArray[np.intp], prominence: float) -> NDArray[np.intp]:
    """Return a row of each row's peak: the highest row of what is joined to it."""
    n, k = neighbours.shape
    order = np.argsort(-density, kind="stable")
    rank = np.argsort(order)
    # By rank, so that the higher of two rows is the one of the lower number; both ways.
    start, end = np.repeat(rank, k), rank[neighbours.ravel()]
    low, high = np.maximum(start, end), np.minimum(start, end)
    edges = np.unique(low * n + high)
    low, high = edges // n, edges % n
    first = np.searchsorted(low, np.arange(n + 1))
    heights = density[order].tolist()
    higher = high.tolist()
    above = list(range(n))

    def top(row: int) -> int:
        while above[row] != row:
            above[row] = above[above[row]]
            row = above[row]
        return row

    for row in range(n):
        # Ascending, so that the highest neighbour is the first.
        for other in higher[first[row] : first[row + 1]]:
            peak, another = top(row), top(other)
            if peak == another:
                continue
            lower, upper = max(peak, another), min(peak, another)
            if lower == row or heights[lower] - heights[row] < prominence:
                above[lower] = upper
    return order[[top(row) for row in rank.tolist()]]
