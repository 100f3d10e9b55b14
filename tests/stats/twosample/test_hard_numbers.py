"""Numbers that float64 holds badly: constant decimals, large offsets, tiny units, outliers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.kernels.kernels import KERNELS
from gan_eval.stats.scaling import ColumnScales, Whitening, constant_columns, whitening
from gan_eval.stats.twosample import (
    classical,
    classifier_test,
    energy_distance,
    energy_test,
    frechet_distance,
    mmd2,
    mmd_test,
    permuted_moments,
    sliced_wasserstein,
    sliced_wasserstein_test,
)
from gan_eval.stats.twosample.columns import set_aside

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
    pooled = np.floor(np.round(np.concatenate(pair(60, 40, 2)), 3) * 1024)
    white = Whitening.pooled(pooled)(pooled)
    moved: np.ndarray = np.ldexp(pooled, [power, 0])
    np.testing.assert_array_equal(Whitening.pooled(moved)(moved), white)
    shifted: np.ndarray = pooled + 2.0**40
    np.testing.assert_array_equal(Whitening.pooled(shifted)(shifted), white)


def test_heavy_tails_are_not_drawn_in():
    rows = np.random.default_rng(3).standard_t(1.5, size=(2000, 2))
    assert np.isinf(ColumnScales.robust(rows).knees).all()


SEED, PERMUTATIONS = 7, 59
INVARIANT: dict[str, Callable[..., Any]] = {
    "classifier": partial(classifier_test, permutations=PERMUTATIONS, rng=SEED),
    "chapter": partial(classifier_test, classifier="chapter", permutations=19, rng=SEED),
    "mmd whitened": partial(mmd_test, whiten="pooled", permutations=PERMUTATIONS, rng=SEED),
    "energy whitened": partial(energy_test, whiten="pooled", permutations=PERMUTATIONS, rng=SEED),
    "hotelling permuted": partial(
        permuted_moments.hotelling_permutation_test, permutations=PERMUTATIONS, rng=SEED
    ),
    "likelihood permuted": partial(
        permuted_moments.likelihood_ratio_permutation_test, permutations=PERMUTATIONS, rng=SEED
    ),
    "box permuted": partial(
        permuted_moments.box_m_permutation_test, permutations=PERMUTATIONS, rng=SEED
    ),
    "hotelling": classical.hotelling_test,
    "likelihood": classical.likelihood_ratio_test,
    "box": classical.box_m_test,
}
"""Tests that each column may be rescaled for."""

METRIC: dict[str, Callable[..., Any]] = {
    **{
        f"mmd {kernel} {estimator}": partial(
            mmd_test, kernel=kernel, estimator=estimator, permutations=PERMUTATIONS, rng=SEED
        )
        for kernel in KERNELS
        if KERNELS[kernel].has_bandwidth
        for estimator in ("unbiased", "biased")
    },
    "mmd lowrank": partial(mmd_test, method="lowrank", permutations=PERMUTATIONS, rng=SEED),
    "mmd fuse": partial(mmd_test, bandwidth="fuse", permutations=PERMUTATIONS, rng=SEED),
    "mmd agg": partial(mmd_test, bandwidth="agg", permutations=PERMUTATIONS, rng=SEED),
    "energy": partial(energy_test, permutations=PERMUTATIONS, rng=SEED),
    "energy 0.5": partial(energy_test, exponent=0.5, permutations=PERMUTATIONS, rng=SEED),
    "energy sliced": partial(energy_test, method="sliced", permutations=PERMUTATIONS, rng=SEED),
    "sliced 1": partial(sliced_wasserstein_test, permutations=PERMUTATIONS, rng=SEED),
    "sliced 2": partial(sliced_wasserstein_test, order=2, permutations=PERMUTATIONS, rng=SEED),
}
"""Tests that all columns together may be rescaled for."""

EVERY = INVARIANT | METRIC
SEEING_MEANS = [name for name in EVERY if not name.startswith("box")]
NEEDS_ALL_COLUMNS = set(INVARIANT) - {"classifier", "chapter"}


def dyadic(n: int, m: int, d: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Samples of whole numbers: powers of two and offsets leave them exact."""
    x, y = pair(n, m, d, shift)
    return np.round(x * 1024), np.round(y * 1024)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("power", [-1000, -540, 300, 450])
def test_a_unit_of_measure_changes_no_answer(name, power):
    x, y = dyadic(22, 25, 2, 0.5)
    scales = [power, 0] if name in INVARIANT else [power, power]
    before = EVERY[name](x, y)
    after = EVERY[name](np.ldexp(x, scales), np.ldexp(y, scales))
    assert after.pvalue == before.pvalue < 1
    assert after.effect_size == pytest.approx(before.effect_size, rel=1e-9)
    if name in INVARIANT or name.startswith("mmd"):
        assert after.statistic == pytest.approx(before.statistic, rel=1e-9)
    elif name != "energy 0.5":
        assert after.statistic == pytest.approx(math.ldexp(before.statistic, power), rel=1e-9)


@pytest.mark.parametrize("power", [-540, 300, 450])
def test_estimates_without_a_test_come_back_in_the_units_of_the_data(power):
    x, y = dyadic(22, 25, 2, 0.5)
    for measure, exponent in ((energy_distance, 1), (sliced_wasserstein, 1), (mmd2, 0)):
        options: dict[str, Any] = {"rng": SEED} if measure is sliced_wasserstein else {}
        before = measure(x, y, **options)
        after = measure(np.ldexp(x, power), np.ldexp(y, power), **options)
        assert after == pytest.approx(math.ldexp(before, exponent * power), rel=1e-9)
    width = math.ldexp(1.0, power + 10)
    assert mmd2(np.ldexp(x, power), np.ldexp(y, power), bandwidth=width) == pytest.approx(
        mmd2(x, y, bandwidth=1024.0), rel=1e-12
    )


@pytest.mark.parametrize("power", [-490, -300, 300, 450])
def test_frechet_distance_in_any_unit_whose_square_is_a_number(power):
    x, y = dyadic(22, 25, 2, 0.5)
    before = frechet_distance(x, y, bootstrap=19, rng=0)
    after = frechet_distance(np.ldexp(x, power), np.ldexp(y, power), bootstrap=19, rng=0)
    assert after.estimate == pytest.approx(math.ldexp(before.estimate, 2 * power), rel=1e-9)
    for vanishing in (-530, -1000):
        with pytest.raises(CannotTestError, match="squared units"):
            frechet_distance(np.ldexp(x, vanishing), np.ldexp(y, vanishing), bootstrap=9)


@pytest.mark.parametrize("name", EVERY)
def test_an_offset_changes_no_answer_as_long_as_it_is_exact(name):
    x, y = dyadic(22, 25, 2, 0.5)
    before, after = EVERY[name](x, y), EVERY[name](x + 2.0**40, y - 2.0**40 + 2.0**41)
    assert after.pvalue == pytest.approx(before.pvalue, rel=1e-9)
    assert after.statistic == pytest.approx(before.statistic, rel=1e-9)


@pytest.mark.parametrize("name", SEEING_MEANS)
def test_samples_far_from_zero_are_told_apart(name):
    x, y = pair(60, 70, 1, 2.0)
    assert EVERY[name](x + 1e14, y + 1e14).pvalue <= 0.05


@pytest.mark.parametrize("name", SEEING_MEANS)
@pytest.mark.parametrize("value", [0.1, 14.62, 99.9, 1e20])
def test_a_constant_column_beside_disarms_no_test(name, value):
    x, y = (np.column_stack([rows, np.full(len(rows), value)]) for rows in pair(200, 210, 1, 1.0))
    if name in NEEDS_ALL_COLUMNS:
        with pytest.raises(UsageError, match="constant"):
            EVERY[name](x, y)
    else:
        assert EVERY[name](x, y).pvalue <= 0.05


# Where one value outweighs all others by nature, not by rounding: it decides the mean.
NOT_ROBUST = {"hotelling", "hotelling permuted"}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("far", [-999999.0, 1e20, 1e140])
def test_one_value_far_off_leaves_an_answer_or_a_sentence(name, far):
    x, y = pair(60, 60, 2, 3.0)
    x[5, 0] = far
    try:
        pvalue = EVERY[name](x, y).pvalue
    except CannotTestError:
        pvalue = None
    if pvalue is None:
        assert name.startswith(("energy", "sliced", "hotelling", "likelihood", "box"))
        assert abs(far) > 1e6
        assert name != "energy whitened"
    else:
        assert pvalue <= 0.05 or name in NOT_ROBUST


@pytest.mark.parametrize("name", METRIC)
def test_samples_that_are_one_point_tie_in_every_permutation(name):
    same = np.full((6, 2), 0.1)
    assert METRIC[name](same, same[:5]).pvalue == 1


@pytest.mark.parametrize(
    ("test", "options"),
    [
        (mmd_test, {"bandwidth": 1e-6}),
        (mmd_test, {"bandwidth": 1e12}),
        (mmd_test, {"kernel": "polynomial"}),
    ],
)
def test_entries_that_are_all_alike_but_for_rounding_are_no_test(test, options):
    x, y = pair(30, 30, 2, 3.0)
    unit = 1e-12 if "kernel" in options else 1.0
    with pytest.raises(CannotTestError, match="cannot be put to this test"):
        test(x * unit, y * unit, permutations=99, rng=0, **options)


@pytest.mark.parametrize("bandwidth", [1e-300, 1e300])
def test_a_bandwidth_out_of_reach_is_refused(bandwidth):
    x, y = pair(30, 30, 2)
    with pytest.raises(UsageError, match="bandwidth must be within a factor"):
        mmd_test(x, y, bandwidth=bandwidth)


def test_too_large_values_are_no_cubes():
    x, y = pair(30, 30, 2)
    with pytest.raises(UsageError, match="polynomial kernel"):
        mmd_test(x * 1e30, y, kernel="polynomial")
