"""Seconds and memory of the permutation tests against n, from 10² to 10⁶: a CSV and a picture.

    python -m benchmarks.cost_against_n measure docs/images/cost-against-n.csv
    python -m benchmarks.cost_against_n draw docs/images/cost-against-n.csv

Each point is a process of its own: two samples of n rows from the chapter's target, one test with
200 permutations. Seconds are the median of the calls after a first one (of up to five calls, fewer
where one takes long: from 3 seconds on the first is the only one). Memory is the process's largest
resident set. Rows that the CSV holds already are kept, so an interrupted run goes on.
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


def points() -> Iterator[tuple[str, str, int]]:
    """(test, method, n) to measure."""
    for n in SIZES:
        for test in ("mmd_test", "energy_test"):
            yield test, "auto", n
            if n <= LARGEST_EXACT:
                yield test, "exact", n


def one(test: str, method: str, n: int) -> dict[str, Any]:
    """Measure one point in this process."""
    import torch

    from gan_eval import GaussianTarget, twosample

    target = GaussianTarget.chapter()
    x, y = target.sample(n, rng=0), target.sample(n, rng=1)
    seconds: list[float] = []
    path = ""
    for _ in range(CALLS):
        start = time.perf_counter()
        result = getattr(twosample, test)(x, y, method=method, permutations=PERMUTATIONS, rng=0)
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
        "permutations": PERMUTATIONS,
        "seconds": statistics.median(timed),
        "calls": len(timed),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIBIBYTES,
        "threads": torch.get_num_threads(),
    }


def measure(path: Path) -> None:
    """Measure what ``path`` lacks, row by row, and write where it was measured beside it."""
    rows = read(path) if path.exists() else []
    done = {(row["test"], row["method"], int(row["n"])) for row in rows}
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
    from gan_eval.environment import environment

    text = json.dumps(environment(), indent=2)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def draw(path: Path) -> None:
    """The picture of a CSV, as SVG beside it."""
    import matplotlib

    matplotlib.use("Agg")
    # The same rows give the same file.
    matplotlib.rcParams |= {"svg.hashsalt": "cost", "svg.fonttype": "none", "font.size": 9}
    import matplotlib.pyplot as plt

    rows = read(path)
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.6), layout="constrained")
    for test, colour in (("mmd_test", "#2a6fbb"), ("energy_test", "#c4622d")):
        for method, style in (("auto", "o-"), ("exact", "s:")):
            line = [row for row in rows if (row["test"], row["method"]) == (test, method)]
            n = [int(row["n"]) for row in line]
            label = test if method == "auto" else f"{test}, all pairs"
            for axis, column in zip(axes, ("seconds", "peak_mb"), strict=True):
                values = [float(row[column]) for row in line]
                axis.plot(n, values, style, color=colour, label=label, markersize=3.5, linewidth=1)
    for axis, title in zip(axes, ("seconds", "largest resident memory, MB"), strict=True):
        axis.set(xscale="log", yscale="log", xlabel="rows in each sample, n", title=title)
        axis.grid(which="major", linewidth=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False)
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of the permutation tests against n.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("measure", "draw"):
        commands.add_parser(name).add_argument("csv", type=Path)
    single = commands.add_parser("one")
    single.add_argument("test")
    single.add_argument("method")
    single.add_argument("n", type=int)
    given = parser.parse_args()
    if given.command == "one":
        print(json.dumps(one(given.test, given.method, given.n)))
    else:
        (measure if given.command == "measure" else draw)(given.csv)


if __name__ == "__main__":
    main()
