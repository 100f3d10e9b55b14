"""The fused CPU backend: what every backend promises, and its own lanes, threads and traces."""

from __future__ import annotations

import pytest

from gan_eval.backends.fused_cpu import FusedCPUBackend

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
        contract.returns_a_diverging_run_that_is_not_finite,
        contract.refuses_a_device_that_is_not_there,
    ],
)
def test_it_keeps_what_every_backend_promises(fused: FusedCPUBackend, check) -> None:
    check(fused)
