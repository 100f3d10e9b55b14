"""The arbiter: a training in plain NumPy with hand-written gradients, remedies included. A test
oracle.

It shares with the package the draws, the initial layers and the units (which have tests of their
own), and nothing else: forward, backward, losses, penalties, optimizers and averages are written
out here from their formulas, for one replicate and in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import initial_layers
from gan_eval.training.units import Units, seen_rows

Parameters = list[np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -x))


def softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x)


# --- Nets ----------------------------------------------------------------------------------------


def features(x: np.ndarray) -> np.ndarray:
    """The quadratic form's features of rows (n, d): x, then (x_i² − 1)/√2 and x_i x_j, i ≤ j."""
    d = x.shape[1]
    columns = [x[:, i] for i in range(d)]
    for i in range(d):
        columns += [(x[:, i] ** 2 - 1) / np.sqrt(2)]
        columns += [x[:, i] * x[:, j] for j in range(i + 1, d)]
    return np.stack(columns, axis=1)


def through_features(x: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The gradient at rows (n, d), given that at their features."""
    d = x.shape[1]
    found, at = gradient[:, :d].copy(), d
    for i in range(d):
        for j in range(i, d):
            own = gradient[:, at] / (np.sqrt(2) if i == j else 1)
            found[:, i] += own * x[:, j]
            found[:, j] += own * x[:, i]
            at += 1
    return found


def forward(
    parameters: Parameters, x: np.ndarray, activation: str = "tanh"
) -> tuple[np.ndarray, list]:
    """A net's outputs (n, outputs) and the input of every layer."""
    inputs = [x]
    for weight, bias in zip(parameters[0::2], parameters[1::2], strict=True):
        x = inputs[-1] @ weight + bias
        inputs.append(activated(x, activation))
    inputs.pop()
    return x, inputs


def activated(x: np.ndarray, activation: str) -> np.ndarray:
    match activation:
        case "tanh":
            return np.tanh(x)
        case "relu":
            return x * (x > 0)
        case _:
            return x * np.where(x > 0, 1, 0.2)


def slope(values: np.ndarray, activation: str) -> np.ndarray:
    """The slope of an activation where it has these values; at 0 the one from below."""
    match activation:
        case "tanh":
            return 1 - values**2
        case "relu":
            return np.where(values > 0, 1, 0)
        case _:
            return np.where(values > 0, 1, 0.2)


def backward(
    parameters: Parameters, inputs: list, gradient: np.ndarray, activation: str = "tanh"
) -> tuple[Parameters, np.ndarray]:
    """Gradients of the parameters and of the input, given the gradient of the outputs."""
    found: Parameters = []
    for layer in reversed(range(len(inputs))):
        weight = parameters[2 * layer]
        found = [inputs[layer].T @ gradient, gradient.sum(axis=0), *found]
        gradient = gradient @ weight.T
        if layer:
            gradient = gradient * slope(inputs[layer], activation)
    return found, gradient


@dataclass(frozen=True)
class Game:
    """The losses of a configuration, and their gradients in D and in G, on one batch."""

    config: TrainingConfig

    def logits(self, D: Parameters, u: np.ndarray) -> tuple[np.ndarray, list]:
        quadratic = self.config.discriminator_form == "quadratic"
        return forward(D, features(u) if quadratic else u)

    def generated(self, G: Parameters, Z: np.ndarray) -> tuple[np.ndarray, list]:
        return forward(G, Z, self.config.generator_activation)

    def at_rows(self, D: Parameters, u: np.ndarray, inputs: list, slope: np.ndarray) -> np.ndarray:
        """The gradient at the rows that D sees, given that at the logits."""
        found = backward(D, inputs, slope)[1]
        return (
            through_features(u, found) if self.config.discriminator_form == "quadratic" else found
        )

    def loss_and_gradient_D(
        self, D: Parameters, G: Parameters, X: np.ndarray, Z: np.ndarray
    ) -> tuple[float, Parameters]:
        """D's loss, without penalties, summed over the rows, and the gradient with them."""
        generated = self.generated(G, Z)[0]
        real, real_inputs = self.logits(D, X)
        fake, fake_inputs = self.logits(D, generated)
        match self.config.loss:
            case "cross_entropy":
                loss = (softplus(-real) + softplus(fake)) / 2
                slopes = -sigmoid(-real) / 2, sigmoid(fake) / 2
            case "hinge":
                loss = (np.maximum(0, 1 - real) + np.maximum(0, 1 + fake)) / 2
                slopes = np.where(real < 1, -0.5, 0), np.where(fake > -1, 0.5, 0)
            case "least_squares":
                loss = ((real - 1) ** 2 + fake**2) / 2
                slopes = real - 1, fake
            case _:
                loss = softplus(fake - real)
                slopes = -sigmoid(fake - real), sigmoid(fake - real)
        gradient = [np.zeros_like(p) for p in D]
        for inputs, slope in zip((real_inputs, fake_inputs), slopes, strict=True):
            own = backward(D, inputs, slope)[0]
            gradient = [a + b for a, b in zip(gradient, own, strict=True)]
        for gamma, rows in ((self.config.r1, X), (self.config.r2, generated)):
            if gamma:
                own = complex_step(lambda p, rows=rows: self.penalty(p, rows), D)
                gradient = [a + gamma / 4 * b for a, b in zip(gradient, own, strict=True)]
        return float(loss.sum()), gradient

    def penalty(self, D: Parameters, u: np.ndarray) -> complex:
        """Σ ‖∇D(u)‖² over rows."""
        logits, inputs = self.logits(D, u)
        slopes = self.at_rows(D, u, inputs, np.ones_like(logits))
        return (slopes**2).sum()

    def loss_and_gradient_G(
        self, D: Parameters, G: Parameters, X: np.ndarray, Z: np.ndarray
    ) -> tuple[float, Parameters]:
        """G's loss, summed over the rows, and its gradient."""
        generated, inputs_G = self.generated(G, Z)
        fake, inputs = self.logits(D, generated)
        match self.config.loss, self.config.generator_loss:
            case "cross_entropy", "saturating":
                loss, slope = -softplus(fake), -sigmoid(fake)
            case "cross_entropy", _:
                loss, slope = softplus(-fake), -sigmoid(-fake)
            case "hinge", _:
                loss, slope = -fake, -np.ones_like(fake)
            case "least_squares", _:
                loss, slope = (fake - 1) ** 2 / 2, fake - 1
            case _:
                apart = self.logits(D, X)[0] - fake
                loss, slope = softplus(apart), -sigmoid(apart)
        at_output = self.at_rows(D, generated, inputs, slope)
        return float(loss.sum()), backward(
            G, inputs_G, at_output, self.config.generator_activation
        )[0]


def complex_step(function: Callable[[Parameters], complex], parameters: Parameters) -> Parameters:
    """The gradient of an analytic function to the last digit: Im f(θ + ih) / h, h = 1e-30."""
    found, moved = [], [p.astype(complex) for p in parameters]
    for parameter in moved:
        gradient = np.empty(parameter.shape)
        for index in np.ndindex(parameter.shape):
            parameter[index] += 1e-30j
            gradient[index] = np.imag(function(moved)) / 1e-30
            parameter[index] = np.real(parameter[index])
        found.append(gradient)
    return found


# --- Optimizers ----------------------------------------------------------------------------------


class Optimizer:
    """A net's optimizer: Adam (Kingma & Ba 2015, algorithm 1; outside the dialect ``pytorch`` in
    the ε-hat form at the end of its section 2), its kin, or plain steps."""

    def __init__(
        self,
        config: TrainingConfig,
        rate: float,
        betas: tuple[float, float],
        parameters: Parameters,
    ) -> None:
        self.config, self.rate, self.betas, self.t = config, rate, betas, 0
        self.first = [np.zeros_like(p) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]
        self.before: Parameters | None = None

    def moved(self, parameters: Parameters, gradients: Parameters, factor: float) -> Parameters:
        """The parameters after a step, whose rate has a factor."""
        directions = self.directions(gradients)
        if self.config.optimizer == "optimistic_adam":
            before = directions if self.before is None else self.before
            self.before = directions
            directions = [2 * u - past for u, past in zip(directions, before, strict=True)]
        rate = self.rate * factor
        return [p - rate * u for p, u in zip(parameters, directions, strict=True)]

    def directions(self, gradients: Parameters) -> Parameters:
        if self.config.optimizer == "sgd":
            return gradients
        self.t += 1
        beta_1, beta_2 = self.betas
        unbias_1, unbias_2 = 1 - beta_1**self.t, 1 - beta_2**self.t
        epsilon = self.config.adam_epsilon
        if self.config.dialect != "pytorch":
            epsilon /= np.sqrt(unbias_2)
        found = []
        for g, m, v in zip(gradients, self.first, self.second, strict=True):
            m += (1 - beta_1) * (g - m)
            v += (1 - beta_2) * (g * g - v)
            found.append(m / unbias_1 / (np.sqrt(v / unbias_2) + epsilon))
        return found


# --- Training ------------------------------------------------------------------------------------


@dataclass
class Reference:
    """The state after training, of one replicate."""

    G: Parameters
    """The generator that is reported, layer by layer, what it makes in the user's units; averaged
    where the configuration says so."""
    D: Parameters
    losses: list[tuple[float, float]]
    """The losses' means of each epoch."""
    first: Parameters
    """Adam's moments, the generator's first."""
    second: Parameters
    path: list[Parameters]
    """The generator that is reported, at the start and after each epoch."""
    last: Parameters
    """The generator after the last step, in the user's units."""
    mean: np.ndarray
    """The average of the learned distributions' means, in the user's units; NaN where the generator
    has hidden layers, as is the covariance."""
    covariance: np.ndarray


def averaged(config: TrainingConfig, steps: list[np.ndarray], total: int) -> np.ndarray:
    """The average of what G's steps so far left behind, written out; ``total``: of the training."""
    if config.generator_average == "ema":
        decay = 0.999 if config.ema_decay is None else config.ema_decay
        weights = decay ** np.arange(len(steps))[::-1]
        return np.tensordot(weights / weights.sum(), np.stack(steps), 1)
    if config.generator_average == "half" and len(steps) > total // 2:
        return np.mean(steps[total // 2 :], axis=0)
    return steps[-1]


def rate_factor(config: TrainingConfig, t: int) -> float:
    part = t / (config.epochs * config.steps_per_epoch)
    match config.learning_rate_schedule:
        case "linear":
            return 1 - part
        case "cosine":
            return (1 + np.cos(np.pi * part)) / 2
        case _:
            return 1.0


def train(config: TrainingConfig, seed: int) -> Reference:
    """Train in float64, as the chapter does: D first, then G on the same z with the new D."""
    G, D = ([p.copy() for layer in net for p in layer] for net in initial_layers(config, seed))
    game = Game(config)
    step_D = Optimizer(config, config.learning_rate_D, config.betas_D, D)
    step_G = Optimizer(config, config.learning_rate_G, config.betas_G, G)
    rows, every = seen_rows(config, seed), config.discriminator_steps
    total = config.epochs * (config.steps_per_epoch // every)
    units = Units.of(config, [seed])

    def told(G: Parameters) -> Parameters:
        if units is None:
            return G
        *hidden, weight, bias = G
        return [*hidden, weight @ units.factor[0], bias @ units.factor[0] + units.center[0]]

    def average(what: Callable[[Parameters], np.ndarray]) -> np.ndarray:
        return averaged(config, [what(one) for one in passed or [G]], total)

    def reported() -> Parameters:
        return told([average(lambda one, i=i: one[i]) for i in range(len(G))])

    passed: list[Parameters] = []
    losses, path, t = [], [reported()], 0
    for epoch in range(config.epochs):
        order = draws.epoch_order(seed, epoch, config.n_examples)
        noise = draws.latent_noise(seed, epoch, config.n_examples, config.latent_size)
        total_D = total_G = 0.0
        examples_G = 0
        for batch, start in enumerate(range(0, config.n_examples, config.batch_size)):
            stop = start + config.batch_size
            X, Z = rows[order[start:stop]], noise[start:stop]
            scale = 1 / len(X) if config.dialect == "mxnet" else 1.0
            factor = rate_factor(config, t)
            t += 1

            def gradients(which, D, G, X=X, Z=Z, scale=scale) -> tuple[float, Parameters]:
                loss, gradient = which(D, G, X, Z)
                return loss, [scale * g for g in gradient]

            if config.optimizer == "extra_adam":
                loss_D, at_D = gradients(game.loss_and_gradient_D, D, G)
                loss_G, at_G = gradients(game.loss_and_gradient_G, D, G)
                half_D, half_G = step_D.moved(D, at_D, factor), step_G.moved(G, at_G, factor)
                at_D = gradients(game.loss_and_gradient_D, half_D, half_G)[1]
                at_G = gradients(game.loss_and_gradient_G, half_D, half_G)[1]
                D, G = step_D.moved(D, at_D, factor), step_G.moved(G, at_G, factor)
            else:
                loss_D, at_D = gradients(game.loss_and_gradient_D, D, G)
                D = step_D.moved(D, at_D, factor)
                loss_G = 0.0
                if (batch + 1) % every == 0:
                    loss_G, at_G = gradients(game.loss_and_gradient_G, D, G)
                    G = step_G.moved(G, at_G, factor)
            if (batch + 1) % every == 0:
                passed.append(G)
                examples_G += len(X)
            total_D, total_G = total_D + loss_D, total_G + loss_G
        losses.append((total_D / config.n_examples, total_G / examples_G))
        path.append(reported())
    d = config.dimension
    mean, covariance = np.full(d, np.nan), np.full((d, d), np.nan)
    if not config.generator_widths:
        mean, covariance = average(lambda one: one[1]), average(lambda one: one[0].T @ one[0])
    if units is not None:
        mean = mean @ units.factor[0] + units.center[0]
        covariance = units.factor[0].T @ covariance @ units.factor[0]
    first, second = step_G.first + step_D.first, step_G.second + step_D.second
    return Reference(path[-1], D, losses, first, second, path, told(G), mean, covariance)
