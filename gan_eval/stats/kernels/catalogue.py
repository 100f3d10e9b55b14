"""The kernels by name: what fills their matrix, and whether they have a bandwidth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.kernels import entries as kernels
from gan_eval.stats.kernels.entries import BlockSource

Array = NDArray[np.float64]


_DISTANCES = {"euclidean": kernels.PairwiseBlocks, "absolute": kernels.AbsoluteBlocks}


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
    """

    entries: Callable[..., kernels.Entries]
    argument: str = "euclidean"

    @property
    def has_bandwidth(self) -> bool:
        """Whether it is a function of a distance, with k(x, x) = 1."""
        return self.argument != "product"

    def blocks(
        self,
        points: Array,
        bandwidth: float | None,
        device: str,
        coordinate_error: float | None = None,
    ) -> BlockSource:
        """Its matrix between the points (N, d); ``bandwidth`` is None where it has none."""
        if bandwidth is None:
            return kernels.ProductBlocks(points, self.entries(points.shape[1]), device)
        kind = _DISTANCES[self.argument]
        return kind(points, self.entries(bandwidth), device, bandwidth, coordinate_error)

    def diagonal(self, points: Array) -> Array:
        """k(x, x) of each point, shape (N,)."""
        if self.has_bandwidth:
            return np.ones(len(points))
        import torch

        norms = torch.from_numpy(np.square(points).sum(axis=1))
        return self.entries(points.shape[1])(norms).numpy()

    def distances(self, points: Array, device: str) -> BlockSource:
        """The matrix of what ``entries`` turns into the kernel: of distances, or their squares."""
        return _DISTANCES[self.argument](points, lambda distances: distances, device, 1.0)


KERNELS: Mapping[str, Kernel] = {
    "gaussian": Kernel(kernels.gaussian),
    "laplace": Kernel(kernels.laplace),
    "laplace_l1": Kernel(kernels.laplace_l1, "absolute"),
    "inverse_multiquadric": Kernel(kernels.inverse_multiquadric),
    "rational_quadratic": Kernel(kernels.rational_quadratic),
    "polynomial": Kernel(kernels.cubic, "product"),
}
"""Each by the name that ``mmd_test`` takes."""
