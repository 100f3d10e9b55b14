"""Whole trainings in one call of machine code: each SIMD lane trains one GAN.

The kernel is written for the configuration's nets by ``gan_eval.fused`` and compiled by LLVM (the
package llvmlite), which takes a second once; see docs/backends.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval import threads
from gan_eval.backends.protocol import require_device
from gan_eval.config import TrainingConfig
from gan_eval.fused import outcome
from gan_eval.fused.cache import kernel
from gan_eval.fused.compile import POINTERS, Kernel, processor
from gan_eval.fused.outcome import Outcome
from gan_eval.fused.program import Shape
from gan_eval.trained import OnEpoch, TrainedGANs

_NARROW = 4
"""Lanes for so few replicates, or where the training rows of more lanes are large."""
_MEMORY = 2**30
"""Bytes of training rows of one block of lanes above which it is a narrow one."""

Array = NDArray[np.floating]


class FusedCPUBackend:
    """Thousands of replicates side by side: SIMD lanes, shared out among CPU threads.

    Where nothing was said of threads, every core is used: replicates share nothing, so that many
    threads are as good as many processes. In float32, tanh, exponential and logarithm are good to
    3 units in the last place (``gan_eval.fused.functions``); in float64 they are the C library's.
    """

    name = "fused_cpu"
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

        ``every`` thins the traces: weights and losses are kept after each so many epochs and after
        the last, so that memory grows only with what is returned.
        """
        require_device(self, device)
        # What compiling takes is in neither clock.
        lanes = kernel(Shape.of(config), _width(config, len(seeds)))
        R, E = len(seeds), config.epochs
        trained = Outcome(config, seeds, every)
        parts = [slice(at, min(at + lanes.width, R)) for at in range(0, R, lanes.width)]
        if on_epoch is not None:
            clocks = np.empty((2, R, E))
            block = _Block(config, lanes)
            for part in parts:
                block.train_by_epoch(trained, part, on_epoch, clocks)
            return trained.trained(self.name, device, *clocks)
        began = time.perf_counter()
        _share_out(parts, lambda: _Block(config, lanes), trained)
        seconds = (time.perf_counter() - began) / (R * E)
        return trained.trained(
            self.name,
            device,
            np.broadcast_to(np.array(seconds), (R, E)),
            np.broadcast_to(np.array(np.nan), (R, E)),
        )


def _width(config: TrainingConfig, replicates: int) -> int:
    full = processor().width
    large = full * config.n_examples * config.dimension * 4 > _MEMORY
    return min(_NARROW, full) if large or replicates <= _NARROW else full


def _share_out(parts: Sequence[slice], block: Callable[[], _Block], trained: Outcome) -> None:
    """Train the parts, in as many threads as are allowed."""
    count = min(threads.for_replicates(), len(parts))
    # One queue of parts for all threads; an iterator hands on one at a time.
    waiting, stopped = iter(parts), threading.Event()

    def work() -> None:
        own = block()
        for part in waiting:
            if stopped.is_set():
                return
            own.train(trained, part)

    if count == 1:
        work()
        return
    with ThreadPoolExecutor(count) as pool:
        try:
            for done in [pool.submit(work) for _ in range(count)]:
                done.result()
        finally:
            stopped.set()


class _Block:
    """The memory of one kernel's lanes, used again from one part to the next."""

    def __init__(self, config: TrainingConfig, lanes: Kernel) -> None:
        self.config, self.lanes = config, lanes
        self.shape = Shape.of(config)
        n, d, P = config.n_examples, config.dimension, self.shape.parameters
        self.calls = outcome.calls(config, one_epoch=False)
        first, last = self.calls[0]
        sizes = {
            "seed_low": 1,
            "seed_high": 1,
            "order": n,
            "rows": (n + 3) * d,
            "parameters": P,
            "first": P,
            "second": P,
            "gradients": P,
            "noise": config.batch_size * config.latent_size + 8,
            "trace": (last - first) * self.shape.traced,
            "scratch": max(lanes.scratch, 1),
        }
        dtype = config.numpy_dtype
        self.memory: dict[str, NDArray[Any]] = {
            name: _aligned(size, lanes.width, np.uint32 if POINTERS[name] == "word" else dtype)
            for name, size in sizes.items()
        }
        self.memory["affine"] = outcome.affine_map(config)
        self.tables: dict[tuple[int, int], Array] = {}

    def train(self, trained: Outcome, part: slice) -> None:
        """Train some replicates, at most as many as there are lanes."""
        self.start(trained, part)
        for first, last in self.calls:
            self.run(first, last)
            trained.epochs(part, first, self.trace(last - first, part))
        self.finish(trained, part)

    def train_by_epoch(
        self, trained: Outcome, part: slice, on_epoch: OnEpoch, clocks: Array
    ) -> None:
        """The same epoch by epoch, telling of each, with the clocks (2, R, epochs)."""
        replicates = part.stop - part.start
        began = time.perf_counter()
        self.start(trained, part)
        for epoch in range(self.config.epochs):
            self.run(epoch, epoch + 1)
            trace = self.trace(1, part)
            trained.epochs(part, epoch, trace)
            clocks[0, part, epoch] = (time.perf_counter() - began) / replicates
            on_epoch(trained.epoch_end(part, epoch + 1, trace[0]))
            clocks[1, part, epoch] = (time.perf_counter() - began) / replicates
            began = time.perf_counter()
        self.finish(trained, part)

    def start(self, trained: Outcome, part: slice) -> None:
        seeds = trained.seeds[part]
        parameters = outcome.initial_parameters(self.config, seeds)
        trained.start(part, parameters)
        # Lanes that are left over train the first replicate again.
        lane = np.arange(self.lanes.width)
        lane[len(seeds) :] = 0
        self.memory["seed_low"][0] = seeds[lane] & 0xFFFFFFFF
        self.memory["seed_high"][0] = seeds[lane] >> 32
        self.memory["parameters"][:] = parameters[:, lane]
        for moment in ("first", "second"):
            self.memory[moment][:] = 0
        self._call(self.lanes.start, 0, 0)

    def run(self, first: int, last: int) -> None:
        self._call(self.lanes.train, first, last)

    def trace(self, epochs: int, part: slice) -> Array:
        """What the last call left, (epochs, traced, r)."""
        trace = self.memory["trace"].reshape(-1, self.shape.traced, self.lanes.width)
        return trace[:epochs, :, : part.stop - part.start]

    def finish(self, trained: Outcome, part: slice) -> None:
        replicates = part.stop - part.start
        names = ("parameters", "first", "second")
        trained.end(part, *(self.memory[name][:, :replicates] for name in names))

    def _call(self, function: Callable[..., None], first: int, last: int) -> None:
        config = self.config
        if (first, last) not in self.tables:
            # Blocks of one configuration ask for the same few tables again and again.
            kept = {} if len(self.tables) > 32 else self.tables
            self.tables = kept | {(first, last): outcome.step_table(config, first, last)}
        memory = self.memory | {"steps": self.tables[first, last]}
        function(
            *(memory[name].ctypes.data for name in POINTERS),
            *(1 - config.adam_beta1, 1 - config.adam_beta2, config.adam_epsilon),
            *(first, last, config.n_examples, config.batch_size),
        )


def _aligned(size: int, width: int, dtype: type[np.generic]) -> NDArray[Any]:
    """Memory (size, width) that begins at a multiple of 64 bytes."""
    length = size * width * np.dtype(dtype).itemsize
    raw = np.zeros(length + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + length].view(dtype).reshape(size, width)
