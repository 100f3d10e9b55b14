"""P-values: against a transparent permutation test, under ties, under the null."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.permutation.labels import swapped_pair_labels
from gan_eval.stats.twosample import energy_test, mmd_test, permutation_labels
from tests.stats.twosample import oracles

TESTS = {"mmd": mmd_test, "energy": energy_test}


@pytest.mark.parametrize(("n", "m", "d"), [(6, 6, 1), (15, 40, 2), (33, 12, 9)])
@pytest.mark.parametrize("shift", [0.0, 0.5])
@pytest.mark.parametrize("integer", [False, True])
def test_pvalues_equal_a_transparent_permutation_test(n, m, d, shift, integer):
    rng = np.random.default_rng([n, m, d, integer])
    x, y = rng.standard_normal((n, d)), rng.standard_normal((m, d)) + shift
    if integer:
        x, y = np.round(x), np.round(y)
    pooled, seed, permutations = np.concatenate([x, y]), 7, 300
    labels = permutation_labels(n, m, permutations, np.random.default_rng(seed))

    for result, statistic in (
        (
            mmd_test(x, y, bandwidth=1.2, permutations=permutations, rng=seed),
            oracles.fast_unbiased_mmd2(1.2),
        ),
        (energy_test(x, y, permutations=permutations, rng=seed), oracles.fast_energy_statistic),
    ):
        null = oracles.permutation_null(statistic, pooled, labels)
        assert result.pvalue == oracles.permutation_pvalue(statistic(x, y), null)
        np.testing.assert_allclose(result.null_distribution, null, rtol=0, atol=1e-5 * null.std())
        at_least = np.count_nonzero(result.null_distribution >= result.statistic)
        assert result.pvalue == (1 + at_least) / (1 + permutations)


def test_a_permutation_that_is_the_observed_split_counts():
    """n = m = 2 has 3 splits: under ties counted as ≥ no p-value can fall below their 1/3."""
    x, y = np.array([0.0, 0.1]), np.array([5.0, 5.2])
    for test in TESTS.values():
        result = test(x, y, permutations=3000, rng=1)
        # 3000 draws of probability 1/3: five standard deviations are 0.043.
        assert result.pvalue == pytest.approx(1 / 3, abs=0.043)


def test_identical_rows_give_p_one():
    for test in TESTS.values():
        result = test(np.ones((8, 2)), np.ones((5, 2)), permutations=50, rng=0)
        assert result.pvalue == 1.0
        assert result.statistic == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("test", "options"), [(mmd_test, {"estimator": "biased"}), (energy_test, {})]
)
def test_ties_that_float32_cannot_see_are_decided_in_float64(test, options):
    """Coin flips: both statistics grow with |ones in x − their mean| and depend on nothing else."""
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 2, 200), rng.integers(0, 2, 150)
    labels = permutation_labels(200, 150, 400, np.random.default_rng(2))
    pooled = np.concatenate([x, y])
    deviation = np.abs(labels @ pooled - 200 * pooled.mean())
    at_least = deviation >= abs(x.sum() - 200 * pooled.mean()) - 1e-9
    assert 0 < np.count_nonzero(at_least) < 400
    result = test(x, y, permutations=400, rng=2, **options)
    assert result.pvalue == (1 + np.count_nonzero(at_least)) / 401


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.statistical
def test_farther_gives_larger_statistic_and_smaller_p(name, d):
    rng = np.random.default_rng(11)
    x, noise = rng.standard_normal((80, d)), rng.standard_normal((60, d))
    results = [
        TESTS[name](x, noise + shift, permutations=499, rng=3) for shift in (0.0, 0.5, 1.0, 3.0)
    ]
    statistics = [result.statistic for result in results]
    pvalues = [result.pvalue for result in results]
    assert statistics == sorted(statistics)
    assert pvalues == sorted(pvalues, reverse=True)
    assert pvalues[0] > 0.05
    assert pvalues[-1] == 1 / 500


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize(("n", "m"), [(12, 12), (5, 20)])
@pytest.mark.statistical
def test_pvalues_are_uniform_under_the_null(name, n, m):
    """400 repetitions; p takes the values k/100, each equally likely but for ties.

    Chi-squared over 10 classes at level 1e-4 for each of the 4 cases: a right test fails one of
    them with probability below 4e-4. Seeds are fixed, so it does so always or never.
    """
    rng = np.random.default_rng([n, m])
    counts = np.zeros(10, dtype=int)
    for _ in range(400):
        result = TESTS[name](rng.normal(size=n), rng.normal(size=m), permutations=99, rng=rng)
        counts[min(round(result.pvalue * 100) - 1, 99) // 10] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.statistical
def test_heavy_ties_are_never_anticonservative(name):
    """Coin flips, n = 10 against 14, 400 repetitions.

    P(p ≤ α) ≤ α must hold; the count may exceed 400α only by the binomial's upper 1e-4 point, for
    each of three levels and two tests: failure probability of a right test below 6e-4.
    """
    rng = np.random.default_rng(21)
    pvalues = np.array(
        [
            TESTS[name](
                rng.integers(0, 2, 10), rng.integers(0, 2, 14), permutations=99, rng=rng
            ).pvalue
            for _ in range(400)
        ]
    )
    for alpha in (0.01, 0.05, 0.1):
        assert np.count_nonzero(pvalues <= alpha + 1e-12) <= stats.binom.isf(1e-4, 400, alpha)


def test_the_same_rng_gives_the_same_result():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 2)), rng.standard_normal((40, 2))
    for test in TESTS.values():
        first, again, other = (test(x, y, permutations=99, rng=seed) for seed in (4, 4, 5))
        np.testing.assert_array_equal(first.null_distribution, again.null_distribution)
        assert first.pvalue == again.pvalue
        assert not np.array_equal(first.null_distribution, other.null_distribution)
        generator = np.random.default_rng(4)
        np.testing.assert_array_equal(
            test(x, y, permutations=99, rng=generator).null_distribution, first.null_distribution
        )
        # A generator advances: a second test from it is a fresh one.
        assert not np.array_equal(
            test(x, y, permutations=99, rng=generator).null_distribution, first.null_distribution
        )


def test_biased_and_unbiased_agree_where_sizes_are_equal():
    rng = np.random.default_rng(8)
    x, y = rng.standard_normal((30, 2)), rng.standard_normal((30, 2)) + 0.3
    pvalues = {
        mmd_test(x, y, estimator=estimator, rng=1).pvalue for estimator in ("biased", "unbiased")
    }
    assert len(pvalues) == 1


@pytest.mark.parametrize("seed", range(40))
def test_tied_pvalues_equal_integer_arithmetic(seed):
    """Energy on a grid, also one of decimal fractions far from 0, has exact integer statistics.

    Every fourth case has more rows than are done in float64 throughout.
    """
    rng = np.random.default_rng([3, seed])
    low, high = (500, 1100) if seed % 4 == 0 else (2, 40)
    n, m = (int(size) for size in rng.integers(low, high, 2))
    levels = int(rng.integers(2, 6))
    grid = np.arange(levels)
    x, y = rng.integers(0, levels, n), rng.integers(0, levels, m)
    step, offset = rng.choice([1.0, 0.1, 1 / 3, 1e7]), rng.choice([0.0, 0.7, 1000.0])
    result = energy_test((x + offset) * step, (y + offset) * step, permutations=200, rng=seed)

    labels = permutation_labels(n, m, 200, np.random.default_rng(seed))
    labels = np.concatenate([np.arange(n + m)[None] < n, labels])
    pooled = np.concatenate([x, y])
    counts_x = np.stack([(labels & (pooled == value)).sum(1) for value in grid], axis=1)
    counts_y = np.bincount(pooled, minlength=levels) - counts_x
    apart = np.abs(grid[:, None] - grid).astype(object)

    def total(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a.astype(object) @ apart * b).sum(1)

    # n²m² times the energy distance, in Python's integers.
    statistics = (
        2 * n * m * total(counts_x, counts_y)
        - m * m * total(counts_x, counts_x)
        - n * n * total(counts_y, counts_y)
    )
    assert result.pvalue == (1 + int((statistics[1:] >= statistics[0]).sum())) / 201


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize(("n", "d", "shift"), [(5, 1, 0.0), (20, 2, 0.4), (33, 9, 0.2)])
def test_energy_of_exchanged_pairs_equals_a_transparent_one(n, d, shift, integer):
    rng = np.random.default_rng([n, d, integer])
    x, y = rng.standard_normal((n, d)), rng.standard_normal((n, d)) + shift
    if integer:
        x, y = np.round(x), np.round(y)
    result = energy_test(x, y, null="wild", permutations=300, rng=7)
    coins = swapped_pair_labels(n, 300, np.random.default_rng(7))[1:, :n, None]
    null = np.array(
        [
            oracles.fast_energy_statistic(np.where(keep, x, y), np.where(keep, y, x))
            for keep in coins
        ]
    )
    assert result.method == "energy wild bootstrap test"
    observed = oracles.fast_energy_statistic(x, y)
    assert result.pvalue == oracles.permutation_pvalue(observed, null)
    np.testing.assert_allclose(result.null_distribution, null, rtol=1e-7, atol=1e-9)


@pytest.mark.statistical
def test_energy_of_exchanged_pairs_holds_for_dependent_pairs():
    """x_i and y_i correlated by 0.9 but exchangeable: the swaps stay exact, 300 repetitions.

    The number of p ≤ 0.1 lies in the binomial's central 1 − 2e-4: error rate 2e-4, seed fixed.
    """
    rng = np.random.default_rng(31)
    rejections = {"wild": 0, "permutation": 0}
    for _ in range(300):
        common = rng.standard_normal((20, 1)) * 3
        x, y = common + rng.standard_normal((20, 1)), common + rng.standard_normal((20, 1))
        for null in rejections:
            found = energy_test(x, y, null=null, permutations=49, rng=rng)
            rejections[null] += found.pvalue <= 0.1
    low, high = stats.binom.ppf([1e-4, 1 - 1e-4], 300, 0.1)
    assert low <= rejections["wild"] <= high
    assert rejections["permutation"] < low


def test_pairs_need_as_many_rows_of_each():
    with pytest.raises(UsageError, match="as many rows of each, got 3 and 4"):
        energy_test(np.arange(3.0), np.arange(4.0), null="wild")
