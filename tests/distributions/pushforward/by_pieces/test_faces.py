"""The overlay of images loses nothing and counts nothing twice, also of weights with many ties."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.by_pieces.creases import creases, octagons, window_of
from gan_eval.distributions.pushforward.by_pieces.faces import _triangulate, faces_of
from gan_eval.distributions.pushforward.by_pieces.regions import REACH, regions_of
from gan_eval.distributions.pushforward.cubature import areas
from gan_eval.distributions.pushforward.network import Network
from tests.distributions.pushforward.generators import GRID, RING, Layers, layers_of

KINDS = ("random", "no bias", "whole numbers", "twice", "tiny", "sparse")


def weights(kind: str, seed: int) -> Layers:
    """Layers with kinks through one point, equal or parallel kinks, or a tiny image."""
    rng = np.random.default_rng(seed)
    layers = []
    for weight, bias in layers_of((2, 8, 5, 2), seed):
        if kind == "no bias":
            bias = 0 * bias
        if kind == "whole numbers":
            weight, bias = (
                rng.integers(-1, 2, part.shape).astype(float) for part in (weight, bias)
            )
        if kind == "twice":
            half = weight.shape[1] // 2
            weight[:, :half], bias[:half] = -2 * weight[:, -half:], -2 * bias[-half:]
        if kind == "tiny":
            weight, bias = 0.02 * weight, 0 * bias
        if kind == "sparse":
            weight = np.where(rng.random(weight.shape) < 0.5, 0.0, weight)
        layers.append((weight, bias))
    return layers


def corners_area(corners: NDArray[np.floating]) -> NDArray[np.floating]:
    after = np.roll(corners, -1, axis=1)
    cross = corners[..., 0] * after[..., 1] - corners[..., 1] * after[..., 0]
    return cross.sum(axis=1) / 2


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_areas_are_kept(kind: str, seed: int, activation: str) -> None:
    """Regions cut the square of noise without a gap, and every region that is not flat has, over
    all faces, the area of its image; every mode's octagon is covered by triangles."""
    regions = regions_of(Network(weights(kind, seed), activation))
    inner = regions.take(regions.inner)
    whole = corners_area(inner.corners[..., :2])
    assert (whole > -1e-12).all()
    assert whole.sum() == pytest.approx((2 * REACH) ** 2, rel=1e-12)
    regions = regions.take(~regions.flat)
    for target in (RING, GRID):
        window = window_of(target)
        images = regions.images()[regions.inner][..., :2].reshape(-1, 2)
        ends = np.concatenate([images, window])
        faces = faces_of(regions, window, creases(target, np.array([ends.min(0), ends.max(0)])))
        sizes = areas(faces.triangles)
        owner = np.repeat(np.arange(len(faces.starts) - 1), np.diff(faces.starts))
        of_face = np.bincount(faces.face, weights=sizes, minlength=len(faces.starts) - 1)
        found = np.bincount(faces.over, weights=of_face[owner], minlength=len(regions))
        known = np.abs(corners_area(regions.images()[..., :2]))[regions.inner]
        assert np.abs(found[regions.inner] - known).sum() <= 1e-9 * known.sum()
        for outline in octagons(target)[::6]:
            ring = shapely.Polygon(outline)
            middles = shapely.points(faces.triangles.mean(axis=1))
            inside = shapely.contains(ring, middles)
            assert sizes[inside].sum() == pytest.approx(ring.area, rel=1e-9)


def test_a_sliver_that_rounding_has_bent_into_a_line_has_no_triangles() -> None:
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(50):
        steps = np.sort(rng.random(6))[[0, 1, 2, 3, 5, 4]]
        sliver = shapely.polygons(3 * rng.normal(size=2) + steps[:, None] * rng.normal(size=2))
        square = shapely.box(0, 0, 2, 1).difference(shapely.box(0.5, 0.5, 1, 1))
        try:
            shapely.constrained_delaunay_triangles(sliver)
        except shapely.GEOSException:
            refused += 1
        triangles, which = _triangulate(np.array([sliver, square]))
        assert areas(triangles[which == 0]).sum() < 1e-12
        assert areas(triangles[which == 1]).sum() == pytest.approx(1.75)
    assert refused > 0
