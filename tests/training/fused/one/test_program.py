"""One replicate in the lanes: a seed has the same bits there as where every lane is a replicate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gan_eval.runtime import threads
from gan_eval.runtime.machine_code import Processor, processor
from gan_eval.training.backends.fused_cpu import FusedCPUBackend
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.llvm_compile import compile_shape, load
from gan_eval.training.fused.one_runner import OneRunner, alone_up_to, width_alone
from gan_eval.training.fused.shape import Shape
from gan_eval.training.trained import TrainedGANs
from tests.training.backends import contract
from tests.training.fused.test_program import CURVED, MENDED, SEEDS
from tests.training.fused.test_program import train as train_in_lanes


def train_alone(
    config: TrainingConfig, width: int, where: Processor | None = None, seed: int = SEEDS[1]
) -> TrainedGANs:
    """A seed in the lanes, compiled without the cache."""
    where, shape = where or processor(), Shape.of(config)
    code = compile_shape(shape, width, where, one=True)
    own = OneRunner(config, load(code, shape, width, where))
    trained = TrainingBuffers(config, [seed], 1)
    own.train(trained, slice(0, 1))
    clock = np.zeros((1, config.epochs))
    return trained.trained("fused_cpu", "cpu", clock, clock)


def check(settings: dict[str, Any], width: int | None = None) -> None:
    """A replicate alone, in so many lanes or as many as it is given, is the one among others."""
    config = TrainingConfig.parse({"epochs": 2, "n_examples": 60} | settings)
    among = train_in_lanes(config, 4).take(slice(1, 2))
    alone = train_alone(config, width or width_alone(config))
    contract.same(alone, among)
    if among.averaging is not None:
        assert alone.averaging is not None
        np.testing.assert_array_equal(alone.averaging.covariance, among.averaging.covariance)
        layers = zip(alone.averaging.last_hidden, among.averaging.last_hidden, strict=True)
        for mine, theirs in layers:
            np.testing.assert_array_equal(mine.bias, theirs.bias)
    if config.optimizer == "sgd":
        return
    assert alone.adam is not None
    assert among.adam is not None
    for mine, theirs in zip(alone.adam.second, among.adam.second, strict=True):
        np.testing.assert_array_equal(mine.weight, theirs.weight)


@pytest.mark.parametrize(("batch_size", "width"), [(1, 8), (7, 4), (8, 8), (37, 16)])
def test_bits_are_the_same_in_lanes_of_any_number(batch_size: int, width: int) -> None:
    # 101 examples: the last batch is a short one.
    check({"batch_size": batch_size, "n_examples": 101, "epochs": 1}, width)


@pytest.mark.parametrize(
    "settings",
    [
        {"dtype": "float64", "dialect": "tensorflow"},
        {"loss": "least_squares", "latent_size": 3, "dialect": "mxnet"},
        {"loss": "relativistic", "r1": 0.5, "r2": 0.5, "batch_size": 7},
        # Rows of outputs, with the bias after them, in a loop, and a penalty that spares biases.
        {"discriminator_widths": (20, 18), "r1": 0.5, "batch_size": 7},
        {"discriminator_widths": (33,), "latent_size": 18},
        MENDED,
        {"discriminator_form": "quadratic", "generator_average": "half", "r2": 0.5},
        {"generator_widths": (5,), "generator_average": "half", "dtype": "float64"},
        {"generator_widths": (16, 16), "generator_activation": "relu", "batch_size": 7},
        CURVED | MENDED,
    ],
    ids=[
        *("float64", "squares", "penalties", "wide", "wider", "mended", "quadratic"),
        *("curved", "relu", "curved, mended"),
    ],
)
def test_bits_are_those_of_a_lane_whatever_is_trained(settings: dict[str, Any]) -> None:
    check(settings)


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("variant", [*contract.VARIANTS, *contract.REMEDIES])
def test_bits_are_those_of_a_lane_in_every_variant(variant: str, dtype: str) -> None:
    own = (contract.VARIANTS | contract.REMEDIES)[variant]
    check(contract.AWAKE | own | {"dtype": dtype})


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("variant", contract.CURVED)
def test_bits_are_those_of_a_lane_of_every_curved_generator(variant: str, dtype: str) -> None:
    check(contract.AWAKE | contract.CURVED[variant] | {"dtype": dtype})


def test_nets_that_outgrow_the_cache_are_always_trained_alone() -> None:
    large: dict[str, Any] = {"generator_widths": (64, 64), "epochs": 1, "n_examples": 20}
    assert alone_up_to(TrainingConfig(generator_widths=(16,))) < 16
    assert alone_up_to(TrainingConfig.parse(large)) > 10_000
    check(large)


@pytest.mark.parametrize("batch_size", [200, 7])
def test_a_run_that_diverges_does_so_alone_as_among_others(batch_size: int) -> None:
    settings = contract.DIVERGING | {"batch_size": batch_size}
    check(settings)


def test_a_processor_without_fused_multiply_add_trains_the_same_too() -> None:
    config = TrainingConfig(epochs=1, n_examples=30)
    lesser = Processor("generic", "", 4, fused=False)
    contract.same(
        train_alone(config, 4, lesser), train_in_lanes(config, 4, lesser).take(slice(1, 2))
    )


def test_a_seed_asked_for_alone_is_the_one_among_twenty() -> None:
    config, trainer = TrainingConfig(epochs=2, n_examples=100, batch_size=7), FusedCPUBackend()
    assert alone_up_to(config) < 20
    with threads.allow(1):
        among = trainer.train(config, range(20))
    contract.same(trainer.train(config, [15]), among.take(slice(15, 16)))
    with threads.allow(2):  # which share them out
        contract.same(trainer.train(config, [15, 16, 17]), among.take(slice(15, 18)))
    # What is told after each epoch, and what is kept of a sparse history.
    ends: list[float] = []
    trainer.train(config, [15], on_epoch=lambda end: ends.append(float(end.loss_D[0])))
    assert ends == among.loss_D[15].tolist()
    assert trainer.train(config, [15], every=2).loss_D[0].tolist() == [among.loss_D[15, 1]]
