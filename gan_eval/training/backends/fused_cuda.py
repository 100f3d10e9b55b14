"""Whole trainings in one launch on an NVIDIA GPU: each thread trains one GAN."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

import numpy as np
from numba import cuda as numba_cuda
from numpy.typing import NDArray

from gan_eval.runtime.errors import UsageError
from gan_eval.training.backends.registry import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused import buffers
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.cuda_compile import SIMULATED, CUDAKernel, cuda_kernel
from gan_eval.training.fused.shape import REALS, Shape
from gan_eval.training.trained import OnEpoch, TrainedGANs

_BLOCK = 64
"""Threads of a block: few, because each holds a GAN's state in registers."""
_LAUNCH = 2**16
"""Most replicates of one launch."""
_PARAMETERS = 4096
_MEMORY_SHARE = 0.6
"""The share of the GPU's free memory that one launch may take."""

Array = NDArray[np.floating]

cuda: Any = numba_cuda  # whose annotations know float64 only


class FusedCUDABackend:
    """Tens of thousands of replicates in one launch, each in a thread of its own.

    The same program as ``fused_cpu``. Nets have at most 4,096 weights and biases. With
    ``NUMBA_ENABLE_CUDASIM=1`` the device is Numba's simulator.
    """

    name = "fused_cuda"
    sparse_history: ClassVar[bool] = True
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
        trained, clocks = (
            TrainingBuffers(config, seeds, every),
            np.full((2, len(seeds), config.epochs), np.nan),
        )
        number = int(device.partition(":")[2] or 0)
        with cuda.gpus[number]:
            kernel = cuda_kernel(shape, config.batch_size)
            for part in _parts(config, len(seeds)):
                _Launches(config, shape, kernel).train(trained, part, on_epoch, clocks)
        return trained.trained(self.name, device, *clocks)


def _parts(config: TrainingConfig, replicates: int) -> Iterator[slice]:
    most = _LAUNCH
    if not SIMULATED:
        free = cuda.current_context().get_memory_info().free
        size = np.dtype(config.numpy_dtype).itemsize
        each = (config.n_examples + 3) * (config.dimension * size + 4)
        each += (sum(Shape.of(config).state.values()) + 100) * size
        most = max(1, min(most, int(_MEMORY_SHARE * free / each)))
    for at in range(0, replicates, most):
        yield slice(at, min(at + most, replicates))


class _Launches:
    """The device's memory for some replicates, and the launches that train them."""

    def __init__(self, config: TrainingConfig, shape: Shape, kernel: CUDAKernel) -> None:
        self.config, self.shape, self.kernel = config, shape, kernel

    def train(
        self, trained: TrainingBuffers, part: slice, on_epoch: OnEpoch | None, clocks: Array
    ) -> None:
        """Train the replicates of a part; clocks are (2, R, epochs)."""
        config, dtype = self.config, self.config.numpy_dtype
        calls = buffers.calls(config, one_epoch=on_epoch is not None)
        began = time.perf_counter()
        seeds = trained.seeds[part]
        R, T, sizes = len(seeds), self.shape.traced, self.shape.state
        start = trained.start(part)
        affine = np.ascontiguousarray(start.pop("affine"))
        state = np.concatenate([start[name] for name in sizes])
        longest = max(last - first for first, last in calls)
        rows = cuda.device_array((config.n_examples + 3) * config.dimension * R, dtype)
        order = cuda.device_array(config.n_examples * R, np.uint32)
        trace = cuda.device_array(longest * T * R, dtype)
        memory = [
            cuda.to_device((seeds & 0xFFFFFFFF).astype(np.uint32)),
            cuda.to_device((seeds >> 32).astype(np.uint32)),
            *(rows, order, trace, cuda.to_device(affine.ravel())),
            cuda.to_device(state.ravel()),
        ]
        self._launch(self.kernel.start, memory, 0, 0, R)
        for first, last in calls:
            self._launch(self.kernel.train, memory, first, last, R)
            # Copying waits for the device.
            found = trace.copy_to_host().reshape(longest, T, R)[: last - first]
            trained.epochs(part, first, found)
            clocks[0, part, first:last] = (time.perf_counter() - began) / (R * (last - first))
            if on_epoch is not None:
                on_epoch(trained.epoch_end(part, last, found[0]))
                clocks[1, part, first] = (time.perf_counter() - began) / R
            began = time.perf_counter()
        final = memory[-1].copy_to_host().reshape(-1, R)
        trained.end(
            part, dict(zip(sizes, np.split(final, np.cumsum([*sizes.values()])[:-1]), strict=True))
        )

    def _launch(self, function: Any, memory: list[Any], first: int, last: int, R: int) -> None:
        config, real = self.config, self.config.numpy_dtype
        table = buffers.step_table(config, first, last).ravel()
        numbers = buffers.numbers(config, first, last)
        function[-(-R // _BLOCK), min(_BLOCK, R)](
            *memory,
            cuda.to_device(table if table.size else np.zeros(1, real)),
            *(real(number) if name in REALS else number for name, number in numbers.items()),
            R,
        )
