"""A comparison of backends: trained side by side, compared pair by pair."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from gan_eval.investigations.conformance import stepwise, units
from gan_eval.investigations.conformance.result import Conformance
from gan_eval.investigations.conformance.stepwise import (
    STAGES,
    Stage,
    StageAgreement,
    stages_of,
)
from gan_eval.investigations.conformance.units import Unit
from gan_eval.judging import agreement
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.pool import Failure, Pool, Progress, map_units, side_by_side
from gan_eval.runtime.provenance import environment
from gan_eval.runtime.random import MAX_SEED
from gan_eval.training.backends import Availability, backend, backends
from gan_eval.training.backends.registry import availability, entries
from gan_eval.training.config import TrainingConfig
from gan_eval.training.remedies import refusal
from gan_eval.training.trained import TrainedGANs


def conform(
    names: Sequence[str] | None = None,
    *,
    replicates: int = agreement.SEEDS,
    threads: int = 1,
    workers: int | None = None,
    stages: Sequence[Stage] | None = None,
    config: TrainingConfig | None = None,
    command: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Conformance:
    """Compare backends step by step and in agreement.

    Parameters
    ----------
    names : sequence of str, optional
        As ``"name"`` or ``"name:form"``; a single name without a form stands for all its forms.
        By default all installed backends in all their forms.
    replicates : int
        Per backend, of the comparison in distribution, at least 20: seeds 0, 1, …; or 0,
        which leaves it out.
    threads : int
        CPU threads of one training.
    workers : int, optional
        Processes side by side, by default as many as the cores hold with these threads. A script
        that calls this needs Python's usual ``if __name__ == "__main__":`` guard, unless it is 1:
        then everything runs in this process.
    stages : sequence of Stage, optional
        Those of the comparison step by step; by default those of the configuration, or
        ``STAGES`` where none is given.
    config : TrainingConfig, optional
        What is compared in distribution; by default the chapter's configuration. A backend that
        does not train one that is given is left out, or refused where it was named.
    command : str, optional
        The command to store as the way to reproduce it.
    on_progress : callable, optional
        Called when a call of a backend has ended; its units are trainings, one for each seed.

    Raises
    ------
    UsageError
        For a backend that was named and cannot be used, and for numbers out of range.
    """
    if replicates and not agreement.FEWEST <= replicates <= MAX_SEED:
        raise UsageError(
            f"`replicates` must be at least {agreement.FEWEST}, or 0 to compare step by step "
            f"only, got {replicates}"
        )
    workers = side_by_side(workers, threads)
    if stages is None:
        stages = STAGES if config is None else stages_of(config)
    config = config or TrainingConfig()
    start = time.monotonic()
    with Pool(workers, threads) as pool:
        found, machine = pool.call(_survey, None if names is None else list(names))
        untrained = {one.name: kept for one in found if (kept := _lacking(one, config))}
        for name in set(names or ()) & untrained.keys():
            raise UsageError(f"backend {name!r} {refusal(untrained[name])}")
        compared = tuple(one for one in found if usable(one) and one.name not in untrained)
        progress = Progress(on_progress)
        counted, outcomes = _train(pool, compared, stages, config, replicates, progress)
    if not compared:
        raise UsageError("no backend is installed: `gan-eval backends` says how to install one")
    return Conformance(
        compared,
        tuple(one for one in found if not usable(one)),
        tuple(_stepwise(compared, stages, counted, outcomes)),
        agreement.compare_all(units.laws(compared, outcomes)) if outcomes and replicates else (),
        {
            "command": command,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - start, 1),
            "replicates": replicates,
            "threads": threads,
            "workers": workers,
            "environment": machine,
        },
        dict.fromkeys(untrained, ("the configuration",))
        | {
            one.name: lacking
            for one in compared
            if (lacking := tuple(s.name for s in stages if not s.trained_by(one)))
        },
    )


def _lacking(one: Availability, config: TrainingConfig) -> list[str]:
    """List the settings of a configuration that a backend which is there does not train."""
    return [f"`{name}`" for name in one.lacks if usable(one) and name in config.remedies]


def _survey(names: list[str] | None) -> tuple[list[Availability], dict[str, Any]]:
    """Find the backends to compare and the machine; a worker's task, as it imports frameworks."""
    return participants(names), environment()


def _train(
    pool: Pool,
    compared: Sequence[Availability],
    stages: Sequence[Stage],
    config: TrainingConfig,
    replicates: int,
    progress: Progress,
) -> tuple[dict[str, tuple[int, ...]], units.Found]:
    """Train all there is to compare: the seeds of each stage that count, and all outcomes.

    Chaos is measured first, so that no other backend trains a seed that does not count.
    """
    counted = {stage.name: stage.seeds for stage in stages}
    if len(compared) < 2:
        return counted, {}

    def work(now: Sequence[Unit], later: int = 0) -> units.Found:
        tasks = {unit: (units.train, unit) for unit in now}
        return map_units(pool, tasks, progress, weigh=lambda unit: len(unit.seeds), later=later)

    laws = units.in_distribution(compared, config, replicates)
    likely = units.step_by_step(compared, stages, counted) + laws
    later = sum(len(unit.seeds) for unit in likely)
    found = work(units.measuring_chaos(compared[0], stages), later)
    counted = units.counted_seeds(compared[0], stages, found)
    return counted, found | work(units.step_by_step(compared, stages, counted) + laws)


def _stepwise(
    compared: Sequence[Availability],
    stages: Sequence[Stage],
    counted: Mapping[str, tuple[int, ...]],
    found: units.Found,
) -> list[StageAgreement]:
    """Compare pair by pair, at each stage whose remedies both train."""
    return [
        _compared(stage, (pair[0].name, pair[1].name), counted[stage.name], found)
        for pair in itertools.combinations(compared, 2)
        for stage in (stages if found else ())
        if all(stage.trained_by(one) for one in pair)
    ]


def _compared(
    stage: Stage, names: tuple[str, str], counted: tuple[int, ...], found: units.Found
) -> StageAgreement:
    runs = [units.joined(found, stage, name) for name in names]
    for name, run in zip(names, runs, strict=True):
        if isinstance(run, Failure):
            return StageAgreement(stage.name, *names, message=f"{name}: {run.message}")
    if not counted:
        message = f"{stage.name}: no seed counts, a perturbation outgrows the tolerance in each"
        return StageAgreement(stage.name, *names, seeds=len(stage.seeds), message=message)
    first, second = (
        run.take(np.isin(run.seeds, counted)) for run in runs if isinstance(run, TrainedGANs)
    )
    return stepwise.compare(stage, names, first, second)


def participants(names: Sequence[str] | None) -> list[Availability]:
    """List what is known of the backends to compare; imports their frameworks.

    Without names, every registered backend in all its forms, also what is missing or broken. A
    name stands for that form alone; a single one without a form for all its forms, because one
    alone has nothing to agree with.

    Raises
    ------
    UsageError
        For a name that is unknown, missing, broken, doubled, or without a device here.
    """
    if names is None:
        return list(backends())
    if not names or len(set(names)) < len(names):
        raise UsageError(
            f"`backend` must name at least one backend, each once, got {','.join(names)!r}"
        )
    found: list[Availability] = []
    for name in names:
        try:
            backend(name)
        except UsageError as error:
            # Of the plain class: other errors may not survive the way between processes.
            raise UsageError(str(error)) from None
        forms = availability(entries()[name.partition(":")[0]])
        (named,) = (form for form in forms if form.name == name)
        if not usable(named):
            raise UsageError(f"backend {name!r} has no device on this machine")
        found += forms if len(names) == 1 and ":" not in name else [named]
    return found


def usable(one: Availability) -> bool:
    """Tell whether it can train here: a form for GPUs is installed also where there is none."""
    return one.state == "installed" and bool(one.devices)
