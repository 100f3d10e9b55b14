"""Random small inputs, easy and hard, through the tests, against exact arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from numpy.typing import NDArray

from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.twosample import energy_test, mmd_test, permutation_labels
from gan_eval.stats.twosample.columns import columns_test
from gan_eval.stats.twosample.permuted_moments import hotelling_permutation_test
from tests.stats.twosample import high_precision
from tests.stats.twosample.random_inputs import pairs
from tests.stats.twosample.test_hard_numbers import EVERY

PERMUTATIONS = 39
Array = NDArray[np.float64]


TESTS: dict[str, tuple[Callable[..., Any], high_precision.Statistic]] = {
    "energy": (energy_test, high_precision.energy),
    "mmd": (mmd_test, high_precision.mmd),
    "hotelling": (hotelling_permutation_test, high_precision.hotelling),
    "columns": (columns_test, high_precision.largest_column),
}


def beyond_float64(pooled: Array) -> bool:
    """Whether a column holds values so far off that what the others add to them is rounded away."""
    apart = np.abs(pooled - np.median(pooled, axis=0))
    return any(column.max() > 1e12 * column[column > 0].min(initial=np.inf) for column in apart.T)


def hold(name: str, x: Array, y: Array) -> None:
    """A p-value is one that exact arithmetic allows; a refusal has its cause in the data."""
    test, statistic = TESTS[name]
    n, m = len(x), len(y)
    drawn = permutation_labels(n, m, PERMUTATIONS, np.random.default_rng(1))
    labels = np.concatenate([np.arange(n + m)[None] < n, drawn])
    found, refusal = None, None
    try:
        found = test(x, y, permutations=PERMUTATIONS, rng=1)
    except UsageError as error:
        refusal = error
    if found is None:
        event(f"{name}: {type(refusal).__name__}")
        if isinstance(refusal, CannotTestError):
            judged = high_precision.judge(statistic, np.concatenate([x, y]), labels)
            assert not judged.decided or beyond_float64(np.concatenate([x, y])), refusal
        else:
            assert name == "hotelling", refusal
        return
    try:
        judged = high_precision.judge(statistic, np.concatenate([x, y]), labels)
    except ZeroDivisionError:  # a singular covariance
        pytest.fail(f"p = {found.pvalue} of a singular covariance")
    event(f"{name}: p = 1" if found.pvalue == 1 else f"{name}: p < 1")
    assert judged.least <= found.pvalue <= judged.most
    assert np.isfinite(found.statistic)


@pytest.mark.parametrize("name", TESTS)
@settings(max_examples=40)
@given(pair=pairs())
def test_pvalues_are_those_of_exact_arithmetic(name: str, pair: tuple[Array, Array]) -> None:
    hold(name, *pair)


def answer(name: str, x: Array, y: Array) -> None:
    """A test gives a p-value and a statistic, or refuses in a sentence; it never warns."""
    try:
        found = EVERY[name](x, y)
    except UsageError as error:
        event(f"{name}: {type(error).__name__}")
        return
    assert 0 <= found.pvalue <= 1
    assert np.isfinite([found.statistic, found.estimate]).all()
    if found.confidence_interval is not None:
        low, high = found.confidence_interval
        assert low <= high


@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=4)
@given(pair=pairs(4, 20))
def test_every_test_answers_or_refuses(name: str, pair: tuple[Array, Array]) -> None:
    answer(name, *pair)


@pytest.mark.thorough
@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=80)
@given(pair=pairs(4, 20))
def test_every_test_answers_or_refuses_many(name: str, pair: tuple[Array, Array]) -> None:
    answer(name, *pair)


@pytest.mark.thorough
@pytest.mark.parametrize("name", TESTS)
@settings(max_examples=500)
@given(pair=pairs())
def test_many_pvalues_are_those_of_exact_arithmetic(name: str, pair: tuple[Array, Array]) -> None:
    hold(name, *pair)
