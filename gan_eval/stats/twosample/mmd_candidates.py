"""The kernels that an aggregated test chooses among, and what they share: the distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.kernels import kernels
from gan_eval.stats.kernels.kernels import KERNELS, BlockSource, bandwidth_range
from gan_eval.stats.permutation.dense import STORED_ENTRIES, SymmetricForm
from gan_eval.stats.permutation.engine import FLOAT64_ROWS
from gan_eval.stats.permutation.lowrank import LowRankForm
from gan_eval.stats.permutation.lowrank_path import SMOOTH, low_rank_form

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]

# Bandwidths for each kernel.
BANDWIDTHS = 10
# A low-rank factor is used where what it lacks has at most this share of ‖K‖_F as its trace.
ACCEPTED_SHARE = 1e-12


@dataclass(frozen=True)
class Candidate:
    """One kernel with its bandwidth, of the pooled points.

    Attributes
    ----------
    name : str
    bandwidth : float
    source : BlockSource
        Its matrix.
    points : ndarray, shape (N, d)
    """

    name: str
    bandwidth: float
    source: BlockSource
    points: Array

    def form(self) -> SymmetricForm | LowRankForm:
        """Its matrix without the diagonal, by a factor where there is a good one of low rank."""
        if self.name in SMOOTH and len(self.points) > FLOAT64_ROWS:
            kernel = KERNELS[self.name]
            plain = kernel.blocks(self.points, self.bandwidth, self.source.device)
            entries = kernel.entries(self.bandwidth)
            form = low_rank_form(self.points, entries, plain, diagonal=False)
            if form is not None and form.trace <= ACCEPTED_SHARE * np.sqrt(form.squares):
                return form
        return self.dense()

    def dense(self) -> SymmetricForm:
        """Its matrix without the diagonal."""
        return SymmetricForm(self.source, diagonal=False)


def candidates(
    points: Array,
    names: Sequence[str],
    aggregation: str,
    device: str,
    coordinate_error: float | None = None,
) -> list[Candidate]:
    """Return ``BANDWIDTHS`` candidates for each named kernel.

    They span :func:`~gan_eval.stats.kernels.kernels.bandwidth_range` of the pooled points,
    equally spaced for ``"fuse"`` and in equal ratios for ``"agg"``, as their authors have it.
    """
    error = kernels.rounding(points) if coordinate_error is None else coordinate_error
    spaced = np.linspace if aggregation == "fuse" else np.geomspace
    distances: dict[str, _Kept] = {}
    ranges: dict[str, tuple[float, float]] = {}
    found = []
    for name in names:
        kernel = KERNELS[name]
        norm = kernel.argument
        if norm not in ranges:
            ranges[norm] = bandwidth_range(points, norm=norm)
            distances[norm] = _Kept(kernel.distances(points, device))
        narrow, wide = ranges[norm]
        for width in spaced(narrow, wide, BANDWIDTHS).tolist():
            source = _Transformed(distances[norm], kernel.entries(width), 2 * error / width)
            found.append(Candidate(name, width, source, points))
    return found


class _Kept:
    """A source whose blocks are filled once and kept, where they are not too many."""

    def __init__(self, source: BlockSource) -> None:
        self._source = source
        self.size, self.device, self.points = source.size, source.device, source.points
        self._blocks: dict[tuple[int, int], Tensor] | None = (
            {} if self.size * (self.size + 1) // 2 <= STORED_ENTRIES else None
        )

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        if self._blocks is None or rows.step is not None:
            self._source.fill(rows, columns, out)
            return
        key = rows.start, columns.start
        kept = self._blocks.get(key)
        if kept is None:
            self._source.fill(rows, columns, out)
            self._blocks[key] = out.clone()
        else:
            out.copy_(kept)


@dataclass(frozen=True)
class _Transformed:
    """A kernel of kept distances."""

    distances: _Kept
    entries: kernels.Entries
    rounding: float

    @property
    def size(self) -> int:
        return self.distances.size

    @property
    def points(self) -> Array:
        return self.distances.points

    @property
    def device(self) -> str:
        return self.distances.device

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        self.distances.fill(rows, columns, out)
        self.entries(out)
