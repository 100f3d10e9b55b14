"""The fused CPU backend: what every backend promises, and its own lanes, threads and traces."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.divergences import kl
from gan_eval.runtime import threads
from gan_eval.training.backends import backend
from gan_eval.training.backends.fused_cpu import FusedCPUBackend
from gan_eval.training.config import TrainingConfig

from . import contract


@pytest.fixture(scope="module")
def fused() -> FusedCPUBackend:
    return FusedCPUBackend()


@pytest.mark.parametrize("variant", contract.VARIANTS)
def test_it_agrees_with_the_arbiter(fused: FusedCPUBackend, variant: str) -> None:
    contract.agrees_with_the_arbiter(fused, variant)


@pytest.mark.parametrize(
    "check",
    [
        contract.is_the_same_whatever_stands_beside_it,
        contract.returns_shapes_clocks_and_epoch_ends,
        contract.tells_the_discriminator_of_each_epoch,
        contract.tells_of_averaged_generators_in_the_users_units,
        contract.returns_a_diverging_run_that_is_not_finite,
        contract.refuses_a_device_that_is_not_there,
    ],
)
def test_it_keeps_what_every_backend_promises(fused: FusedCPUBackend, check) -> None:
    check(fused)


def test_a_seed_has_the_same_bits_in_every_lane_thread_and_company(fused: FusedCPUBackend) -> None:
    # Two seeds are trained one after the other, examples in the lanes; 19 fill blocks and a half.
    config = TrainingConfig(epochs=2, n_examples=100, batch_size=7)
    with threads.allow(1):
        forward = fused.train(config, range(19))
    with threads.allow(3):
        backward = fused.train(config, range(19)[::-1])
    assert backward.seeds.tolist() == list(range(19))[::-1]
    np.testing.assert_array_equal(forward.weights, backward.weights[::-1])
    np.testing.assert_array_equal(forward.loss_G, backward.loss_G[::-1])
    contract.same(fused.train(config, [15, 16]), forward.take(slice(15, 17)))


def test_sparse_histories_are_those_of_the_epochs_that_are_kept(fused: FusedCPUBackend) -> None:
    config = TrainingConfig(epochs=5, n_examples=50)
    whole, thin = fused.train(config, range(9)), fused.train(config, range(9), every=2)
    assert thin.traced.tolist() == [0, 2, 4, 5]
    np.testing.assert_array_equal(thin.weights, whole.weights[:, thin.traced])
    np.testing.assert_array_equal(thin.biases, whole.biases[:, thin.traced])
    np.testing.assert_array_equal(thin.loss_D, whole.loss_D[:, thin.traced[1:] - 1])
    ends = fused.train(config, range(9), every=100)
    assert ends.traced.tolist() == [0, 5]
    np.testing.assert_array_equal(ends.law().mean, whole.law().mean)
    assert ends.seconds.shape == (9, 5)


def test_the_chapter_trains_for_real(fused: FusedCPUBackend) -> None:
    # The median KL of 1000 seeds: its 99 % interval has a half-width of about 0.02 nats. 200 seeds
    # of the chapter's loop gave 0.153 (0.125 … 0.194).
    config = TrainingConfig()
    trained = fused.train(config, range(1000), every=config.epochs)
    assert trained.finite().all()
    assert 0.10 < np.median(kl(trained.law(), config.truth)) < 0.22


def test_nets_of_any_depth_and_a_single_training_row_a_batch(fused: FusedCPUBackend) -> None:
    config = TrainingConfig(
        epochs=1, n_examples=10, batch_size=1, discriminator_widths=(4, 3, 2), latent_size=7
    )
    assert fused.train(config, [0]).finite().all()


def test_the_registry_finds_it() -> None:
    assert isinstance(backend("fused_cpu"), FusedCPUBackend)


@pytest.mark.parametrize("variant", contract.REMEDIES)
def test_it_trains_the_remedies(fused: FusedCPUBackend, variant: str) -> None:
    contract.trains_the_remedies(fused, variant)


@pytest.mark.parametrize("variant", contract.CURVED)
def test_it_trains_curved_generators(fused: FusedCPUBackend, variant: str) -> None:
    contract.trains_curved_generators(fused, variant)
