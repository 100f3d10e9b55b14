"""What every backend promises, as checks that its own tests call with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.training.backends import Backend
from gan_eval.training.config import TrainingConfig
from gan_eval.training.remedies import OF_EVERY_BACKEND
from gan_eval.training.trained import EpochEnd, TrainedGANs
from tests.training import reference

SHORT: dict[str, Any] = {"epochs": 2, "n_examples": 60, "dtype": "float64"}
VARIANTS: dict[str, dict[str, Any]] = {
    "chapter": {},
    "mxnet": {"dialect": "mxnet"},
    "tensorflow": {"dialect": "tensorflow"},
    "saturating": {"generator_loss": "saturating"},
    "last batch smaller": {"batch_size": 7},
    "one batch": {"batch_size": 60},
    "wide latent": {"latent_size": 5},
    "narrow latent": {"latent_size": 1},
    "one hidden layer": {"discriminator_widths": (4,)},
    "no hidden layer": {"discriminator_widths": ()},
    "other adam": {"adam_beta1": 0.5, "adam_beta2": 0.9, "adam_epsilon": 1e-3},
    "three dimensions": {"target": {"A": [[1, 0.2, 0], [0, 1, 0.5], [0.3, 0, 2]], "b": [1, 2, 3]}},
    "one dimension": {"target": {"A": [[2]], "b": [1]}},
}
PENALTIES: dict[str, Any] = {"r1": 0.3, "r2": 0.7}
ONE: dict[str, Any] = VARIANTS["one dimension"]
THREE: dict[str, Any] = VARIANTS["three dimensions"]
QUADRATIC: dict[str, Any] = {"discriminator_form": "quadratic"}
# Weights that are large enough for D's slopes to matter, and quadratic logits not to explode.
AWAKE: dict[str, Any] = {"init_scale": 0.5, "batch_size": 7}
REMEDIES: dict[str, dict[str, Any]] = {
    "quadratic": QUADRATIC,
    "columns": {"standardise": "columns"},
    "whiten": {"standardise": "whiten"},
    "r1": {"r1": 0.5},
    "r2": {"r2": 0.5},
    "linear schedule": {"learning_rate_schedule": "linear"},
    "cosine schedule": {"learning_rate_schedule": "cosine"},
    "betas of D": {"adam_beta1_D": 0.5, "adam_beta2_D": 0.99},
    "betas of G": {"adam_beta1_G": 0.0, "adam_beta2_G": 0.9},
    "sgd": {"optimizer": "sgd"},
    "optimistic": {"optimizer": "optimistic_adam"},
    "extra": {"optimizer": "extra_adam"},
    "ema": {"generator_average": "ema"},
    "ema decay": {"generator_average": "ema", "ema_decay": 0.8},
    "half": {"generator_average": "half"},
    "three steps of D": {"discriminator_steps": 3},
    "a step of G an epoch": {"discriminator_steps": 9},
    "hinge": {"loss": "hinge"},
    "least squares": {"loss": "least_squares"},
    "relativistic": {"loss": "relativistic"},
    "start of D": {"discriminator_init_scale": 0.1},
    "mended": {"preset": "mended"},
    "mended in one dimension": {"preset": "mended", **ONE},
    "mended in three": {"preset": "mended", **THREE},
    "mended, mxnet": {"preset": "mended", "dialect": "mxnet"},
    "mended, tensorflow": {"preset": "mended", "dialect": "tensorflow", "loss": "hinge"},
    "R3GAN": {"loss": "relativistic", **PENALTIES, "optimizer": "optimistic_adam"},
    "R3GAN, mxnet": {"loss": "relativistic", **PENALTIES, "dialect": "mxnet"},
    "quadratic, penalties": {**QUADRATIC, **PENALTIES},
    "quadratic in one dimension": {**QUADRATIC, **PENALTIES, **ONE},
    "quadratic in three": {**QUADRATIC, **PENALTIES, **THREE, "standardise": "whiten"}
    | {"generator_average": "ema", "ema_decay": 0.7, "learning_rate_schedule": "cosine"},
    "penalties in one dimension": {**PENALTIES, **ONE},
    "penalties in three": {**PENALTIES, **THREE, "discriminator_steps": 2},
    "penalties, no hidden layer": {**PENALTIES, "discriminator_widths": ()},
    "penalties, three layers": {**PENALTIES, "discriminator_widths": (4, 3, 2)},
    "penalties, mxnet": {**PENALTIES, "dialect": "mxnet", "loss": "hinge"},
    "quadratic, extra": {**QUADRATIC, "optimizer": "extra_adam", "r1": 0.5}
    | {"generator_average": "half", "dialect": "tensorflow", "standardise": "columns"},
    "extra, relativistic": {"optimizer": "extra_adam", "loss": "relativistic", "r2": 1.0},
    "sgd, least squares": {
        "optimizer": "sgd",
        "loss": "least_squares",
        "discriminator_steps": 2,
        "r2": 0.5,
    }
    | {"learning_rate_schedule": "linear", "generator_average": "half"},
    "wide latent, all": {"preset": "mended", "latent_size": 3, "loss": "least_squares", "r1": 0.2}
    | {"optimizer": "optimistic_adam", "discriminator_steps": 2, "adam_beta1_G": 0.0},
}
"""What the chapter has not: each remedy alone, and some together."""
RING: dict[str, Any] = {"target": "ring8"}
DEEP: dict[str, Any] = {"generator_widths": (4, 3)}
RELU: dict[str, Any] = {"generator_activation": "relu"}
LEAKY: dict[str, Any] = {"generator_activation": "leaky_relu"}
CURVED: dict[str, dict[str, Any]] = {
    "tanh": {"generator_widths": (5,)},
    "two layers of tanh": DEEP,
    "relu": {"generator_widths": (6,), **RELU},
    "two layers of relu": {"generator_widths": (6, 5), **RELU},
    "leaky relu": {"generator_widths": (5,), **LEAKY},
    "two layers of leaky relu": {**DEEP, **LEAKY},
    "a mixture": RING,
    "a mixture, whitened": {**RING, "standardise": "whiten"},
    "a mixture, columns": {"target": "grid25", "standardise": "columns", **DEEP},
    "ema": {**DEEP, "generator_average": "ema", "ema_decay": 0.8},
    "half, relu": {**DEEP, **RELU, "generator_average": "half", **RING},
    "mended": {"preset": "mended", **DEEP},
    "mended, leaky": {"preset": "mended", **DEEP, **LEAKY, **RING, "latent_size": 3},
    "mended, mxnet": {"preset": "mended", **DEEP, "dialect": "mxnet"},
    "mended, tensorflow": {"preset": "mended", **DEEP, "dialect": "tensorflow"},
    "mxnet": {**DEEP, **RELU, "dialect": "mxnet"},
    "tensorflow": {**DEEP, **LEAKY, "dialect": "tensorflow", "generator_loss": "saturating"},
    "extra": {**DEEP, "optimizer": "extra_adam", "generator_average": "half"},
    "optimistic, relu": {**DEEP, **RELU, "optimizer": "optimistic_adam", **RING},
    "sgd": {**DEEP, "optimizer": "sgd", "discriminator_steps": 2},
    "R3GAN": {**DEEP, **LEAKY, "loss": "relativistic", **PENALTIES, **RING},
    "quadratic": {**DEEP, **QUADRATIC, **PENALTIES, "loss": "least_squares"},
    "hinge": {**DEEP, "loss": "hinge", "discriminator_steps": 3},
    "in three dimensions": {**DEEP, **LEAKY, **THREE, "preset": "mended", "r1": 0.2},
    "in one dimension": {**DEEP, **ONE, "latent_size": 1},
}
"""Generators with hidden layers, and mixtures as targets, alone and with remedies."""
LINEAR = tuple(name for name, settings in CURVED.items() if "generator_widths" not in settings)
"""Those of them whose generator is linear: a mixture is learned from on every backend."""
EACH: dict[str, dict[str, Any]] = {
    f"{name}, {activation}": {
        "generator_widths": [4, 3] if place % 2 else [5],
        "generator_activation": activation,
        **(RING if place % 5 else {}),
        **settings,
    }
    for place, (name, settings) in enumerate(REMEDIES.items())
    for activation in [("tanh", "relu", "leaky_relu")[place % 3]]
}
"""Each remedy, and those some together, beside hidden layers of G."""
FEW = tuple(
    name
    for name, settings in REMEDIES.items()
    if set(TrainingConfig.parse(SHORT | AWAKE | settings).remedies) <= set(OF_EVERY_BACKEND)
)
"""Those of them that every backend trains."""

DIVERGING: dict[str, Any] = {
    "epochs": 1,
    "n_examples": 200,
    "batch_size": 200,
    "discriminator_widths": (),
    "target": {"A": [[5e37]], "b": [0]},
}
"""Overflows float32 by whatever kernel. A linear D is sure of every row: for the half with one sign
it is right, and their gradient is 0; for the others' it is Σ x / 2, terms of one sign that sum to
2e39. That is infinite in any order, so Adam's step is ∞/∞ and all weights are NaN."""


def agrees_with_the_arbiter(backend: Backend, variant: str, device: str = "cpu") -> None:
    """Weights, Adam's moments and losses of two replicates are those of the plain NumPy trainer."""
    config = TrainingConfig.parse(SHORT | VARIANTS[variant])
    seeds = (3, 4)
    trained = backend.train(config, seeds, device)
    assert trained.adam is not None
    for r, seed in enumerate(seeds):
        _agrees(trained, r, reference.train(config, seed), rtol=1e-9)


def trains_the_remedies(backend: Backend, variant: str, device: str = "cpu") -> None:
    """The same of a configuration with remedies: every digit but the last three or four, after
    each epoch, in the user's units, and of what an averaged generator is the average of."""
    _trains(backend, TrainingConfig.parse(SHORT | AWAKE | REMEDIES[variant]), device)


def trains_curved_generators(backend: Backend, variant: str, device: str = "cpu") -> None:
    """The same of a generator with hidden layers, or a mixture as target."""
    own = (CURVED | EACH)[variant]
    _trains(backend, TrainingConfig.parse(SHORT | AWAKE | own), device)


def trains_wide_generators(backend: Backend, activation: str, device: str = "cpu") -> None:
    """The same of two layers of 128 units, in two steps: sums of so many terms round more."""
    own: dict[str, Any] = {"generator_widths": (128, 128), "generator_activation": activation}
    own |= {"epochs": 1, "n_examples": 40, "batch_size": 20, "init_scale": 0.1, "dtype": "float64"}
    _trains(backend, TrainingConfig.parse(own | RING), device, 1e-9)


def _trains(backend: Backend, config: TrainingConfig, device: str, rtol: float = 1e-12) -> None:
    seeds = (3, 4)
    trained = backend.train(config, seeds, device)
    assert (trained.adam is None) <= (config.optimizer == "sgd")
    assert (trained.averaging is None) == (config.generator_average == "none")
    assert (trained.units is None) == (config.standardise == "none")
    for r, seed in enumerate(seeds):
        arbiter = reference.train(config, seed)
        _agrees(trained, r, arbiter, rtol=rtol)
        for epoch, layers in enumerate(arbiter.path):
            _close(_generator(trained, r, epoch), layers, rtol)
        if trained.averaging is not None:
            own = trained.averaging.take(slice(r, r + 1))
            last = [part[0] for layer in (*own.last_hidden, own.last) for part in layer]
            ours = [*last, own.mean[0], own.covariance[0]]
            _close(ours, [*arbiter.last, arbiter.mean, arbiter.covariance], rtol)


def refuses_the_other_remedies(backend: Backend) -> None:
    """What it does not train, it does not train without them either."""
    refused = [REMEDIES[name] for name in REMEDIES.keys() - FEW]
    refused += [CURVED[name] for name in CURVED.keys() - LINEAR]
    for settings in refused:
        with pytest.raises(UsageError, match=f"'{backend.name}' does not train"):
            backend.train(TrainingConfig.parse(SHORT | AWAKE | settings), [0])


def _agrees(
    trained: TrainedGANs, replicate: int, arbiter: reference.Reference, *, rtol: float
) -> None:
    r = replicate
    generator = _generator(trained, r)
    discriminator = [part[r] for layer in trained.discriminator for part in layer]
    if trained.config.loss == "relativistic":
        # D's last bias stands in no difference of logits: its gradient is 0 but for rounding,
        # of which Adam makes steps.
        discriminator[-1] = arbiter.D[-1]
    _close([*generator, *discriminator], [*arbiter.G, *arbiter.D], rtol)
    for moment in ("first", "second") if trained.adam is not None else ():
        ours = [part[r] for layer in getattr(trained.adam, moment) for part in layer]
        _close(ours, getattr(arbiter, moment), rtol)
    losses = np.column_stack([trained.loss_D[r], trained.loss_G[r]])
    np.testing.assert_allclose(losses, arbiter.losses, rtol=max(rtol / 10, 1e-12))


def _generator(trained: TrainedGANs, replicate: int, epoch: int = -1) -> list[np.ndarray]:
    """The weight and bias of each layer."""
    return [part for layer in trained.generator(replicate, epoch) for part in layer]


def _close(ours: list[Any], theirs: list[Any], rtol: float) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=rtol, atol=min(1e-12, rtol))


def is_the_same_whatever_stands_beside_it(backend: Backend) -> None:
    """A seed gives the same bits alone, in company, and in every repetition."""
    config = TrainingConfig(epochs=2, n_examples=100)
    alone = backend.train(config, [5])
    together = backend.train(config, [4, 5, 6])
    assert together.seeds.tolist() == [4, 5, 6]
    same(alone, backend.train(config, [5]))
    same(together, TrainedGANs.join([backend.train(config, [seed]) for seed in (4, 5, 6)]))


def same(a: TrainedGANs, b: TrainedGANs) -> None:
    for name in ("seeds", "weights", "biases", "loss_D", "loss_G"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    layers = zip([*a.hidden, *a.discriminator], [*b.hidden, *b.discriminator], strict=True)
    for mine, theirs in layers:
        np.testing.assert_array_equal(mine.weight, theirs.weight)
        np.testing.assert_array_equal(mine.bias, theirs.bias)


def returns_shapes_clocks_and_epoch_ends(backend: Backend) -> None:
    config = TrainingConfig(epochs=3, n_examples=40, latent_size=3)
    ends: list[EpochEnd] = []
    trained = backend.train(config, [7, 8], on_epoch=ends.append)
    assert (trained.backend, trained.device) == (backend.name, "cpu")
    assert trained.weights.shape == (2, 4, 3, 2)
    assert trained.biases.shape == (2, 4, 2)
    assert trained.loss_D.shape == trained.loss_G.shape == trained.seconds.shape == (2, 3)
    assert [layer.weight.shape for layer in trained.discriminator] == [
        (2, 2, 5),
        (2, 5, 3),
        (2, 3, 1),
    ]
    told = [(seed, end.epoch) for end in ends for seed in end.seeds.tolist()]
    assert sorted(told) == [(seed, epoch) for seed in (7, 8) for epoch in (1, 2, 3)]
    for end in ends:
        rows = np.searchsorted(trained.seeds, end.seeds)
        np.testing.assert_array_equal(end.weights, trained.weights[rows, end.epoch])
        np.testing.assert_array_equal(end.biases, trained.biases[rows, end.epoch])
        np.testing.assert_array_equal(end.loss_D, trained.loss_D[rows, end.epoch - 1])
        np.testing.assert_array_equal(end.loss_G, trained.loss_G[rows, end.epoch - 1])
    assert (trained.seconds > 0).all()
    assert (trained.chapter_seconds >= trained.seconds).all()
    assert np.isnan(backend.train(config, [7]).chapter_seconds).all()


def tells_the_discriminator_of_each_epoch(backend: Backend) -> None:
    """D after e epochs is what a training that ends there returns: nothing looks ahead."""
    config = TrainingConfig.parse({"preset": "mended", "epochs": 3, "n_examples": 50})
    config = config.model_copy(update={"learning_rate_schedule": "constant"})
    told: dict[tuple[int, int], list[np.ndarray]] = {}

    def hear(end: EpochEnd) -> None:
        assert end.discriminator is not None
        layers = end.discriminator()
        for r, seed in enumerate(end.seeds.tolist()):
            # Copied: what a backend hands over may go on changing.
            told[seed, end.epoch] = [np.array(part[r]) for layer in layers for part in layer]

    backend.train(config, [7, 8], on_epoch=hear)
    for epochs in (1, 3):
        short = backend.train(config.model_copy(update={"epochs": epochs}), [7, 8])
        for r, seed in enumerate((7, 8)):
            parts = [part[r] for layer in short.discriminator for part in layer]
            for mine, theirs in zip(told[seed, epochs], parts, strict=True):
                np.testing.assert_array_equal(mine, theirs)


def tells_of_averaged_generators_in_the_users_units(backend: Backend) -> None:
    """What ``on_epoch`` hears of a mended training is what is returned, with its bits."""
    config = TrainingConfig.parse({"preset": "mended", "epochs": 3, "n_examples": 50})
    ends: list[EpochEnd] = []
    heard, alone = (
        backend.train(config, [7, 8], on_epoch=ends.append),
        backend.train(config, [7, 8]),
    )
    same(heard, alone)
    for end in ends:
        rows = np.searchsorted(heard.seeds, end.seeds)
        np.testing.assert_array_equal(end.weights, heard.weights[rows, end.epoch])
        np.testing.assert_array_equal(end.loss_G, heard.loss_G[rows, end.epoch - 1])
    assert heard.averaging is not None
    # The mean of a few steps' generators is not their last.
    assert (heard.averaging.last.weight != heard.weights[:, -1]).all()


def returns_a_diverging_run_that_is_not_finite(backend: Backend) -> None:
    assert not backend.train(TrainingConfig.parse(DIVERGING), [0, 1]).finite().any()


def refuses_a_device_that_is_not_there(backend: Backend) -> None:
    for device in {"tpu", "nonsense", "cuda"} - set(backend.devices()):
        with pytest.raises(UsageError, match=f"device '{device}' is not there"):
            backend.train(TrainingConfig(epochs=1), [0], device)
