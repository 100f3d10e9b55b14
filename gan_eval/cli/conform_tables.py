"""What ``gan-eval conform`` prints: two tables, the answer, progress."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from gan_eval.cli.console import open_console, progress_bar
from gan_eval.investigations.conformance.distribution import MARGIN, DistributionAgreement
from gan_eval.investigations.conformance.run import Conformance
from gan_eval.investigations.conformance.stepwise import StageAgreement
from gan_eval.pages.numbers import probability
from gan_eval.runtime.progress import Progress


def print_conformance(found: Conformance) -> None:
    """What is left out, the two tables, and the answer."""
    console = open_console()
    for one in found.absent:
        why = "has no device here" if one.state == "installed" else f"is {one.state}: {one.remedy}"
        console.print(f"left out: {one.name} {why}", markup=False)
    if not found.pairs:
        console.print(
            f"Could not tell: {found.compared[0].name} is alone here, and one backend alone has "
            "nothing to agree with.",
            markup=False,
        )
        return
    seeds, threads = found.provenance["seeds"], found.provenance["threads"]
    console.print("Step by step, float64, from the same draws")
    console.print(_stages(found.stages))
    if seeds:
        console.print(f"In distribution, float32, seeds 0 to {seeds - 1}")
        console.print(_distributions(found.distributions))
    for message in dict.fromkeys(
        one.message for one in (*found.stages, *found.distributions) if one.message
    ):
        console.print(f"failed: {message}", markup=False)
    apart = [" and ".join(pair) for pair in found.pairs if not found.agree(pair)]
    many = len(found.pairs)
    levels = "at both levels" if seeds else "step by step; in distribution nothing was compared"
    answer = (
        f"Yes: {f'all {many} pairs agree' if many > 1 else 'the pair agrees'} {levels}."
        if found.kept
        else f"No: {len(apart)} of {many} pair{'s' if many > 1 else ''} not shown to agree: "
        f"{'; '.join(apart)}."
    )
    console.print(
        f"{answer} ({threads} thread{'s' if threads > 1 else ''} a training, "
        f"{found.provenance['seconds']:.0f} s)",
        markup=False,
    )


def _stages(stages: tuple[StageAgreement, ...]) -> Table:
    table = Table("backends", "stage", "largest difference", "of", "allowed", "seeds", "agree")
    for one in stages:
        quantity, largest = one.largest
        counted = f"{one.counted} of {one.seeds}" if one.counted < one.seeds else f"{one.seeds}"
        of = f"{quantity} (not told: {', '.join(one.untold)})" if one.untold else quantity
        table.add_row(
            *(f"{one.first} / {one.second}", one.stage),
            *(("failed", "") if one.message else (f"{largest:.1e}", of if largest else "")),
            *(f"{one.tolerance:.0e}", counted, "yes" if one.agree else "NO"),
        )
    return table


def _distributions(found: tuple[DistributionAgreement, ...]) -> Table:
    table = Table(
        *("backends", "pairs", "identical", "diverged", "median KL", "ratio (90 %)"),
        *(f"within {math.exp(MARGIN):g}", "p MMD", "p energy", "p diverged", "verdict"),
    )
    for one in found:
        name, m = f"{one.first} / {one.second}", one.medians
        if m is None:
            table.add_row(name, *["failed"] * 9, one.verdict)
            continue
        ratio, low, high = (math.exp(x) for x in (m.first - m.second, m.low, m.high))
        table.add_row(
            *(name, str(one.replicates), str(one.identical), "{} / {}".format(*one.diverged)),
            f"{math.exp(m.first):.4f} / {math.exp(m.second):.4f}",
            f"{ratio:.3f} ({low:.3f} … {high:.3f})",
            "yes" if m.equivalent else "not shown",
            *(probability(one.adjusted[test]) for test in ("mmd", "energy", "diverged")),
            one.verdict,
        )
    table.caption = "p-values after Holm's correction over all pairs and tests"
    return table


@contextmanager
def conform_progress() -> Iterator[Callable[[Progress], None]]:
    """An ``on_progress`` for ``conform`` that shows a bar where stderr is a terminal."""
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with progress_bar(*columns) as update:
        yield lambda stage: update(total=stage.planned, completed=stage.finished)
