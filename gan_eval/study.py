"""A study run on this machine: expanded to units of work, trained, judged, gathered.

Whatever stops it, what was finished is in the ``Results`` that it returns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from gan_eval import judge
from gan_eval.backends import Availability, backend, catalogue
from gan_eval.config import TrainingConfig
from gan_eval.drawing import ChapterDrawing
from gan_eval.environment import cores, environment, identity
from gan_eval.errors import UsageError
from gan_eval.plan import Study
from gan_eval.results import Results
from gan_eval.settings import nearest
from gan_eval.workers import Failure, Pool


@dataclass(frozen=True)
class Unit:
    """One call of a backend: some seeds of one cell."""

    label: str
    config: TrainingConfig
    backend: str
    device: str
    seeds: tuple[int, ...]
    timed: bool = False
    """Also draw as the chapter does, alone on the machine, so that both clocks are measured."""


@dataclass
class Progress:
    """What ``run`` tells its caller while it runs."""

    planned: int
    finished: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)

    def count(self, rows: pd.DataFrame) -> None:
        """Take in the rows of a unit that has ended."""
        self.finished += len(rows)
        for verdict in rows["verdict"]:
            self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1


Outcome = tuple[pd.DataFrame, pd.DataFrame]


def run(
    study: Study,
    *,
    workers: int | None = None,
    threads: int = 1,
    command: str = "",
    on_progress: Callable[[Progress], None] | None = None,
) -> Results:
    """Run a study on this machine and judge what it trained.

    Parameters
    ----------
    study : Study
    workers : int, optional
        Processes that train side by side; by default one for each ``threads`` cores. A script
        that calls this needs Python's usual ``if __name__ == "__main__":`` guard, unless
        ``workers`` is 1: then everything runs in this process.
    threads : int
        CPU threads that each process may use.
    command : str
        The command to print in the report as the way to reproduce it.
    on_progress : callable, optional
        Called when a unit of work has ended.

    Returns
    -------
    Results
        Sorted by configuration, backend, device and seed. After Ctrl-C, those of the units that
        were finished, with ``provenance["interrupted"]`` true.

    Raises
    ------
    UsageError
        Where a backend is unknown or missing, a device is not there, or nothing can be run.
    """
    workers = workers or max(1, cores() // threads)
    start = time.monotonic()
    deadline = None if study.time_budget is None else start + study.time_budget
    outcomes: list[Outcome] = []
    failures: list[dict[str, Any]] = []
    interrupted, machine, unavailable = False, None, []
    progress = Progress(0)
    with Pool(workers, threads) as pool:
        try:
            found, machine = pool.call(_survey)
            unavailable = _unavailable(study, found)
            units = plan(study, found)
            progress.planned = sum(len(unit.seeds) for unit in units)
            timed = [(train_unit, unit, study) for unit in units if unit.timed]
            rest = [(train_unit, unit, study) for unit in units if not unit.timed]
            for (_, unit, _), outcome in pool.run_all(timed, rest, deadline):
                if isinstance(outcome, Failure):
                    failures.append(_describe(unit, outcome))
                else:
                    outcomes.append(outcome)
                    progress.count(outcome[0])
                if on_progress is not None:
                    on_progress(progress)
        except KeyboardInterrupt:
            interrupted = True
            pool.kill()
    if failures and not outcomes:
        raise UsageError(f"nothing could be trained: {failures[0]['message']}")
    machine = machine or environment()
    rows, epochs = _gather(outcomes)
    for frame in (rows, epochs):
        frame["environment"] = identity(machine)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    configurations = [
        {"label": label, "hash": config.hash, "config": config.model_dump(mode="json")}
        for label, config in study.configurations().items()
    ]
    return Results(
        rows,
        epochs,
        {
            "study": study.model_dump(mode="json"),
            "configurations": configurations,
            "planned": progress.planned,
            "finished": progress.finished,
            "interrupted": interrupted,
            "failures": failures,
            "unavailable": unavailable,
            "seconds": round(time.monotonic() - start, 2),
            "workers": workers,
            "threads": threads,
            "command": command,
            "created": created,
            "environments": {identity(machine): machine},
        },
    )


def plan(study: Study, found: list[Availability]) -> list[Unit]:
    """The units of work of a study, given what is installed: timed ones first, then by seed.

    Raises ``UsageError`` where a backend is unknown, missing or broken, or lacks a device.
    """
    cells = list(_cells(study, found))
    timed = [
        Unit(label, config, name, device, (study.first_seed,), timed=True)
        for label, config, name, device, _ in cells
    ]
    rest = [
        (position, Unit(label, config, name, device, tuple(seeds[position : position + chunk])))
        for label, config, name, device, chunk in cells
        for seeds in (study.seeds(chunk),)
        for position in range(1, len(seeds), chunk)
    ]
    # By seed across cells, so that a budget of time cuts every cell at the same seed.
    return timed + [unit for _, unit in sorted(rest, key=lambda pair: pair[0])]


def _cells(
    study: Study, found: list[Availability]
) -> Iterator[tuple[str, TrainingConfig, str, str, int]]:
    by_name = {entry.name: entry for entry in found}
    names = study.backends or tuple(
        entry.name for entry in found if entry.state == "installed" and entry.default
    )
    if not names:
        raise UsageError("no backend is installed: `gan-eval backends` says how to install one")
    for name in names:
        if name not in by_name:
            raise UsageError(f"unknown backend {name!r}: {nearest(name, list(by_name))}")
        if by_name[name].state != "installed":
            raise UsageError(f"backend {name!r} is {by_name[name].state}: {by_name[name].remedy}")
        for device in study.devices or by_name[name].devices:
            if device not in by_name[name].devices:
                raise UsageError(
                    f"device {device!r} is not there: backend {name!r} sees "
                    f"{', '.join(by_name[name].devices)} on this machine"
                )
    for label, config in study.configurations().items():
        for name in names:
            for device in study.devices or by_name[name].devices:
                yield label, config, name, device, by_name[name].replicates_per_call


def _unavailable(study: Study, found: list[Availability]) -> list[dict[str, str]]:
    """The backends that a study of everything goes on without, and what each lacks."""
    if study.backends is not None:
        return []
    return [
        {"name": entry.name, "state": entry.state, "remedy": entry.remedy}
        for entry in found
        if entry.state != "installed"
    ]


def train_unit(unit: Unit, study: Study) -> Outcome:
    """Train and judge one unit: its rows and its epochs, labelled."""
    trainer = backend(unit.backend)
    drawing = None
    if unit.timed:
        # The first call of a framework pays for its start; the clocks are read on the second.
        warm = unit.config.model_copy(update={"epochs": 1})
        trainer.train(warm, unit.seeds, unit.device)
        drawing = ChapterDrawing(unit.config, unit.seeds[0])
    trained = trainer.train(unit.config, unit.seeds, unit.device, drawing)
    frames = (
        judge.judge(
            trained,
            margins=study.margins,
            n_evaluation=study.n_evaluation,
            permutations=study.permutations,
            tested=sum(seed < study.first_seed + study.tested for seed in unit.seeds),
        ),
        judge.epochs(trained),
    )
    for frame in frames:
        frame.insert(0, "configuration", unit.label)
    return frames


def _gather(outcomes: list[Outcome]) -> Outcome:
    if not outcomes:
        return pd.DataFrame(), pd.DataFrame()
    rows, epochs = (pd.concat(frames, ignore_index=True) for frames in zip(*outcomes, strict=True))
    order = ["configuration", "backend", "device", "seed"]
    return (
        rows.sort_values(order, ignore_index=True),
        epochs.sort_values([*order, "epoch"], ignore_index=True),
    )


def _describe(unit: Unit, failure: Failure) -> dict[str, Any]:
    return {
        "configuration": unit.label,
        "backend": unit.backend,
        "device": unit.device,
        "seeds": list(unit.seeds),
        "message": failure.message,
    }


def _survey() -> tuple[list[Availability], dict[str, Any]]:
    """What is installed here and what the machine is; imports frameworks, so a worker's task."""
    return catalogue(), environment()
