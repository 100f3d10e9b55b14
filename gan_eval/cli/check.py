"""``gan-eval check``: ask whether enough replicates converged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli.app import (
    AsJson,
    Assignments,
    BackendName,
    Config,
    Device,
    Replicates,
    Seed,
    ThreadsOrAll,
    option,
    seed_range,
)
from gan_eval.cli.status import Status
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from gan_eval.judging.acceptance import Answer


def check(
    config: Config = None,
    assignments: Assignments = None,
    backend: BackendName = "pytorch",
    device: Device = None,
    seed: Seed = 0,
    replicates: Replicates = 8,
    threads: ThreadsOrAll = None,
    rows: Annotated[
        Path | None,
        option(
            "--rows PATH",
            "Check the rows of a run, its folder or its rows.csv, instead of training. Goes "
            "without the options that say how to train. All rows count.",
        ),
    ] = None,
    share: Annotated[
        float,
        option(
            "--share S", "The share of replicates that must have converged, above 0, at most 1."
        ),
    ] = 0.5,
    margin: Annotated[
        float | None,
        option(
            "--margin KL",
            "The KL(q‖p), in nats, up to which a replicate has converged. The verdicts in the "
            "table stay as training gave them. Where it is not given, a replicate without a closed "
            "form must be worth 58 real rows by energy distance.",
            "0.1",
        ),
    ] = None,
    confidence: Annotated[
        float | None,
        option(
            "--confidence C",
            "Ask it of all seeds and not of those that were run: of the share's one-sided "
            "Clopper–Pearson bounds at this confidence, above 0.5 and below 1.",
        ),
    ] = None,
    sequential: Annotated[
        bool,
        option(
            "--sequential",
            "Train 50 replicates at a time, and stop as soon as the answer is sure at "
            "`--confidence` (0.95 if not given); `--replicates` is the most. Goes without "
            "`--rows`.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> Status:
    """Ask whether enough replicates converged, as a gate for CI.

    It trains as `train` does, or reads the rows of a run. It writes nothing.

    \b
    Exit status:
      0  Enough replicates converged.
      1  Too few replicates converged; with --confidence, too few of all seeds do.
      3  It could not tell: with --confidence, so few replicates say neither
         that the share of all seeds is as high as was asked for nor that it
         is lower.

    \b
    Example:
      gan-eval check --replicates 20 --share 0.3 --margin 0.1
    """
    from gan_eval.cli.console import print_json
    from gan_eval.judging.acceptance import Demand, answer
    from gan_eval.judging.judge import judge
    from gan_eval.judging.sequential import BATCH, follow
    from gan_eval.runtime.threads import allow
    from gan_eval.study.results.export import load
    from gan_eval.study.results.reading import read_rows
    from gan_eval.training import run
    from gan_eval.training.config import Margins, TrainingConfig

    how_to_train = (config, assignments or None, backend, device, seed, replicates, threads)
    default = (None, None, "pytorch", None, 0, 8, None)
    if rows is not None and (how_to_train != default or sequential):
        raise UsageError("`--rows` reads what was trained: it goes without options of training")
    demand = Demand(share, Margins().converged if margin is None else margin, confidence)
    if rows is None:
        seeds = seed_range(seed, replicates)
        settings = TrainingConfig.read(config, assignments or [])

        def judged(some: range) -> pd.DataFrame:
            trained = run.train(
                settings, some, backend=backend, device=device, every=settings.epochs
            )
            # Of generators without a closed form, KL is computed where it is asked for.
            computed = 0 if margin is None else None
            return judge(trained, tested=0, computed=computed, sampled=False)

        with allow(threads):
            if sequential:
                starts = range(0, replicates, BATCH)
                batches = (judged(seeds[at : at + BATCH]) for at in starts)
                outcome, frame = follow(batches, demand)
            else:
                frame = judged(seeds)
                outcome = answer(frame, demand)
    else:
        frame = load(rows) if rows.is_dir() else read_rows(rows)
        outcome = answer(frame, demand)
    if as_json:
        print_json(outcome.document())
    else:
        _print(frame, outcome)
    return Status.of(outcome.passed)


def _print(rows: pd.DataFrame, answer: Answer) -> None:
    """Print each verdict (up to a number), then the answer in one line."""
    from gan_eval.cli.console import say
    from gan_eval.cli.tables import SHOWN, print_replicates

    if len(rows) <= SHOWN:
        print_replicates(rows)
    say(answer.sentence())
