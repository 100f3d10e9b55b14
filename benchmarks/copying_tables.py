"""How often are copies found, and how often is a generator accused that copies nothing?

``python -m benchmarks.copying_tables`` prints the tables of ``docs/copying.md`` in Markdown. Rows
are normal, with the standard deviation 1: 1,000 training, 1,000 held-out and 1,000 generated ones,
of which a share are training rows, with noise; and, for the size, generators that saw the training
rows and copy none.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from gan_eval.comparison.copies import CopyVerdict, find_copies

Array = NDArray[np.float64]
N = 1000
SHARES, NOISES = (1.0, 0.1, 0.01), (0.0, 0.01, 0.1)


def found(
    training: Array, held_out: Array, generated: Array, rng: np.random.Generator
) -> tuple[bool, bool]:
    """Say whether the held-out test rejects at 5 %, and whether there is a warning without it."""
    copies = find_copies(training, generated, rng, held_out=held_out, permutations=199)
    alone = find_copies(training, generated, rng)
    assert copies.held_out is not None
    return copies.held_out.pvalue <= 0.05, alone.verdict == CopyVerdict.COPIES


def power(repetitions: int, d: int, share: float, noise: float) -> tuple[float, float]:
    hits = []
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        training, held_out, generated = rng.normal(size=(3, N, d))
        copied = round(share * N)
        some = rng.permutation(N)[:copied]
        generated[:copied] = training[some] + noise * rng.normal(size=(copied, d))
        hits.append(found(training, held_out, generated, rng))
    tested, warned = np.mean(hits, axis=0)
    return float(tested), float(warned)


def size(repetitions: int, kind: str) -> tuple[float, float]:
    hits = []
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        if kind == "categories":
            rows = rng.integers(0, 3, size=(3, 300, 4)).astype(float)
        else:
            rows = rng.normal(size=(3, 300, 5))
        training, held_out, generated = rows
        if kind == "a quarter of the real rows held out":
            held_out = held_out[:100]
        if kind == "Gaussian fit to the training rows":
            factor = np.linalg.cholesky(np.cov(training.T))
            generated = training.mean(axis=0) + generated @ factor.T
        hits.append(found(training, held_out, generated, rng))
    tested, warned = np.mean(hits, axis=0)
    return float(tested), float(warned)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=50, help="of each power")
    parser.add_argument("--sizes", type=int, default=400, help="repetitions of each size")
    arguments = parser.parse_args()
    print("| columns | copied | noise, sd | held-out test | warning without |")
    print("|---|---|---|---|---|")
    for d in (2, 10):
        for share in SHARES:
            for noise in NOISES:
                tested, warned = power(arguments.repetitions, d, share, noise)
                print(f"| {d} | {share:.0%} | {noise} | {tested:.2f} | {warned:.2f} |", flush=True)
    print("\n| generated rows | held-out test | warning without |\n|---|---|---|")
    for kind in (
        "fresh",
        "a quarter of the real rows held out",
        "categories",
        "Gaussian fit to the training rows",
    ):
        tested, warned = size(arguments.sizes, kind)
        print(f"| {kind} | {tested:.3f} | {warned:.3f} |", flush=True)


if __name__ == "__main__":
    main()
