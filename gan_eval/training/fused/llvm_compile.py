"""A shape's program as machine code for this processor, kept in a folder of the user's.

A file is written under another name and then renamed, so that two processes that compile at the
same moment both end with a whole one. A file that is not what was written, or a folder that cannot
be read or written, costs a second of compiling and nothing else.

What is loaded from the folder is run. So, as ssh does with its keys, a file is taken only where it
and every folder above it belong to this user or to root and nobody else can write them.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import logging
import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from platformdirs import user_cache_path

from gan_eval.runtime.files import new_beside
from gan_eval.runtime.provenance import source_version
from gan_eval.training.fused.llvm import Lanes
from gan_eval.training.fused.philox import Draws
from gan_eval.training.fused.program import Training
from gan_eval.training.fused.shape import INDICES, REALS, Arguments, Shape
from gan_eval.training.fused.values import Kind

LOGGER = logging.getLogger(__name__)

POINTERS: dict[str, Kind] = {
    **dict.fromkeys(("seed_low", "seed_high", "order"), "word"),
    **dict.fromkeys(("parameters", "first", "second", "before", "average"), "real"),
    **dict.fromkeys(("rows", "noise", "gradients"), "real"),
    **dict.fromkeys(("trace", "affine", "steps", "scratch"), "real"),
}
SHARED = ("steps",)


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
    width = 16 if features.get("avx512f") else 8 if features.get("avx") else 4
    fused = bool(features.get("fma")) or not features.get("sse2")  # which an x86 has
    return Processor(llvm.get_host_cpu_name(), features.flatten(), width, fused)


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


def _module(shape: Shape, width: int, fused: bool) -> tuple[ir.Module, int]:
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
    module, needed = _module(shape, width, where.fused)
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
    # LLVM leaves operations in the order in which the program writes them. Its own scheduler saves
    # registers and so undoes what is interleaved, which was measured to cost an eighth of the
    # speed. It can only be turned off for a whole process, so it is off for this moment; another
    # thread that compiles something in it gets code with the same results.
    llvm.set_option("gan_eval", "-enable-misched=false")
    try:
        return needed.to_bytes(8, "little") + machine.emit_object(parsed)
    finally:
        llvm.set_option("gan_eval", "-enable-misched=true")


def load(code: bytes, shape: Shape, width: int, where: Processor) -> Kernel:
    """Load the code that ``compile_shape`` returned, ready to be called."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(where))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code[8:]))
    engine.finalize_object()
    real = ctypes.c_double if shape.double else ctypes.c_float
    numbers = *[real] * len(REALS), *[ctypes.c_int64] * len(INDICES)
    signature = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(POINTERS), *numbers)
    start, train = (signature(engine.get_function_address(name)) for name in ("start", "train"))
    return Kernel(start, train, int.from_bytes(code[:8], "little"), width, engine)


# --- Machine code kept between processes ---------------------------------------------------------

_LOCK = threading.Lock()
_DIGEST = 32


def folder() -> Path | None:
    """Name the folder: ``GAN_EVAL_CACHE``, else ``gan_eval`` in the user's folder for caches.

    None for an account that has no home.
    """
    if named := os.environ.get("GAN_EVAL_CACHE"):
        return Path(named).absolute()
    try:
        usual = user_cache_path("gan_eval", appauthor=False)
    except RuntimeError:
        return None
    return usual if usual.is_absolute() else None


def distrust(path: Path) -> str | None:
    """Say why what lies at an existing path may be another user's; None where it cannot be.

    Every part of the path, links resolved, must belong to this user or to root and be writable by
    its owner alone. Above the last one, a folder in which only owners may rename or delete (as
    /tmp) will do.
    """
    if not hasattr(os, "getuid"):
        return None
    whole = path.resolve(strict=True)
    for part in (whole, *whole.parents):
        found = part.stat()
        if found.st_uid not in (os.getuid(), 0):
            return f"{str(part)!r} belongs to another user"
        open_to_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if open_to_others and (part == whole or not found.st_mode & stat.S_ISVTX):
            return f"others can write {str(part)!r}"
    return None


def kernel(shape: Shape, width: int) -> Kernel:
    """The kernel of a shape: of this process, else of the folder, else compiled now."""
    with _LOCK:  # threads that ask at the same moment compile once
        return _kernel(shape, width, processor())


@lru_cache(maxsize=256)
def _kernel(shape: Shape, width: int, where: Processor) -> Kernel:
    # All code that writes kernels: this package's, and LLVM's.
    code = f"{version('llvmlite')} {source_version(__name__)}"
    name = hashlib.sha256(repr((shape, width, where, code)).encode()).hexdigest()
    return load(kept(name, lambda: compile_shape(shape, width, where)), shape, width, where)


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """The bytes of that name in the folder; made, and kept if that is possible, where there are
    none."""
    where = folder()
    path = where and where / f"{name[:32]}.o"
    if path is not None and (content := _read(path)) is not None:
        return content
    LOGGER.warning("compiling a kernel for this configuration's nets, once …")
    start = time.perf_counter()
    made = make()
    LOGGER.warning("compiled in %.1f s", time.perf_counter() - start)
    if path is not None:
        _write(path, made)
    return made


def _read(path: Path) -> bytes | None:
    """The bytes kept at a path; None where there are none, or none that can be trusted."""
    with contextlib.suppress(OSError):
        if reason := distrust(path):
            LOGGER.warning("the machine code kept at %r is not used: %s", str(path), reason)
            return None
        content = path.read_bytes()
        if hashlib.sha256(content[_DIGEST:]).digest() == content[:_DIGEST]:
            return content[_DIGEST:]
    return None


def _write(path: Path, made: bytes) -> None:
    """Keep bytes at a path, if that is possible and nobody else could replace them there."""
    with contextlib.suppress(OSError):
        for above in reversed([p for p in (path.parent, *path.parent.parents) if not p.exists()]):
            above.mkdir(mode=0o700, exist_ok=True)
        if reason := distrust(path.parent):
            LOGGER.warning("machine code is not kept in %r: %s", str(path.parent), reason)
            return
        with new_beside(path, permissions=0o600) as (temporary, descriptor):
            with open(descriptor, "wb") as file:
                file.write(hashlib.sha256(made).digest() + made)
            temporary.replace(path)
