"""How long the short commands take: a process from its start to its end.

    python -m benchmarks.start_up [--rounds 7] [--folder reports/chapter]

Every command runs in a process of its own, all in turn in each round, after one round that is not
counted, in which kernels are compiled and Python keeps its own code. The report is that of the
default run, which takes a minute to train first, or of the ``--folder`` of an earlier run. On a
machine with other work the processor's seconds say more than the clock's, and the least more than
the median.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

Seconds = tuple[float, float]
"""By the clock, and of the processor, which is more where threads or processes share the work."""


def commands(folder: Path, tables: Path) -> dict[str, list[str]]:
    """Name the commands: of a run's folder, and of one in which two small tables are."""
    own = ["-m", "gan_eval"]
    return {
        "python -c pass": ["-c", "pass"],
        "import gan_eval": ["-c", "import gan_eval"],
        "gan-eval --help": [*own, "--help"],
        "gan-eval train --backend fused_cpu": [*own, "train", "--backend", "fused_cpu"],
        "gan-eval report DIR": [*own, "report", str(folder)],
        "gan-eval compare A.csv B.csv": [
            *(*own, "compare", str(tables / "a.csv"), str(tables / "b.csv"))
        ],
    }


def seconds(arguments: list[str]) -> Seconds:
    """Run Python with arguments, and take the time of it and of its children."""
    start, before = time.perf_counter(), _of_children()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start, _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(programs: dict[str, list[str]], rounds: int) -> dict[str, list[Seconds]]:
    """Run all of them in turn, ``rounds`` times after once that does not count."""
    taken: dict[str, list[Seconds]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, arguments in programs.items():
            found = seconds(arguments)
            if number:
                taken[name].append(found)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        tables = Path(temporary)
        rng = np.random.default_rng(0)
        for name in ("a.csv", "b.csv"):
            rows = rng.normal(size=(1000, 2))
            np.savetxt(tables / name, rows, delimiter=",", header="x,y", comments="")
        folder = asked.folder
        if folder is None:
            folder = tables / "run"
            seconds(["-m", "gan_eval", "run", "--out", str(folder)])
        taken = measure(commands(folder, tables), asked.rounds)
    print("| command | clock, s | least | processor, s | least |")
    print("|---|--:|--:|--:|--:|")
    for name, found in taken.items():
        columns = zip(*found, strict=True)
        cells = (f"{statistics.median(c):.3f} | {min(c):.3f}" for c in columns)
        print(f"| `{name}` | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
