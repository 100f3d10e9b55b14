"""Whole trainings in one call of machine code: each SIMD lane trains one GAN, or all lanes one.

The kernel is written for the configuration's nets by ``gan_eval.training.fused`` and compiled by
LLVM (the package llvmlite), which takes a second once; see docs/backends.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime import threads
from gan_eval.runtime.machine_code import processor
from gan_eval.training import remedies
from gan_eval.training.backends.registry import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused import buffers
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.llvm_compile import POINTERS, Kernel, kernel
from gan_eval.training.fused.one_runner import OneRunner, alone_up_to, width_alone
from gan_eval.training.fused.shape import Shape
from gan_eval.training.fused.values import Kind
from gan_eval.training.trained import Array, OnEpoch, TrainedGANs

_NARROW = 4
"""Lanes for so few replicates, or where the training rows of more lanes are large."""
_BLOCKS = 32
"""Most blocks of lanes for which Python does its part at once."""
_MEMORY = 2**30
"""Bytes of training rows of one block of lanes above which it is a narrow one."""


class FusedCPUBackend:
    """Thousands of replicates side by side: SIMD lanes, shared out among CPU threads. Where only a
    few are asked for, each has all lanes, its examples side by side; its bits are the same.

    Where nothing was said of threads, every core is used: replicates share nothing, so that many
    threads are as good as many processes. In float32, tanh is good to 6 units in the last place,
    exponential and logarithm to 1.1 (``gan_eval.training.fused.functions``); in float64 they are
    the C library's.
    """

    name = "fused_cpu"
    sparse_history: ClassVar[bool] = True
    remedies: ClassVar[tuple[str, ...]] = tuple(remedies.DEFAULTS)
    replicates_per_call = 1024

    def devices(self) -> list[str]:
        """The CPU."""
        return ["cpu"]

    def version(self) -> str:
        """llvmlite's, and the SIMD lanes of this processor."""
        from importlib.metadata import version

        return f"llvmlite {version('llvmlite')}, {processor().width} lanes"

    def train(
        self,
        config: TrainingConfig,
        seeds: Sequence[int],
        device: str = "cpu",
        on_epoch: OnEpoch | None = None,
        every: int = 1,
    ) -> TrainedGANs:
        """Train all seeds; see ``Backend.train``.

        With ``every``, weights and losses are kept after each so many epochs and after the last, so
        that memory grows only with the history that is returned.
        """
        require_device(self, device)
        # What compiling takes is in neither clock.
        R, E = len(seeds), config.epochs
        alone = alone_up_to(config) >= R
        width = width_alone(config) if alone else _width(config, R)
        runner = partial(
            OneRunner if alone else LaneRunner,
            config,
            kernel(Shape.of(config), width, one=alone),
        )
        if on_epoch is not None:
            clocks, own = np.empty((2, R, E)), runner()
            trained = TrainingBuffers(config, seeds, every, on_epoch, clocks)
            for part in buffers.parts(R, own.lanes):
                own.train(trained, part)
            return trained.trained(self.name, device, *clocks)
        trained = TrainingBuffers(config, seeds, every)
        began = time.perf_counter()
        together = 1 if alone else width
        _train(trained, runner, min(threads.for_replicates(), -(-R // together)), together)
        seconds = (time.perf_counter() - began) / (R * E)
        clocks = (np.broadcast_to(clock, (R, E)) for clock in (seconds, np.nan))
        return trained.trained(self.name, device, *clocks)


def _width(config: TrainingConfig, replicates: int) -> int:
    full = processor().width
    large = full * config.n_examples * config.dimension * 4 > _MEMORY
    return min(_NARROW, full) if large or replicates <= _NARROW else full


def _train(
    trained: TrainingBuffers, runner: Callable[..., Runner], count: int, together: int
) -> None:
    """Train all replicates, in so many threads."""
    # Some ten parts a thread, so that all end at about the same moment.
    replicates = len(trained.seeds)
    wanted = min(_BLOCKS, max(1, replicates // (10 * count * together)))
    workers = [runner(wanted) for _ in range(count)]
    idle = iter(workers)

    def work(parts: Iterator[slice]) -> None:
        own = next(idle)
        for part in parts:
            own.train(trained, part)

    threads.share_out(buffers.parts(replicates, workers[0].lanes), count, work)


class Runner(Protocol):
    """A runner of a compiled kernel."""

    lanes: int
    """The replicates that are trained together."""

    def train(self, trained: TrainingBuffers, part: slice) -> None:
        """Train some replicates, at most ``lanes``."""


# --- Blocks of lanes -------------------------------------------------------------------------

_INTEGERS: dict[Kind, type[np.generic]] = {"word": np.uint32, "wide": np.uint64}
KEPT = ("seed_low", "seed_high", "trace", "affine", "order")
"""The memories that each block has for itself, beside the state of its trainings; any other is
worked in and then of no use."""


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
        self.lanes = self.count * kernel.width
        """The replicates that are trained together."""
        n = config.n_examples
        sizes = {
            **dict.fromkeys(("seed_low", "seed_high"), 1),
            **dict.fromkeys(("before", "average"), 0),
            **self.shape.state,
            "gradients": self.shape.parameters,
            "trace": (self.calls[0][1] - self.calls[0][0]) * self.shape.traced,
            "rows": (n + 3) * self.shape.row_entries,
            "moved": n * self.shape.row_entries,
            "affine": self.shape.components * self.shape.affine,
            "order": self.shape.components - 1,
            "noise": config.batch_size * config.latent_size + 16,
            "scratch": max(kernel.scratch, 1),
        }
        self.kept = {*KEPT, *self.shape.state}
        self.memory: dict[str, NDArray[Any]] = {}
        for name, size in sizes.items():
            dtype = _INTEGERS.get(POINTERS[name], config.numpy_dtype)
            blocks = self.count if name in self.kept else 1
            self.memory[name] = aligned((blocks, size, kernel.width), dtype)
        self.tables: dict[tuple[int, int], Array] = {}

    def train(self, trained: TrainingBuffers, part: slice) -> None:
        """Train some replicates, at most ``lanes``."""
        began = time.perf_counter()
        seeds, start = trained.seeds[part], trained.start(part)
        # Lanes that are left over train the first replicate again.
        lane = np.arange(self.lanes)
        lane[len(seeds) :] = 0
        self._put("seed_low", (seeds & 0xFFFFFFFF)[None, lane])
        self._put("seed_high", (seeds >> 32)[None, lane])
        for name, values in start.items():
            self._put(name, values[:, lane])

        def call(first: int, last: int) -> Array:
            for block in range(-(-len(seeds) // self.kernel.width)):
                if first == 0:
                    self._call(self.kernel.start, block, 0, 0)
                self._call(self.kernel.train, block, first, last)
            trace = self._get("trace", part)
            return trace.reshape(-1, self.shape.traced, trace.shape[-1])[: last - first]

        trained.fill(part, call, lambda: self._get("parameters", part), began)
        trained.end(part, {name: self._get(name, part) for name in self.shape.state})

    def _put(self, name: str, values: NDArray[Any]) -> None:
        """Values (size, lanes) to the blocks' (count, size, width)."""
        split = values.reshape(len(values), self.count, self.kernel.width)
        self.memory[name][:] = split.transpose(1, 0, 2)

    def _get(self, name: str, part: slice) -> NDArray[Any]:
        """The values (size, r) of some replicates."""
        values = self.memory[name].transpose(1, 0, 2)
        return values.reshape(len(values), -1)[:, : part.stop - part.start]

    def _call(self, function: Callable[..., None], block: int, first: int, last: int) -> None:
        config = self.config
        if (first, last) not in self.tables:
            # Runners of one configuration ask for the same few tables again and again.
            kept = {} if len(self.tables) > 32 else self.tables
            self.tables = kept | {(first, last): buffers.step_table(config, first, last)}
        arrays = {n: m[block if n in self.kept else 0] for n, m in self.memory.items()}
        arrays["steps"] = self.tables[first, last]
        function(
            *(arrays[name].ctypes.data for name in POINTERS),
            *buffers.numbers(config, first, last).values(),
        )


def aligned(shape: tuple[int, int, int], dtype: type[np.generic]) -> NDArray[Any]:
    """Memory (blocks, size, width) whose every block begins at a multiple of 64 bytes."""
    blocks, size, width = shape
    item = np.dtype(dtype).itemsize
    stride = -(-size * width * item // 64) * 64
    raw = np.zeros(blocks * stride + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return np.ndarray(shape, dtype, raw, start, (stride, width * item, item))
