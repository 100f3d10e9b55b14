"""The median of many distances, found near that of some."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from gan_eval.stats.kernels.kernels import median_bandwidth


@pytest.mark.parametrize("rows", [4, 5, 180, 182, 183, 700])
@pytest.mark.parametrize("kind", ["plain", "sorted", "whole", "one far", "half"])
def test_the_median_is_that_of_all_distances(rows, kind):
    """Also where the rows' order, ties or a far row make the distances looked at first untypical:
    the number is that of sorting, to its last bit but one."""
    rng = np.random.default_rng(rows)
    points = rng.normal(size=(rows, 1))
    if kind == "sorted":
        points = np.sort(points, axis=0)
    elif kind == "whole":
        points = np.round(points)
    elif kind == "one far":
        points[-1] = 1e9
    elif kind == "half":
        points[: rows // 2] = np.arange(rows // 2)[:, None] * 1e3
    distances = pdist(points)
    expected = np.median(distances) or np.median(distances[distances > 0])
    assert median_bandwidth(points) == pytest.approx(expected, rel=1e-15)
