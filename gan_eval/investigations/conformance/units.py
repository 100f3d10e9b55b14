"""The calls of backends that a comparison consists of, and their outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gan_eval.investigations.conformance import stepwise
from gan_eval.investigations.conformance.stepwise import Stage
from gan_eval.judging.agreement import Outcomes
from gan_eval.runtime.pool import Failure
from gan_eval.training.backends import Availability, backend
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import TrainedGANs


@dataclass(frozen=True)
class Unit:
    """A call of a backend."""

    backend: str
    device: str
    config: TrainingConfig
    seeds: tuple[int, ...]
    stage: str = ""
    """Empty for the comparison in distribution."""
    perturbed: bool = False


Found = dict[Unit, TrainedGANs | Outcomes | Failure]
"""The outcome of every call."""


def train(unit: Unit) -> TrainedGANs | Outcomes:
    """Make the call."""
    trained = backend(unit.backend).train(unit.config, unit.seeds, unit.device)
    return trained if unit.stage else Outcomes.of(trained)


def measuring_chaos(first: Availability, stages: Sequence[Stage]) -> list[Unit]:
    """List the first backend's trainings of the chaotic stages, as they are and perturbed."""
    return [
        unit
        for stage in stages
        if stage.chaotic
        for perturbed in (False, True)
        for unit in _calls(first, stage, stage.seeds, perturbed)
    ]


def step_by_step(
    compared: Sequence[Availability],
    stages: Sequence[Stage],
    counted: Mapping[str, tuple[int, ...]],
) -> list[Unit]:
    """List all other trainings of the stages, of the seeds that count alone."""
    return [
        unit
        for stage in stages
        for one in (compared[1:] if stage.chaotic else compared)
        if stage.trained_by(one)
        for unit in _calls(one, stage, counted[stage.name])
    ]


def in_distribution(
    compared: Sequence[Availability], config: TrainingConfig, seeds: int
) -> list[Unit]:
    """List the trainings of seeds 0, 1, … on every backend, in the order of the seeds."""
    units = [
        Unit(one.name, one.devices[0], config, part)
        for one in compared
        for part in _parts(one, range(seeds))
    ]
    return sorted(units, key=lambda unit: unit.seeds[0])


def counted_seeds(
    first: Availability, stages: Sequence[Stage], found: Found
) -> dict[str, tuple[int, ...]]:
    """Find each stage's seeds that count: all, or those in which a perturbation does not grow."""
    counted = {stage.name: stage.seeds for stage in stages}
    for stage in stages:
        if stage.chaotic:
            run, again = (
                joined(found, stage, first.name, perturbed) for perturbed in (False, True)
            )
            if isinstance(run, TrainedGANs) and isinstance(again, TrainedGANs):
                steady = stepwise.not_chaotic(stage, run, again)
                counted[stage.name] = tuple(run.seeds[steady].tolist())
    return counted


def joined(
    found: Found, stage: Stage, name: str, perturbed: bool = False
) -> TrainedGANs | Failure | None:
    """Join a backend's trainings of a stage, in the order of the seeds.

    The first failure if there is one, None if the backend was not called."""
    parts = [
        outcome
        for unit, outcome in sorted(found.items(), key=lambda item: item[0].seeds)
        if (unit.stage, unit.backend, unit.perturbed) == (stage.name, name, perturbed)
    ]
    failures = (part for part in parts if isinstance(part, Failure))
    trained = [part for part in parts if isinstance(part, TrainedGANs)]
    return next(failures, None) or (TrainedGANs.join(trained) if trained else None)


def laws(compared: Sequence[Availability], found: Found) -> dict[str, Outcomes | str]:
    """Join each backend's outcomes in distribution, or say why there are none."""
    told: dict[str, Outcomes | str] = {}
    for one in compared:
        own = [o for unit, o in found.items() if unit.backend == one.name and not unit.stage]
        parts = [part for part in own if isinstance(part, Outcomes)]
        failures = [part for part in own if isinstance(part, Failure)]
        told[one.name] = f"{one.name}: {failures[0].message}" if failures else Outcomes.join(parts)
    return told


def _calls(
    one: Availability, stage: Stage, seeds: Sequence[int], perturbed: bool = False
) -> list[Unit]:
    config = stage.perturbed if perturbed else stage.config
    return [
        Unit(one.name, one.devices[0], config, part, stage.name, perturbed)
        for part in _parts(one, seeds)
    ]


def _parts(one: Availability, seeds: Sequence[int]) -> list[tuple[int, ...]]:
    """Split seeds into as many together as the backend takes in a call."""
    size = one.replicates_per_call
    return [tuple(seeds[at : at + size]) for at in range(0, len(seeds), size)]
