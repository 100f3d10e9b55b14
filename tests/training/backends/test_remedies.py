"""The remedies in PyTorch's two forms, and the loop's own parts against plain ones."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gan_eval.training.backends import backend
from gan_eval.training.backends.pytorch_updates import Features, Optimizer, Updates
from gan_eval.training.config import TrainingConfig
from gan_eval.training.units import features

from . import contract


@pytest.mark.parametrize("name", ["pytorch", "pytorch:batched"])
@pytest.mark.parametrize("variant", contract.REMEDIES)
def test_pytorch_agrees_with_the_arbiter(name: str, variant: str) -> None:
    contract.trains_the_remedies(backend(name), variant)


@pytest.mark.parametrize("name", ["pytorch", "pytorch:batched"])
@pytest.mark.parametrize("variant", contract.CURVED | contract.EACH)
def test_pytorch_trains_curved_generators(name: str, variant: str) -> None:
    contract.trains_curved_generators(backend(name), variant)


@pytest.mark.parametrize("name", ["pytorch", "pytorch:batched"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "leaky_relu"])
def test_pytorch_trains_wide_generators(name: str, activation: str) -> None:
    contract.trains_wide_generators(backend(name), activation)


# --- The optimizers in a game that has a closed form: f(x, y) = xy, x down and y up --------------


def plain_game(steps: int, alpha: float, beta: float, rate: float, nesterov: bool) -> np.ndarray:
    """The distances from (0, 0) before each step from (1, 2), by optax's optimistic Adam.

    As its documentation has it: Adam's direction r (Nesterov's, if so), then (α + β) r − β r',
    r' of the step before; the first step's own where there is none.
    """
    b1, b2, epsilon = 0.9, 0.999, 1e-8
    at, m, v, before, distances = np.array([1.0, 2.0]), np.zeros(2), np.zeros(2), None, []
    for t in range(1, steps + 1):
        distances.append(np.hypot(*at))
        gradient = np.array([at[1], -at[0]])
        m, v = b1 * m + (1 - b1) * gradient, b2 * v + (1 - b2) * gradient**2
        mean = m / (1 - b1**t)
        if nesterov:
            mean = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * gradient / (1 - b1**t)
        direction = mean / (np.sqrt(v / (1 - b2**t)) + epsilon)
        before = direction if before is None else before
        at = at - rate * ((alpha + beta) * direction - beta * before)
        before = direction
    return np.array(distances)


class Player(nn.Module):
    """A number, as a net."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value, dtype=torch.float64))


def loops_game(steps: int, optimizer: str, rate: float) -> np.ndarray:
    """The same game by the optimizers of PyTorch's loop."""
    config = TrainingConfig.parse({"optimizer": optimizer, "dtype": "float64"})
    nets = (Player(1.0), Player(2.0))
    x, y = (net.value for net in nets)
    players = [Optimizer(config, net, rate, (0.9, 0.999)) for net in nets]
    distances = []

    def gradients() -> None:
        x.grad, y.grad = y.detach().clone(), -x.detach().clone()

    for _ in range(steps):
        distances.append(np.hypot(x.item(), y.item()))
        gradients()
        if optimizer == "extra_adam":
            started = [player.look_ahead(1.0) for player in players]
            gradients()
            for player, before in zip(players, started, strict=True):
                player.move_from(before, 1.0)
        else:
            for player in players:
                player.step(1.0)
    return np.array(distances)


def test_the_optimistic_step_has_optaxs_documented_values() -> None:
    documented = plain_game(1025, alpha=1e-2, beta=1.0, rate=1.0, nesterov=True)
    np.testing.assert_allclose(
        documented[[4**i for i in range(6)]],
        [2.243, 2.195, 2.161, 2.055, 0.796, 0.001],
        atol=5.1e-4,
    )
    # The same formula with the loop's α = β = 1, and Adam's plain direction.
    ours = loops_game(300, "optimistic_adam", 0.05)
    theirs = plain_game(300, alpha=1.0, beta=1.0, rate=0.05, nesterov=False)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_the_extrapolated_step_is_algorithm_4() -> None:
    """Gidel et al. (2019): both moments are updated at both gradients, and counted."""
    b1, b2, epsilon, rate = 0.9, 0.999, 1e-8, 0.05
    at, m, v, distances = np.array([1.0, 2.0]), np.zeros(2), np.zeros(2), []
    for t in range(200):
        distances.append(np.hypot(*at))
        ahead = at
        for s in (2 * t + 1, 2 * t + 2):
            gradient = np.array([ahead[1], -ahead[0]])
            m, v = b1 * m + (1 - b1) * gradient, b2 * v + (1 - b2) * gradient**2
            direction = m / (1 - b1**s) / (np.sqrt(v / (1 - b2**s)) + epsilon)
            ahead = at - rate * direction
        at = ahead
    np.testing.assert_allclose(loops_game(200, "extra_adam", rate), distances, rtol=1e-9)


def test_plain_steps_leave_the_equilibrium_at_the_known_rate() -> None:
    # Of both at once: the distance grows by √(1 + rate²) at each.
    growth = np.sqrt(1 + 0.05**2) ** np.arange(400)
    np.testing.assert_allclose(loops_game(400, "sgd", 0.05), np.sqrt(5) * growth, rtol=1e-11)


# --- The gradient of D with penalties -------------------------------------------------------------

PENALIZED: dict[str, dict[str, Any]] = {
    "cross-entropy": {"r1": 0.7, "r2": 0.3},
    "two layers": {"r1": 1.1, "discriminator_widths": (4, 3)},
    "linear": {"r1": 0.7, "r2": 0.3, "discriminator_widths": ()},
    "quadratic": {"r1": 0.7, "r2": 0.3, "discriminator_form": "quadratic"},
    "least squares, mean": {"r2": 0.9, "loss": "least_squares", "dialect": "mxnet"},
    "relativistic": {"r1": 0.5, "r2": 0.5, "loss": "relativistic"},
}


def penalized(config: TrainingConfig, layers: list[np.ndarray], X: Any, generated: Any) -> float:
    """D's loss with its penalties in NumPy: the slopes by the chain rule, layer by layer."""

    def logits(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        slopes = np.broadcast_to(np.eye(2), (len(rows), 2, 2))
        if config.discriminator_form == "quadratic":
            x, y = rows.T
            none = 0 * x
            slopes = np.stack(
                [
                    np.stack([none + 1, none, np.sqrt(2) * x, y, none], axis=1),
                    np.stack([none, none + 1, none, x, np.sqrt(2) * y], axis=1),
                ],
                axis=1,
            )
            rows = features(rows)
        for place, (weight, bias) in enumerate(zip(layers[0::2], layers[1::2], strict=True)):
            rows, slopes = rows @ weight + bias, slopes @ weight
            if 2 * place + 2 < len(layers):
                rows = np.tanh(rows)
                slopes = slopes * (1 - rows**2)[:, None]
        return rows[:, 0], slopes[:, :, 0]

    (real, of_real), (fake, of_fake) = logits(X), logits(generated)
    losses = {
        "cross_entropy": (np.logaddexp(0, -real) + np.logaddexp(0, fake)) / 2,
        "least_squares": ((real - 1) ** 2 + fake**2) / 2,
        "relativistic": np.logaddexp(0, fake - real),
    }
    penalty = config.r1 * (of_real**2).sum(axis=1) + config.r2 * (of_fake**2).sum(axis=1)
    rows = losses[config.loss] + penalty / 4
    return float(rows.mean() if config.dialect == "mxnet" else rows.sum())


@pytest.mark.parametrize("settings", PENALIZED.values(), ids=PENALIZED)
def test_the_gradient_of_D_is_that_of_finite_differences(settings: dict[str, Any]) -> None:
    config = TrainingConfig.parse({"dtype": "float64"} | settings)
    rng = np.random.default_rng(5)
    sizes = config.discriminator_sizes
    linear = [nn.Linear(i, o, dtype=torch.float64) for i, o in itertools.pairwise(sizes)]
    quadratic = [Features()] if config.discriminator_form == "quadratic" else []
    hidden = [part for layer in linear[:-1] for part in (layer, nn.Tanh())]
    net_D = nn.Sequential(*quadratic, *hidden, linear[-1])
    net_G = nn.Sequential(nn.Linear(2, 2, dtype=torch.float64))
    layers = []
    with torch.no_grad():
        for parameter in [*net_D.parameters(), *net_G.parameters()]:
            parameter.copy_(torch.from_numpy(rng.normal(size=tuple(parameter.shape)) / 2))
        for layer in linear:
            layers += [layer.weight.numpy().T.copy(), layer.bias.numpy().copy()]
    X, Z = rng.normal(size=(7, 2)), rng.normal(size=(7, 2))
    generated = net_G(torch.from_numpy(Z)).detach().numpy()

    Updates(config, net_D, net_G).gradient_D(torch.from_numpy(X), torch.from_numpy(Z))
    for place, parameter in enumerate(net_D.parameters()):
        assert parameter.grad is not None
        found, numeric = parameter.grad.numpy().T, np.empty(layers[place].shape)
        for index in np.ndindex(numeric.shape):
            sides = []
            for step in (1e-5, -1e-5):
                moved = [layer.copy() for layer in layers]
                moved[place][index] += step
                sides.append(penalized(config, moved, X, generated))
            numeric[index] = (sides[0] - sides[1]) / 2e-5
        np.testing.assert_allclose(found, numeric, rtol=1e-6, atol=1e-8)
