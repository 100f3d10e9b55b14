"""The game of expected gradients: both losses over all rows at once, by quadrature, in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.dynamics.field import Field
from gan_eval.investigations.dynamics.game import Game
from gan_eval.training.draws import Layer

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.floating]


@dataclass(frozen=True)
class ExpectedGame:
    """A game of expected gradients, whose state is a vector of all parameters.

    D's last weights and bias come first, then the generator's weight and bias, as in a ``Field``,
    and D's hidden layers last. Nothing here is linear or knows the Jacobian: it is what the
    prediction is held against.
    """

    game: Game
    hidden: Sequence[Layer]

    @cached_property
    def equilibrium(self) -> Array:
        """The state where the generator is the target and D is constant, as it would be."""
        game, config = self.game, self.game.config
        features = game.moments(self.hidden).second.shape[0] - 1
        constant = 0.5 if config.loss == "least_squares" else 0.0
        weight = np.zeros((config.latent_size, config.dimension))
        weight[: config.dimension] = game.factor
        own = [part.ravel() for layer in self.hidden for part in layer]
        return np.concatenate([np.zeros(features), [constant], weight.ravel(), game.mean, *own])

    def velocity(self, state: Array) -> Array:
        """Compute what a plain step adds at a state: minus both gradients, times the rates."""
        import torch

        vector = torch.tensor(state, dtype=torch.float64, requires_grad=True)
        loss_D, loss_G = self._losses(vector)
        of_D, of_G = (torch.autograd.grad(loss, vector)[0].numpy() for loss in (loss_D, loss_G))
        D, G = self.game.rates
        first, second = self._bounds
        found = -D * of_D
        found[first:second] = -G * of_G[first:second]
        return found

    def follow(self, name: str, start: Array, before: Array, updates: int) -> Array:
        """Follow a map's plain steps from a state: (updates + 1, parameters).

        ``before`` is the state before, of which the optimistic map remembers the velocity.
        """
        first, second = self._bounds
        states, state = [start], start
        remembered = self.velocity(before) if name == "optimistic" else start
        for _ in range(updates):
            move = self.velocity(state)
            if name == "simultaneous":
                state = state + move
            elif name == "extragradient":
                state = state + self.velocity(state + move)
            elif name == "optimistic":
                state, remembered = state + 2 * move - remembered, move
            else:
                state = self._alternate(state, move, first, second)
            states.append(state)
        return np.array(states)

    def _alternate(self, state: Array, move: Array, first: int, second: int) -> Array:
        for step in range(self.game.config.discriminator_steps):
            move = move if step == 0 else self.velocity(state)
            move[first:second] = 0.0
            state = state + move
        move = self.velocity(state)
        state = state.copy()
        state[first:second] += move[first:second]
        return state

    @cached_property
    def _bounds(self) -> tuple[int, int]:
        """Where the generator's parameters stand."""
        config = self.game.config
        first = len(self.equilibrium) - sum(w.size + b.size for w, b in self.hidden)
        own = (config.latent_size + 1) * config.dimension
        return first - own, first

    def _losses(self, vector: Tensor) -> tuple[Tensor, Tensor]:
        """The expected losses of both nets per row, by the configuration."""
        import torch
        from torch.nn.functional import relu, softplus

        config, points = self.game.config, self.game.points
        weights = torch.as_tensor(points.weights)
        first, second = self._bounds
        last, own, rest = vector[:first], vector[first:second], vector[second:]
        # Latent entries beyond the target's columns have weights of 0, and stay so to first order.
        z = torch.as_tensor(np.pad(points.z, ((0, 0), (0, config.latent_size - config.dimension))))
        cut = config.latent_size * config.dimension
        generated = z @ own[:cut].reshape(config.latent_size, -1) + own[cut:]
        real = torch.as_tensor(self.game.rows)

        def logits(rows: Tensor) -> Tensor:
            return self._features(rows, rest) @ last[:-1] + last[-1]

        def slope(rows: Tensor) -> Tensor:
            rows = rows.detach().requires_grad_()
            (found,) = torch.autograd.grad(logits(rows).sum(), rows, create_graph=True)
            return weights @ (found**2).sum(1)

        on_real, on_generated, seen = logits(real), logits(generated), logits(generated.detach())
        if config.loss == "cross_entropy":
            loss_D = weights @ (softplus(-on_real) + softplus(seen)) / 2
            saturating = config.generator_loss == "saturating"
            loss_G = weights @ (-softplus(on_generated) if saturating else softplus(-on_generated))
        elif config.loss == "hinge":
            loss_D = weights @ (relu(1 - on_real) + relu(1 + seen)) / 2
            loss_G = -weights @ on_generated
        elif config.loss == "least_squares":
            loss_D = weights @ ((on_real - 1) ** 2 + seen**2) / 2
            loss_G = weights @ (on_generated - 1) ** 2 / 2
        else:
            loss_D = weights @ softplus(seen[None] - on_real[:, None]) @ weights
            loss_G = weights @ softplus(on_real.detach()[:, None] - on_generated[None]) @ weights
        for gamma, rows in ((config.r1, real), (config.r2, generated)):
            if gamma:
                loss_D = loss_D + gamma / 4 * slope(rows)
        return loss_D, loss_G

    def _features(self, rows: Tensor, parameters: Tensor) -> Tensor:
        import torch

        if self.game.config.discriminator_form == "quadratic":
            i, j = torch.triu_indices(rows.shape[1], rows.shape[1])
            products = rows[:, i] * rows[:, j]
            return torch.cat([rows, torch.where(i == j, (products - 1) / 2**0.5, products)], 1)
        at = 0
        for weight, bias in self.hidden:
            middle = at + weight.size
            matrix = parameters[at:middle].reshape(weight.shape)
            rows = torch.tanh(rows @ matrix + parameters[middle : middle + bias.size])
            at = middle + bias.size
        return rows


def measured(game: ExpectedGame, field: Field, name: str, target: complex) -> tuple[complex, int]:
    """Measure an eigenvalue of a map: follow it from 1e-6 off the equilibrium along its vector.

    ``target`` is the predicted eigenvalue. The distance to the start is held to a recurrence of one
    term, or of two where the mode turns, by least squares. Returns the eigenvalue and the updates.
    """
    values, vectors = np.linalg.eig(field.map(name))
    k = int(np.abs(values - target).argmin())
    size = len(field.matrix)
    along = vectors[:size, k]
    # The vector's phase at which the mode starts is free; its real part must not be small.
    along = along / along[np.abs(along).argmax()]
    rest = game.equilibrium
    offsets = np.zeros((2, len(rest)))
    scale = 1e-6 / np.linalg.norm(along.real)
    offsets[0, :size] = along.real * scale
    offsets[1, :size] = (along / values[k]).real * scale
    log = np.log(complex(values[k]))
    turns = abs(values[k].imag) > 1e-12 * abs(values[k])
    stride = max(1, round(2 * np.pi / 12 / abs(log.imag))) if turns else 1
    updates = int(np.clip(4 / abs(log), 12 * stride if stride > 1 else 40, _UPDATES))
    if log.real > 0:  # not so far that it is no longer near the equilibrium
        updates = min(updates, max(4 * stride, int(_GROWTH / log.real)))
    path = game.follow(name, rest + offsets[0], rest + offsets[1], updates) - rest
    series = (path[::stride] @ offsets[0]) / (offsets[0] @ offsets[0])
    if turns:
        past = np.stack([series[1:-1], series[:-2]], axis=1)
        p, q = np.linalg.lstsq(past, series[2:], rcond=None)[0]
        root = (p + np.sqrt(complex(p**2 + 4 * q))) / 2
    else:
        root = complex(series[:-1] @ series[1:] / (series[:-1] @ series[:-1]))
    return complex(np.exp(np.log(root) / stride)), updates


_UPDATES = 600
"""The longest path that is followed."""

_GROWTH = 7.0
"""The logarithm by which what grows is let grow."""
