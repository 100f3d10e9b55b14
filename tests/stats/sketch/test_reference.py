"""References: coordinates, bandwidth and pivots, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist, pdist

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.permutation.lowrank_path import SMOOTH
from gan_eval.stats.sketch import Reference

ROWS = np.random.default_rng(0).normal(size=(800, 2)) @ [[1.0, 3.0], [0.0, 4.0]] + 1e3


def kernel(name: str, squared: np.ndarray, h: float) -> np.ndarray:
    if name == "gaussian":
        return np.exp(-squared / (2 * h**2))
    if name == "inverse_multiquadric":
        return (1 + squared / h**2) ** -0.5
    return 1 / (1 + squared / (2 * h**2))


@pytest.mark.parametrize("name", SMOOTH)
def test_features_are_kernel_values_and_the_pivots_explain_the_rest(name: str) -> None:
    reference = Reference.of(ROWS, name)
    points = (ROWS - ROWS.mean(axis=0)) @ reference.whitening
    np.testing.assert_allclose(points.T @ points / len(points), np.eye(2), atol=1e-9)
    h = reference.bandwidth
    assert h == pytest.approx(float(np.median(pdist(points))), rel=1e-12)
    expected = kernel(name, cdist(points, reference.pivots, "sqeuclidean"), h)
    features = reference.features(ROWS)
    np.testing.assert_allclose(features, expected, atol=1e-12)
    np.testing.assert_allclose(
        reference.triangle @ reference.triangle.T,
        kernel(name, cdist(reference.pivots, reference.pivots, "sqeuclidean"), h),
        atol=1e-9,
    )
    standard = reference.standardised(features)
    whole = kernel(name, cdist(points, points, "sqeuclidean"), h)
    assert np.abs(standard @ standard.T - whole).max() < 1e-4
    residuals = 1 - (standard**2).sum(axis=1)
    np.testing.assert_allclose(reference.residuals(features), residuals, atol=1e-9)
    assert residuals.mean() <= 1e-7


@pytest.mark.parametrize("d", [4, 12])
def test_its_residual_is_that_of_rows_that_are_no_pivots(d: int) -> None:
    rows, others = np.split(np.random.default_rng(d).normal(size=(2400, d)), [400])
    reference = Reference.of(rows)
    own, fresh = (reference.residuals(reference.features(x)).mean() for x in (rows, others))
    # All rows become pivots, or as good as: they explain themselves, and no others.
    assert own <= 1e-7
    assert fresh > 100 * own
    # Of 300 rows, not of all 400.
    assert fresh < reference.residual < 3 * fresh


def test_far_rows_have_a_kernel_of_zero() -> None:
    reference = Reference.of(ROWS)
    found = reference.features(np.array([[1e150, -1e150], [1e30, 0.0]]))
    np.testing.assert_array_equal(found, 0.0)


def test_what_low_rank_does_not_serve_is_refused_by_what_does() -> None:
    wide = np.random.default_rng(1).normal(size=(4096, 12))
    for rows, name in ((ROWS, "laplace"), (ROWS, "polynomial"), (wide, "gaussian")):
        with pytest.raises(UsageError, match=r"mmd_test\(method='features'\)"):
            Reference.of(rows, name)
    assert Reference.of(wide, bandwidth=30.0).rank < 1024


@pytest.mark.parametrize(
    ("rows", "options", "named"),
    [
        (ROWS[:3], {}, "`reference`"),
        (np.column_stack([ROWS, ROWS.sum(axis=1)]), {}, "whiten=False"),
        (np.where(ROWS > 1e3, np.nan, ROWS), {}, "`reference`"),
        (ROWS, {"kernel": "cubic"}, "`kernel`"),
        (ROWS, {"bandwidth": "mean"}, "`bandwidth`"),
        (ROWS, {"bandwidth": -1.0}, "`bandwidth`"),
        (ROWS, {"tolerance": 0}, "`tolerance`"),
    ],
)
def test_what_cannot_be_used_is_named(rows: np.ndarray, options: dict, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Reference.of(rows, **options)


def test_it_knows_its_columns_and_rows() -> None:
    frame = pd.DataFrame(ROWS, columns=["height", "age"])
    named, plain = Reference.of(frame), Reference.of(ROWS)
    assert named.columns == ("height", "age")
    assert plain.columns == ("x1", "x2")
    assert named.sha256 == plain.sha256
    assert plain.same_as(Reference.of(ROWS)) is None
    assert plain.same_as(named) == "columns"
    assert plain.same_as(Reference.of(ROWS, bandwidth=1.0)) == "bandwidth"
    assert plain.same_as(Reference.of(ROWS, whiten=False)) is not None
    assert plain.same_as(Reference.of(ROWS[:700])) is not None
