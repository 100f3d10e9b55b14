"""A shape's program as machine code for this processor."""

from __future__ import annotations

import ctypes
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from llvmlite import ir

from gan_eval.runtime.machine_code import (
    Processor,
    compile_module,
    compiler,
    kept,
    load_module,
    processor,
)
from gan_eval.training.fused.llvm import Lanes
from gan_eval.training.fused.one.draws import BlockDraws
from gan_eval.training.fused.one.machine import OneReplicate
from gan_eval.training.fused.one.program import OneTraining
from gan_eval.training.fused.philox import Draws
from gan_eval.training.fused.program import Training
from gan_eval.training.fused.shape import INDICES, REALS, Arguments, Shape
from gan_eval.training.fused.values import Kind

POINTERS: dict[str, Kind] = {
    **dict.fromkeys(("seed_low", "seed_high"), "word"),
    **dict.fromkeys(("rows", "moved"), "wide"),
    "order": "word",
    **dict.fromkeys(("parameters", "first", "second", "before", "average"), "real"),
    **dict.fromkeys(("noise", "gradients"), "real"),
    **dict.fromkeys(("trace", "affine", "steps", "scratch"), "real"),
}
SHARED = ("steps",)


@dataclass(frozen=True)
class Kernel:
    """Two compiled functions; both take pointers, reals and indices in the order of ``POINTERS``,
    ``REALS`` and ``INDICES``."""

    start: Callable[..., None]
    """Makes the training rows."""
    train: Callable[..., None]
    """Trains epochs first … last − 1."""
    scratch: int
    """Reals a lane that ``scratch`` needs."""
    width: int
    code: Any
    """LLVM's engine, which frees the machine code when it goes."""


def _module(shape: Shape, width: int, fused: bool, one: bool) -> tuple[ir.Module, int]:
    """The module, and the size of its scratch memory."""
    module, needed = ir.Module("gan_eval"), 0
    real = ir.DoubleType() if shape.double else ir.FloatType()
    arguments: list[Any] = [ir.PointerType()] * len(POINTERS)
    arguments += [real] * len(REALS) + [ir.IntType(64)] * len(INDICES)
    for name in ("start", "train"):
        machine = OneReplicate if one else Lanes
        k = machine(module, name, width, arguments, double=shape.double, fused=fused)
        if not one:  # whose examples are in the lanes, so that there is less of everything
            k.unrolled = shape.unrolled
        memories: dict[str, Any] = {
            pointer: k.memory(position, shape.kind(kind, one=one), shared=one or pointer in SHARED)
            for position, (pointer, kind) in enumerate(POINTERS.items())
        }
        k.scratch_pointer = memories.pop("scratch").pointer
        seed = memories.pop("seed_low")[0], memories.pop("seed_high")[0]
        numbers: dict[str, Any] = {
            name: k.scalar_argument(len(POINTERS) + position, "real" if name in REALS else "index")
            for position, name in enumerate((*REALS, *INDICES))
        }
        if isinstance(k, OneReplicate):
            draws = BlockDraws(k, *seed)
            training = OneTraining(k, shape, Arguments(draws, **memories, **numbers))
        else:
            training = Training(k, shape, Arguments(Draws(k, *seed), **memories, **numbers))
        training.make_rows() if name == "start" else training.train()
        k.finish()
        needed = max(needed, k.scratch_size)
    return module, needed


def compile_shape(shape: Shape, width: int, where: Processor, *, one: bool = False) -> bytes:
    """Machine code: the size of the scratch memory in 8 bytes, then an object file.

    A lane is a replicate; with ``one``, there is one replicate, in ``width`` lanes.
    """
    module, needed = _module(shape, width, where.fused, one)
    return needed.to_bytes(8, "little") + compile_module(module, where, width)


def load(code: bytes, shape: Shape, width: int, where: Processor) -> Kernel:
    """Load the code that ``compile_shape`` returned, ready to be called."""
    engine = load_module(code[8:], where)
    real = ctypes.c_double if shape.double else ctypes.c_float
    numbers = *[real] * len(REALS), *[ctypes.c_int64] * len(INDICES)
    signature = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(POINTERS), *numbers)
    start, train = (signature(engine.get_function_address(name)) for name in ("start", "train"))
    return Kernel(start, train, int.from_bytes(code[:8], "little"), width, engine)


_LOCK = threading.Lock()


def kernel(shape: Shape, width: int, *, one: bool = False) -> Kernel:
    """The kernel of a shape: of this process, else of the folder, else compiled now."""
    with _LOCK:  # threads that ask at the same moment compile once
        return _kernel(shape, width, one, processor())


@lru_cache(maxsize=256)
def _kernel(shape: Shape, width: int, one: bool, where: Processor) -> Kernel:
    code = compiler(Path(__file__).parents[1])
    name = hashlib.sha256(repr((shape, width, one, where, code)).encode()).hexdigest()
    made = kept(
        name, lambda: compile_shape(shape, width, where, one=one), "this configuration's nets"
    )
    return load(made, shape, width, where)
