"""The numbers that change from step to step: learning rates, and the weights of an average."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.training.config import EMA_DECAY, TrainingConfig

Array = NDArray[np.floating]


def generator_steps(config: TrainingConfig) -> NDArray[np.int64]:
    """Number G's steps, shape (epochs · steps_per_epoch,): 1, 2, … where G is updated, else 0.

    G is updated after each ``discriminator_steps``-th batch of an epoch; batches of an epoch that
    are left over are D's alone.
    """
    every, batches = config.discriminator_steps, config.steps_per_epoch
    updated = np.tile((np.arange(batches) + 1) % every == 0, config.epochs)
    return np.where(updated, np.cumsum(updated), 0)


def generator_examples(config: TrainingConfig) -> int:
    """Count the rows of an epoch's batches on which G is updated; its mean loss is over these."""
    every, size, n = config.discriminator_steps, config.batch_size, config.n_examples
    last = config.steps_per_epoch // every * every  # the last batch on which G is updated
    whole = last // every * size
    return whole - (last * size - n if last == config.steps_per_epoch else 0)


def rate_factors(config: TrainingConfig) -> Array:
    """Compute the factor of both learning rates at each batch, (epochs · steps_per_epoch,).

    Of batch t = 0 … T − 1: 1, 1 − t/T, or (1 + cos πt/T)/2 (Loshchilov and Hutter 2017, "SGDR",
    eq. 5, with one cycle down to 0).
    """
    T = config.epochs * config.steps_per_epoch
    t = np.arange(T)
    if config.learning_rate_schedule == "linear":
        return 1 - t / T
    if config.learning_rate_schedule == "cosine":
        return (1 + np.cos(np.pi * t / T)) / 2
    return np.ones(T)


def average_weights(config: TrainingConfig) -> Array:
    """Compute the weight w_s of G's step s = 1 … S in its average a_s = a + w_s (θ_s − a), (S,).

    ``none``: 1, the average is the last. ``half``: the mean over the steps after S // 2, and the
    last before. ``ema``: (1 − β)/(1 − βˢ), which is the exponential average from 0 divided by
    1 − βˢ, as Adam's first moment (Kingma and Ba 2015, section 3).
    """
    s = np.arange(1, int(generator_steps(config).max()) + 1)
    if config.generator_average == "half":
        return 1 / np.maximum(1, s - s.size // 2)
    if config.generator_average == "ema":
        decay = EMA_DECAY if config.ema_decay is None else config.ema_decay
        return (1 - decay) / (1 - decay**s)
    return np.ones(s.size)
