"""The comparison step by step: its stages, and how far apart two trainings of one draw are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.random import MAX_SEED
from gan_eval.training.backends import Availability
from gan_eval.training.config import Dialect, TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.trained import Averaging, TrainedGANs

SEEDS = (0, 1, 2, 3, 4)

_BORDERS = (2**16, 2**24, 2**31, 2**32, 2**53, 2**63)
FAR_SEEDS = (
    *(5, 6, 7, 9, 15, 16, 17, 31, 32, 33, 62, 63, 64, 65, 127, 128, 1000),
    *(border + step for border in _BORDERS for step in (-1, 0, 5) if border + step <= MAX_SEED),
)
"""Seeds beside the borders of integers, lanes and floats; none follows from the one before it."""
MANY_SEEDS = tuple(range(10, 10 + 3 * 66, 3))
"""More than 64 lanes of a vector hold, every third."""

EARLY = 1e-10
"""Relative difference allowed after up to 50 steps, before chaos sets in."""
REMEDIED = 1e-12
"""Relative difference allowed after 20 steps with remedies."""
LATE = 1e-5
"""Relative difference allowed after the chapter's 2,500 steps."""
PERTURBATION = 1e-12
"""Relative change of the initial weights by which chaos is measured."""

START = "initial weights"


@dataclass(frozen=True)
class Stage:
    """A training in float64 on which all backends have to agree.

    Attributes
    ----------
    name : str
    config : TrainingConfig
    tolerance : float
        The relative difference allowed.
    chaotic : bool
        Whether the seeds are chosen: those count in which a change of the initial weights by
        ``PERTURBATION`` does not grow beyond the tolerance.
    seeds : tuple of int
    """

    name: str
    config: TrainingConfig
    tolerance: float = EARLY
    chaotic: bool = False
    seeds: tuple[int, ...] = SEEDS

    @property
    def perturbed(self) -> TrainingConfig:
        """The configuration with its initial weights moved by ``PERTURBATION``."""
        scale = self.config.init_scale * (1 + PERTURBATION)
        return self.config.model_copy(update={"init_scale": scale})

    def trained_by(self, one: Availability) -> bool:
        """Tell whether a backend trains all remedies of the configuration."""
        return self.config.remedies.keys().isdisjoint(one.lacks)


def _steps(count: int, **settings: Any) -> TrainingConfig:
    batch = TrainingConfig().batch_size
    rows = {"n_examples": count * batch, "batch_size": batch}
    return TrainingConfig.parse({"dtype": "float64", "epochs": 1} | rows | settings)


def _named(count: int, dialect: str) -> str:
    return f"{count:,} step{'s' if count > 1 else ''}, {dialect}"


DIALECTS: tuple[str, ...] = get_args(Dialect)

CHAPTER = TrainingConfig().epochs * TrainingConfig().steps_per_epoch

REMEDIES: dict[str, dict[str, Any]] = {
    # Every backend trains these two.
    "mended": {"preset": "mended", "adam_beta1_D": 0.6, "adam_beta1_G": 0.4, "adam_beta2_G": 0.9},
    "columns, linear, ema": {
        "standardise": "columns",
        "learning_rate_schedule": "linear",
        "generator_average": "ema",
        "ema_decay": 0.9,
        "discriminator_init_scale": 0.5,
    },
    "sgd, hinge": {
        "optimizer": "sgd",
        "loss": "hinge",
        "r1": 0.5,
        "discriminator_steps": 2,
        "dialect": "mxnet",
    },
    "optimistic, relativistic": {
        "optimizer": "optimistic_adam",
        "loss": "relativistic",
        "r1": 0.3,
        "r2": 0.7,
    },
    "extra, quadratic, least squares": {
        "optimizer": "extra_adam",
        "discriminator_form": "quadratic",
        "loss": "least_squares",
        "r2": 0.5,
        "dialect": "tensorflow",
    },
    "relu in G, ring8": {
        "generator_widths": [6, 5],
        "generator_activation": "relu",
        "target": "ring8",
    },
    "leaky relu in G, mended": {
        "generator_widths": [6],
        "generator_activation": "leaky_relu",
        "preset": "mended",
    },
    "tanh in G, relativistic": {
        "generator_widths": [5, 4],
        "loss": "relativistic",
        "r1": 0.3,
        "r2": 0.7,
        "target": "grid25",
        "standardise": "columns",
    },
}
"""Every remedy, in each of its values, and generators with hidden layers."""

# Weights large enough for D's slopes to count; the last batch of an epoch has 4 rows.
_AWAKE = {"epochs": 2, "n_examples": 76, "init_scale": 0.3}

STAGES: tuple[Stage, ...] = (
    *(
        Stage(_named(count, dialect), _steps(count, dialect=dialect))
        for dialect in DIALECTS
        for count in (1, 10, 50)
    ),
    Stage("1 step, saturating", _steps(1, generator_loss="saturating")),
    # Two steps, of 8 rows and of 4.
    Stage("2 steps, last batch smaller", _steps(1, n_examples=12)),
    Stage("1 step, far seeds", _steps(1), seeds=FAR_SEEDS),
    Stage("1 step, 66 seeds", _steps(1), seeds=MANY_SEEDS),
    # Of each epoch an order and a noise of its own; what epoch 1 repeats shows after its steps.
    *(
        Stage(f"{2 * epochs} steps, {epochs} epochs", _steps(2, epochs=epochs), seeds=(0, 4, 63))
        for epochs in (2, 3)
    ),
    *(
        Stage(f"20 steps, {name}", _steps(10, **_AWAKE, **settings), REMEDIED, seeds=(0, 4))
        for name, settings in REMEDIES.items()
    ),
    *(
        Stage(
            _named(CHAPTER, dialect),
            TrainingConfig.parse({"dtype": "float64", "dialect": dialect}),
            tolerance=LATE,
            chaotic=True,
        )
        for dialect in DIALECTS
    ),
)
"""Shortest first within a dialect, so that the first that fails says how early it does."""


Array = NDArray[np.floating]


def stages_of(config: TrainingConfig) -> tuple[Stage, ...]:
    """Make the stages of a configuration: its first few steps and its first 50, in float64.

    Examples
    --------
    >>> [stage.name for stage in stages_of(TrainingConfig(generator_widths=(8,)))]
    ['2 steps', '10 steps', '50 steps']
    """
    settings = config.model_dump() | {"dtype": "float64", "epochs": 1}
    size, least = config.batch_size, max(2, config.discriminator_steps)
    # So many rows that they can be whitened.
    least = max(least, -(-(config.dimension + 1) // size))
    counts = sorted({max(least, count) for count in (2, 10, 50)})
    return tuple(
        Stage(f"{count} steps", TrainingConfig.parse(settings | {"n_examples": count * size}))
        for count in counts
    )


@dataclass(frozen=True)
class StageAgreement:
    """A comparison of two backends at one stage.

    Attributes
    ----------
    stage : str
    first, second : str
        Names of the backends.
    differences : mapping of str to float or None
        Quantity → largest relative difference over the seeds that count; None where a backend
        does not tell that quantity. That of the initial weights has to be 0.
    tolerance : float
    counted, seeds : int
        Seeds that count, and seeds of the stage. They differ where chaos is measured.
    message : str
        Why nothing could be compared; empty where it could.
    """

    stage: str
    first: str
    second: str
    differences: Mapping[str, float | None] = field(default_factory=dict)
    tolerance: float = 0.0
    counted: int = 0
    seeds: int = 0
    message: str = ""

    @property
    def largest(self) -> tuple[str, float]:
        """The quantity that differs most, and by how much; an initial weight counts first."""
        told = {name: value for name, value in self.differences.items() if value is not None}
        if told.get(START):
            return START, told[START]
        return max(told.items(), key=lambda pair: pair[1], default=("", 0.0))

    @property
    def untold(self) -> tuple[str, ...]:
        """Quantities that one of the two does not tell."""
        return tuple(name for name, value in self.differences.items() if value is None)

    @property
    def passed(self) -> bool:
        """Tell whether all that was compared differs by no more than is allowed."""
        started_apart = self.differences.get(START)
        return not (self.message or started_apart) and self.largest[1] <= self.tolerance

    def document(self) -> dict[str, Any]:
        """Give the numbers, ready for JSON but for those that are not finite."""
        return {
            "stage": self.stage,
            "backends": [self.first, self.second],
            "differences": dict(self.differences),
            "largest": self.largest[1],
            "largest_of": self.largest[0],
            "tolerance": self.tolerance,
            "seeds_counted": self.counted,
            "seeds": self.seeds,
            "passed": self.passed,
            "message": self.message,
        }


def compare(
    stage: Stage, names: tuple[str, str], first: TrainedGANs, second: TrainedGANs
) -> StageAgreement:
    """Compare two trainings of a stage from the same seeds, those that count."""
    found = {
        name: None if value is None else float(value.max())
        for name, value in differences(first, second).items()
    }
    counted = len(first), len(stage.seeds)
    return StageAgreement(stage.name, *names, found, stage.tolerance, *counted)


def not_chaotic(stage: Stage, run: TrainedGANs, perturbed: TrainedGANs) -> NDArray[np.bool_]:
    """Find the seeds, shape (R,), in which a perturbation stays within the stage's tolerance."""
    grown = [value for value in differences(run, perturbed).values() if value is not None]
    # The initial weights are what was perturbed.
    return np.asarray(np.max(grown[1:], axis=0) <= stage.tolerance)


def differences(first: TrainedGANs, second: TrainedGANs) -> dict[str, Array | None]:
    """Compute the relative difference max |a − b| / max |b| of every quantity, each of shape (R,).

    The maxima run over all weights and biases of one network (or their moments), over the epochs
    of one loss. Not over single arrays: where all biases start at 0, as in the ``mxnet`` dialect,
    the first gradient of the discriminator's last bias is what is left of 16 terms of ½ that
    cancel to a millionth, and has no ten digits in common on any two machines.
    """
    found: dict[str, Array | None] = {
        name: relative(*(_generator(run, at) for run in (first, second)))
        for name, at in ((START, 0), ("generator", -1))
    }
    found["discriminator"] = relative(*(_parts(run.discriminator) for run in (first, second)))
    for order in ("first", "second"):
        # The generator's layers stand before those of the discriminator.
        layers = len(first.hidden) + 1
        for name, where in (("G", slice(0, layers)), ("D", slice(layers, None))):
            sides = [getattr(run.adam, order)[where] for run in (first, second) if run.adam]
            told = relative(*map(_parts, sides)) if len(sides) == 2 else None
            found[f"{order} moments of {name}"] = told
    for name in ("loss_D", "loss_G"):
        found[name] = relative([getattr(first, name)], [getattr(second, name)])
    if first.averaging and second.averaging:
        found["averages"] = relative(*map(_averages, (first.averaging, second.averaging)))
    return found


def _generator(run: TrainedGANs, epoch: int) -> list[Array]:
    return [part[:, epoch] for part in _parts([*run.hidden, Layer(run.weights, run.biases)])]


def _averages(one: Averaging) -> list[Array]:
    """The last generator, and of a linear one the averages of its moments."""
    moments = [] if one.last_hidden else [one.mean, one.covariance]
    return [*_parts([*one.last_hidden, one.last]), *moments]


def relative(first: Sequence[Array], second: Sequence[Array]) -> Array:
    """Compute max |a − b| / max |b| over arrays with a leading axis R, shape (R,).

    0 where all entries are equal (NaN to NaN included), infinite where one is not finite.
    """
    a, b = (np.concatenate([x.reshape(len(x), -1) for x in side], 1) for side in (first, second))
    equal = ((a == b) | (np.isnan(a) & np.isnan(b))).all(axis=1)
    with np.errstate(all="ignore"):
        ratio = np.abs(a - b).max(axis=1) / np.abs(b).max(axis=1)
    return np.where(equal, 0.0, np.where(np.isfinite(ratio), ratio, np.inf))


def _parts(layers: Sequence[Layer]) -> list[Array]:
    return [part for layer in layers for part in layer]
