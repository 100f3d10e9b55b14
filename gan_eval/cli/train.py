"""``gan-eval train``: train one configuration, judge it, print or draw it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gan_eval.cli.options import (
    AsJson,
    Assignments,
    BackendName,
    Config,
    Device,
    Replicates,
    Seed,
    ThreadsOrAll,
    seed_range,
)

if TYPE_CHECKING:
    import pandas as pd

    from gan_eval.training.trained import TrainedGANs

TESTED = 30
"""Replicates that get the two-sample tests where their p-values are shown; a test takes a hundred
times as long as the rest of a row."""


def train(
    config: Config = None,
    assignments: Assignments = None,
    backend: BackendName = "pytorch",
    device: Device = None,
    seed: Seed = 0,
    replicates: Replicates = 1,
    threads: ThreadsOrAll = None,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Write the chapter's two pictures, as .png or .svg."
        ),
    ] = None,
) -> None:
    """Train the chapter's GAN and hold what it learned against the truth.

    Example: gan-eval train --set learning_rate_D=0.02 --replicates 4 --plot gan.png
    """
    from gan_eval.cli import console, printing
    from gan_eval.judging.judge import judge
    from gan_eval.runtime.threads import allow
    from gan_eval.training import run
    from gan_eval.training.config import TrainingConfig

    seeds = seed_range(seed, replicates)
    settings = TrainingConfig.read(config, assignments or [])
    with allow(threads):
        # No epoch but the last is judged.
        trained = run.train(
            settings, seeds, backend=backend, device=device, every=settings.epochs, plot=plot
        )
        # The p-values are in the document only.
        rows = judge(trained, tested=TESTED if as_json else 0, sampled=as_json)
    if as_json:
        console.print_json(document(trained, rows))
    else:
        printing.print_training(trained, rows)


def document(trained: TrainedGANs, rows: pd.DataFrame) -> dict[str, Any]:
    """Put together the JSON document of ``gan-eval train --json``.

    Per replicate every column of ``judge`` that is not an entry of a matrix, and ``mean`` and
    ``covariance`` as lists. ``examples_per_second`` is the median over replicates by the training
    clock. What is not a finite number is null, as the tests of a replicate beyond the first
    ``TESTED``.
    """
    import numpy as np

    from gan_eval.runtime.json import json_ready
    from gan_eval.runtime.machine import environment

    law = trained.law()
    entries = ("mean_", "covariance_", "weight_")
    columns = map(str, rows.columns)
    named = [c for c in columns if not c.startswith(entries) or c == "covariance_distance"]
    replicates = [
        {name: row[name] for name in named}
        | {"mean": law.mean[r].tolist(), "covariance": law.covariance[r].tolist()}
        for r, row in enumerate(rows.to_dict("records"))
    ]
    return json_ready(
        {
            "config": trained.config.model_dump(mode="json"),
            "backend": trained.backend,
            "device": trained.device,
            "replicates": replicates,
            "examples_per_second": float(np.median(trained.examples_per_second)),
            "environment": environment(),
        }
    )
