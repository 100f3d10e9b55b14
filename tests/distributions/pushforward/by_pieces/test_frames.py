"""Coordinates for triangles on thin images: to them and back, with the area they take."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.pushforward.by_pieces.faces import Faces
from gan_eval.distributions.pushforward.by_pieces.frames import Frames
from gan_eval.distributions.pushforward.by_pieces.regions import Regions

MATRICES = np.array(
    [[[2.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.00001]], [[1.0, 1.0], [1.0, 1.001]]]
)
SHIFTS = np.array([[0.0, 0.0], [1.0, -1.0], [0.5, 0.5]])
RNG = np.random.default_rng(0)


def regions(inner: bool = True) -> Regions:
    """Three regions; the second is the thinnest, the third thin, the first is not."""
    corners = np.tile([[9.0, -9, 1], [9, 9, 1], [-9, 9, 1], [-9, -9, 1]], (3, 1, 1))
    whole = np.ones(3, bool)
    return Regions(corners, np.full(3, 4), MATRICES, SHIFTS, whole & inner, ~whole)


FACES = Faces(
    RNG.normal(size=(5, 3, 2)),
    np.array([0, 1, 1, 2, 3]),
    np.array([0, 1, 3, 5, 5]),
    np.array([0, 0, 2, 1, 2]),
)
"""Over the first face lies region 0; over the second 0 and 2; over the third 1 and 2; then none."""


def test_the_thinnest_region_gives_the_coordinates() -> None:
    assert Frames.of(FACES, regions()).number.tolist() == [-1, 2, 2, 1, -1]


@pytest.mark.parametrize("some", [regions(inner=False), regions().take(np.zeros(0, np.intp))])
def test_what_has_no_end_has_none(some: Regions) -> None:
    faces = (
        FACES if len(some) else Faces(FACES.triangles, FACES.face, np.zeros(5, int), FACES.over[:0])
    )
    frames = Frames.of(faces, some)
    assert (frames.number == -1).all()
    assert (frames.triangles(FACES.triangles) == FACES.triangles).all()


def test_points_come_back_with_their_area() -> None:
    frames = Frames.of(FACES, regions())
    there = frames.triangles(FACES.triangles)
    assert (there[[0, 4]] == FACES.triangles[[0, 4]]).all()
    owners = np.repeat(np.arange(5), 3)
    back = frames.points(there.reshape(-1, 2), owners)
    np.testing.assert_allclose(back, FACES.triangles.reshape(-1, 2), atol=1e-9)
    known, found = (np.abs(np.linalg.det(at[:, 1:] - at[:, :1])) for at in (FACES.triangles, there))
    scaled = frames.scaled(found[:, None] * [1.0, 2.0], np.arange(5))
    np.testing.assert_allclose(scaled, known[:, None] * [1.0, 2.0], rtol=1e-4)
