"""The real rows of a replicate: those that its nets are trained on, and fresh ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.runtime.random import Seeds
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Stream

Array = NDArray[np.floating]


def training_rows(config: TrainingConfig, seed: Seeds) -> Array:
    """Draw the rows that replicates are trained on, (..., n_examples, d), in the user's units.

    They are x A + b of the chapter's target; of a mixture, each is that of its component.
    """
    x = draws.training_rows(seed, config.n_examples, config.dimension)
    return _placed(config, x, seed, Stream.TRAINING_COMPONENTS)


def evaluation_rows(config: TrainingConfig, seed: Seeds, n: int) -> Array:
    """Draw n fresh rows of the target, (..., n, d), which nothing is trained on."""
    x = draws.evaluation_real(seed, n, config.dimension)
    return _placed(config, x, seed, Stream.EVALUATION_COMPONENTS)


def _placed(config: TrainingConfig, x: Array, seed: Seeds, stream: Stream) -> Array:
    target = config.target.build()
    if isinstance(target, MixtureTarget):
        chosen = draws.components(seed, stream, x.shape[-2], target.weights)
        return target.transform(x, chosen)
    return target.transform(x)
