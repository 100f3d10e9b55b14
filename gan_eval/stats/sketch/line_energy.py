"""The energy distance of two samples from counts of their rows on lines, and its errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from gan_eval.runtime.documents import json_text
from gan_eval.stats.intervals import squared_distance_interval
from gan_eval.stats.noise import Noise
from gan_eval.stats.samples import Array
from gan_eval.stats.worth import Worth

# Rows that a block must have on average, and blocks that an interval needs.
BLOCK_ROWS = 4
FEWEST_BLOCKS = 8


@dataclass(frozen=True)
class LineEnergy:
    """The energy distance D² = 2 E‖X − Y‖ − E‖X − X′‖ − E‖Y − Y′‖ by random lines, whitened.

    Attributes
    ----------
    estimate : float
        D², without bias for the noise of the rows, the draw of the lines and that of the grids: it
        may be below 0.
    direction_error : float
        The standard error that the draw of the lines and of their grids brings; 0 where there is
        one line. It is taken from the differences between groups of lines, which also hold noise of
        the rows, so it is rather too large.
    grid_bound : float
        How far the grids can be off at most, whatever the rows did between the edges and beyond
        the last of them. Shifted at random, they are off by far less, and by 0 on average.
    low, high : float
        The interval for D², valid where D² is 0; 0 and infinity where there are too few rows for
        one.
    worth : Worth
        What the generated rows are worth in real ones, by this distance.
    n, m : int
        Real rows and generated ones.
    lines, edges : int
        Lines, and edges on each.
    blocks : int
        Blocks of the side that has fewer, of whose differences the interval is made; 0 where there
        is none.
    """

    estimate: float
    direction_error: float
    grid_bound: float
    low: float
    high: float
    worth: Worth
    n: int
    m: int
    lines: int
    edges: int
    blocks: int

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, flat, with the worth's value and interval."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "worth"}
        ends = (self.worth.value, self.worth.low, self.worth.high)
        return found | dict(zip(("worth", "worth_low", "worth_high"), ends, strict=True))

    def to_json(self) -> str:
        """Return them as one JSON object; infinities, unknown to JSON, are null."""
        return json_text(self.to_dict(), indent=None)


@dataclass(frozen=True, eq=False)
class LineCounts:
    """Counts of a sample's rows between the edges of lines.

    Attributes
    ----------
    counts : ndarray of int, shape (L, blocks, edges + 1)
        Rows between the edges, of each block.
    tails : ndarray, shape (L, 2)
        Sums of how far the rows before the first edge and after the last lie from it.
    """

    counts: NDArray[np.int64]
    tails: Array

    @property
    def n(self) -> int:
        """Rows."""
        return int(self.counts[0].sum())

    def shares(self) -> Array:
        """Return F at the edges, shape (L, edges)."""
        return self.counts.sum(axis=1)[:, :-1].cumsum(axis=1) / self.n

    def excesses(self) -> tuple[Array, Array]:
        """Return the shares of rows before the first edge and after the last, and how far they are
        from it in the mean, each of shape (L, 2)."""
        ends = self.counts[:, :, [0, -1]].sum(axis=1)
        return ends / self.n, self.tails / np.maximum(ends, 1)

    def by_block(self) -> tuple[Array, NDArray[np.int64]]:
        """Return F at the edges of each block that has rows, shape (blocks, L, edges), and how many
        these are; there are fewer blocks where rows are few."""
        counts, blocks = self.counts, self.counts.shape[1]
        while blocks > self.n / BLOCK_ROWS:
            blocks //= 2
            counts = counts[:, :blocks] + counts[:, blocks:]
        rows = counts[0].sum(axis=1)
        counts = counts[:, rows > 0]
        rows = rows[rows > 0]
        return np.moveaxis(counts[:, :, :-1].cumsum(axis=2), 1, 0) / rows[:, None, None], rows


def line_energy(
    x: LineCounts, y: LineCounts, edges: Array, weights: Array, groups: int, constant: float,
    level: float,
) -> LineEnergy:  # fmt: skip
    """Estimate D² of x, real, and y, generated, each with at least 2 rows.

    Parameters
    ----------
    x, y : LineCounts
    edges, weights : ndarray, shape (L, edges)
        Of each edge its t and its dt.
    groups : int
        The lines are independent groups of L / ``groups``, which stand together.
    constant : float
        :func:`~gan_eval.stats.permutation.lines.projection_constant`.
    level : float
        Of the interval.

    Notes
    -----
    At an edge (F̂ − Ĝ)² is F̂(1 − F̂) / (n − 1) + Ĝ(1 − Ĝ) / (m − 1) too large on average, exactly.
    Means of blocks are independent, as the rows are dealt to them at random: their inner products
    give the traces of the noise that the interval needs
    (:func:`~gan_eval.stats.intervals.squared_distance_interval`).
    """
    n, m = x.n, y.n
    scale = 2 * constant
    own, other = x.shares(), y.shares()
    spread_x = _spread(x, own, weights) * n / (n - 1)
    spread_y = _spread(y, other, weights) * m / (m - 1)
    apart = (weights * (own - other) ** 2).sum(axis=1) + _tail_difference(x, y)
    of_lines = scale * (apart - spread_x / n - spread_y / m)
    estimate = float(of_lines.mean())
    spreads = scale * float(spread_x.mean()), scale * float(spread_y.mean())
    means = of_lines.reshape(groups, -1).mean(axis=1)
    error = float(means.std(ddof=1)) / groups**0.5 if groups > 1 else 0.0
    bound = _grid_bound(x, y, edges, apart, own, other)
    bound += _spread_bound(x, edges, spread_x, own) / (n - 1)
    bound += _spread_bound(y, edges, spread_y, other) / (m - 1)
    low, high, blocks = _interval(x, y, weights * scale / len(edges), estimate, spreads, level)
    if blocks:
        reach = float(ndtri(0.5 + level / 2)) * error
        low = max(0.0, estimate - np.hypot(estimate - low, reach))
        high = estimate + float(np.hypot(high - estimate, reach))
    found = estimate, float(low), float(high)
    value, most, least = (spreads[0] / one if one > 0 else np.inf for one in found)
    worth = Worth("energy", value, least, most, *found, spreads[0], n, m, level)
    lines, per_line = edges.shape
    return LineEnergy(
        estimate, error, scale * bound, found[1], found[2], worth, n, m, lines, per_line, blocks
    )


def _spread(of: LineCounts, shares: Array, weights: Array) -> Array:
    """Return ∫ F̂(1 − F̂) of each line; rows beyond the edges count as if all were at their mean."""
    ends, excess = of.excesses()
    return (weights * shares * (1 - shares)).sum(axis=1) + (ends * (1 - ends) * excess).sum(axis=1)


def _tail_difference(x: LineCounts, y: LineCounts) -> Array:
    """Return ∫ (F̂ − Ĝ)² beyond the edges, as if all rows there were at their mean."""
    (p, a), (q, b) = x.excesses(), y.excesses()
    near = np.minimum(a, b)
    return ((p - q) ** 2 * near + p**2 * (a - near) + q**2 * (b - near)).sum(axis=1)


def _grid_bound(
    x: LineCounts, y: LineCounts, edges: Array, found: Array, own: Array, other: Array
) -> float:
    """Bound the error of ``found``, (L,), as ∫ (F̂ − Ĝ)² of each line; the mean over lines."""
    apart = own - other
    grown, other_grown = np.diff(own, axis=1), np.diff(other, axis=1)
    least = np.maximum(apart[:, :-1] - other_grown, apart[:, 1:] - grown)
    most = np.minimum(apart[:, :-1] + grown, apart[:, 1:] + other_grown)
    (p, a), (q, b) = x.excesses(), y.excesses()
    beyond = (np.maximum(p, q) * (p * a + q * b)).sum(axis=1)
    squares = least**2, most**2
    lowest = np.where(least * most < 0, 0.0, np.minimum(*squares))
    return _off(np.diff(edges, axis=1), lowest, np.maximum(*squares), beyond, found)


def _spread_bound(of: LineCounts, edges: Array, found: Array, shares: Array) -> float:
    """Bound the error of ``found``, (L,), as ∫ F̂(1 − F̂) of each line; the mean over lines."""
    ends, excess = of.excesses()
    before, after = shares[:, :-1], shares[:, 1:]
    at = before * (1 - before), after * (1 - after)
    highest = np.where((before < 0.5) & (after > 0.5), 0.25, np.maximum(*at))
    beyond = (ends * excess).sum(axis=1)
    return _off(np.diff(edges, axis=1), np.minimum(*at), highest, beyond, found)


def _off(widths: Array, least: Array, most: Array, beyond: Array, found: Array) -> float:
    """Return the mean over lines of how far ``found`` can be from an integral between these."""
    low, high = (widths * least).sum(axis=1), (widths * most).sum(axis=1) + beyond
    return float(np.maximum(high - found, found - low).mean())


def _interval(
    x: LineCounts, y: LineCounts, weights: Array, estimate: float, spreads: tuple[float, float],
    level: float,
) -> tuple[float, float, int]:  # fmt: skip
    """Bound D² along these lines by the differences between blocks, of which it gives the number;
    0 and infinity, by 0 blocks, where there are too few rows."""
    n, m = x.n, y.n
    first = spreads[0] / n + spreads[1] / m
    if not first > 0 or min(n, m) < FEWEST_BLOCKS * BLOCK_ROWS:
        return 0.0, np.inf, 0
    sides = []
    for side in (x, y):
        shares, rows = side.by_block()
        flat = shares.reshape(len(rows), -1) * np.sqrt(weights).ravel()
        mean = np.average(flat, axis=0, weights=rows)
        sides.append((flat - mean, mean, rows))
    blocks = min(len(rows) for _, _, rows in sides)
    if blocks < FEWEST_BLOCKS:
        return 0.0, np.inf, 0
    apart, witness = sides[0][1] - sides[1][1], 0.0
    for (centred, _, rows), size, sign in zip(sides, (n, m), (1.0, -1.0), strict=True):
        # A block by the mean of its side without it, less the mean of the other side.
        values = sign * (centred @ apart)
        values -= np.square(centred).sum(axis=1) * rows / (size - rows)
        values -= np.average(values, weights=rows)
        witness += float(rows @ values**2) / (len(rows) - 1) / size
    # Scaled so that the covariance of a block is that of a row.
    scaled = np.concatenate([np.sqrt(rows)[:, None] * centred for centred, _, rows in sides])
    noise = Noise.of(scaled @ scaled.T, len(sides[0][2]), n, m, first)
    low, high = squared_distance_interval(estimate, witness, noise, level=level)
    return low, high, blocks
