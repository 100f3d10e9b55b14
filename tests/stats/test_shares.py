"""The interval of a share: SciPy's statistics as the oracle."""

from __future__ import annotations

import pytest
from scipy import stats

from gan_eval.stats.shares import share_interval, sign_test


@pytest.mark.parametrize("n", [1, 7, 30, 2000])
def test_shares_have_the_interval_of_clopper_and_pearson(n: int) -> None:
    for successes in {0, 1, n // 3, n - 1, n}:
        exact = stats.binomtest(successes, n).proportion_ci(0.95, method="exact")
        assert share_interval(successes, n) == pytest.approx((exact.low, exact.high), abs=1e-12)


@pytest.mark.parametrize("n", [1, 6, 7, 400])
def test_the_sign_test_is_the_exact_binomial_test_of_a_half(n: int) -> None:
    for successes in range(n + 1):
        exact = stats.binomtest(successes, n).pvalue
        assert sign_test(successes, n) == pytest.approx(exact, rel=1e-12)
    assert sign_test(0, 0) == 1.0
