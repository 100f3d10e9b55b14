"""The rows of linear generators against a Gaussian: every measure is a closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.affinity import samples_of_pair
from gan_eval.distributions.distances import bures_wasserstein, energy_distance, mmd2
from gan_eval.distributions.divergences import CanonicalPair, canonical_pair, kl
from gan_eval.distributions.gaussian import Array, Gaussian, factor_of
from gan_eval.distributions.likelihood_ratio import worth_kl
from gan_eval.judging import evaluation
from gan_eval.judging.causes import causes
from gan_eval.judging.exact_worth import exact_worth
from gan_eval.judging.verdicts import verdicts
from gan_eval.runtime import threads
from gan_eval.training.config import Margins
from gan_eval.training.trained import TrainedGANs

_MARGINS = ("margin", "near_margin", "yardstick")


_TOGETHER = 4096
"""Replicates whose distributions are judged at once."""


def measured_rows(
    trained: TrainedGANs,
    margins: Margins,
    n_evaluation: int,
    permutations: int,
    tests: Sequence[str],
    tested: int | None,
    sampled: bool,
) -> dict[str, Any]:
    """Measure replicates, the verdict first, by column name, each (R,): as ``judge`` says."""
    measured: dict[str, Any] = {}
    parts = [slice(start, start + _TOGETHER) for start in range(0, len(trained), _TOGETHER)]
    rows = n_evaluation if sampled else 0

    def measures(part: slice) -> dict[str, NDArray[Any]]:
        return _measures(trained.take(part), margins, rows)

    # NumPy lets other threads run while it works on thousands of replicates.
    for part, found in zip(parts, threads.over_replicates(measures, parts), strict=True):
        for name, values in found.items():
            whole = measured.setdefault(name, np.empty(len(trained), values.dtype))
            whole[part] = values
    for name in evaluation.test_columns(tests):
        measured[name] = np.full(len(trained), np.nan)
    if permutations:
        for r in np.flatnonzero(trained.finite()[:tested]):
            found = evaluation.two_sample_tests(trained, int(r), n_evaluation, permutations, tests)
            for name, value in found.items():
                measured[name][r] = value
    return measured


def _measures(trained: TrainedGANs, margins: Margins, n_evaluation: int) -> dict[str, NDArray[Any]]:
    """The verdict and everything that is measured without a test, by column name, each (R,).

    NaN is what needs rows where ``n_evaluation`` is 0.
    """
    config, truth, law = trained.config, trained.config.truth, trained.law()
    to_truth = canonical_pair(law, truth)
    exact = law_columns(law, truth, to_truth, config.n_examples)
    nothing = np.full(len(trained), np.nan)
    to_rows = {f"{name}_rows": nothing for name in evaluation.DIVERGENCES}
    critics = (nothing, nothing)
    if n_evaluation:
        to_rows = row_columns(law, evaluation.seen_laws(trained))
        critics = evaluation.critics(trained, n_evaluation)
    told = verdicts(exact, trained.finite(), margins)
    verdict = told["verdict"]
    filled = {name: np.full(len(trained), told[name]) for name in _MARGINS}
    return {
        "verdict": verdict,
        **filled,
        **exact,
        **to_rows,
        **entries("weight", law.factor),
        "critic_correlation": critics[0],
        "critic_error": critics[1],
        **_averaging(trained, truth),
        **causes(trained, verdict, n_evaluation),
    }


def law_columns(
    law: Gaussian, truth: Gaussian, to_truth: CanonicalPair, n_examples: int
) -> dict[str, NDArray[Any]]:
    """Measure learned distributions (R,) against the truth, by column name: exactly.

    ``to_truth`` is their canonical pair; ``n_examples`` the rows that each was learned from.
    """
    distances = _divergences(to_truth, canonical_pair(truth, law), law, truth)
    worth, covariance = worth_kl(distances["kl"], truth.dimension), covariance_of(law)
    by_energy, by_mmd = exact_worth(law, truth)
    return {
        **distances,
        "worth_kl": worth,
        "efficiency": worth / n_examples,
        "worth_energy": by_energy,
        "worth_mmd": by_mmd,
        "samples_to_detect": samples_of_pair(*to_truth),
        "mahalanobis_error": to_truth.mahalanobis(),
        "covariance_distance": to_truth.affine_invariant_distance(),
        **entries("mean", law.mean),
        **entries("mean_error", law.mean - truth.mean),
        **entries("covariance", covariance, upper=True),
        **entries("covariance_error", covariance - truth.covariance, upper=True),
    }


def row_columns(law: Gaussian, seen: Gaussian) -> dict[str, NDArray[Any]]:
    """Measure learned distributions (R,) against the Gaussians fitted to the rows they saw."""
    found = _divergences(canonical_pair(law, seen), canonical_pair(seen, law), law, seen)
    return {f"{name}_rows": values for name, values in found.items()}


def _averaging(trained: TrainedGANs, truth: Gaussian) -> dict[str, NDArray[Any]]:
    """Measure the last generator and the averaged distribution beside an averaged generator."""
    found = trained.averaging
    if found is None:
        nothing = np.full(len(trained), np.nan)
        return {"kl_last": nothing, "kl_average_distribution": nothing}
    usable = np.isfinite(found.covariance).all(axis=(1, 2), keepdims=True)
    factor = factor_of(np.where(usable, found.covariance, 0.0))
    averaged = kl(Gaussian(found.mean, np.where(usable, factor, np.nan)), truth)
    last = kl(Gaussian(found.last.bias, found.last.weight), truth)
    return {"kl_last": last, "kl_average_distribution": averaged}


def _divergences(
    pair: CanonicalPair, reverse: CanonicalPair, q: Gaussian, p: Gaussian
) -> dict[str, Array]:
    """Every divergence of the learned laws q (R,) from p, by column name."""
    forward, backward = pair.kl(), reverse.kl()
    return {
        "kl": forward,
        "kl_reverse": backward,
        "jeffreys": forward + backward,
        "bures_wasserstein": bures_wasserstein(q, p),
        "hellinger": pair.hellinger(),
        "total_variation": pair.total_variation(),
        "mmd2": mmd2(q, p),
        "energy_distance": energy_distance(q, p),
    }


def covariance_of(law: Gaussian) -> NDArray[np.floating]:
    """Compute covariances, with NaN and ∞ of what has diverged."""
    # A diverged generator may hold infinities or values whose squares overflow: NaN and ∞ are
    # then the right entries, and no news.
    with np.errstate(invalid="ignore", over="ignore"):
        return law.covariance


def entries(
    name: str, values: NDArray[np.floating], *, upper: bool = False
) -> dict[str, NDArray[np.floating]]:
    """Name columns ``name_1`` or ``name_1_2`` … of vectors (R, d) or matrices (R, k, d)."""
    return {
        "_".join([name, *(str(i + 1) for i in index)]): values[(slice(None), *index)]
        for index in np.ndindex(values.shape[1:])
        if not upper or index[0] <= index[1]
    }
