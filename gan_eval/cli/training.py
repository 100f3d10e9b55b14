"""``train``, ``run``, ``check`` and ``report``: from a configuration to rows and their report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gan_eval.cli.options import (
    AsJson,
    Assignments,
    BackendName,
    Config,
    Device,
    Replicates,
    Seed,
    Threads,
    ThreadsOrAll,
    Workers,
)
from gan_eval.cli.status import Status
from gan_eval.errors import UsageError


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
    from gan_eval import console, printing, training
    from gan_eval.config import TrainingConfig
    from gan_eval.threads import allow

    seeds = training.seed_range(seed, replicates)
    settings = TrainingConfig.read(config, assignments or [])
    with allow(threads):
        # The p-values are in the document only.
        tested = training.TESTED if as_json else 0
        outcome = training.train(settings, backend, device, seeds, plot, tested)
        document = outcome.document() if as_json else {}
    if as_json:
        console.print_json(document)
    else:
        printing.print_training(outcome)


def run(
    study: Annotated[
        Path | None,
        typer.Argument(
            metavar="[STUDY.toml]",
            help="A file, or a name that `gan-eval studies` lists; the main job if none.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where results go; reports/<name> if not given."),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Set one key of the study, as replicates=8 or config.epochs=40; may be repeated.",
        ),
    ] = None,
    workers: Workers = None,
    threads: Threads = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="Train on the workers of this Dask scheduler, as tcp://host:8786.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print what would run and for how long; write nothing."),
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Begin anew; what earlier runs left is moved aside."),
    ] = False,
) -> Status:
    """Run a study (without a file, the main job) and write its rows and its HTML report.

    What was finished before, by this command or by another study in the same folder, is not
    trained again.

    Example: gan-eval run --set replicates=100 --set time_budget=300 --out reports/hundred
    """
    import shlex

    from gan_eval import printing, studies
    from gan_eval.environment import cores
    from gan_eval.output import OutputFolder
    from gan_eval.plan import Study
    from gan_eval.study import run as run_study
    from gan_eval.threads import require
    from gan_eval.workers import require as require_workers

    require_workers(workers)
    if workers is not None and scheduler is not None:
        raise UsageError("`--scheduler` has workers of its own: it goes without `--workers`")
    require(threads)
    settings = Study.read(None if study is None else studies.find(study), assignments or [])
    if dry_run:
        from gan_eval.forecast import forecast

        workers = workers or max(1, cores() // threads)
        printing.print_forecast(forecast(settings, workers, threads))
        return Status.YES
    folder = OutputFolder.prepare(out, settings.name)
    if not fresh and (mended := folder.check_ledger()) is not None:
        print(f"gan-eval: {mended}", file=sys.stderr)
    aside: list[Path | None] = []
    command = shlex.join(["gan-eval", *(sys.argv[1:])])
    with printing.study_progress() as show:
        results = run_study(
            settings,
            store=folder.ledger,
            workers=workers,
            threads=threads,
            scheduler=scheduler,
            command=command,
            on_begin=lambda: aside.append(folder.set_aside(everything=fresh)),
            on_progress=show,
        )
    for moved in filter(None, aside):
        print(f"Set aside: {moved}")
    if len(results.rows):
        folder.save(results)
    printing.print_run(results, folder.path)
    if results.provenance["interrupted"]:
        return Status.INTERRUPTED
    print(f"Report: {folder.report(results)}")
    return Status.YES


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
        typer.Option(
            "--rows",
            metavar="PATH",
            help="Check the rows of a run, by its folder or its rows.csv, instead of training.",
        ),
    ] = None,
    share: Annotated[
        float, typer.Option("--share", help="The share of replicates that must converge, 0 … 1.")
    ] = 0.5,
    margin: Annotated[
        float | None,
        typer.Option("--margin", help="The KL(q‖p), in nats, up to which one has converged."),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(
            "--confidence",
            help="Ask it of the lower confidence bound of the share, as 0.95.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> Status:
    """Print verdicts and exit 0 if enough replicates converged, 1 if not, 3 if it cannot tell.

    Example: gan-eval check --replicates 20 --share 0.3 --margin 0.1
    """
    from gan_eval import console, printing, training
    from gan_eval.acceptance import Demand, answer
    from gan_eval.config import Margins, TrainingConfig
    from gan_eval.export import load
    from gan_eval.results import read_rows
    from gan_eval.threads import allow

    how_to_train = (config, assignments or None, backend, device, seed, replicates, threads)
    if rows is not None and how_to_train != (None, None, "pytorch", None, 0, 8, None):
        raise UsageError("`--rows` reads what was trained: it goes without options of training")
    demand = Demand(share, Margins().converged if margin is None else margin, confidence)
    if rows is None:
        seeds = training.seed_range(seed, replicates)
        settings = TrainingConfig.read(config, assignments or [])
        with allow(threads):
            frame = training.train(settings, backend, device, seeds, tested=0).rows
    else:
        frame = load(rows) if rows.is_dir() else read_rows(rows)
    outcome = answer(frame, demand)
    if as_json:
        console.print_json(outcome.document())
    else:
        printing.print_check(frame, outcome)
    return Status.of(outcome.passed)


def report(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR…", help="Folders that `run` wrote.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where several runs are put together."),
    ] = None,
    benchmarks: Annotated[
        list[Path] | None,
        typer.Option(
            "--benchmarks", metavar="FILE", help="Show this file of pytest-benchmark beside."
        ),
    ] = None,
) -> None:
    """Rebuild report.html from the rows in a folder, or put several runs together into one.

    Example: gan-eval report reports/jax reports/mxnet --out reports/both
    """
    from gan_eval import throughput
    from gan_eval.merging import merge
    from gan_eval.output import OutputFolder
    from gan_eval.results import Results

    if out is None and len(folders) > 1:
        raise UsageError("several folders are put together into a new one: name it with `--out`")
    beside = throughput.read_all(benchmarks) if benchmarks else None
    if out is None:
        results = Results.load(folders[0])
        print(f"Report: {OutputFolder.prepare(folders[0], '').report(results, beside)}")
        return
    target = OutputFolder.prepare(out, "")
    target.refuse_ledger()
    runs = [Results.load(folder) for folder in folders]
    merged = merge(runs)
    target.save(merged.results)
    if merged.left_out:
        print(f"Left out: {merged.left_out} replicates that an earlier folder has as well")
    print(f"Report: {target.report(merged.results, beside)}")
