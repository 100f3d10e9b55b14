"""Neighbours, held against all distances."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.stats.neighbours import TREE_COLUMNS, Neighbours


@pytest.mark.parametrize("d", [1, TREE_COLUMNS, TREE_COLUMNS + 1, 30])
def test_the_nearest_are_those_of_all_distances(d: int) -> None:
    rng = np.random.default_rng(d)
    rows, queries = rng.normal(1e3, 1.0, size=(80, d)), rng.normal(1e3, 1.0, size=(30, d))
    apart = np.linalg.norm(queries[:, None] - rows, axis=2)
    index = Neighbours(rows)
    distances, found = index.nearest(queries, 7)
    assert (found == np.argsort(apart, axis=1)[:, :7]).all()
    np.testing.assert_allclose(distances, np.sort(apart, axis=1)[:, :7], rtol=1e-9)
    own = np.linalg.norm(rows[:, None] - rows, axis=2)
    np.fill_diagonal(own, np.inf)
    some = np.array([3, 50])
    for k in (4, 79, 500):
        distances, found = index.among(some, k)
        assert found.shape == (2, min(k, 79))
        assert (found[:, :4] == np.argsort(own[some], axis=1)[:, :4]).all()


@pytest.mark.parametrize("d", [2, 30])
def test_a_near_copy_has_its_distance_in_all_digits(d: int) -> None:
    rows = 1e3 * np.random.default_rng(0).normal(size=(200, d))
    query = rows[5] + np.eye(d)[0] * 1e-6
    distances, found = Neighbours(rows).nearest(query[None], 1)
    assert found[0, 0] == 5
    assert distances[0, 0] == pytest.approx(1e-6, rel=1e-5)


@pytest.mark.parametrize("d", [2, 30])
def test_a_row_is_not_its_own_neighbour_and_its_equals_are(d: int) -> None:
    rows = np.zeros((9, d))
    distances, found = Neighbours(rows).among(np.arange(9), 8)
    assert (distances == 0).all()
    assert all(set(near) == set(range(9)) - {row} for row, near in enumerate(found.tolist()))
