"""Trained GANs to rows: the learned distributions, their distances from the truth, verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.distributions.affinity import samples_of_pair
from gan_eval.distributions.distances import bures_wasserstein, energy_distance, mmd2
from gan_eval.distributions.divergences import CanonicalPair, canonical_pair, kl
from gan_eval.distributions.gaussian import Array, Gaussian
from gan_eval.distributions.likelihood_ratio import worth_kl
from gan_eval.judging import evaluation
from gan_eval.judging.causes import causes
from gan_eval.judging.exact_worth import exact_worth
from gan_eval.runtime import threads
from gan_eval.runtime.arguments import instance_of
from gan_eval.runtime.errors import UsageError
from gan_eval.training.config import Margins
from gan_eval.training.trained import TrainedGANs

VERDICTS = ("converged", "near", "failed", "diverged")
"""The verdicts, from best to worst."""

OUTSIDE_VERDICTS = (*VERDICTS, "could_not_tell", "no_result")
"""The verdicts of a generator from outside, whose worth may be too uncertain to tell, and which may
raise or hang, so that there is nothing to judge."""

_DIVERGENCES = (
    *("kl", "kl_reverse", "jeffreys", "bures_wasserstein", "hellinger", "total_variation"),
    *("mmd2", "energy_distance"),
)
_MARGINS = ("margin", "near_margin", "yardstick")

_TOGETHER = 4096
"""Replicates whose distributions are judged at once."""


def verdicts(
    measured: Mapping[str, NDArray[np.floating]], finite: NDArray[np.bool_], margins: Margins
) -> dict[str, Any]:
    """Give each replicate one of ``VERDICTS``; without finite weights it is ``diverged``.

    Parameters
    ----------
    measured : mapping of str to ndarray, shape (R,)
        ``kl``, ``worth_kl`` and ``worth_energy``, of which the margins' yardstick is one.
    finite : ndarray of bool, shape (R,)
    margins : Margins

    Returns
    -------
    dict
        ``verdict`` (R,), and the ``margin``, ``near_margin`` (nats, or real rows) and ``yardstick``
        (``"kl"`` in nats, ``"worth_kl"`` or ``"worth_energy"`` in rows) that gave it.
    """
    if margins.yardstick == "kl" and margins.worth is None:
        yardstick, margin, near = "kl", margins.converged, margins.near
        converged, close = measured["kl"] <= margin, measured["kl"] <= near
    else:
        yardstick, (margin, near) = f"worth_{margins.yardstick}", margins.in_rows
        converged, close = measured[yardstick] >= margin, measured[yardstick] >= near
    verdict = np.select(
        [~finite, converged, close], ["diverged", "converged", "near"], default="failed"
    )
    return {"verdict": verdict, "margin": margin, "near_margin": near, "yardstick": yardstick}


def judge(
    trained: TrainedGANs,
    *,
    margins: Margins | None = None,
    n_evaluation: int = 500,
    permutations: int = 999,
    tests: Sequence[str] = evaluation.TESTS,
    tested: int | None = None,
    sampled: bool = True,
) -> pd.DataFrame:
    """Measure how well trained GANs have learned their target: one row per replicate.

    The generator is linear, so the distribution that it has learned is a Gaussian whose mean and
    covariance are known exactly; it is held against the target N(b, AᵀA) in every measure.

    Parameters
    ----------
    trained : TrainedGANs
        R replicates, any number: they are judged a few thousand at a time, in bounded memory.
    margins : Margins, optional
        The KL(q‖p), in nats, up to which a replicate counts as converged (by default 0.1), and as
        near (0.5).
    n_evaluation : int
        Fresh real rows, and as many generated ones, for the tests and the critic.
    permutations : int
        Permutations per two-sample test; 0 leaves the tests out (NaN).
    tests : sequence of str
        Names from ``gan_eval.stats.battery.catalogue.TESTS``: each is two columns.
    tested : int, optional
        Replicates that get the two-sample tests, the first ones by position; the others have NaN
        in the tests' columns. By default all of them. A test takes as long as the rest of the row
        of a hundred replicates.
    sampled : bool
        False leaves out, as NaN, the columns that need rows and not the learned distribution alone:
        the critic, and those that end in ``_rows``. They are most of the work.

    Returns
    -------
    DataFrame
        R rows; docs/measures.md describes every column. Divergences are in nats where they have
        a unit; columns that end in ``_rows`` are against the Gaussian fitted to the n_examples
        rows that the replicate saw, the others against the population N(b, AᵀA). A diverged
        replicate has its row, with NaN where a number does not exist.

    Raises
    ------
    UsageError
        Where an argument is not of its kind, ``tested`` is negative, or a test is unknown.

    See Also
    --------
    gan_eval.summarise : One row per cell, with intervals over the replicates.

    Examples
    --------
    >>> import gan_eval as ge
    >>> gans = ge.train(ge.TrainingConfig(epochs=2), seeds=range(3), backend="fused_cpu")
    >>> rows = ge.judge(gans, permutations=0)
    >>> rows[["seed", "verdict"]].values.tolist()
    [[0, 'failed'], [1, 'failed'], [2, 'failed']]
    >>> bool((rows["worth_kl"] / 1000 == rows["efficiency"]).all())
    True
    """
    instance_of(trained, "trained", TrainedGANs, "from `gan_eval.train`")
    margins = Margins() if margins is None else margins
    instance_of(margins, "margins", Margins)
    if tested is not None and tested < 0:
        raise UsageError(f"`tested` must be at least 0, got {tested}")
    if tuple(tests) != evaluation.TESTS:
        # With SciPy's spatial part, a third of a second.
        from gan_eval.stats.battery.catalogue import known

        tests = known(tests)
    measured: dict[str, Any] = {}
    parts = [slice(start, start + _TOGETHER) for start in range(0, len(trained), _TOGETHER)]
    rows = n_evaluation if sampled else 0
    for part, found in zip(parts, _in_parts(trained, parts, margins, rows), strict=True):
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
    return pd.DataFrame(
        {
            "config_hash": trained.config.hash,
            "backend": trained.backend,
            "device": trained.device,
            "seed": trained.seeds,
            **{name: measured.pop(name) for name in ("verdict", *_MARGINS)},
        }
        | measured
        | {
            "loss_D": trained.loss_D[:, -1],
            "loss_G": trained.loss_G[:, -1],
            "seconds": trained.seconds.sum(axis=1),
            "examples_per_second": trained.examples_per_second,
            "chapter_examples_per_second": trained.chapter_examples_per_second,
        }
    )


def _in_parts(
    trained: TrainedGANs, parts: Sequence[slice], margins: Margins, n_evaluation: int
) -> Iterator[dict[str, NDArray[Any]]]:
    """``_measures`` of each part, in turn, by as many threads as replicates may have."""

    def measures(part: slice) -> dict[str, NDArray[Any]]:
        return _measures(trained.take(part), margins, n_evaluation)

    count = min(threads.for_replicates(), len(parts))
    if count < 2:
        yield from map(measures, parts)
        return
    # NumPy lets other threads run while it works on thousands of replicates.
    with ThreadPoolExecutor(count) as pool:
        yield from pool.map(measures, parts)


def _measures(trained: TrainedGANs, margins: Margins, n_evaluation: int) -> dict[str, NDArray[Any]]:
    """The verdict and everything that is measured without a test, by column name, each (R,).

    NaN is what needs rows where ``n_evaluation`` is 0.
    """
    config, truth, law = trained.config, trained.config.truth, trained.law()
    to_truth = canonical_pair(law, truth)
    exact = law_columns(law, truth, to_truth, config.n_examples)
    nothing = np.full(len(trained), np.nan)
    to_rows = {f"{name}_rows": nothing for name in _DIVERGENCES}
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
        **_entries("weight", law.factor),
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
    worth, covariance = worth_kl(distances["kl"], truth.dimension), _covariance(law)
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
        **_entries("mean", law.mean),
        **_entries("mean_error", law.mean - truth.mean),
        **_entries("covariance", covariance, upper=True),
        **_entries("covariance_error", covariance - truth.covariance, upper=True),
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
    sizes, axes = np.linalg.eigh(np.where(usable, found.covariance, 0.0))
    factor = np.sqrt(np.maximum(sizes, 0.0))[:, :, None] * np.swapaxes(axes, 1, 2)
    averaged = kl(Gaussian(found.mean, np.where(usable, factor, np.nan)), truth)
    last = kl(Gaussian(found.last.bias, found.last.weight), truth)
    return {"kl_last": last, "kl_average_distribution": averaged}


def epochs(trained: TrainedGANs) -> pd.DataFrame:
    """Measure every kept epoch: losses, exact KL(q‖p) in nats, seconds, and moments.

    R × (epochs + 1) rows, or as many per replicate as ``trained.traced`` has epochs. Epoch 0 is the
    start: it has a distribution and no losses.
    """
    config, traced = trained.config, trained.traced
    law = Gaussian(trained.biases, trained.weights)

    def from_start(values: Array) -> Array:
        return np.hstack([np.full((len(trained), 1), np.nan), values]).ravel()

    flat = Gaussian(
        law.mean.reshape(-1, config.dimension),
        law.factor.reshape(-1, config.latent_size, config.dimension),
    )
    return pd.DataFrame(
        {
            "config_hash": config.hash,
            "backend": trained.backend,
            "device": trained.device,
            "seed": np.repeat(trained.seeds, traced.size),
            "epoch": np.tile(traced, len(trained)),
            "loss_D": from_start(trained.loss_D),
            "loss_G": from_start(trained.loss_G),
            "kl": kl(flat, config.truth),
            "seconds": from_start(trained.seconds[:, traced[1:] - 1]),
            "chapter_seconds": from_start(trained.chapter_seconds[:, traced[1:] - 1]),
        }
        | _entries("mean", flat.mean)
        | _entries("covariance", _covariance(flat), upper=True)
    )


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


def _covariance(law: Gaussian) -> NDArray[np.floating]:
    # A diverged generator may hold infinities or values whose squares overflow: NaN and ∞ are
    # then the right entries, and no news.
    with np.errstate(invalid="ignore", over="ignore"):
        return law.covariance


def _entries(
    name: str, values: NDArray[np.floating], *, upper: bool = False
) -> dict[str, NDArray[np.floating]]:
    """Columns ``name_1`` or ``name_1_2`` … of vectors (R, d) or matrices (R, k, d)."""
    return {
        "_".join([name, *(str(i + 1) for i in index)]): values[(slice(None), *index)]
        for index in np.ndindex(values.shape[1:])
        if not upper or index[0] <= index[1]
    }
