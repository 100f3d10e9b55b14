"""The power of the tests of large tables beside that of all pairs, at 10,000 + 10,000 rows.

    python -m benchmarks.feature_power --repetitions 30

Both see the same samples. All pairs: the statistic is compared with the upper 5 % of the
permutation distribution of one pair of equal samples, which at these sizes no other pair changes.
MMD by random features and energy by landmarks: each pair is permuted anew, by bundles of rows.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch

from gan_eval.stats.kernels.kernels import median_bandwidth
from gan_eval.stats.twosample import energy_test, mmd_test

ALPHA, BLOCK, PERMUTATIONS = 0.05, 2500, 199


def shifted(rows: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """Move the mean of one column by 0.05 deviations."""
    rows[:, 0] += 0.05
    return rows


def wider(rows: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """Make all columns wider by 1.8 %."""
    return rows * 1.018


def clustered(rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Move 1.4 % of the rows by two deviations in two columns, one up and one down."""
    rows[generator.random(len(rows)) < 0.014, :2] += [2.0, -2.0]
    return rows


ALTERNATIVES = {"shift": shifted, "width": wider, "cluster": clustered}


def means(x: np.ndarray, y: np.ndarray, width: float) -> np.ndarray:
    """Return the mean kernel and minus the mean distance between two samples."""
    left, right = (torch.from_numpy(rows).float() for rows in (x, y))
    total = np.zeros(2)
    for some in left.split(BLOCK):
        apart = torch.cdist(some, right, compute_mode="use_mm_for_euclid_dist")
        total[1] -= float(apart.sum(dtype=torch.float64))
        kernel = apart.square_().mul_(-0.5 / width**2).exp_()
        total[0] += float(kernel.sum(dtype=torch.float64))
    return total / (len(x) * len(y))


def all_pairs(x: np.ndarray, y: np.ndarray, width: float) -> np.ndarray:
    """Return the biased squared distances, MMD² and energy."""
    return means(x, x, width) + means(y, y, width) - 2 * means(x, y, width)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=30)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    n, d = given.rows, given.columns
    first = np.random.default_rng(given.seed).normal(size=(2 * n, d))
    width = median_bandwidth(first)
    kernel = {"bandwidth": width, "estimator": "biased"}
    nulls = (
        mmd_test(first[:n], first[n:], rng=0, method="exact", **kernel).null_distribution,
        energy_test(first[:n], first[n:], rng=0, method="exact").null_distribution / (n / 2),
    )
    limits = [float(np.quantile(null, 1 - ALPHA)) for null in nulls]
    print(
        "| alternative | MMD, all pairs | MMD, features | energy, all pairs | energy, landmarks |"
    )
    print("|---|---|---|---|---|", flush=True)
    for alternative, change in ALTERNATIVES.items():
        found = []
        for repetition in range(given.repetitions):
            generator = np.random.default_rng([given.seed, 1000 + repetition])
            x = generator.normal(size=(n, d))
            y = change(generator.normal(size=(n, d)), generator)
            dense = all_pairs(x, y, width) > limits
            options: dict[str, Any] = {"permutations": PERMUTATIONS, "rng": repetition}
            by_mmd = mmd_test(x, y, method="features", **options, **kernel).pvalue <= ALPHA
            by_energy = energy_test(x, y, method="landmarks", **options).pvalue <= ALPHA
            found.append((dense[0], by_mmd, dense[1], by_energy))
        print(
            f"| {alternative} | {' | '.join(f'{p:.2f}' for p in np.mean(found, axis=0))} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
