"""Leading directions against a generalised eigensolver, flat samples, and what chance gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import eigh

from gan_eval.comparison.directions import MOST, Direction, leading_directions


def samples(n: int = 200, m: int = 150, d: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(d)
    mixing = rng.normal(size=(d, d)) * 10.0 ** np.arange(d)
    return rng.normal(size=(n, d)) @ mixing + 5, (rng.normal(size=(m, d)) * 1.3) @ mixing


@pytest.mark.parametrize("d", [1, 2, 3, 6])
def test_values_are_fishers_and_the_generalised_eigenvalues(d: int) -> None:
    x, y = samples(d=d)
    found = leading_directions(x, y)
    first, second = (np.atleast_2d(np.cov(rows.T)) for rows in (x, y))
    delta = y.mean(axis=0) - x.mean(axis=0)
    mahalanobis = np.sqrt(delta @ np.linalg.solve((first + second) / 2, delta))
    assert found.mean.value == pytest.approx(mahalanobis, rel=1e-9)
    ratios = eigh(second, first, eigvals_only=True)
    furthest = sorted(ratios, key=lambda r: -abs(np.log(r)))[:MOST]
    assert [s.value for s in found.spread] == pytest.approx(furthest, rel=1e-8)


def test_values_are_those_of_the_rows_projected() -> None:
    x, y = samples()
    found = leading_directions(x, y)
    for direction in (found.mean, *found.spread):
        along = found.scores(x, direction), found.scores(y, direction)
        assert np.linalg.norm(direction.loadings) == pytest.approx(1.0)
        variances = [scores.var(ddof=1) for scores in along]
        if direction.kind == "spread":
            assert variances[1] / variances[0] == pytest.approx(direction.value, rel=1e-8)
        else:
            shift = (along[1].mean() - along[0].mean()) / np.sqrt(sum(variances) / 2)
            assert shift == pytest.approx(direction.value, rel=1e-8)


def test_units_of_measure_do_not_matter() -> None:
    x, y = samples()
    units = np.array([1e-9, 1.0, 1e6])
    before, after = leading_directions(x, y), leading_directions(x * units, y * units)
    np.testing.assert_allclose(after.mean.loadings, before.mean.loadings, rtol=1e-6)
    assert after.spread[0].value == pytest.approx(before.spread[0].value, rel=1e-6)


def test_a_planted_direction_is_found() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 2000, 4))
    axis = np.array([3.0, 0, 4.0, 0]) / 5
    collapsed = leading_directions(x, y - 0.9 * np.outer(y @ axis, axis)).spread[0]
    assert abs(collapsed.loadings @ axis) > 0.99
    assert collapsed.value == pytest.approx(0.01, rel=0.15)
    shifted = leading_directions(x, y - axis).mean
    assert shifted.loadings @ axis < -0.99
    assert shifted.value == pytest.approx(1.0, abs=0.1)


def test_flat_samples_have_ratios_of_zero_and_infinity_and_infinite_shifts() -> None:
    x, y = np.random.default_rng(5).normal(size=(2, 100, 2))
    line = y * [1.0, 0.0]
    assert leading_directions(x, line).spread[0].value == 0.0
    assert leading_directions(line, x).spread[0].value == np.inf
    apart = leading_directions(x * [1.0, 0.0], y * [1.0, 0.0] + [0.0, 1.0])
    assert apart.mean.value == np.inf
    np.testing.assert_allclose(np.abs(apart.mean.loadings), [0, 1], atol=1e-6)
    assert len(apart.spread) == 1
    same = leading_directions(x, x)
    assert same.mean.value == 0.0
    assert [s.value for s in same.spread] == pytest.approx([1.0, 1.0])


@pytest.mark.statistical
@pytest.mark.parametrize(("n", "m", "d"), [(50, 60, 1), (100, 100, 3), (60, 200, 8)])
def test_chance_exceeds_what_is_said_in_one_of_twenty_pairs(n: int, m: int, d: int) -> None:
    # 500 pairs of Gaussian samples of one law; 3.5 standard errors (error rate 5e-4) and 1 % for
    # the means of unequal samples, which are weighed alike here and not by Hotelling; 2 % for the
    # approximation of the ratio, which is conservative for small d.
    rng = np.random.default_rng(n)
    shifts, ratios = 0, 0
    for _ in range(500):
        found = leading_directions(rng.normal(size=(n, d)), rng.normal(size=(m, d)))
        shifts += found.mean.value > found.chance_shift
        ratios += any(max(s.value, 1 / s.value) > found.chance_ratio for s in found.spread)
    band = 3.5 * np.sqrt(0.05 * 0.95 / 500)
    assert abs(shifts / 500 - 0.05) <= band + 0.01 * (n != m)
    assert ratios / 500 <= 0.05 + band
    assert ratios / 500 >= 0.05 - band - 0.02


def test_a_direction_in_words_names_its_largest_terms() -> None:
    loadings = np.array([-0.8, 0.4, 0.3, 0.2, 0.2, 0.1, 0.01])
    direction = Direction("mean", loadings / np.linalg.norm(loadings), 1.0)
    words = direction.in_words(list("abcdefg"))
    assert words == "−0.81 a + 0.40 b + 0.30 c + 0.20 d + 2 smaller terms"
