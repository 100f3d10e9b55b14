"""Bandwidths from the pooled sample: the median heuristic, and the range of an aggregated test.

None of them depends on which row belongs to which sample, so a permutation test that uses them
stays exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_eval.twosample.kernels import AbsoluteBlocks, PairwiseBlocks
from gan_eval.twosample.workers import in_order

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]

# Distances are taken over all pairs of at most this many rows.
MOST_ROWS = 1024
# Rows whose distances one thread takes at once.
STRIP = 128
# The shares of the distances that span the range.
LOW_SHARE, HIGH_SHARE = 0.05, 0.95


def median_bandwidth(points: Array, device: str = "cpu", *, norm: str = "euclidean") -> float:
    """The median distance over the pairs i < j of the pooled points (N, d).

    Up to ``MOST_ROWS`` (1024) rows it is exact. Above, it is the exact median of 1024 rows that
    stand evenly in the lexicographic order of the rows: a choice that draws no random number and
    does not depend on the order in which the rows are given. Where more than half of the pairs
    coincide, the median of the positive distances is used; where all points coincide, 1.

    ``norm`` is ``"euclidean"`` or ``"absolute"``, the sum of absolute differences.
    """
    pairs, root = _pairs(points, norm, device)
    median = _median(pairs, root)
    if median == 0:
        positive = pairs[pairs > 0]
        median = _median(positive, root) if positive.size else 1.0
    return median


def bandwidth_range(
    points: Array, device: str = "cpu", *, norm: str = "euclidean"
) -> tuple[float, float]:
    """Half the 5 % quantile and twice the 95 % quantile of the positive distances.

    Biggs, Schrab & Gretton 2023, §5, who put the median in the place of distances of 0. The
    distances are those of :func:`median_bandwidth`; where all points coincide, both are 1.
    """
    pairs, root = _pairs(points, norm, device)
    if not pairs.all():
        pairs = pairs[pairs > 0]
    if not pairs.size:
        return 1.0, 1.0
    low, high = int(LOW_SHARE * pairs.size), int(HIGH_SHARE * pairs.size)
    parted = np.partition(pairs, (low, high))
    narrow, wide = root(parted[[low, high]])
    return float(narrow) / 2, float(wide) * 2


def _pairs(points: Array, norm: str, device: str) -> tuple[Array, Callable[[Array], Array]]:
    """A number for each pair i < j, and the function that makes distances of them."""
    if len(points) > MOST_ROWS:
        order = np.lexsort(points.T[::-1])
        points = points[order[np.linspace(0, len(points) - 1, MOST_ROWS).round().astype(int)]]
    if norm == "absolute":
        return _upper(AbsoluteBlocks(points, lambda absolute: absolute, device, 1.0)), np.asarray
    return _upper(PairwiseBlocks(points, lambda squared: squared, device)), np.sqrt


def _upper(source: AbsoluteBlocks | PairwiseBlocks) -> Array:
    """The entries above the diagonal, in no particular order."""
    import torch

    size = source.size
    pairs = np.empty(size * (size - 1) // 2)

    def work(top: int, space: Tensor) -> None:
        bottom = min(top + STRIP, size)
        height, width = bottom - top, size - top
        block = space[: height * width].view(height, width)
        source.fill(slice(top, bottom), slice(top, size), block)
        strip = block.cpu().numpy()
        within = strip[:, :height][np.triu_indices(height, 1)]
        beyond = strip[:, height:]
        # The strips above hold the pairs whose smaller index is below ``top``.
        start = top * size - top * (top + 1) // 2
        middle = start + within.size
        pairs[start:middle] = within
        pairs[middle : middle + beyond.size].reshape(beyond.shape)[...] = beyond

    for _ in in_order(
        work,
        range(0, size, STRIP),
        lambda: torch.empty(STRIP * size, dtype=torch.float64, device=source.device),
        device=source.device,
    ):
        pass
    return pairs


def _median(pairs: Array, root: Callable[[Array], Array]) -> float:
    """The median distance, without taking all the roots."""
    high = pairs.size // 2
    parted = np.partition(pairs, high)
    low = high if pairs.size % 2 else parted[:high].argmax()
    return float(root(parted[[low, high]]).mean())
