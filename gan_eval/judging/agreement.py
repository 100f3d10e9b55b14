"""The same seeds on two backends: are the outcomes the same in distribution?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from gan_eval.distributions import divergences
from gan_eval.distributions.mixture import as_mixture
from gan_eval.judging.computed_columns import without_closed_form
from gan_eval.judging.summary import quantile
from gan_eval.stats.bootstrap import draws
from gan_eval.stats.known_mixture import KnownMixture
from gan_eval.stats.multiple import adjusted_pvalues
from gan_eval.stats.shares import share_interval, sign_test
from gan_eval.stats.twosample import energy_test, mmd_test
from gan_eval.training.trained import Array, TrainedGANs

FEWEST = 20
"""Seeds below which neither an interval nor a test says anything."""

SEEDS = 200

MARGIN = math.log(1.5)
"""Largest difference of the medians of ln KL that counts as none; docs/conformance.md says why."""

ALPHA = 0.05
"""Level of the two one-sided tests of equivalence, and of all tests of difference together."""

RESAMPLES = 4000

PERMUTATIONS = 999

# Bootstrap and permutations repeat.
_RANDOM = 20261

KL, ENERGY = "KL", "energy distance"
"""The distances by which the outcomes of a seed are compared."""

ROWS = 1000
"""Generated rows of a replicate by which the energy distance is measured."""

FLOOR = 1e-3
"""The energy distance below which 1,000 rows cannot tell, in units in which the target's covariance
is I."""

SAME, DIFFERENT, NOT_SHOWN = "the same", "different", "not shown"


@dataclass(frozen=True)
class Outcomes:
    """A table of the outcomes of R seeds on one backend.

    Attributes
    ----------
    seeds : ndarray of int64, shape (R,)
    log_distance : ndarray, shape (R,)
        ln KL(q‖p), in ln nats, or where that has no closed form ln of the energy distance, which
        is estimated from rows; +∞ for a diverged replicate, so that no median leaves it out.
    law : ndarray, shape (R, d + d(d+1)/2)
        The learned mean, then the upper triangle of the covariance, row by row; where there is no
        closed form those of the rows.
    finite : ndarray of bool, shape (R,)
        False for a diverged replicate, whose distribution is not to be used.
    by : str
        The distance: ``KL`` or ``ENERGY``.
    """

    seeds: NDArray[np.int64]
    log_distance: Array
    law: Array
    finite: NDArray[np.bool_]
    by: str = KL

    @classmethod
    def of(cls, trained: TrainedGANs) -> Outcomes:
        """Compute the outcomes of trained replicates."""
        if not trained.config.closed_form:
            return cls._by_rows_of(trained)
        learned, finite = trained.law(), trained.finite()
        with np.errstate(all="ignore"):
            log_distance = np.log(divergences.kl(learned, trained.config.truth))
            upper = np.triu_indices(learned.dimension)
            law = np.concatenate([learned.mean, learned.covariance[:, *upper]], axis=1)
        finite = finite & np.isfinite(law).all(axis=1)
        return cls(trained.seeds, np.where(finite, log_distance, np.inf), law, finite)

    @classmethod
    def _by_rows_of(cls, trained: TrainedGANs) -> Outcomes:
        """Measure generated rows, of the same noise on every backend."""
        known = KnownMixture.of(as_mixture(trained.config.target.build()))
        upper = np.triu_indices(trained.config.dimension)
        finite = trained.finite()
        distance = np.full(len(trained), np.inf)
        law = np.full((len(trained), trained.config.dimension + upper[0].size), np.nan)
        for r in np.flatnonzero(finite):
            rows = trained.generate(int(r), ROWS)
            placed = known.placed(rows)
            within = pdist(placed).mean() * (1 - 1 / ROWS)
            # Of the rows as a distribution of their own: above 0 always.
            distance[r] = 2 * known.mean_distances(placed).mean() - known.spread_energy - within
            law[r] = [*rows.mean(axis=0), *np.atleast_2d(np.cov(rows, rowvar=False))[upper]]
        finite = finite & np.isfinite(law).all(axis=1) & np.isfinite(distance)
        with np.errstate(all="ignore"):
            return cls(
                trained.seeds, np.where(finite, np.log(distance), np.inf), law, finite, ENERGY
            )

    @classmethod
    def of_rows(cls, rows: pd.DataFrame) -> Outcomes:
        """Read the outcomes from a cell's rows, as ``judge`` makes them, in order of the seeds."""
        rows = rows.sort_values("seed")
        if without_closed_form(rows).any():
            return cls._of_sampled_rows(rows)
        law = rows.filter(regex=r"^(mean_\d+|covariance_\d+_\d+)$").to_numpy(np.float64)
        finite = (rows["verdict"] != "diverged").to_numpy() & np.isfinite(law).all(axis=1)
        with np.errstate(all="ignore"):
            log_distance = np.log(rows["kl"].to_numpy(np.float64))
        return cls(
            rows["seed"].to_numpy(np.int64), np.where(finite, log_distance, np.inf), law, finite
        )

    @classmethod
    def _of_sampled_rows(cls, rows: pd.DataFrame) -> Outcomes:
        """Read those of cells without a closed form: both squared distances, of the same noise on
        every backend."""
        law = rows[["energy_distance", "mmd2"]].to_numpy(np.float64)
        finite = (rows["verdict"] != "diverged").to_numpy() & np.isfinite(law).all(axis=1)
        with np.errstate(invalid="ignore"):
            log_distance = np.log(np.maximum(law[:, 0], FLOOR))
        distances = np.where(finite, log_distance, np.inf)
        return cls(rows["seed"].to_numpy(np.int64), distances, law, finite, ENERGY)

    @classmethod
    def join(cls, parts: Sequence[Outcomes]) -> Outcomes:
        """Join the outcomes of several calls, in the order of the seeds."""
        order = np.argsort(np.concatenate([part.seeds for part in parts]))
        names = ("seeds", "log_distance", "law", "finite")
        arrays = (np.concatenate([getattr(part, n) for part in parts])[order] for n in names)
        return cls(*arrays, by=parts[0].by)


@dataclass(frozen=True)
class Medians:
    """A difference of two medians of ln KL, or ln energy distance, with its interval."""

    first: float
    second: float
    low: float
    high: float
    """Ends of the interval at level 1 − 2 ``ALPHA`` for first − second."""

    @property
    def equivalent(self) -> bool:
        """Tell whether the interval lies inside ± ``MARGIN``."""
        return self.low > -MARGIN and self.high < MARGIN

    @property
    def apart(self) -> bool:
        """Tell whether the interval lies outside ± ``MARGIN``."""
        return self.low > MARGIN or self.high < -MARGIN


@dataclass(frozen=True)
class DistributionAgreement:
    """A comparison of two backends over many seeds.

    Attributes
    ----------
    first, second : str
    replicates, identical : int
        Pairs of one seed, and how many of them have the same outcome bit for bit.
    diverged : (int, int)
        Replicates of each backend that are not finite.
    medians : Medians or None
        Of the logarithm of the distance, diverged replicates as +∞.
    pvalues, adjusted : mapping of str to float
        ``mmd``, ``energy`` and ``diverged``, as they are and after Holm's correction over all pairs
        and tests. The first two leave out pairs of which one has diverged.
    message : str
        Why nothing could be compared; empty where it could.
    by : str
        The distance: ``KL``, or ``ENERGY`` where KL has no closed form.
    """

    first: str
    second: str
    replicates: int = 0
    identical: int = 0
    diverged: tuple[int, int] = (0, 0)
    medians: Medians | None = None
    pvalues: Mapping[str, float] = field(default_factory=dict)
    adjusted: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    by: str = KL

    @property
    def verdict(self) -> str:
        """``SAME`` where equivalence is shown and no difference found; ``DIFFERENT`` where one is
        found, or the medians are shown to be farther apart than the margin; else ``NOT_SHOWN``."""
        if self.medians is None:
            return NOT_SHOWN
        if self.medians.apart or min(self.adjusted.values()) <= ALPHA:
            return DIFFERENT
        return SAME if self.medians.equivalent else NOT_SHOWN

    def document(self) -> dict[str, Any]:
        """Give the numbers, ready for JSON but for those that are not finite."""
        found: dict[str, Any] = {"backends": [self.first, self.second], "verdict": self.verdict}
        if self.medians is not None:
            m = self.medians
            intervals = [share_interval(count, self.replicates) for count in self.diverged]
            found |= {
                "replicates": self.replicates,
                "identical": self.identical,
                f"median_{self.by.lower().replace(' ', '_')}": [
                    math.exp(m.first),
                    math.exp(m.second),
                ],
                "log_ratio": m.first - m.second,
                "log_ratio_interval": [m.low, m.high],
                "equivalent": m.equivalent,
                "diverged": list(self.diverged),
                "diverged_share_intervals": [list(interval) for interval in intervals],
                "pvalues": dict(self.pvalues),
                "adjusted_pvalues": dict(self.adjusted),
            }
        return found | {"message": self.message}


def compare_all(outcomes: Mapping[str, Outcomes | str]) -> tuple[DistributionAgreement, ...]:
    """Compare every pair of backends by their outcomes from the same seeds.

    A string in the place of outcomes says why there are none.
    """
    found: list[DistributionAgreement] = []
    for (first, a), (second, b) in itertools.combinations(outcomes.items(), 2):
        fault = next((side for side in (a, b) if isinstance(side, str)), "")
        if isinstance(a, str) or isinstance(b, str):
            found.append(DistributionAgreement(first, second, message=fault))
        else:
            found.append(_compare(first, second, a, b))
    # Adjusted over all pairs and tests.
    rest = iter(adjusted_pvalues([p for one in found for p in one.pvalues.values()]).tolist())
    return tuple(replace(one, adjusted={name: next(rest) for name in one.pvalues}) for one in found)


def median_difference(first: Outcomes, second: Outcomes) -> Medians:
    """Compute the medians of the log distance and a bootstrap interval of their difference, pairs
    resampled.

    The interval is (−∞, ∞) where half of some resample has diverged on both sides.
    """
    a, b = first.log_distance, second.log_distance
    drawn = draws(a.size, RESAMPLES, _RANDOM)
    with np.errstate(invalid="ignore"):
        spread = np.median(a[drawn], axis=1) - np.median(b[drawn], axis=1)
    low, high = -np.inf, np.inf
    if not np.isnan(spread).any():
        low, high = (quantile(spread, q) for q in (ALPHA, 1 - ALPHA))
    return Medians(quantile(a, 0.5), quantile(b, 0.5), low, high)


def law_pvalues(first: Outcomes, second: Outcomes) -> dict[str, float]:
    """Compute p-values of the MMD and the energy test between the learned distributions.

    Two outcomes of one seed depend on each other, so that labels must not be dealt anew: pairs are
    exchanged. The columns are whitened by the pooled covariance, which no exchange changes.
    """
    both = first.finite & second.finite
    a, b = first.law[both], second.law[both]
    if len(a) < FEWEST or np.array_equal(a, b):
        return {"mmd": 1.0, "energy": 1.0}
    options: dict[str, Any] = {"whiten": "pooled", "null": "wild", "permutations": PERMUTATIONS}
    tests = {"mmd": mmd_test, "energy": energy_test}
    return {name: test(a, b, rng=_RANDOM, **options).pvalue for name, test in tests.items()}


def diverged_pvalue(first: Outcomes, second: Outcomes) -> float:
    """Run McNemar's exact test: of the seeds that diverge on one side only, are half on each?"""
    only_first = int(np.count_nonzero(~first.finite & second.finite))
    apart = int(np.count_nonzero(first.finite != second.finite))
    return sign_test(only_first, apart)


def _compare(first: str, second: str, a: Outcomes, b: Outcomes) -> DistributionAgreement:
    identical = (a.law == b.law).all(axis=1) | (~a.finite & ~b.finite)
    return DistributionAgreement(
        *(first, second, a.seeds.size, int(identical.sum())),
        (int((~a.finite).sum()), int((~b.finite).sum())),
        median_difference(a, b),
        law_pvalues(a, b) | {"diverged": diverged_pvalue(a, b)},
        by=a.by,
    )
