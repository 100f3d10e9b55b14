"""Machine code kept in a folder of the user's between processes.

A file is written under another name and then renamed, so that two processes that compile at the
same moment both end with a whole one. A file that is not what was written, or a folder that cannot
be read or written, costs a second of compiling and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from gan_eval.fused.compile import Kernel, Processor, compile_shape, load, processor
from gan_eval.fused.program import Shape

LOGGER = logging.getLogger(__name__)

_LOCK = threading.Lock()
_DIGEST = 32


def folder() -> Path:
    """``GAN_EVAL_CACHE`` where it is set, else ``gan_eval`` in the user's folder for caches."""
    if named := os.environ.get("GAN_EVAL_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        root = "~/Library/Caches"
    else:
        root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser() / "gan_eval"


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
    path = folder() / f"{name[:32]}.o"
    with contextlib.suppress(OSError):
        content = path.read_bytes()
        if hashlib.sha256(content[_DIGEST:]).digest() == content[:_DIGEST]:
            return content[_DIGEST:]
    LOGGER.warning("compiling a kernel for this configuration's nets, once …")
    start = time.perf_counter()
    made = make()
    LOGGER.warning("compiled in %.1f s", time.perf_counter() - start)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with open(handle, "wb") as file:
                file.write(hashlib.sha256(made).digest() + made)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
    return made


@lru_cache(maxsize=1)
def _code_version() -> str:
    """Of what writes kernels: this package's files, and LLVM's."""
    digest = hashlib.sha256(version("llvmlite").encode())
    here = Path(__file__).parent
    for path in (*sorted(here.glob("*.py")), here.parent / "draws.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()
