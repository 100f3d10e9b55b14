"""The inputs of a kernel for some seeds of a configuration, and the arrays that it fills."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.training import schedule
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.fused.network import Net
from gan_eval.training.fused.shape import INDICES, REALS, Shape
from gan_eval.training.trained import (
    AdamState,
    Array,
    Averaging,
    EpochEnd,
    OnEpoch,
    TrainedGANs,
    initial_layers,
)
from gan_eval.training.units import Units

EXAMPLES = 2**21
"""About how many examples a replicate is trained on in one call of a kernel."""


def initial_parameters(config: TrainingConfig, seeds: NDArray[np.int64]) -> Array:
    """The initial parameters of both nets, shape (P, R), in the configuration's precision."""
    nets = initial_layers(config, seeds)
    flat = [part.reshape(len(seeds), -1) for net in nets for layer in net for part in layer]
    with np.errstate(over="ignore"):  # what float32 cannot hold is ∞, as in every framework
        return np.ascontiguousarray(np.concatenate(flat, axis=1).T.astype(config.numpy_dtype))


def initial_state(config: TrainingConfig, seeds: NDArray[np.int64]) -> dict[str, Array]:
    """What ``Shape.state`` names before the first step, (size, R) each."""
    parameters = initial_parameters(config, seeds)
    sizes = Shape.of(config).state
    found = {name: np.zeros((size, len(seeds)), parameters.dtype) for name, size in sizes.items()}
    found["parameters"] = parameters
    if "average" in found:
        G = Shape.of(config).generator
        found["average"][: G.end] = parameters[: G.end]
        if not config.generator_widths:
            ((weight, _),) = _layers(parameters.T, G)
            with np.errstate(all="ignore"):
                covariance = weight.swapaxes(1, 2) @ weight
            found["average"][G.end :] = covariance.reshape(len(seeds), -1).T
    return found


def step_table(config: TrainingConfig, first_epoch: int, last_epoch: int) -> Array:
    """The numbers of each gradient of some epochs, shape (gradients, ``Shape.columns``)."""
    shape, every = Shape.of(config), config.steps_per_epoch
    t = np.arange(first_epoch * every, last_epoch * every)
    counts = {"D": t + 1, "G": np.maximum(schedule.generator_steps(config, t), 1)}
    weight = schedule.average_weights(config, counts["G"])
    factor = schedule.rate_factors(config, t)
    if shape.gradients_a_batch == 2:
        counts = {net: np.stack([2 * s - 1, 2 * s], axis=1).ravel() for net, s in counts.items()}
        weight, factor = weight.repeat(2), factor.repeat(2)
    rates = {"D": config.learning_rate_D * factor, "G": config.learning_rate_G * factor}
    betas = {"D": config.betas_D, "G": config.betas_G}
    found: dict[str, Array] = {"weight": weight}
    for net, s in counts.items():
        unbias_1, unbias_2 = (1 - beta ** s.astype(np.float64) for beta in betas[net])
        size, stretch, rate = 1 / unbias_1, 1 / np.sqrt(unbias_2), rates[net]
        if config.dialect != "pytorch":  # the ε-hat form
            size, stretch = np.sqrt(unbias_2) / unbias_1, np.ones(s.size)
        if config.optimizer == "sgd":
            size = np.ones(s.size)
        if config.optimizer == "optimistic_adam":
            found |= {f"ahead_{net}": rate * np.where(s > 1, 2, 1)}
            found |= {f"behind_{net}": rate * (s > 1)}
        else:
            size = rate * size
        found |= {f"size_{net}": size, f"stretch_{net}": stretch}
    table = np.stack([found[name] for name in shape.columns], axis=1)
    return np.ascontiguousarray(table.astype(config.numpy_dtype))


def numbers(config: TrainingConfig, first_epoch: int, last_epoch: int) -> dict[str, float]:
    """A call's ``REALS`` and ``INDICES``."""
    decays = [1 - beta for beta in (*config.betas_D, *config.betas_G)]
    reals = [*decays, config.adam_epsilon, config.r1 / 2, config.r2 / 2]
    indices = (config.n_examples, config.batch_size, config.discriminator_steps)
    named = zip((*REALS, *INDICES), (*reals, first_epoch, last_epoch, *indices), strict=True)
    return dict(named)


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
        R, d, kept_G = len(seeds), config.dimension, len(self.kept)
        self.generator = [
            Layer(np.empty((R, kept_G, i, o)), np.empty((R, kept_G, o)))
            for i, o in pairwise(config.generator_sizes)
        ]
        self.losses = np.empty((2, R, len(kept)))
        self.state = {name: np.empty((R, size)) for name, size in self.shape.state.items()}
        self.units = None
        if config.standardise != "none":
            self.units = Units(np.empty((R, d)), np.empty((R, d, d)))

    def start(self, part: slice) -> dict[str, Array]:
        """What some replicates start with: ``Shape.state``, ``affine`` and ``order``, as
        ``Arguments`` has them, (size, r) each."""
        config, seeds = self.config, self.seeds[part]
        R, state, own = len(seeds), initial_state(config, seeds), Units.of(config, seeds)
        if own is not None and self.units is not None:
            self.units.center[part], self.units.factor[part] = own.center, own.factor
        self._keep(part, np.zeros(1, np.int64), state["parameters"][None])
        maps, ends = _components(config)  # pyright: ignore[reportArgumentType]  # frozen: it is
        flat = []
        for A, b in maps:
            A, b = (np.broadcast_to(one, (R, *one.shape)) for one in (A, b))
            found = (A, b) if own is None else own.seen_map(A, b)
            flat += [one.reshape(R, -1) for one in found]
        with np.errstate(over="ignore"):
            affine = np.concatenate(flat, axis=1).astype(config.numpy_dtype)
        order = np.broadcast_to(ends[:, None], (len(ends), R))
        return state | {"affine": affine.T, "order": order}

    def fill(
        self,
        part: slice,
        call: Callable[[int, int], Array],
        parameters: Callable[[], Array],
        began: float,
    ) -> None:
        """Take in the traces of a kernel's calls for some replicates, and read the clocks.

        ``call(first, last)`` trains epochs first … last − 1 and returns their trace (epochs,
        traced, r), and ``parameters()`` reads those of both nets after it, (P, r). ``began`` is
        when the first call's work did.
        """
        replicates = part.stop - part.start
        for first, last in calls(self.config, one_epoch=self.on_epoch is not None):
            trace = call(first, last)
            epochs = np.arange(first + 1, last + 1)
            found = self.kept.searchsorted(epochs)
            here = self.kept[found] == epochs
            self._keep(part, found[here], trace[here])
            self.losses[:, part, found[here] - 1] = self._losses(trace[here]).swapaxes(1, 2)
            if self.clocks is not None:
                seconds = (time.perf_counter() - began) / (replicates * (last - first))
                self.clocks[0, part, first:last] = seconds
            if self.clocks is not None and self.on_epoch is not None:
                self.on_epoch(self._epoch_end(part, last, trace[0], parameters))
                self.clocks[1, part, first] = (time.perf_counter() - began) / replicates
            began = time.perf_counter()

    def end(self, part: slice, state: Mapping[str, Array]) -> None:
        """The final ``Shape.state``, (size, r) each."""
        for name, values in self.state.items():
            values[part] = state[name].T

    def _keep(self, part: slice, positions: NDArray[np.int64], trace: Array) -> None:
        """Take in the generators at some epochs, of their trace (epochs, traced, r)."""
        if self.units is None:
            told = [(positions, _layers(trace.transpose(2, 0, 1), self.shape.generator))]
        else:
            told = zip(positions, (self._told(part, one) for one in trace), strict=True)
        for position, layers in told:
            for (weights, biases), layer in zip(self.generator, layers, strict=True):
                weights[part, position], biases[part, position] = layer

    def _told(self, part: slice, numbers: Array) -> list[Layer]:
        """The layers of generators, what they make in the user's units, whose parameters are the
        first of numbers (…, r)."""
        # Row after row in memory, as from every backend: else a product may round otherwise.
        rows = np.ascontiguousarray(numbers.T, dtype=np.float64)
        *hidden, output = _layers(rows, self.shape.generator)
        if self.units is not None:
            output = self.units.take(part).generator(output)
        return [*hidden, output]

    def _losses(self, numbers: Array) -> Array:
        """The means (2, …, r) of D's and G's losses, of the trace (…, traced, r) of epochs."""
        sums = np.moveaxis(numbers[..., -2:, :], -2, 0).astype(np.float64)
        sums[0] /= self.config.n_examples
        sums[1] /= schedule.generator_examples(self.config)
        return sums

    def _epoch_end(
        self, part: slice, epoch: int, numbers: Array, parameters: Callable[[], Array]
    ) -> EpochEnd:
        """Make the message to ``on_epoch`` of the trace (traced, r) of one epoch."""
        (loss_D, loss_G), (*hidden, output) = self._losses(numbers), self._told(part, numbers)

        def discriminator() -> list[Layer]:
            return _layers(parameters().T.astype(np.float64), self.shape.discriminator)

        seeds, epochs = self.seeds[part], self.config.epochs
        told = (seeds, epoch, epochs, loss_D, loss_G, output.weight, output.bias)
        return EpochEnd(*told, discriminator=discriminator, hidden=hidden)

    def trained(
        self, backend: str, device: str, seconds: Array, chapter_seconds: Array
    ) -> TrainedGANs:
        """All of it. Seconds are (R, epochs)."""
        G, D = self.shape.generator, self.shape.discriminator
        moments = (self.state[name] for name in ("first", "second"))
        adam = AdamState(*([*_layers(one, G), *_layers(one, D)] for one in moments))
        averaging = None
        if self.shape.averaged:
            R, d = len(self.seeds), self.config.dimension
            *hidden, last = _layers(self.state["parameters"], G)
            mean, covariance = np.full((R, d), np.nan), np.full((R, d, d), np.nan)
            if not hidden:
                average = self.state["average"]
                mean, covariance = _layers(average, G)[0].bias, average[:, G.end :]
                covariance = covariance.reshape(R, d, d)
            averaging = Averaging(last, mean, covariance, hidden).in_units(self.units)
        *hidden, output = self.generator
        return TrainedGANs(
            *(self.config, backend, device, self.seeds, output.weight, output.bias),
            _layers(self.state["parameters"], D),
            *(self.losses[0], self.losses[1], seconds, chapter_seconds),
            adam=None if self.config.optimizer == "sgd" else adam,
            kept_epochs=None if len(self.kept) > self.config.epochs else self.kept,
            units=self.units,
            averaging=averaging,
            hidden=hidden,
        )


def _layers(values: Array, net: Net) -> list[Layer]:
    """A net's layers of values (…, P), as views where they can be."""
    return [
        Layer(
            values[..., w:b].reshape(*values.shape[:-1], inputs, outputs),
            values[..., b : b + outputs],
        )
        for w, b, (inputs, outputs) in zip(net.weights, net.biases, net.shapes, strict=True)
    ]


@lru_cache(maxsize=64)
def _components(config: Any) -> tuple[list[tuple[Array, Array]], NDArray[np.uint32]]:
    """The A (d, d) and b (d,) of each component of the target, and the first of the 2³² words that
    choose each but the first (``draws.components``, whose uniform number is (word + ½) / 2³²)."""
    target = config.target.build()
    if not isinstance(target, MixtureTarget):
        return [(np.array(config.target.A), np.array(config.target.b))], np.zeros(0, np.uint32)
    moments = zip(target.means, target.covariances, strict=True)
    parts = [GaussianTarget.from_moments(mean, covariance) for mean, covariance in moments]
    ends = np.ceil(np.cumsum(target.weights)[:-1] * 2.0**32 - 0.5)
    return [(part.A, part.b) for part in parts], np.minimum(ends, 2**32 - 1).astype(np.uint32)
