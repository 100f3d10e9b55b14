"""What NVIDIA's compiler makes of ``fused_cuda``'s training kernel; no GPU is needed.

    pip install numba-cuda 'cuda-toolkit[nvcc,nvvm,nvdisasm]==13.*'
    python -m benchmarks.cuda_listing [--capability 9.0] [--registers 128] [--set key=value]

compiles it for a compute capability and prints the registers and the local memory of a thread, the
warps of a multiprocessor that follow, and every innermost loop of the machine code in the order of
the program: its instructions, and those among them that wait for memory.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused import cuda_source
from gan_eval.training.fused.shape import INDICES, REALS, Shape

KINDS = ("LDG", "STG", "LDL", "STL", "LDS", "STS", "MUFU")
"""Loads and stores of the GPU's memory, of a thread's own and of shared memory; reciprocals, square
roots and logarithms."""
REGISTERS, SCHEDULERS, WARP = 65536, 4, 32
"""Of a multiprocessor of compute capability 9.0."""
INSTRUCTION = r"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?(\S+?)[\s;](.*)"
"""A line of a listing: perhaps a predicate, the instruction, its operands."""
CHAPTER = (
    ("the order's start", 4),
    ("four swaps", 4),
    ("two swaps that are left over", None),
    ("rows of a batch", 8),
    ("latent numbers", 4),
    ("gradient of D", 1),
    ("gradient of G", 1),
)
"""The innermost loops in the chapter's configuration, and of how many examples a turn is."""


@dataclass(frozen=True)
class Loop:
    """A loop of a listing: its first and last instruction, by number, and how many of a kind."""

    first: int
    last: int
    kinds: Counter[str]

    def __len__(self) -> int:
        return self.last - self.first + 1

    def holds(self, other: Loop) -> bool:
        return self != other and self.first <= other.first and other.last <= self.last


def loops(listing: str) -> list[Loop]:
    """The loops in what ``nvdisasm -c`` prints, in order: from a label to a jump back to it."""
    labels: dict[str, int] = {}
    names: list[str] = []
    jumps: list[tuple[int, int]] = []
    for line in listing.splitlines():
        if label := re.match(r"(\.L_x_\d+):", line):
            labels[label[1]] = len(names)
        elif instruction := re.search(
            r"/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?(\S+?)[\s;](.*)", line
        ):
            name, rest = instruction[1].partition(".")[0], instruction[2]
            target = re.search(r"\.L_x_\d+", rest)
            # One that jumps to itself is what stands after the end.
            if name == "BRA" and target and labels.get(target[0], len(names)) < len(names):
                jumps.append((labels[target[0]], len(names)))
            names.append(name)
    # Of several jumps back to one place the last closes the loop.
    last = dict(sorted(jumps))
    return [Loop(a, b, Counter(names[a : b + 1])) for a, b in sorted(last.items())]


def innermost(found: list[Loop]) -> list[Loop]:
    return [one for one in found if not any(one.holds(other) for other in found)]


def compiled(config: TrainingConfig, capability: str, registers: int | None) -> tuple[str, str]:
    """What ``ptxas -v`` says of the training kernel, and its listing."""
    from numba import cuda as numba_cuda
    from numba import types

    from gan_eval.training.fused.cuda_compile import cuda_kernel

    cuda: Any = numba_cuda
    shape = Shape.of(config)
    kernel = cuda_kernel(shape, config.batch_size).train
    real: Any = types.float64 if shape.double else types.float32
    of = {"real": real, "word": types.uint32}
    arrays = [types.uint32, types.uint32, *(of[kind] for kind in cuda_source.GLOBAL.values()), real]
    signature = (
        *(types.Array(kind, 1, "C") for kind in arrays),
        *[real] * len(REALS),
        *[types.int64] * (len(INDICES) + 1),
    )
    major, minor = map(int, capability.split("."))
    ptx, _ = cuda.compile_ptx(kernel.py_func, signature, cc=(major, minor))
    limit = [] if registers is None else [f"-maxrregcount={registers}"]
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "train.ptx"), Path(folder, "train.cubin")
        source.write_text(ptx, encoding="utf-8")
        target = f"-arch=sm_{major}{minor}"
        said = _run("ptxas", "-v", target, *limit, str(source), "-o", str(binary)).stderr
        return said, _run("nvdisasm", "-c", str(binary)).stdout


def _run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    folders = [Path(os.environ[v], "bin") for v in ("CUDA_HOME", "CUDA_PATH") if v in os.environ]
    wheels = importlib.util.find_spec("nvidia")
    for place in wheels.submodule_search_locations or () if wheels else ():
        folders += Path(place).glob("cu*/bin")
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    tool = shutil.which(name, path=path)
    if tool is None:
        raise SystemExit(
            f"{name} is not here: pip install 'cuda-toolkit[nvcc,nvvm,nvdisasm]==13.*'"
        )
    return subprocess.run([tool, *arguments], capture_output=True, text=True, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Registers and loops of fused_cuda's kernel.")
    parser.add_argument("--capability", default="9.0")
    parser.add_argument("--registers", type=int, help="instead of what the backend asks for")
    parser.add_argument("--set", action="append", default=[], help="a setting, as r1=0.5")
    options = parser.parse_args()
    pairs = (one.partition("=") for one in options.set)
    config = TrainingConfig.parse({name: value for name, _, value in pairs})
    shape = Shape.of(config)
    registers = options.registers or cuda_source.registers(shape)
    said, listing = compiled(config, options.capability, registers)
    used = int(re.findall(r"Used (\d+) registers", said)[0])
    for line in re.findall(r".*(?:spill|Used).*", said):
        print(" ".join(line.removeprefix("ptxas info    :").split()))
    warps = REGISTERS // (used * WARP) // 2 * 2
    print(f"warps of a multiprocessor: {warps}, {warps // SCHEDULERS} for each scheduler")
    found = loops(listing)
    inner = innermost(found)
    chapter = not options.set and len(inner) == len(CHAPTER)
    print(f"{'loop':30}{'instructions':>13}{'an example':>11}" + "".join(f"{k:>6}" for k in KINDS))
    total = 0.0
    for number, one in enumerate(inner):
        name, examples = CHAPTER[number] if chapter else (f"{one.first} … {one.last}", None)
        share = len(one) / examples if examples else None
        total += share or 0
        _row(name, len(one), share, one.kinds)
    if chapter:
        batch = min((one for one in found if all(map(one.holds, inner[3:]))), key=len)
        within = [one for one in found if batch.holds(one)]
        top = [one for one in within if not any(other.holds(one) for other in within)]
        kinds = batch.kinds.copy()
        for one in top:
            kinds.subtract(one.kinds)
        rest = len(batch) - sum(map(len, top))
        total += rest / config.batch_size
        _row("the rest of a batch: Adam", rest, rest / config.batch_size, kinds)
        print(f"{'all':43}{total:>11,.0f}")


def _row(name: str, count: int, share: float | None, kinds: Counter[str]) -> None:
    told = "" if share is None else f"{share:,.0f}"
    print(f"{name:30}{count:>13,}{told:>11}" + "".join(f"{kinds[k]:>6}" for k in KINDS))


if __name__ == "__main__":
    main()
