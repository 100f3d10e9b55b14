"""Peaks: one where a distribution has one mode, and as many as there are modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_iris

from gan_eval.stats.peaks import peaks

Array = NDArray[np.float64]
RNG = np.random.default_rng


def ring(rng: np.random.Generator, n: int, spread: float = 0.2) -> tuple[Array, NDArray[np.intp]]:
    of = rng.integers(0, 8, n)
    angle = of * np.pi / 4
    centres = 2 * np.column_stack([np.cos(angle), np.sin(angle)])
    return centres + rng.normal(0.0, spread, size=(n, 2)), of


@pytest.mark.parametrize("d", [1, 2, 10])
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, shape: rng.normal(size=shape),
        lambda rng, shape: rng.random(shape),
        lambda rng, shape: rng.standard_t(3, size=shape),
        lambda rng, shape: rng.exponential(size=shape),
        lambda rng, shape: rng.poisson(4.0, size=shape).astype(float),
    ],
    ids=["normal", "uniform", "t", "exponential", "whole numbers"],
)
def test_one_mode_is_one_peak(draw: Callable[..., Array], d: int) -> None:
    # At most 2 % of such samples have two (uniform in one column; the others 0.5 %): of 20, five
    # would have a probability of 4e-5.
    rng = RNG(d)
    parted = sum(bool(peaks(draw(rng, (400, d)), rng).any()) for _ in range(20))
    assert parted < 5


def test_the_modes_of_a_ring_are_its_peaks() -> None:
    rows, of = ring(RNG(0), 1000)
    found = peaks(rows, RNG(1))
    assert found.max() == 7
    for mode in range(8):
        inside = np.bincount(found[of == mode], minlength=8)
        assert inside.max() >= 0.99 * inside.sum()
    assert (np.diff(np.bincount(found)) <= 0).all()


@pytest.mark.parametrize("d", [1, 2, 10])
def test_two_modes_six_deviations_apart_are_two(d: int) -> None:
    rng = RNG(d)
    rows = rng.normal(size=(1000, d))
    rows[:500, 0] += 6
    found = peaks(rows, rng)
    assert found.max() == 1
    assert abs(found[:500].mean() - found[500:].mean()) > 0.95


def test_setosa_is_apart_and_the_other_species_are_not() -> None:
    iris: Any = load_iris()
    rows = iris.data / iris.data.std(axis=0)
    found = peaks(rows, RNG(0))
    assert np.bincount(found).tolist() == [100, 50]
    assert (found[iris.target == 0] == 1).all()


def test_categories_beside_numbers_are_modes_and_alone_are_not() -> None:
    rng = RNG(3)
    levels = 1.5 * np.eye(3)[rng.integers(0, 3, 900)]
    assert peaks(np.column_stack([levels, rng.normal(size=(900, 2))]), rng).max() == 2
    assert not peaks(levels, rng).any()


def test_few_or_equal_rows_are_one() -> None:
    assert not peaks(np.arange(5.0)[:, None], RNG(0)).any()
    assert not peaks(np.ones((50, 2)), RNG(0)).any()
