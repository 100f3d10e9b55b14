"""A runner of the kernel for one replicate."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.machine_code import processor
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused import buffers
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.llvm_compile import POINTERS, Kernel
from gan_eval.training.fused.one.program import AHEAD, nets
from gan_eval.training.fused.shape import Shape
from gan_eval.training.trained import Array

LARGE = 4000
"""Weights and biases of both nets above which lanes are slower than one replicate after another."""
PLACED = ("parameters", "first", "second", "before")


def alone_up_to(config: TrainingConfig) -> int:
    """How many replicates are trained faster one after another than side by side in lanes.

    Every configuration can be trained alone. What it gains is what batches and nets fill of the
    lanes; ``python -m benchmarks.one_replicate`` measures it. Nets so large that a block of lanes
    needs more memory than a core's cache holds are always trained alone.
    """
    if config.batch_size <= 2:
        return 1
    if config.dtype == "float64" or config.batch_size <= 4:
        return 2
    if Shape.of(config).parameters > LARGE:
        return 2**63
    widest = max(*config.discriminator_sizes, *config.generator_sizes)
    return 3 if widest < 16 else 4 if widest < 32 else 6


def width_alone(config: TrainingConfig) -> int:
    """Lanes for one replicate: a batch of the chapter's, or fewer where registers are shorter."""
    if config.dtype == "float64":
        # More than a batch fills would only cost calls of the C library.
        return 4 if config.batch_size <= 4 else 8
    return min(8, processor().width)


@lru_cache(maxsize=256)
def _places(shape: Shape, width: int) -> tuple[NDArray[np.int64], int]:
    """Where each parameter of both nets lies, and the numbers that there is room for."""
    G, D = nets(shape, width)
    return np.array([*G.places(), *D.places()]), D.end


@lru_cache(maxsize=2)
def _steps(config: Any, first: int, last: int) -> Array:
    """The table of steps last asked for, which a seed shares with the next."""
    return buffers.step_table(config, first, last)


class OneRunner:
    """A runner of a compiled kernel: trains one replicate after another, whatever ``count``."""

    lanes = 1

    def __init__(self, config: TrainingConfig, kernel: Kernel, count: int = 1) -> None:
        self.config, self.kernel, self.shape = config, kernel, Shape.of(config)
        W, n, d = kernel.width, config.n_examples, config.dimension
        self.places, parameters = _places(self.shape, W)
        epochs = buffers.calls(config, one_epoch=False)[0]
        state = self.shape.state
        sizes = {
            **dict.fromkeys(("seed_low", "seed_high"), 1),
            **dict.fromkeys(("parameters", "first", "second", "before", "gradients"), parameters),
            "average": state.get("average", 0),
            "trace": (epochs[1] - epochs[0]) * self.shape.traced,
            "moved": 0,
            "order": max(n + 2 * W, self.shape.components),
            "rows": (n + 5 * W) * d + W,
            "affine": self.shape.components * self.shape.affine,
            "noise": AHEAD + (2 * config.batch_size + W) * config.latent_size + 9 * W,
            "scratch": max(kernel.scratch, 1) * W,
        }
        # One piece of memory, in which each array begins at a multiple of 64 bytes.
        real = np.dtype(config.numpy_dtype)
        starts = [
            0,
            *accumulate(-(-size // 16) * 64 * (real.itemsize // 4) for size in sizes.values()),
        ]
        raw = np.zeros(starts[-1] + 64, np.uint8)
        address = raw.ctypes.data
        first = -address % 64
        self.memory: dict[str, NDArray[Any]] = {}
        self.addresses: dict[str, int] = {}
        for (name, size), start in zip(sizes.items(), starts, strict=False):
            dtype = np.dtype(np.uint32) if POINTERS[name] == "word" else real
            self.memory[name] = np.frombuffer(raw, dtype, size, first + start)
            self.addresses[name] = address + first + start

    def train(self, trained: TrainingBuffers, part: slice) -> None:
        """Train one replicate."""
        began = time.perf_counter()
        seed, start = int(trained.seeds[part][0]), trained.start(part)
        memory = self.memory
        memory["seed_low"][:] = seed & 0xFFFFFFFF
        memory["seed_high"][:] = seed >> 32
        for name, values in start.items():
            if name in PLACED:
                memory[name][self.places] = values[:, 0]
            else:
                memory[name][: len(values)] = values[:, 0]

        def call(first: int, last: int) -> Array:
            self.run(first, last)
            trace = memory["trace"].reshape(-1, self.shape.traced, 1)
            return trace[: last - first]

        trained.fill(part, call, lambda: self._state("parameters"), began)
        trained.end(part, {name: self._state(name) for name in self.shape.state})

    def run(self, first: int, last: int) -> None:
        """Run the machine code of some epochs on what lies in memory."""
        if first == 0:
            self._call(self.kernel.start, 0, 0)
        self._call(self.kernel.train, first, last)

    def _state(self, name: str) -> Array:
        """A memory (size, 1) in the usual order."""
        values = self.memory[name]
        return (values[self.places] if name in PLACED else values)[:, None]

    def _call(self, function: Callable[..., None], first: int, last: int) -> None:
        config: Any = self.config  # frozen, so hashable, which pyright does not see
        steps = _steps(config, first, last)
        addresses = self.addresses | {"steps": steps.ctypes.data}
        function(
            *(addresses[name] for name in POINTERS),
            *buffers.numbers(self.config, first, last).values(),
        )
