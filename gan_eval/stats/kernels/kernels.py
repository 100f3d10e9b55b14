"""Kernels by name, their bandwidths, and their matrices, which fill themselves block by block.

No bandwidth depends on which row belongs to which sample, so a permutation test that uses them
stays exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.spatial.distance import pdist

from gan_eval.runtime.threads import one_thread_each
from gan_eval.stats.kernels.medians import median_distance, median_of
from gan_eval.stats.samples import Array, rounding

if TYPE_CHECKING:
    from torch import Tensor

# Turns squared Euclidean distances, sums of absolute differences, or inner products into entries,
# in place.
Entries = Callable[["Tensor"], "Tensor"]
# The same of arrays.
ArrayEntries = Callable[[Array], None]

# Up to this dimension distances are summed coordinate by coordinate, above it they come from a
# matrix product.
DIRECT_DIMENSION = 8
# A squared distance below this share of the squared norms has lost digits in the product form.
CANCELLATION = 1e-3
# Coordinates gathered at once to take such distances directly.
GATHERED_VALUES = 2**20
# Distances are taken over all pairs of at most this many rows.
MOST_ROWS = 1024
# The shares of the distances that span the range.
LOW_SHARE, HIGH_SHARE = 0.05, 0.95


def gaussian(bandwidth: float) -> Entries:
    """Return exp(−‖x − y‖² / (2 h²)) with h = ``bandwidth``, in the units of the data."""
    return lambda squared: squared.mul_(-0.5 / bandwidth**2).exp_()


def laplace(bandwidth: float) -> Entries:
    """Return exp(−‖x − y‖₂ / h), of the Euclidean norm, with h = ``bandwidth``."""
    return lambda squared: squared.sqrt_().mul_(-1 / bandwidth).exp_()


def laplace_l1(bandwidth: float) -> Entries:
    """Return exp(−‖x − y‖₁ / h), of the sum of absolute differences, with h = ``bandwidth``."""
    return lambda absolute: absolute.mul_(-1 / bandwidth).exp_()


def inverse_multiquadric(bandwidth: float) -> Entries:
    """Return (1 + ‖x − y‖² / h²)^(−1/2) with h = ``bandwidth``."""
    return lambda squared: squared.mul_(1 / bandwidth**2).add_(1).rsqrt_()


def rational_quadratic(bandwidth: float) -> Entries:
    """Return 1 / (1 + ‖x − y‖² / (2 h²)) with h = ``bandwidth``."""
    return lambda squared: squared.mul_(0.5 / bandwidth**2).add_(1).reciprocal_()


def cubic(dimension: int) -> Entries:
    """Return (xᵀy / d + 1)³ with d = ``dimension``."""
    return lambda products: products.mul_(1 / dimension).add_(1).pow_(3)


def distance(exponent: float) -> Entries:
    """Return ‖x − y‖^``exponent``."""
    if exponent == 1.0:
        return lambda squared: squared.sqrt_()
    return lambda squared: squared.pow_(exponent / 2)


def of_arrays(entries: Entries) -> ArrayEntries:
    """Return the same entries for arrays, in place, by one thread.

    Examples
    --------
    >>> squared = np.array([0.0, 2.0])
    >>> of_arrays(gaussian(1.0))(squared)
    >>> squared.round(3)
    array([1.   , 0.368])
    """
    import torch

    def change(values: Array) -> None:
        with one_thread_each():
            entries(torch.from_numpy(values))

    return change


class BlockSource(Protocol):
    """A symmetric matrix, given by blocks.

    Attributes
    ----------
    size : int
        N, the number of rows and of columns.
    device : str
        The torch device on which blocks are wanted.
    rounding : float
        How far entries may be off because the input is rounded.
    points : ndarray, shape (N, d)
        The rows between which it is.
    """

    size: int
    device: str
    rounding: float
    points: Array

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        """Write entries ``[rows, columns]`` into the float64 tensor ``out`` of that shape.

        Called from several threads at once.
        """


class PairwiseBlocks:
    """The matrix of a function of the distance between pooled points, block by block.

    Parameters
    ----------
    points : ndarray, shape (N, d), float64
    entries : Entries
        Such as ``gaussian(bandwidth)`` or ``distance(exponent)``.
    device : str
        Torch device on which blocks are filled.
    length : float, optional
        The distance over which entries change by about 1, such as a bandwidth.
    error : float, optional
        How far a coordinate may be off; by default the rounding of the largest to float64.
    norm : {"euclidean", "absolute"}
        Whether ``entries`` gets ‖x − y‖₂² or the sum of absolute differences ‖x − y‖₁.
    """

    def __init__(
        self,
        points: Array,
        entries: Entries,
        device: str,
        length: float = 1.0,
        error: float | None = None,
        norm: str = "euclidean",
    ) -> None:
        import torch

        self._entries = entries
        self.points, self.device = points, device
        self.size, self._dimension = points.shape
        self._absolute = norm == "absolute"
        self._direct = self._absolute or self._dimension <= DIRECT_DIMENSION
        if self._direct:
            self._columns = torch.from_numpy(points).to(device).T.contiguous()
        else:
            # Centred, because the product form loses the digits that a common offset takes.
            self._rows = torch.from_numpy(points - np.median(points, axis=0)).to(device)
            self._norms = (self._rows * self._rows).sum(1)
            self._columns = self._rows.T.contiguous()
        error = rounding(points) if error is None else error
        # A difference of two coordinates is off by twice as much.
        self.rounding = 2 * (self._dimension if self._absolute else 1) * error / length

    def fill(self, rows: slice | Tensor, columns: slice | Tensor, out: Tensor) -> None:
        """Write the entries ``[rows, columns]`` into ``out``, float64; tensors hold indices."""
        if self._direct:
            self._fill_direct(rows, columns, out)
        else:
            self._fill_product(rows, columns, out)
        self._entries(out)

    def _fill_direct(self, rows: slice | Tensor, columns: slice | Tensor, out: Tensor) -> None:
        import torch

        left, right = self._columns[:, rows, None], self._columns[:, columns]
        torch.sub(left[0], right[0], out=out)
        out.abs_() if self._absolute else out.square_()
        if self._dimension == 1:
            return
        apart = torch.empty_like(out)
        for one, other in zip(left[1:], right[1:], strict=True):
            torch.sub(one, other, out=apart)
            out.add_(apart.abs_()) if self._absolute else out.addcmul_(apart, apart)

    def _fill_product(self, rows: slice | Tensor, columns: slice | Tensor, out: Tensor) -> None:
        import torch

        scale = self._norms[rows, None] + self._norms[columns]
        torch.addmm(scale, self._rows[rows], self._columns[:, columns], alpha=-2, out=out)
        near = torch.nonzero(out < CANCELLATION * scale)
        for some in near.split(max(1, GATHERED_VALUES // self._dimension)):
            first, second = some[:, 0], some[:, 1]
            apart = self._rows[rows][first] - self._rows[columns][second]
            out[first, second] = (apart * apart).sum(1)


class ProductBlocks:
    """The matrix of a function of the inner product xᵀy between pooled points, block by block."""

    def __init__(self, points: Array, entries: Entries, device: str) -> None:
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


@dataclass(frozen=True)
class Kernel:
    """One kernel.

    Attributes
    ----------
    entries : callable
        From the bandwidth (from the dimension, where there is none) to the function that turns
        distances or products into entries, in place.
    argument : {"euclidean", "absolute", "product"}
        Of what it is a function: ‖x − y‖₂, the sum of absolute differences ‖x − y‖₁, or xᵀy.
    smooth : bool
        Whether its eigenvalues fall fast.
    """

    entries: Callable[..., Entries]
    argument: str = "euclidean"
    smooth: bool = False

    @property
    def has_bandwidth(self) -> bool:
        """True of a function of a distance, with k(x, x) = 1."""
        return self.argument != "product"

    def blocks(
        self, points: Array, bandwidth: float | None, device: str, error: float | None = None
    ) -> BlockSource:
        """Its matrix between the points (N, d); ``bandwidth`` is None where it has none."""
        if bandwidth is None:
            return ProductBlocks(points, self.entries(points.shape[1]), device)
        return PairwiseBlocks(
            points, self.entries(bandwidth), device, bandwidth, error, self.argument
        )

    def diagonal(self, points: Array) -> Array:
        """Return k(x, x) of each point, shape (N,)."""
        if self.has_bandwidth:
            return np.ones(len(points))
        import torch

        norms = torch.from_numpy(np.square(points).sum(axis=1))
        return self.entries(points.shape[1])(norms).numpy()

    def distances(self, points: Array, device: str) -> BlockSource:
        """Return the matrix of what ``entries`` turns into the kernel: of distances, or their
        squares."""
        return PairwiseBlocks(points, lambda distances: distances, device, norm=self.argument)


KERNELS: Mapping[str, Kernel] = {
    "gaussian": Kernel(gaussian, smooth=True),
    "laplace": Kernel(laplace),
    "laplace_l1": Kernel(laplace_l1, "absolute"),
    "inverse_multiquadric": Kernel(inverse_multiquadric, smooth=True),
    "rational_quadratic": Kernel(rational_quadratic, smooth=True),
    "polynomial": Kernel(cubic, "product"),
}
"""Each by the name that ``mmd_test`` takes."""


def median_bandwidth(points: Array, *, norm: str = "euclidean") -> float:
    """Return the median distance over the pairs i < j of the pooled points (N, d).

    Up to ``MOST_ROWS`` (1024) rows it is exact. Above, it is the exact median of 1024 rows that
    stand evenly in the lexicographic order of the rows: a choice that draws no random number and
    does not depend on the order in which the rows are given. Where more than half of the pairs
    coincide, the median of the positive distances is used; where all points coincide, 1.

    ``norm`` is ``"euclidean"`` or ``"absolute"``, the sum of absolute differences.

    Examples
    --------
    >>> import numpy as np
    >>> median_bandwidth(np.array([[0.0], [1.0], [3.0]]))
    2.0
    """
    points = some_rows(points)
    median = median_distance(points) if norm == "euclidean" else None
    if median is not None and median > 0:
        return median
    pairs, root = _pairs(points, norm)
    median = median_of(pairs, root)
    if median == 0:
        positive = pairs[pairs > 0]
        median = median_of(positive, root) if positive.size else 1.0
    return median


def bandwidth_range(points: Array, *, norm: str = "euclidean") -> tuple[float, float]:
    """Half the 5 % quantile and twice the 95 % quantile of the positive distances.

    Biggs, Schrab & Gretton 2023, §5, who put the median in the place of distances of 0. The
    distances are those of :func:`median_bandwidth`; where all points coincide, both are 1.

    Examples
    --------
    >>> import numpy as np
    >>> bandwidth_range(np.array([[0.0], [1.0], [3.0]]))
    (0.5, 6.0)
    """
    pairs, root = _pairs(points, norm)
    pairs = pairs[pairs > 0]
    if not pairs.size:
        return 1.0, 1.0
    ranks = [int(LOW_SHARE * pairs.size), int(HIGH_SHARE * pairs.size)]
    narrow, wide = root(np.partition(pairs, ranks)[ranks])
    return float(narrow) / 2, float(wide) * 2


def some_rows(points: Array, most: int = MOST_ROWS) -> Array:
    """Return up to ``most`` of the points (N, d), evenly in the lexicographic order of all."""
    if len(points) <= most:
        return points
    order = np.argsort(points[:, 0])
    if not np.diff(points[order, 0]).all():
        order = np.lexsort(points.T[::-1])
    return points[order[np.linspace(0, len(points) - 1, most).round().astype(int)]]


def _pairs(points: Array, norm: str) -> tuple[Array, Callable[[Array], Array]]:
    """Return a number for each pair i < j, and the function that makes distances of them."""
    points = some_rows(points)
    if norm == "absolute":
        return np.asarray(pdist(points, "cityblock"), np.float64), np.asarray
    return np.asarray(pdist(points, "sqeuclidean"), np.float64), np.sqrt
