"""One training at the command line: its request, its rows, and its JSON document."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan_eval import backends
from gan_eval.backends.protocol import Thinning, default_device
from gan_eval.config import TrainingConfig
from gan_eval.draws import MAX_SEED
from gan_eval.environment import environment
from gan_eval.errors import UsageError
from gan_eval.files import check_writable
from gan_eval.judge import judge
from gan_eval.trained import TrainedGANs

TESTED = 30
"""Replicates that get the two-sample tests where their p-values are shown."""


@dataclass(frozen=True)
class TrainingRun:
    """Replicates of one configuration, trained and judged."""

    trained: TrainedGANs
    rows: pd.DataFrame
    """One row a replicate, from ``judge``."""

    def document(self) -> dict[str, Any]:
        """The JSON document of ``gan-eval train --json``.

        Per replicate every column of ``judge`` that is not an entry of a matrix, and ``mean`` and
        ``covariance`` as lists. ``examples_per_second`` is the median over replicates by the
        training clock. What is not a finite number is null, as the tests of a replicate beyond the
        first ``TESTED``.
        """
        law = self.trained.law()
        entries = ("mean_", "covariance_", "weight_")
        columns = map(str, self.rows.columns)
        named = [c for c in columns if not c.startswith(entries) or c == "covariance_distance"]
        replicates = [
            {name: row[name] for name in named}
            | {"mean": law.mean[r].tolist(), "covariance": law.covariance[r].tolist()}
            for r, row in enumerate(self.rows.to_dict("records"))
        ]
        return json_ready(
            {
                "config": self.trained.config.model_dump(mode="json"),
                "backend": self.trained.backend,
                "device": self.trained.device,
                "replicates": replicates,
                "examples_per_second": float(np.median(self.trained.examples_per_second)),
                "environment": environment(),
            }
        )


def train(
    config: TrainingConfig,
    backend: str,
    device: str | None,
    seeds: Sequence[int],
    plot: Path | None = None,
    tested: int = TESTED,
) -> TrainingRun:
    """Train and judge; with ``plot``, draw the first seed after each epoch and write the picture.

    The first ``tested`` replicates get the two-sample tests, which take a hundred times as long as
    the rest of their rows; if none does, the rest of what is computed from samples is left out too.

    Without a device it is the backend's first. No epoch but the last is judged, so a backend that
    can thin its traces keeps no other.

    Raises ``UsageError`` where the backend or device is not there, or ``plot`` cannot be written.
    """
    if plot is not None:
        trained = _train_and_draw(config, backend, device, seeds, plot)
    else:
        trainer = backends.backend(backend)
        device = device or default_device(trainer)
        if isinstance(trainer, Thinning):
            trained = trainer.train(config, seeds, device, every=config.epochs)
        else:
            trained = trainer.train(config, seeds, device)
    return TrainingRun(trained, judge(trained, tested=tested, sampled=tested > 0))


def _train_and_draw(
    config: TrainingConfig, backend: str, device: str | None, seeds: Sequence[int], plot: Path
) -> TrainedGANs:
    """Only the seed that is drawn has a chapter's clock."""
    from gan_eval.drawing import ChapterDrawing, picture_kind

    picture_kind(plot)
    check_writable(plot)
    trainer = backends.backend(backend)
    device = device or default_device(trainer)
    drawing = ChapterDrawing(config, seeds[0])
    parts = [trainer.train(config, seeds[:1], device, drawing)]
    parts += [trainer.train(config, seeds[1:], device)] if len(seeds) > 1 else []
    drawing.save(plot)
    return TrainedGANs.join(parts)


def seed_range(first: int, replicates: int) -> range:
    """Seeds first … first + replicates − 1; ``UsageError`` where they are not seeds."""
    if not 0 <= first <= MAX_SEED:
        raise UsageError(f"`--seed` must be between 0 and {MAX_SEED}, got {first}")
    if replicates < 1:
        raise UsageError(f"`--replicates` must be at least 1, got {replicates}")
    if first + replicates - 1 > MAX_SEED:
        raise UsageError(f"seeds must be between 0 and {MAX_SEED}: `--replicates` goes past it")
    return range(first, first + replicates)


def json_ready(value: Any) -> Any:
    """Nested values as JSON has them; a number that is not finite becomes None."""
    if isinstance(value, dict):
        return {key: json_ready(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
