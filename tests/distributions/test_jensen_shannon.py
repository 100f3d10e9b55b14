"""Jensen–Shannon divergence: known answers, oracles, symmetry, limits, orientation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.stats import norm

from gan_eval.distributions.divergences import jensen_shannon, total_variation
from gan_eval.distributions.gaussian import Gaussian

CHAPTER = Gaussian(np.array([1.0, 2.0]), np.array([[1.0, 2.0], [-0.1, 0.5]]))
LN2 = np.log(2.0)


def line(place: float, scale: float) -> Gaussian:
    return Gaussian(np.array([place]), np.array([[scale]]))


def log_density(law: Gaussian, x: np.ndarray) -> np.ndarray:
    moved = x - law.mean
    squares = (moved * np.linalg.solve(law.covariance, moved.T).T).sum(axis=1)
    volume = np.linalg.slogdet(law.covariance)[1]
    return -0.5 * (squares + volume + law.dimension * np.log(2 * np.pi))


def integrand(a, b):
    """½ p ln(p/m) + ½ q ln(q/m) from both log-densities."""
    m = np.logaddexp(a, b) - LN2
    return 0.5 * np.exp(a) * (a - m) + 0.5 * np.exp(b) * (b - m)


@pytest.mark.parametrize(
    ("place", "scale"), [(0, 1.001), (1e-3, 1), (0.5, 1), (0, 2), (1, 0.3), (3, 5), (8, 1)]
)
def test_it_is_the_integral_on_the_line(place, scale):
    def density(x):
        return integrand(norm.logpdf(x), norm.logpdf(x, place, scale))

    ends = min(-12, place - 12 * scale), max(12, place + 12 * scale)
    exact = quad(density, *ends, points=[0, place], limit=500, epsabs=1e-14, epsrel=1e-13)[0]
    found = float(jensen_shannon(line(place, scale), line(0, 1)))
    assert found == pytest.approx(exact, rel=1e-9, abs=2e-15)


def test_it_is_the_integral_in_the_plane():
    q = Gaussian(np.array([0.8, 1.7]), np.array([[0.9, 1.5], [-0.5, 0.6]]))

    def density(y, x):
        return integrand(*(log_density(law, np.array([[x, y]]))[0] for law in (CHAPTER, q)))

    exact, error = dblquad(density, -4, 6, -9, 13, epsabs=1e-6, epsrel=1e-5)[:2]
    assert error < 1e-5
    assert float(jensen_shannon(q, CHAPTER)) == pytest.approx(exact, abs=1e-5)


@pytest.mark.statistical
def test_it_is_the_mean_over_draws_in_five_dimensions():
    # One fixed seed; 4 standard errors, wrong once in 16,000.
    rng = np.random.default_rng(3)
    q = Gaussian(rng.normal(size=5) / 3, np.eye(5) + rng.normal(size=(5, 5)) / 5)
    p = Gaussian(np.zeros(5), np.eye(5))
    values = []
    for own, other in ((p, q), (q, p)):
        x = rng.standard_normal((200_000, 5)) @ own.factor + own.mean
        a, b = (log_density(law, x) for law in (own, other))
        values.append(LN2 - np.logaddexp(0, b - a))
    half = sum(v.mean() for v in values) / 2
    error = np.sqrt(sum(v.var() / len(v) for v in values)) / 2
    assert abs(float(jensen_shannon(q, p)) - half) < 4 * error


def test_equal_laws_have_none_and_singular_ones_ln_2():
    assert float(jensen_shannon(CHAPTER, CHAPTER)) < 1e-15
    flat = Gaussian(np.zeros(2), np.array([[1.0, 0.0]]))
    assert float(jensen_shannon(flat, CHAPTER)) == LN2
    assert float(jensen_shannon(line(1e300, 1), line(0, 1))) == LN2
    assert np.isnan(jensen_shannon(line(np.nan, 1), line(0, 1)))


def test_it_is_symmetric_invariant_and_within_its_bounds():
    """Lin (1991, th. 3): at most ln 2 times the total variation."""
    rng = np.random.default_rng(0)
    q, p = (Gaussian(rng.normal(size=(50, 3)), rng.normal(size=(50, 3, 3))) for _ in range(2))
    found = jensen_shannon(q, p)
    np.testing.assert_allclose(found, jensen_shannon(p, q), rtol=1e-8)
    turned = rng.normal(size=(3, 3))
    moved = [Gaussian(law.mean @ turned + 5, law.factor @ turned) for law in (q, p)]
    np.testing.assert_allclose(found, jensen_shannon(*moved), rtol=1e-8)
    assert (found > 0).all()
    assert (found <= LN2 * total_variation(q, p) + 1e-10).all()


def test_it_grows_with_the_shift_and_is_an_eighth_of_its_square_at_first():
    shifts = np.array([1e-5, 1e-3, 0.1, 1.0, 3.0, 10.0])
    found = np.array([float(jensen_shannon(line(s, 1), line(0, 1))) for s in shifts])
    assert (np.diff(found) > 0).all()
    np.testing.assert_allclose(found[:2], shifts[:2] ** 2 / 8, rtol=1e-5)
