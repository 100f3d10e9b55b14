"""The spectrum: closed forms, the Dirac-GAN, the maps of eigenvalues, finite differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import ArrayLike

import gan_eval as ge
from gan_eval.investigations.dynamics import dynamics
from gan_eval.investigations.dynamics.expected import ExpectedGame
from gan_eval.investigations.dynamics.features import Moments
from gan_eval.investigations.dynamics.field import (
    LOSSES,
    MAPS,
    Field,
    Loss,
    critical_gamma,
    jacobian,
)
from gan_eval.investigations.dynamics.game import Game
from gan_eval.training.draws import Layer


def quadratic(dimension: int, gamma: float, **settings: object) -> ge.TrainingConfig:
    rng = np.random.default_rng(dimension)
    A = rng.normal(size=(dimension, dimension)) + 2 * np.eye(dimension)
    return ge.TrainingConfig(
        discriminator_form="quadratic",
        standardise="whiten",
        target=ge.GaussianTarget(A, rng.normal(size=dimension)),
        latent_size=dimension,
        r1=gamma / 3,
        r2=2 * gamma / 3,
        **settings,  # type: ignore[arg-type]
    )


def sorted_by_parts(values: ArrayLike) -> np.ndarray:
    found = np.asarray(values, dtype=np.complex128)
    return found[np.lexsort((np.imag(found).round(7), np.real(found).round(7)))]


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.7])
@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 5])
def test_the_eigenvalues_are_the_closed_forms(dimension: int, gamma: float) -> None:
    found = dynamics(quadratic(dimension, gamma)).spectrum
    assert found is not None
    d = dimension
    expected = [
        *np.roots([1, 1 / 4 + gamma / 2, 1 / 8]).tolist() * d,
        *np.roots([1, 1 / 4 + gamma, 1 / 4]).tolist() * (d * (d + 1) // 2),
        *[0.0] * (d * (d - 1) // 2),
        -1 / 4,
    ]
    gap = sorted_by_parts(found.eigenvalues) - sorted_by_parts(np.array(expected))
    assert np.abs(gap).max() < 1e-9


def test_the_modes_of_the_plane_are_named_and_counted() -> None:
    found = dynamics(quadratic(2, 0.0))
    assert found.modes().to_dict("list")["multiplicity"] == [1, 2, 3, 1]
    assert found.modes()["mode"].tolist() == [
        *("the discriminator alone", "means", "variances and tilts", "nothing moves")
    ]


def test_the_critical_penalty_is_where_the_last_mode_stops_turning() -> None:
    same = quadratic(3, 0.0, learning_rate_D=0.01, learning_rate_G=0.01)
    found = dynamics(same).spectrum
    assert found is not None
    # Means turn until (¼ + γ/2)² = ½, covariances until (¼ + γ)² = 1.
    assert found.critical_gamma == pytest.approx(2 * (np.sqrt(0.5) - 0.25), abs=1e-9)


# --- The Dirac-GAN (Mescheder, Geiger and Nowozin 2018), p = δ₀, q = δ_θ, D = ψ x ----------------


def dirac(gamma: float, slope: float = 0.5, curvature: float = 0.25) -> np.ndarray:
    """Its Jacobian, of ψ and θ: the second moment of x is 0 where all is at 0."""
    moments = Moments(np.zeros((1, 1)), np.ones((1, 1)), np.ones((1, 1)))
    loss = Loss(slope, curvature, slope, penalty=1.0)
    return jacobian(moments, loss, gamma, np.ones((1, 1)))


@pytest.mark.parametrize("gamma", [0.0, 0.2, 0.9, 3.0])
def test_the_dirac_gan_has_the_eigenvalues_of_its_paper(gamma: float) -> None:
    root = np.sqrt(complex(gamma**2 / 4 - 0.25))
    expected = np.array([-gamma / 2 + root, -gamma / 2 - root])
    gap = sorted_by_parts(np.linalg.eigvals(dirac(gamma))) - sorted_by_parts(expected)
    assert np.abs(gap).max() < 1e-12


def test_the_dirac_gan_leaves_by_simultaneous_steps_and_turns_by_alternating_ones() -> None:
    for eta in (0.01, 0.3):
        field = Field(eta * dirac(0.0), 1)
        assert abs(field.slowest("simultaneous")) == pytest.approx(
            np.sqrt(1 + eta**2 / 4), abs=1e-12
        )
        assert abs(field.slowest("alternating")) == pytest.approx(1, abs=1e-12)
        assert abs(field.slowest("extragradient")) < 1
        assert abs(field.slowest("optimistic")) < 1
    field = Field(dirac(0.0), 1)
    assert field.largest_factor("simultaneous") == 0
    # ηℓ′ ≤ 2, 1 and 1/√3.
    assert field.largest_factor("alternating") == pytest.approx(4, rel=1e-4)
    assert field.largest_factor("extragradient") == pytest.approx(2, rel=1e-6)
    assert field.largest_factor("optimistic") == pytest.approx(2 / np.sqrt(3), rel=1e-6)


def test_the_dirac_gan_is_critical_at_gamma_1() -> None:
    found = critical_gamma(lambda gamma: Field(dirac(gamma), 1).oscillates)
    assert found == pytest.approx(1, abs=1e-12)


# --- The maps ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MAPS)
def test_the_eigenvalues_of_a_map_are_those_of_its_matrix(name: str) -> None:
    field = Game.of(quadratic(2, 0.4)).field(Game.of(quadratic(2, 0.4)).moments(()))
    own = field.eigenvalues(name, 1.3)
    of_matrix = np.linalg.eigvals(field.map(name, 1.3))
    for value in of_matrix:
        assert np.abs(own - value).min() < 1e-7  # twofold ones lose half of the digits
    assert len(own) == len(of_matrix)


@pytest.mark.parametrize(
    ("name", "polynomial"),
    [
        ("extragradient", lambda move: [1, -(1 + move + move**2)]),
        ("optimistic", lambda move: [1, -(1 + 2 * move), move]),
    ],
)
def test_a_map_of_one_eigenvalue_solves_its_equation(
    name: str, polynomial: Callable[[complex], list[complex]]
) -> None:
    a, w, eta = -0.2, 0.7, 0.3
    field = Field(np.array([[a, w], [-w, a]]), 1)
    for value in np.linalg.eigvals(field.map(name, eta)):
        gaps = [abs(np.polyval(polynomial(eta * complex(a, s * w)), value)) for s in (1, -1)]
        assert min(gaps) < 1e-12


# --- The whole game, by differences --------------------------------------------------------------

HIDDEN = [Layer(np.array([[0.8, -1.1, 0.3], [0.4, 0.9, -0.7]]), np.array([0.2, -0.5, 1.0]))]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("form", ["quadratic", "mlp"])
def test_the_jacobian_is_that_of_the_expected_gradients(loss: str, form: str) -> None:
    config = ge.TrainingConfig(
        discriminator_form=form,
        discriminator_widths=(3,) if form == "mlp" else (5, 3),
        standardise="columns",
        latent_size=3,
        loss=loss,
        r1=0.3,
        r2=0.1,
    )
    hidden = HIDDEN if form == "mlp" else []
    game = Game.of(config)
    if form == "mlp" and loss == "relativistic":
        return  # pairs of all points: the quadratic form has few
    expected = ExpectedGame(game, hidden)
    field = game.field(game.moments(hidden))
    rest, size = expected.equilibrium, len(field.matrix)
    assert np.abs(expected.velocity(rest)).max() < 1e-12
    step = 1e-5
    for k in range(size):
        off = np.zeros(len(rest))
        off[k] = step
        column = (expected.velocity(rest + off) - expected.velocity(rest - off)) / (2 * step)
        assert np.allclose(column[:size], field.matrix[:, k], atol=2e-8)
        assert np.abs(column[size:]).max(initial=0) < 1e-8  # hidden layers stand still


def test_what_has_no_equilibrium_is_said() -> None:
    found = dynamics(ge.TrainingConfig(latent_size=1))
    assert found.spectrum is None
    assert "no equilibrium" in repr(found)
    assert len(found.modes()) == 0
    wide = dynamics(ge.TrainingConfig(discriminator_widths=(200,)), discriminators=1)
    assert wide.spectrum is None
    assert "128" in wide.lacking
