"""MMD-FUSE and MMDAgg written out slowly from their papers."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.distance import cdist, pdist

from gan_eval.stats.permutation.labels import Labels
from tests.stats.twosample.oracles import Array

PROFILES = {
    "gaussian": lambda distance, h: np.exp(-(distance**2) / (2 * h**2)),
    "laplace": lambda distance, h: np.exp(-distance / h),
    "laplace_l1": lambda distance, h: np.exp(-distance / h),
    "inverse_multiquadric": lambda distance, h: 1 / np.sqrt(1 + distance**2 / h**2),
}


def matrices(pooled: Array, names: tuple[str, ...], aggregation: str) -> list[Array]:
    """Ten matrices of each kernel, with zeros on the diagonal."""
    found = []
    for name in names:
        metric = "cityblock" if name == "laplace_l1" else "euclidean"
        positive = np.sort([value for value in pdist(pooled, metric) if value > 0])
        low, high = positive[len(positive) // 20] / 2, 2 * positive[19 * len(positive) // 20]
        for i in range(10):
            step = i / 9
            width = low + step * (high - low)
            if aggregation == "agg":
                width = low * (high / low) ** step
            kernel = PROFILES[name](cdist(pooled, pooled, metric), width)
            found.append(kernel - np.diag(np.diag(kernel)))
    return found


def unbiased(kernel: Array, row: Labels) -> float:
    n, m = int(row.sum()), int((~row).sum())
    within_x, within_y = kernel[row][:, row].sum(), kernel[~row][:, ~row].sum()
    return float(
        within_x / (n * (n - 1))
        + within_y / (m * (m - 1))
        - 2 * kernel[row][:, ~row].sum() / (n * m)
    )


def fuse(kernels: list[Array], row: Labels) -> float:
    """Biggs, Schrab & Gretton 2023: the soft maximum, term by term."""
    smaller, size = min(row.sum(), (~row).sum()), len(row)
    sharpness = math.sqrt(smaller * (smaller - 1))
    terms = [
        math.exp(
            sharpness * unbiased(kernel, row) / math.sqrt((kernel**2).sum() / size / (size - 1))
        )
        for kernel in kernels
    ]
    return math.log(math.fsum(terms) / len(terms)) / sharpness


def agg(kernels: list[Array], rows: Labels) -> tuple[float, bool, bool]:
    """The p-value, and whether bisection and the p-value without an order of ties reject at 5 %.

    The first half of ``rows`` (the observed first) are tested, the others are the reference.
    """
    half, size = len(rows) // 2, rows.shape[1]
    pvalues = np.empty((len(kernels), half + 1))
    normalised = np.empty((len(kernels), half + 1))
    for k, kernel in enumerate(kernels):
        values = np.array([unbiased(kernel, row) for row in rows])
        reference = values[half + 1 :]
        width = 1e-12 * np.abs(values).max()
        for b in range(half + 1):
            pvalues[k, b] = (1 + np.sum(reference >= values[b] - width)) / (1 + half)
            normalised[k, b] = values[b] / math.sqrt((kernel**2).sum() / size / (size - 1))
    smallest, largest = pvalues.min(axis=0), normalised.max(axis=0)
    at_least = sum(
        smallest[b] < smallest[0] - 1e-9
        or (
            abs(smallest[b] - smallest[0]) < 1e-9
            and largest[b] >= largest[0] - 1e-12 * abs(largest[0])
        )
        for b in range(1, half + 1)
    )
    # The largest level u of the single tests at which they reject 5 % of the labels together.
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        share = np.mean((pvalues <= middle + 1e-9).any(axis=0))
        low, high = (middle, high) if share <= 0.05 else (low, middle)
    bisected = bool((pvalues[:, 0] <= low + 1e-9).any())
    without_order = float(np.mean(smallest <= smallest[0] + 1e-9))
    return (1 + at_least) / (1 + half), bisected, without_order <= 0.05
