"""One sample against a target in units, and at places, that float64 holds badly."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats import goodness

A, B = np.array([[1.0, 2.0], [-0.125, 0.5]]), np.array([1.0, 2.0])
OPTIONS: dict[str, Any] = {"resamples": 59, "rng": 3}
TESTS: dict[str, tuple[Callable[..., Any], int]] = {
    "hotelling": (goodness.hotelling_test, 0),
    "covariance": (goodness.covariance_test, 0),
    "likelihood": (goodness.likelihood_ratio_test, 0),
    "energy": (partial(goodness.energy_test, **OPTIONS), 0),
    "energy raw": (partial(goodness.energy_test, whiten=False, **OPTIONS), 1),
    "mmd": (partial(goodness.mmd_test, **OPTIONS), 0),
    "mmd raw": (partial(goodness.mmd_test, whiten=False, **OPTIONS), 0),
    "stein": (partial(goodness.kernel_stein_test, **OPTIONS), 0),
    "stein wild": (partial(goodness.kernel_stein_test, null="wild", **OPTIONS), 0),
}
"""Each with the power of the unit of length that its statistic has."""


def rows(n: int, shift: float) -> np.ndarray:
    """Rows of the target, moved, in 1/1024: exact under powers of two and large offsets."""
    drawn = np.random.default_rng(n).normal(size=(n, 2)) @ A + B + [shift, 0.0]
    return np.round(drawn * 1024) / 1024


@pytest.mark.parametrize("power", [-1000, -540, 300, 450])
@pytest.mark.parametrize("name", TESTS)
def test_a_unit_of_measure_changes_no_answer(name, power):
    test, unit = TESTS[name]
    x = rows(40, 0.3)
    before = test(x, GaussianTarget(A, B))
    after = test(np.ldexp(x, power), GaussianTarget(np.ldexp(A, power), np.ldexp(B, power)))
    assert after.pvalue == pytest.approx(before.pvalue, rel=1e-9)
    assert after.statistic == pytest.approx(math.ldexp(before.statistic, unit * power), rel=1e-9)
    assert after.effect_size == pytest.approx(before.effect_size, rel=1e-9)


@pytest.mark.parametrize("power", [-200, 200])
def test_lengths_that_a_user_gives_are_in_the_units_of_the_data(power):
    x = rows(40, 0.3)
    scaled = np.ldexp(x, power), GaussianTarget(np.ldexp(A, power), np.ldexp(B, power))
    for test, option, exponent in (
        (goodness.mmd_test, "bandwidth", 0),
        (goodness.kernel_stein_test, "scale", -3),
    ):
        given: dict[str, Any] = {option: 1.5}
        before = test(x, GaussianTarget(A, B), whiten=False, **given, **OPTIONS)
        given[option] = math.ldexp(1.5, power)
        after = test(*scaled, whiten=False, **given, **OPTIONS)
        assert after.pvalue == before.pvalue
        assert after.statistic == pytest.approx(
            math.ldexp(before.statistic, exponent * power), rel=1e-9
        )
        assert after.parameters[option] == given[option]


@pytest.mark.parametrize("name", TESTS)
def test_an_exact_offset_changes_no_answer(name):
    test, _ = TESTS[name]
    x, offset = rows(40, 0.3), 2.0**40
    before = test(x, GaussianTarget(A, B))
    after = test(x + offset, GaussianTarget(A, B + offset))
    assert after.pvalue == pytest.approx(before.pvalue, rel=1e-9)
    assert after.statistic == pytest.approx(before.statistic, rel=1e-9)


@pytest.mark.parametrize("name", [name for name in TESTS if name != "covariance"])
@pytest.mark.parametrize("offset", [0.0, 1e14])
def test_a_sample_that_is_moved_is_seen_at_any_place(name, offset):
    test, _ = TESTS[name]
    assert test(rows(60, 2.0) + offset, GaussianTarget(A, B + offset)).pvalue <= 0.05


@pytest.mark.parametrize("far", [-999999.0, 1e20])
@pytest.mark.parametrize("name", ["covariance", "likelihood", "energy", "energy raw"])
def test_one_value_far_off_is_no_draw_from_the_target(name, far):
    test, _ = TESTS[name]
    x = rows(60, 0.0)
    x[3, 0] = far
    assert test(x, GaussianTarget(A, B)).pvalue <= 1 / 60


@pytest.mark.parametrize("far", [-999999.0, 1e20, 1e140])
@pytest.mark.parametrize("name", ["mmd", "mmd raw", "stein", "stein wild"])
def test_a_bounded_kernel_counts_a_value_far_off_as_one_row(name, far):
    test, _ = TESTS[name]
    x = rows(60, 0.0)
    x[3, 0] = math.copysign(1e5, far)
    before = test(x, GaussianTarget(A, B))
    x[3, 0] = far
    after = test(x, GaussianTarget(A, B))
    assert after.statistic == pytest.approx(before.statistic, abs=1e-4)
    assert after.pvalue == before.pvalue < 1


@pytest.mark.parametrize("value", [0.1, 14.62, 99.9])
def test_a_constant_column_is_no_draw_from_the_target(value):
    x = rows(200, 0.0)
    x[:, 1] = value
    for name, (test, _) in TESTS.items():
        if name in ("hotelling", "covariance", "likelihood"):
            with pytest.raises(UsageError, match="constant column 'x2'"):
                test(x, GaussianTarget(A, B))
        else:
            assert test(x, GaussianTarget(A, B)).pvalue <= 0.05


def test_what_rounding_swallows_is_refused_in_a_sentence():
    x, target = rows(40, 0.0), GaussianTarget(A, B)
    with pytest.raises(CannotTestError, match="cannot be put to this test"):
        goodness.mmd_test(x, target, bandwidth=1e12, **OPTIONS)
    with pytest.raises(UsageError, match="bandwidth must be within a factor"):
        goodness.mmd_test(x, target, bandwidth=1e-300, **OPTIONS)
    with pytest.raises(UsageError, match="x must lie within"):
        goodness.energy_test(x, GaussianTarget(np.ldexp(A, -1000), B), **OPTIONS)
