"""The interval of a squared distance, in any units."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_eval.stats.intervals import squared_distance_interval
from gan_eval.stats.noise import Noise


@pytest.mark.parametrize("power", [-330, -300, 250, 330])
def test_an_interval_has_the_units_of_its_distance(power: int) -> None:
    """A power of two changes no digit, however large it is."""
    unit = math.ldexp(1.0, power)

    def interval(unit: float) -> tuple[float, float]:
        noise = Noise(0.01 * unit, 4e-5 * unit * unit, 2e-7 * unit * unit * unit)
        return squared_distance_interval(0.03 * unit, 1e-4 * unit * unit, noise)

    low, high = interval(1.0)
    assert interval(unit) == (low * unit, high * unit)
    assert 0 < low < 0.03 < high


def test_noise_too_large_for_its_cube_has_an_interval() -> None:
    """Traces of a matrix of numbers about 1e100: tr Σ³ is beyond float64, and held by tr Σ²."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(12, 3)) * 1e52
    noise = Noise.of(rows @ rows.T, 6, 6.0, 6.0, 1e104)
    low, high = squared_distance_interval(1e103, 1e205, noise)
    assert 0 <= low <= high < math.inf
