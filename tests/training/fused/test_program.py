"""The compiled program: its draws are the package's, its bits are the same in lanes of any number
and in short and long loops, and it runs on lesser processors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gan_eval.runtime import random
from gan_eval.runtime.machine_code import Processor, processor
from gan_eval.training import draws
from gan_eval.training.backends.fused_cpu import LaneRunner
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Stream
from gan_eval.training.fused import buffers
from gan_eval.training.fused import llvm_compile as compiling
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.llvm_compile import compile_shape, load
from gan_eval.training.fused.shape import INDICES, REALS, Shape
from gan_eval.training.rows import training_rows
from gan_eval.training.trained import TrainedGANs
from tests.training import reference

SEEDS = (3, 2**40 + 7, 2**63 - 1)


CUBE: dict[str, Any] = {
    "components": [
        {"weight": 0.3, "mean": [0, 1, 2], "covariance": np.eye(3).tolist()},
        {"weight": 0.7, "mean": [5, 5, -5], "covariance": np.diag([0.1, 2, 3]).tolist()},
    ]
}
"""A mixture in three dimensions, of which a row fills one place of 64 bits and a half."""


def block(config: TrainingConfig, width: int, where: Processor | None = None) -> LaneRunner:
    """A block of lanes, compiled without the cache."""
    where, shape = where or processor(), Shape.of(config)
    code = compile_shape(shape, width, where)
    return LaneRunner(config, load(code, shape, width, where))


def train(config: TrainingConfig, width: int, where: Processor | None = None) -> TrainedGANs:
    """``SEEDS`` in lanes of a width."""
    own, trained = block(config, width, where), TrainingBuffers(config, SEEDS, 1)
    for at in range(0, len(SEEDS), width):
        own.train(trained, slice(at, min(at + width, len(SEEDS))))
    clock = np.zeros((len(SEEDS), config.epochs))
    return trained.trained("fused_cpu", "cpu", clock, clock)


@pytest.mark.parametrize(
    "settings",
    [
        {"dtype": "float64", "n_examples": 101},
        {"n_examples": 102},
        {"n_examples": 103, "target": {"A": [[2, 0, 1], [0, 1, 0], [0.5, 0, 1]], "b": [1, 2, 3]}},
        {"n_examples": 102, "target": "ring8"},
        {"n_examples": 101, "target": "grid25", "dtype": "float64"},
        {"n_examples": 101, "target": CUBE},
        {"n_examples": 101, "target": CUBE, "dtype": "float64"},
    ],
)
def test_rows_and_orders_are_those_of_draws(settings: dict[str, Any]) -> None:
    config = TrainingConfig.parse({"epochs": 2} | settings)
    own, trained = block(config, 4), TrainingBuffers(config, SEEDS, 1)
    own.train(trained, slice(0, 3))
    n, d = config.n_examples, config.dimension
    bound = 1e-13 if config.dtype == "float64" else 2e-5
    for lane, seed in enumerate(SEEDS):
        rows, moved = (
            np.ascontiguousarray(
                own.memory[name][0].reshape(-1, own.shape.row_entries, 4)[:n, :, lane]
            )
            .view(config.numpy_dtype)
            .reshape(n, -1)[:, :d]
            for name in ("rows", "moved")
        )
        np.testing.assert_allclose(rows, training_rows(config, seed), atol=bound)
        last = random.permutation(seed, Stream.EPOCH_ORDER, 1, n)
        np.testing.assert_array_equal(moved, rows[last])


def test_noise_is_that_of_draws_wherever_a_batch_begins() -> None:
    # Three latent numbers a row and batches of 7: a batch begins anywhere in a block of four.
    config = TrainingConfig(latent_size=3, batch_size=7, n_examples=25, epochs=1, dtype="float64")
    own = block(config, 4)
    own.train(TrainingBuffers(config, SEEDS, 1), slice(0, 3))
    # What is left is the last batch's: rows 21 … 24, numbers 63 … 74, from block 15 on.
    left = own.memory["noise"][0, 3:15, 0]
    wanted = draws.latent_noise(SEEDS[0], 0, 25, 3).ravel()[63:75]
    np.testing.assert_allclose(left, wanted, rtol=1e-13)


MENDED: dict[str, Any] = {
    "preset": "mended",
    "discriminator_widths": (4,),
    "optimizer": "optimistic_adam",
    "discriminator_steps": 2,
    "r1": 0.5,
    "r2": 0.5,
}
"""Everything that a training has to remember from one call to the next."""


CURVED: dict[str, Any] = {
    "generator_widths": (6, 17),
    "generator_activation": "leaky_relu",
    "init_scale": 0.3,
    "target": "grid25",
}
"""Hidden layers of G, a short and a long one, and training rows that the kernel does not make."""


@pytest.mark.parametrize("settings", [{}, {"dtype": "float64"}, MENDED, CURVED | MENDED])
def test_bits_are_the_same_in_lanes_of_any_number(settings: dict[str, Any]) -> None:
    config = TrainingConfig.parse({"epochs": 2, "n_examples": 60, "batch_size": 7, **settings})
    one = train(config, 1)
    for width in (2, 4, 8, 16):
        many = train(config, width)
        np.testing.assert_array_equal(one.weights, many.weights)
        np.testing.assert_array_equal(one.loss_D, many.loss_D)
        for mine, theirs in zip(one.hidden, many.hidden, strict=True):
            np.testing.assert_array_equal(mine.weight, theirs.weight)
        for mine, theirs in zip(one.discriminator, many.discriminator, strict=True):
            np.testing.assert_array_equal(mine.weight, theirs.weight)


WIDE: dict[str, Any] = {
    "target": {"A": np.eye(17).tolist(), "b": list(range(17))},
    "latent_size": 18,
}


@pytest.mark.parametrize(
    "settings",
    [
        {"discriminator_widths": (20, 18)},
        {"discriminator_widths": (5, 33)},
        {"latent_size": 19},
        {"discriminator_widths": (3, 17, 4)},
        WIDE,
        {"discriminator_widths": (20, 18), "r1": 0.5, "r2": 0.2},
        {"discriminator_form": "quadratic", "r1": 0.5, "generator_average": "half"} | WIDE,
        {"discriminator_form": "quadratic", "target": {"A": np.eye(5).tolist(), "b": [0] * 5}},
        {"generator_widths": (20,)},
        {"generator_widths": (18, 17), "generator_activation": "relu", "init_scale": 0.3},
        {"generator_average": "half", "optimizer": "optimistic_adam", "r2": 0.1} | CURVED | WIDE,
    ],
    ids=[
        *("both", "one", "latent", "three layers", "dimension"),
        *("penalties", "many features", "twenty features"),
        *("one of G", "two of G", "all"),
    ],
)
def test_long_loops_agree_with_the_arbiter(settings: dict[str, Any]) -> None:
    config = TrainingConfig.parse({"epochs": 2, "n_examples": 30, "dtype": "float64"} | settings)
    ours, arbiter = train(config, 4), reference.train(config, SEEDS[0])
    last = [part for layer in ours.generator(0) for part in layer]
    last += [part[0] for layer in ours.discriminator for part in layer]
    for mine, theirs in zip(last, [*arbiter.G, *arbiter.D], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("generator_loss", ["nonsaturating", "saturating"])
@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_losses_are_the_arbiters(batch_size: int, generator_loss: str, dtype: str) -> None:
    """Of 806 factors, whose product overflows a float32. Steps as small as these leave no
    difference but that of rounding."""
    still = TrainingConfig(
        epochs=1, n_examples=403, init_scale=3, learning_rate_D=1e-9, learning_rate_G=1e-9
    )
    own = {"batch_size": batch_size, "generator_loss": generator_loss, "dtype": dtype}
    config = still.model_copy(update=own)
    ours, arbiter = train(config, 4), reference.train(config, SEEDS[0])
    found = ours.loss_D[0, 0], ours.loss_G[0, 0]
    np.testing.assert_allclose(found, arbiter.losses[0], rtol=1e-11 if dtype == "float64" else 2e-6)


def test_a_processor_without_fused_multiply_add_or_wide_registers_trains_the_same() -> None:
    config = TrainingConfig(epochs=2, n_examples=60, dtype="float64")
    lesser = Processor("generic", "", 4, fused=False)
    ours, plain = train(config, 4), train(config, 4, lesser)
    np.testing.assert_allclose(plain.weights, ours.weights, rtol=1e-9)


def test_code_for_a_processor_with_512_bits_is_written_with_whole_registers() -> None:
    shape = Shape.of(TrainingConfig())
    if not processor().features.count("sse2"):
        pytest.skip("machine code of another kind of processor is not made here")
    code = compile_shape(shape, 16, Processor("skylake-avx512", "", 16, fused=True))
    # An instruction of 512 bits begins with the byte 62 and has bits 10 in its length field.
    assert code.count(b"\x62") > 500


@pytest.mark.parametrize("settings", [{}, MENDED, CURVED])
def test_calls_of_several_epochs_and_of_one_train_the_same(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainingConfig.parse({"epochs": 5, "n_examples": 50} | settings)
    whole = train(config, 4)
    monkeypatch.setattr("gan_eval.training.fused.buffers.EXAMPLES", 100)
    parts = train(config, 4)
    np.testing.assert_array_equal(whole.weights, parts.weights)
    np.testing.assert_array_equal(whole.loss_G, parts.loss_G)


def test_pointers_and_arguments_have_one_order() -> None:
    names = {*compiling.POINTERS, *REALS, *INDICES}
    assert len(names) == len(compiling.POINTERS) + len(REALS) + len(INDICES)
    assert [*buffers.numbers(TrainingConfig(), 0, 1)] == [*REALS, *INDICES]
