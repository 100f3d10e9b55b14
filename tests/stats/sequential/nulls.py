"""How many null streams an e-process rejects, looked at after every row."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

from gan_eval.stats.sequential import EProcess

ALPHA = 0.05


def assert_level(streams: Iterable[EProcess]) -> None:
    """Assert that at most a share ALPHA of independent null streams was ever rejected.

    And its binomial band: of valid processes this fails with a probability below 1e-4.
    """
    rejected = [one.rejected(ALPHA) for one in streams]
    n = len(rejected)
    assert sum(rejected) <= n * ALPHA + 4 * sqrt(n * ALPHA * (1 - ALPHA))
