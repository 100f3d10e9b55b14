"""A trainer in plain NumPy, all replicates side by side, right or with one planted fault.

It shares the draws and the initial layers with the package; the rest is written out here, so that
any step of it can be spoiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.history import History
from gan_eval.training.trained import (
    AdamState,
    OnEpoch,
    TrainedGANs,
    initial_layers,
    training_rows,
)

Array = NDArray[np.floating]

FAULTS = {
    "epsilon-hat": "ε beside √v before the bias correction",
    "epsilon-1e-7": "ε = 1e-7 in place of 1e-8",
    "epsilon-1e-3": "ε = 1e-3 in place of 1e-8",
    "g-before-d": "G updated before D",
    "z-redrawn": "a new z for G",
    "zero-biases": "biases not initialised",
    "saturating": "saturating loss",
    "last-batch-dropped": "last, smaller batch dropped",
    "other-seeds": "seeds from 5 on trained as the next ones",
    "seeds-32-bit": "seeds taken modulo 2³²",
    "seeds-signed": "seeds taken as signed integers of 32 bits",
    "seeds-float": "seeds rounded to float64",
    "seeds-in-a-row": "seeds counted up from a call's first",
    "lanes-64": "the 65th replicate of a call trained as the first",
    "shuffle-repeated": "the shuffle of epoch 0 in every epoch",
    "noise-repeated": "the noise of epoch 0 in every epoch",
    "noise-alternating": "the noise of epochs 0 and 1 in turn",
}

# Epochs whose noise no run of these tests reaches, for the z that is drawn anew.
OTHER_NOISE = 1_000_000


class NumPyBackend:
    """The right trainer; as ``NumPyBackend(fault)``, one with that fault of ``FAULTS``."""

    forms: ClassVar[tuple[str, ...]] = tuple(FAULTS)

    def __init__(self, fault: str = "") -> None:
        assert fault == "" or fault in FAULTS
        self.fault, self.replicates_per_call = fault, 500
        self.name = f"numpy:{fault}" if fault else "numpy"

    def devices(self) -> list[str]:
        return ["cpu"]

    def version(self) -> str:
        return f"numpy {np.__version__}"

    def train(
        self,
        config: TrainingConfig,
        seeds: Sequence[int],
        device: str = "cpu",
        on_epoch: OnEpoch | None = None,
    ) -> TrainedGANs:
        with np.errstate(over="ignore", invalid="ignore"):
            return self._train(config, list(seeds), device, on_epoch)

    def _train(
        self, config: TrainingConfig, seeds: list[int], device: str, on_epoch: OnEpoch | None
    ) -> TrainedGANs:
        told, seeds = seeds, self._mistaken(seeds)
        started = [initial_layers(config, seed) for seed in seeds]
        G, D = (
            Network(config, [pair[which] for pair in started], rate, self.fault)
            for which, rate in ((0, config.learning_rate_G), (1, config.learning_rate_D))
        )
        data = np.stack([training_rows(config, seed) for seed in seeds]).astype(config.numpy_dtype)
        history = History(config, self.name, device, told, G.layer(0), on_epoch)
        for epoch in history.epochs():
            losses = self._epoch(config, seeds, epoch, data, G, D)
            history.end(losses, G.layer(0))
        both = (G, D)
        return history.trained(
            D.split(D.values),
            AdamState(
                [layer for net in both for layer in net.split(net.first)],
                [layer for net in both for layer in net.split(net.second)],
            ),
        )

    def _mistaken(self, seeds: list[int]) -> list[int]:
        """The seeds that are trained in place of these, as unsigned integers of 64 bits."""
        if self.fault == "seeds-in-a-row":
            return [seeds[0] + at for at in range(len(seeds))]
        if self.fault == "lanes-64":
            return [seeds[at % 64] for at in range(len(seeds))]
        of_one = {
            "other-seeds": lambda seed: seed + (seed >= 5),
            "seeds-32-bit": lambda seed: seed % 2**32,
            "seeds-signed": lambda seed: ((seed + 2**31) % 2**32 - 2**31) % 2**64,
            "seeds-float": lambda seed: int(float(seed)),
        }.get(self.fault, lambda seed: seed)
        return [of_one(seed) for seed in seeds]

    def _epoch(
        self,
        config: TrainingConfig,
        seeds: list[int],
        epoch: int,
        data: Array,
        G: Network,
        D: Network,
    ) -> Array:
        """One pass over the rows (R, n, d); the two losses an example, shape (2, R)."""

        def noise(epoch: int) -> Array:
            shape = (config.n_examples, config.latent_size)
            found = [draws.latent_noise(seed, epoch, *shape) for seed in seeds]
            return np.stack(found).astype(config.numpy_dtype)

        of_order = 0 if self.fault == "shuffle-repeated" else epoch
        of_noise = {"noise-repeated": 0, "noise-alternating": epoch % 2}.get(self.fault, epoch)
        orders = np.stack([draws.epoch_order(seed, of_order, config.n_examples) for seed in seeds])
        rows, z = np.take_along_axis(data, orders[:, :, None], axis=1), noise(of_noise)
        z_of_G = noise(OTHER_NOISE + epoch) if self.fault == "z-redrawn" else z
        saturating = (config.generator_loss == "saturating") != (self.fault == "saturating")
        losses = np.zeros((2, len(seeds)))
        for start in range(0, config.n_examples, config.batch_size):
            batch = slice(start, min(start + config.batch_size, config.n_examples))
            size = batch.stop - batch.start
            if self.fault == "last-batch-dropped" and size < config.batch_size:
                break
            scale = 1 / size if config.dialect == "mxnet" else 1.0
            if self.fault == "g-before-d":
                losses[1] += update_G(G, D, z_of_G[:, batch], saturating, scale)
                losses[0] += update_D(G, D, rows[:, batch], z[:, batch], scale)
            else:
                losses[0] += update_D(G, D, rows[:, batch], z[:, batch], scale)
                losses[1] += update_G(G, D, z_of_G[:, batch], saturating, scale)
        return losses / config.n_examples


class Network:
    """R networks of one shape with Adam: parameters (R, P), with views of them as layers."""

    def __init__(
        self, config: TrainingConfig, starts: list[list[Layer]], rate: float, fault: str
    ) -> None:
        flat = [np.concatenate([part.ravel() for layer in net for part in layer]) for net in starts]
        self.shapes = [layer.weight.shape for layer in starts[0]]
        self.values = np.stack(flat).astype(config.numpy_dtype)
        self.gradient, self.first, self.second = (np.zeros_like(self.values) for _ in range(3))
        self.layers, self.gradients = self._views(self.values), self._views(self.gradient)
        if fault == "zero-biases":
            for layer in self.layers:
                layer.bias[...] = 0
        self.config, self.rate, self.t = config, rate, 0
        self.hat = (config.dialect != "pytorch") != (fault == "epsilon-hat")
        self.epsilon = {"epsilon-1e-7": 1e-7, "epsilon-1e-3": 1e-3}.get(fault, config.adam_epsilon)

    def layer(self, index: int) -> Layer:
        """A copy in float64, weights (R, inputs, outputs) and biases (R, outputs)."""
        return self.split(self.values)[index]

    def split(self, flat: Array) -> list[Layer]:
        """Layers of a copy in float64 of (R, P) parameters, or of what belongs to them."""
        return self._views(flat.astype(np.float64))

    def _views(self, flat: Array) -> list[Layer]:
        layers, at = [], 0
        for inputs, outputs in self.shapes:
            middle, end = at + inputs * outputs, at + (inputs + 1) * outputs
            weight = flat[:, at:middle].reshape(-1, inputs, outputs)
            layers.append(Layer(weight, flat[:, middle:end]))
            at = end
        return layers

    def forward(self, x: Array) -> tuple[Array, list[Array]]:
        """The output (R, n, outputs), and the input of every layer."""
        inputs = []
        for weight, bias in self.layers:
            inputs.append(np.tanh(x) if inputs else x)
            x = inputs[-1] @ weight + bias[:, None]
        return x, inputs

    def backward(self, inputs: list[Array], at_output: Array) -> Array:
        """Add to the parameters' gradient; the gradient at the input."""
        for layer, slope, x in zip(
            self.layers[::-1], self.gradients[::-1], inputs[::-1], strict=True
        ):
            slope.weight[...] += x.swapaxes(1, 2) @ at_output
            slope.bias[...] += at_output.sum(axis=1)
            at_output = at_output @ layer.weight.swapaxes(1, 2)
            if x is not inputs[0]:
                at_output *= 1 - x * x
        return at_output

    def step(self, scale: float) -> None:
        """Adam's step (Kingma & Ba 2015) by the gradient times ``scale``; forgets the gradient."""
        c, g = self.config, self.gradient * self.values.dtype.type(scale)
        self.t += 1
        unbias_1, unbias_2 = 1 - c.adam_beta1**self.t, 1 - c.adam_beta2**self.t
        self.first += (1 - c.adam_beta1) * (g - self.first)
        self.second += (1 - c.adam_beta2) * (g * g - self.second)
        if self.hat:
            rate = self.rate * unbias_2**0.5 / unbias_1
            self.values -= rate * self.first / (np.sqrt(self.second) + self.epsilon)
        else:
            size = np.sqrt(self.second / unbias_2) + self.epsilon
            self.values -= self.rate / unbias_1 * self.first / size
        self.gradient[...] = 0


def update_D(G: Network, D: Network, x: Array, z: Array, scale: float) -> Array:
    """One discriminator step; its losses (R,) summed over the batch."""
    real, real_inputs = D.forward(x)
    fake, fake_inputs = D.forward(G.forward(z)[0])
    D.backward(real_inputs, -sigmoid(-real) / 2)
    D.backward(fake_inputs, sigmoid(fake) / 2)
    D.step(scale)
    return (softplus(-real) + softplus(fake)).sum(axis=(1, 2)) / 2


def update_G(G: Network, D: Network, z: Array, saturating: bool, scale: float) -> Array:
    """One generator step; its losses (R,) summed over the batch."""
    made, inputs_G = G.forward(z)
    fake, inputs_D = D.forward(made)
    at_made = D.backward(inputs_D, -sigmoid(fake) if saturating else -sigmoid(-fake))
    D.gradient[...] = 0
    G.backward(inputs_G, at_made)
    G.step(scale)
    return (-softplus(fake) if saturating else softplus(-fake)).sum(axis=(1, 2))


def softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x: Array) -> Array:
    return np.exp(-softplus(-x))
