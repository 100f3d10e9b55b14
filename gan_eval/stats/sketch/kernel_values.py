"""The kernel of many rows at the pivots, quickly: one small matrix product and one function."""

from __future__ import annotations

from functools import cache

import numpy as np

from gan_eval.stats.kernels.kernels import KERNELS
from gan_eval.stats.samples import Array

# Coordinates beyond are drawn in: a square would leave the range of float64, the kernel is 0.
_FAR = 1e100


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
        import torch

        d = len(mean)
        self.most = most
        self._mean, self._whitening = mean, np.ascontiguousarray(whitening)
        self._gaussian = kernel == "gaussian"
        # The exponent of a Gaussian itself; else the squared distance.
        factor = -0.5 / bandwidth**2 if self._gaussian else 1.0
        right = np.empty((d + 2, len(pivots)))
        right[:d], right[d] = -2 * factor * pivots.T, factor
        right[d + 1] = factor * (pivots**2).sum(axis=1)
        self._right = torch.from_numpy(right)
        self._entries = KERNELS[kernel].entries(bandwidth)
        self._centred = np.empty((most, d))
        self._left = torch.empty((most, d + 2), dtype=torch.float64)
        self._values = torch.empty((most, len(pivots)), dtype=torch.float64)

    def __call__(self, rows: Array) -> Array:
        """Return the values, shape (n, rank), in memory that the next call takes again."""
        import torch

        n, d = rows.shape
        centred, left, values = self._centred[:n], self._left[:n], self._values[:n]
        np.subtract(rows, self._mean, out=centred)
        points = left.numpy()[:, :d]
        np.clip(centred @ self._whitening, -_FAR, _FAR, out=points)
        np.einsum("ij,ij->i", points, points, out=left.numpy()[:, d])
        left.numpy()[:, d + 1] = 1.0
        torch.mm(left, self._right, out=values)
        if not self._gaussian:
            self._entries(values.clamp_(min=0.0))
        elif _numpy_is_faster():
            np.exp(values.numpy(), out=values.numpy())
        else:
            values.exp_()
        return values.numpy()


@cache
def _numpy_is_faster() -> bool:
    """Tell whether NumPy's exponential uses this processor's widest vectors: then it takes half the
    time of torch's, which always does."""
    introspect = getattr(np.lib, "introspect", None)
    if introspect is None:
        return False
    return "baseline" not in introspect.opt_func_info(func_name="^exp$")["exp"]["dd"]["current"]
