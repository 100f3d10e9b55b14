"""Adaptive integration: known integrals, the true error within the stated one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate as line
from scipy import special

from gan_eval.distributions.pushforward.cubature import DEGREE, NODES, WEIGHTS, integrate

Array = NDArray[np.floating]

SQUARE = np.array([[[-1, -1], [1, -1], [1, 1]], [[-1, -1], [1, 1], [-1, 1]]], float)
TURN = np.array([math.cos(0.3), math.sin(0.3)])


def test_the_rule_is_exact_up_to_its_degree() -> None:
    for i in range(DEGREE + 1):
        for j in range(DEGREE + 1 - i):
            truth = 2 * math.factorial(i) * math.factorial(j) / math.factorial(i + j + 2)
            found = WEIGHTS @ (NODES[:, 0] ** i * NODES[:, 1] ** j)
            assert found == pytest.approx(truth, rel=1e-13)


@pytest.mark.parametrize("deviation", [1.0, 0.1, 0.01])
def test_gaussians_wide_and_narrow(deviation: float) -> None:
    def density(z: Array, _: object) -> Array:
        square = (z**2).sum(axis=1, keepdims=True) / deviation**2
        return np.exp(-square / 2) / (2 * np.pi * deviation**2)

    truth = math.erf(1 / deviation / math.sqrt(2)) ** 2
    found = integrate(density, SQUARE, tolerance=1e-9)
    assert abs(found.totals[0] - truth) <= found.errors[0] <= 1e-9
    assert found.evaluations < 30_000


def _over_square(of: Callable[[Any], Any], singular: float) -> float:
    """Integrate a function of TURN · z over the square by its chords, on each side of a place."""

    def chord(u: float) -> float:
        (c, s), low, high = TURN, -9.0, 9.0
        for along, across in ((c, -s), (s, c)):
            ends = sorted(((-1 - u * along) / across, (1 - u * along) / across))
            low, high = max(low, ends[0]), min(high, ends[1])
        return max(0.0, high - low)

    wide, narrow = TURN[0] + TURN[1], TURN[0] - TURN[1]
    places = sorted([-wide, -narrow, singular, narrow, wide])
    return sum(
        line.quad(lambda u: of(u) * chord(u), a, b, epsabs=1e-12, epsrel=1e-12)[0]
        for a, b in itertools.pairwise(places)
    )


@pytest.mark.parametrize(
    ("of", "tolerance"),
    [
        (lambda u: np.abs(u - 0.1), 1e-6),
        (lambda u: np.where(u > 0.1, np.cos(u), 0.0), 1e-4),
        (lambda u: np.log(np.abs(u - 0.1)), 3e-4),
        (lambda u: np.sqrt(np.maximum(u - 0.1, 0.0)), 1e-5),
    ],
    ids=["kink", "jump", "logarithm", "root"],
)
def test_what_is_not_smooth_along_a_line(of: Callable[[Any], Any], tolerance: float) -> None:
    truth = _over_square(of, 0.1)
    found = integrate(lambda z, _: of(z @ TURN)[:, None], SQUARE, tolerance=tolerance)
    assert abs(found.totals[0] - truth) <= found.errors[0] <= tolerance


def test_infinities_at_a_point() -> None:
    corner = np.array([[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]], float)

    def two(z: Array, _: object) -> Array:
        distance = np.hypot(*z.T)
        return np.column_stack([np.log(distance), distance**-0.5])

    # ∫ r dr of each along rays to the far sides at 1/cos θ, twice over half the square.
    def radii(of: Callable[[float], float]) -> float:
        return 2 * line.quad(lambda t: of(1 / math.cos(t)), 0, math.pi / 4)[0]

    truth = [
        radii(lambda r: r**2 * (2 * math.log(r) - 1) / 4),
        radii(lambda r: r**1.5 / 1.5),
    ]
    found = integrate(two, corner, tolerance=1e-7)
    assert (np.abs(found.totals - truth) <= found.errors).all()
    assert (found.errors <= 1e-7).all()


def test_each_integrand_has_its_tolerance_and_each_triangle_its_number() -> None:
    def f(z: Array, triangle: NDArray[np.intp]) -> Array:
        return np.column_stack([np.exp(z[:, 0]) * 1e6, np.cos(9 * z[:, 1]), 1.0 * triangle])

    found = integrate(f, SQUARE, tolerance=[1e-9, 1e-9, 1e-9], relative=1e-12)
    truth = [2e6 * 2 * math.sinh(1), 4 * math.sin(9) / 9, 2.0]
    assert (np.abs(found.totals - truth) <= found.errors + 1e-15 * np.abs(truth)).all()
    assert (found.errors <= np.maximum(1e-9, 1e-12 * np.abs(truth))).all()


def test_where_the_work_ends_the_error_says_how_far_it_came() -> None:
    def jump(z: Array, _: object) -> Array:
        return np.where(z @ TURN > 0.1, 1.0, 0.0)[:, None]

    truth = _over_square(lambda u: float(u > 0.1), 0.1)
    found = integrate(jump, SQUARE, tolerance=1e-9, limit=20_000)
    assert found.evaluations <= 20_000
    assert abs(found.totals[0] - truth) <= found.errors[0]
    assert 1e-5 < found.errors[0] < 1e-2


def test_slim_triangles_and_either_orientation() -> None:
    slim = np.array([[[0, 0], [1000, 0], [1000, 1]], [[0, 0], [0, 1], [1000, 1]]], float)
    found = integrate(lambda z, _: np.exp(-z[:, :1] / 10 + z[:, 1:]), slim, tolerance=1e-9)
    truth = 10 * (1 - math.exp(-100)) * (math.e - 1)
    assert abs(found.totals[0] - truth) <= found.errors[0] <= 1e-9
    assert found.evaluations < 20_000


def _beyond(
    normal: Array, place: float, centre: Array, deviation: float
) -> Callable[[Array, object], Array]:
    """A Gaussian beyond a line, and 0 before it."""

    def f(z: Array, _: object) -> Array:
        square = ((z - centre) ** 2).sum(axis=1) / deviation**2
        mass = np.exp(-square / 2) / (2 * np.pi * deviation**2)
        return (mass * (z @ normal > place))[:, None]

    return f


@pytest.mark.thorough
def test_random_lines_of_jumps_are_within_the_stated_error() -> None:
    rng = np.random.default_rng(0)
    steps = np.linspace(-9, 8, 18)
    start = np.concatenate([(SQUARE + 1) / 2 + [x, y] for x in steps for y in steps])
    tally = []
    for _ in range(200):
        normal, place = rng.normal(size=2), rng.normal()
        centre, deviation = rng.normal(size=2) / 2, rng.uniform(0.2, 1.0)
        normal /= np.hypot(*normal)
        truth = special.ndtr((centre @ normal - place) / deviation)
        found = integrate(_beyond(normal, place, centre, deviation), start, tolerance=1e-4)
        tally.append(abs(found.totals[0] - truth) / found.errors[0])
    assert max(tally) <= 1
