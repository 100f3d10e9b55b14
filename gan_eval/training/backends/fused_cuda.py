"""Whole trainings in one launch on an NVIDIA GPU: each thread trains one GAN."""

from __future__ import annotations

import math
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

import numpy as np
from numba import cuda as numba_cuda
from numpy.typing import NDArray

from gan_eval.runtime import threads
from gan_eval.runtime.errors import UsageError
from gan_eval.training import remedies
from gan_eval.training.backends.registry import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused import buffers
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.cuda_compile import SIMULATED, CUDAKernel, cuda_kernel
from gan_eval.training.fused.cuda_source import BLOCK
from gan_eval.training.fused.shape import REALS, Shape
from gan_eval.training.trained import Array, OnEpoch, TrainedGANs

_LAUNCH, _SHARE = 2**16, 2**14
"""Most replicates of one launch, alone and beside those of other threads."""
_WORKERS, _FEW = 8, 2**11
"""Most threads of the CPU, and the replicates for which one of them is enough."""
_PARAMETERS = 4096
_MEMORY_SHARE = 0.6
"""The share of the GPU's free memory that a training may take."""
_LAUNCHING = threading.Lock()

cuda: Any = numba_cuda  # whose annotations know float64 only


class FusedCUDABackend:
    """Tens of thousands of replicates in one launch, each in a thread of its own.

    The same program as ``fused_cpu``. Nets have at most 4,096 weights and biases. With
    ``NUMBA_ENABLE_CUDASIM=1`` the device is Numba's simulator.
    """

    name = "fused_cuda"
    sparse_history: ClassVar[bool] = True
    remedies: ClassVar[tuple[str, ...]] = tuple(remedies.DEFAULTS)
    replicates_per_call = 16384

    def devices(self) -> list[str]:
        """``cuda`` (the first GPU), ``cuda:1`` …, as far as Numba sees GPUs."""
        if not cuda.is_available():
            return []
        return [f"cuda:{i}" if i else "cuda" for i in range(len(cuda.gpus))]

    def version(self) -> str:
        """Numba's."""
        simulated = ", its simulator" if SIMULATED else ""
        try:
            return f"numba-cuda {version('numba-cuda')}{simulated}"
        except PackageNotFoundError:  # older Numba brings its own
            return f"numba {version('numba')}{simulated}"

    def train(
        self,
        config: TrainingConfig,
        seeds: Sequence[int],
        device: str = "cuda",
        on_epoch: OnEpoch | None = None,
        every: int = 1,
    ) -> TrainedGANs:
        """Train all seeds; see ``Backend.train`` and, for ``every``, ``FusedCPUBackend.train``."""
        require_device(self, device)
        shape = Shape.of(config)
        if shape.parameters > _PARAMETERS:
            raise UsageError(
                f"backend 'fused_cuda' trains nets of at most {_PARAMETERS} weights and biases, "
                f"got {shape.parameters}: `fused_cpu` and `jax` have no such limit"
            )
        number = int(device.partition(":")[2] or 0)
        R, E = len(seeds), config.epochs
        clocks = None if on_epoch is None else np.full((2, R, E), np.nan)
        trained = TrainingBuffers(config, seeds, every, on_epoch, clocks)
        with cuda.gpus[number]:
            kernel = cuda_kernel(shape, config.batch_size)
            workers, size = _shares(config, R, alone=on_epoch is not None)
        began = time.perf_counter()
        _share_out(trained, kernel, number, workers, size)
        if clocks is None:
            seconds = (time.perf_counter() - began) / (R * E)
            both = [np.broadcast_to(clock, (R, E)) for clock in (seconds, np.nan)]
            return trained.trained(self.name, device, *both)
        return trained.trained(self.name, device, *clocks)


def _shares(config: TrainingConfig, replicates: int, *, alone: bool) -> tuple[int, int]:
    """How many threads of the CPU keep the device busy, and the replicates of a launch of each.

    The first weights and the results' way back take the CPU longer than the device takes to train,
    so threads take turns: while one waits for the device, others do that for other replicates.
    """
    if SIMULATED or alone:  # a simulator has one device, and who listens is told by one thread
        return 1, min(_LAUNCH, _most(config))
    wanted = min(_WORKERS, threads.for_replicates(), -(-replicates // _FEW))
    each = -(-replicates // (wanted * BLOCK)) * BLOCK
    return wanted, max(1, min(each, _SHARE if wanted > 1 else _LAUNCH, _most(config) // wanted))


def _most(config: TrainingConfig) -> int:
    """Count the replicates that the device has memory for at once, up to ``_LAUNCH`` a worker."""
    if SIMULATED:
        return _LAUNCH
    free = cuda.current_context().get_memory_info().free
    size = np.dtype(config.numpy_dtype).itemsize
    shape = Shape.of(config)
    longest = max(last - first for first, last in buffers.calls(config, one_epoch=False))
    each = (config.n_examples + 3) * (config.dimension * size + 4)
    each += (sum(shape.state.values()) + longest * shape.traced + 100) * size
    return max(1, min(_LAUNCH * _WORKERS, int(_MEMORY_SHARE * free / each)))


def _share_out(
    trained: TrainingBuffers, kernel: CUDAKernel, number: int, workers: int, size: int
) -> None:
    """Train all replicates, so many at a time in each of some threads."""

    def work(parts: Iterator[slice]) -> None:
        with cuda.gpus[number]:
            # Which ends inside, so that what it has is freed where it was made.
            _Launcher(trained, kernel, min(size, len(trained.seeds))).work(parts)

    threads.share_out(buffers.parts(len(trained.seeds), size), workers, work)


class _Launcher:
    """Memory of the device for some replicates, and a stream, in which all happens in turn."""

    def __init__(self, trained: TrainingBuffers, kernel: CUDAKernel, size: int) -> None:
        self.trained, self.kernel = trained, kernel
        config, shape, real = trained.config, trained.shape, trained.config.numpy_dtype
        self.calls = buffers.calls(config, one_epoch=trained.on_epoch is not None)
        longest = max(last - first for first, last in self.calls)
        self.stream = cuda.stream()
        kinds = {
            **dict.fromkeys(("seed_low", "seed_high"), (1, np.uint32)),
            "rows": ((config.n_examples + 3) * config.dimension, real),
            "order": (max(config.n_examples, shape.components), np.uint32),
            "trace": (longest * shape.traced, real),
            "affine": (shape.components * shape.affine, real),
            "state": (sum(shape.state.values()), real),
        }
        self.memory = {
            name: cuda.device_array(each * size, kind, stream=self.stream)
            for name, (each, kind) in kinds.items()
        }

    def work(self, parts: Iterator[slice]) -> None:
        """Train the parts that an iterator hands on, one at a time."""
        for part in parts:
            self._train(part)

    def _train(self, part: slice) -> None:
        began = time.perf_counter()
        trained, seeds = self.trained, self.trained.seeds[part]
        start, sizes = trained.start(part), trained.shape.state
        self._put("seed_low", seeds & 0xFFFFFFFF)
        self._put("seed_high", seeds >> 32)
        self._put("state", np.concatenate([start[name] for name in sizes]))
        self._put("affine", start["affine"])
        self._put("order", start["order"])
        self._launch(self.kernel.start, 0, 0, len(seeds))

        def call(first: int, last: int) -> Array:
            self._launch(self.kernel.train, first, last, len(seeds))
            return self._get("trace", (last - first, trained.shape.traced, len(seeds)))

        def now() -> dict[str, Array]:
            state = self._get("state", (sum(sizes.values()), len(seeds)))
            found = np.split(state, np.cumsum([*sizes.values()])[:-1])
            return dict(zip(sizes, found, strict=True))

        trained.fill(part, call, lambda: now()["parameters"], began)
        trained.end(part, now())

    def _put(self, name: str, values: NDArray[Any]) -> None:
        memory = self.memory[name]
        flat = np.ascontiguousarray(values.ravel(), dtype=memory.dtype)
        memory[: flat.size].copy_to_device(flat, stream=self.stream)

    def _get(self, name: str, shape: tuple[int, ...]) -> Array:
        """The first numbers of a memory, once what was launched has ended."""
        found = self.memory[name][: math.prod(shape)].copy_to_host(stream=self.stream)
        self.stream.synchronize()
        return found.reshape(shape)

    def _launch(self, function: Any, first: int, last: int, replicates: int) -> None:
        config, real = self.trained.config, self.trained.config.numpy_dtype
        table = buffers.step_table(config, first, last).ravel()
        numbers = buffers.numbers(config, first, last)
        steps = cuda.to_device(table if table.size else np.zeros(1, real), stream=self.stream)
        with _LAUNCHING, warnings.catch_warnings():  # the first one compiles
            # Numba's, of every launch of less than 128 blocks.
            warnings.filterwarnings("ignore", message="Grid size")
            function[-(-replicates // BLOCK), min(BLOCK, replicates), self.stream](
                *self.memory.values(),
                steps,
                *(real(number) if name in REALS else number for name, number in numbers.items()),
                replicates,
            )
