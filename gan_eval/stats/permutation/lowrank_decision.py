"""The permutation test by a low-rank factor: p-values that are those of the whole matrix."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.permutation.engine import (
    GroupWeights,
    LabelStatistics,
    NullDistribution,
    PermutationOutcome,
)
from gan_eval.stats.permutation.labels import CHUNK_ENTRIES, Labels
from gan_eval.stats.permutation.lowrank import LowRankForm

Array = NDArray[np.float64]

# Labels held at once.
BATCH_ENTRIES = 2**29


def low_rank_test(
    form: LowRankForm,
    weights: GroupWeights,
    draw: Callable[[int], Labels],
    permutations: int,
) -> PermutationOutcome:
    """:func:`~gan_eval.stats.permutation.engine.labels_test` by a low-rank factor.

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
        undecided += left
        null.add(values, labels, 0.0)
    return null.outcome(form.lost, undecided)


def _decided(form: LowRankForm, weights: GroupWeights, labels: Labels) -> tuple[Array, int]:
    """Return the statistics, ties with the first set to it, and how many stayed undecided."""
    statistics = LabelStatistics(form, weights, labels)
    values, doubt = statistics.values, form.truncation(weights)
    statistics.refine(np.flatnonzero(np.abs(values - values[0]) <= statistics.error + doubt))
    apart = np.abs(values - values[0])
    values[apart <= statistics.tie_width] = values[0]
    # A bound below the rounding of float64 leaves nothing open that float64 could decide.
    if doubt <= statistics.tie_width:
        return values, 0
    unsure = np.flatnonzero(apart[1:] <= doubt + statistics.tie_width)
    if not unsure.size:
        return values, 0
    dense = form.dense()
    if dense is None:
        values[1 + unsure] = values[0]
        return values, unsure.size
    exact = LabelStatistics(dense, weights, labels[np.append(0, 1 + unsure)])
    exact.refine(np.arange(1 + unsure.size))
    excess = exact.values[1:] - exact.values[0]
    excess[np.abs(excess) <= exact.tie_width] = 0.0
    values[1 + unsure] = values[0] + excess
    return values, 0
