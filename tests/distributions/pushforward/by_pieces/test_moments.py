"""Moments of generators of relu: against closed forms, integrals of one variable, and rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.stats import norm

from gan_eval.distributions.pushforward.by_pieces.moments import moments, polygon_moments
from gan_eval.distributions.pushforward.network import Activation, Network
from gan_eval.distributions.pushforward.pushforward import Pushforward


def test_hidden_layers_that_change_nothing_leave_the_moments_of_a_gaussian() -> None:
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(2, 2)), rng.normal(size=2)
    split = np.array([[1.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, -1.0]])
    mean, covariance = moments(Network([(split, np.zeros(4)), (split.T @ A, b)], "relu"))
    np.testing.assert_allclose(mean, b, atol=1e-14)
    np.testing.assert_allclose(covariance, A.T @ A, atol=1e-13)


def test_relu_of_noise_has_the_moments_of_half_a_normal() -> None:
    mean, covariance = moments(
        Network([(np.eye(2), np.zeros(2)), (np.eye(2), np.zeros(2))], "relu")
    )
    np.testing.assert_allclose(mean, norm.pdf(0), atol=1e-14)
    np.testing.assert_allclose(covariance, (0.5 - norm.pdf(0) ** 2) * np.eye(2), atol=1e-14)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_coordinates_that_do_not_meet_have_the_integrals_of_one_variable(
    activation: Activation,
) -> None:
    """x₁ is a function of z₁ alone and x₂ of z₂, each with four kinks, turned by a matrix."""
    rng = np.random.default_rng(1)
    first, bias = np.zeros((2, 8)), rng.normal(size=8)
    first[0, :4], first[1, 4:] = rng.normal(size=4), rng.normal(size=4)
    out = np.zeros((8, 2))
    out[:4, 0], out[4:, 1] = rng.normal(size=4), rng.normal(size=4)
    turn = rng.normal(size=(2, 2))
    network = Network([(first, bias), (out @ turn, [5.0, -3.0])], activation)
    plain = Network([(first, bias), (out, [0.0, 0.0])], activation)
    exact = []
    for k in range(2):
        own = slice(4 * k, 4 * k + 4)
        kinks = np.sort(-bias[own] / first[k, own])

        def value(z: float, k: int = k) -> float:
            return float(plain.values(np.full((1, 2), z))[0, k])

        ends = [-12.0, *kinks[np.abs(kinks) < 12], 12.0]
        powers = (
            lambda z, value=value: value(z) * norm.pdf(z),
            lambda z, value=value: value(z) ** 2 * norm.pdf(z),
        )
        exact.append(
            [sum(quad(one, a, b, epsabs=1e-13)[0] for a, b in pairwise(ends)) for one in powers]
        )
    means = np.array([one[0] for one in exact])
    spread = np.diag([one[1] - one[0] ** 2 for one in exact])
    mean, covariance = moments(network)
    np.testing.assert_allclose(mean, means @ turn + [5.0, -3.0], atol=1e-11)
    np.testing.assert_allclose(covariance, turn.T @ spread @ turn, atol=1e-11)


def test_moments_over_triangles_are_those_of_quadrature() -> None:
    triangles = np.random.default_rng(2).normal(size=(4, 3, 2))
    sides = triangles[:, 1:] - triangles[:, :1]
    turned = np.linalg.det(sides) < 0
    triangles[turned] = triangles[turned][:, ::-1]
    mass, first, second = polygon_moments(triangles)
    for k, triangle in enumerate(triangles):
        powers = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
        whole, one, two, square, cross, other = (over(triangle, *power) for power in powers)
        assert mass[k] == pytest.approx(whole, abs=1e-10)
        np.testing.assert_allclose(first[k], [one, two], atol=1e-10)
        np.testing.assert_allclose(second[k], [[square, cross], [cross, other]], atol=1e-10)


def over(triangle: np.ndarray, i: int, j: int) -> float:
    """The integral of z₁ⁱ z₂ʲ φ(z) over a triangle."""
    a, b, c = triangle
    jacobian = np.linalg.det([b - a, c - a])

    def value(v: float, u: float) -> float:
        z = a + u * (b - a) + v * (c - a)
        return float(z[0] ** i * z[1] ** j * norm.pdf(z).prod() * jacobian)

    return dblquad(value, 0, 1, 0, lambda u: 1 - u, epsabs=1e-11)[0]


@pytest.mark.parametrize("seed", range(3))
def test_a_law_has_these_moments_and_its_rows_them_too(seed: int) -> None:
    """Of a million rows the standard error is a thousandth of a deviation; five are allowed."""
    rng = np.random.default_rng(seed)
    layers = [
        (rng.normal(size=(2, 12)), rng.normal(size=12)),
        (rng.normal(size=(12, 12)) / 3, rng.normal(size=12)),
        (rng.normal(size=(12, 2)), rng.normal(size=2)),
    ]
    law = Pushforward(layers, "relu")
    mean, covariance = moments(law.network)
    np.testing.assert_array_equal(law.mean, mean)
    np.testing.assert_array_equal(law.covariance, covariance)
    rows = law.sample(1_000_000, seed)
    deviations = rows.std(axis=0)
    assert (np.abs(rows.mean(axis=0) - mean) < 0.005 * deviations).all()
    outer = np.einsum("ni,nj->nij", rows - mean, rows - mean)
    errors = outer.std(axis=0) / 1000
    assert (np.abs(outer.mean(axis=0) - covariance) < 5 * errors).all()
