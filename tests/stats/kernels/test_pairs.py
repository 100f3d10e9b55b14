"""Compiled distances of pairs against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from gan_eval.stats.kernels import kernels, pairs
from gan_eval.stats.kernels.pairs import compiled_pairs


@pytest.mark.parametrize(("size", "dimension"), [(2, 1), (9, 3), (64, 2), (101, 1), (130, 9)])
def test_pairs_of_points_are_found(size, dimension):
    code = compiled_pairs()
    assert code is not None
    points = np.random.default_rng(size).normal(size=(size, dimension))
    columns, squared = np.ascontiguousarray(points.T), pdist(points, "sqeuclidean")
    for step in (1, 2, 7, 100):
        np.testing.assert_allclose(code.some(columns, step), squared[::step], rtol=1e-13)
    own = code.some(columns, 1)
    for least, most in ((own.min(), own.max()), (0.0, np.inf), np.quantile(own, [0.4, 0.6])):
        inside = own[(own >= least) & (own <= most)]
        below, found = code.between(columns, least, most, len(own))
        assert below == (own < least).sum()
        np.testing.assert_array_equal(found, inside)
        below, found = code.between(columns, least, most, len(inside) - 1)
        assert below == (own < least).sum()
        assert found is None


@pytest.mark.parametrize("size", [40, 64, 201, 1024])
@pytest.mark.parametrize("dimension", [1, 2, 9])
def test_the_median_is_that_without_compiled_code(size, dimension, monkeypatch):
    points = np.random.default_rng(size).normal(size=(size, dimension))
    for rows in (points, np.round(points), np.round(3 * points) / 3, np.zeros_like(points)):
        compiled = kernels.median_bandwidth(rows)
        with monkeypatch.context() as context:
            context.setattr(pairs, "_pair_code", lambda: None)
            assert compiled == pytest.approx(kernels.median_bandwidth(rows), rel=1e-15)


def test_what_cannot_be_compiled_is_done_without(monkeypatch):
    def broken():
        raise RuntimeError("no target")

    monkeypatch.setattr("gan_eval.runtime.machine_code.processor", broken)
    pairs._pair_code.cache_clear()
    try:
        assert compiled_pairs() is None
    finally:
        pairs._pair_code.cache_clear()
