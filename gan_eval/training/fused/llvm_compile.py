"""A shape's program as machine code for this processor."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from gan_eval.training.fused.llvm import Lanes
from gan_eval.training.fused.philox import Draws
from gan_eval.training.fused.program import Arguments, Shape, Training
from gan_eval.training.fused.values import Kind

POINTERS: dict[str, Kind] = {
    "seed_low": "word",
    "seed_high": "word",
    "order": "word",
    "parameters": "real",
    "first": "real",
    "second": "real",
    "rows": "real",
    "noise": "real",
    "gradients": "real",
    "trace": "real",
    "affine": "real",
    "steps": "real",
    "scratch": "real",
}
SHARED = ("affine", "steps")
REALS = ("decay_1", "decay_2", "epsilon")
INDICES = ("first_epoch", "last_epoch", "n", "batch_size")


@dataclass(frozen=True)
class Processor:
    """A processor that machine code is made for."""

    name: str
    features: str
    width: int
    """Lanes of float32: as many as fit a vector register."""
    fused: bool
    """True where it has a fused multiply-add."""


@lru_cache(maxsize=1)
def processor() -> Processor:
    """This one."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    x86 = features.get("sse2", False)
    width = 16 if features.get("avx512f") else 8 if features.get("avx") else 4
    return Processor(
        llvm.get_host_cpu_name(), features.flatten(), width, bool(features.get("fma")) or not x86
    )


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


def _write(shape: Shape, width: int, fused: bool) -> tuple[ir.Module, int]:
    """The module, and the size of its scratch memory."""
    module, needed = ir.Module("gan_eval"), 0
    real = ir.DoubleType() if shape.double else ir.FloatType()
    arguments: list[Any] = [ir.PointerType()] * len(POINTERS)
    arguments += [real] * len(REALS) + [ir.IntType(64)] * len(INDICES)
    for name in ("start", "train"):
        k = Lanes(module, name, width, arguments, double=shape.double, fused=fused)
        memories = {
            pointer: k.memory(position, kind, shared=pointer in SHARED)
            for position, (pointer, kind) in enumerate(POINTERS.items())
        }
        k.scratch_pointer = memories.pop("scratch").pointer
        draws = Draws(k, memories.pop("seed_low")[0], memories.pop("seed_high")[0])
        numbers: dict[str, Any] = {
            name: k.scalar_argument(len(POINTERS) + position, "real" if name in REALS else "index")
            for position, name in enumerate((*REALS, *INDICES))
        }
        training = Training(k, shape, Arguments(draws, **memories, **numbers))
        training.make_rows() if name == "start" else training.train()
        k.finish()
        needed = max(needed, k.scratch_size)
    return module, needed


def _machine(where: Processor) -> llvm.TargetMachine:
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=where.name, features=where.features, opt=3, reloc="pic", codemodel="jitdefault"
    )


def compile_shape(shape: Shape, width: int, where: Processor) -> bytes:
    """Machine code: the size of the scratch memory in 8 bytes, then an object file."""
    module, needed = _write(shape, width, where.fused)
    module.triple = llvm.get_default_triple()
    # Else what registers cannot hold lies across two lines of the cache as often as not.
    attributes = "alignstack(64)"
    if width * 4 >= 64:
        # Else LLVM may halve vectors of 64 bytes, on processors whose clock they once slowed.
        attributes += ' "min-legal-vector-width"="512" "prefer-vector-width"="512"'
    text = str(module).replace(")\n{", f") {attributes}\n{{")
    parsed = llvm.parse_assembly(text)
    machine = _machine(where)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(parsed, builder)
    with _order_kept():
        return needed.to_bytes(8, "little") + machine.emit_object(parsed)


@contextlib.contextmanager
def _order_kept() -> Iterator[None]:
    """Let LLVM leave operations in the order in which the program writes them.

    Its own scheduler saves registers and so undoes what is interleaved, which was measured to
    cost an eighth of the speed. It can only be turned off for a whole process, so it is off for
    this moment; another thread that compiles something in it gets code with the same results.
    """
    llvm.set_option("gan_eval", "-enable-misched=false")
    try:
        yield
    finally:
        llvm.set_option("gan_eval", "-enable-misched=true")


def load(code: bytes, shape: Shape, width: int, where: Processor) -> Kernel:
    """Load the code that ``compile_shape`` returned, ready to be called."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(where))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code[8:]))
    engine.finalize_object()
    real = ctypes.c_double if shape.double else ctypes.c_float
    signature = ctypes.CFUNCTYPE(
        None,
        *[ctypes.c_void_p] * len(POINTERS),
        *[real] * len(REALS),
        *[ctypes.c_int64] * len(INDICES),
    )
    start, train = (signature(engine.get_function_address(name)) for name in ("start", "train"))
    return Kernel(start, train, int.from_bytes(code[:8], "little"), width, engine)
