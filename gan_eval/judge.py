"""Trained GANs and the truth to rows: what was learned, how far from the truth, and a verdict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval import divergence, draws
from gan_eval.config import Margins
from gan_eval.detection import effective_sample_size, samples_to_detect
from gan_eval.errors import UsageError
from gan_eval.gaussian import Gaussian
from gan_eval.target import GaussianTarget
from gan_eval.trained import TrainedGANs
from gan_eval.twosample import energy_test, mmd_test

VERDICTS = ("converged", "near", "failed", "diverged")
"""From best to worst."""


def verdicts(
    kl: NDArray[np.floating], finite: NDArray[np.bool_], margins: Margins
) -> NDArray[np.str_]:
    """One of ``VERDICTS`` a replicate, shape (R,); without finite weights it is ``diverged``."""
    with np.errstate(invalid="ignore"):
        return np.select(
            [~finite, kl <= margins.converged, kl <= margins.near],
            ["diverged", "converged", "near"],
            default="failed",
        )


def judge(
    trained: TrainedGANs,
    *,
    margins: Margins | None = None,
    n_evaluation: int = 500,
    permutations: int = 999,
) -> pd.DataFrame:
    """One row a replicate: the learned law against b and AᵀA, in every measure.

    Parameters
    ----------
    trained : TrainedGANs
        R replicates.
    margins : Margins, optional
    n_evaluation : int
        Fresh real rows, and as many generated ones, for the tests and the critic.
    permutations : int
        Of each two-sample test; 0 leaves the tests out (NaN).

    Returns
    -------
    DataFrame
        R rows; docs/measures.md describes every column. Divergences are in nats where they have
        a unit; columns that end in ``_rows`` are against the Gaussian fitted to the n_examples
        rows that the replicate saw, the others against the population N(b, AᵀA). A diverged
        replicate has its row, with NaN where a number does not exist.
    """
    margins = margins or Margins()
    config, truth = trained.config, trained.config.truth
    finite = trained.finite()
    law = trained.law()
    seen = Gaussian.fit(np.stack([trained.training_rows(r) for r in range(len(trained))]))
    distances = _divergences(law, truth)
    columns: dict[str, Any] = {
        "config_hash": config.hash,
        "backend": trained.backend,
        "device": trained.device,
        "seed": trained.seeds,
        "verdict": verdicts(distances["kl"], finite, margins),
        "margin": margins.converged,
        "near_margin": margins.near,
    }
    columns |= distances
    columns["effective_sample_size"] = effective_sample_size(distances["kl"], config.dimension)
    columns["efficiency"] = columns["effective_sample_size"] / config.n_examples
    columns["samples_to_detect"] = samples_to_detect(law, truth)
    columns["mahalanobis_error"] = divergence.mahalanobis(law, truth)
    columns["covariance_distance"] = divergence.affine_invariant_distance(law, truth)
    columns |= {f"{name}_rows": value for name, value in _divergences(law, seen).items()}
    columns |= _moments(law, truth)
    columns |= _entries("weight", trained.weights[:, -1])
    evaluations = [
        _evaluate(trained, r, bool(finite[r]), n_evaluation, permutations)
        for r in range(len(trained))
    ]
    columns |= {name: [e[name] for e in evaluations] for name in evaluations[0]}
    columns |= {
        "loss_D": trained.loss_D[:, -1],
        "loss_G": trained.loss_G[:, -1],
        "seconds": trained.seconds.sum(axis=1),
        "examples_per_second": trained.examples_per_second,
        "chapter_examples_per_second": trained.chapter_examples_per_second,
    }
    return pd.DataFrame(columns)


def epochs(trained: TrainedGANs) -> pd.DataFrame:
    """One row a replicate and epoch: losses, exact KL(q‖p) in nats, seconds, and moments.

    Epoch 0 is the start: it has a law and no losses. R × (epochs + 1) rows.
    """
    config, truth = trained.config, trained.config.truth
    steps = config.epochs + 1
    law = Gaussian(trained.biases, trained.weights)
    start = np.full((len(trained), 1), np.nan)
    flat = Gaussian(
        law.mean.reshape(-1, config.dimension),
        law.factor.reshape(-1, config.latent_size, config.dimension),
    )
    return pd.DataFrame(
        {
            "config_hash": config.hash,
            "backend": trained.backend,
            "device": trained.device,
            "seed": np.repeat(trained.seeds, steps),
            "epoch": np.tile(np.arange(steps), len(trained)),
            "loss_D": np.hstack([start, trained.loss_D]).ravel(),
            "loss_G": np.hstack([start, trained.loss_G]).ravel(),
            "kl": divergence.kl(flat, truth),
            "seconds": np.hstack([start, trained.seconds]).ravel(),
            "chapter_seconds": np.hstack([start, trained.chapter_seconds]).ravel(),
        }
        | _entries("mean", flat.mean)
        | _entries("covariance", _covariance(flat), upper=True)
    )


def _divergences(q: Gaussian, p: Gaussian) -> dict[str, NDArray[np.floating]]:
    """Every divergence of the learned laws q (R,) from p, by column name."""
    bandwidth = divergence.median_distance(p)
    return {
        "kl": divergence.kl(q, p),
        "kl_reverse": divergence.kl(p, q),
        "jeffreys": divergence.jeffreys(q, p),
        "bures_wasserstein": divergence.bures_wasserstein(q, p),
        "hellinger": divergence.hellinger(q, p),
        "total_variation": divergence.total_variation(q, p),
        "mmd2": divergence.mmd2(q, p, bandwidth),
        "energy_distance": divergence.energy_distance(q, p),
    }


def _moments(law: Gaussian, truth: Gaussian) -> dict[str, NDArray[np.floating]]:
    """The learned mean and covariance, and their errors against b and AᵀA, entry by entry."""
    covariance = _covariance(law)
    return (
        _entries("mean", law.mean)
        | _entries("mean_error", law.mean - truth.mean)
        | _entries("covariance", covariance, upper=True)
        | _entries("covariance_error", covariance - truth.covariance, upper=True)
    )


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


def _evaluate(
    trained: TrainedGANs, replicate: int, finite: bool, n: int, permutations: int
) -> dict[str, float]:
    """What needs samples: the critic against ln p/q, and the two-sample tests."""
    names = (
        *("critic_correlation", "critic_error"),
        *("mmd_statistic", "mmd_pvalue", "energy_statistic", "energy_pvalue"),
    )
    row = dict.fromkeys(names, np.nan)
    if not finite:
        return row
    target = trained.config.target.build()
    seed = int(trained.seeds[replicate])
    real = target.transform(draws.evaluation_real(seed, n, target.dimension))
    fake = trained.generate(replicate, n)
    row["critic_correlation"], row["critic_error"] = _critic_against_truth(
        trained, replicate, np.concatenate([real, fake])
    )
    if permutations:
        rng = draws.permutation_tests(seed)
        for name, test in (("mmd", mmd_test), ("energy", energy_test)):
            result = test(real, fake, whiten=target, permutations=permutations, rng=rng)
            row[f"{name}_statistic"], row[f"{name}_pvalue"] = result.statistic, result.pvalue
    return row


def _critic_against_truth(
    trained: TrainedGANs, replicate: int, x: NDArray[np.floating]
) -> tuple[float, float]:
    """Correlation and mean absolute error (nats) of the critic's logit with ln p(x)/q(x).

    ln p/q is the logit of the best possible discriminator (Goodfellow et al. 2014, equation 2).
    NaN where the learned law has no density.
    """
    config = trained.config
    W, b = trained.weights[replicate, -1], trained.biases[replicate, -1]
    law = Gaussian(b, W)
    try:
        learned = GaussianTarget(law.square_factor, b)
    except UsageError:
        return np.nan, np.nan
    ratio = config.target.build().log_density(x) - learned.log_density(x)
    logit = trained.critic(replicate, x)
    spread = np.std(logit) * np.std(ratio)
    correlation = (
        np.mean((logit - logit.mean()) * (ratio - ratio.mean())) / spread if spread else np.nan
    )
    return float(correlation), float(np.abs(logit - ratio).mean())
