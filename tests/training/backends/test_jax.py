"""The JAX backend: what every backend promises, and its own lanes, precision and threads."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.divergences import kl
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import TrainedGANs

from . import contract

jax = pytest.importorskip("jax", reason="JAX is not installed")
pytest.importorskip("optax", reason="optax is not installed")

from gan_eval.training.backends.jax import JAXBackend  # noqa: E402  (it imports JAX)


@pytest.fixture(scope="module")
def backend_jax() -> JAXBackend:
    return JAXBackend()


@pytest.mark.parametrize("variant", contract.VARIANTS)
def test_it_agrees_with_the_arbiter(backend_jax: JAXBackend, variant: str) -> None:
    contract.agrees_with_the_arbiter(backend_jax, variant)


@pytest.mark.parametrize("variant", contract.REMEDIES)
def test_it_trains_the_remedies(backend_jax: JAXBackend, variant: str) -> None:
    contract.trains_the_remedies(backend_jax, variant)


@pytest.mark.parametrize(
    "variant",
    [
        *contract.CURVED,
        *(  # compiling takes seconds each
            pytest.param(name, marks=pytest.mark.thorough) for name in contract.EACH
        ),
    ],
)
def test_it_trains_curved_generators(backend_jax: JAXBackend, variant: str) -> None:
    contract.trains_curved_generators(backend_jax, variant)


@pytest.mark.parametrize("activation", ["tanh", "relu", "leaky_relu"])
def test_it_trains_wide_generators(backend_jax: JAXBackend, activation: str) -> None:
    contract.trains_wide_generators(backend_jax, activation)


@pytest.mark.parametrize(
    "check",
    [
        contract.is_the_same_whatever_stands_beside_it,
        contract.returns_shapes_clocks_and_epoch_ends,
        contract.tells_the_discriminator_of_each_epoch,
        contract.returns_a_diverging_run_that_is_not_finite,
        contract.refuses_a_device_that_is_not_there,
    ],
)
def test_it_keeps_what_every_backend_promises(backend_jax: JAXBackend, check) -> None:
    check(backend_jax)


@pytest.mark.parametrize("widths", [(5, 3), (40, 30)], ids=["fused loops", "matrix products"])
def test_a_seed_has_the_same_bits_in_every_lane_and_chunk(
    backend_jax: JAXBackend, widths: tuple[int, ...]
) -> None:
    # 19 seeds are more than one call has lanes for; reversed, all but one change theirs.
    config = TrainingConfig(epochs=2, n_examples=100, batch_size=7, discriminator_widths=widths)
    forward = backend_jax.train(config, range(19))
    backward = backend_jax.train(config, range(19)[::-1])
    assert backward.seeds.tolist() == list(range(19))[::-1]
    np.testing.assert_array_equal(forward.weights, backward.weights[::-1])
    np.testing.assert_array_equal(forward.loss_G, backward.loss_G[::-1])
    last = TrainedGANs.join([backend_jax.train(config, [seed]) for seed in (15, 16)])
    np.testing.assert_array_equal(forward.weights[15:17], last.weights)


def test_wide_discriminators_agree_with_the_arbiter(
    backend_jax: JAXBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 40 × 30 weights are too many for a fused loop: the other product.
    monkeypatch.setitem(contract.VARIANTS, "wide", {"discriminator_widths": (40, 30)})
    contract.agrees_with_the_arbiter(backend_jax, "wide")


@pytest.mark.parametrize("x64", [False, True])
def test_the_callers_precision_is_neither_used_nor_changed(
    backend_jax: JAXBackend, x64: bool
) -> None:
    single = TrainingConfig(epochs=1, n_examples=40)
    with jax.enable_x64(x64):
        found = backend_jax.train(single, [0])
        backend_jax.train(TrainingConfig.parse(single.model_dump() | {"dtype": "float64"}), [0])
        assert jax.config.jax_enable_x64 == x64
    contract.same(found, backend_jax.train(single, [0]))
    np.testing.assert_array_equal(found.weights, found.weights.astype(np.float32))


def test_the_chapter_trains_for_real(backend_jax: JAXBackend) -> None:
    # KL(q‖p) starts near 8.7 nats; `near` is a margin of 0.5. No random error: seeds are fixed,
    # and three of four leaves room for the last bit of another machine.
    config = TrainingConfig()
    trained = backend_jax.train(config, range(4))
    assert (kl(trained.law(), config.target.gaussian().law) < 0.5).sum() >= 3


@pytest.mark.skipif("cuda" not in JAXBackend().devices(), reason="JAX sees no GPU")
def test_cuda_agrees_with_the_arbiter(backend_jax: JAXBackend) -> None:
    contract.agrees_with_the_arbiter(backend_jax, "last batch smaller", "cuda")


def test_the_registry_finds_it() -> None:
    assert isinstance(backend("jax"), JAXBackend)
