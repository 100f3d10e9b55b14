"""Where the target's log density turns: octagons around modes, and lines between them."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.pushforward.by_pieces.creases import (
    REACH,
    creases,
    in_octagons,
    octagons,
    window_of,
)
from tests.distributions.pushforward.generators import GRID, RING, THREE

SHAPES = MixtureTarget(
    [0.5, 0.5], [[0.0, 0.0], [5.0, 1.0]], [[[1.0, 0.9], [0.9, 1.0]], np.eye(2).tolist()]
)


@pytest.mark.parametrize("target", [RING, THREE, SHAPES], ids=["ring8", "three", "shapes"])
def test_octagons_hold_nine_deviations_and_little_more(target: MixtureTarget) -> None:
    corners = octagons(target)
    middles = (corners + np.roll(corners, -1, axis=1)) / 2
    for mode in range(len(target.weights)):
        far = target.mahalanobis(corners[mode])[:, mode]
        np.testing.assert_allclose(far, REACH / np.cos(np.pi / 8), rtol=1e-12)
        np.testing.assert_allclose(target.mahalanobis(middles[mode])[:, mode], REACH, rtol=1e-12)
    low, high = window_of(target)
    assert (corners.min(axis=(0, 1)) == low).all()
    assert (corners.max(axis=(0, 1)) == high).all()


@pytest.mark.parametrize("target", [RING, THREE, SHAPES], ids=["ring8", "three", "shapes"])
def test_points_are_in_the_octagons_that_hold_them(target: MixtureTarget) -> None:
    low, high = window_of(target)
    rows = np.random.default_rng(0).uniform(low, high, size=(4000, 2))
    corners = octagons(target)
    sides = np.roll(corners, -1, axis=1) - corners
    to = rows[:, None, None] - corners
    turn = sides[..., 0] * to[..., 1] - sides[..., 1] * to[..., 0]
    known = (turn >= 0).all(axis=2) | (turn <= 0).all(axis=2)
    assert (in_octagons(target, rows) == known).all()


@pytest.mark.parametrize("target", [RING, GRID, THREE], ids=["ring8", "grid25", "three"])
def test_on_the_lines_between_modes_two_are_equally_likely_and_none_likelier(
    target: MixtureTarget,
) -> None:
    window = window_of(target)
    drawn = creases(target, window)[8 * len(target.weights) :]
    factors = np.linalg.inv(np.linalg.cholesky(target.covariances[0]))
    middle = drawn.mean(axis=1)
    apart = middle[:, None] - target.means
    terms = np.log(target.weights) - (np.einsum("nki,ji->nkj", apart, factors) ** 2).sum(-1) / 2
    first, second = np.sort(terms, axis=1)[:, -2:].T[::-1]
    on_line = first - second < 1e-6 * (1 + np.abs(first))
    # Beside each line six others, where ratios are e³, e¹⁰ and e⁴⁰; these may cross other lines.
    assert 7 * on_line.sum() >= len(drawn) > 0
    assert len(drawn) % 7 == 0


def test_two_round_modes_are_parted_by_their_bisector() -> None:
    target = MixtureTarget([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], 0.25 * np.eye(2))
    window = np.array([[-6.0, -5.0], [6.0, 5.0]])
    drawn = creases(target, window)[16:]
    # ln p₁/p₂ = 8 x₁: strips end where it is 0, ±3, ±10 and ±40.
    np.testing.assert_allclose(
        np.sort(drawn[:, 0, 0]), np.array([-40, -10, -3, 0, 3, 10, 40]) / 8, atol=1e-12
    )
    np.testing.assert_allclose(drawn[:, 0, 0], drawn[:, 1, 0], atol=1e-12)
    np.testing.assert_allclose(np.sort(drawn[:, :, 1], axis=1), [[-5.0, 5.0]] * 7)


def test_modes_of_other_shapes_have_octagons_alone() -> None:
    assert len(creases(SHAPES, window_of(SHAPES))) == 16
