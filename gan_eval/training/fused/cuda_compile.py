"""A kernel's source compiled for an NVIDIA GPU by Numba, or run by its simulator.

With ``NUMBA_ENABLE_CUDASIM=1`` Numba carries out the same source in Python, a Python thread for
each of a GPU's: slow, and good for tests where there is no GPU.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numba import cuda
from numba.core import config as numba_config

from gan_eval.training.fused import cuda_source
from gan_eval.training.fused.shape import Shape

_SETTINGS: Any = numba_config  # which sets its names when it is imported
SIMULATED = bool(_SETTINGS.ENABLE_CUDASIM)


@dataclass(frozen=True)
class CUDAKernel:
    """The two compiled functions; called as ``start[blocks, threads](*arguments)``."""

    start: Any
    train: Any


@lru_cache(maxsize=64)
def cuda_kernel(shape: Shape, batch_size: int) -> CUDAKernel:
    """Compiled at the first call of each function."""
    library, own = (np, _simulated_names()) if SIMULATED else (math, _device_names(shape.double))
    names = {name: getattr(library, name) for name in ("exp", "log", "sin", "cos", "tanh", "sqrt")}
    names |= own
    # The simulator puts its own `cuda` in this place.
    names |= {"f32": np.float32, "f64": np.float64, "cuda": cuda}
    source = cuda_source.kernel_source(
        shape, batch_size, prologue=("begin()",) if SIMULATED else ()
    )
    exec(compile(source, "<fused kernel>", "exec"), names)
    options: dict[str, Any] = {} if SIMULATED else {"max_registers": cuda_source.registers(shape)}
    return CUDAKernel(cuda.jit(names["start"]), cuda.jit(**options)(names["train"]))


def _device_names(double: bool) -> dict[str, Any]:
    """Name the functions that the source calls, on a GPU."""
    from numba.cuda import libdevice

    single = {
        "reciprocal": _instruction("rcp.approx.ftz.f32"),
        "sqrt": _instruction("sqrt.approx.ftz.f32"),
        "smaller_of": libdevice.fminf,
    }
    return ({} if double else single) | {
        "u32": np.uint32,
        "u64": np.uint64,
        "i32": np.int32,
        "i64": np.int64,
        "fma": libdevice.fma if double else libdevice.fmaf,
        "fabs": libdevice.fabs if double else libdevice.fabsf,
        "as_integer": libdevice.float_as_int,
        "as_float": libdevice.int_as_float,
    }


def _instruction(name: str) -> Any:
    """An instruction of PTX on a float32, as a function that kernels can call.

    Those named here are good to 1 ulp, and take numbers below 2⁻¹²⁶ for 0.
    """
    from llvmlite import ir
    from numba import types
    from numba.cuda.extending import intrinsic

    def typed(typing: Any, x: Any) -> tuple[Any, Any]:
        def written(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            real = ir.FunctionType(ir.FloatType(), [ir.FloatType()])
            return builder.call(ir.InlineAsm(real, f"{name} $0, $1;", "=f,f"), values)

        return types.float32(types.float32), written

    return intrinsic(typed)


def _simulated_names() -> dict[str, Any]:
    """The same in Python. Integers are Python's, cut to their size; floats are NumPy's."""

    def fma(a: Any, b: Any, c: Any) -> Any:
        # Exact in long double for float32; for float64 rounded twice, by 2⁻⁶⁴ the first time.
        wide = np.longdouble
        return type(a)(wide(a) * wide(b) + wide(c))

    return {
        "i64": int,
        "u32": lambda a: int(a) & 0xFFFFFFFF,
        "u64": lambda a: int(a) & 0xFFFFFFFFFFFFFFFF,
        "i32": lambda a: a - ((a & 0x80000000) << 1),
        "fma": fma,
        "fabs": np.abs,
        "reciprocal": lambda a: np.float32(1) / a,
        "smaller_of": np.fmin,
        "as_integer": lambda a: int(np.float32(a).view(np.int32)),
        "as_float": lambda a: np.int32(a).view(np.float32),
        # In every thread: what overflows is ∞ here as it is on a GPU, and no warning.
        "begin": lambda: np.seterr(all="ignore"),
    }
