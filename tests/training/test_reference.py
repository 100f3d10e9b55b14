"""The arbiter itself: its gradients are those of its losses, by central differences."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from gan_eval.training.config import TrainingConfig
from gan_eval.training.units import features
from tests.training import reference

GAMES: dict[str, dict[str, Any]] = {
    "chapter": {},
    "saturating": {"generator_loss": "saturating"},
    "hinge": {"loss": "hinge"},
    "least squares": {"loss": "least_squares"},
    "relativistic": {"loss": "relativistic"},
    "quadratic": {"discriminator_form": "quadratic"},
    "penalties": {"r1": 0.3, "r2": 0.7},
    "quadratic penalties": {"discriminator_form": "quadratic", "r1": 0.3, "r2": 0.7},
    "tanh in G": {"generator_widths": (4,)},
    "relu in G": {"generator_widths": (4, 3), "generator_activation": "relu"},
    "leaky relu in G": {"generator_widths": (4, 3), "generator_activation": "leaky_relu"}
    | {"loss": "relativistic", "r2": 0.7},
}


def _setup(
    settings: dict[str, Any],
) -> tuple[reference.Game, list[np.ndarray], list[np.ndarray], np.ndarray, np.ndarray]:
    game, rng = reference.Game(TrainingConfig.parse(settings)), np.random.default_rng(0)

    def net(sizes: tuple[int, ...]) -> list[np.ndarray]:
        shapes = [s for inputs, out in pairwise(sizes) for s in ((inputs, out), (out,))]
        return [rng.normal(size=shape) for shape in shapes]

    D, G = net(game.config.discriminator_sizes), net(game.config.generator_sizes)
    return game, D, G, rng.normal(size=(7, 2)), rng.normal(size=(7, 2))


def _differences(loss, parameters: list[np.ndarray]) -> list[np.ndarray]:
    found = []
    for parameter in parameters:
        numeric = np.empty_like(parameter)
        for index in np.ndindex(parameter.shape):
            kept = parameter[index]
            ends = []
            for step in (1e-6, -1e-6):
                parameter[index] = kept + step
                ends.append(loss())
            parameter[index] = kept
            numeric[index] = (ends[0] - ends[1]) / 2e-6
        found.append(numeric)
    return found


@pytest.mark.parametrize("settings", GAMES.values(), ids=GAMES)
def test_gradient_of_the_discriminator(settings: dict[str, Any]) -> None:
    game, D, G, X, Z = _setup(settings)

    def loss() -> float:
        """With the penalties, whose slopes are taken by differences in the rows."""
        found = game.loss_and_gradient_D(D, G, X, Z)[0]
        for gamma, rows in ((game.config.r1, X), (game.config.r2, game.generated(G, Z)[0])):
            if gamma:
                found += gamma / 4 * (slopes(rows) ** 2).sum()
        return found

    def slopes(rows: np.ndarray) -> np.ndarray:
        moves = 1e-4 * np.eye(2)
        ends = [game.logits(D, rows + m)[0] - game.logits(D, rows - m)[0] for m in moves]
        wide = [game.logits(D, rows + 2 * m)[0] - game.logits(D, rows - 2 * m)[0] for m in moves]
        return np.hstack([(8 * a - b) / 12e-4 for a, b in zip(ends, wide, strict=True)])

    exact = game.loss_and_gradient_D(D, G, X, Z)[1]
    for a, b in zip(exact, _differences(loss, D), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("settings", GAMES.values(), ids=GAMES)
def test_gradient_of_the_generator(settings: dict[str, Any]) -> None:
    game, D, G, X, Z = _setup(settings)
    exact = game.loss_and_gradient_G(D, G, X, Z)[1]
    numeric = _differences(lambda: game.loss_and_gradient_G(D, G, X, Z)[0], G)
    for a, b in zip(exact, numeric, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_features_are_the_packages(d: int) -> None:
    rows = np.random.default_rng(1).normal(size=(5, d))
    np.testing.assert_allclose(reference.features(rows), features(rows), rtol=1e-15)


def test_the_optimistic_step_is_optaxs() -> None:
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    optax = pytest.importorskip("optax", reason="optax is not installed")
    rng = np.random.default_rng(2)
    start, gradients = rng.normal(size=5), rng.normal(size=(30, 5)) * 10.0 ** rng.integers(-4, 4, 5)
    config = TrainingConfig(optimizer="optimistic_adam", learning_rate_D=0.05)
    own = reference.Optimizer(config, 0.05, (0.9, 0.999), [start])
    ours = [start]
    with jax.enable_x64(True):
        theirs = optax.optimistic_adam_v2(0.05, alpha=1.0, beta=1.0, nesterov=False)
        state, parameters = theirs.init(jax.numpy.array(start)), jax.numpy.array(start)
        for gradient in gradients:
            ours = own.moved(ours, [gradient], 1.0)
            updates, state = theirs.update(jax.numpy.array(gradient), state)
            parameters = optax.apply_updates(parameters, updates)
            np.testing.assert_allclose(ours[0], parameters, rtol=1e-13)
