"""Random small inputs, easy and hard, through the tests, against exact arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gan_eval.errors import CannotTestError, UsageError
from gan_eval.twosample import energy_test, mmd_test, permutation_labels
from gan_eval.twosample.columns import columns_test
from gan_eval.twosample.permuted_moments import hotelling_permutation_test
from tests.twosample import high_precision

PERMUTATIONS = 39
Array = NDArray[np.float64]


@st.composite
def pairs(draw: Any) -> tuple[Array, Array]:
    """Two small tables: of few or many digits, any scale, with offsets, ties, outliers, copies."""
    n, m, d = draw(st.integers(2, 6)), draw(st.integers(2, 6)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(["normal", "whole", "decimal", "heavy"]))
    rows = {
        "normal": lambda: rng.normal(size=(n + m, d)),
        "whole": lambda: rng.integers(0, draw(st.integers(2, 9)), size=(n + m, d)) * 1.0,
        "decimal": lambda: np.round(rng.normal(size=(n + m, d)), 1),
        "heavy": lambda: rng.standard_cauchy(size=(n + m, d)) ** 3,
    }[kind]()
    rows[n:] += draw(st.sampled_from([0.0, 1.0, 5.0]))
    for j in range(d):
        change = draw(st.sampled_from(["none", "none", "scale", "offset", "constant", "outlier"]))
        if change == "scale":
            rows[:, j] *= 10.0 ** draw(st.integers(-300, 100))
        elif change == "offset":
            rows[:, j] += draw(st.sampled_from([0.1, 14.62, 1e8, -1e14, 1e20]))
        elif change == "constant":
            rows[:, j] = draw(st.sampled_from([0.0, 0.1, 99.9, 1e20, 1e-300]))
        elif change == "outlier":
            rows[draw(st.integers(0, n + m - 1)), j] = draw(
                st.sampled_from([-999999.0, 1e20, -1e100, 1e150])
            )
    if draw(st.booleans()):
        rows[draw(st.integers(0, n + m - 1))] = rows[draw(st.integers(0, n + m - 1))]
    return rows[:n], rows[n:]


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
    refusal = None
    try:
        found = test(x, y, permutations=PERMUTATIONS, rng=1)
    except UsageError as error:
        refusal = error
    if refusal is not None:
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


CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.mark.parametrize("name", TESTS)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=CHECKS)
@given(pair=pairs())
def test_pvalues_are_those_of_exact_arithmetic(name: str, pair: tuple[Array, Array]) -> None:
    hold(name, *pair)


@pytest.mark.thorough
@pytest.mark.parametrize("name", TESTS)
@settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=CHECKS)
@given(pair=pairs())
def test_many_pvalues_are_those_of_exact_arithmetic(name: str, pair: tuple[Array, Array]) -> None:
    hold(name, *pair)
