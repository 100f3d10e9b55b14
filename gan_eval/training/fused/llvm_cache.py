"""Machine code kept in a folder of the user's between processes.

A file is written under another name and then renamed, so that two processes that compile at the
same moment both end with a whole one. A file that is not what was written, or a folder that cannot
be read or written, costs a second of compiling and nothing else.

What is loaded from the folder is run. So, as ssh does with its keys, a file is taken only where it
and every folder above it belong to this user or to root and nobody else can write them.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

from gan_eval.runtime.code import source_version
from gan_eval.runtime.files import new_beside
from gan_eval.training.fused.llvm_compile import Kernel, Processor, compile_shape, load, processor
from gan_eval.training.fused.program import Shape

LOGGER = logging.getLogger(__name__)

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
    name = hashlib.sha256(repr((shape, width, where, _code_version())).encode()).hexdigest()
    return load(kept(name, lambda: compile_shape(shape, width, where)), shape, width, where)


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """The bytes of that name in the folder; made, and kept if that is possible, where there are
    none."""
    where = folder()
    path = None if where is None else where / f"{name[:32]}.o"
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


def _code_version() -> str:
    """Compute the version of all code that writes kernels: this package's, and LLVM's."""
    return f"{version('llvmlite')} {source_version('gan_eval.training.fused.llvm_compile')}"
