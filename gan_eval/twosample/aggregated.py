"""Many kernels in one permutation test: MMD-FUSE and MMDAgg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from gan_eval.twosample import kernels
from gan_eval.twosample.bandwidths import bandwidth_range
from gan_eval.twosample.catalogue import KERNELS
from gan_eval.twosample.labels import Labels
from gan_eval.twosample.permutation import GroupWeights, LabelStatistics, PermutationOutcome
from gan_eval.twosample.quadratic import STORED_ENTRIES, BlockSource, SymmetricForm

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]

AGGREGATIONS = ("fuse", "agg")
# Bandwidths for each kernel.
BANDWIDTHS = 10


def collection(
    points: Array,
    names: Sequence[str],
    aggregation: str,
    device: str,
    coordinate_error: float | None = None,
) -> list[BlockSource]:
    """The kernel matrices of an aggregated test: ``BANDWIDTHS`` of each named kernel.

    The bandwidths span :func:`~gan_eval.twosample.bandwidths.bandwidth_range` of the pooled points,
    equally spaced for ``"fuse"`` and in equal ratios for ``"agg"``, as their authors have it.
    """
    error = coordinate_error or kernels.rounding(points)
    spaced = np.linspace if aggregation == "fuse" else np.geomspace
    distances: dict[str, _Kept] = {}
    ranges: dict[str, tuple[float, float]] = {}
    sources: list[BlockSource] = []
    for name in names:
        kernel = KERNELS[name]
        norm = kernel.argument
        if norm not in ranges:
            ranges[norm] = bandwidth_range(points, device, norm=norm)
            distances[norm] = _Kept(kernel.distances(points, device))
        narrow, wide = ranges[norm]
        sources.extend(
            _Transformed(distances[norm], kernel.entries(width), 2 * error / width)
            for width in spaced(narrow, wide, BANDWIDTHS).tolist()
        )
    return sources


class Aggregate:
    """Each kernel's unbiased MMD² under each of many labels.

    Parameters
    ----------
    sources : sequence of BlockSource, K of them
    weights : GroupWeights
        Of the unbiased MMD².
    labels : ndarray of bool, shape (k, n + m)
        Of the smaller group, the observed ones first.

    Attributes
    ----------
    norms : ndarray, shape (K,)
        The root mean square of each matrix's entries off the diagonal: √N_k.
    """

    def __init__(
        self, sources: Sequence[BlockSource], weights: GroupWeights, labels: Labels
    ) -> None:
        self._statistics: list[LabelStatistics] = []
        squares = []
        for source in sources:
            form = SymmetricForm(source, diagonal=False)
            self._statistics.append(LabelStatistics(form, weights, labels))
            # Only one matrix at a time is in memory.
            form.release()
            squares.append(form.squares)
        size = weights.n + weights.m
        self.norms = np.sqrt(np.array(squares) / (size * (size - 1)))
        self._smaller = min(weights.n, weights.m)

    @property
    def estimate(self) -> float:
        """The observed MMD² of the mean of all kernels."""
        return float(np.mean([statistics.values[0] for statistics in self._statistics]))

    def fuse(self) -> PermutationOutcome:
        """MMD-FUSE: the soft maximum of the normalised MMD² of all kernels.

        (1/λ) ln mean_k exp(λ MMD²_k / √N_k), with N_k the mean of the squared entries of kernel k
        between distinct rows, which labels do not change, and λ = √(s(s − 1)), s the smaller of n
        and m.
        """
        sharpness = float(np.sqrt(self._smaller * (self._smaller - 1)))

        def combine(columns: NDArray[np.intp] | slice) -> Array:
            scaled = sharpness * self._normalised(columns)
            return (logsumexp(scaled, axis=0) - np.log(len(scaled))) / sharpness

        everything = slice(None)
        values = combine(everything)
        # A soft maximum moves by no more than the largest move of what it is taken of.
        unsure = np.flatnonzero(np.abs(values - values[0]) <= self._error())
        if self._error():
            for statistics in self._statistics:
                statistics.refine(unsure)
            values = combine(everything)
        rounding = 2.0**-49 * (np.abs(values[0]) + 1 / sharpness)
        return _outcome(values, self._tie_width() + rounding)

    def agg(self) -> PermutationOutcome:
        """MMDAgg: the smallest of the kernels' p-values, itself tested by permutation.

        Of 1 + 2B labels, each of the first 1 + B has a p-value in each kernel, by the last B as the
        reference; the smallest is compared with those of the other labels. A test that rejects at
        p ≤ α is the one that corrects each kernel's level to the u_α at which the B labels reject
        with frequency α: the order statistics give the u_α that MMDAgg finds by bisection, and
        counting the observed labels makes it exact for every B.

        Equal p-values, of which the smallest possible is the most frequent, are told apart by the
        largest normalised MMD² r: the statistic is −ln((c − ½ − ½ r / (1 + |r|)) / (1 + B)) for a
        smallest p-value of c / (1 + B).
        """
        permutations = (len(self._statistics[0].values) - 1) // 2
        considered = slice(0, 1 + permutations)
        counts = np.full(1 + permutations, permutations + 1, dtype=np.int64)
        for statistics in self._statistics:
            _refine_neighbours(statistics)
            values = statistics.values
            reference = np.sort(values[1 + permutations :])
            below = np.searchsorted(reference, values[considered] - statistics.tie_width)
            counts = np.minimum(counts, 1 + permutations - below)
        largest = self._normalised(considered).max(axis=0)
        same = counts == counts[0]
        unsure = np.flatnonzero(same & (np.abs(largest - largest[0]) <= self._error()))
        if self._error():
            for statistics in self._statistics:
                statistics.refine(unsure)
            largest = self._normalised(considered).max(axis=0)
        tied = same & (np.abs(largest - largest[0]) <= self._tie_width())
        largest = np.where(tied, largest[0], largest)
        between = 0.5 + 0.5 * largest / (1 + np.abs(largest))
        return _outcome(np.log1p(permutations) - np.log(counts - between), 0.0)

    def _normalised(self, columns: NDArray[np.intp] | slice) -> Array:
        """MMD²_k / √N_k, shape (K, labels); 0 for a kernel that is 0 everywhere."""
        values = np.stack([statistics.values[columns] for statistics in self._statistics])
        return values * self._inverse_norms[:, None]

    @property
    def _inverse_norms(self) -> Array:
        return np.where(self.norms > 0, 1 / np.where(self.norms > 0, self.norms, 1.0), 0.0)

    def _error(self) -> float:
        errors = np.array([statistics.error for statistics in self._statistics])
        return float((errors * self._inverse_norms).max())

    def _tie_width(self) -> float:
        widths = np.array([statistics.tie_width for statistics in self._statistics])
        return float((widths * self._inverse_norms).max())


def _refine_neighbours(statistics: LabelStatistics) -> None:
    """Evaluate by float64 all values that float32 cannot put in order."""
    if not statistics.error:
        return
    order = np.argsort(statistics.values)
    near = np.diff(statistics.values[order]) <= 2 * statistics.error + statistics.tie_width
    unsure = np.zeros(len(order), dtype=np.bool_)
    unsure[:-1] |= near
    unsure[1:] |= near
    statistics.refine(order[unsure])


def _outcome(values: Array, tie_width: float) -> PermutationOutcome:
    statistic, null = float(values[0]), values[1:].copy()
    null[np.abs(null - statistic) <= tie_width] = statistic
    return PermutationOutcome(
        statistic, null, (1 + int(np.count_nonzero(null >= statistic))) / len(values)
    )


class _Kept:
    """A source whose blocks are filled once and kept, where they are not too many."""

    def __init__(self, source: BlockSource) -> None:
        self._source = source
        self.size, self.device = source.size, source.device
        self._blocks: dict[tuple[int, int], Tensor] | None = (
            {} if self.size * (self.size + 1) // 2 <= STORED_ENTRIES else None
        )

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        if self._blocks is None:
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
    def device(self) -> str:
        return self.distances.device

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        self.distances.fill(rows, columns, out)
        self.entries(out)
