"""The units in which nets work: what they make of the rows, and the way back to the user's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.rows import training_rows
from gan_eval.training.units import Units, features, seen_rows

TARGETS: dict[str, dict[str, Any]] = {
    "chapter": {},
    "one column": {"target": {"A": [[2]], "b": [1]}},
    "nearly flat": {"target": {"A": [[5, 0], [4.99, 0.1]], "b": [100, -3]}},
    "three columns": {"target": {"A": [[1, 2, 0], [0, 1, 0.5], [0.3, 0, 1]], "b": [1, 2, 3]}},
}


def config(target: str, **settings: Any) -> TrainingConfig:
    return TrainingConfig.parse({"n_examples": 60} | TARGETS[target] | settings)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("standardise", ["columns", "whiten"])
def test_seen_rows_have_means_0_and_variances_1_or_covariance_I(
    target: str, standardise: str
) -> None:
    of = config(target, standardise=standardise)
    seen = seen_rows(of, 7)
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-10)
    covariance = seen.T @ seen / len(seen)
    np.testing.assert_allclose(np.diag(covariance), 1, rtol=1e-9)
    if standardise == "whiten":
        np.testing.assert_allclose(covariance, np.eye(of.dimension), atol=1e-9)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("standardise", ["columns", "whiten"])
def test_seen_rows_are_the_training_rows_in_other_units(target: str, standardise: str) -> None:
    of = config(target, standardise=standardise)
    units = Units.of(of, [3, 7])
    assert units is not None
    rows = training_rows(of, 7)
    np.testing.assert_allclose(
        units.take(slice(1, 2)).seen(rows[None])[0], seen_rows(of, 7), rtol=1e-8, atol=1e-10
    )
    np.testing.assert_allclose(
        seen_rows(of, 7) @ units.factor[1] + units.center[1], rows, rtol=1e-10
    )


@pytest.mark.parametrize("standardise", ["columns", "whiten"])
def test_a_generator_of_seen_rows_comes_back_as_one_of_the_users(standardise: str) -> None:
    of = config("three columns", standardise=standardise, latent_size=2)
    units = Units.of(of, [3, 7])
    assert units is not None
    rng = np.random.default_rng(0)
    own = Layer(rng.normal(size=(2, 2, 3)), rng.normal(size=(2, 3)))
    told = units.generator(own)
    Z = rng.normal(size=(20, 2))
    generated = Z @ told.weight + told.bias[:, None]
    expected = Z @ own.weight + own.bias[:, None]
    np.testing.assert_allclose(units.seen(generated), expected, rtol=1e-10, atol=1e-12)
    covariances = own.weight.swapaxes(1, 2) @ own.weight
    np.testing.assert_allclose(
        units.covariance(covariances), told.weight.swapaxes(1, 2) @ told.weight, rtol=1e-10
    )


def test_without_standardising_nets_see_the_users_rows() -> None:
    of = config("chapter")
    assert Units.of(of, [0]) is None
    np.testing.assert_array_equal(seen_rows(of, 7), training_rows(of, 7))


def test_units_of_many_seeds_are_those_of_each() -> None:
    of = config("chapter", standardise="whiten", n_examples=200_000)
    units = Units.of(of, range(12))  # more rows than are drawn at once
    alone = Units.of(of, [11])
    assert units is not None
    assert alone is not None
    np.testing.assert_allclose(units.factor[11], alone.factor[0], rtol=1e-12)
    np.testing.assert_allclose(units.center[11], alone.center[0], rtol=1e-12)


def test_features_are_orthonormal_under_the_standard_normal() -> None:
    x = draws.training_rows(0, 400_000, 3)
    found = features(x)
    assert found.shape == (400_000, 9)
    # A standard error is at most √(Var of h_ii²)/√n = √14.75/632.
    np.testing.assert_allclose(found.T @ found / len(x), np.eye(9), atol=0.03)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("standardise", ["columns", "whiten"])
def test_a_generator_comes_back_with_the_same_bits_in_any_company(
    target: str, standardise: str
) -> None:
    of = config(target, standardise=standardise)
    units, thirds = Units.of(of, range(9)), np.ones((9, 2, of.dimension)) / 3
    assert units is not None
    own = Layer(thirds, thirds[:, 0] / 7)
    told = units.generator(own)
    for seed in range(9):
        alone = Units.of(of, [seed])
        assert alone is not None
        weight, bias = alone.generator(Layer(own.weight[:1], own.bias[:1]))
        np.testing.assert_array_equal(weight[0], told.weight[seed])
        np.testing.assert_array_equal(bias[0], told.bias[seed])
