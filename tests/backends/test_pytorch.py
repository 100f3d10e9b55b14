"""The PyTorch loop against the arbiter, and what every backend promises."""

from typing import Any

import numpy as np
import pytest
import torch

from gan_eval.backends import backend
from gan_eval.backends.pytorch import PyTorchBackend
from gan_eval.config import TrainingConfig
from gan_eval.errors import UsageError
from gan_eval.trained import EpochEnd, TrainedGANs
from tests import reference

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


@pytest.fixture(scope="module")
def pytorch() -> PyTorchBackend:
    return PyTorchBackend()


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_loop_agrees_with_the_arbiter(pytorch: PyTorchBackend, variant: str) -> None:
    config = TrainingConfig.parse(SHORT | VARIANTS[variant])
    trained, arbiter = pytorch.train(config, [3]), reference.train(config, 3)
    np.testing.assert_allclose(trained.weights[0, -1], arbiter.G[0], rtol=1e-9)
    np.testing.assert_allclose(trained.biases[0, -1], arbiter.G[1], rtol=1e-9)
    ours = [part[0] for layer in trained.discriminator for part in layer]
    for mine, theirs in zip(ours, arbiter.D, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        np.column_stack([trained.loss_D[0], trained.loss_G[0]]), arbiter.losses, rtol=1e-10
    )


def _same(a: TrainedGANs, b: TrainedGANs) -> None:
    for name in ("seeds", "weights", "biases", "loss_D", "loss_G"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for mine, theirs in zip(a.discriminator, b.discriminator, strict=True):
        np.testing.assert_array_equal(mine.weight, theirs.weight)
        np.testing.assert_array_equal(mine.bias, theirs.bias)


def test_a_seed_gives_the_same_bits_whatever_stands_beside_it(pytorch: PyTorchBackend) -> None:
    config = TrainingConfig(epochs=2)
    torch.manual_seed(1)
    alone = pytorch.train(config, [5])
    torch.manual_seed(2)  # a global seed must not matter
    together = pytorch.train(config, [4, 5, 6])
    assert together.seeds.tolist() == [4, 5, 6]
    picked = TrainedGANs.join([pytorch.train(config, [seed]) for seed in (4, 5, 6)])
    _same(together, picked)
    _same(alone, pytorch.train(config, [5]))
    np.testing.assert_array_equal(together.weights[1], alone.weights[0])


def test_training_leaves_pytorchs_global_generator_alone(pytorch: PyTorchBackend) -> None:
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    pytorch.train(TrainingConfig(epochs=1, n_examples=16), [0])
    assert torch.equal(before, torch.random.get_rng_state())


def test_shapes_clocks_and_epoch_ends(pytorch: PyTorchBackend) -> None:
    config = TrainingConfig(epochs=3, n_examples=40, latent_size=3)
    ends: list[EpochEnd] = []
    trained = pytorch.train(config, [7, 8], on_epoch=ends.append)
    assert trained.weights.shape == (2, 4, 3, 2)
    assert trained.biases.shape == (2, 4, 2)
    assert trained.loss_D.shape == trained.loss_G.shape == trained.seconds.shape == (2, 3)
    assert [(end.seeds.tolist(), end.epoch) for end in ends] == [
        ([seed], epoch) for seed in (7, 8) for epoch in (1, 2, 3)
    ]
    np.testing.assert_array_equal(ends[-1].weights[0], trained.weights[1, -1])
    assert (trained.chapter_seconds >= trained.seconds).all()
    assert np.isnan(pytorch.train(config, [7]).chapter_seconds).all()
    law = trained.law()
    np.testing.assert_allclose(
        law.covariance[1], trained.weights[1, -1].T @ trained.weights[1, -1], rtol=1e-12
    )


def test_a_diverging_run_returns_and_is_not_finite(pytorch: PyTorchBackend) -> None:
    # A linear critic and a generator with weights near 1e28: the logits overflow float32.
    config = TrainingConfig(epochs=1, n_examples=40, init_scale=1e30, discriminator_widths=())
    trained = pytorch.train(config, [0, 1])
    assert not trained.finite().any()


def test_a_device_that_is_not_there_is_refused(pytorch: PyTorchBackend) -> None:
    for device in ("tpu", "nonsense", *(() if torch.cuda.is_available() else ("cuda",))):
        with pytest.raises(UsageError, match=f"device '{device}' is not there"):
            pytorch.train(TrainingConfig(epochs=1), [0], device)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
def test_cuda_agrees_with_the_arbiter(pytorch: PyTorchBackend) -> None:
    config = TrainingConfig.parse(SHORT)
    trained, arbiter = pytorch.train(config, [3], "cuda"), reference.train(config, 3)
    np.testing.assert_allclose(trained.weights[0, -1], arbiter.G[0], rtol=1e-8)


def test_the_registry_finds_it() -> None:
    assert isinstance(backend("pytorch"), PyTorchBackend)
