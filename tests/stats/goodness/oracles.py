"""Slow and transparent transcriptions that share no code with the package."""

from __future__ import annotations

import math

import numpy as np


def stein_kernel(x: np.ndarray, y: np.ndarray, precision: np.ndarray, scale: float) -> float:
    """Liu, Lee & Jordan 2016, eq. 14, for N(0, precision⁻¹) and k = (c² + |x − y|²)^{−½}.

    The derivatives of k are taken numerically from k alone, in complex and in real steps.
    """

    def k(p, q):
        return ((p - q) @ (p - q) + scale**2) ** -0.5

    d, tiny, step = len(x), 1e-30, 1e-4
    unit = np.eye(d)
    in_x = np.array([k(x + 1j * tiny * e, y).imag / tiny for e in unit])
    in_y = np.array([k(x, y + 1j * tiny * e).imag / tiny for e in unit])

    def slope(q, e):
        return k(x + 1j * tiny * e, q).imag / tiny

    trace = 0.0
    for e in unit:
        near = (slope(y + step * e, e) - slope(y - step * e, e)) / (2 * step)
        far = (slope(y + 2 * step * e, e) - slope(y - 2 * step * e, e)) / (4 * step)
        trace += (4 * near - far) / 3
    score_x, score_y = -precision @ x, -precision @ y
    return float(score_x @ score_y * k(x, y) + score_x @ in_y + score_y @ in_x + trace)


def stein_discrepancy(x: np.ndarray, precision: np.ndarray, scale: float) -> float:
    """The U-statistic: mean over pairs of distinct rows."""
    n = len(x)
    total = math.fsum(
        stein_kernel(x[i], x[j], precision, scale) for i in range(n) for j in range(n) if i != j
    )
    return total / (n * (n - 1))


def wild_null(matrix: np.ndarray, signs: np.ndarray) -> list[float]:
    n = len(matrix)
    return [
        math.fsum(w[i] * w[j] * matrix[i, j] for i in range(n) for j in range(n) if i != j)
        / (n * (n - 1))
        for w in signs
    ]
