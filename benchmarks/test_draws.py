"""How fast the random numbers of an epoch are drawn."""

from __future__ import annotations

import pytest

from benchmarks.conftest import Measure
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig


@pytest.mark.benchmark(group="draws")
@pytest.mark.parametrize("n_examples", [1000, 100_000])
def test_draws_of_an_epoch(measure: Measure, n_examples: int) -> None:
    """The order of an epoch and its latent noise, as a backend draws them."""
    latent_size = TrainingConfig().latent_size

    def draw() -> int:
        order = draws.epoch_order(0, 0, n_examples)
        return len(order) + len(draws.latent_noise(0, 0, n_examples, latent_size))

    drawn = measure(draw, examples=n_examples, unit="training examples", device="cpu", threads=1)
    assert drawn == 2 * n_examples
