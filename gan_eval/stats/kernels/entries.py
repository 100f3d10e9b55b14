"""Kernels and distances, and the matrices of them that fill themselves block by block."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.scaling import rounding

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]
# Turns squared Euclidean distances, sums of absolute differences, or inner products into entries,
# in place.
Entries = Callable[["Tensor"], "Tensor"]
FromSquaredDistances = Entries
FromAbsoluteDistances = Entries
FromProducts = Entries

# Up to this dimension distances are summed coordinate by coordinate, above it they come from a
# matrix product.
DIRECT_DIMENSION = 8
# A squared distance below this share of the squared norms has lost digits in the product form.
CANCELLATION = 1e-3
# Coordinates gathered at once to take such distances directly.
GATHERED_VALUES = 2**20


def gaussian(bandwidth: float) -> FromSquaredDistances:
    """exp(−‖x − y‖² / (2 h²)) with h = ``bandwidth``, in the units of the data."""
    return lambda squared: squared.mul_(-0.5 / bandwidth**2).exp_()


def laplace(bandwidth: float) -> FromSquaredDistances:
    """exp(−‖x − y‖₂ / h), of the Euclidean norm, with h = ``bandwidth``."""
    return lambda squared: squared.sqrt_().mul_(-1 / bandwidth).exp_()


def laplace_l1(bandwidth: float) -> FromAbsoluteDistances:
    """exp(−‖x − y‖₁ / h), of the sum of absolute differences, with h = ``bandwidth``."""
    return lambda absolute: absolute.mul_(-1 / bandwidth).exp_()


def inverse_multiquadric(bandwidth: float) -> FromSquaredDistances:
    """(1 + ‖x − y‖² / h²)^(−1/2) with h = ``bandwidth``."""
    return lambda squared: squared.mul_(1 / bandwidth**2).add_(1).rsqrt_()


def rational_quadratic(bandwidth: float) -> FromSquaredDistances:
    """1 / (1 + ‖x − y‖² / (2 h²)) with h = ``bandwidth``."""
    return lambda squared: squared.mul_(0.5 / bandwidth**2).add_(1).reciprocal_()


def cubic(dimension: int) -> FromProducts:
    """(xᵀy / d + 1)³ with d = ``dimension``."""
    return lambda products: products.mul_(1 / dimension).add_(1).pow_(3)


def distance(exponent: float) -> FromSquaredDistances:
    """‖x − y‖^``exponent``."""
    if exponent == 1.0:
        return lambda squared: squared.sqrt_()
    return lambda squared: squared.pow_(exponent / 2)


class BlockSource(Protocol):
    """A symmetric matrix, given by blocks."""

    @property
    def size(self) -> int:
        """N, the number of rows and of columns."""

    @property
    def device(self) -> str:
        """The torch device on which blocks are wanted."""

    @property
    def rounding(self) -> float:
        """How far entries may be off because the input is rounded."""

    @property
    def points(self) -> Array:
        """The rows (N, d) between which it is."""

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        """Write entries ``[rows, columns]`` into the float64 tensor ``out`` of that shape.

        Called from several threads at once.
        """


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
        The distance over which entries change by about 1, such as a bandwidth.
    coordinate_error : float, optional
        How far a coordinate may be off; by default the rounding of the largest to float64.
    """

    def __init__(
        self,
        points: Array,
        entries: FromSquaredDistances,
        device: str,
        length: float = 1.0,
        coordinate_error: float | None = None,
    ) -> None:
        import torch

        self._entries = entries
        self.points, self.device = points, device
        self.size, self._dimension = points.shape
        if self._dimension > DIRECT_DIMENSION:
            # Centred, because the product form loses the digits that a common offset takes.
            self._rows = torch.from_numpy(points - np.median(points, axis=0)).to(device)
            self._norms = (self._rows * self._rows).sum(1)
            self._columns = self._rows.T.contiguous()
        else:
            self._columns = torch.from_numpy(points).to(device).T.contiguous()
        error = rounding(points) if coordinate_error is None else coordinate_error
        # A difference of two coordinates is off by twice as much.
        self.rounding = 2 * error / length

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


class AbsoluteBlocks:
    """The matrix of a function of ‖x − y‖₁ between pooled points; else like PairwiseBlocks."""

    def __init__(
        self,
        points: Array,
        entries: FromAbsoluteDistances,
        device: str,
        length: float,
        coordinate_error: float | None = None,
    ) -> None:
        import torch

        self._entries = entries
        self.points, self.device = points, device
        self.size, self._dimension = points.shape
        self._columns = torch.from_numpy(points).to(device).T.contiguous()
        error = rounding(points) if coordinate_error is None else coordinate_error
        self.rounding = 2 * self._dimension * error / length

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        """Write the entries ``[rows, columns]`` into ``out``, float64."""
        import torch

        left, right = self._columns[:, rows, None], self._columns[:, columns]
        torch.sub(left[0], right[0], out=out)
        out.abs_()
        if self._dimension > 1:
            difference = torch.empty_like(out)
            for coordinate in range(1, self._dimension):
                torch.sub(left[coordinate], right[coordinate], out=difference)
                out.add_(difference.abs_())
        self._entries(out)


class ProductBlocks:
    """The matrix of a function of the inner product xᵀy between pooled points, block by block."""

    def __init__(self, points: Array, entries: FromProducts, device: str) -> None:
        import torch

        self._entries = entries
        self.points, self.device = points, device
        self.size = len(points)
        self._rows = torch.from_numpy(points).to(device)
        self._columns = self._rows.T.contiguous()
        # Entries are sums and powers of a few roundings, relative to the largest of them.
        self.rounding = 2.0**-49 * float(entries((self._rows * self._rows).sum(1).max()))

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        """Write the entries ``[rows, columns]`` into ``out``, float64."""
        import torch

        torch.mm(self._rows[rows], self._columns[:, columns], out=out)
        self._entries(out)
