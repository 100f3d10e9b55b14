"""The numbers that change from step to step: rates, G's steps, and the weights of its average."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gan_eval.training import schedule
from gan_eval.training.config import TrainingConfig


def config(**settings: Any) -> TrainingConfig:
    return TrainingConfig.parse({"epochs": 4, "n_examples": 50, "batch_size": 8} | settings)


def averaged(weights: np.ndarray, iterates: np.ndarray) -> np.ndarray:
    """a + w_s (θ_s − a), from anything, after each step."""
    average, found = 1e3, []
    for w, iterate in zip(weights, iterates, strict=True):
        average = average + w * (iterate - average)
        found.append(average)
    return np.array(found)


def test_rates_go_from_one_to_nearly_none() -> None:
    assert (schedule.rate_factors(config()) == 1).all()
    linear, cosine = (
        schedule.rate_factors(config(learning_rate_schedule=name)) for name in ("linear", "cosine")
    )
    # 4 epochs of 7 batches; half of the way, both are a half.
    assert linear.size == cosine.size == 28
    np.testing.assert_allclose(linear, 1 - np.arange(28) / 28, rtol=1e-15)
    np.testing.assert_allclose(cosine, np.cos(np.pi * np.arange(28) / 56) ** 2, rtol=1e-13)
    assert linear[14] == pytest.approx(0.5)
    assert cosine[14] == pytest.approx(0.5)
    some = np.array([27, 3])
    np.testing.assert_array_equal(
        schedule.rate_factors(config(learning_rate_schedule="cosine"), some), cosine[some]
    )


@pytest.mark.parametrize("every", [1, 2, 3, 7])
def test_the_generator_is_updated_on_each_batch_of_an_epoch_that_is_a_multiple(every: int) -> None:
    told = schedule.generator_steps(config(discriminator_steps=every))
    step = 0
    for t, number in enumerate(told):
        updated = (t % 7 + 1) % every == 0
        step += updated
        assert number == (step if updated else 0)
    rows = [8] * 6 + [2]
    examples = sum(size for batch, size in enumerate(rows, start=1) if batch % every == 0)
    assert schedule.generator_examples(config(discriminator_steps=every)) == examples


@pytest.mark.parametrize("every", [1, 3])
def test_half_is_the_plain_mean_of_the_iterates_that_it_keeps(every: int) -> None:
    weights = schedule.average_weights(config(generator_average="half", discriminator_steps=every))
    iterates = np.random.default_rng(0).normal(size=weights.size)
    assert weights.size == 4 * (7 // every)
    kept = iterates[weights.size // 2 :]
    found = averaged(weights, iterates)
    assert found[-1] == pytest.approx(kept.mean(), rel=1e-12)
    # Before, it is the last.
    np.testing.assert_allclose(found[: weights.size // 2], iterates[: weights.size // 2], rtol=1e-9)


@pytest.mark.parametrize("decay", [None, 0.0, 0.7])
def test_ema_is_the_bias_corrected_exponential_average(decay: float | None) -> None:
    settings = {} if decay is None else {"ema_decay": decay}
    weights = schedule.average_weights(config(generator_average="ema", **settings))
    iterates = np.random.default_rng(1).normal(size=weights.size)
    beta, plain, expected = 0.999 if decay is None else decay, 0.0, []
    for step, iterate in enumerate(iterates, start=1):
        plain = beta * plain + (1 - beta) * iterate
        expected.append(plain / (1 - beta**step))
    np.testing.assert_allclose(averaged(weights, iterates), expected, rtol=1e-9)


def test_without_an_average_it_is_the_last() -> None:
    assert (schedule.average_weights(config()) == 1).all()
