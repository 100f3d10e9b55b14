"""The inputs of a kernel for some seeds of a configuration, and the arrays that it fills."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.fused.network import Net, Shape
from gan_eval.training.trained import (
    AdamState,
    Array,
    EpochEnd,
    OnEpoch,
    TrainedGANs,
    initial_layers,
)

EXAMPLES = 2**21
"""About how many examples a replicate is trained on in one call of a kernel."""


def initial_parameters(config: TrainingConfig, seeds: NDArray[np.int64]) -> Array:
    """The initial parameters of both nets, shape (P, R), in the configuration's precision."""
    nets = initial_layers(config, seeds)
    flat = [part.reshape(len(seeds), -1) for net in nets for layer in net for part in layer]
    with np.errstate(over="ignore"):  # what float32 cannot hold is ∞, as in every framework
        return np.ascontiguousarray(np.concatenate(flat, axis=1).T.astype(config.numpy_dtype))


def affine_map(config: TrainingConfig) -> Array:
    """A, row by row, then b, in the configuration's precision."""
    with np.errstate(over="ignore"):
        values = np.concatenate([np.ravel(config.target.A), config.target.b])
        return values.astype(config.numpy_dtype)


def step_table(config: TrainingConfig, first_epoch: int, last_epoch: int) -> Array:
    """Adam's numbers for each step of some epochs, shape (steps, 3): see ``Arguments.steps``."""
    steps = config.steps_per_epoch
    t = np.arange(first_epoch * steps, last_epoch * steps, dtype=np.float64) + 1
    unbias_1, unbias_2 = 1 - config.adam_beta1**t, 1 - config.adam_beta2**t
    stretch = 1 / np.sqrt(unbias_2)
    size = 1 / unbias_1
    if config.dialect != "pytorch":  # the ε-hat form
        size, stretch = np.sqrt(unbias_2) / unbias_1, np.ones_like(t)
    table = [config.learning_rate_D * size, config.learning_rate_G * size, stretch]
    return np.ascontiguousarray(np.stack(table, axis=1).astype(config.numpy_dtype))


def calls(config: TrainingConfig, *, one_epoch: bool) -> list[tuple[int, int]]:
    """The epochs (first, last + 1) of each call of a kernel."""
    size = 1 if one_epoch else max(1, EXAMPLES // config.n_examples)
    return [(e, min(e + size, config.epochs)) for e in range(0, config.epochs, size)]


def parts(replicates: int, size: int) -> list[slice]:
    """Cut replicates into parts of at most a size."""
    return [slice(at, min(at + size, replicates)) for at in range(0, replicates, size)]


class TrainingBuffers:
    """A set of the arrays of ``TrainedGANs``, which kernels fill for some replicates at a time.

    ``clocks`` (2, R, epochs) are both clocks, where they are read by epoch.
    """

    def __init__(
        self,
        config: TrainingConfig,
        seeds: Sequence[int],
        every: int,
        on_epoch: OnEpoch | None = None,
        clocks: Array | None = None,
    ) -> None:
        self.config, self.shape = config, Shape.of(config)
        self.on_epoch, self.clocks = on_epoch, clocks
        self.seeds = np.array(seeds, dtype=np.int64)
        kept = [*range(every, config.epochs, every), config.epochs]
        self.kept = np.array([0, *kept])
        R, (latent, d) = len(seeds), config.generator_sizes
        self.weights = np.empty((R, len(self.kept), latent, d))
        self.biases = np.empty((R, len(self.kept), d))
        self.losses = np.empty((2, R, len(kept)))
        P = self.shape.parameters
        self.parameters, self.first, self.second = (np.empty((R, P)) for _ in range(3))

    def fill(self, part: slice, call: Callable[[int, int], Array], began: float) -> None:
        """Take in the traces of a kernel's calls for some replicates, and read the clocks.

        ``call(first, last)`` trains epochs first … last − 1 and returns their trace (epochs,
        traced, r). ``began`` is when the first call's work did.
        """
        n, replicates = self.config.n_examples, part.stop - part.start
        for first, last in calls(self.config, one_epoch=self.on_epoch is not None):
            trace = call(first, last)
            for epoch, numbers in enumerate(trace, first + 1):
                found = int(np.searchsorted(self.kept, epoch))
                if self.kept[found] == epoch:
                    self.keep(part, found, numbers)
                    self.losses[:, part, found - 1] = numbers[-2:].astype(np.float64) / n
            if self.clocks is not None:
                seconds = (time.perf_counter() - began) / (replicates * (last - first))
                self.clocks[0, part, first:last] = seconds
            if self.clocks is not None and self.on_epoch is not None:
                self.on_epoch(self._epoch_end(part, last, trace[0]))
                self.clocks[1, part, first] = (time.perf_counter() - began) / replicates
            began = time.perf_counter()

    def end(self, part: slice, parameters: Array, first: Array, second: Array) -> None:
        """Final parameters and Adam's moments (P, r)."""
        self.parameters[part], self.first[part] = parameters.T, first.T
        self.second[part] = second.T

    def keep(self, part: slice, position: int, numbers: Array) -> None:
        """Keep the generator's parameters, the first of some numbers (…, r)."""
        ((weight, bias),) = _layers(numbers.T, self.shape.generator)
        self.weights[part, position], self.biases[part, position] = weight, bias

    def _epoch_end(self, part: slice, epoch: int, numbers: Array) -> EpochEnd:
        """Make the message to ``on_epoch`` of the trace (traced, r) of one epoch."""
        values = np.asarray(numbers.T, dtype=np.float64)
        loss_D, loss_G = values[:, -2:].T / self.config.n_examples
        generator = _layers(values, self.shape.generator)[0]
        return EpochEnd(self.seeds[part], epoch, self.config.epochs, loss_D, loss_G, *generator)

    def trained(
        self, backend: str, device: str, seconds: Array, chapter_seconds: Array
    ) -> TrainedGANs:
        """All of it. Seconds are (R, epochs)."""
        G, D = self.shape.generator, self.shape.discriminator
        moments = ([*_layers(one, G), *_layers(one, D)] for one in (self.first, self.second))
        return TrainedGANs(
            *(self.config, backend, device, self.seeds, self.weights, self.biases),
            _layers(self.parameters, D),
            *(self.losses[0], self.losses[1], seconds, chapter_seconds),
            adam=AdamState(*moments),
            kept_epochs=None if len(self.kept) > self.config.epochs else self.kept,
        )


def _layers(values: Array, net: Net) -> list[Layer]:
    """A net's layers of values (R, P), as views."""
    return [
        Layer(values[:, w:b].reshape(-1, inputs, outputs), values[:, b : b + outputs])
        for w, b, (inputs, outputs) in zip(net.weights, net.biases, net.shapes, strict=True)
    ]
