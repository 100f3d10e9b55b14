"""A runner of the kernel for one replicate."""

from __future__ import annotations

import time
from collections.abc import Callable
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

PLACED = ("parameters", "first", "second", "before")


def alone_up_to(config: TrainingConfig) -> int:
    """How many replicates are faster one after another than in lanes: those of every shape, and
    more of wide nets, whose gradients fill lanes."""
    wide = max(*config.discriminator_sizes, config.latent_size, config.dimension)
    return 2 if wide < 8 else 4


def width_alone(config: TrainingConfig) -> int:
    """Lanes for one replicate: a batch of the chapter's, or fewer where registers are shorter."""
    if config.dtype == "float64":
        # More than a batch fills would only cost calls of the C library.
        return 4 if config.batch_size <= 4 else 8
    return min(8, processor().width)


class OneRunner:
    """A runner of a compiled kernel: trains one replicate after another, whatever ``count``."""

    lanes = 1

    def __init__(self, config: TrainingConfig, kernel: Kernel, count: int = 1) -> None:
        self.config, self.kernel, self.shape = config, kernel, Shape.of(config)
        W, n, d = kernel.width, config.n_examples, config.dimension
        G, D = nets(self.shape, W)
        self.places = np.array([*G.places(), *D.places()])
        epochs = buffers.calls(config, one_epoch=False)[0]
        state = self.shape.state
        sizes = {
            **dict.fromkeys(("seed_low", "seed_high"), 1),
            **dict.fromkeys(("parameters", "first", "second", "before", "gradients"), D.end),
            "average": state.get("average", 0),
            "trace": (epochs[1] - epochs[0]) * self.shape.traced,
            "order": n + 2 * W,
            "rows": (n + 5 * W) * d + W,
            "affine": (d + 1) * d,
            "noise": AHEAD + (2 * config.batch_size + W) * config.latent_size + 9 * W,
            "scratch": max(kernel.scratch, 1) * W,
        }
        self.memory: dict[str, NDArray[Any]] = {}
        for name, size in sizes.items():
            dtype = np.dtype(np.uint32 if POINTERS[name] == "word" else config.numpy_dtype)
            raw = np.zeros(size * dtype.itemsize + 64, np.uint8)
            start = -raw.ctypes.data % 64
            self.memory[name] = raw[start : start + size * dtype.itemsize].view(dtype)

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
                memory[name][:] = values[:, 0]

        def call(first: int, last: int) -> Array:
            if first == 0:
                self._call(self.kernel.start, 0, 0)
            self._call(self.kernel.train, first, last)
            trace = memory["trace"].reshape(-1, self.shape.traced, 1)
            return trace[: last - first]

        trained.fill(part, call, lambda: self._state("parameters"), began)
        trained.end(part, {name: self._state(name) for name in self.shape.state})

    def _state(self, name: str) -> Array:
        """A memory (size, 1) in the usual order."""
        values = self.memory[name]
        return (values[self.places] if name in PLACED else values)[:, None]

    def _call(self, function: Callable[..., None], first: int, last: int) -> None:
        steps = buffers.step_table(self.config, first, last)
        arrays = self.memory | {"steps": steps}
        function(
            *(arrays[name].ctypes.data for name in POINTERS),
            *buffers.numbers(self.config, first, last).values(),
        )
