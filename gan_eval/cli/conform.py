"""``gan-eval conform``: ask whether the backends are the same experiment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli.app import (
    AsJson,
    Assignments,
    Config,
    Threads,
    Workers,
    command_line,
    names,
    option,
)
from gan_eval.cli.status import Status

if TYPE_CHECKING:
    from gan_eval.investigations.conformance.result import Conformance
    from gan_eval.investigations.conformance.stepwise import StageAgreement
    from gan_eval.judging.agreement import DistributionAgreement


def conform(
    backend: Annotated[
        str | None,
        option(
            "--backend A,B,…",
            "Names with commas between, as `pytorch,pytorch:batched`. A name stands for that "
            "form alone; a single name without a form for all its forms.",
            "every installed one, in all its forms",
        ),
    ] = None,
    replicates: Annotated[
        int,
        option(
            "--replicates N",
            "Replicates a backend of the comparison in distribution, at least 20; 0 leaves it out.",
        ),
    ] = 200,
    config: Config = None,
    assignments: Assignments = None,
    threads: Threads = 1,
    workers: Workers = None,
    as_json: AsJson = False,
) -> Status:
    """Ask whether the backends are the same experiment.

    Step by step in float64 from the same draws, and over many seeds in float32,
    in distribution. With `--config` or `--set` that configuration is compared,
    and not those that stand for all. It writes nothing.

    \b
    Exit status:
      0  Every pair of backends agrees.
      1  Some pair does not agree, or is not shown to.
      3  It could not tell: one backend alone has nothing to agree with.

    \b
    Example:
      gan-eval conform --backend pytorch,pytorch:batched --replicates 400
    """
    from gan_eval.cli.console import print_json, progress_bar
    from gan_eval.investigations.conformance import conform as compare_backends
    from gan_eval.training.config import TrainingConfig

    given = config is not None or assignments
    settings = TrainingConfig.read(config, assignments or []) if given else None
    with progress_bar("training") as show:
        found = compare_backends(
            names(backend),
            replicates=replicates,
            config=settings,
            threads=threads,
            workers=workers,
            command=command_line(),
            on_progress=show,
        )
    if as_json:
        print_json(found.document())
    else:
        _print(found)
    return Status.of(found.passed)


def _print(found: Conformance) -> None:
    """Print which backends are left out, the two tables, and the answer."""
    from gan_eval.cli.console import print_table, say
    from gan_eval.investigations.conformance import words
    from gan_eval.judging.agreement import KL, MARGIN

    for one in found.absent:
        remedy = one.told()["remedy"]
        why = "has no device here" if one.state == "installed" else f"is {one.state}: {remedy}"
        say(f"left out: {one.name} {why}")
    if not found.pairs:
        say(words.headline(found))
        return
    for name, stages in found.left_out.items():
        say(f"left out: {name} does not train the remedies of: {'; '.join(stages)}")
    replicates, threads = found.provenance["replicates"], found.provenance["threads"]
    print_table(
        ("backends", "stage", "largest difference", "of", "allowed", "seeds", "agree"),
        map(_stage, found.stages),
        "Step by step, float64, from the same draws",
    )
    if replicates:
        by = found.distributions[0].by if found.distributions else KL
        print_table(
            (
                *("backends", "pairs", "identical", "diverged", f"median {by}", "ratio (90 %)"),
                *(f"within {math.exp(MARGIN):g}", "p MMD", "p energy", "p diverged", "verdict"),
            ),
            map(_distribution, found.distributions),
            f"In distribution, float32, seeds 0 to {replicates - 1}; p-values after Holm's "
            "correction over all pairs and tests",
        )
    for message in dict.fromkeys(
        one.message for one in (*found.stages, *found.distributions) if one.message
    ):
        say(f"failed: {message}")
    say(
        f"{threads} thread{'s' if threads > 1 else ''} per training, "
        f"{found.provenance['seconds']:.0f} s.",
        words.headline(found),
    )


def _stage(one: StageAgreement) -> tuple[str, ...]:
    quantity, largest = one.largest
    counted = f"{one.counted} of {one.seeds}" if one.counted < one.seeds else f"{one.seeds}"
    of = f"{quantity} (not told: {', '.join(one.untold)})" if one.untold else quantity
    return (
        *(f"{one.first} / {one.second}", one.stage),
        *(("failed", "") if one.message else (f"{largest:.1e}", of if largest else "")),
        *(f"{one.tolerance:.0e}", counted, "yes" if one.passed else "NO"),
    )


def _distribution(one: DistributionAgreement) -> tuple[str, ...]:
    from gan_eval.pages.numbers import probability

    name, m = f"{one.first} / {one.second}", one.medians
    if m is None:
        return (name, *["failed"] * 9, one.verdict)
    ratio, low, high = (math.exp(x) for x in (m.first - m.second, m.low, m.high))
    return (
        *(name, str(one.replicates), str(one.identical), "{} / {}".format(*one.diverged)),
        f"{math.exp(m.first):.4f} / {math.exp(m.second):.4f}",
        f"{ratio:.3f} ({low:.3f} … {high:.3f})",
        "yes" if m.equivalent else "not shown",
        *(probability(one.adjusted[test]) for test in ("mmd", "energy", "diverged")),
        one.verdict,
    )
