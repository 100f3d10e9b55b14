"""The kernel of many rows at the pivots, and its sums over cells, quickly and by NumPy alone.

A process that only adds rows to a sketch loads no torch, and needs a third of the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gan_eval.stats.kernels.kernels import ArrayEntries
from gan_eval.stats.samples import Array

# Coordinates beyond are drawn in: a square would leave the range of float64, the kernel is 0.
_FAR = 1e100


def _exponential(values: Array) -> None:
    np.exp(values, out=values)


def _inverse_root(values: Array) -> None:
    np.maximum(values, 0.0, out=values)
    values += 1.0
    np.sqrt(values, out=values)
    np.reciprocal(values, out=values)


def _inverse(values: Array) -> None:
    np.maximum(values, 0.0, out=values)
    values += 1.0
    np.reciprocal(values, out=values)


# Of each kernel: the number by which ‖x − z‖² / h² is multiplied, and what is done with that, in
# place. See :func:`~gan_eval.stats.twosample.mmd.mmd_test`.
KERNELS: Mapping[str, tuple[float, Callable[[Array], None]]] = {
    "gaussian": (-0.5, _exponential),
    "inverse_multiquadric": (1.0, _inverse_root),
    "rational_quadratic": (0.5, _inverse),
}


def entries_of(kernel: str, bandwidth: float) -> ArrayEntries:
    """Return what turns squared distances into entries of a kernel, in place.

    Examples
    --------
    >>> squared = np.array([0.0, 2.0])
    >>> entries_of("gaussian", 1.0)(squared)
    >>> squared.round(3)
    array([1.   , 0.368])
    """
    factor, function = KERNELS[kernel]

    def change(squared: Array) -> None:
        squared *= factor / bandwidth**2
        function(squared)

    return change


class KernelValues:
    """k(x, z) of rows x at the pivots z, and the memory for some rows.

    With ‖x − z‖² = ‖x‖² − 2⟨x, z⟩ + ‖z‖² all squared distances, times a factor, are one product of
    (x, ‖x‖², 1) with a matrix of d + 2 rows; rows are centred first, so that little cancels.

    Parameters
    ----------
    kernel : str
    bandwidth : float
    mean, whitening, pivots : ndarray, shapes (d,), (d, d) and (rank, d)
    most : int
        Rows at once.
    """

    def __init__(
        self,
        kernel: str,
        bandwidth: float,
        mean: Array,
        whitening: Array,
        pivots: Array,
        most: int,
    ) -> None:
        d = len(mean)
        self.most = most
        self._mean, self._whitening = mean, whitening
        factor, self._function = KERNELS[kernel]
        factor /= bandwidth**2
        self._right = np.empty((d + 2, len(pivots)))
        self._right[:d], self._right[d] = -2 * factor * pivots.T, factor
        self._right[d + 1] = factor * (pivots**2).sum(axis=1)
        self._left = np.ones((most, d + 2))
        self._values = np.empty((most, len(pivots)))

    def __call__(self, rows: Array) -> Array:
        """Return the values, shape (n, rank), in memory that the next call takes again."""
        n, d = rows.shape
        left, values = self._left[:n], self._values[:n]
        points = left[:, :d]
        np.clip((rows - self._mean) @ self._whitening, -_FAR, _FAR, out=points)
        np.einsum("ij,ij->i", points, points, out=left[:, d])
        np.matmul(left, self._right, out=values)
        self._function(values)
        return values

    def add(self, rows: Array, cells: NDArray[np.int64], sums: Array) -> None:
        """Add the values of rows (n, d), in the order of their cells (n,), to sums (cells, rank).

        A matrix of ones and zeros, which puts rows into cells, times the values.
        """
        for start in range(0, len(rows), self.most):
            some = cells[start : start + self.most]
            firsts = np.flatnonzero(np.diff(some, prepend=-1))
            ends = np.append(firsts, len(some)).astype(np.int32)
            entries = np.ones(len(some)), np.arange(len(some), dtype=np.int32), ends
            into = csr_matrix(entries, shape=(len(firsts), len(some)))
            sums[some[firsts]] += into @ self(rows[start : start + self.most])
