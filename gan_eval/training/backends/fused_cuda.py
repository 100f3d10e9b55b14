"""Whole trainings in one launch on an NVIDIA GPU: each thread trains one GAN."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

import numpy as np
from numba import cuda as numba_cuda

from gan_eval.runtime.errors import UsageError
from gan_eval.training import remedies
from gan_eval.training.backends.registry import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused import buffers
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.cuda_compile import SIMULATED, CUDAKernel, cuda_kernel
from gan_eval.training.fused.shape import REALS, Shape
from gan_eval.training.trained import Array, OnEpoch, TrainedGANs

_BLOCK = 64
"""Threads of a block: few, because each holds a GAN's state in registers."""
_LAUNCH = 2**16
"""Most replicates of one launch."""
_PARAMETERS = 4096
_MEMORY_SHARE = 0.6
"""The share of the GPU's free memory that one launch may take."""

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
        clocks = np.full((2, len(seeds), config.epochs), np.nan)
        trained = TrainingBuffers(config, seeds, every, on_epoch, clocks)
        number = int(device.partition(":")[2] or 0)
        with cuda.gpus[number]:
            kernel = cuda_kernel(shape, config.batch_size)
            for part in buffers.parts(len(seeds), _most(config)):
                _train(trained, kernel, part)
        return trained.trained(self.name, device, *clocks)


def _most(config: TrainingConfig) -> int:
    """Count the replicates that one launch can train."""
    if SIMULATED:
        return _LAUNCH
    free = cuda.current_context().get_memory_info().free
    size = np.dtype(config.numpy_dtype).itemsize
    each = (config.n_examples + 3) * (config.dimension * size + 4)
    each += (sum(Shape.of(config).state.values()) + 100) * size
    return max(1, min(_LAUNCH, int(_MEMORY_SHARE * free / each)))


def _train(trained: TrainingBuffers, kernel: CUDAKernel, part: slice) -> None:
    """Train the replicates of a part in memory of the device."""
    began = time.perf_counter()
    config, seeds, real = trained.config, trained.seeds[part], trained.config.numpy_dtype
    R, T, sizes = len(seeds), trained.shape.traced, trained.shape.state
    start = trained.start(part)
    calls = buffers.calls(config, one_epoch=trained.on_epoch is not None)
    longest = max(last - first for first, last in calls)
    rows = cuda.device_array((config.n_examples + 3) * config.dimension * R, real)
    order = cuda.device_array(config.n_examples * R, np.uint32)
    trace = cuda.device_array(longest * T * R, real)
    affine = cuda.to_device(start["affine"].ravel())
    state = cuda.to_device(np.concatenate([start[name] for name in sizes]).ravel())
    words = (cuda.to_device(w.astype(np.uint32)) for w in (seeds & 0xFFFFFFFF, seeds >> 32))
    memory = [*words, rows, order, trace, affine, state]

    def launch(function: Any, first: int, last: int) -> None:
        table = buffers.step_table(config, first, last).ravel()
        numbers = buffers.numbers(config, first, last)
        function[-(-R // _BLOCK), min(_BLOCK, R)](
            *memory,
            cuda.to_device(table if table.size else np.zeros(1, real)),
            *(real(number) if name in REALS else number for name, number in numbers.items()),
            R,
        )

    def call(first: int, last: int) -> Array:
        launch(kernel.train, first, last)
        # Copying waits for the device.
        return trace.copy_to_host().reshape(longest, T, R)[: last - first]

    launch(kernel.start, 0, 0)

    def now() -> dict[str, Array]:
        found = np.split(state.copy_to_host().reshape(-1, R), np.cumsum([*sizes.values()])[:-1])
        return dict(zip(sizes, found, strict=True))

    trained.fill(part, call, lambda: now()["parameters"], began)
    trained.end(part, now())
