"""The permutation test of a smooth kernel by a low-rank factor of its matrix.

First, whether the factor that some rows give is good enough (:func:`low_rank_form`); then p-values
that are those of the whole matrix (:func:`low_rank_test`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gan_eval.stats.kernels.kernels import KERNELS, BlockSource, Entries, of_arrays
from gan_eval.stats.permutation.engine import (
    GroupWeights,
    LabelStatistics,
    NullDistribution,
    PermutationOutcome,
)
from gan_eval.stats.permutation.labels import CHUNK_ENTRIES, Array, Labels
from gan_eval.stats.permutation.lowrank import LowRankForm
from gan_eval.stats.permutation.pivots import ROUNDING_FLOOR, Pivots

# The kernels whose eigenvalues fall fast.
SMOOTH = tuple(name for name, kernel in KERNELS.items() if kernel.smooth)
# The largest share of the null distribution's standard deviation that the bound may reach.
ACCEPTED_SHARE = 1e-3
# The rank is at most RANK_FACTOR √N, where dense products begin to be as fast, and RANK_LIMIT.
RANK_FACTOR = 4
RANK_LIMIT = 1024
# Pivots are chosen among so many rows; passes over all rows then name those that lack, so often.
CANDIDATES = 4096
PASSES = 6
# Labels held at once.
BATCH_ENTRIES = 2**29


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
    pivots = Pivots(source.points, of_arrays(entries), candidates, most)
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
