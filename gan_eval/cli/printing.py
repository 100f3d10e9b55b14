"""What the commands print of replicates, runs and what is installed; progress on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from gan_eval.cli.console import open_console, print_table, progress_bar, word
from gan_eval.judging.acceptance import Answer
from gan_eval.judging.summary import quantile, summarise
from gan_eval.runtime.text import printable
from gan_eval.study.results.results import Results
from gan_eval.training.backends import Availability

if TYPE_CHECKING:  # they import what draws and what trains, which takes a second
    from gan_eval.report.verify import Verification
    from gan_eval.study.run.execute import Progress as StudyProgress
    from gan_eval.study.run.forecast import Forecast
    from gan_eval.training.trained import TrainedGANs

_ANSWERS = {True: "PASS", False: "FAIL", None: "COULD NOT TELL"}
SHOWN = 40
"""Replicates listed one by one; above it the medians stand for all."""


def print_training(trained: TrainedGANs, rows: pd.DataFrame) -> None:
    """The chapter's line, the learned moments beside the truth, and the verdict."""
    console = open_console()
    many = len(rows) > 1
    speed = float(np.median(trained.examples_per_second))
    label = f" (medians of {len(rows)} replicates)" if many else ""
    console.print(
        f"loss_D {rows['loss_D'].median():.3f}, loss_G {rows['loss_G'].median():.3f}, "
        f"{speed:.1f} examples/sec{label}"
    )
    drawn = trained.chapter_examples_per_second[0]
    if np.isfinite(drawn):
        console.print(f"by the chapter's clock, drawing included: {drawn:.1f} examples/sec")
    print_table(console, _moments(trained, rows))
    if many and len(rows) <= SHOWN:
        print_table(console, _replicates(rows))
    _print_verdicts(console, rows)


def print_run(results: Results, folder: Path) -> None:
    """The summary of a study, a line for what did not go as planned, and where the rows are."""
    console = open_console()
    facts = results.provenance
    if len(results.rows):
        labels = [entry["label"] for entry in facts.get("configurations", ())]
        print_table(console, _summary(results.rows, labels))
    failures = facts["failures"]
    for failure in failures[:SHOWN]:
        console.print(
            printable(
                f"failed: {failure['configuration']} on {failure['backend']}/{failure['device']}, "
                f"seed {failure['seeds'][0]}: {failure['message']}"
            ),
            markup=False,
        )
    lost = sum(len(failure["seeds"]) for failure in failures)
    if failures:
        console.print(f"{lost:,} of {facts['planned']:,} replicates could not be trained.")
    for entry in facts.get("unavailable", ()):
        console.print(
            f"not there: {entry['name']} ({entry['state']}): {entry['remedy']}", markup=False
        )
    short = facts["planned"] - facts["finished"] - lost
    if facts["interrupted"] and not len(results.rows):
        console.print("Interrupted: no replicate had finished.")
    elif facts["interrupted"]:
        console.print(
            f"Interrupted: {facts['finished']} of {facts['planned']} replicates kept in {folder}; "
            f"the same command goes on from there, `gan-eval report {folder}` builds their report.",
            markup=False,
        )
    elif short > 0:
        console.print(
            f"{facts['finished']} of {facts['planned']} replicates were trained within the time "
            f"budget of {facts['study']['time_budget']:g} s; the same command goes on from there."
        )
    if len(results.rows):
        if facts.get("reused"):
            console.print(f"Reused: {facts['reused']:,} replicates that the ledger had already")
        threads = facts["threads"]
        console.print(
            f"Done:   by {facts['workers']} worker{'s' if facts['workers'] > 1 else ''} with "
            f"{threads} thread{'s' if threads > 1 else ''} each"
        )
        console.print(f"Rows:   {folder}", markup=False, soft_wrap=True)
        if results.thinned is not None:
            console.print(f"Thinned: {results.thinned}", markup=False, soft_wrap=True)


def print_check(rows: pd.DataFrame, answer: Answer) -> None:
    """Each verdict (up to a number), then the answer in one line."""
    console, demand = open_console(), answer.demand
    if len(rows) <= SHOWN:
        print_table(console, _replicates(rows))
    bound = (
        ""
        if demand.confidence is None
        else f", at least {_percent(answer.share_low)} with {100 * demand.confidence:g}% confidence"
    )
    console.print(
        f"{_ANSWERS[answer.passed]}: {answer.converged} of {answer.replicates} "
        f"replicates ({_percent(answer.share)}{bound}) have KL(q‖p) ≤ {demand.margin:g} nats; "
        f"{_percent(demand.share)} were asked for."
    )
    if answer.passed is None:
        console.print(
            f"{answer.replicates} replicates are too few: of all seeds the share may also be "
            f"{_percent(answer.share_high)}, with the same confidence."
        )


def print_verification(found: Verification) -> bool:
    """What of a report does not stand, or that all of it does; returns which."""
    from gan_eval import __version__
    from gan_eval.pages.numbers import plural

    console = open_console()
    for mismatch in found.mismatches[:SHOWN]:
        console.print(str(mismatch), markup=False, soft_wrap=True)
    count = len(found.mismatches)
    recomputed = f"{found.numbers:,} numbers recomputed"
    if found.figures and not found.undrawn:
        recomputed += f" and {plural(found.figures, 'figure')} redrawn"
    if not count:
        console.print(f"{recomputed}, all stand: the page is what its data give")
        if found.undrawn:
            console.print(
                f"{plural(found.figures, 'figure')}, with captions and CSV, held against checksums "
                f"only: {found.undrawn}",
                markup=False,
                soft_wrap=True,
            )
        return True
    if count > SHOWN:
        console.print(f"and {count - SHOWN:,} more")
    said = f"{count:,} {'does' if count == 1 else 'do'} not stand"
    console.print(f"{recomputed}, {said}")
    if found.version != __version__:
        console.print(
            f"The page was written by gan-eval {found.version}, this is {__version__}, "
            "which may word things otherwise",
            markup=False,
        )
    return False


def print_backends(found: list[Availability]) -> None:
    """What is installed, on which devices, and the command that installs what is missing."""
    table = Table("backend", "state", "devices", "framework", "to install, or what it said")
    for entry in found:
        facts = (entry.name, entry.state, ", ".join(entry.devices), entry.version, entry.remedy)
        table.add_row(*map(word, facts))
    print_table(open_console(), table)


def print_forecast(found: Forecast) -> None:
    """What would run, a line a cell, and for how long."""
    console = open_console()
    table = Table(
        *("configuration", "backend", "device", "replicates", "units", "seconds alone"),
        "of these timed and drawn",
    )
    for cell in found.cells:
        table.add_row(
            *(word(name) for name in (cell.configuration, cell.backend, cell.device)),
            *(f"{number:,}" for number in (cell.replicates, cell.units)),
            f"{cell.seconds:,.1f}" + ("" if cell.measured else " (scaled)"),
            f"{cell.alone:,.1f}" if cell.alone else "–",
        )
    print_table(console, table)
    workers = f"{found.workers} worker{'s' if found.workers > 1 else ''}"
    if found.axes:
        configurations = len({cell.configuration for cell in found.cells})
        axes = printable(" × ".join(found.axes))
        console.print(f"Axes: {axes} = {configurations:,} configurations", markup=False)
    console.print(
        f"Would run: {len(found.cells):,} cell{'s' if len(found.cells) > 1 else ''}, "
        f"{found.units:,} units of work, {found.replicates:,} replicates"
    )
    console.print(
        f"Would take: about {found.seconds:,.0f} s with {workers} to train and judge, by trainings "
        f"of one epoch that were measured here in {found.measuring:.0f} s; starting and the report "
        "come on top"
    )
    if found.time_budget is not None and found.seconds > found.time_budget:
        console.print(
            f"The time budget is {found.time_budget:g} s, after which nothing more is started: "
            "fewer would be trained"
        )
    console.print("Nothing was written.")


def print_studies(questions: dict[str, str]) -> None:
    """The ready studies, each with its question."""
    table = Table("study", "question")
    for name, question in questions.items():
        table.add_row(name, question)
    print_table(open_console(), table)


@contextmanager
def study_progress() -> Iterator[Callable[[StudyProgress], None]]:
    """An ``on_progress`` for ``study.run`` that shows a bar where stderr is a terminal."""
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with progress_bar(*columns) as update:

        def show(progress: StudyProgress) -> None:
            seen = ", ".join(f"{n} {verdict}" for verdict, n in progress.verdicts.items())
            update(total=progress.planned, completed=progress.finished, description=seen)

        yield show


def _moments(trained: TrainedGANs, rows: pd.DataFrame) -> Table:
    """b and AᵀA beside what was learned: the value, or the median over replicates."""
    truth = trained.config.truth
    many = len(rows) > 1
    table = Table("", "truth", "learned (median)" if many else "learned", "error")
    for name, target in (("mean", truth.mean), ("covariance", truth.covariance)):
        for index in np.ndindex(target.shape):
            if list(index) != sorted(index):
                continue
            entry = "_".join(str(i + 1) for i in index)
            learned = rows[f"{name}_{entry}"].median()
            table.add_row(
                f"{name} {entry.replace('_', ',')}",
                f"{target[index]:.4f}",
                f"{learned:.4f}",
                f"{learned - target[index]:+.4f}",
            )
    return table


def _replicates(rows: pd.DataFrame) -> Table:
    table = Table("seed", "loss_D", "loss_G", "KL(q‖p) nats", "worth samples", "verdict")
    for _, row in rows.iterrows():
        table.add_row(
            str(row["seed"]),
            f"{row['loss_D']:.3f}",
            f"{row['loss_G']:.3f}",
            f"{row['kl']:.4f}",
            f"{row['effective_sample_size']:.1f}",
            str(row["verdict"]),
        )
    return table


def _print_verdicts(console: Console, rows: pd.DataFrame) -> None:
    margin, near = rows["margin"].iloc[0], rows["near_margin"].iloc[0]
    counts = rows["verdict"].value_counts()
    verdict = (
        str(rows["verdict"].iloc[0])
        if len(rows) == 1
        else ", ".join(f"{n} {name}" for name, n in counts.items())
    )
    kl, worth = quantile(rows["kl"], 0.5), quantile(rows["effective_sample_size"], 0.5)
    share = quantile(rows["efficiency"], 0.5)
    console.print(f"KL(q‖p) {kl:.4f} nats (q the learned law, p the truth)")
    console.print(f"worth {worth:.1f} real samples, {share:.2%} of those it saw")
    console.print(f"verdict: {verdict} (converged ≤ {margin:g} nats, near ≤ {near:g} nats)")


def _summary(rows: pd.DataFrame, labels: list[str]) -> Table:
    """A line a cell, by configuration in the order of the labels."""
    table = Table(
        *("configuration", "backend", "device", "replicates", "converged", "near", "failed"),
        *("diverged", "median KL (95 %)", "worth samples (95 %)", "examples/sec"),
    )
    cells = summarise(rows)
    places = {label: place for place, label in enumerate(labels)}
    order = cells["configuration"].map(places).fillna(len(places)).argsort(kind="stable")
    for _, cell in cells.iloc[order].iterrows():
        table.add_row(
            *(word(cell[name]) for name in ("configuration", "backend", "device")),
            str(cell["replicates"]),
            *(str(cell[name]) for name in ("converged", "near", "failed", "diverged")),
            _with_interval(cell, "kl", 3),
            _with_interval(cell, "effective_sample_size", 1),
            f"{cell['examples_per_second']:,.0f}",
        )
    return table


def _with_interval(cell: pd.Series, name: str, digits: int) -> str:
    """A median with its interval, which needs 6 replicates at 95 %."""
    low, high = cell[f"{name}_low"], cell[f"{name}_high"]
    if low == -np.inf:
        return f"{cell[name]:.{digits}f}"
    return f"{cell[name]:.{digits}f} ({low:.{digits}f} … {high:.{digits}f})"


def _percent(share: float) -> str:
    """``33.3%``; 0.0% and 100.0% for none and for all only."""
    text = f"{share:.1%}"
    if text == "100.0%" and share < 1:
        return "more than 99.9%"
    return "less than 0.1%" if text == "0.0%" and share > 0 else text
