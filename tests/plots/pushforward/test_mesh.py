"""The mesh is the generator's image of a square one, and folds lie where det J changes its sign."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection

import gan_eval as ge
from gan_eval.distributions.pushforward import Pushforward
from gan_eval.plots.pushforward.mesh import mesh_of
from gan_eval.runtime.errors import UsageError

rng = np.random.default_rng(3)
CURVED = Pushforward(
    [
        (rng.standard_normal((2, 8)), rng.standard_normal(8)),
        (rng.standard_normal((8, 2)), np.zeros(2)),
    ]
)


def determinants(law: Pushforward, z: np.ndarray) -> np.ndarray:
    return np.linalg.det(law.network.jacobians(z))


def test_a_linear_map_has_every_line_on_one_side_and_no_fold() -> None:
    for A, kind, other in (
        ([[2.0, 1.0], [0.0, 1.0]], "kept", "turned"),
        ([[0.0, 1.0], [1.0, 0.0]], "turned", "kept"),
    ):
        found = mesh_of(Pushforward([(A, [1.0, 2.0])]))
        lines = getattr(found, kind)
        assert (len(lines), getattr(found, other), found.folds) == (38, [], [])
        for line in lines:
            assert len(line) == 2  # a straight line stays straight
            np.testing.assert_allclose(line[:, 2:], line[:, :2] @ np.array(A) + [1.0, 2.0])


def test_images_are_the_generators_and_sides_the_signs() -> None:
    found = mesh_of(CURVED)
    for kind, sign in (("kept", 1), ("turned", -1)):
        lines = getattr(found, kind)
        assert lines
        for line in lines:
            np.testing.assert_allclose(CURVED.network.values(line[:, :2]), line[:, 2:])
            if len(line) > 2:  # its ends may lie just beyond a fold
                assert (sign * determinants(CURVED, line[1:-1, :2]) > -1e-6).all()


def test_the_determinant_is_0_on_the_folds() -> None:
    z = rng.uniform(-3, 3, (4000, 2))
    typical = np.abs(determinants(CURVED, z)).mean()
    folds = mesh_of(CURVED).folds
    assert folds
    for line in folds:
        assert np.abs(determinants(CURVED, line[:, :2])).max() < 0.05 * typical


def test_both_planes_are_drawn() -> None:
    noise = ge.plots.mesh(CURVED, plane="noise")
    assert (noise.get_xlabel(), noise.get_ylabel()) == ("z₁", "z₂")
    drawn = [c for c in noise.collections if isinstance(c, LineCollection)]
    ends = np.concatenate([np.array(line) for c in drawn for line in c.get_segments()])
    assert np.abs(ends).max() == pytest.approx(3.0)
    points = ge.plots.mesh(CURVED, lines=False)
    assert len(points.collections) == 1
    with pytest.raises(UsageError, match="plane must be"):
        ge.plots.mesh(CURVED, plane="somewhere")


def test_another_number_of_coordinates_is_refused() -> None:
    with pytest.raises(UsageError, match="maps 3 to 2"):
        mesh_of(Pushforward([(np.ones((3, 2)), [0.0, 0.0])]))
