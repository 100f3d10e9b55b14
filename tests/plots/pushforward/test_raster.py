"""Where mass lies: against normal laws, a fold, a map whose density is known, and a line."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import gan_eval as ge
from gan_eval.distributions.pushforward import Pushforward
from gan_eval.plots.pushforward.raster import raster_of, window_of
from gan_eval.runtime.errors import UsageError

UNIT = ge.GaussianTarget(np.eye(2), [0.0, 0.0])
FOLD = Pushforward(
    [
        ([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]], [0.0, 0.0, 9.0]),
        ([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, -9.0]),
    ],
    "relu",
)
"""(z₁, z₂) ↦ (|z₁|, z₂) for z₂ > −9."""


def test_a_fold_has_twice_the_normal_density_on_one_side_and_none_on_the_other() -> None:
    found = raster_of(FOLD, UNIT, size=40)
    x, y = found.places
    normal = np.outer(stats.norm.pdf(y), stats.norm.pdf(x))
    assert found.density[:, x < -0.3].max() == 0
    away = (x > 0.3) & (x < 3)
    np.testing.assert_allclose(found.density[:, away], 2 * normal[:, away], rtol=0.05, atol=5e-4)


def test_masses_of_squares_are_those_of_the_normal_law_under_a_linear_map() -> None:
    A = np.array([[1.0, 2.0], [-0.1, 0.5]])
    target = ge.GaussianTarget(A, [1.0, 2.0])
    pushed = raster_of(Pushforward([(A, [1.0, 2.0])]), target, size=100)
    exact = raster_of(target, target, size=100)
    assert pushed.window == exact.window == window_of(target)
    assert np.abs(pushed.density - exact.density).sum() / exact.density.sum() < 0.02
    assert pushed.inside == pytest.approx(exact.inside, abs=2e-3)


def test_an_invertible_leaky_relu_has_the_density_of_change_of_variables() -> None:
    first, second = np.array([[1.0, 0.4], [-0.3, 0.9]]), np.array([[0.8, 0.1], [0.2, 1.1]])
    law = Pushforward([(first, [0.1, -0.2]), (second, [0.0, 0.3])], "leaky_relu")
    found = raster_of(law, UNIT, size=80)
    x, y = found.places
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    hidden = (points - [0.0, 0.3]) @ np.linalg.inv(second)
    before = np.where(hidden > 0, hidden, hidden / 0.2)
    z = (before - [0.1, -0.2]) @ np.linalg.inv(first)
    scale = np.abs(np.linalg.det(first) * np.linalg.det(second))
    scale = scale * 0.2 ** (hidden < 0).sum(axis=1)
    density = np.exp(-0.5 * (z**2).sum(axis=1)) / (2 * np.pi * scale)
    seen = density > 1e-3 * density.max()
    off = np.abs(np.log(found.density.ravel()[seen] / density[seen]))
    assert np.median(off) < 0.03  # more along the kinks, where it jumps within a square
    assert np.quantile(off, 0.9) < 0.2


def test_mass_on_a_line_is_kept() -> None:
    line = Pushforward([([[1.0, 0.0], [0.0, 0.0]], [0.0, 0.0])])
    found = raster_of(line, UNIT, size=50)
    assert found.inside == pytest.approx(stats.norm.cdf(3.9) * 2 - 1, abs=1e-3)
    assert (found.density.sum(axis=1) > 0).sum() == 2  # it lies on the edge between two


def test_noise_of_another_size_is_pushed_forward_as_points() -> None:
    two = [(np.eye(2), [0.0, 0.0])]
    three = Pushforward([(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), [0.0, 0.0])])
    found, exact = (raster_of(law, UNIT, size=20) for law in (three, Pushforward(two)))
    assert np.abs(found.density - exact.density).max() < 0.02 * exact.density.max()


def test_what_lies_elsewhere_is_not_in_the_window() -> None:
    nothing = raster_of(Pushforward([(np.zeros((2, 2)), [99.0, 99.0])]), UNIT, size=100)
    assert nothing.density.max() == nothing.inside == 0.0


def test_what_is_not_in_the_plane_is_refused() -> None:
    line = ge.MixtureTarget([1.0], [[0.0]], [1.0])
    with pytest.raises(UsageError, match="`target` must have 2 coordinates"):
        raster_of(UNIT, line)
    with pytest.raises(UsageError, match="`law` must have 2 coordinates"):
        raster_of(Pushforward([([[1.0]], [0.0])]), UNIT)
