"""``gan-eval run``: train, judge and report a whole study."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gan_eval.cli.options import (
    Threads,
    Workers,
)
from gan_eval.cli.status import Status
from gan_eval.runtime.errors import UsageError


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

    from gan_eval.cli import printing
    from gan_eval.report import write
    from gan_eval.runtime.machine import cores
    from gan_eval.runtime.pool import require as require_workers
    from gan_eval.runtime.threads import require
    from gan_eval.study.plan import ready
    from gan_eval.study.plan.study import Study
    from gan_eval.study.results.folder import REPORT, OutputFolder
    from gan_eval.study.run.execute import run as run_study

    require_workers(workers)
    if workers is not None and scheduler is not None:
        raise UsageError("`--scheduler` has workers of its own: it goes without `--workers`")
    require(threads)
    settings = Study.read(None if study is None else ready.find(study), assignments or [])
    if dry_run:
        from gan_eval.study.run.forecast import forecast

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
    print(f"Report: {write(results, folder.path / REPORT)}")
    return Status.YES
