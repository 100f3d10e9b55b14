"""Whether a kernel matrix has a low-rank factor that is good enough, and which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.kernels.entries import BlockSource
from gan_eval.stats.permutation.lowrank import LowRankForm
from gan_eval.stats.permutation.pivots import ROUNDING_FLOOR, Pivots

if TYPE_CHECKING:
    from gan_eval.stats.kernels.entries import FromSquaredDistances

Array = NDArray[np.float64]

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


def low_rank_form(
    points: Array,
    entries: FromSquaredDistances,
    source: BlockSource,
    *,
    diagonal: bool,
) -> LowRankForm | None:
    """The form of a kernel of the distance with k(x, x) = 1; None where its bound is too large.

    Parameters
    ----------
    points : ndarray, shape (N, d)
        The pooled rows.
    entries : FromSquaredDistances
    source : BlockSource
        The same kernel of the same points.
    diagonal : bool
        As for :class:`~gan_eval.stats.permutation.dense.SymmetricForm`.
    """
    size = len(points)
    candidates = np.linspace(0, size - 1, min(size, CANDIDATES)).round().astype(np.intp)
    most = min(round(RANK_FACTOR * size**0.5), RANK_LIMIT, size)
    pivots = Pivots(points, entries, candidates, most)
    floor = ROUNDING_FLOOR * size
    pivots.grow(most // 4, floor)
    early = pivots.trace()
    pivots.grow(most // 2, floor)
    accepted = accepted_trace(pivots)
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
    return form if form is not None and form.trace <= accepted else None


def accepted_trace(pivots: Pivots) -> float:
    """The largest trace of the residual at which the bound is small beside the null's spread.

    Under permutation ãᵀKã has a standard deviation of about √2 nm / N² ‖HKH‖_F, and its error is
    at most trace · nm / N. What float64 rounds anyway is accepted also where all rows coincide.
    """
    share = ACCEPTED_SHARE * float(np.sqrt(2)) * pivots.spread()
    return max(share, 2 * ROUNDING_FLOOR * len(pivots.points))
