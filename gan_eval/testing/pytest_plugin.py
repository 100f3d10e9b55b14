"""The pytest plugin: the assertions of ``gan_eval.testing`` as fixtures of the same names.

pytest loads this module in every run, so it imports nothing but pytest; a test that asks for a
fixture pays for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from gan_eval.stats.battery.battery import BatteryResult
    from gan_eval.stats.battery.equivalence import Equivalence


@pytest.fixture(name="assert_same_distribution", scope="session")
def _assert_same_distribution() -> Callable[..., BatteryResult]:
    """``assert_same_distribution(x, y, alpha=0.01)``: fail where two samples are told apart."""
    from gan_eval import testing

    return testing.assert_same_distribution


@pytest.fixture(name="assert_converged", scope="session")
def _assert_converged() -> Callable[..., Equivalence]:
    """``assert_converged(samples, target, margin=0.1)``: fail unless samples are shown to be near
    a Gaussian target."""
    from gan_eval import testing

    return testing.assert_converged
