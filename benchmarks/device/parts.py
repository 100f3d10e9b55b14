"""The parts, in their order, with the seconds that each may take."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.device.record import Record

OTHERS = ("numba-cuda", "llvmlite", "cuda-bindings", "jax-cuda13-plugin", "cupy-cuda13x")
"""Packages that matter on a GPU, beside those of ``environment()``."""


@dataclass(frozen=True)
class Part:
    """A part: its seconds on an H200 at most, and in how many processes it is shared out."""

    name: str
    seconds: float
    run: Callable[..., None]
    processes: int = 1


def facts(record: Record, size: Mapping[str, Any]) -> None:
    """What the device is, and what each library sees of it."""
    record.fact("python", sys.version.split()[0])
    record.fact("machine", platform.machine())
    if shutil.which("nvidia-smi"):
        asked = "name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit"
        told = subprocess.run(
            ["nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader"],
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        record.fact(f"nvidia-smi: {asked}", told.stdout.strip() or told.stderr.strip()[:200])
    with record.trying("torch"):
        import torch

        record.fact("torch's CUDA", torch.version.cuda)
        if torch.cuda.is_available():
            found = torch.cuda.get_device_properties(0)
            record.fact("multiprocessors", found.multi_processor_count)
            record.fact("compute capability", f"{found.major}.{found.minor}")
    with record.trying("provenance"):
        from gan_eval.runtime.provenance import environment

        record.fact("environment", environment())
        record.fact("other packages", {name: found for name in OTHERS if (found := _version(name))})
    with record.trying("numba"):
        from numba import cuda

        record.fact("Numba sees a GPU", cuda.is_available())
    with record.trying("jax"):
        import jax

        record.fact("JAX's devices", [str(one) for one in jax.devices()])


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _from(module: str, function: str) -> Callable[..., None]:
    """A part whose module is imported when it runs, so that one that fails there is one part."""

    def run(record: Record, size: Mapping[str, Any], *rest: Any) -> None:
        with record.trying(f"part {record.part}"):
            import importlib

            own = importlib.import_module(f"benchmarks.device.{module}")
            getattr(own, function)(record, size, *rest)

    return run


PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        Part("facts", 20, facts),
        Part("chapter", 70, _from("trainings", "chapter")),
        Part("speed", 100, _from("speed", "fused")),
        Part("jax", 90, _from("speed", "jax_scan")),
        Part("remedies", 90, _from("trainings", "remedies"), processes=14),
        Part("tests", 40, _from("judging", "agreement")),
        Part("tests' speed", 40, _from("judging", "speed")),
        Part("registers", 50, _from("speed", "registers"), processes=3),
        Part("frameworks", 45, _from("trainings", "frameworks")),
        Part("frameworks' speed", 25, _from("speed", "others")),
    )
}
"""First what says whether it is right and how fast it is; last what matters least, so that a run
that is cut off has lost that."""
MINUTES = 9.5
"""The most that a run takes; what is then not done is left out."""

FULL: dict[str, Any] = {
    "device": "cuda",
    "training": {},
    "company": 1000,
    "whole": 4096,
    "replicates": (1, 32, 1024, 8192, 32768, 65536, 262144, 10**6),
    "host": 65536,
    "jax_replicates": (65536, 262144, 16384, 4096, 1),
    "registers": (255, 168, 96),
    "tuned": 131072,
    "rows": 1500,
    "permutations": 199,
    "rounds": 3,
    "most_rows": 10**6,
    "timed_permutations": 1000,
}
QUICK: dict[str, Any] = FULL | {
    "training": {"epochs": 2, "n_examples": 16},
    "company": 3,
    "whole": 3,
    "replicates": (1, 3),
    "host": 16,
    "jax_replicates": (2, 1),
    "registers": (64,),
    "tuned": 2,
    "rows": 60,
    "permutations": 19,
    "most_rows": 1000,
    "timed_permutations": 19,
}
"""So little that a simulator does it, for the tests of this script; its figures mean nothing."""


def sizes(*, quick: bool, device: str) -> dict[str, Any]:
    """How much each part does."""
    found = (QUICK if quick else FULL) | {"device": device}
    with_cases: dict[str, Any] = {"cases": ("r1",), "of_frameworks": ("chapter",)}
    if not quick:
        from benchmarks.device import trainings

        with_cases = {"cases": tuple(trainings.CASES), "of_frameworks": trainings.OF_FRAMEWORKS}
    return found | with_cases
