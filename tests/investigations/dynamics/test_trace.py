"""What is measured beside what is predicted: paths of expected gradients, trained replicates."""

from __future__ import annotations

import numpy as np
import pytest

import gan_eval as ge
from gan_eval.investigations.dynamics import dynamics
from gan_eval.investigations.dynamics.field import MAPS, Field, momentum
from gan_eval.investigations.dynamics.game import Game
from gan_eval.investigations.dynamics.trace import compared
from gan_eval.training.draws import Layer


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
def test_paths_decay_and_turn_as_predicted(loss: str) -> None:
    config = ge.TrainingConfig(
        discriminator_form="quadratic",
        standardise="whiten",
        loss=loss,
        r1=0.1,
        learning_rate_D=0.02,
        learning_rate_G=0.02,
    )
    found = compared(Game.of(config), ())
    assert found["map"].tolist() == list(MAPS)
    assert (found["gap"] < 0.02).all()
    assert np.isfinite(found["measured_period"]).all()
    assert np.allclose(found["measured_modulus"], found["predicted_modulus"], rtol=1e-4)
    # Alternating steps are those that a training takes; they shrink here.
    assert found["measured_modulus"][1] < 1


def test_a_mode_that_grows_is_followed_while_it_is_small() -> None:
    config = ge.TrainingConfig(
        discriminator_form="quadratic",
        standardise="whiten",
        loss="hinge",
        learning_rate_D=0.02,
        learning_rate_G=0.02,
    )
    found = compared(Game.of(config), ())
    assert found["measured_modulus"][0] > 1.001
    assert found["measured_modulus"][1] == pytest.approx(1, abs=1e-6)
    assert (found["gap"] < 0.02).all()


@pytest.mark.thorough
@pytest.mark.parametrize("rate", [0.05, 1.0])
def test_a_tanh_discriminator_is_followed_with_its_hidden_layers_free(rate: float) -> None:
    """With the larger rate D's own modes grow, and would drown others by rounding."""
    rng = np.random.default_rng(0)
    hidden = [Layer(rng.normal(size=(2, 8)), rng.normal(size=8))]
    config = ge.TrainingConfig(
        discriminator_widths=(8,), standardise="columns", r1=0.2, learning_rate_D=rate
    )
    found = compared(Game.of(config), hidden)
    assert (found["gap"] < 0.02).all()


def test_momentum_of_nothing_is_the_alternating_map_and_beta_is_its_heavy_ball() -> None:
    field = Field(np.array([[-0.1, -0.3], [0.3, 0.0]]), 1)
    plain = np.linalg.eigvals(momentum(field, 0.0, 0.0))
    for value in field.eigenvalues("alternating"):
        assert np.abs(plain - value).min() < 1e-12
    # One parameter: μ² − (1 + β + (1 − β) λ) μ + β = 0.
    one = np.linalg.eigvals(momentum(Field(np.array([[-0.4]]), 1), 0.9, 0.0))
    assert np.allclose(sorted(one, key=np.imag), sorted(np.roots([1, -1.86, 0.9]), key=np.imag))


def test_trained_discriminators_are_looked_at() -> None:
    config = ge.TrainingConfig(epochs=1, n_examples=64)
    found = dynamics(config, discriminators=4, trace=True)
    trace = found.trace
    assert trace is not None
    assert trace.trained == 4
    assert trace.visibility is not None
    assert (trace.visibility.correlations[:, 3:] <= 1e-12).all()
    assert trace.adam is not None
    assert len(repr(found).splitlines()) <= 15
    assert found.document()["trace"]["trained"] == 4
