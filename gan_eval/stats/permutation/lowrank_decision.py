"""The permutation test by a low-rank factor: p-values that are those of the whole matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.permutation.engine import GroupWeights, LabelStatistics, PermutationOutcome
from gan_eval.stats.permutation.labels import CHUNK_ENTRIES, Labels
from gan_eval.stats.permutation.lowrank import LowRankForm
from gan_eval.stats.permutation.ties import require_resolution, tied_otherwise

Array = NDArray[np.float64]

# Labels held at once.
BATCH_ENTRIES = 2**29


@dataclass(frozen=True)
class LowRankOutcome(PermutationOutcome):
    """What a permutation test by a low-rank factor gives back.

    Attributes
    ----------
    undecided : int
        Permutations that the bound left open and that were counted as if they had reached the
        observed statistic; 0 for up to ``DENSE_ROWS`` rows, where the dense matrix decides.
    """

    undecided: int


def low_rank_test(
    form: LowRankForm,
    weights: GroupWeights,
    draw: Callable[[int], Labels],
    permutations: int,
) -> LowRankOutcome:
    """:func:`~gan_eval.stats.permutation.engine.labels_test` by a low-rank factor.

    ``draw(count)`` gives labels of the smaller group, the observed ones first and then ``count``
    others. They are drawn and used in batches, so that memory does not grow with their number. For
    the same labels the p-value is that of the dense matrix, unless permutations stay undecided,
    which can only raise it.
    """
    # A multiple of what is drawn at once, so that batches change no permutation.
    group = max(1, CHUNK_ENTRIES // form.size)
    batch = max(group, BATCH_ENTRIES // form.size // group * group)
    statistic, undecided, otherwise, nulls = 0.0, 0, 0, []
    for start in range(0, permutations, batch):
        labels = draw(min(batch, permutations - start))
        observed, values, left = _decided(form, weights, labels)
        statistic = statistic if nulls else observed
        nulls.append(np.where(values == observed, statistic, values))
        undecided += left
        whole = np.append(observed, values)
        otherwise += tied_otherwise(whole, labels, whole == observed)
    null = np.concatenate(nulls)
    require_resolution(otherwise, permutations, form.lost)
    exceeding = int(np.count_nonzero(null >= statistic))
    return LowRankOutcome(statistic, null, (1 + exceeding) / (1 + permutations), undecided)


def _decided(form: LowRankForm, weights: GroupWeights, labels: Labels) -> tuple[float, Array, int]:
    """The statistics of the first and of the other labels, and how many stayed undecided."""
    statistics = LabelStatistics(form, weights, labels)
    values, doubt = statistics.values, form.truncation(weights)
    statistics.refine(np.flatnonzero(np.abs(values - values[0]) <= statistics.error + doubt))
    apart = np.abs(values - values[0])
    values[apart <= statistics.tie_width] = values[0]
    null = values[1:]
    # A bound below the rounding of float64 leaves nothing open that float64 could decide.
    if doubt <= statistics.tie_width:
        return float(values[0]), null, 0
    unsure = np.flatnonzero(apart[1:] <= doubt + statistics.tie_width)
    if not unsure.size:
        return float(values[0]), null, 0
    dense = form.dense()
    if dense is None:
        null[unsure] = values[0]
        return float(values[0]), null, unsure.size
    exact = LabelStatistics(dense, weights, labels[np.append(0, 1 + unsure)])
    exact.refine(np.arange(1 + unsure.size))
    excess = exact.values[1:] - exact.values[0]
    excess[np.abs(excess) <= exact.tie_width] = 0.0
    null[unsure] = values[0] + excess
    return float(values[0]), null, 0
