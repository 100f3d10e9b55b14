"""A net of one replicate: its parameters in rows of whole vectors, its gradients added in lanes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gan_eval.training.fused.llvm import LaneMemory
from gan_eval.training.fused.machine import Machine, Memory, Table, entry
from gan_eval.training.fused.network import Net
from gan_eval.training.fused.one.machine import OneReplicate
from gan_eval.training.fused.quadratic import Quadratic
from gan_eval.training.fused.values import Index, Value

TILE = 12
"""Vectors of gradients that are kept in registers while examples are added to them."""
LONG = 48
"""Vectors of a layer's gradients above which they are added in a loop."""
Example = tuple[Sequence[Table], Sequence[Table]]
"""Every layer's inputs, and the gradient at its outputs."""


@dataclass(frozen=True)
class Layout:
    """The place of a layer's parameters: rows of vectors.

    Either a row is of one input and its lanes are the outputs, with the biases as the last row; or
    it is of one output and its lanes are the inputs, with the bias after them. The one with fewer
    vectors is taken.
    """

    first: int
    inputs: int
    outputs: int
    width: int

    @property
    def of_outputs(self) -> bool:
        """True where a row is of one output."""
        by_output = self.outputs * -(-(self.inputs + 1) // self.width)
        return by_output < (self.inputs + 1) * -(-self.outputs // self.width)

    @property
    def lanes(self) -> int:
        """Numbers of a row that are used."""
        return self.inputs + 1 if self.of_outputs else self.outputs

    @property
    def rows(self) -> int:
        return self.outputs if self.of_outputs else self.inputs + 1

    @property
    def vectors(self) -> int:
        """Vectors of a row."""
        return -(-self.lanes // self.width)

    @property
    def end(self) -> int:
        return self.first + self.rows * self.vectors * self.width

    def place(self, i: Index, j: Index) -> Index:
        """Find the weight from input i to output j; of i = ``inputs``, its bias."""
        row, lane = (j, i) if self.of_outputs else (i, j)
        return row * (self.vectors * self.width) + lane + self.first


class RowNet(Net):
    """A net whose parameters lie in rows of whole vectors, from a multiple of the width on."""

    def __init__(
        self, sizes: Sequence[int], first: int, width: int, activation: str = "tanh"
    ) -> None:
        super().__init__(sizes, first, activation)
        self.width = width
        self.layouts: list[Layout] = []
        for inputs, outputs in self.shapes:
            self.layouts.append(Layout(first, inputs, outputs, width))
            first = self.layouts[-1].end
        self.end = first

    def place(self, layer: int, i: Index, j: Index) -> Index:
        return self.layouts[layer].place(i, j)

    def bias_place(self, layer: int, j: Index) -> Index:
        return self.layouts[layer].place(self.shapes[layer][0], j)

    def places(self) -> list[int]:
        """Of each parameter, in the usual order, its place."""
        found = [
            layout.place(i, j)
            for layout in self.layouts
            for i in range(layout.inputs + 1)
            for j in range(layout.outputs)
        ]
        return [place for place in found if isinstance(place, int)]

    def add_gradients(
        self,
        k: Machine,
        gradients: Memory,
        examples: Sequence[Example],
        weights_alone: Sequence[Example] = (),
    ) -> None:
        """As ``Net.add_gradients``, one lane's examples after another's."""
        assert isinstance(k, OneReplicate)
        vectors, in_twos = k.vectors(gradients), bool(weights_alone)
        short: list[_Tile] = []
        for layer, layout in enumerate(self.layouts):
            own = [
                _Factors(k, layout, inputs[layer], slopes[layer], at >= len(examples))
                for at, (inputs, slopes) in enumerate([*examples, *weights_alone])
            ]

            def tiles(row: Index, count: int, layout=layout, own=own) -> list[_Tile]:
                return [
                    _Tile(k, layout, vectors, own, row + i, vector)
                    for i in range(count)
                    for vector in range(layout.vectors)
                ]

            looped = 0
            if layout.rows * layout.vectors > LONG:
                several = max(1, TILE // layout.vectors)
                whole = (layout.rows - 1) // several
                looped = whole * several
                k.loop(
                    0,
                    whole,
                    lambda i, several=several, tiles=tiles: _add(
                        k, tiles(i * several, several), in_twos
                    ),
                )
            short += tiles(looped, layout.rows - looped)
        _add(k, short, in_twos)


class RowQuadratic(Quadratic, RowNet):
    """The quadratic discriminator in rows of whole vectors."""

    def __init__(self, dimension: int, first: int, width: int) -> None:
        self.features = Quadratic(dimension, first).features
        RowNet.__init__(self, (self.features, 1), first, width)
        self.dimension = dimension


class _Factors:
    """What examples in the lanes bring to a layer, in memory: a vector of lanes of each, and the
    single numbers that rows are multiplied with."""

    def __init__(
        self, k: OneReplicate, layout: Layout, inputs: Table, slopes: Table, alone: bool
    ) -> None:
        self.k, self.layout, self.alone = k, layout, alone
        in_lanes, of_rows = (inputs, slopes) if layout.of_outputs else (slopes, inputs)
        self.lanes = self._by_example(in_lanes)
        self.rows = of_rows if isinstance(of_rows, LaneMemory) else self._stored(of_rows)

    def _stored(self, table: Table) -> LaneMemory:
        assert not isinstance(table, Memory)
        memory = self.k.scratch(len(table))
        for i, value in enumerate(table):
            memory[i] = value
        assert isinstance(memory, LaneMemory)
        return memory

    def _by_example(self, table: Table) -> Memory:
        """The table of example e from vector e · ``vectors`` on."""
        k, layout = self.k, self.layout
        used = layout.inputs if layout.of_outputs else layout.outputs
        found = k.scratch(k.width * layout.vectors)

        def block(number: Index, count: int) -> None:
            first = k.index(number) * k.width if isinstance(number, Value) else number * k.width
            values = [entry(table, first + lane) for lane in range(count)]
            # A bias is the weight of an input that is 1.
            values += [k.real(1.0)] * (k.width - count)
            for example, vector in enumerate(k.transposed(values)):
                found[example * layout.vectors + number] = vector

        whole = used // k.width
        k.each(whole, lambda number: block(number, k.width))
        if whole < layout.vectors:
            block(whole, used - whole * k.width)
        return found


@dataclass(frozen=True)
class _Tile:
    """A part of a layer's gradients: some vectors of a row."""

    k: OneReplicate
    layout: Layout
    gradients: LaneMemory
    factors: Sequence[_Factors]
    row: Index
    vector: int

    @property
    def place(self) -> Index:
        return self.row * self.layout.vectors + self.vector + self.layout.first // self.k.width

    def add(self, total: Value, own: _Factors, lane: Index) -> Value:
        """Add what the example of a lane brings."""
        k, layout = self.k, self.layout
        values = own.lanes[lane * layout.vectors + self.vector]
        if not layout.of_outputs and isinstance(self.row, int) and self.row == layout.inputs:
            return total if own.alone else total + values
        factor = k.numbers(own.rows)[self.row * k.width + lane]
        found = k.fma(values, factor, total)
        if own.alone and layout.of_outputs and layout.inputs // k.width == self.vector:
            found = k.in_lane(layout.inputs % k.width, total, found)
        return found


def _add(k: OneReplicate, tiles: Sequence[_Tile], in_twos: bool) -> None:
    """Add all examples to some parts of the gradients, these held in registers."""
    for start in range(0, len(tiles), TILE):
        some = tiles[start : start + TILE]
        totals = [k.variable(tile.gradients[tile.place]) for tile in some]

        def examples(lanes: Sequence[Value], some=some, totals=totals) -> None:
            values = [total.get() for total in totals]
            for alone in (False, True):
                for lane in lanes:
                    for at, tile in enumerate(some):
                        for own in tile.factors:
                            if own.alone == alone:
                                values[at] = tile.add(values[at], own, lane)
            for total, value in zip(totals, values, strict=True):
                total.set(value)

        done: Index = 0
        if in_twos:
            whole = k.live / 2
            k.loop(0, whole, lambda i: examples([i * 2, i * 2 + 1]))
            done = whole * 2
        k.loop(done, k.live, lambda i: examples([i]))
        for tile, total in zip(some, totals, strict=True):
            tile.gradients[tile.place] = total.get()
