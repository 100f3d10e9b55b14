"""Total variation against quadrature in the plane, and against the line's exact roots."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from gan_eval.distributions.divergences import total_variation
from gan_eval.distributions.gaussian import Gaussian

from .laws import CHAPTER, diagonal, line


def total_variation_in_the_plane(offset: np.ndarray, scales: np.ndarray) -> float:
    """½ ∫∫ |q − p| in canonical coordinates, the inner integral exact between its sign changes."""

    def inner(x: float) -> float:
        truth = stats.norm.logpdf(x)
        learned = stats.norm.logpdf(x, offset[0], scales[0])
        shift, scale = offset[1], scales[1]
        quadratic = [
            0.5 - 0.5 / scale**2,
            shift / scale**2,
            learned - truth - np.log(scale) - 0.5 * (shift / scale) ** 2,
        ]
        roots = np.roots(quadratic)
        cuts = np.concatenate([[-np.inf], np.sort(roots[np.isreal(roots)].real), [np.inf]])
        below = np.exp(truth) * np.diff(stats.norm.cdf(cuts))
        above = np.exp(learned) * np.diff(stats.norm.cdf(cuts, shift, scale))
        return float(np.abs(above - below).sum())

    corners = sorted(
        {c + w * k for c, w in ((0.0, 1.0), (offset[0], scales[0])) for k in (-3, 0, 3)}
    )
    reach = 9 * max(1.0, scales[0]) + abs(offset[0])
    return 0.5 * integrate.quad(inner, -reach, reach, points=corners, limit=400, epsabs=1e-9)[0]


@pytest.mark.parametrize(
    ("offset", "scales"),
    [
        ([0.5, -0.3], [1.3, 0.7]),
        ([0.0, 1.0], [0.2, 1.0]),  # a pure shift beside a pure scale
        ([3.0, 0.1], [4.0, 3.0]),
        ([0.02, 0.01], [1.01, 0.98]),
    ],
)
def test_total_variation_in_the_plane_by_nested_quadrature(offset, scales):
    offset, scales = np.array(offset), np.array(scales)
    q = Gaussian(offset @ CHAPTER.factor + CHAPTER.mean, np.diag(scales) @ CHAPTER.factor)
    oracle = total_variation_in_the_plane(offset, scales)
    np.testing.assert_allclose(total_variation(q, CHAPTER), oracle, rtol=0, atol=1e-7)


def test_total_variation_of_many_coordinates_that_agree_is_that_of_the_line():
    # The line's exact roots check the contour, which serves d ≥ 2, over nasty pairs.
    rng = np.random.default_rng(5)
    scales = np.exp(rng.uniform(-9.2, 9.2, size=600))
    scales[:200] = np.abs(1 + rng.normal(size=200) * 10 ** rng.uniform(-12, 0, size=200))
    scales[:20] = 1.0
    offset = rng.normal(size=600) * np.exp(rng.uniform(-7, 5, size=600))
    exact = total_variation(diagonal(offset[:, None], scales[:, None]), line(0.0, 1.0))
    zeros, ones = np.zeros((600, 2)), np.ones((600, 2))
    q = diagonal(np.column_stack([zeros, offset]), np.column_stack([ones, scales]))
    found = total_variation(q, diagonal(np.zeros(3), np.ones(3)))
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-11)
