"""``gan-eval run``: train, judge and report a whole study."""

from __future__ import annotations

import math
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli.app import Language, Threads, Workers, argument, command_line, option
from gan_eval.cli.status import Status

if TYPE_CHECKING:
    import pandas as pd

    from gan_eval.runtime.pool import Progress
    from gan_eval.study.results.results import Results
    from gan_eval.study.run.forecast import Forecast


def run(
    study: Annotated[
        Path | None,
        argument(
            "STUDY.toml",
            "The study as TOML; or, where there is no such file, a name that `gan-eval studies`"
            " lists; the main job if none.",
        ),
    ] = None,
    out: Annotated[
        Path | None, option("--out DIR", "Where results go.", "`reports/<name>`")
    ] = None,
    assignments: Annotated[
        list[str] | None,
        option(
            "--set KEY=VALUE",
            "Set one key of the study, as `replicates=8` or `config.epochs=40`. May be given "
            "many times.",
        ),
    ] = None,
    workers: Workers = None,
    threads: Threads = 1,
    scheduler: Annotated[
        str | None,
        option(
            "--scheduler ADDRESS",
            "Train on the workers of the Dask scheduler at this address, as `tcp://host:8786`, "
            "and not on this machine. Goes without `--workers`.",
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        option(
            "--timeout-per-replicate SECONDS",
            "End a fit of a generator from outside that takes longer; its row says so, and the "
            "study goes on.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, option("--dry-run", "Print what would run and for how long, and write nothing.")
    ] = False,
    fresh: Annotated[
        bool,
        option(
            "--fresh",
            "Begin anew. What earlier runs left in the folder is moved into a folder "
            "`earlier-1` of it, `earlier-2` the next time.",
        ),
    ] = False,
    language: Language = "en",
) -> Status:
    """Run a study, or the main job, and write its HTML report.

    What was finished before, by this command or by another study in the same folder, is not
    trained again.

    \b
    Exit status:
      0  Done, with rows. Some units of work may have failed, which a line
         counts, or the time budget may have cut it short.

    \b
    Example:
      gan-eval run --set replicates=100 --set time_budget=300 --out reports/100
    """
    from gan_eval.cli.console import progress_bar, say
    from gan_eval.pages.language import speaking
    from gan_eval.report.run import run as run_study
    from gan_eval.report.sentence import sentence
    from gan_eval.study.plan import ready
    from gan_eval.study.plan.study import Study
    from gan_eval.study.results.results import REPORT, default_folder

    with speaking(language):
        given = list(assignments or ())
        given += [] if timeout is None else [f"timeout_per_replicate={timeout!r}"]
        settings = Study.read(None if study is None else ready.find(study), given)
        if dry_run:
            from gan_eval.study.run.forecast import forecast

            _print_forecast(forecast(settings, workers, threads))
            return Status.YES
        folder = out or default_folder(settings.name)
        apart: AbstractContextManager[None] = nullcontext()
        if settings.generator is not None:
            from gan_eval.judging.generators.rows import fit_apart

            apart = fit_apart()
        with apart, progress_bar("training", doing=_verdicts) as show:
            results = run_study(
                settings,
                folder=folder,
                workers=workers,
                threads=threads,
                scheduler=scheduler,
                fresh=fresh,
                command=command_line(),
                on_progress=show,
                on_note=lambda sentence: print(f"gan-eval: {sentence}", file=sys.stderr),
            )
        _print(results, folder)
        if results.provenance["interrupted"]:
            return Status.INTERRUPTED
        print(f"Report: {folder / REPORT}")
        say(sentence(results))
        return Status.YES


def _verdicts(progress: Progress) -> str:
    return ", ".join(f"{n} {verdict}" for verdict, n in progress.verdicts.items())


def _print(results: Results, folder: Path) -> None:
    """Print a study's summary, what did not go as planned, and where the rows are."""
    from gan_eval.cli.console import say
    from gan_eval.cli.tables import SHOWN, print_entrants
    from gan_eval.pages.numbers import plural
    from gan_eval.report.cells import is_outside
    from gan_eval.runtime.arguments import printable
    from gan_eval.study.results.results import MOST_ROWS
    from gan_eval.training.backends.registry import absence

    facts, many = results.provenance, len(results.rows)
    if many and is_outside(facts):
        print_entrants(results)
    elif many:
        _print_summary(results.rows, [one["label"] for one in facts.get("configurations", ())])
    failures = facts["failures"]
    lost = sum(len(failure["seeds"]) for failure in failures)
    for failure in failures[:SHOWN]:
        where = f"{failure['configuration']} on {failure['backend']}/{failure['device']}"
        say(f"failed: {where}, seed {failure['seeds'][0]}: {failure['message']}")
    if failures:
        say(f"{lost:,} of {facts['planned']:,} replicates could not be trained.")
    for entry in facts.get("unavailable", ()):
        say(absence(entry["name"], entry["state"], entry["remedy"]))
    trained = f"{facts['finished']} of {facts['planned']} replicates"
    if facts["interrupted"] and not many:
        say("Interrupted: no replicate had finished.")
    elif facts["interrupted"]:
        say(
            f"Interrupted: {trained} kept in {folder}; the same command goes on from there, "
            f"`gan-eval report {folder}` builds their report."
        )
    elif facts["planned"] > facts["finished"] + lost:
        say(
            f"{trained} were trained within the time budget of "
            f"{facts['study']['time_budget']:g} s; the same command goes on from there."
        )
    if many and facts.get("reused"):
        say(f"Reused: {facts['reused']:,} replicates that the ledger had already")
    if many:
        workers, threads = plural(facts["workers"], "worker"), plural(facts["threads"], "thread")
        print(f"Done:   by {workers} with {threads} each")  # `say` would close up the columns
        print(f"Rows:   {printable(str(folder))}")
    if many > MOST_ROWS:
        command = f"gan-eval export {printable(str(folder))}"
        print(
            f"CSV:    {many:,} rows are in the ledger only; `{command}` writes them "
            "as CSV or Parquet"
        )


def _print_forecast(found: Forecast) -> None:
    """Print the cells that would run, and for how long."""
    from gan_eval.cli.console import print_table, say
    from gan_eval.pages.numbers import plural

    head = ("configuration", "backend", "device", "replicates", "units", "seconds alone")
    print_table(
        (*head, "of these timed and drawn"),
        (
            (
                *(cell.configuration, cell.backend, cell.device),
                *(f"{number:,}" for number in (cell.replicates, cell.units)),
                f"{cell.seconds:,.1f}" + ("" if cell.measured else " (scaled)"),
                f"{cell.alone:,.1f}" if cell.alone else "–",
            )
            for cell in found.cells
        ),
    )
    if found.axes:
        configurations = len({cell.configuration for cell in found.cells})
        say(f"Axes: {' × '.join(found.axes)} = {configurations:,} configurations")
    say(
        f"Would run: {plural(len(found.cells), 'cell')}, {found.units:,} units of work, "
        f"{found.replicates:,} replicates",
        f"Would take: about {found.seconds:,.0f} s with {plural(found.workers, 'worker')} to train "
        f"and judge, by {found.measured_by} measured here in {found.measuring:.0f} s; starting and "
        "the report come on top",
    )
    if found.time_budget is not None and found.seconds > found.time_budget:
        say(
            f"The time budget is {found.time_budget:g} s, after which nothing more is started: "
            "fewer would be trained"
        )
    say(f"Nothing was written; the study would take about {found.seconds:,.0f} s here.")


def _print_summary(rows: pd.DataFrame, labels: list[str]) -> None:
    """Print a line per cell, by configuration in the order of the labels."""
    from gan_eval.cli.console import print_table
    from gan_eval.judging.summary import summarise

    cells = summarise(rows)
    places = {label: place for place, label in enumerate(labels)}
    order = cells["configuration"].map(places).fillna(len(places)).argsort(kind="stable")
    counts = ["replicates", "converged", "near", "failed", "diverged"]
    measures = {"median KL (95 %)": ("kl", 3), "worth samples (95 %)": ("worth_kl", 1)}
    if "could_not_tell" in cells:  # some have no closed form
        counts.append("could_not_tell")
        if cells["computed"].notna().all():  # KL is hundreds of nats there, or infinite
            measures = {"total variation (95 %)": ("total_variation", 3)}
        else:
            del measures["worth samples (95 %)"]
        measures |= {"worth by energy (95 %)": ("worth_energy", 1)}
        if cells["modes_found_mean"].notna().any():
            measures |= {"modes found (95 %)": ("modes_found_mean", 1)}
    print_table(
        (
            *("configuration", "backend", "device"),
            *(name.replace("_", " ") for name in counts),
            *measures,
            "examples/sec",
        ),
        (
            (
                *(str(cell[name]) for name in ("configuration", "backend", "device", *counts)),
                *(_with_interval(cell, *which) for which in measures.values()),
                f"{cell['examples_per_second']:,.0f}",
            )
            for _, cell in cells.iloc[order].iterrows()
        ),
    )


def _with_interval(cell: pd.Series, name: str, digits: int) -> str:
    """Write a number with its interval, which needs 6 replicates at 95 % where it is a median's."""
    low, high = (cell.get(f"{name}_{end}", math.nan) for end in ("low", "high"))
    if math.isnan(cell[name]):
        return "–"
    if low == -math.inf or math.isnan(low):
        return f"{cell[name]:.{digits}f}"
    return f"{cell[name]:.{digits}f} ({low:.{digits}f} … {high:.{digits}f})"
