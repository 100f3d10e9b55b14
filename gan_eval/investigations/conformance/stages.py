"""The stages of the comparison step by step: what is trained, from which seeds, how near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from gan_eval.runtime.random import MAX_SEED
from gan_eval.training.config import Dialect, TrainingConfig

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
LATE = 1e-5
"""Relative difference allowed after the chapter's 2,500 steps."""
PERTURBATION = 1e-12
"""Relative change of the initial weights by which chaos is measured."""


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


def _steps(count: int, **settings: Any) -> TrainingConfig:
    batch = TrainingConfig().batch_size
    rows = {"n_examples": count * batch, "batch_size": batch}
    return TrainingConfig.parse({"dtype": "float64", "epochs": 1} | rows | settings)


def _named(count: int, dialect: str) -> str:
    return f"{count:,} step{'s' if count > 1 else ''}, {dialect}"


DIALECTS: tuple[str, ...] = get_args(Dialect)

CHAPTER = TrainingConfig().epochs * TrainingConfig().steps_per_epoch

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
