"""Whole trainings in one call of machine code: each SIMD lane trains one GAN.

The kernel is written for the configuration's nets by ``gan_eval.training.fused`` and compiled by
LLVM (the package llvmlite), which takes a second once; see docs/backends.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np

from gan_eval.runtime import threads
from gan_eval.training import remedies
from gan_eval.training.backends.protocol import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.llvm_cache import kernel
from gan_eval.training.fused.llvm_compile import Kernel, processor
from gan_eval.training.fused.llvm_run import LaneRunner
from gan_eval.training.fused.program import Shape
from gan_eval.training.trained import OnEpoch, TrainedGANs

_NARROW = 4
"""Lanes for so few replicates, or where the training rows of more lanes are large."""
_BLOCKS = 32
"""Most blocks of lanes for which Python does its part at once."""
_MEMORY = 2**30
"""Bytes of training rows of one block of lanes above which it is a narrow one."""


class FusedCPUBackend:
    """Thousands of replicates side by side: SIMD lanes, shared out among CPU threads.

    Where nothing was said of threads, every core is used: replicates share nothing, so that many
    threads are as good as many processes. In float32, tanh, exponential and logarithm are good to
    3 units in the last place (``gan_eval.training.fused.functions``); in float64 they are the C
    library's.
    """

    name = "fused_cpu"
    sparse_history: ClassVar[bool] = True
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
        remedies.require(config.remedies, self.name, ())
        require_device(self, device)
        # What compiling takes is in neither clock.
        lanes = kernel(Shape.of(config), _width(config, len(seeds)))
        R, E = len(seeds), config.epochs
        trained = TrainingBuffers(config, seeds, every)
        if on_epoch is not None:
            clocks, blocks = np.empty((2, R, E)), LaneRunner(config, lanes)
            for part in _parts(R, lanes.width):
                blocks.train_by_epoch(trained, part, on_epoch, clocks)
            return trained.trained(self.name, device, *clocks)
        began = time.perf_counter()
        _train(trained, lanes, min(threads.for_replicates(), -(-R // lanes.width)))
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


def _parts(replicates: int, size: int) -> list[slice]:
    return [slice(at, min(at + size, replicates)) for at in range(0, replicates, size)]


def _train(trained: TrainingBuffers, lanes: Kernel, count: int) -> None:
    """Train all replicates, in so many threads."""
    # Some ten parts a thread, so that all end at about the same moment.
    replicates = len(trained.seeds)
    wanted = min(_BLOCKS, max(1, replicates // (10 * count * lanes.width)))
    workers = [LaneRunner(trained.config, lanes, wanted) for _ in range(count)]
    # One queue of parts for all threads; an iterator hands on one at a time.
    waiting, stopped = iter(_parts(replicates, workers[0].lanes)), threading.Event()

    def work(own: LaneRunner) -> None:
        for part in waiting:
            if stopped.is_set():
                return
            own.train(trained, part)

    if count == 1:
        work(workers[0])
        return
    with ThreadPoolExecutor(count) as pool:
        try:
            for done in [pool.submit(work, own) for own in workers]:
                done.result()
        finally:
            stopped.set()
