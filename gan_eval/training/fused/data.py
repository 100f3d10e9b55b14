"""What a lane's replicate is trained on: rows, in the order of each epoch, and latent numbers."""

from __future__ import annotations

from collections.abc import Sequence

from gan_eval.training.draws import Stream
from gan_eval.training.fused.machine import Machine, Table, entry
from gan_eval.training.fused.shape import Arguments, Shape
from gan_eval.training.fused.values import Index, Value

BLOCKS = 2
"""Blocks of four latent numbers that are drawn interleaved."""


def pack(k: Machine, numbers: Sequence[Value]) -> Value:
    """An entry of 64 bits of one or two float32."""
    low, *high = (k.convert(k.bits(x), "wide") for x in numbers)
    return low ^ (high[0] << 32) if high else low


def unpack(k: Machine, packed: Value) -> list[Value]:
    """The numbers that ``pack`` put into an entry."""
    return [k.from_bits(k.convert(half, "word")) for half in (packed, k.upper(packed))]


class Data:
    """The rows and the latent numbers of one shape on one machine."""

    def __init__(self, k: Machine, shape: Shape, arguments: Arguments) -> None:
        self.k, self.shape, self.a = k, shape, arguments
        self.packed = 2 if arguments.rows.kind == "wide" else 1
        """Numbers of a row in an entry of its memory."""
        self.entries = -(-shape.dimension // self.packed)

    def make_rows(self) -> None:
        """The training rows x A + b of each lane's seed; of a mixture, by their components'."""
        k, a, d = self.k, self.a, self.shape.dimension
        size, each = self.entries, self.packed
        # Four normal numbers at a time: as many rows as they fill without a rest.
        raw = k.scratch(4 * d)

        def four_rows(group: Value) -> None:
            for block in range(d):
                numbers = a.draws.normals([group * d + block], 0, Stream.TRAINING_ROWS)
                for i, number in enumerate(numbers):
                    raw[4 * block + i] = number
            maps: list[Table] = [a.affine] * 4
            if self.shape.components > 1:
                words = a.draws.blocks([group], 0, Stream.TRAINING_COMPONENTS)
                maps = [self.component(word) for (word,) in words]
            for row, affine in enumerate(maps):
                transform(group * 4 + row, row * d, affine)

        def transform(at: Value, start: int, affine: Table) -> None:
            def coordinates(count: int, first: Index) -> list[Value]:
                return k.fold(
                    d,
                    [entry(affine, first + (d * d + c)) for c in range(count)],
                    lambda totals, i: [
                        k.fma(raw[i + start], entry(affine, i * d + first + c), total)
                        for c, total in enumerate(totals)
                    ],
                )

            def packed(e: Index, count: int = each) -> None:
                numbers = coordinates(count, e * each)
                a.rows[at * size + e] = pack(k, numbers) if each > 1 else numbers[0]

            k.each(d // each, packed)
            if d % each:
                packed(size - 1, d % each)

        k.loop(0, (a.n + 3) / 4, four_rows)

    def component(self, word: Value) -> Table:
        """The map of the component that each lane's word chooses."""
        k, a, size = self.k, self.a, self.shape.affine

        def chosen(first: Index, count: int) -> list[Value]:
            def turn(values: list[Value], c: Index) -> list[Value]:
                before, at = word < a.order[c], (c + 1) * size + first
                return [k.select(before, value, a.affine[at + i]) for i, value in enumerate(values)]

            start = [a.affine[first + i] for i in range(count)]
            return k.fold(self.shape.components - 1, start, turn)

        if size <= k.unrolled:
            return chosen(0, size)
        found = k.scratch(size)

        def keep(i: Index) -> None:
            (found[i],) = chosen(i, 1)

        k.each(size, keep)
        return found

    def order_rows(self, epoch: Value) -> None:
        """Bring the rows into the order of an epoch."""
        a = self.a
        a.draws.move(a.rows, a.moved, self.entries, a.n, epoch, Stream.EPOCH_ORDER)

    def draw_noise(self, epoch: Value, start: Value, stop: Value) -> Value:
        """The latent numbers of rows start … stop − 1; returns where in ``noise`` they begin."""
        k, a, latent = self.k, self.a, self.shape.latent
        first, last = start * latent / 4, (stop * latent + 3) / 4

        def some(number: Value) -> None:
            at = first + number * BLOCKS
            normals = a.draws.normals([at + i for i in range(BLOCKS)], epoch, Stream.LATENT_NOISE)
            for i, normal in enumerate(normals):
                a.noise[number * (4 * BLOCKS) + i] = normal

        k.loop(0, (last - first + (BLOCKS - 1)) / BLOCKS, some)
        return start * latent - first * 4
