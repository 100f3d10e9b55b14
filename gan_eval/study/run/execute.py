"""A study run: what its ledger lacks is trained, judged and stored, and all of it is gathered.

Whatever stops it, what was finished is in the ledger, and running it again goes on from there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.judging import judge
from gan_eval.judging.computed_columns import served
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.pool import Failure, Pool, Progress, side_by_side
from gan_eval.runtime.provenance import environment, identity
from gan_eval.study.ledger.blocks import PackedUnit
from gan_eval.study.ledger.ledger import Ledger
from gan_eval.study.plan import units
from gan_eval.study.plan.study import Study
from gan_eval.study.plan.units import Cell, Place, ReplicateQuery, Unit
from gan_eval.study.results.results import Results, with_axes
from gan_eval.study.run.dask_cluster import Cluster, Tasks
from gan_eval.training.backends import Availability, backend
from gan_eval.training.backends.registry import named
from gan_eval.training.drawing import ChapterDrawing
from gan_eval.training.generators import loading
from gan_eval.training.generators.settings import FitConfig


def run(
    study: Study,
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    threads: int = 1,
    scheduler: str | None = None,
    command: str = "",
    on_begin: Callable[[], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Results:
    """Run a study, here or on the workers of a Dask scheduler, and judge what it trained.

    Parameters
    ----------
    study : Study
    store : path, optional
        The ledger's file; made where there is none. What it holds of this study is not trained
        again. Several processes may run studies with one ledger. In memory where none is named.
    workers : int, optional
        Processes that train side by side; by default one for each ``threads`` cores. A script
        that calls this needs Python's usual ``if __name__ == "__main__":`` guard, unless
        ``workers`` is 1: then everything runs in this process.
    threads : int
        CPU threads that each process may use.
    scheduler : str, optional
        The address of a Dask scheduler, as ``"tcp://host:8786"``: its workers train, and this
        process alone writes the ledger. Takes the place of ``workers``.
    command : str
        The command to print in the report as the way to reproduce it.
    on_begin : callable, optional
        Called when it is known what there is to do, before the ledger is opened.
    on_progress : callable, optional
        Called when a unit of work has ended.

    Returns
    -------
    Results
        Sorted by configuration, backend, device and seed: what the ledger now holds of this study.
        After Ctrl-C with ``provenance["interrupted"]`` true.

    Raises
    ------
    UsageError
        Where a backend is unknown or missing, a device is not there, nothing can be run, the
        ledger cannot be used, or a scheduler or its workers are not there, are lost, or have other
        code. What was finished is stored.
    """
    if scheduler is not None and workers is not None:
        raise UsageError("`scheduler` has workers of its own: it goes without `workers`")
    number = side_by_side(workers, threads)
    if (why := _stays_here(study)) is not None:
        if scheduler is not None:
            raise UsageError(f"{why}: other machines cannot import it")
        number = 1
    told = {
        "in_this_process": why or "",
        "notes": _notes(study),
        "workers": number,
        "threads": threads,
        "command": command,
    }
    with Processes(number, threads) if scheduler is None else Cluster(scheduler, threads) as pool:
        path = None if store is None else Path(store)
        return _Run(study, path, told, Progress(on_progress)).results(pool, on_begin)


def finish_unit(unit: Unit, study: Study) -> PackedUnit:
    """Train and judge one unit, and pack what the ledger stores of it."""
    return PackedUnit.of(*train_unit(unit, study))


def train_unit(unit: Unit, study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and judge one unit: its rows, and the epochs of those of its seeds that are traced."""
    tested, traced, computed = (
        sum(seed < study.first_seed + count for seed in unit.seeds)
        for count in (study.tested, study.traced, study.computed)
    )
    if isinstance(unit.config, FitConfig):
        from gan_eval.judging.generators.rows import judge_fits  # with the tests

        rows, epochs = judge_fits(
            unit.config,
            unit.backend,
            unit.seeds,
            margins=study.margins,
            n_evaluation=study.n_evaluation,
            permutations=study.permutations,
            tests=study.tests,
            tested=tested,
            shown=unit.seeds[0] == study.first_seed,
            seconds=study.timeout_per_replicate,
        )
        return rows, epochs[epochs["seed"].isin(unit.seeds[:traced])]
    trainer = backend(unit.backend)
    drawing = None
    if unit.timed:
        # The first call of a framework pays for its start; the clocks are read on the second.
        warm = unit.config.model_copy(update={"epochs": 1})
        trainer.train(warm, unit.seeds, unit.device)
        drawing = ChapterDrawing(unit.config, unit.seeds[0])
    trained = trainer.train(unit.config, unit.seeds, unit.device, drawing)
    rows = judge.judge(
        trained,
        margins=study.margins,
        n_evaluation=study.n_evaluation,
        permutations=study.permutations,
        tests=study.tests,
        tested=tested,
        computed=computed,
    )
    return rows, judge.epochs(trained.take(slice(traced))) if traced else pd.DataFrame()


class Processes(Pool):
    """A pool of processes that trains a study's units."""

    def survey(
        self, survey: Callable[..., Any], names: Sequence[str] | None, devices: Sequence[str]
    ) -> Any:
        """Ask one process for the installed backends and the machine."""
        try:
            return self.call(survey, names)
        except BrokenProcessPool:  # the first process: a script that lacks the guard ends here
            raise UsageError(
                "no worker process could be started: a script must make this call under "
                '`if __name__ == "__main__":`, or with `workers=1`'
            ) from None

    def train(
        self, tasks: Tasks, alone: Sequence[Unit], rest: Sequence[Unit], **_: Any
    ) -> Iterator[tuple[Unit, Any]]:
        """Train units; yield each with its ``PackedUnit``, or a ``Failure``, when it has ended.

        ``alone`` are trained one at a time, before the others.
        """
        for (_, unit, _), outcome in self.run_all(tasks(rest), alone=tasks(alone)):
            yield unit, outcome


class _Run:
    """A run of a study, from what is installed to results."""

    def __init__(self, study: Study, path: Path | None, told: dict[str, Any], progress: Progress):
        self.study, self.path, self.told, self.progress = study, path, told, progress
        self.began = time.monotonic()
        self.deadline = math.inf if study.time_budget is None else self.began + study.time_budget
        self.failures: list[dict[str, Any]] = []
        self.unavailable: list[dict[str, Any]] = []
        self.parts: dict[Place, list[ReplicateQuery]] = {}
        self.environment = ""
        self.noted: set[str] = set()
        self.reused = 0

    def results(self, pool: Processes | Cluster, on_begin: Callable[[], None] | None) -> Results:
        interrupted, ledger = False, None
        with ExitStack() as opened:
            try:
                # A generator from outside is trained by no backend.
                names = self.study.backends if self.study.generator is None else ("pytorch",)
                found, machine = pool.survey(_survey, names, self.study.devices or ())
                self.told["workers"] = pool.workers
                self.unavailable = units.unavailable(self.study, found)
                planned = sorted(units.cells(self.study, found), key=lambda cell: cell.place)
                if on_begin is not None:
                    on_begin()
                ledger = opened.enter_context(Ledger(self.path))
                self.train(pool, ledger, planned, machine)
            except KeyboardInterrupt:
                interrupted = True
                pool.cancel()
            except UsageError:
                pool.cancel()
                raise
            if ledger is None:
                return Results(pd.DataFrame(), pd.DataFrame(), self.provenance(0, True, {}))
            return self.gather(ledger, interrupted)

    def train(
        self,
        pool: Processes | Cluster,
        ledger: Ledger,
        planned: Sequence[Cell],
        machine: dict[str, Any],
    ) -> None:
        """Train and store what the ledger lacks."""
        self.environment = identity(machine)
        self.parts = {cell.place: units.queries(cell, self.study) for cell in planned}
        self.progress.planned = sum(cell.replicates for cell in planned)
        self.reused = sum(
            len(ledger.finished(part)) for parts in self.parts.values() for part in parts
        )
        self.progress.finished = self.reused
        ledger.environment(self.environment, machine)
        self.noted = {self.environment}
        number = ledger.begin(
            {"provenance": self.provenance(self.reused, True, {})},
            [part for parts in self.parts.values() for part in parts],
        )
        every = units.units(planned)
        alone, rest = ([unit for unit in every if unit.timed is timed] for timed in (True, False))
        self.progress.tell()
        for unit, outcome in pool.train(
            lambda some: (
                (finish_unit, one, self.study) for one in self.lacking(ledger, some, number)
            ),
            alone,
            rest,
            versions={cell.place: units.code_of(cell) for cell in planned},
            ahead=self.deadline == math.inf,
        ):
            if isinstance(outcome, Failure):
                where = dict(zip(("configuration", "backend", "device"), unit.place, strict=True))
                told = {"seeds": list(unit.seeds), "message": outcome.message}
                self.failures.append(where | told)
            else:
                self.store(ledger, unit, outcome)
            self.progress.tell()

    def lacking(self, ledger: Ledger, planned: Sequence[Unit], number: int) -> Iterator[Unit]:
        """Yield the units, or their seeds, that the ledger lacks, asked anew before each, until the
        budget is spent.

        What another run has taken on comes last, when that has perhaps ended.
        """
        later: list[Unit] = []
        for again, some in ((False, planned), (True, later)):
            for unit in some:
                if time.monotonic() > self.deadline and not unit.ignores_budget:
                    return
                if (left := self.missing(ledger, unit)) is not None:
                    identity = self.parts[unit.place][0].identity
                    if again or ledger.claim(identity, unit.seeds[0], number):
                        yield left
                    else:
                        later.append(unit)

    def missing(self, ledger: Ledger, unit: Unit) -> Unit | None:
        parts = units.within(self.parts[unit.place], unit.seeds[0], unit.seeds[-1])
        there = np.concatenate([ledger.finished(part) for part in parts])
        seeds = np.setdiff1d(np.array(unit.seeds), there)
        if seeds.size == len(unit.seeds):
            return unit
        return replace(unit, seeds=tuple(seeds.tolist())) if seeds.size else None

    def store(self, ledger: Ledger, unit: Unit, finished: PackedUnit) -> None:
        study, environment = self.study, self.environment
        if finished.environment is not None:
            environment = identity(finished.environment)
            if environment not in self.noted:
                ledger.environment(environment, finished.environment)
                self.noted.add(environment)
        ledger.store(
            self.parts[unit.place][0].identity,
            unit.seeds,
            finished,
            permutations=[
                study.permutations * (seed < study.first_seed + study.tested) for seed in unit.seeds
            ],
            tests=study.tests,
            timed=unit.timed,
            environment=environment,
            computed=[
                seed < study.first_seed + study.computed and _computed(unit) for seed in unit.seeds
            ],
        )
        self.progress.count(finished.verdicts)

    def gather(self, ledger: Ledger, interrupted: bool) -> Results:
        parts = [part for parts in self.parts.values() for part in parts]
        rows = ledger.rows(parts)
        if self.failures and not len(rows):
            raise UsageError(f"nothing could be trained: {self.failures[0]['message']}")
        known = ledger.environments()
        here = {name: known[name] for name in {*rows.get("environment", ()), self.environment}}
        provenance = self.provenance(len(rows), interrupted, here)
        return Results(with_axes(rows, provenance), ledger.epochs(parts), provenance)

    def provenance(
        self, finished: int, interrupted: bool, environments: dict[str, Any]
    ) -> dict[str, Any]:
        axes = self.study.axis_values()
        return {
            "study": self.study.model_dump(mode="json"),
            "configurations": [
                {
                    "label": label,
                    "hash": config.hash,
                    "config": config.model_dump(mode="json"),
                    "axes": axes[label],
                }
                for label, config in self.study.configurations().items()
            ],
            "planned": self.progress.planned,
            "finished": finished,
            "reused": self.reused,
            "interrupted": interrupted,
            "failures": self.failures,
            "unavailable": self.unavailable,
            "seconds": round(time.monotonic() - self.began, 2),
            **self.told,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "environments": dict(sorted(environments.items())),
        }


def _computed(unit: Unit) -> bool:
    """Say whether distances are computed of the first seeds of a unit's cell."""
    config = unit.config
    if isinstance(config, FitConfig) or config.closed_form:
        return False
    return not served(config)


def _stays_here(study: Study) -> str | None:
    """Say why a study must run in this process alone; None where it need not."""
    if study.generator is None:
        return None
    for config in study.configurations().values():
        assert isinstance(config, FitConfig)
        for use in filter(None, (config.generator.use, config.target.use)):
            if (why := loading.stays_here(use)) is not None:
                return why
    return None


def _notes(study: Study) -> list[str]:
    """Say what was found out about the data files of a study, and what is left out of them."""
    notes: list[str] = []
    if study.generator is not None:
        for config in study.configurations().values():
            if config.target.data is not None:
                from gan_eval.training.generators.data import read

                notes += read(config.target).notes
    return list(dict.fromkeys(notes))


def _survey(names: Sequence[str] | None = None) -> tuple[Sequence[Availability], dict[str, Any]]:
    """List the named backends, or all, and describe the machine; a worker's task, for the
    frameworks."""
    # PyTorch always: of the GPUs, `environment` names those that a loaded PyTorch sees.
    return named(names and ["pytorch", *names]), environment()
