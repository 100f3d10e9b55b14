"""Shares of known modes: exact laws, the modes that are lost, modes that overlap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.modes import WITHIN
from gan_eval.judging.generators.modes import apart, known_modes
from gan_eval.runtime.errors import CannotTestError

RING, GRID = MixtureTarget.ring(), MixtureTarget.grid()
OVERLAPPING = MixtureTarget([0.3, 0.7], [[0.0, 0.0], [2.5, 0.0]], np.eye(2))


def test_shares_of_the_target_s_own_rows_are_those_expected() -> None:
    """Chebyshev at 6 standard deviations, of 100,000 rows; within 3: P(χ²₂ ≤ 9) = 1 − e^(−4.5)."""
    for target in (RING, GRID, OVERLAPPING):
        rng = np.random.default_rng(1)
        found = known_modes(target.sample(100_000, rng), target, rng=rng)
        error = np.sqrt(found.expected * (1 - found.expected) * (1 / 100_000 + 1 / 200_000))
        assert (np.abs(found.shares - found.expected) < 6 * error).all()
        assert found.shares.sum() == pytest.approx(found.high_quality_share)
        if target is not OVERLAPPING:
            np.testing.assert_allclose(found.expected, target.weights * -np.expm1(-4.5), rtol=1e-12)


@pytest.mark.parametrize(
    ("target", "samples", "most"),
    [(RING, 200, 18), (OVERLAPPING, 30, 5)],
    ids=["apart", "overlapping"],
)
def test_false_alarms_keep_the_level(target: MixtureTarget, samples: int, most: int) -> None:
    """At most 5 % of samples of the target are rejected: no more than these, with P > 0.985."""
    rng = np.random.default_rng(2)
    found = [
        known_modes(target.sample(300, rng), target, draws=99, rng=rng) for _ in range(samples)
    ]
    assert sum(one.adjusted.min() <= 0.05 for one in found) <= most
    assert sum(one.pvalue <= 0.05 for one in found) <= most
    assert not any(one.lost.any() for one in found)


def test_p_values_are_binomial_ones_adjusted_by_holm() -> None:
    rows = np.repeat(RING.means, [40, 10, 20, 30, 25, 25, 25, 25], axis=0)
    found = known_modes(rows, RING, rng=np.random.default_rng(0))
    share = float(RING.weights[0] * stats.chi2.cdf(WITHIN**2, 2))
    law = stats.binom(200, share)
    many, few = 2 * law.sf(39), 2 * law.cdf(10)
    assert few < many
    assert found.adjusted[1] == pytest.approx(8 * few)
    assert found.adjusted[0] == pytest.approx(7 * many)
    assert not found.lost.any()


@pytest.mark.parametrize("gone", [0, 2, 7])
def test_a_mode_dropper_is_named_with_its_mode(gone: int) -> None:
    rng = np.random.default_rng(3)
    rows = RING.sample(1200, rng)
    rows = rows[np.linalg.norm(rows - RING.means[gone], axis=1) > 0.2]
    found = known_modes(rows, RING, rng=rng)
    assert np.flatnonzero(found.lost).tolist() == [gone]
    assert found.pvalue == 0.001
    x, y = np.round(RING.means[gone], 2) + 0.0
    assert found.names[gone] == f"mode {gone + 1} at ({x:.10g}, {y:.10g})"


def test_a_rare_mode_that_is_merely_rarer_is_not_lost() -> None:
    """At 40 % of its weight the share is shown to differ, and is above a tenth of it."""
    rng = np.random.default_rng(4)
    rows = RING.sample(4000, rng)
    mine = np.linalg.norm(rows - RING.means[1], axis=1) < 0.2
    rows = rows[~mine | (rng.random(4000) < 0.4)]
    found = known_modes(rows, RING, rng=rng)
    assert found.adjusted[1] < 0.001
    assert not found.lost.any()


def test_a_blur_over_all_modes_has_no_quality() -> None:
    rng = np.random.default_rng(5)
    found = known_modes(rng.normal(scale=0.7, size=(1000, 2)), RING, rng=rng)
    assert found.high_quality_share < 0.02
    assert found.lost.all()


def test_a_lost_mode_is_found_where_modes_overlap() -> None:
    rng = np.random.default_rng(6)
    far = MixtureTarget([0.5, 0.5], [0.0, 5.0], [1.0, 1.0])
    assert not apart(far.modes)
    found = known_modes(rng.normal(size=(500, 1)), far, rng=rng)
    assert found.lost.tolist() == [False, True]


def test_modes_lie_apart_where_a_direction_parts_their_ellipsoids() -> None:
    thin = np.diag([1.0, 0.001])
    assert apart(RING.modes)
    assert apart(GRID.modes)
    assert apart(MixtureTarget([0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], thin).modes)
    assert not apart(OVERLAPPING.modes)
    assert apart(MixtureTarget([1.0], [[0.0]], [1.0]).modes)


def test_too_few_rows_cannot_lose_a_mode() -> None:
    rows = RING.sample(20, 0)
    assert not known_modes(rows, RING, rng=np.random.default_rng(0)).could_lose
    assert known_modes(np.tile(rows, (10, 1)), RING, rng=np.random.default_rng(0)).could_lose


def test_values_far_off_are_of_no_mode() -> None:
    rows = np.full((50, 2), 1e200)
    found = known_modes(rows, RING, rng=np.random.default_rng(0))
    assert found.high_quality_share == 0.0
    assert not found.shares.any()


@pytest.mark.parametrize("rows", [np.empty((0, 2)), np.zeros((5, 3))])
def test_other_shapes_are_refused(rows: np.ndarray) -> None:
    with pytest.raises(CannotTestError):
        known_modes(rows, RING, rng=np.random.default_rng(0))
