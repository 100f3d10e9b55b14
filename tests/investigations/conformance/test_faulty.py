"""The trainer in which faults are planted is right without one."""

from __future__ import annotations

import pytest

from tests.training.backends import contract

from .faulty import NumPyBackend


@pytest.mark.parametrize("variant", contract.VARIANTS)
def test_without_a_fault_it_agrees_with_the_arbiter(variant: str) -> None:
    contract.agrees_with_the_arbiter(NumPyBackend(), variant)


@pytest.mark.parametrize(
    "check",
    [
        contract.is_the_same_whatever_stands_beside_it,
        contract.returns_shapes_clocks_and_epoch_ends,
        contract.returns_a_diverging_run_that_is_not_finite,
    ],
)
def test_it_keeps_what_every_backend_promises(check) -> None:
    check(NumPyBackend())
