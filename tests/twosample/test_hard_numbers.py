"""Numbers that float64 holds badly: constant decimals, large offsets, tiny units, outliers."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.compare.columns import set_aside
from gan_eval.errors import UsageError
from gan_eval.twosample.scaling import ColumnScales, constant_columns
from gan_eval.twosample.whitening import Whitening, whitening

CONSTANTS = [0.1, 14.62, 0.7, 3.7, 99.9, 1 / 3, -1e-300, 1e20]


def pair(n: int, m: int, d: int, shift: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)) + shift * (np.arange(d) == 0)


@pytest.mark.parametrize("value", CONSTANTS)
@pytest.mark.parametrize("n", [20, 200, 1001])
def test_a_constant_column_is_seen_as_one_however_its_mean_is_rounded(value, n):
    x, y = (np.column_stack([rows, np.full(n, value)]) for rows in pair(n, n, 1))
    assert constant_columns(np.concatenate([x, y])).tolist() == [False, True]
    assert set(set_aside(x, y, ["x", "c"])) == {"c"}
    with pytest.raises(UsageError, match="needs columns that no linear combination makes constant"):
        whitening(np.concatenate([x, y]), "pooled")


def test_a_column_of_rounding_is_constant_and_one_of_few_places_is_not():
    third = np.array([0.1 + 0.2, 0.3, 0.3, 0.1 * 3])[:, None]
    assert constant_columns(third).all()
    assert not constant_columns(1e14 + np.random.default_rng(0).normal(size=(50, 1))).any()
    assert not constant_columns(np.array([[0.0], [5e-324 * 100]])).any()


@pytest.mark.parametrize("offset", [0.0, 1e8, 1e12])
def test_a_sum_of_columns_is_set_aside_at_any_offset_and_independent_columns_are_kept(offset):
    x, y = (rows + offset for rows in pair(150, 200, 3))
    assert set_aside(x, y, list("abc")) == {}
    Whitening.pooled(np.concatenate([x, y]))
    for rows in (x, y):
        rows[:, 2] = rows[:, 0] + rows[:, 1]
    assert set(set_aside(x, y, list("abc"))) == {"c"}
    with pytest.raises(UsageError, match="singular covariance"):
        Whitening.pooled(np.concatenate([x, y]))


@pytest.mark.parametrize("far", [-999999.0, 1e20])
def test_columns_that_share_a_row_far_off_do_not_depend_on_each_other(far):
    x, y = pair(150, 200, 3)
    x[7] = far
    assert set_aside(x, y, list("abc")) == {}
    x[:, 2], y[:, 2] = x[:, 0] - x[:, 1], y[:, 0] - y[:, 1]
    assert set(set_aside(x, y, list("abc"))) == {"c"}


@pytest.mark.parametrize("far", [-999999.0, 1e20, 1e150])
def test_one_value_far_off_leaves_the_whitening_of_the_other_rows_alone(far):
    pooled = np.concatenate(pair(200, 200, 2))
    alone = Whitening.pooled(pooled)(pooled)
    pooled[0, 0] = far
    white = Whitening.pooled(pooled)(pooled)
    inside = np.linalg.norm(white[1:, None] - white[None, 1:], axis=2)
    before = np.linalg.norm(alone[1:, None] - alone[None, 1:], axis=2)
    # Its square, of at most 64 typical deviations, enters the covariance over 400 rows.
    assert (inside >= before / 5).all()
    assert (inside <= before * 1.2).all()


@pytest.mark.parametrize("power", [-1060, -1000, -500, 0, 300, 450])
def test_powers_of_two_and_offsets_that_are_exact_change_no_whitened_coordinate(power):
    pooled = np.round(np.concatenate(pair(60, 40, 2)), 3) * 1024 // 1
    white = Whitening.pooled(pooled)(pooled)
    moved = np.ldexp(pooled, [power, 0])
    np.testing.assert_array_equal(Whitening.pooled(moved)(moved), white)
    shifted = pooled + 2.0**40
    np.testing.assert_array_equal(Whitening.pooled(shifted)(shifted), white)


def test_heavy_tails_are_not_drawn_in():
    rows = np.random.default_rng(3).standard_t(1.5, size=(2000, 2))
    assert np.isinf(ColumnScales.robust(rows).knees).all()
