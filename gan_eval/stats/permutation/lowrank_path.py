"""The permutation test of a smooth kernel by a low-rank factor of its matrix.

First, the rows on which all the others nearly depend (:class:`Pivots`), and whether the factor that
they give is good enough (:func:`low_rank_form`); then p-values that are those of the whole matrix
(:func:`low_rank_test`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from gan_eval.runtime.threads import one_thread_each
from gan_eval.stats.kernels.kernels import BlockSource, Entries
from gan_eval.stats.permutation.engine import (
    GroupWeights,
    LabelStatistics,
    NullDistribution,
    PermutationOutcome,
)
from gan_eval.stats.permutation.labels import CHUNK_ENTRIES, Array, Labels
from gan_eval.stats.permutation.lowrank import LowRankForm

# The kernels whose eigenvalues fall fast.
SMOOTH = ("gaussian", "inverse_multiquadric", "rational_quadratic")
# The largest share of the null distribution's standard deviation that the bound may reach.
ACCEPTED_SHARE = 1e-3
# The rank is at most RANK_FACTOR √N, where dense products begin to be as fast, and RANK_LIMIT.
RANK_FACTOR = 4
RANK_LIMIT = 1024
# Pivots are chosen among so many rows; passes over all rows then name those that lack, so often.
CANDIDATES = 4096
PASSES = 6
# A mean residual of the diagonal at which float64 has nothing more to give.
ROUNDING_FLOOR = 2.0**-46
# Labels held at once.
BATCH_ENTRIES = 2**29


class Pivots:
    """A pivoted Cholesky factor of the kernel matrix of some candidate rows, grown on demand.

    Parameters
    ----------
    points : ndarray, shape (N, d)
    entries : Entries
        A kernel of the distance with k(x, x) = 1.
    candidates : ndarray of int
        The rows of ``points`` among which pivots are chosen.
    most : int
        The largest rank.

    Notes
    -----
    Each step takes the candidate whose diagonal entry is explained worst and adds one row to L,
    so that K ≈ LᵀL on the candidates. The residual K − LᵀL is positive semi-definite with a
    diagonal that never grows; its trace bounds its largest eigenvalue (H. Harbrecht, M. Peters,
    R. Schneider, "On the low-rank approximation by the pivoted Cholesky decomposition", Applied
    Numerical Mathematics 62 (2012) 428–440).
    """

    def __init__(
        self, points: Array, entries: Entries, candidates: NDArray[np.intp], most: int
    ) -> None:
        self.points, self.candidates, self.sampled = points, candidates, len(candidates)
        self._entries, self._most = entries, most
        self._columns = np.ascontiguousarray(points[candidates].T)
        self._factor = np.empty((most, self.sampled))
        self.residuals: Array = np.ones(self.sampled)
        self._chosen: list[int] = []

    @property
    def rank(self) -> int:
        """Pivots so far."""
        return len(self._chosen)

    @property
    def rows(self) -> NDArray[np.intp]:
        """The pivots, as rows of ``points``, in their order."""
        return self.candidates[self._chosen]

    @property
    def factor(self) -> Array:
        """L of shape (rank, candidates)."""
        return self._factor[: self.rank]

    @property
    def triangle(self) -> Array:
        """C of shape (rank, rank), lower triangular, with K = CCᵀ between the pivots."""
        return np.tril(self.factor[:, self._chosen].T)

    @one_thread_each()
    def spread(self) -> float:
        """Return ‖HKH‖_F / N, H the centring matrix, by the candidates that were there at first."""
        import torch

        centred = torch.from_numpy(self.factor[:, : self.sampled])
        centred = centred - centred.mean(1, keepdim=True)
        return float((centred @ centred.T).norm()) / self.sampled

    def trace(self) -> float:
        """Return the trace of the residual over all rows, estimated from the candidates.

        Those of the start stand for all rows, those added later for themselves.
        """
        first = self.residuals[: self.sampled].mean() * len(self.points)
        return float(first + self.residuals[self.sampled :].sum())

    # The steps are short: threads would spend their time waiting for each other.
    @one_thread_each()
    def grow(self, rank: int, floor: float) -> None:
        """Add pivots up to ``rank``, or until ``trace()`` is at most ``floor``."""
        import torch

        row, work = np.empty((2, len(self.residuals)))
        shared, factor = torch.from_numpy(row), torch.from_numpy(self._factor)
        for step in range(self.rank, min(rank, self._most)):
            if step % 4 == 0 and self.trace() <= floor:
                return
            pivot = int(self.residuals.argmax())
            height = float(self.residuals[pivot])
            if height <= ROUNDING_FLOOR:
                return
            row[:] = 0.0
            for coordinate in self._columns:
                np.subtract(coordinate, coordinate[pivot], out=work)
                row += np.square(work, out=work)
            self._entries(shared)
            if step:
                shared.addmv_(factor[:step].T, factor[:step, pivot], alpha=-1)
            np.divide(row, np.sqrt(height), out=self._factor[step])
            self.residuals -= np.square(self._factor[step], out=work)
            np.maximum(self.residuals, 0.0, out=self.residuals)
            self.residuals[pivot] = 0.0
            self._chosen.append(pivot)

    def add_candidates(self, rows: NDArray[np.intp]) -> None:
        """Let further rows of ``points`` be chosen."""
        import torch

        new = np.setdiff1d(rows, self.candidates)
        apart = self.points[self.rows][:, None] - self.points[new]
        kernel = self._entries(torch.from_numpy((apart * apart).sum(axis=2))).numpy()
        columns = solve_triangular(self.triangle, kernel, lower=True)
        grown = np.empty((self._most, len(self.candidates) + len(new)))
        grown[: self.rank] = np.hstack([self.factor, columns])
        self._factor = grown
        self._columns = np.hstack([self._columns, self.points[new].T])
        self.residuals = np.append(self.residuals, np.maximum(1 - (columns**2).sum(axis=0), 0.0))
        self.candidates = np.append(self.candidates, new)


def low_rank_form(entries: Entries, source: BlockSource, *, diagonal: bool) -> LowRankForm | None:
    """Return the form of a kernel of the distance with k(x, x) = 1; None where its bound is too
    large.

    Parameters
    ----------
    entries : Entries
    source : BlockSource
        The same kernel, of the pooled rows.
    diagonal : bool
        As for :class:`~gan_eval.stats.permutation.dense.SymmetricForm`.
    """
    size = source.size
    candidates = np.linspace(0, size - 1, min(size, CANDIDATES)).round().astype(np.intp)
    most = min(round(RANK_FACTOR * size**0.5), RANK_LIMIT, size)
    pivots = Pivots(source.points, entries, candidates, most)
    floor = ROUNDING_FLOOR * size
    pivots.grow(most // 4, floor)
    early = pivots.trace()
    pivots.grow(most // 2, floor)
    # Under permutation ãᵀKã has a standard deviation of about √2 nm / N² ‖HKH‖_F, and its error is
    # at most trace · nm / N. What float64 rounds anyway is accepted also where all rows coincide.
    accepted = max(ACCEPTED_SHARE * float(np.sqrt(2)) * pivots.spread(), 2 * floor)
    # Where the decay slows down with the rank, as it does, the rest of the way is no steeper.
    if pivots.trace() ** 3 > early**2 * accepted:
        return None
    pivots.grow(most, floor)
    form = None
    for _ in range(PASSES):
        if pivots.trace() > accepted:
            return None
        form = LowRankForm(source, pivots, diagonal=diagonal)
        explained = form.residual <= 2 * max(floor, pivots.trace())
        if explained or pivots.sampled == size or pivots.rank == most:
            break
        pivots.add_candidates(form.lacking)
        pivots.grow(most, floor)
    return form if form and form.trace <= accepted else None


def low_rank_test(
    form: LowRankForm, weights: GroupWeights, draw: Callable[[int], Labels], permutations: int
) -> PermutationOutcome:
    """Test as :func:`~gan_eval.stats.permutation.engine.labels_test`, by a low-rank factor.

    ``draw(count)`` gives labels of the smaller group, the observed ones first and then ``count``
    others. They are drawn and used in batches, so that memory does not grow with their number. For
    the same labels the p-value is that of the dense matrix, unless permutations stay undecided,
    which can only raise it.
    """
    # A multiple of what is drawn at once, so that batches change no permutation.
    group = max(1, CHUNK_ENTRIES // form.size)
    batch = max(group, BATCH_ENTRIES // form.size // group * group)
    null, undecided = NullDistribution(), 0
    for start in range(0, permutations, batch):
        labels = draw(min(batch, permutations - start))
        values, left = _decided(form, weights, labels)
        null.add(values, labels, 0.0)
        undecided += left
    return null.outcome(form.lost, undecided)


def _decided(form: LowRankForm, weights: GroupWeights, labels: Labels) -> tuple[Array, int]:
    """Return the statistics, ties with the first set to it, and how many stayed undecided."""
    statistics = LabelStatistics(form, weights, labels)
    values, doubt = statistics.values, form.truncation(weights)
    statistics.refine(np.flatnonzero(np.abs(values - values[0]) <= statistics.error + doubt))
    apart = np.abs(values - values[0])
    values[apart <= statistics.tie_width] = values[0]
    unsure = 1 + np.flatnonzero(apart[1:] <= doubt + statistics.tie_width)
    # A bound below the rounding of float64 leaves nothing open that float64 could decide.
    if doubt <= statistics.tie_width or not unsure.size:
        return values, 0
    dense = form.dense()
    if dense is None:
        values[unsure] = values[0]
        return values, unsure.size
    exact = LabelStatistics(dense, weights, labels[np.append(0, unsure)])
    exact.refine(np.arange(1 + unsure.size))
    excess = exact.values[1:] - exact.values[0]
    excess[np.abs(excess) <= exact.tie_width] = 0.0
    values[unsure] = values[0] + excess
    return values, 0
