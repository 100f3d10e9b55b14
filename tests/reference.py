"""The arbiter: the chapter's training in plain NumPy with hand-written gradients. A test oracle.

It shares with the package the draws and the initial layers (which have tests of their own), and
nothing else: forward, backward, losses and Adam are written out here from their formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import initial_layers, training_rows

Parameters = list[np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -x))


def discriminator_forward(parameters: Parameters, x: np.ndarray) -> tuple[np.ndarray, list]:
    """Logits (n, 1) and the input of every layer."""
    inputs = [x]
    for weight, bias in zip(parameters[0::2], parameters[1::2], strict=True):
        x = inputs[-1] @ weight + bias
        inputs.append(np.tanh(x))
    inputs.pop()
    return x, inputs


def discriminator_backward(
    parameters: Parameters, inputs: list, gradient: np.ndarray
) -> tuple[Parameters, np.ndarray]:
    """Gradients of the parameters and of the input, given the gradient of the logits."""
    found: Parameters = []
    for layer in reversed(range(len(inputs))):
        weight = parameters[2 * layer]
        found = [inputs[layer].T @ gradient, gradient.sum(axis=0), *found]
        gradient = gradient @ weight.T
        if layer:
            gradient = gradient * (1 - inputs[layer] ** 2)
    return found, gradient


def loss_and_gradient_D(
    D: Parameters, G: Parameters, X: np.ndarray, Z: np.ndarray
) -> tuple[float, Parameters]:
    """(Σ softplus(−D(x)) + Σ softplus(D(G(z)))) / 2 and its gradient in D."""
    real, real_inputs = discriminator_forward(D, X)
    fake, fake_inputs = discriminator_forward(D, Z @ G[0] + G[1])
    loss = (np.logaddexp(0, -real).sum() + np.logaddexp(0, fake).sum()) / 2
    from_real = discriminator_backward(D, real_inputs, -sigmoid(-real) / 2)[0]
    from_fake = discriminator_backward(D, fake_inputs, sigmoid(fake) / 2)[0]
    return float(loss), [a + b for a, b in zip(from_real, from_fake, strict=True)]


def loss_and_gradient_G(
    D: Parameters, G: Parameters, Z: np.ndarray, *, saturating: bool
) -> tuple[float, Parameters]:
    """Σ softplus(−D(G(z))), or −Σ softplus(D(G(z))), and its gradient in G."""
    fake, inputs = discriminator_forward(D, Z @ G[0] + G[1])
    loss = -np.logaddexp(0, fake).sum() if saturating else np.logaddexp(0, -fake).sum()
    at_logit = -sigmoid(fake) if saturating else -sigmoid(-fake)
    at_output = discriminator_backward(D, inputs, at_logit)[1]
    return float(loss), [Z.T @ at_output, at_output.sum(axis=0)]


class Adam:
    """Kingma & Ba 2015, algorithm 1; with ``hat``, the ε-hat form at the end of its section 2."""

    def __init__(self, config: TrainingConfig, rate: float, parameters: Parameters) -> None:
        self.config, self.rate, self.t = config, rate, 0
        self.hat = config.dialect != "pytorch"
        self.first = [np.zeros_like(p) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]

    def step(self, parameters: Parameters, gradients: Parameters) -> None:
        c = self.config
        self.t += 1
        unbias_1, unbias_2 = 1 - c.adam_beta1**self.t, 1 - c.adam_beta2**self.t
        for p, g, m, v in zip(parameters, gradients, self.first, self.second, strict=True):
            m += (1 - c.adam_beta1) * (g - m)
            v += (1 - c.adam_beta2) * (g * g - v)
            if self.hat:
                rate = self.rate * np.sqrt(unbias_2) / unbias_1
                p -= rate * m / (np.sqrt(v) + c.adam_epsilon)
            else:
                p -= self.rate * (m / unbias_1) / (np.sqrt(v / unbias_2) + c.adam_epsilon)


@dataclass
class Reference:
    """The state after training: parameters, the loss means of each epoch, and Adam's moments, the
    generator's first."""

    G: Parameters
    D: Parameters
    losses: list[tuple[float, float]]
    first: Parameters
    second: Parameters


def train(config: TrainingConfig, seed: int) -> Reference:
    """Train in float64, as the chapter does: D first, then G on the same z with the new D."""
    G, D = ([p.copy() for layer in net for p in layer] for net in initial_layers(config, seed))
    step_D = Adam(config, config.learning_rate_D, D)
    step_G = Adam(config, config.learning_rate_G, G)
    rows = training_rows(config, seed)
    saturating = config.generator_loss == "saturating"
    losses = []
    for epoch in range(config.epochs):
        order = draws.epoch_order(seed, epoch, config.n_examples)
        noise = draws.latent_noise(seed, epoch, config.n_examples, config.latent_size)
        total_D = total_G = 0.0
        for start in range(0, config.n_examples, config.batch_size):
            stop = start + config.batch_size
            X, Z = rows[order[start:stop]], noise[start:stop]
            scale = 1 / len(X) if config.dialect == "mxnet" else 1.0
            loss_D, gradient = loss_and_gradient_D(D, G, X, Z)
            step_D.step(D, [scale * g for g in gradient])
            loss_G, gradient = loss_and_gradient_G(D, G, Z, saturating=saturating)
            step_G.step(G, [scale * g for g in gradient])
            total_D, total_G = total_D + loss_D, total_G + loss_G
        losses.append((total_D / config.n_examples, total_G / config.n_examples))
    first, second = step_G.first + step_D.first, step_G.second + step_D.second
    return Reference(G, D, losses, first, second)
