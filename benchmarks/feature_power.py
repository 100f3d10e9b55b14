"""The power of the tests by random features beside that of all pairs, at 10,000 + 10,000 rows.

    python -m benchmarks.feature_power --repetitions 60

Both tests see the same samples. That of all pairs compares its statistic with the upper 5 % of the
permutation distribution of one pair of equal samples, which at these sizes no other pair changes;
that of features permutes each pair anew.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from gan_eval.stats.kernels.kernels import median_bandwidth
from gan_eval.stats.twosample import energy_test, mmd_test

ALPHA, BLOCK = 0.05, 2500
Draw = np.random.Generator


def shifted(rows: np.ndarray, size: float, _: Draw) -> np.ndarray:
    """Move the mean of one column."""
    rows[:, 0] += size
    return rows


def wider(rows: np.ndarray, size: float, _: Draw) -> np.ndarray:
    """Make all columns wider."""
    return rows * (1 + size)


def mixed(rows: np.ndarray, size: float, generator: Draw) -> np.ndarray:
    """Move a share of the rows by two deviations in two columns, one up and one down."""
    some = generator.random(len(rows)) < size
    rows[some, :2] += [2.0, -2.0]
    return rows


ALTERNATIVES = {"shift": shifted, "width": wider, "cluster": mixed}
SIZES = {
    "mmd": {"shift": 0.06, "width": 0.008, "cluster": 0.025},
    "energy": {"shift": 0.06, "width": 0.012, "cluster": 0.025},
}
"""Chosen by the test of features on other seeds, so that its power is between 0.4 and 0.9."""


def mean_entries(x: np.ndarray, y: np.ndarray, width: float | None) -> float:
    """Return the mean kernel, or minus the mean distance, between two samples."""
    left, right = torch.from_numpy(x), torch.from_numpy(y)
    total = 0.0
    for some in left.split(BLOCK):
        apart = torch.cdist(some, right, compute_mode="use_mm_for_euclid_dist")
        entries = -apart if width is None else (apart.square_() / (-2 * width**2)).exp_()
        total += float(entries.sum())
    return total / (len(x) * len(y))


def statistic(x: np.ndarray, y: np.ndarray, width: float | None) -> float:
    """Return the biased squared distance, times n/2: that of all pairs."""
    within = mean_entries(x, x, width) + mean_entries(y, y, width)
    return len(x) / 2 * (within - 2 * mean_entries(x, y, width))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=60)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--tests", nargs="+", default=["mmd", "energy"])
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    n, d = given.rows, given.columns
    first = np.random.default_rng(given.seed).normal(size=(2 * n, d))
    width = median_bandwidth(first)
    print("| test | alternative | size | all pairs | features |\n|---|---|---|---|---|")
    for name in given.tests:
        bandwidth = width if name == "mmd" else None
        run = mmd_test if name == "mmd" else energy_test
        options = {"bandwidth": width, "estimator": "biased"} if name == "mmd" else {}
        null = run(first[:n], first[n:], rng=0, method="exact", **options).null_distribution
        limit = float(np.quantile(null, 1 - ALPHA)) * (n / 2 if name == "mmd" else 1)
        for alternative, change in ALTERNATIVES.items():
            size, found = SIZES[name][alternative], []
            for repetition in range(given.repetitions):
                generator = np.random.default_rng([given.seed, 1000 + repetition])
                x = generator.normal(size=(n, d))
                y = change(generator.normal(size=(n, d)), size, generator)
                features = run(x, y, rng=repetition, method="features", **options).pvalue
                found.append((statistic(x, y, bandwidth) > limit, features <= ALPHA))
            power = np.mean(found, axis=0)
            print(
                f"| {name} | {alternative} | {size} | {power[0]:.3f} | {power[1]:.3f} |", flush=True
            )


if __name__ == "__main__":
    main()
