"""A test of the shares of a target's modes: does each hold as many rows as it should?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.protocol import Target, TargetLike
from gan_eval.runtime.arguments import draw_count, random_generator
from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.goodness.reference import simulated
from gan_eval.stats.permutation.engine import resampled_pvalue
from gan_eval.stats.result import TestResult
from gan_eval.stats.samples import Array, against

_TIE = 1e-10


def mode_shares_test(
    x: Any,
    target: TargetLike,
    *,
    resamples: int = 999,
    rng: int | np.random.Generator | None = None,
) -> TestResult:
    """Test whether the modes of the target hold the shares of x that they should.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; at least 2 rows.
    target : MixtureTarget, or a target whose ``modes`` are known
        Of two modes or more.
    resamples : int
        Samples drawn from the target, at least 1.
    rng : None, int or numpy.random.Generator
        Source of the draws; the same seed gives the same p-value.

    Returns
    -------
    TestResult
        With r_j the mean over x of the probability of component j given the row, and w_j its
        weight: ``statistic`` is n Σ (r_j − w_j)² / w_j, Pearson's χ² where the modes are far
        apart; ``estimate`` is ½ Σ |r_j − w_j|, the share of the rows that is in a wrong mode,
        which is above 0 by chance; ``effect_size`` is Cohen's w, √(statistic / n).

    Raises
    ------
    UsageError
        For input or options that cannot be used; ``CannotTestError`` where the target does not
        tell two modes.

    Notes
    -----
    Exact for every n, by samples drawn from the target. A row far from all modes counts for the
    nearest; it is :func:`~gan_eval.stats.goodness.density.log_density_test` that sees it.

    Examples
    --------
    >>> target = MixtureTarget.ring()
    >>> rows = target.sample(200, 1)
    >>> mode_shares_test(rows, target, rng=0).pvalue > 0.05
    True
    >>> lost = rows[target.mahalanobis(rows)[:, 2] > 10]
    >>> mode_shares_test(lost, target, rng=0).pvalue
    0.001
    """
    rows, truth = against(x, target)
    resamples = draw_count(resamples, "resamples")
    random_generator(rng)
    start = time.perf_counter()
    shares = _shares_of(truth)
    apart = shares.apart(rows)
    observed = shares.statistic(rows)
    null = simulated(shares.statistic, truth, len(rows), resamples, rng)
    null[np.abs(null - observed) <= _TIE * (1 + observed)] = observed
    return TestResult(
        method="test of the modes' shares",
        statistic=observed,
        pvalue=resampled_pvalue(observed, null),
        null_distribution=null,
        estimate=float(np.abs(apart).sum() / 2),
        n=len(rows),
        m=None,
        dimension=rows.shape[1],
        seconds=time.perf_counter() - start,
        parameters={"modes": float(len(apart)), "null": "parametric bootstrap"},
        effect_size=float(np.sqrt(observed / len(rows))),
    )


@dataclass(frozen=True, eq=False)
class _Shares:
    """The modes of a target as a mixture of their own."""

    mixture: MixtureTarget

    def apart(self, rows: Array) -> Array:
        """Return how much each component's share of rows exceeds its weight, (k,)."""
        return self.mixture.responsibilities(rows).mean(axis=0) - self.mixture.weights

    def statistic(self, rows: Array) -> float:
        """Return n Σ (r_j − w_j)² / w_j."""
        return float(len(rows) * (self.apart(rows) ** 2 / self.mixture.weights).sum())


@lru_cache(maxsize=32)
def _shares_of(target: Target) -> _Shares:
    modes = getattr(target, "modes", None)
    if modes is None or len(modes) < 2:
        raise CannotTestError("the target does not tell two modes whose shares could be tested")
    return _Shares(MixtureTarget(modes.weights, modes.means, modes.covariances))
