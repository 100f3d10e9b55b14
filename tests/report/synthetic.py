"""Results with plausible made-up numbers, so that the page is tested without training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

DECEIVED_SEED = 3
"""The replicate whose losses end at ln 2 and whose law is wrong."""

_DIVERGENCES = (
    *("kl_reverse", "jeffreys", "bures_wasserstein", "hellinger", "total_variation", "mmd2"),
    *("energy_distance",),
)


def results(
    replicates: int = 12,
    *,
    configs: dict[str, TrainingConfig] | None = None,
    where: Sequence[tuple[str, str]] = (("pytorch", "cpu"),),
    name: str = "made up",
    **provenance: Any,
) -> Results:
    """A study of ``replicates`` seeds in every cell."""
    configs = {name: TrainingConfig()} if configs is None else configs
    rng = np.random.default_rng(7)
    rows, epochs = [], []
    for label, config in configs.items():
        for backend, device in where:
            for seed in range(replicates):
                key = {
                    "configuration": label,
                    "config_hash": config.hash,
                    "backend": backend,
                    "device": device,
                    "seed": seed,
                }
                row, history = _replicate(config, seed, rng)
                rows.append(key | row)
                epochs += [key | epoch for epoch in history]
    total = len(rows)
    return Results(
        pd.DataFrame(rows),
        pd.DataFrame(epochs),
        {
            "study": {
                "name": name,
                "replicates": replicates,
                "first_seed": 0,
                "backends": None,
                "devices": None,
                "n_evaluation": 500,
                "permutations": 999,
                "margins": {"converged": 0.1, "near": 0.5},
                "time_budget": 45.0,
            },
            "configurations": [
                {"label": label, "hash": config.hash, "config": config.model_dump(mode="json")}
                for label, config in configs.items()
            ],
            "planned": total,
            "finished": total,
            "interrupted": False,
            "failures": [],
            "seconds": 41.2,
            "workers": 2,
            "command": "gan-eval run --out reports/made-up",
            "created": "2026-01-02T03:04:05+00:00",
            "threads": 1,
            "environments": {
                "0a1b2c3d": {
                    "python": "3.12.1",
                    "platform": "Linux",
                    "processor": "A processor",
                    "cores": 2,
                    "memory_gib": 7.8,
                    "gpus": [],
                    "packages": {"numpy": "2.4.0"},
                }
            },
        }
        | provenance,
    )


def without_replicates() -> Results:
    """A run that was stopped before anything was finished."""
    stopped = results(1, planned=40, finished=0, interrupted=True)
    return Results(pd.DataFrame(), pd.DataFrame(), stopped.provenance)


def spoil(rows: pd.DataFrame, position: int, verdict: str) -> None:
    """Turn a row into that of a singular law (``failed``) or of a diverged replicate, in place."""
    index = rows.index[position]
    rows.loc[index, "verdict"] = verdict
    rows.loc[index, ["critic_correlation", "critic_error"]] = np.nan
    if verdict == "failed":
        rows.loc[index, ["kl", "jeffreys"]] = np.inf
        rows.loc[index, "worth_kl"] = 0.0
        return
    learned = ("kl", "mean", "covariance", "weight", "mmd", "energy", "worth", "efficiency")
    columns = [c for c in rows.columns if c.startswith((*learned, *_DIVERGENCES))]
    rows.loc[index, columns] = np.nan


def _replicate(
    config: TrainingConfig, seed: int, rng: np.random.Generator
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    truth, d, k = config.truth, config.dimension, config.latent_size
    start = 0.02 * rng.standard_normal((k + 1, d))
    goal = np.zeros((k + 1, d))
    goal[: min(k, d)] = truth.factor[: min(k, d)]
    goal[k] = truth.mean
    scale = 0.6 if seed == DECEIVED_SEED else 0.25 * rng.random()
    goal = goal * (1 + scale * rng.standard_normal(goal.shape))
    steps = np.linspace(0, 1, config.epochs + 1)
    path = [start + (goal - start) * (1 - np.exp(-5 * t)) for t in steps]
    laws = [Gaussian(point[k], point[:k]) for point in path]
    kls = [_kl(law, truth) for law in laws]
    noise = 0.0005 if seed == DECEIVED_SEED else 0.02
    losses = math.log(2) + noise * rng.uniform(-1, 1, (config.epochs + 1, 2))
    law, kl = laws[-1], kls[-1]
    if seed == DECEIVED_SEED:
        kl = max(kl, 0.4321)
    verdict = "converged" if kl <= 0.1 else "near" if kl <= 0.5 else "failed"
    size = min(2.5 / kl, 1e4)
    row: dict[str, Any] = {"verdict": verdict, "margin": 0.1, "near_margin": 0.5, "kl": kl}
    row |= {name: kl * (1 + i) / 4 for i, name in enumerate(_DIVERGENCES)}
    row |= {"worth_kl": size, "efficiency": size / config.n_examples}
    row |= {"samples_to_detect": math.ceil(8 / kl), "mahalanobis_error": math.sqrt(kl)}
    row |= {"covariance_distance": 2 * math.sqrt(kl), "kl_rows": 1.01 * kl}
    row |= {f"{name}_rows": kl * (1 + i) / 4 for i, name in enumerate(_DIVERGENCES)}
    row |= _moments(law) | _moments(law, truth)
    row |= {f"weight_{i + 1}_{j + 1}": law.factor[i, j] for i in range(k) for j in range(d)}
    row |= {"critic_correlation": rng.uniform(-0.2, 1), "critic_error": rng.uniform(0, 1)}
    for test in ("mmd", "energy"):
        row |= {f"{test}_statistic": kl, f"{test}_pvalue": float(rng.integers(1, 1001)) / 1000}
    row |= {"loss_D": losses[-1, 0], "loss_G": losses[-1, 1], "seconds": 2.0}
    row |= {"examples_per_second": 9000 + 1000 * rng.random()}
    row |= {"chapter_examples_per_second": 6500.0 if seed == 0 else math.nan}
    history = [
        {
            "epoch": epoch,
            "loss_D": losses[epoch, 0] if epoch else math.nan,
            "loss_G": losses[epoch, 1] if epoch else math.nan,
            "kl": kls[epoch],
            "seconds": 0.1 if epoch else math.nan,
            "chapter_seconds": math.nan,
        }
        | _moments(laws[epoch])
        for epoch in range(config.epochs + 1)
    ]
    return row, history


def _moments(law: Gaussian, truth: Gaussian | None = None) -> dict[str, float]:
    d, end = law.dimension, "" if truth is None else "_error"
    mean = law.mean if truth is None else law.mean - truth.mean
    covariance = law.covariance if truth is None else law.covariance - truth.covariance
    return {f"mean{end}_{i + 1}": mean[i] for i in range(d)} | {
        f"covariance{end}_{i + 1}_{j + 1}": covariance[i, j] for i in range(d) for j in range(i, d)
    }


def _kl(q: Gaussian, p: Gaussian) -> float:
    precision = np.linalg.inv(p.covariance)
    gap = q.mean - p.mean
    sign, log_det = np.linalg.slogdet(q.covariance)
    if sign <= 0:
        return math.inf
    trace = np.trace(precision @ q.covariance)
    return float(
        0.5
        * (
            trace
            - q.dimension
            + gap @ precision @ gap
            + np.linalg.slogdet(p.covariance)[1]
            - log_det
        )
    )
