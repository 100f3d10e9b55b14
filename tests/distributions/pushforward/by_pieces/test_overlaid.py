"""Both densities on faces, in logs: as they are at any point, known by other ways."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.pushforward.by_pieces.creases import creases, window_of
from gan_eval.distributions.pushforward.by_pieces.faces import Faces, faces_of
from gan_eval.distributions.pushforward.by_pieces.overlaid import (
    Inverses,
    Overlaid,
    integrands,
    log_sum,
)
from gan_eval.distributions.pushforward.by_pieces.pieces import log_density
from gan_eval.distributions.pushforward.by_pieces.regions import regions_of
from gan_eval.distributions.pushforward.network import Network
from tests.distributions.pushforward.generators import GRID, THREE, layers_of

SHAPES = MixtureTarget(
    [0.5, 0.5], [[0.0, 0.0], [2.0, 1.0]], [[[1.0, 0.9], [0.9, 1.0]], [[0.2, 0.0], [0.0, 0.5]]]
)


def inside(faces: Faces, each: int, seed: int) -> tuple[Any, Any]:
    """Points of each triangle, those of one together, and which triangle they are of."""
    weights = np.random.default_rng(seed).dirichlet(np.ones(3), size=(len(faces.triangles), each))
    points = np.einsum("nec,ncd->ned", weights, faces.triangles)
    return points.reshape(-1, 2), np.repeat(np.arange(len(faces.triangles)), each)


def test_a_linear_map_has_the_normal_density() -> None:
    matrix, shift = np.array([[1.0, 0.4], [-0.3, 2.0]]), np.array([3.0, -1.0])
    regions = regions_of(Network([(matrix, shift)]))
    rows = np.random.default_rng(0).normal(size=(50, 2))
    known = stats.multivariate_normal(shift, (matrix.T @ matrix).tolist()).logpdf(rows)
    inverses = Inverses.of(regions)
    for number in range(len(regions)):
        found = inverses.log_terms(rows[:, 0], rows[:, 1], np.full(50, number))
        np.testing.assert_allclose(found, known, rtol=1e-12)
    z = np.stack(inverses.noise(rows[:, 0], rows[:, 1], np.zeros(50, int)), axis=1)
    np.testing.assert_allclose(z @ matrix + shift, rows, atol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("target", [GRID, THREE, SHAPES], ids=["grid25", "three", "shapes"])
def test_densities_on_faces_are_those_at_points(activation: Any, target: MixtureTarget) -> None:
    network = Network(layers_of((2, 4, 4, 2), 3, 2.0), activation)
    regions = regions_of(network)
    regions = regions.take(~regions.flat)
    window = window_of(target)
    faces = faces_of(regions, window, creases(target, window))
    overlaid = Overlaid(Inverses.of(regions), faces, target)
    points, triangles = inside(faces, 2, 0)
    number = np.full(len(points), -1)
    found_q = overlaid.log_q(points, triangles, points, number)
    found_p = overlaid.log_p(points, triangles)
    # By a search for the regions that hold a point; slivers lie on edges to rounding, and beyond
    # the window regions without an end are left out.
    sizes = np.abs(np.linalg.det(faces.triangles[:, 1:] - faces.triangles[:, :1]))[triangles]
    whole = (sizes > 1e-9) & ((points >= window[0]) & (points <= window[1])).all(axis=1)
    assert whole.mean() > 0.3
    np.testing.assert_allclose(found_q[whole], log_density(network, points[whole]), rtol=1e-9)
    known = target.log_density(points)
    near = known > -500
    np.testing.assert_allclose(found_p[near], known[near], atol=1e-10)
    np.testing.assert_allclose(found_p, known, rtol=1e-10)


def test_noise_that_is_known_is_taken() -> None:
    regions = regions_of(Network([(np.eye(2), np.zeros(2))]))
    window = window_of(THREE)
    faces = faces_of(regions, window, np.empty((0, 2, 2)))
    overlaid = Overlaid(Inverses.of(regions), faces, THREE)
    points, triangles = inside(faces, 1, 0)
    mine = faces.over[faces.starts[faces.face]]
    found = overlaid.log_q(points, triangles, points + 1.0, mine[triangles])
    known = stats.multivariate_normal(np.zeros(2)).logpdf(points + 1.0)
    np.testing.assert_allclose(found, known, rtol=1e-12)


@pytest.mark.parametrize("far", [1e3, 1e9, 1e30])
def test_far_from_all_modes_the_nearest_stays(far: float) -> None:
    """Rounding swallows 45 there: some component is kept all the same."""
    triangle = far * np.array([[[1.0, 0.0], [1.5, 0.0], [1.0, 0.5]]])
    faces = Faces(triangle, np.zeros(1, int), np.array([0, 0]), np.zeros(0, int))
    none = regions_of(Network([(np.eye(2), np.zeros(2))])).take(np.zeros(0, np.intp))
    found = Overlaid(Inverses.of(none), faces, GRID).log_p(triangle[0], np.zeros(3, int))
    np.testing.assert_allclose(found, GRID.log_density(triangle[0]), rtol=1e-12)


def test_what_is_not_covered_is_the_mass_of_half_a_plane() -> None:
    """Relu folds z₁ to x₁ ≥ 0; of N((1, 0), I) Φ(−1) lies below."""
    fold = Network(
        [
            ([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]], [0.0, 0.0, 50.0]),
            ([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, -50.0]),
        ],
        "relu",
    )
    regions = regions_of(fold)
    regions = regions.take(~regions.flat)
    target = MixtureTarget([1.0], [[1.0, 0.0]], np.eye(2))
    faces = faces_of(regions, window_of(target), np.empty((0, 2, 2)))
    found = Overlaid(Inverses.of(regions), faces, target).uncovered()
    assert found == pytest.approx(stats.norm.cdf(-1.0), abs=1e-14)


def test_sums_of_logs_are_those_of_numpy() -> None:
    terms = np.random.default_rng(0).normal(scale=200.0, size=(5, 40))
    np.testing.assert_allclose(log_sum(terms), np.logaddexp.reduce(terms, axis=0), rtol=1e-14)
    assert (log_sum(terms[:1]) == terms[0]).all()


def test_integrands_are_what_they_are_named() -> None:
    log_q, log_p = np.random.default_rng(1).normal(scale=3.0, size=(2, 500))
    q, p = np.exp(log_q), np.exp(log_p)
    m = (p + q) / 2
    known = [
        *(q * np.log(q / p) - q + p, p * np.log(p / q) - p + q),
        (np.sqrt(q) - np.sqrt(p)) ** 2 / 2,
        (q * np.log(q / m) + p * np.log(p / m)) / 2,
        *(np.abs(q - p) / 2, q, p),
    ]
    found = integrands(log_q, log_p)
    np.testing.assert_allclose(found, np.stack(known, axis=1), rtol=1e-9, atol=1e-12)
    # Where q is 0: all of p is missing.
    bare = integrands(np.array([-np.inf]), np.array([0.0]))[0]
    np.testing.assert_allclose(bare, [1.0, 0.0, 0.5, np.log(2) / 2, 0.5, 0.0, 1.0])
    # Next to one another the squares of what is between them, to rounding.
    near = integrands(np.array([1e-4]), np.array([0.0]))[0]
    np.testing.assert_allclose(near[:4], [5e-9, 5e-9, 1.25e-9, 1.25e-9], rtol=2e-4)
