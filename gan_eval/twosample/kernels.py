"""Kernels and distances as functions that fill blocks, and the median heuristic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_eval.twosample.workers import in_order

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]
# Turns squared Euclidean distances into entries, in place.
FromSquaredDistances = Callable[["Tensor"], "Tensor"]

# Up to this dimension distances are summed coordinate by coordinate, above it they come from a
# matrix product.
DIRECT_DIMENSION = 8
# A squared distance below this share of the squared norms has lost digits in the product form.
CANCELLATION = 1e-3
# Coordinates gathered at once to take such distances directly.
GATHERED_VALUES = 2**20
# The median is taken over all pairs of at most this many rows.
MEDIAN_ROWS = 2048
# Rows whose distances one thread takes at once.
MEDIAN_STRIP = 128


def gaussian(bandwidth: float) -> FromSquaredDistances:
    """exp(−‖x − y‖² / (2 h²)) with h = ``bandwidth``, in the units of the data."""
    return lambda squared: squared.mul_(-0.5 / bandwidth**2).exp_()


def distance(exponent: float) -> FromSquaredDistances:
    """‖x − y‖^``exponent``."""
    if exponent == 1.0:
        return lambda squared: squared.sqrt_()
    return lambda squared: squared.pow_(exponent / 2)


class PairwiseBlocks:
    """The matrix of a function of the distance between pooled points, block by block.

    Parameters
    ----------
    points : ndarray, shape (N, d), float64
    entries : FromSquaredDistances
        Such as ``gaussian(bandwidth)`` or ``distance(exponent)``.
    device : str
        Torch device on which blocks are filled.
    length : float, optional
        The distance over which entries change by a good share of the largest, such as a
        bandwidth; by default the root mean square distance of the points from their mean.
    """

    def __init__(
        self,
        points: Array,
        entries: FromSquaredDistances,
        device: str,
        length: float | None = None,
    ) -> None:
        import torch

        self._entries = entries
        self.device = device
        self.size, self._dimension = points.shape
        # Centred, because the product form loses the digits that a common offset takes.
        centred = torch.from_numpy(points - points.mean(axis=0)).to(device)
        self._columns = centred.T.contiguous()
        self._rows = centred
        self._norms = (centred * centred).sum(1)
        # A coordinate is known to half a unit in its last place, a difference of two to one.
        length = length or float(self._norms.mean().sqrt()) or 1.0
        self.rounding = float(2.0**-52 * np.abs(points).max() / length)

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        """Write the entries ``[rows, columns]`` into ``out``, float64."""
        if self._dimension <= DIRECT_DIMENSION:
            self._fill_direct(rows, columns, out)
        else:
            self._fill_product(rows, columns, out)
        self._entries(out)

    def _fill_direct(self, rows: slice, columns: slice, out: Tensor) -> None:
        import torch

        left, right = self._columns[:, rows, None], self._columns[:, columns]
        torch.sub(left[0], right[0], out=out)
        out.square_()
        if self._dimension > 1:
            difference = torch.empty_like(out)
            for coordinate in range(1, self._dimension):
                torch.sub(left[coordinate], right[coordinate], out=difference)
                out.addcmul_(difference, difference)

    def _fill_product(self, rows: slice, columns: slice, out: Tensor) -> None:
        import torch

        scale = self._norms[rows, None] + self._norms[columns]
        torch.addmm(scale, self._rows[rows], self._columns[:, columns], alpha=-2, out=out)
        near = torch.nonzero(out < CANCELLATION * scale)
        for some in near.split(max(1, GATHERED_VALUES // self._dimension)):
            first, second = some[:, 0], some[:, 1]
            apart = self._rows[rows][first] - self._rows[columns][second]
            out[first, second] = (apart * apart).sum(1)


def median_bandwidth(points: Array, device: str = "cpu") -> float:
    """The median Euclidean distance over the pairs i < j of the pooled points (N, d).

    Up to ``MEDIAN_ROWS`` (2048) rows it is exact. Above, it is the exact median of 2048 rows that
    stand evenly in the lexicographic order of the rows: a choice that draws no random number and
    does not depend on the order in which the rows are given, so that a permutation test with this
    bandwidth stays exact. Where more than half of the pairs coincide, the median of the positive
    distances is used; where all points coincide, 1.
    """
    if len(points) > MEDIAN_ROWS:
        order = np.lexsort(points.T[::-1])
        points = points[order[np.linspace(0, len(points) - 1, MEDIAN_ROWS).round().astype(int)]]
    squared = _squared_distances(points, device)
    median = _median_root(squared)
    if median == 0:
        positive = squared[squared > 0]
        median = _median_root(positive) if positive.size else 1.0
    return median


def _squared_distances(points: Array, device: str) -> Array:
    """Squared distances of the pairs i < j, in no particular order."""
    import torch

    source = PairwiseBlocks(points, lambda squared: squared, device)
    size = source.size
    pairs = np.empty(size * (size - 1) // 2)

    def work(top: int, space: Tensor) -> None:
        bottom = min(top + MEDIAN_STRIP, size)
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
        range(0, size, MEDIAN_STRIP),
        lambda: torch.empty(MEDIAN_STRIP * size, dtype=torch.float64, device=device),
        device=device,
    ):
        pass
    return pairs


def _median_root(squared: Array) -> float:
    """The median of the roots, without taking them all."""
    high = squared.size // 2
    parted = np.partition(squared, high)
    low = high if squared.size % 2 else parted[:high].argmax()
    return float(np.sqrt(parted[[low, high]]).mean())
