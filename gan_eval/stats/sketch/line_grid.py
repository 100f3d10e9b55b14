"""Random lines with fixed edges on them, from a reference and a seed alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.random import generator
from gan_eval.stats.kernels.kernels import some_rows
from gan_eval.stats.permutation.lines import direction_groups, projection_constant
from gan_eval.stats.samples import Array
from gan_eval.stats.sketch.reference import MOST_ROWS, whitening_of
from gan_eval.stats.sketch.rows import read, require_finite

# The core of a grid reaches from the lower to the upper of these quantiles of the reference, and
# half as far again; in whitened coordinates it is no narrower than FLAT.
QUANTILES = (0.01, 0.99)
BEYOND = 1.5
FLAT = 0.05
# Edges on each side outside of the core, whose distances double.
TAIL_EDGES = 32
FEWEST_EDGES, MOST_EDGES = 64, 2**14
MOST_DIRECTIONS = 2**14
# Lines on which rows are projected by one product.
AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class Lines:
    """Random directions with a grid of edges on each, from a reference and a seed alone.

    Attributes
    ----------
    mean : ndarray, shape (d,)
    matrix : ndarray, shape (d, d)
        Rows x stand at (x − mean) · matrix, where the reference has mean 0 and covariance I.
    directions : ndarray, shape (groups, size, d)
        Unit vectors, as :func:`~gan_eval.stats.permutation.lines.direction_groups` gives them.
    centres, halves : ndarray, shape (L,)
        The middle and half of the width of each core.
    shifts : ndarray, shape (L,)
        By what share of a step each grid is moved, uniform on [0, 1): so the sum over edges is the
        integral on average.
    count : int
        Edges of a line.
    sha256 : str
        Of all that defines the lines.
    """

    mean: Array
    matrix: Array
    directions: Array
    centres: Array
    halves: Array
    shifts: Array
    count: int
    sha256: str

    @classmethod
    def of(
        cls, reference: Any, directions: int, edges: int, seed: int = 0, *, whiten: bool = True
    ) -> Lines:
        """Draw directions, and take the edges from the quantiles of the reference's rows (n, d)."""
        rows = read(reference, name="`reference`")
        require_finite(rows, name="`reference`")
        rows = np.ascontiguousarray(some_rows(rows, MOST_ROWS))
        mean = rows.mean(axis=0)
        matrix = whitening_of(rows - mean) if whiten else np.eye(rows.shape[1])
        draws = generator(seed, "lines")
        groups = direction_groups(rows.shape[1], directions, draws)
        along = ((rows - mean) @ matrix) @ groups.reshape(-1, rows.shape[1]).T
        low, high = np.quantile(along, QUANTILES, axis=0)
        halves = np.maximum(BEYOND * (high - low) / 2, FLAT)
        shifts = draws.random(len(low))
        parts = (mean, matrix, groups, low, halves, shifts)
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))
        digest.update(f"{edges}".encode())
        return cls(
            mean, matrix, groups, (low + high) / 2, halves, shifts, edges, digest.hexdigest()
        )

    @property
    def lines(self) -> int:
        """The number of lines, L."""
        return len(self.centres)

    @property
    def dimension(self) -> int:
        """Columns."""
        return len(self.mean)

    @property
    def constant(self) -> float:
        """c, by which ‖z‖ is c times the mean of its projections' sizes."""
        return projection_constant(self.dimension)

    @property
    def core(self) -> int:
        """Steps from a core's middle to its end."""
        return self.count // 2 - min(TAIL_EDGES, self.count // 4)

    @cached_property
    def edges(self) -> Array:
        """The edges t, shape (L, edges), ascending along each line."""
        steps, beyond = self._steps()
        out = np.sign(steps) * np.expm1(beyond * np.log(2)) / np.log(2)
        inside = np.clip(steps, -self.core, self.core)
        return self.centres[:, None] + (self.halves / self.core)[:, None] * (inside + out)

    @cached_property
    def weights(self) -> Array:
        """The dt of each edge, shape (L, edges)."""
        _, beyond = self._steps()
        return (self.halves / self.core)[:, None] * np.exp2(beyond)

    def _steps(self) -> tuple[Array, Array]:
        """Each edge in steps from the middle, and how many of them are beyond the core."""
        steps = np.arange(self.count) - self.count / 2 + self.shifts[:, None]
        return steps, np.maximum(np.abs(steps) - self.core, 0.0)


class Places:
    """Where rows lie on lines, in memory that is used again and again.

    Parameters
    ----------
    lines : Lines
    most : int
        Rows at once.
    """

    def __init__(self, lines: Lines, most: int) -> None:
        self._lines = lines
        self._scale = lines.core / lines.halves
        flat = lines.directions.reshape(lines.lines, -1)
        self._vectors = self._scale[:, None] * (flat @ lines.matrix.T)
        self._centred = np.empty((lines.dimension, most))
        self._steps, self._sizes = np.empty((AT_ONCE, most)), np.empty(most)
        self._below = np.empty(most, np.intp)

    def of(self, rows: Array) -> Iterator[tuple[int, NDArray[np.intp], Array, Array]]:
        """Give, for each line, how many edges lie below each of the rows (n, d), to be used before
        the next; and the coordinates t of the rows below the first edge and above the last."""
        lines, n = self._lines, len(rows)
        centred, sizes, below = self._centred[:, :n], self._sizes[:n], self._below[:n]
        np.subtract(rows.T, lines.mean[:, None], out=centred)
        for line in range(lines.lines):
            if line % AT_ONCE == 0:
                vectors = self._vectors[line : line + AT_ONCE]
                np.matmul(vectors, centred, out=self._steps[: len(vectors), :n])
            # In steps from the middle.
            steps = self._steps[line % AT_ONCE, :n]
            steps -= self._scale[line] * lines.centres[line]
            far = np.flatnonzero(np.abs(steps, out=sizes) > lines.core)
            values = steps[far]
            offset = lines.count / 2 - lines.shifts[line] + 1
            steps += offset
            if len(far):
                grown = lines.core + np.log2(1 + np.log(2) * (np.abs(values) - lines.core))
                steps[far] = np.clip(np.copysign(grown, values) + offset, 0, lines.count)
            np.copyto(below, steps, casting="unsafe")
            in_units = lines.centres[line] + values / self._scale[line]
            ends = below[far]
            yield line, below, in_units[ends == 0], in_units[ends == lines.count]
