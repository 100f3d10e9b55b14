"""Many kernels in one permutation test: MMD-FUSE and MMDAgg."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from gan_eval.stats.kernels.kernels import KERNELS, BlockSource, bandwidth_range
from gan_eval.stats.permutation.dense import STORED_ENTRIES, SymmetricForm, lost_in_rounding
from gan_eval.stats.permutation.engine import (
    FLOAT64_ROWS,
    GroupWeights,
    LabelStatistics,
    PermutationOutcome,
    permutation_outcome,
)
from gan_eval.stats.permutation.labels import Array, Labels
from gan_eval.stats.permutation.lowrank import LowRankForm
from gan_eval.stats.permutation.lowrank_path import SMOOTH, low_rank_form

if TYPE_CHECKING:
    from torch import Tensor

Indices = NDArray[np.intp]

AGGREGATIONS = ("fuse", "agg")
# Bandwidths for each kernel.
BANDWIDTHS = 10
# A low-rank factor is used where what it lacks has at most this share of ‖K‖_F as its trace.
ACCEPTED_SHARE = 1e-12


class Candidate:
    """One kernel with its bandwidth, as the source of its matrix between the pooled points.

    Parameters
    ----------
    name : str
    bandwidth : float
    distances : KeptBlocks
        What its entries are made of.
    error : float
        How far a coordinate of the points may be off.
    """

    def __init__(self, name: str, bandwidth: float, distances: KeptBlocks, error: float) -> None:
        self._kernel, self.bandwidth, self._distances = KERNELS[name], bandwidth, distances
        self.name, self._smooth = name, name in SMOOTH
        self.size, self.device, self.points = distances.size, distances.device, distances.points
        self.rounding = 2 * error / bandwidth

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        """Write the entries ``[rows, columns]`` into ``out``, float64."""
        self._distances.fill(rows, columns, out)
        self._kernel.entries(self.bandwidth)(out)

    def form(self) -> SymmetricForm | LowRankForm:
        """Its matrix without the diagonal, by a factor where there is a good one of low rank."""
        if self._smooth and self.size > FLOAT64_ROWS:
            plain = self._kernel.blocks(self.points, self.bandwidth, self.device)
            form = low_rank_form(self._kernel.entries(self.bandwidth), plain, diagonal=False)
            if form is not None and form.trace <= ACCEPTED_SHARE * np.sqrt(form.squares):
                return form
        return self.dense()

    def dense(self) -> SymmetricForm:
        """Its matrix without the diagonal."""
        return SymmetricForm(self, diagonal=False)


def candidates(
    points: Array, names: Sequence[str], aggregation: str, device: str, error: float
) -> list[Candidate]:
    """Return ``BANDWIDTHS`` candidates for each named kernel; ``error`` is a coordinate's.

    They span :func:`~gan_eval.stats.kernels.kernels.bandwidth_range` of the pooled points,
    equally spaced for ``"fuse"`` and in equal ratios for ``"agg"``, as their authors have it.
    """
    spaced = np.linspace if aggregation == "fuse" else np.geomspace
    shared: dict[str, tuple[KeptBlocks, float, float]] = {}
    found: list[Candidate] = []
    for name in names:
        norm = KERNELS[name].argument
        if norm not in shared:
            distances = KeptBlocks(KERNELS[name].distances(points, device))
            shared[norm] = distances, *bandwidth_range(points, norm=norm)
        distances, narrow, wide = shared[norm]
        widths = spaced(narrow, wide, BANDWIDTHS).tolist()
        found += [Candidate(name, width, distances, error) for width in widths]
    return found


class KeptBlocks:
    """A source whose blocks are filled once and kept, where they are not too many."""

    def __init__(self, source: BlockSource) -> None:
        self._source = source
        self.size, self.device, self.points = source.size, source.device, source.points
        self._keeps = self.size * (self.size + 1) // 2 <= STORED_ENTRIES
        self._blocks: dict[tuple[int, int], Tensor] = {}

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        """Write the entries ``[rows, columns]`` into ``out``, float64."""
        key = rows.start, columns.start
        if rows.step is None and key in self._blocks:
            out.copy_(self._blocks[key])
            return
        self._source.fill(rows, columns, out)
        if rows.step is None and self._keeps:
            self._blocks[key] = out.clone()


class KernelStatistics(Protocol):
    """One kernel's MMD² under all labels; :class:`MatrixStatistics` explains each attribute."""

    values: Array
    error: float
    tie_width: float
    scale: float
    normalised_error: float

    def refine(self, some: Indices) -> None: ...
    def refine_neighbours(self) -> None: ...


class Aggregate:
    """Each kernel's unbiased MMD² under each of many labels.

    Parameters
    ----------
    kernels : sequence of KernelStatistics, K of them
    candidates : sequence of Candidate
        The same kernels.
    smaller : int
        Rows of the smaller group.
    labels : ndarray of bool, shape (k, n + m), or of units of exchange
        Of the smaller group, the observed ones first.
    """

    def __init__(
        self,
        kernels: Sequence[KernelStatistics],
        candidates: Sequence[Candidate],
        smaller: int,
        labels: Labels,
    ) -> None:
        self._kernels, self._candidates = kernels, candidates
        self._labels, self._smaller = labels, smaller
        self._error = max(kernel.normalised_error for kernel in self._kernels)

    @classmethod
    def of_pairs(
        cls, kernels: Sequence[Candidate], weights: GroupWeights, labels: Labels
    ) -> Aggregate:
        """Take all pairs of rows, with the ``weights`` of the unbiased MMD²."""
        statistics = [MatrixStatistics(kernel, weights, labels) for kernel in kernels]
        return cls(statistics, kernels, min(weights.n, weights.m), labels)

    @property
    def estimate(self) -> float:
        """The observed MMD² of the mean of all kernels."""
        return float(np.mean([kernel.values[0] for kernel in self._kernels]))

    def fuse(self) -> PermutationOutcome:
        """MMD-FUSE: the soft maximum of the normalised MMD² of all kernels.

        (1/λ) ln mean_k exp(λ MMD²_k / √N_k), with N_k the mean of the squared entries of kernel k
        between distinct rows, which labels do not change, and λ = √(s(s − 1)), s the smaller of n
        and m.
        """
        sharpness = float(np.sqrt(self._smaller * (self._smaller - 1)))

        def combine() -> Array:
            scaled = sharpness * self._normalised(slice(None))
            return (logsumexp(scaled, axis=0) - np.log(len(scaled))) / sharpness

        values = combine()
        if self._error:
            # A soft maximum moves by no more than the largest move of what it is taken of.
            self._refine(np.flatnonzero(np.abs(values - values[0]) <= 2 * self._error))
            values = combine()
        rounding = 2.0**-49 * (np.abs(values[0]) + 1 / sharpness)
        return permutation_outcome(values, self._labels, self._tie_width() + rounding, self._lost)

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
        permutations = (len(self._labels) - 1) // 2
        considered = slice(0, 1 + permutations)
        counts = np.full(1 + permutations, permutations + 1, dtype=np.int64)
        for kernel in self._kernels:
            kernel.refine_neighbours()
            reference = np.sort(kernel.values[1 + permutations :])
            below = np.searchsorted(reference, kernel.values[considered] - kernel.tie_width)
            counts = np.minimum(counts, 1 + permutations - below)
        largest = self._normalised(considered).max(axis=0)
        same = counts == counts[0]
        if self._error:
            near = np.abs(largest - largest[0]) <= 2 * self._error
            self._refine(np.flatnonzero(same & near))
            largest = self._normalised(considered).max(axis=0)
        tied = same & (np.abs(largest - largest[0]) <= self._tie_width())
        largest = np.where(tied, largest[0], largest)
        between = 0.5 + 0.5 * largest / (1 + np.abs(largest))
        values = np.log1p(permutations) - np.log(counts - between)
        return permutation_outcome(values, self._labels[considered], 0.0, self._lost)

    def _normalised(self, columns: slice) -> Array:
        """MMD²_k / √N_k, shape (K, labels)."""
        return np.stack([kernel.values[columns] * kernel.scale for kernel in self._kernels])

    def _refine(self, some: Indices) -> None:
        # Without another label near the observed one nothing is in doubt.
        if len(some) > 1:
            for kernel in self._kernels:
                kernel.refine(some)

    def _lost(self) -> bool:
        return any(lost_in_rounding(kernel, 1.0) for kernel in self._candidates)

    def _tie_width(self) -> float:
        return max(kernel.tie_width * kernel.scale for kernel in self._kernels)


class MatrixStatistics:
    """One kernel's MMD² under all labels, near enough to decide, or by float64 where it is not.

    Attributes
    ----------
    values : ndarray, shape (k,)
        MMD² under each of the labels.
    error : float
        How far a value may be from float64's of the whole matrix.
    tie_width : float
        How far two equal values may differ by rounding.
    scale : float
        1 / √N_k; 0 for a kernel that is 0 everywhere.
    normalised_error : float
        How far a value by the root of N_k may be off.
    """

    def __init__(self, kernel: Candidate, weights: GroupWeights, labels: Labels) -> None:
        self._kernel, self._weights, self._labels = kernel, weights, labels
        form = kernel.form()
        self._dense: LabelStatistics | None = None
        statistics = LabelStatistics(form, weights, labels)
        self.values, self.tie_width = statistics.values, statistics.tie_width
        self.error, share = statistics.error, 0.0
        self._exact = np.zeros(len(labels), dtype=np.bool_)
        if isinstance(form, LowRankForm):
            self.error += form.bound(weights)
            share = form.trace / np.sqrt(form.squares)
        else:
            # Only one matrix at a time is in memory.
            form.release()
            self._dense = statistics
        self._set_scale(form)
        # N_k of a factor is off by no more than twice this share of it, its root by once.
        moved = share * np.abs(self.values).max()
        self.normalised_error = self.scale * (self.error + 2 * moved)

    def _set_scale(self, form: SymmetricForm | LowRankForm) -> None:
        mean = form.squares / (form.size * (form.size - 1))
        self.scale = float(1 / np.sqrt(mean)) if mean > 0 else 0.0

    def refine(self, some: Indices) -> None:
        """Replace the values at the indices ``some`` by those of float64 and the whole matrix."""
        if self._dense is not None:
            self._dense.refine(some)
            return
        some = some[~self._exact[some]]
        if not some.size:
            return
        form = self._kernel.dense()
        self._set_scale(form)
        statistics = LabelStatistics(form, self._weights, self._labels[some])
        statistics.refine(np.arange(len(some)))
        self.values[some] = statistics.values
        self._exact[some] = True

    def refine_neighbours(self) -> None:
        """Refine all values that their error does not put in order."""
        if not self.error:
            return
        order = np.argsort(self.values)
        near = np.diff(self.values[order]) <= 2 * self.error + self.tie_width
        self.refine(order[np.append(near, False) | np.append(False, near)])
