"""Edges of the images of regions: each once, and cut off at a box."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from gan_eval.distributions.pushforward.by_pieces.edges import border, clipped, edges_of, images_of
from gan_eval.distributions.pushforward.by_pieces.regions import REACH, regions_of
from gan_eval.distributions.pushforward.network import Network
from tests.distributions.pushforward.generators import layers_of

UNIT = np.array([[0.0, 0.0], [1.0, 1.0]])


def test_a_square_and_what_lies_around_it() -> None:
    """x = z: four sides of the square, and four rays from its corners."""
    edges = edges_of(regions_of(Network([(np.eye(2), np.zeros(2))])))
    assert len(edges.inner) == 4
    assert (np.abs(edges.inner).max(axis=2) == REACH).all()
    lengths = np.abs(edges.inner[:, 0] - edges.inner[:, 1]).sum(axis=1)
    np.testing.assert_allclose(lengths, 2 * REACH)
    assert len(edges.outer) == 4
    assert edges.rays.all()
    # A ray goes on from its corner, away from 0.
    np.testing.assert_allclose(edges.outer[:, 1], edges.outer[:, 0] / REACH)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_edges_are_drawn_once_and_hold_all_borders(activation: Any) -> None:
    regions = regions_of(Network(layers_of((2, 5, 5, 2), 1), activation))
    regions = regions.take(~regions.flat)  # the images of others have no borders
    edges = edges_of(regions)
    drawn = np.sort(edges.inner.view(complex)[..., 0], axis=1)
    assert len(np.unique(drawn, axis=0)) == len(drawn)
    images, counts = images_of(regions, edges), regions.counts[regions.inner]
    # Known to the last bit: the places of neighbours are the same.
    pairs = {tuple(pair) for pair in drawn.tolist()}
    for image, count in zip(images, counts, strict=True):
        ring = image[:count]
        sides = np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)
        for side in np.sort(sides.view(complex)[..., 0], axis=1).tolist():
            assert tuple(side) in pairs or side[0] == side[1]
    # They are the images by the maps, to rounding.
    exact = regions.take(regions.inner).images()[..., :2]
    np.testing.assert_allclose(images, exact, atol=1e-9 * np.abs(exact).max())


def test_parts_in_a_box_are_those_that_are_cut_out() -> None:
    lines = np.random.default_rng(0).uniform(-1.0, 2.0, size=(300, 2, 2))
    found = clipped(lines, UNIT)
    known = shapely.intersection(shapely.linestrings(lines), shapely.box(0, 0, 1, 1))
    known = np.array(known)[shapely.length(known) > 0]
    np.testing.assert_allclose(shapely.length(shapely.linestrings(found)), shapely.length(known))
    np.testing.assert_allclose(found, shapely.get_coordinates(known).reshape(-1, 2, 2), atol=1e-12)


def test_rays_end_at_the_border_of_a_box() -> None:
    lines = np.array(
        [[[0.5, 0.5], [1.0, 0.5]], [[2.0, 2.0], [1.0, 1.0]], [[-1.0, 0.25], [2.0, 0.0]]]
    )
    found = clipped(lines, UNIT, rays=np.ones(3, bool))
    # The first ends at the right, the second leads away, the third crosses.
    np.testing.assert_allclose(
        found, [[[0.5, 0.5], [1.0, 0.75]], [[0.0, 0.25], [1.0, 0.25]]], atol=1e-15
    )


def test_a_border_is_closed() -> None:
    sides = border(np.array([[-1.0, 2.0], [3.0, 4.0]]))
    assert (sides[:, 1] == np.roll(sides[:, 0], -1, axis=0)).all()
    assert shapely.area(shapely.polygons(sides[:, 0])) == 8.0
