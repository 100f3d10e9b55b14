"""Replicates that were not trained but given, for what judges them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer, initial_layers
from gan_eval.training.history import History
from gan_eval.training.trained import TrainedGANs

Given = Sequence[tuple[Any, Any]]
"""The layers of one generator."""


def made(generators: Sequence[Given], critic: Given | None = None, **settings: Any) -> TrainedGANs:
    """Replicates with these generators, the same in every epoch, and one critic."""
    config = TrainingConfig.parse({"epochs": 2} | settings)
    count = len(generators)
    layers = [
        Layer(
            np.array([one[at][0] for one in generators], np.float64),
            np.array([one[at][1] for one in generators], np.float64),
        )
        for at in range(len(generators[0]))
    ]
    one = (
        critic
        or initial_layers(0, config.generator_sizes, config.discriminator_sizes, scale=1.0)[1]
    )
    critics = [
        Layer(*(np.repeat(np.asarray(part, np.float64)[None], count, axis=0) for part in layer))
        for layer in one
    ]
    history = History(config, "made", "cpu", range(count), layers)
    for _ in history.epochs():
        history.end(np.full((2, count), np.log(2)), layers)
    return history.trained(critics)


def random_generators(count: int, scale: float = 1.0, **settings: Any) -> TrainedGANs:
    """Replicates at a start with standard deviation ``scale``."""
    config = TrainingConfig.parse({"epochs": 2} | settings)
    generators = [
        initial_layers(seed, config.generator_sizes, config.discriminator_sizes, scale=scale)[0]
        for seed in range(count)
    ]
    return made(generators, **settings)
