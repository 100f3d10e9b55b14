"""Masses of polygons and of their parts in ellipses, held against laws that SciPy knows."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy import stats

from gan_eval.distributions.pushforward.by_pieces.masses import disc_masses, polygon_masses

SQUARE = 100 * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])


@pytest.mark.parametrize("low", [(-1.0, -2.0), (0.0, 0.0), (3.0, 4.0), (-9.0, 7.5)])
def test_a_rectangle_has_the_product_of_two_shares(low: tuple[float, float]) -> None:
    corners = np.array(low) + np.array([[0, 0], [1.5, 0], [1.5, 2.5], [0, 2.5]])
    shares = [
        stats.norm.cdf(a + w) - stats.norm.cdf(a) for a, w in zip(low, (1.5, 2.5), strict=True)
    ]
    assert polygon_masses(corners) == pytest.approx(shares[0] * shares[1], abs=1e-16)
    assert polygon_masses(corners[::-1]) == pytest.approx(-shares[0] * shares[1], abs=1e-16)


def test_parts_add_up() -> None:
    rng = np.random.default_rng(0)
    corners = shapely.get_coordinates(shapely.MultiPoint(rng.normal(size=(9, 2))).convex_hull)[:-1]
    through = rng.normal(size=2)
    parts = np.array(
        [[a, b, through] for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)]
    )
    assert polygon_masses(parts).sum() == pytest.approx(float(polygon_masses(corners)), abs=1e-15)


@pytest.mark.parametrize("spread", [0.1, 1.0, 3.0, 9.0])
@pytest.mark.parametrize("centre", [(0.0, 0.0), (1.0, 2.0), (-5.0, 3.0)])
def test_a_whole_disc_has_a_noncentral_share(spread: float, centre: tuple[float, float]) -> None:
    middle = np.array(centre)
    law = stats.ncx2(2, middle @ middle) if middle.any() else stats.chi2(2)
    corners = (SQUARE - middle) / spread
    found, error = disc_masses(corners[None], SQUARE[None], spread * np.eye(2)[None], middle[None])
    assert found[0] == pytest.approx(law.cdf(spread**2), rel=1e-10, abs=1e-15)
    assert abs(found[0] - law.cdf(spread**2)) <= error[0] + 1e-14


@pytest.mark.parametrize("seed", range(8))
def test_parts_of_an_ellipse_add_up_to_it(seed: int) -> None:
    """A plane cut at random has, over its parts, the whole ellipse's mass; half have det K < 0."""
    rng = np.random.default_rng(seed)
    matrix, centre = rng.normal(size=(2, 2)), rng.normal(size=2)
    lines = [
        shapely.LineString([at - 300 * way, at + 300 * way])
        for at, way in zip(rng.normal(size=(6, 2)), rng.normal(size=(6, 2)), strict=True)
    ]
    outline = shapely.Polygon(SQUARE).exterior
    parts = shapely.get_parts(
        shapely.polygonize(shapely.get_parts(shapely.unary_union([*lines, outline])))
    )
    total = 0.0
    for part in parts:
        corners = np.array(shapely.orient_polygons(part).exterior.coords)[:-1]
        u = (corners - centre) @ np.linalg.inv(matrix)
        total += float(disc_masses(u[None], corners[None], matrix[None], centre[None])[0][0])
    whole = disc_masses(
        ((SQUARE - centre) @ np.linalg.inv(matrix))[None], SQUARE[None], matrix[None], centre[None]
    )[0]
    assert total == pytest.approx(float(whole[0]), abs=1e-13)
