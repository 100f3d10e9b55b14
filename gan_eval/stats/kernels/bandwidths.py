"""Bandwidths from the pooled sample: the median heuristic, and the range of an aggregated test.

None of them depends on which row belongs to which sample, so a permutation test that uses them
stays exact.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

Array = NDArray[np.float64]

# Distances are taken over all pairs of at most this many rows.
MOST_ROWS = 1024
# The shares of the distances that span the range.
LOW_SHARE, HIGH_SHARE = 0.05, 0.95


def median_bandwidth(points: Array, *, norm: str = "euclidean") -> float:
    """The median distance over the pairs i < j of the pooled points (N, d).

    Up to ``MOST_ROWS`` (1024) rows it is exact. Above, it is the exact median of 1024 rows that
    stand evenly in the lexicographic order of the rows: a choice that draws no random number and
    does not depend on the order in which the rows are given. Where more than half of the pairs
    coincide, the median of the positive distances is used; where all points coincide, 1.

    ``norm`` is ``"euclidean"`` or ``"absolute"``, the sum of absolute differences.
    """
    pairs, root = _pairs(points, norm)
    median = _median(pairs, root)
    if median == 0:
        positive = pairs[pairs > 0]
        median = _median(positive, root) if positive.size else 1.0
    return median


def bandwidth_range(points: Array, *, norm: str = "euclidean") -> tuple[float, float]:
    """Half the 5 % quantile and twice the 95 % quantile of the positive distances.

    Biggs, Schrab & Gretton 2023, §5, who put the median in the place of distances of 0. The
    distances are those of :func:`median_bandwidth`; where all points coincide, both are 1.
    """
    pairs, root = _pairs(points, norm)
    if not pairs.all():
        pairs = pairs[pairs > 0]
    if not pairs.size:
        return 1.0, 1.0
    low, high = int(LOW_SHARE * pairs.size), int(HIGH_SHARE * pairs.size)
    parted = np.partition(pairs, (low, high))
    narrow, wide = root(parted[[low, high]])
    return float(narrow) / 2, float(wide) * 2


def _pairs(points: Array, norm: str) -> tuple[Array, Callable[[Array], Array]]:
    """A number for each pair i < j, and the function that makes distances of them."""
    if len(points) > MOST_ROWS:
        order = np.lexsort(points.T[::-1])
        points = points[order[np.linspace(0, len(points) - 1, MOST_ROWS).round().astype(int)]]
    if norm == "absolute":
        return np.asarray(pdist(points, "cityblock"), np.float64), np.asarray
    return np.asarray(pdist(points, "sqeuclidean"), np.float64), np.sqrt


def _median(pairs: Array, root: Callable[[Array], Array]) -> float:
    """The median distance, without taking all the roots."""
    high = pairs.size // 2
    parted = np.partition(pairs, high)
    low = high if pairs.size % 2 else parted[:high].argmax()
    return float(root(parted[[low, high]]).mean())
