"""The machine that figures come from: versions, processor, threads, GPU."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    *("gan-eval", "torch", "numpy", "scipy", "pandas", "seaborn", "matplotlib"),
    *("tensorflow", "tensorflow-cpu", "jax", "jaxlib", "optax", "mxnet", "numba", "dask"),
)


def environment() -> dict[str, Any]:
    """JSON-ready provenance of this machine and process.

    ``packages`` holds the versions of those of ``PACKAGES`` that are installed; ``cores`` is what
    this process may use and ``threads`` how many of them a library takes for one operation (1 in
    the worker processes of a study); ``gpus`` are the GPUs that a loaded PyTorch sees, else empty.
    """
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": cores(),
        "threads": threads(),
        "memory_gib": memory_gib(),
        "gpus": _gpus(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def identity(found: dict[str, Any]) -> str:
    """Name an environment by 8 hexadecimal digits of the SHA-256 of its facts."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:8]


def cores() -> int:
    """Count the processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads() -> int:
    """Threads of a numerical operation: ``OMP_NUM_THREADS`` where it is set, else every core."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdigit() and int(wanted) > 0 else cores()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory_gib() -> float | None:
    """Return the memory of this machine, in GiB; None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return None


def _gpus() -> list[str]:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
