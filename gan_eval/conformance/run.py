"""A comparison of backends: trained side by side, compared pair by pair."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.backends import Availability, backend
from gan_eval.config import TrainingConfig
from gan_eval.conformance import distribution, stepwise
from gan_eval.conformance.distribution import DistributionAgreement
from gan_eval.conformance.outcomes import Outcomes
from gan_eval.conformance.participants import participants, usable
from gan_eval.conformance.stages import STAGES, Stage
from gan_eval.conformance.stepwise import StageAgreement
from gan_eval.draws import MAX_SEED
from gan_eval.environment import cores, environment
from gan_eval.errors import UsageError
from gan_eval.threads import require
from gan_eval.trained import TrainedGANs
from gan_eval.training import json_ready
from gan_eval.workers import Failure, Pool


@dataclass
class Progress:
    """What ``conform`` tells its caller while it runs."""

    planned: int = 0
    finished: int = 0
    """Trainings, one a seed."""


@dataclass(frozen=True)
class Conformance:
    """Whether backends are the same experiment.

    Attributes
    ----------
    compared : tuple of Availability
        The backends that were compared. A single one has nothing to agree with.
    absent : tuple of Availability
        Those that are missing or broken, and forms without a device here.
    stages : tuple of StageAgreement
        Of every pair at every stage.
    distributions : tuple of DistributionAgreement
        Of every pair.
    provenance : dict
        JSON-ready: ``command``, ``created``, ``seconds``, ``seeds``, ``threads``, ``workers``,
        ``environment``.
    """

    compared: tuple[Availability, ...]
    absent: tuple[Availability, ...]
    stages: tuple[StageAgreement, ...] = ()
    distributions: tuple[DistributionAgreement, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs of names that were compared."""
        return tuple(itertools.combinations([one.name for one in self.compared], 2))

    def agree(self, pair: tuple[str, str]) -> bool:
        """Whether a pair agrees at every stage, and is shown to be the same in distribution where
        that was asked."""
        steps = (one.agree for one in self.stages if (one.first, one.second) == pair)
        laws = (
            one.verdict == distribution.SAME
            for one in self.distributions
            if (one.first, one.second) == pair
        )
        return all(steps) and all(laws)

    @property
    def kept(self) -> bool:
        """Whether every pair agrees; true where there is none."""
        return all(self.agree(pair) for pair in self.pairs)

    def document(self) -> dict[str, Any]:
        """JSON-ready; a number that is not finite is null."""
        return json_ready(
            {
                "agree": self.kept if self.pairs else None,
                "backends": [asdict(one) for one in self.compared],
                "absent": [asdict(one) for one in self.absent],
                "pairs": [{"backends": list(p), "agree": self.agree(p)} for p in self.pairs],
                "step_by_step": [one.document() for one in self.stages],
                "in_distribution": [one.document() for one in self.distributions],
                "margin": distribution.MARGIN,
                "alpha": distribution.ALPHA,
                **self.provenance,
            }
        )


@dataclass(frozen=True)
class _Unit:
    """One call of a backend."""

    backend: str
    device: str
    config: TrainingConfig
    seeds: tuple[int, ...]
    stage: str = ""
    """Empty for the comparison in distribution."""
    perturbed: bool = False


def conform(
    names: Sequence[str] | None = None,
    *,
    seeds: int = distribution.SEEDS,
    threads: int = 1,
    workers: int | None = None,
    stages: Sequence[Stage] | None = None,
    config: TrainingConfig | None = None,
    command: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Conformance:
    """Compare backends step by step and in distribution.

    Parameters
    ----------
    names : sequence of str, optional
        As ``"name"`` or ``"name:form"``; a single name without a form stands for all its forms.
        By default all installed backends in all their forms.
    seeds : int
        Replicates a backend of the comparison in distribution, at least 20: seeds 0, 1, …; or 0,
        which leaves it out.
    threads : int
        CPU threads of one training.
    workers : int, optional
        Processes side by side, by default as many as the cores hold with these threads. A script
        that calls this needs Python's usual ``if __name__ == "__main__":`` guard, unless it is 1:
        then everything runs in this process.
    stages : sequence of Stage, optional
        Those of the comparison step by step; by default ``STAGES``.
    config : TrainingConfig, optional
        What is compared in distribution; by default the chapter's configuration.
    command : str, optional
        The command to store as the way to reproduce it.
    on_progress : callable, optional
        Called when a call of a backend has ended.

    Raises
    ------
    UsageError
        For a backend that was named and cannot be used, and for numbers out of range.
    """
    if seeds and not distribution.FEWEST <= seeds <= MAX_SEED:
        raise UsageError(
            f"`--seeds` must be at least {distribution.FEWEST}, or 0 to compare step by step "
            f"only, got {seeds}"
        )
    require(threads)
    if workers is not None and workers < 1:
        raise UsageError(f"`--workers` must be at least 1, got {workers}")
    workers = workers or max(1, cores() // threads)
    stages, config = STAGES if stages is None else stages, config or TrainingConfig()
    start = time.monotonic()
    with Pool(workers, threads) as pool:
        try:
            found, machine = pool.call(_survey, None if names is None else list(names))
            compared = tuple(one for one in found if usable(one))
            units = _plan(compared, stages, config, seeds) if len(compared) > 1 else []
            outcomes = _train(pool, units, on_progress or (lambda _: None))
        except KeyboardInterrupt:
            pool.kill()
            raise
    if not compared:
        raise UsageError("no backend is installed: `gan-eval backends` says how to install one")
    return Conformance(
        compared,
        tuple(one for one in found if not usable(one)),
        tuple(_stepwise(compared, stages, outcomes)),
        distribution.compare_all(_laws(compared, outcomes)) if outcomes and seeds else (),
        {
            "command": command,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - start, 1),
            "seeds": seeds,
            "threads": threads,
            "workers": workers,
            "environment": machine,
        },
    )


def _survey(names: list[str] | None) -> tuple[list[Availability], dict[str, Any]]:
    """Who is compared and what the machine is; imports frameworks, so a worker's task."""
    return participants(names), environment()


def _plan(
    compared: Sequence[Availability],
    stages: Sequence[Stage],
    config: TrainingConfig,
    seeds: int,
) -> list[_Unit]:
    """All calls, the stages first; by seed across backends."""
    units = [
        _Unit(one.name, one.devices[0], stage.config, stage.seeds, stage.name)
        for stage in stages
        for one in compared
    ]
    first = compared[0]
    units += [
        _Unit(first.name, first.devices[0], stage.perturbed, stage.seeds, stage.name, True)
        for stage in stages
        if stage.chaotic
    ]
    many = [
        _Unit(
            *(one.name, one.devices[0], config),
            tuple(range(at, min(at + one.replicates_per_call, seeds))),
        )
        for one in compared
        for at in range(0, seeds, one.replicates_per_call)
    ]
    return units + sorted(many, key=lambda unit: unit.seeds[0])


def _train(
    pool: Pool, units: Sequence[_Unit], tell: Callable[[Progress], None]
) -> dict[_Unit, TrainedGANs | Outcomes | Failure]:
    progress = Progress(sum(len(unit.seeds) for unit in units))
    outcomes = {}
    for (_, unit), outcome in pool.run_all([], [(_train_unit, unit) for unit in units], None):
        outcomes[unit] = outcome
        progress.finished += len(unit.seeds)
        tell(progress)
    return outcomes


def _train_unit(unit: _Unit) -> TrainedGANs | Outcomes:
    trained = backend(unit.backend).train(unit.config, unit.seeds, unit.device)
    return trained if unit.stage else Outcomes.of(trained)


def _stepwise(
    compared: Sequence[Availability],
    stages: Sequence[Stage],
    outcomes: Mapping[_Unit, TrainedGANs | Outcomes | Failure],
) -> list[StageAgreement]:
    """Pair by pair, stage by stage."""
    runs = {
        (unit.stage, unit.perturbed, unit.backend): outcome
        for unit, outcome in outcomes.items()
        if unit.stage
    }
    counted: dict[str, NDArray[np.bool_] | None] = {}
    for stage in stages if runs else ():
        run = runs[stage.name, False, compared[0].name]
        again = runs.get((stage.name, True, compared[0].name))
        counted[stage.name] = None
        if isinstance(run, TrainedGANs) and isinstance(again, TrainedGANs):
            counted[stage.name] = stepwise.not_chaotic(stage, run, again)
    return [
        _compared(stage, pair, [runs[stage.name, False, name] for name in pair], counted)
        for pair in itertools.combinations([one.name for one in compared], 2)
        for stage in stages
    ]


def _compared(
    stage: Stage,
    names: tuple[str, str],
    runs: Sequence[TrainedGANs | Outcomes | Failure],
    counted: Mapping[str, NDArray[np.bool_] | None],
) -> StageAgreement:
    first, second = runs
    if isinstance(first, TrainedGANs) and isinstance(second, TrainedGANs):
        return stepwise.compare(stage, names, first, second, counted[stage.name])
    return StageAgreement(stage.name, *names, message=_fault(names, runs))


def _laws(
    compared: Sequence[Availability], outcomes: Mapping[_Unit, TrainedGANs | Outcomes | Failure]
) -> dict[str, Outcomes | str]:
    """What each backend came to, or why it came to nothing."""
    found: dict[str, Outcomes | str] = {}
    for one in compared:
        own = [o for unit, o in outcomes.items() if unit.backend == one.name and not unit.stage]
        parts = [part for part in own if isinstance(part, Outcomes)]
        whole = len(parts) == len(own)
        found[one.name] = Outcomes.join(parts) if whole else _fault([one.name] * len(own), own)
    return found


def _fault(names: Sequence[str], runs: Sequence[TrainedGANs | Outcomes | Failure]) -> str:
    """What the first backend that failed said."""
    return next(
        f"{name}: {run.message}"
        for name, run in zip(names, runs, strict=True)
        if isinstance(run, Failure)
    )
