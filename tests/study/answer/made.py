"""Studies with made-up worths, so that it is known which configuration is best."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.study.plan.study import Study
from gan_eval.study.results.results import with_axes


def worths(level: float, seeds: int, noise: float, seed: int) -> np.ndarray:
    """Worths of trainings that differ by seed, log-normal around a level."""
    return level * np.exp(noise * np.random.default_rng(seed).standard_normal(seeds))


def made(
    study: Mapping[str, Any],
    levels: Sequence[float],
    *,
    seeds: int = 60,
    noise: float = 0.3,
    where: Sequence[tuple[str, str]] = (("fused_cpu", "cpu"),),
    first: int = 0,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Rows and provenance of a study whose configurations have these worths, in its order."""
    plan = Study.parse(dict(study))
    axes, frames, entries = plan.axis_values(), [], []
    for position, ((label, config), level) in enumerate(
        zip(plan.configurations().items(), levels, strict=True)
    ):
        entries.append(
            {
                "label": label,
                "hash": config.hash,
                "config": config.model_dump(mode="json"),
                "axes": axes[label],
            }
        )
        for place, (backend, device) in enumerate(where):
            size = worths(level, seeds, noise, first + 1000 * position + place)
            kl = 2.5 / np.maximum(size, 1e-9)
            frames.append(
                pd.DataFrame(
                    {
                        "configuration": label,
                        "config_hash": config.hash,
                        "backend": backend,
                        "device": device,
                        "seed": np.arange(seeds),
                        "verdict": np.where(kl <= 0.1, "converged", "failed"),
                        "kl": kl,
                        "worth_kl": size,
                        "efficiency": size / config.n_examples,
                        "samples_to_detect": 8 / kl,
                        "loss_D": 0.69,
                        "loss_G": 0.69,
                        "examples_per_second": 1e4,
                        "chapter_examples_per_second": 1e4,
                    }
                )
            )
    provenance = {"study": plan.model_dump(mode="json"), "configurations": entries}
    rows = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    return with_axes(rows, provenance), provenance


def grid(**axes: Sequence[Any]) -> dict[str, Any]:
    """A study over a grid."""
    return {"name": "made up", "grid": {name: list(values) for name, values in axes.items()}}


def product(*levels: Sequence[float]) -> list[float]:
    """The worths of a grid whose axes multiply."""
    return [float(np.prod(one)) for one in itertools.product(*levels)]
