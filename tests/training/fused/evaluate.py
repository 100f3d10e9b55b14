"""A kernel's function at an array of points: compiled for the lanes, called."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from gan_eval.runtime.machine_code import Processor, processor
from gan_eval.training.backends.fused_cpu import aligned
from gan_eval.training.fused.llvm import Lanes
from gan_eval.training.fused.values import Kind, Value

Array = NDArray[np.generic]


def evaluate(
    function: Callable[[Lanes, Value], Sequence[Value]],
    x: Array,
    outputs: int = 1,
    *,
    where: Processor | None = None,
) -> list[Array]:
    """``function`` of float32, float64 or uint32 numbers x (n,): reals (n,) each."""
    where = where or processor()
    double, width, n = x.dtype == np.float64, where.width, -(-x.size // where.width)
    kind: Kind = "word" if x.dtype == np.uint32 else "real"
    module = ir.Module()
    k = Lanes(
        module,
        "evaluate",
        width,
        [ir.PointerType()] * (1 + outputs) + [ir.IntType(64)],
        double=double,
        fused=where.fused,
    )
    source = k.memory(0, kind)
    targets = [k.memory(1 + i, "real") for i in range(outputs)]

    def at(i: Value) -> None:
        for target, value in zip(targets, function(k, source[i]), strict=True):
            target[i] = value

    k.loop(0, k.scalar_argument(1 + outputs, "index"), at)
    k.finish()
    parsed = llvm.parse_assembly(str(module))
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=where.name, features=where.features, opt=3
    )
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (1 + outputs), ctypes.c_int64)(
        engine.get_function_address("evaluate")
    )
    padded, *found = (
        aligned((1, n, width), dtype).reshape(-1)
        for dtype in (x.dtype.type, *[np.float64 if double else np.float32] * outputs)
    )
    padded[: x.size] = x
    call(padded.ctypes.data, *(f.ctypes.data for f in found), n)
    return [f[: x.size] for f in found]


def ulp_error(found: Array, exact: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance in units in the last place of float32 at the exact value."""
    spacing = np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    return np.abs(found.astype(np.float64) - exact) / spacing
