"""Spearman's correlation: SciPy's is the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from gan_eval.stats.rank_correlation import rank_correlation


@pytest.mark.parametrize("n", [3, 4, 10, 500])
@pytest.mark.parametrize("ties", [False, True])
def test_it_is_that_of_scipy(n: int, ties: bool) -> None:
    x, noise = np.random.default_rng(n).normal(size=(2, n))
    y = np.abs(x) + noise
    if ties:
        x, y = x.round(), y.round(1)
    expected: Any = stats.spearmanr(x, y)
    found = rank_correlation(x, y)
    assert found is not None
    assert found == pytest.approx((expected.statistic, expected.pvalue), rel=1e-9, abs=1e-12)


def test_an_infinite_value_has_a_rank_like_any_other() -> None:
    y = np.array([3.0, 1.0, 4.0, 1.5])
    assert rank_correlation(np.array([1.0, 2.0, np.inf, 3.0]), y) == rank_correlation(
        np.array([1.0, 2.0, 9.0, 3.0]), y
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_the_same_order_has_a_correlation_of_one(sign: int) -> None:
    found = rank_correlation(np.arange(5.0), sign * np.arange(5.0) ** 3)
    assert found == pytest.approx((sign, 0.0), abs=1e-7)


@pytest.mark.parametrize("x", [[1.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
def test_there_is_none_where_there_is_nothing_to_rank(x: list[float]) -> None:
    assert rank_correlation(np.array(x), np.arange(float(len(x)))) is None
