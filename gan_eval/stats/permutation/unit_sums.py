"""Sums over labelled units of what every row has: all that a statistic of group sums needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gan_eval.stats.permutation.labels import Labels
from gan_eval.stats.permutation.units import Units

if TYPE_CHECKING:
    from torch import Tensor

ROWS = 4096
"""Rows whose values are held at a time."""
# Units whose labels are turned to floating point at a time.
_UNITS = 4096


class UnitSums:
    """Sums over units of exchange, and over the units of each label.

    Parameters
    ----------
    units : Units
    labels : ndarray of bool, shape (L, units)
        As ``units`` draws them.
    device : str
    """

    def __init__(self, units: Units, labels: Labels, device: str) -> None:
        import torch

        self._unit = torch.from_numpy(units.of_rows).to(device)
        self._labels = torch.from_numpy(labels.view(np.uint8)).to(device)
        self._sizes = torch.from_numpy(units.sizes.astype(np.float64)).to(device)

    def of(self, values: Callable[[slice], Tensor], columns: int) -> tuple[Tensor, Tensor]:
        """Return the means (columns,) and the sums of the centred values (L, columns).

        ``values(rows)`` gives those of some rows, shape (rows, columns), in memory that may be
        used again.
        """
        size = len(self._unit)
        sums = self._sizes.new_zeros(len(self._sizes), columns)
        for start in range(0, size, ROWS):
            rows = slice(start, min(size, start + ROWS))
            sums.index_add_(0, self._unit[rows], values(rows))
        means = sums.sum(0) / size
        sums -= self._sizes[:, None] * means
        found = sums.new_zeros(len(self._labels), columns)
        for start in range(0, len(sums), _UNITS):
            some = slice(start, start + _UNITS)
            found.addmm_(self._labels[:, some].to(sums.dtype), sums[some])
        return means, found
