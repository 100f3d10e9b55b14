"""Means over pairs of rows, beside the same from whole matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gan_eval.stats import pairs


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.normal(size=(37, 3)), rng.normal(0.4, 1.3, size=(29, 3))


@pytest.mark.parametrize("measure", ["energy", "mmd"])
def test_means_are_those_of_the_whole_matrix(rows: tuple, measure: str) -> None:
    x, y = rows
    rng, rho = np.random.default_rng(0), pairs.semimetric(measure, x)
    across, own = pairs.between(x, y, rho, rng), pairs.within(x, rho, rng)
    whole, same = (rho(np.asarray(cdist(x, z, "sqeuclidean"), np.float64)) for z in (y, x))
    np.testing.assert_allclose(across.of_x, whole.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(across.of_y, whole.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(own.of_x, same.sum(axis=1) / 36, atol=1e-7)
    assert across.pairs == 37 * 29
    assert own.pairs == 37 * 18
    rest = whole - whole.mean(axis=0) - whole.mean(axis=1)[:, None] + whole.mean()
    assert across.square == pytest.approx((rest**2).sum() / (36 * 28))


def test_the_variance_of_pairs_has_no_bias() -> None:
    """For ρ = (x − y)² of N(0, 1) rows, ρ̃ = −2 x y, so E ρ̃² = 4."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(400):
        x, y = rng.normal(size=(2, 40, 1))
        own, across = pairs.within(x, np.asarray, rng), pairs.between(x, y, np.asarray, rng)
        found.append((own.square, across.square))
    errors = np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - 4) < 5 * errors).all()


def test_blocks_use_every_row_once(rows: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = rows
    rng, rho = np.random.default_rng(0), pairs.semimetric("energy", x)
    whole = pairs.between(x, y, rho, rng)
    monkeypatch.setattr(pairs, "MOST_PAIRS", 300)
    parts = pairs.blocks_of(37, 29, rng)
    assert len(parts) == 4
    for side, size in ((0, 37), (1, 29)):
        assert sorted(np.concatenate([part[side] for part in parts])) == list(range(size))
    found = pairs.between(x, y, rho, rng)
    assert found.pairs < whole.pairs
    assert found.of_pairs > whole.of_pairs
    assert found.mean == pytest.approx(whole.mean, abs=6 * np.sqrt(found.of_pairs))
