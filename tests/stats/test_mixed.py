"""Points of mixed rows: distances, missing values, and what they depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gan_eval.stats.battery.battery import battery
from gan_eval.stats.mixed import MOST_LEVELS, MixedRows, embed, ordered
from gan_eval.stats.scaling import whitening


def mixed(n: int, seed: int, levels: int = 3, holes: float = 0.0) -> MixedRows:
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(n, 2)) @ [[2.0, 1.0], [0.0, 0.5]]
    numbers[rng.random((n, 2)) < holes] = np.nan
    categories = np.column_stack([rng.integers(0, levels, n), rng.integers(0, 2, n)])
    categories[rng.random((n, 2)) < holes] = -1
    names = (tuple(map(str, range(levels))), ("no", "yes"))
    return MixedRows(numbers, categories, ("a", "b"), ("c", "d"), names)


def squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.square(x[:, None] - y).sum(axis=2)


def test_the_squared_distance_is_a_sum_over_columns() -> None:
    x, y = mixed(40, 0), mixed(30, 1)
    points = np.concatenate(embed(x, y))
    pooled = x.followed_by(y)
    white = whitening(pooled.numbers, "pooled")(pooled.numbers)
    expected = squared(white, white)
    for codes in pooled.categories.T:
        counts = np.bincount(codes) + 0.5
        shares = counts / counts.sum()
        entropy = -(shares * np.log(shares)).sum() / np.log(len(shares))
        weight = 2 * entropy / (1 - (shares**2).sum())
        expected += weight * (codes[:, None] != codes)
    np.testing.assert_allclose(squared(points, points), expected, atol=1e-9)


def test_a_balanced_category_weighs_as_much_as_a_number() -> None:
    n = 4000
    rng = np.random.default_rng(0)
    rows = MixedRows(rng.normal(size=(n, 1)), np.arange(n)[:, None] % 5, levels=(("x",) * 5,))
    (points,) = embed(rows)
    other = points[rng.permutation(n)]
    means = np.square(points - other).mean(axis=0)
    # 2 of each, with a standard error of about 0.04.
    assert means[0] == pytest.approx(2.0, abs=0.2)
    assert means[1:].sum() == pytest.approx(2.0, abs=0.2)


def test_rows_that_differ_have_points_that_differ() -> None:
    rows = mixed(300, 3, holes=0.2)
    (points,) = embed(rows)
    given = np.column_stack([np.nan_to_num(rows.numbers, nan=1e9), rows.categories])
    assert len(np.unique(given, axis=0)) == len(np.unique(points.round(9), axis=0))


def test_a_missing_number_is_not_the_median_that_stands_for_it() -> None:
    numbers = np.array([[1.0], [2.0], [3.0], [np.nan], [2.0]])
    rows = MixedRows(numbers, np.zeros((5, 0), np.intp))
    (points,) = embed(rows)
    assert not np.allclose(points[3], points[1])
    np.testing.assert_array_equal(points[4], points[1])


def test_pooled_points_know_no_labels() -> None:
    x, y = mixed(50, 4, holes=0.1), mixed(20, 5, holes=0.3)
    pooled = x.followed_by(y)
    order = np.random.default_rng(0).permutation(70)
    shuffled = pooled.take(order)
    points = np.concatenate(embed(x, y))
    again = np.concatenate(embed(shuffled.take(np.arange(10)), shuffled.take(np.arange(10, 70))))
    np.testing.assert_allclose(squared(points, points)[np.ix_(order, order)], squared(again, again))


def test_points_by_the_first_table_do_not_depend_on_the_others() -> None:
    x, y, z = mixed(60, 6), mixed(30, 7), mixed(30, 8)
    one, other = embed(x, y, by="first")[0], embed(x, z, y, by="first")[0]
    np.testing.assert_allclose(squared(one, one), squared(other, other))
    np.testing.assert_allclose(np.cov(one[:, :2].T, bias=True), np.eye(2), atol=1e-9)


def test_of_many_levels_the_most_frequent_are_told_apart() -> None:
    codes = np.concatenate([np.repeat(np.arange(100), 3), np.arange(50)])
    rows = MixedRows(np.zeros((len(codes), 0)), codes[:, None], levels=(("x",) * 100,))
    (points,) = embed(rows)
    assert points.shape[1] == MOST_LEVELS
    places = {code: points[codes == code][0].argmax() for code in range(100)}
    assert len({places[code] for code in range(50)}) == 50
    assert len({places[code] for code in range(70, 100)}) == 1


def test_what_is_constant_in_the_first_table_alone_still_counts() -> None:
    rng = np.random.default_rng(0)
    x = MixedRows(np.column_stack([rng.normal(size=50), np.ones(50)]), np.zeros((50, 1), np.intp))
    y = MixedRows(rng.normal(size=(50, 2)), rng.integers(0, 2, (50, 1)))
    one, other = embed(x, y, by="first")
    assert np.isfinite(other).all()
    assert (other.std(axis=0) > 0.1).all()
    assert one[:, 1:].std(axis=0) == pytest.approx(0.0)


def test_whole_columns_may_be_missing() -> None:
    x = MixedRows(np.full((20, 1), np.nan), np.zeros((20, 0), np.intp))
    y = MixedRows(np.arange(20.0)[:, None], np.zeros((20, 0), np.intp))
    one, other = embed(x, y)
    assert np.isfinite(np.concatenate([one, other])).all()
    assert squared(one, other).min() > 0


def test_columns_in_order_have_the_shares_of_levels_and_of_holes() -> None:
    x = MixedRows(np.array([[1.0], [np.nan], [5.0]]), np.array([[0], [0], [2]]), ("a",), ("b",))
    y = MixedRows(np.array([[1.0], [2.0], [0.0]]), np.array([[1], [2], [2]]), ("a",), ("b",))
    (one, other), names = ordered(x, y)
    assert names == ("a", "b", "b", "b")
    np.testing.assert_array_equal(one[:, 0].argsort(), [1, 0, 2])
    assert one[1, 0] < other[:, 0].min()
    np.testing.assert_allclose(one[:, 1:].mean(axis=0), [2 / 3, 0, 1 / 3])
    np.testing.assert_allclose(other[:, 1:].mean(axis=0), [0, 1 / 3, 2 / 3])


@pytest.mark.statistical
def test_a_battery_of_mixed_rows_keeps_its_level_and_sees_each_kind_of_difference() -> None:
    # At a true rate of 5 % more than 12 of 100 have a probability of 0.002.
    told = [
        battery(mixed(40, s, holes=0.2), mixed(60, 500 + s, holes=0.2), rng=s, permutations=199)
        for s in range(100)
    ]
    assert sum(found.told_apart for found in told) <= 12
    x, y = mixed(150, 0), mixed(150, 1)
    same, holes = y.categories.copy(), y.numbers.copy()
    same[:50] = 0
    holes[:40, 0] = np.nan
    for other in (replace(y, categories=same), replace(y, numbers=holes), mixed(150, 2, levels=2)):
        assert "energy" in battery(x, other, tests=["energy", "columns"], rng=0).rejected


def test_a_battery_of_categories_alone_runs_the_tests_of_all_rows() -> None:
    x, y = (mixed(30, s).without("ab") for s in (0, 1))
    found = battery(x, y, permutations=99, rng=0)
    assert set(found.not_run) == {"likelihood_ratio", "hotelling", "covariance"}
    assert set(found.results) == {"mmd", "energy", "fuse", "columns"}
