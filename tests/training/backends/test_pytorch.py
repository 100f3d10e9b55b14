"""The PyTorch loop, in each of its forms: what every backend promises, and its own quirks."""

from __future__ import annotations

import pytest
import torch

from gan_eval.training.backends import backend
from gan_eval.training.backends.pytorch import PyTorchBackend
from gan_eval.training.config import TrainingConfig

from . import contract


@pytest.fixture(scope="module")
def pytorch() -> PyTorchBackend:
    return PyTorchBackend()


@pytest.mark.parametrize("variant", contract.VARIANTS)
def test_the_loop_agrees_with_the_arbiter(pytorch: PyTorchBackend, variant: str) -> None:
    contract.agrees_with_the_arbiter(pytorch, variant)


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
def test_it_keeps_what_every_backend_promises(pytorch: PyTorchBackend, check) -> None:
    check(pytorch)


def test_training_neither_reads_nor_moves_pytorchs_global_generator(
    pytorch: PyTorchBackend,
) -> None:
    config = TrainingConfig(epochs=1, n_examples=16)
    torch.manual_seed(1)
    first = pytorch.train(config, [0])
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    contract.same(first, pytorch.train(config, [0]))
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
def test_cuda_agrees_with_the_arbiter(pytorch: PyTorchBackend) -> None:
    contract.agrees_with_the_arbiter(pytorch, "chapter", "cuda")


def test_the_registry_finds_it() -> None:
    assert isinstance(backend("pytorch"), PyTorchBackend)
