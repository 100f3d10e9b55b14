"""The memory that a kernel of SIMD lanes works in, and its calls: some blocks of lanes in turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused import buffers
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.llvm_compile import INDICES, POINTERS, REALS, Kernel
from gan_eval.training.fused.program import Shape
from gan_eval.training.trained import OnEpoch

KEPT = ("seed_low", "seed_high", "parameters", "first", "second", "trace")
"""The memories that each block has for itself; any other is worked in and then of no use."""

Array = NDArray[np.floating]


class LaneRunner:
    """A runner of a compiled kernel: trains ``count`` blocks of lanes, one block after another.

    Python's part, the initial weights and the taking in of traces, is done for all blocks at once.
    A block whose training takes several calls needs its training rows until the last, so there
    ``count`` is 1.
    """

    def __init__(self, config: TrainingConfig, kernel: Kernel, count: int = 1) -> None:
        self.config, self.kernel = config, kernel
        self.shape = Shape.of(config)
        self.calls = buffers.calls(config, one_epoch=False)
        self.count = count if len(self.calls) == 1 else 1
        n, d, P = config.n_examples, config.dimension, self.shape.parameters
        sizes = {
            "seed_low": 1,
            "seed_high": 1,
            "parameters": P,
            "first": P,
            "second": P,
            "trace": (self.calls[0][1] - self.calls[0][0]) * self.shape.traced,
            "order": n,
            "rows": (n + 3) * d,
            "gradients": P,
            "noise": config.batch_size * config.latent_size + 8,
            "scratch": max(kernel.scratch, 1),
        }
        self.memory: dict[str, NDArray[Any]] = {}
        for name, size in sizes.items():
            dtype = np.uint32 if POINTERS[name] == "word" else config.numpy_dtype
            blocks = self.count if name in KEPT else 1
            self.memory[name] = aligned((blocks, size, kernel.width), dtype)
        self.affine = buffers.affine_map(config)
        self.tables: dict[tuple[int, int], Array] = {}

    @property
    def lanes(self) -> int:
        """The replicates that are trained together."""
        return self.count * self.kernel.width

    def train(self, trained: TrainingBuffers, part: slice) -> None:
        """Train some replicates, at most ``lanes``."""
        self._start(trained, part)
        used = -(-(part.stop - part.start) // self.kernel.width)
        for block in range(used):
            self._call(self.kernel.start, block, 0, 0)
            for first, last in self.calls[:-1]:
                self._call(self.kernel.train, block, first, last)
                trained.epochs(part, first, self._trace(last - first, part))
            self._call(self.kernel.train, block, *self.calls[-1])
        first, last = self.calls[-1]
        trained.epochs(part, first, self._trace(last - first, part))
        self._finish(trained, part)

    def train_by_epoch(
        self, trained: TrainingBuffers, part: slice, on_epoch: OnEpoch, clocks: Array
    ) -> None:
        """Train one block's replicates, telling of each epoch; clocks are (2, R, epochs)."""
        replicates = part.stop - part.start
        began = time.perf_counter()
        self._start(trained, part)
        self._call(self.kernel.start, 0, 0, 0)
        for epoch in range(self.config.epochs):
            self._call(self.kernel.train, 0, epoch, epoch + 1)
            trace = self._trace(1, part)
            trained.epochs(part, epoch, trace)
            clocks[0, part, epoch] = (time.perf_counter() - began) / replicates
            on_epoch(trained.epoch_end(part, epoch + 1, trace[0]))
            clocks[1, part, epoch] = (time.perf_counter() - began) / replicates
            began = time.perf_counter()
        self._finish(trained, part)

    def _start(self, trained: TrainingBuffers, part: slice) -> None:
        seeds = trained.seeds[part]
        parameters = buffers.initial_parameters(self.config, seeds)
        trained.start(part, parameters)
        # Lanes that are left over train the first replicate again.
        lane = np.arange(self.lanes)
        lane[len(seeds) :] = 0
        self._put("seed_low", (seeds & 0xFFFFFFFF)[None, lane])
        self._put("seed_high", (seeds >> 32)[None, lane])
        self._put("parameters", parameters[:, lane])
        for moment in ("first", "second"):
            self.memory[moment][:] = 0

    def _put(self, name: str, values: NDArray[Any]) -> None:
        """Values (size, lanes) to the blocks' (count, size, width)."""
        split = values.reshape(len(values), self.count, self.kernel.width)
        self.memory[name][:] = split.transpose(1, 0, 2)

    def _get(self, name: str, part: slice) -> NDArray[Any]:
        """The values (size, r) of some replicates."""
        values = self.memory[name].transpose(1, 0, 2)
        return values.reshape(len(values), -1)[:, : part.stop - part.start]

    def _trace(self, epochs: int, part: slice) -> Array:
        """Collect the traces of the last calls, (epochs, traced, r)."""
        trace = self._get("trace", part)
        return trace.reshape(-1, self.shape.traced, trace.shape[-1])[:epochs]

    def _finish(self, trained: TrainingBuffers, part: slice) -> None:
        trained.end(part, *(self._get(name, part) for name in ("parameters", "first", "second")))

    def _call(self, function: Callable[..., None], block: int, first: int, last: int) -> None:
        config = self.config
        if (first, last) not in self.tables:
            # Runners of one configuration ask for the same few tables again and again.
            kept = {} if len(self.tables) > 32 else self.tables
            self.tables = kept | {(first, last): buffers.step_table(config, first, last)}
        shared = {"affine": self.affine, "steps": self.tables[first, last]}
        arrays = shared | {n: m[block if n in KEPT else 0] for n, m in self.memory.items()}
        numbers = {
            "decay_1": 1 - config.adam_beta1,
            "decay_2": 1 - config.adam_beta2,
            "epsilon": config.adam_epsilon,
            "first_epoch": first,
            "last_epoch": last,
            "n": config.n_examples,
            "batch_size": config.batch_size,
        }
        function(
            *(arrays[name].ctypes.data for name in POINTERS),
            *(numbers[name] for name in (*REALS, *INDICES)),
        )


def aligned(shape: tuple[int, int, int], dtype: type[np.generic]) -> NDArray[Any]:
    """Memory (blocks, size, width) whose every block begins at a multiple of 64 bytes."""
    blocks, size, width = shape
    item = np.dtype(dtype).itemsize
    stride = -(-size * width * item // 64) * 64
    raw = np.zeros(blocks * stride + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return np.ndarray(shape, dtype, raw, start, (stride, width * item, item))
