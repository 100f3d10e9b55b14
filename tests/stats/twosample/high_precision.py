"""Permutation tests in arithmetic of 60 digits, from the definitions, that share no code with ours.

The values of a float64 array are exact numbers here. What a test may call a tie is judged by what
two units in the last place of every value change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp, mpf
from numpy.typing import NDArray

Number = Any
"""One of mpmath's."""

Rows = Sequence[Sequence[Number]]
Statistic = Callable[[Rows, NDArray[np.bool_]], list[Number]]
"""The statistic of every labelling (k, N), True for rows of x, of pooled rows."""

mp.dps = 60


@dataclass(frozen=True)
class Judged:
    """The p-values that a right test can give."""

    least: float
    """Nothing within rounding counts as a tie."""
    most: float
    """All of it does."""

    @property
    def decided(self) -> bool:
        """Whether rounding plays no part."""
        return self.least == self.most


def judge(statistic: Statistic, pooled: NDArray[np.float64], labels: NDArray[np.bool_]) -> Judged:
    """Judge a statistic, the observed labels first."""
    values = statistic(_exact(pooled), labels)
    spread = max(values) - min(values)
    rng = np.random.default_rng(0)
    error = mpf(0)
    for _ in range(2):
        moved = [
            [
                value + mpf(float(np.spacing(abs(given)))) * int(rng.choice([-2, 2]))
                for value, given in zip(row, numbers, strict=True)
            ]
            for row, numbers in zip(_exact(pooled), pooled, strict=True)
        ]
        others = statistic(moved, labels)
        error = max(error, *(abs(a - b) for a, b in zip(others, values, strict=True)))
    largest = max(abs(value) for value in values)
    width = 16 * error + spread * mpf(10) ** -8 + largest * mpf(10) ** -40
    observed, null = values[0], values[1:]
    above = sum(value > observed + width for value in null)
    reached = sum(value >= observed - width for value in null)
    return Judged((1 + above) / len(labels), (1 + reached) / len(labels))


def energy(rows: Rows, labels: NDArray[np.bool_]) -> list[Number]:
    """Székely & Rizzo 2013, without a factor."""
    return _differences([[-_apart(a, b) for b in rows] for a in rows], labels, diagonal=True)


def mmd(rows: Rows, labels: NDArray[np.bool_]) -> list[Number]:
    """Gretton et al. 2012, eq. 3, by a Gaussian kernel of the median distance."""
    apart = [[_apart(a, b) for b in rows] for a in rows]
    pairs = sorted(apart[i][j] for i in range(len(rows)) for j in range(i))
    median = _middle(pairs)
    if median == 0:
        positive = [distance for distance in pairs if distance > 0]
        median = _middle(positive) if positive else mpf(1)
    entries = [[mp.exp(-(distance**2) / (2 * median**2)) for distance in row] for row in apart]
    return _differences(entries, labels, diagonal=False)


def hotelling(rows: Rows, labels: NDArray[np.bool_]) -> list[Number]:
    """U = T² / (T² + n + m − 2), which orders as T² does: by the covariance of all rows.

    Raises ``ZeroDivisionError`` where that is singular.
    """
    centre = _mean(rows)
    apart = [[value - c for value, c in zip(row, centre, strict=True)] for row in rows]
    units = [max(abs(value) for value in column) for column in zip(*apart, strict=True)]
    apart = [[value / unit for value, unit in zip(row, units, strict=True)] for row in apart]
    d, size = len(centre), len(rows)
    whole = mp.matrix([[sum(row[i] * row[j] for row in apart) for j in range(d)] for i in range(d)])
    inverse = whole**-1
    found = []
    for row in labels:
        x, _ = _split(apart, row)
        mean = mp.matrix(_mean(x))
        found.append(mpf(len(x) * size) / (size - len(x)) * (mean.T * inverse * mean)[0])
    return found


def largest_column(rows: Rows, labels: NDArray[np.bool_]) -> list[Number]:
    """The largest Kolmogorov–Smirnov distance of any column."""
    found = []
    for row in labels:
        x, y = _split(rows, row)
        largest = mpf(0)
        for j in range(len(rows[0])):
            for point in rows:
                shares = [
                    mpf(sum(other[j] <= point[j] for other in group)) / len(group)
                    for group in (x, y)
                ]
                largest = max(largest, abs(shares[0] - shares[1]))
        found.append(largest)
    return found


def _exact(pooled: NDArray[np.float64]) -> list[list[Number]]:
    return [[mpf(float(value)) for value in row] for row in pooled]


def _apart(a: Sequence[Number], b: Sequence[Number]) -> Number:
    return mp.sqrt(sum((p - q) ** 2 for p, q in zip(a, b, strict=True)))


def _middle(ordered: Sequence[Number]) -> Number:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _differences(
    entries: list[list[Number]], labels: NDArray[np.bool_], *, diagonal: bool
) -> list[Number]:
    """Mean within x plus mean within y less twice the mean between."""
    found = []
    for row in labels:
        groups = np.flatnonzero(row), np.flatnonzero(~row)
        value = mpf(0)
        for group in groups:
            size = len(group)
            total = sum(entries[i][j] for i in group for j in group if diagonal or i != j)
            value += total / (size * size if diagonal else size * (size - 1))
        between = sum(entries[i][j] for i in groups[0] for j in groups[1])
        found.append(value - 2 * between / (len(groups[0]) * len(groups[1])))
    return found


def _split(rows: Rows, label: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    return (
        [row for row, taken in zip(rows, label, strict=True) if taken],
        [row for row, taken in zip(rows, label, strict=True) if not taken],
    )


def _mean(rows: Rows) -> list[Number]:
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]
