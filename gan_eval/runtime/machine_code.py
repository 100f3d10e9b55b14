"""Machine code for this processor, made by LLVM and kept in a folder of the user's.

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
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from platformdirs import user_cache_path

from gan_eval.runtime.files import new_beside

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Processor:
    """A processor that machine code is made for."""

    name: str
    features: str
    width: int
    """Numbers of float32 that fit a vector register."""
    fused: bool
    """True where it has a fused multiply-add."""


@lru_cache(maxsize=1)
def processor() -> Processor:
    """Return this one."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    width = 16 if features.get("avx512f") else 8 if features.get("avx") else 4
    fused = bool(features.get("fma")) or not features.get("sse2")  # which an x86 has
    return Processor(llvm.get_host_cpu_name(), features.flatten(), width, fused)


def _machine(where: Processor) -> llvm.TargetMachine:
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=where.name, features=where.features, opt=3, reloc="pic", codemodel="jitdefault"
    )


def compile_module(module: ir.Module, where: Processor, width: int) -> bytes:
    """Return a module as an object file; ``width`` is the numbers of float32 in its vectors."""
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
        return machine.emit_object(parsed)
    finally:
        llvm.set_option("gan_eval", "-enable-misched=true")


def load_module(code: bytes, where: Processor) -> Any:
    """Load an object file; returns LLVM's engine, which names the addresses of functions and frees
    the machine code when it goes."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(where))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


# --- Machine code kept between processes ---------------------------------------------------------

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


def compiler(folder: Path) -> str:
    """Name all code that writes machine code: modules in a folder and below, this one, and LLVM.

    Byte by byte. Which of them count, and what in them, as ``provenance.source_version`` finds it
    for numbers that took hours, takes ten times as long to find as to train; and to compile once
    more for a comment takes a second.
    """
    digest = hashlib.sha256(version("llvmlite").encode())
    for path in (*sorted(folder.rglob("*.py")), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def kept(
    name: str, make: Callable[[], bytes], subject: str, *, level: int = logging.WARNING
) -> bytes:
    """Return the bytes of that name in the folder; made, and kept if that is possible, where there
    are none. ``subject`` says in a message, of this level, what the code is for."""
    where = folder()
    path = where and where / f"{name[:32]}.o"
    if path is not None and (content := _read(path)) is not None:
        return content
    LOGGER.log(level, "compiling a kernel for %s, once …", subject)
    start = time.perf_counter()
    made = make()
    LOGGER.log(level, "compiled in %.1f s", time.perf_counter() - start)
    if path is not None:
        _write(path, made)
    return made


def loaded(module: ir.Module, subject: str) -> Any:
    """Return LLVM's engine of a module (:func:`load_module`), compiled for this processor once and
    kept. ``subject`` says in a message what it is for."""
    where = processor()
    name = hashlib.sha256(f"{module} {where} {version('llvmlite')}".encode()).hexdigest()

    def make() -> bytes:
        return compile_module(module, where, where.width)

    return load_module(kept(name, make, subject, level=logging.INFO), where)


def callables(
    engine: Any, signatures: Mapping[str, Sequence[Any]]
) -> dict[str, Callable[..., None]]:
    """Return functions of an engine by their names, of arguments of ctypes' types.

    Each holds the engine, which frees the machine code when it goes.
    """
    found: dict[str, Any] = {
        name: ctypes.CFUNCTYPE(None, *kinds)(engine.get_function_address(name))
        for name, kinds in signatures.items()
    }
    for function in found.values():
        function.engine = engine
    return found


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
