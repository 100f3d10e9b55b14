"""The stages of the comparison step by step: what is trained, from which seeds, how near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from gan_eval.config import Dialect, TrainingConfig

SEEDS = (0, 1, 2, 3, 4)

EARLY = 1e-10
"""Relative difference allowed after up to 50 steps, before chaos sets in."""
LATE = 1e-5
"""Relative difference allowed after the chapter's 2,500 steps."""
PERTURBATION = 1e-12
"""Relative change of the initial weights by which chaos is measured."""


@dataclass(frozen=True)
class Stage:
    """One training in float64 that all backends have to agree on.

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
        """The same with its initial weights moved by ``PERTURBATION``."""
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
