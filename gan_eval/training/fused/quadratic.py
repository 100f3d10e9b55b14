"""The quadratic discriminator: one linear layer over the Hermite features of a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

from gan_eval.training.fused.machine import Machine, Memory, Table, entry
from gan_eval.training.fused.network import Net
from gan_eval.training.fused.values import Index


class Quadratic(Net):
    """A net of one layer that sees x, (x_i² − 1)/√2 and x_i x_j, in the order of
    ``gan_eval.training.units.features``."""

    def __init__(self, dimension: int, first: int) -> None:
        self.features = dimension + dimension * (dimension + 1) // 2
        super().__init__((self.features, 1), first)
        self.dimension = dimension

    def forward(
        self, k: Machine, parameters: Memory, examples: Sequence[Table]
    ) -> tuple[list[Table], list[list[Table]]]:
        return super().forward(k, parameters, [self._features(k, x) for x in examples])

    def through_rows(
        self, k: Machine, parameters: Memory, rows: Sequence[Table], gradients: Sequence[Table]
    ) -> list[Table]:
        at_features = super().through_rows(k, parameters, rows, gradients)
        return [self._through(k, x, one) for x, one in zip(rows, at_features, strict=True)]

    def moved_rows(
        self, k: Machine, rows: Sequence[Table], moves: Sequence[Table]
    ) -> Sequence[Table]:
        return [self._moved(k, x, move) for x, move in zip(rows, moves, strict=True)]

    def _features(self, k: Machine, x: Table) -> Table:
        found = _table(k, self.features)

        def square(i: Index, at: Index) -> None:
            found[i] = entry(x, i)
            found[at] = (entry(x, i) * entry(x, i) - 1.0) * sqrt(0.5)

        def product(i: Index, j: Index, at: Index) -> None:
            found[at] = entry(x, i) * entry(x, j)

        self._squares(k, square)
        self._products(k, product)
        return found

    def _through(self, k: Machine, x: Table, gradient: Table) -> Table:
        """The gradient at a row, given that at its features."""
        found = _table(k, self.dimension)

        def square(i: Index, at: Index) -> None:
            found[i] = k.fma(entry(x, i) * sqrt(2.0), entry(gradient, at), entry(gradient, i))

        def product(i: Index, j: Index, at: Index) -> None:
            found[i] = k.fma(entry(x, j), entry(gradient, at), found[i])
            found[j] = k.fma(entry(x, i), entry(gradient, at), found[j])

        self._squares(k, square)
        self._products(k, product)
        return found

    def _moved(self, k: Machine, x: Table, move: Table) -> Table:
        """How the features of a row change as the row moves."""
        found = _table(k, self.features)

        def square(i: Index, at: Index) -> None:
            found[i] = entry(move, i)
            found[at] = entry(x, i) * sqrt(2.0) * entry(move, i)

        def product(i: Index, j: Index, at: Index) -> None:
            found[at] = k.fma(entry(x, i), entry(move, j), entry(x, j) * entry(move, i))

        self._squares(k, square)
        self._products(k, product)
        return found

    def _start(self, i: Index) -> Index:
        """Where h_i0 would be: the rows above it in the triangle have d, d − 1, … places."""
        before = i * (2 * self.dimension - 1 - i)
        return self.dimension + (before // 2 if isinstance(before, int) else before / 2)

    def _squares(self, k: Machine, body: Callable[[Index, Index], None]) -> None:
        """Call ``body(i, place)`` for every h_ii."""
        k.each(self.dimension, lambda i: body(i, self._start(i) + i))

    def _products(self, k: Machine, body: Callable[[Index, Index, Index], None]) -> None:
        """Call ``body(i, j, place)`` for every h_ij, i < j."""

        def of_row(i: Index) -> None:
            start = self._start(i)
            if isinstance(i, int):
                for j in range(i + 1, self.dimension):
                    body(i, j, start + j)
            else:
                k.loop(i + 1, self.dimension, lambda j: body(i, j, start + j))

        k.each(self.dimension, of_row)


def _table(k: Machine, count: int) -> Any:
    """A table to be filled, as ``Machine.tables`` would have it."""
    return [k.real(0.0)] * count if count <= k.unrolled else k.scratch(count)
