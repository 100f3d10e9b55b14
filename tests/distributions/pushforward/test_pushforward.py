"""The law of generated points: its rows, its moments, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gan_eval as ge
from gan_eval.distributions.pushforward.measures import SCALARS
from gan_eval.distributions.pushforward.pushforward import Pushforward
from gan_eval.runtime.errors import UsageError
from tests.distributions.pushforward.generators import CHAPTER, RING, layers_of, linear


@pytest.mark.parametrize("activation", ["tanh", "relu", "leaky_relu"])
@pytest.mark.parametrize("sizes", [(2, 2), (1, 6, 2), (2, 6, 2), (3, 6, 1)])
def test_moments_are_those_of_rows(activation: Any, sizes: tuple[int, ...]) -> None:
    law = Pushforward(layers_of(sizes, 2), activation)
    rows = law.sample(300_000, 1)
    spread = 5 * rows.std(axis=0) / np.sqrt(len(rows))
    assert (np.abs(rows.mean(axis=0) - law.mean) < 2 * spread).all()
    known = np.cov(rows.T).reshape(law.covariance.shape)
    assert np.abs(known - law.covariance).max() < 0.02 * np.trace(law.covariance)


def test_rows_are_the_seed_s() -> None:
    law = ge.Pushforward(layers_of((2, 4, 2), 0), "relu")
    assert (law.sample(5, 3) == law.sample(5, np.random.default_rng(3))).all()
    assert law.sample(0, 0).shape == (0, 2)
    assert (law.dimension, law.latent_size) == (2, 2)


@pytest.mark.parametrize("sizes", [(1, 4, 2), (3, 2), (3, 4, 2)])
def test_noise_of_another_size_is_judged_by_samples(sizes: tuple[int, ...]) -> None:
    law = Pushforward(layers_of(sizes, 0), "relu")
    for ask in (lambda: law.against(RING), lambda: law.log_density(np.zeros((1, 2)))):
        with pytest.raises(UsageError, match="by samples"):
            ask()


@pytest.mark.parametrize(
    "target",
    ["ring8", ge.StudentTTarget(3, np.zeros(2), np.eye(2)), ([0.0], [[1.0]])],
)
def test_other_targets_are_refused(target: Any) -> None:
    with pytest.raises(UsageError, match="target"):
        linear(np.eye(2), [0.0, 0.0]).against(target)


def test_bad_arguments_are_named() -> None:
    law = linear(np.eye(2), [0.0, 0.0])
    with pytest.raises(UsageError, match="tolerance"):
        law.against(CHAPTER, tolerance=0.0)
    with pytest.raises(UsageError, match="rows"):
        law.log_density([1.0, 2.0])
    with pytest.raises(UsageError, match="activation"):
        Pushforward(layers_of((2, 2), 0), "sigmoid")  # pyright: ignore[reportArgumentType]


def test_a_linear_law_has_the_target_s_density() -> None:
    rows = CHAPTER.sample(20, 0)
    found = linear(CHAPTER.A, CHAPTER.b).log_density(rows)
    np.testing.assert_allclose(found, CHAPTER.log_density(rows), rtol=1e-12)


def test_results_show_themselves() -> None:
    found = Pushforward(layers_of((2, 3, 2), 1), "relu").against(RING, tolerance=1e-4)
    row = found.to_dict()
    assert row["kl"] == found.kl
    assert row["mode_mass_8"] == found.mode_masses[7]
    assert list(found.to_series().index) == list(row)
    table = found.to_frame().set_index("measure")
    assert set(SCALARS) < set(table.index)
    assert table.loc["total_variation", "error"] == found.errors["total_variation"]
    finite = [name for name in SCALARS if math.isfinite(getattr(found, name))]
    assert found.error == max(found.errors[name] for name in [*finite, "mode_masses"])
    assert "<table" in found._repr_html_()
    assert found.route == "pieces"
