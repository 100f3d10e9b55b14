"""The numbers that change from step to step: learning rates, and the weights of an average."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.training.config import EMA_DECAY, TrainingConfig

Array = NDArray[np.floating]


def batches_of(config: TrainingConfig, epoch: int) -> NDArray[np.int64]:
    """Number the batches of an epoch 0, 1, … among those of the training, (steps_per_epoch,)."""
    return epoch * config.steps_per_epoch + np.arange(config.steps_per_epoch)


def generator_steps(
    config: TrainingConfig, batches: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Number G's steps at batches 0, 1, … of the training, by default all epochs · steps_per_epoch:
    1, 2, … where G is updated, else 0.

    G is updated after each ``discriminator_steps``-th batch of an epoch; batches of an epoch that
    are left over are D's alone.
    """
    t = _batches(config) if batches is None else batches
    epoch, batch = np.divmod(t, config.steps_per_epoch)
    steps, left = np.divmod(batch + 1, config.discriminator_steps)
    before = epoch * (config.steps_per_epoch // config.discriminator_steps)
    return np.where(left == 0, before + steps, 0)


def generator_examples(config: TrainingConfig) -> int:
    """Count the rows of an epoch's batches on which G is updated; its mean loss is over these."""
    every, size, n = config.discriminator_steps, config.batch_size, config.n_examples
    last = config.steps_per_epoch // every * every  # the last batch on which G is updated
    whole = last // every * size
    return whole - (last * size - n if last == config.steps_per_epoch else 0)


def rate_factors(config: TrainingConfig, batches: NDArray[np.int64] | None = None) -> Array:
    """Compute the factor of both learning rates at batches, by default all of the training.

    Of batch t = 0 … T − 1: 1, 1 − t/T, or (1 + cos πt/T)/2 (Loshchilov and Hutter 2017, "SGDR",
    eq. 5, with one cycle down to 0).
    """
    t = _batches(config) if batches is None else batches
    part = t / (config.epochs * config.steps_per_epoch)
    if config.learning_rate_schedule == "linear":
        return 1 - part
    if config.learning_rate_schedule == "cosine":
        return (1 + np.cos(np.pi * part)) / 2
    return np.ones(t.size)


def average_weights(config: TrainingConfig, steps: NDArray[np.int64] | None = None) -> Array:
    """Compute the weight w_s of G's step s = 1 … S in its average a_s = a + w_s (θ_s − a), by
    default of all S.

    ``none``: 1, the average is the last. ``half``: the mean over the steps after S // 2, and the
    last before. ``ema``: (1 − β)/(1 − βˢ), which is the exponential average from 0 divided by
    1 − βˢ, as Adam's first moment (Kingma and Ba 2015, section 3).
    """
    last = config.epochs * (config.steps_per_epoch // config.discriminator_steps)
    s = np.arange(1, last + 1) if steps is None else steps
    if config.generator_average == "half":
        return 1 / np.maximum(1, s - last // 2)
    if config.generator_average == "ema":
        decay = EMA_DECAY if config.ema_decay is None else config.ema_decay
        return (1 - decay) / (1 - decay**s)
    return np.ones(s.size)


def _batches(config: TrainingConfig) -> NDArray[np.int64]:
    return np.arange(config.epochs * config.steps_per_epoch)
