"""Values and slopes by machine code, beside NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from gan_eval.distributions.pushforward.by_mesh.candidates_code import GROUP
from gan_eval.distributions.pushforward.by_mesh.compiled import (
    by_one,
    candidates,
    determinants,
    from_nodes,
    newton,
    value_and_slopes,
)
from gan_eval.distributions.pushforward.network import Network


@pytest.mark.parametrize("sizes", [(2, 2), (2, 1, 2), (2, 7, 5, 2), (2, 16, 16, 2)])
@pytest.mark.parametrize("n", [0, 1, 8, 1003])
def test_machine_code_computes_what_numpy_does(sizes: tuple[int, ...], n: int) -> None:
    rng = np.random.default_rng(len(sizes))
    network = Network(
        [(2 * rng.normal(size=(i, o)), rng.normal(size=o)) for i, o in pairwise(sizes)]
    )
    z = 5 * rng.normal(size=(n, 2))
    values, jacobians = value_and_slopes(network, z)
    assert values == pytest.approx(network.values(z), rel=1e-12, abs=1e-12)
    assert jacobians == pytest.approx(network.jacobians(z), rel=1e-11, abs=1e-11)


def test_tanh_is_exact_to_the_last_bits() -> None:
    x = np.concatenate([np.geomspace(1e-300, 1e300, 5001), [0.0, 19.9, 20.1, np.inf]])
    network = Network([(np.eye(2), np.zeros(2)), (np.eye(2), np.zeros(2))])
    with np.errstate(all="ignore"):
        values, _ = value_and_slopes(network, np.column_stack([x, -x]))
    finite = np.isfinite(x)  # an infinity times the 0 of the other unit is no number
    assert values[finite, 0] == pytest.approx(np.tanh(x[finite]), rel=1e-15, abs=0)
    assert (values[finite, 1] == -values[finite, 0]).all()


def test_newtons_method_ends_at_noise_behind_the_point() -> None:
    rng = np.random.default_rng(1)
    network = Network([(rng.normal(size=(i, o)), rng.normal(size=o)) for i, o in ((2, 9), (9, 2))])
    z = rng.normal(size=(1003, 2))
    x, slopes = value_and_slopes(network, z)
    ends, det = newton(network, x, z + 1e-4, np.full(len(z), 0.5))
    found = det >= 0
    assert found.mean() > 0.99
    assert network.values(ends[found]) == pytest.approx(x[found], abs=1e-10)
    regular = found & (np.abs(determinants(slopes)) > 0.05)
    assert regular.mean() > 0.5
    assert ends[regular] == pytest.approx(z[regular], abs=1e-7)
    assert det[regular] == pytest.approx(np.abs(determinants(slopes))[regular], rel=1e-4)
    # What lies out of reach is not gone for, and flat places lead nowhere.
    assert (newton(network, x + 5.0, z, np.full(len(z), 1e-3))[1] < 0).all()
    flat = Network([(np.zeros((2, 2)), np.zeros(2)), (np.eye(2), np.zeros(2))])
    assert (newton(flat, x, z, np.full(len(z), 1.0))[1] < 0).all()


def test_candidates_are_the_points_inside_boxes() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 5 * GROUP))
    angle = rng.uniform(0, np.pi, 5000)
    axes = np.column_stack([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)])
    low = rng.normal(size=(5000, 2))
    high = low + rng.exponential(size=(5000, 2))
    boxes = np.column_stack(
        [axes[:, :2], low[:, 0], high[:, 0], axes[:, 2:], low[:, 1], high[:, 1]]
    )
    group, triangle = (part.ravel() for part in np.indices((5, 5000)))
    parts = list(candidates(x, boxes, group, triangle))
    points, triangles = (np.concatenate(part) for part in zip(*parts, strict=True))
    found = np.zeros((5000, x.shape[1]), int)
    np.add.at(found, (triangles, points), 1)
    along = axes.reshape(5000, 2, 2) @ x
    inside = (along >= low[..., None]) & (along <= high[..., None])
    assert (found == inside.all(axis=1)).all()
    assert len(parts) > 1  # more than fit at a time


def quadratic(table_of: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images of a triangle's six points under a map that is quadratic, points in it, their images,
    and the row that stands for it."""
    rng = np.random.default_rng(3)
    bend = 0.2 * rng.normal(size=(3, 2))
    corners = np.array([[0.0, 0.0], [1.0, 0.2], [0.1, 1.0]])

    def mapped(places: np.ndarray) -> np.ndarray:
        one, two = places.T
        zero = 1 - one - two
        bulges = np.column_stack([zero * one, one * two, two * zero])
        return np.column_stack([zero, one, two]) @ corners + bulges @ bend

    places = rng.dirichlet(np.ones(3), 203)[:, 1:]
    sides = corners[1:] - corners[:1]
    inverse = np.linalg.inv(sides.T)
    if table_of == "by_one":
        row = [*inverse.ravel(), *corners[0], *(bend @ inverse.T).ravel(), 1.0, 1e-6]
    else:
        row = [*sides.ravel(), *corners[0], *bend.ravel(), 1e-6, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0]
    return places, mapped(places), np.array([np.zeros(len(row)), row]), bend


@pytest.mark.parametrize("function", [by_one, from_nodes])
def test_quadratic_maps_are_inverted(function: Callable) -> None:
    places, x, table, _ = quadratic(function.__name__)
    n = len(places)
    pair, found = function(x, table, np.arange(n), np.ones(n, int))
    right = np.abs(found - places[pair]).max(axis=1) < 1e-3
    assert len(set(pair[right])) > 0.95 * n
    far, _ = function(x + 50.0, table, np.arange(n), np.ones(n, int))
    assert not len(far)
