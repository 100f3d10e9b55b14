"""A permutation test of means, right or with a planted fault, and faulty estimators of MMD²."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions import distances
from gan_eval.distributions.gaussian import Gaussian

Array = NDArray[np.floating]

PERMUTATIONS = 99


def mean_test(
    x: Array,
    y: Array,
    rng: np.random.Generator,
    *,
    strict: bool = False,
    add_one: bool = True,
    within: bool = False,
) -> float:
    """p-value of the distance of the means, by permutation.

    strict: counts null > observed in place of ≥. add_one: False forgets the observed labels.
    within: shuffles each sample's own rows, so that nothing is exchanged.
    """
    n, pooled = len(x), np.concatenate([x, y])
    keys = rng.random((PERMUTATIONS, len(pooled)))
    if within:
        keys[:, n:] += 1
    chosen = keys.argsort(axis=1)[:, :n]
    total = pooled.sum(axis=0)
    sums = np.concatenate([x.sum(axis=0)[None], pooled[chosen].sum(axis=1)])
    # Of whole numbers this is exact; of others, rounding in the last digits must not break ties.
    apart = np.round((((n + len(y)) * sums - n * total) ** 2).sum(axis=1), 6)
    exceeding = apart[1:] > apart[0] if strict else apart[1:] >= apart[0]
    count = int(exceeding.sum())
    return (1 + count) / (1 + PERMUTATIONS) if add_one else count / PERMUTATIONS


def strict(x: Array, y: Array, rng: np.random.Generator) -> float:
    return mean_test(x, y, rng, strict=True)


def without_the_observed(x: Array, y: Array, rng: np.random.Generator) -> float:
    return mean_test(x, y, rng, add_one=False)


def within_groups(x: Array, y: Array, rng: np.random.Generator) -> float:
    return mean_test(x, y, rng, within=True)


def backwards(x: Array, y: Array, rng: np.random.Generator) -> float:
    """The nearer the means, the smaller the p-value: valid under equal laws, and useless."""
    return 1 + 1 / (1 + PERMUTATIONS) - mean_test(x, y, rng)


def with_diagonal(x: Array, y: Array, p: Gaussian) -> float:
    """The "unbiased" MMD² whose double sums keep the pairs of a row with itself."""
    width = float(distances.median_distance(p))
    xx, yy, xy = (
        np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / (2 * width**2))
        for a, b in ((x, x), (y, y), (x, y))
    )
    n, m = len(x), len(y)
    return float(xx.sum() / (n * (n - 1)) + yy.sum() / (m * (m - 1)) - 2 * xy.mean())


def without_diagonal(x: Array, y: Array, p: Gaussian) -> float:
    """The same done right."""
    return with_diagonal(x, y, p) - 1 / (len(x) - 1) - 1 / (len(y) - 1)


def half_energy(x: Array, y: Array, p: Gaussian) -> float:
    """The energy distance of those who forget the factor 2 before the mean between samples."""
    xx, yy, xy = (
        np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1)).mean() for a, b in ((x, x), (y, y), (x, y))
    )
    return float(xy - (xx + yy) / 2)
