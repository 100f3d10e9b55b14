"""The units in which nets work: standardised rows, the way back, the features of the quadratic."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.trained import training_rows
from gan_eval.training.units import Units, features, seen_rows

TARGETS = {
    "chapter": {},
    "three": {"target": {"A": [[1, 0.2, 0], [0, 1, 0.5], [0.3, 0, 2]], "b": [1, 2, 3]}},
    "ill-conditioned": {"target": {"A": [[5, 0], [4.99, 0.1]], "b": [100, -3]}},
}
targets = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
standardised = pytest.mark.parametrize("standardise", ["columns", "whiten"])


@targets
@standardised
def test_seen_rows_are_standard_and_lead_back(standardise: str, target: dict) -> None:
    config = TrainingConfig.parse({"standardise": standardise} | target)
    u = seen_rows(config, 5)
    np.testing.assert_allclose(u.mean(axis=0), 0, atol=1e-10)
    covariance = u.T @ u / len(u)
    own = np.eye(config.dimension) if standardise == "whiten" else covariance
    np.testing.assert_allclose(covariance, own, atol=1e-10)
    np.testing.assert_allclose(np.diag(covariance), 1, rtol=1e-10)
    units = Units.of(config, [4, 5])
    assert units is not None
    x = training_rows(config, 5)
    np.testing.assert_allclose(u @ units.factor[1] + units.center[1], x, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(units.take(slice(1, 2)).seen(x[None])[0], u, atol=1e-9)


@targets
@standardised
def test_generators_and_covariances_come_back_in_the_users_units(
    standardise: str, target: dict
) -> None:
    config = TrainingConfig.parse({"standardise": standardise} | target)
    units, rng, d = Units.of(config, [5]), np.random.default_rng(0), config.dimension
    assert units is not None
    layer, z = Layer(rng.normal(size=(1, 2, d)), rng.normal(size=(1, d))), rng.normal(size=(7, 2))
    weight, bias = units.generator(layer)
    rows = z @ weight[0] + bias[0]
    np.testing.assert_allclose(
        units.seen(rows[None])[0], z @ layer.weight[0] + layer.bias[0], atol=1e-9
    )
    covariance = units.covariance(layer.weight.swapaxes(1, 2) @ layer.weight)
    np.testing.assert_allclose(covariance, weight.swapaxes(1, 2) @ weight, rtol=1e-9)


@targets
@standardised
def test_a_seeds_units_have_the_same_bits_in_any_company(standardise: str, target: dict) -> None:
    config = TrainingConfig.parse({"standardise": standardise} | target)
    together, thirds = Units.of(config, range(9)), np.ones((9, 2, config.dimension)) / 3
    assert together is not None
    layer = Layer(thirds, thirds[:, 0] / 7)
    told = together.generator(layer)
    for seed in range(9):
        alone = Units.of(config, [seed])
        assert alone is not None
        np.testing.assert_array_equal(alone.factor[0], together.factor[seed])
        own = alone.generator(Layer(layer.weight[:1], layer.bias[:1]))
        np.testing.assert_array_equal(own.weight[0], told.weight[seed])
        np.testing.assert_array_equal(own.bias[0], told.bias[seed])


def test_the_features_are_orthonormal_under_the_standard_normal_law() -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(4)
    grid = np.stack(np.meshgrid(nodes, nodes, nodes), axis=-1).reshape(-1, 3)
    mass = np.prod(np.stack(np.meshgrid(*3 * [weights / weights.sum()]), -1).reshape(-1, 3), axis=1)
    found = features(grid)
    np.testing.assert_allclose(found.T @ (mass[:, None] * found), np.eye(9), atol=1e-12)
    np.testing.assert_allclose(mass @ found, 0, atol=1e-12)
