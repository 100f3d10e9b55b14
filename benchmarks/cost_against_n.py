"""Seconds and memory of the permutation tests against n, from 10² to 10⁶, as a CSV.

    python -m benchmarks.cost_against_n cost.csv

Each point is a process of its own: two samples of n rows from the chapter's target, one test with
200 permutations, or with 1000 where docs/speed.md compares them. Seconds are the median of the
calls after a first one (of up to five calls, fewer where one takes long: from 3 seconds on the
first is the only one). Memory is the process's largest resident set. Rows that the CSV holds
already are kept, so an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PERMUTATIONS = 200
SIZES = (100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
# All pairs of more rows than this take minutes.
LARGEST_EXACT = 30_000
# Linux gives the largest resident set in KiB, macOS in bytes.
KIBIBYTES = 2**20 if sys.platform == "darwin" else 2**10
# Beside them, with so many permutations: (test, method, n).
MANY_PERMUTATIONS = 1000
MANY = (
    ("mmd_test", "auto", 1000),
    ("energy_test", "auto", 1000),
    ("mmd_test", "auto", 50_000),
    ("energy_test", "sliced", 50_000),
    ("energy_test", "exact", 50_000),
)
CALLS = 5
LONG = 3.0
COLUMNS: tuple[str, ...] = (
    "test",
    "method",
    "path",
    "n",
    "permutations",
    "seconds",
    "calls",
    "peak_mb",
    "threads",
)


def points() -> Iterator[tuple[str, str, int, int]]:
    """(test, method, n, permutations) to measure."""
    for n in SIZES:
        for test in ("mmd_test", "energy_test"):
            yield test, "auto", n, PERMUTATIONS
            if n <= LARGEST_EXACT:
                yield test, "exact", n, PERMUTATIONS
    for point in MANY:
        yield *point, MANY_PERMUTATIONS


def one(test: str, method: str, n: int, permutations: int) -> dict[str, Any]:
    """Measure one point in this process."""
    import torch

    from gan_eval import GaussianTarget
    from gan_eval.stats import twosample

    target = GaussianTarget.chapter()
    x, y = target.sample(n, rng=0), target.sample(n, rng=1)
    seconds: list[float] = []
    path = ""
    for _ in range(CALLS):
        start = time.perf_counter()
        result = getattr(twosample, test)(x, y, method=method, permutations=permutations, rng=0)
        seconds.append(time.perf_counter() - start)
        path = result.parameters["path"]
        if seconds[-1] > LONG:
            break
    timed = seconds[1:] or seconds
    return {
        "test": test,
        "method": method,
        "path": path,
        "n": n,
        "permutations": permutations,
        "seconds": statistics.median(timed),
        "calls": len(timed),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIBIBYTES,
        "threads": torch.get_num_threads(),
    }


def measure(path: Path) -> None:
    """Measure what ``path`` lacks, row by row, and write where it was measured beside it."""
    rows = read(path) if path.exists() else []
    done = {(row["test"], row["method"], int(row["n"]), int(row["permutations"])) for row in rows}
    for point in points():
        if point in done:
            continue
        command = [sys.executable, "-m", "benchmarks.cost_against_n", "one", *map(str, point)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(json.loads(answer.stdout))
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        print(rows[-1], flush=True)
    from gan_eval.runtime.provenance import environment

    text = json.dumps(environment(), indent=2)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main() -> None:
    arguments = sys.argv[1:]
    if len(arguments) == 5 and arguments[0] == "one":
        test, method, n, permutations = arguments[1:]
        print(json.dumps(one(test, method, int(n), int(permutations))))
        return
    parser = argparse.ArgumentParser(description="Cost of the permutation tests against n.")
    parser.add_argument("csv", type=Path, help="what it lacks is measured")
    measure(parser.parse_args().csv)


if __name__ == "__main__":
    main()
