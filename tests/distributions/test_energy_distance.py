"""The energy distance in forms of its own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import gamma

from gan_eval.distributions.distances import energy_distance
from gan_eval.distributions.gaussian import Gaussian

from .laws import diagonal, line


@pytest.mark.parametrize("exponent", [0.05, 0.5, 1.0, 1.5, 1.95])
@pytest.mark.parametrize("d", [1, 2, 5, 20])
@pytest.mark.parametrize("s", [1e-3, 0.5, 1.5, 1e3])
def test_energy_distance_of_a_change_of_scale_is_of_chi_means(d, s, exponent):
    chi = 2 ** (exponent / 2) * gamma((d + exponent) / 2) / gamma(d / 2)
    across, learned, truth = (
        chi * (variance**0.5) ** exponent for variance in (1 + s**2, 2 * s**2, 2.0)
    )
    found = energy_distance(
        diagonal(np.zeros(d), s * np.ones(d)), diagonal(np.zeros(d), np.ones(d)), exponent
    )
    exact = 2 * across - learned - truth
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-13 * (across + learned + truth))


@pytest.mark.parametrize(("mean", "s"), [(0.3, 0.7), (5.0, 1e-3), (1e4, 2.0), (1e-4, 1.0)])
def test_energy_distance_on_the_line_is_of_folded_normal_means(mean, s):
    def folded(mu: float, sigma: float) -> float:
        tails = mu * (1 - 2 * stats.norm.cdf(-mu / sigma))
        return float(sigma * np.sqrt(2 / np.pi) * np.exp(-(mu**2) / (2 * sigma**2)) + tails)

    terms = 2 * folded(mean, np.hypot(1, s)), folded(0, np.sqrt(2) * s), folded(0, np.sqrt(2))
    found = energy_distance(line(mean, s), line(0.0, 1.0))
    np.testing.assert_allclose(found, terms[0] - terms[1] - terms[2], atol=1e-13 * terms[0])


@pytest.mark.parametrize("deviation", [1e-6, 0.3, 1.0, 40.0])
def test_a_centred_plane_has_the_energy_distance_of_the_same_plane_in_space(deviation):
    # In the plane by an elliptic integral, in space by quadrature.
    factors = [np.diag([1.0, deviation]), np.diag([0.7, 0.2])]
    plane = [Gaussian(np.zeros(2), factor) for factor in factors]
    space = [Gaussian(np.zeros(3), np.pad(factor, (0, 1))) for factor in factors]
    found, expected = (float(energy_distance(q, p)) for q, p in (plane, space))
    assert found == pytest.approx(expected, abs=1e-13 * (1 + deviation))
