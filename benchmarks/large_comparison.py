"""How long does a comparison of two large mixed tables take, and how much memory?

``python -m benchmarks.large_comparison`` compares 100,000 rows of 12 numbers, one of them with
missing values, and 8 categories of 2 to 12 levels with as many, with all that ``gan-eval compare``
computes. It prints when each step began, in seconds, and the largest memory in MiB.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pandas as pd

import gan_eval as ge

LEVELS = (2, 2, 3, 4, 5, 6, 8, 12)


def table(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """12 correlated numbers and 8 categories, n rows."""
    mixing = np.random.default_rng(5).normal(size=(12, 12))
    names = [f"x{j + 1}" for j in range(12)]
    frame = pd.DataFrame(rng.normal(size=(n, 12)) @ mixing, columns=pd.Index(names))
    frame.loc[rng.random(n) < 0.05, "x3"] = np.nan
    for j, levels in enumerate(LEVELS):
        frame[f"c{j + 1}"] = rng.integers(0, levels, n).astype(str)
    return frame


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    rng = np.random.default_rng(0)
    real, generated = table(rows, rng), table(rows, rng)
    start = time.perf_counter()

    def tell(step: str) -> None:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{time.perf_counter() - start:6.1f} s  {memory:5d} MiB  {step}", flush=True)

    found = ge.compare(real, generated, progress=tell)
    tell(f"done: {found.verdict}")


if __name__ == "__main__":
    main()
