"""The same program in an order that waits less for a GPU's memory.

A thread stands still from a load to the first use of what it loads, which from the GPU's memory
takes as long as half an example's arithmetic; a GAN's registers leave room for too few threads to
fill that time. So here several loads are under way at once: of the four numbers that two swaps
exchange, and of all rows of a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gan_eval.training.draws import Stream
from gan_eval.training.fused.machine import Memory, Table
from gan_eval.training.fused.network import Net
from gan_eval.training.fused.philox import Draws
from gan_eval.training.fused.program import Batch, Training
from gan_eval.training.fused.shape import Arguments, Shape
from gan_eval.training.fused.values import Index, Value

if TYPE_CHECKING:
    from gan_eval.training.fused.cuda_source import Source, SourceMemory

TOGETHER = 8
"""Rows whose loads are under way at once."""
MOST = 256
"""Most numbers of a batch's rows that a thread keeps beside it."""


class CUDADraws(Draws):
    """Shuffles four swaps at a time."""

    k: Source

    def shuffle(self, order: SourceMemory, n: Value, index: Index, stream: Stream) -> None:
        """A uniform order (n words) of 0 … n − 1, that of ``Draws.move``."""
        k = self.k

        def fill(i: Value) -> None:
            order[i] = k.convert(i, "word")

        def swap(first: Value, count: int) -> None:
            outputs = self.blocks([first + b for b in range(count)], index, stream)
            words = [word for block in zip(*outputs, strict=True) for word in block]
            places = [n - 1 - first * 2 - s for s in range(2 * count)]
            pairs = zip(words[::2], words[1::2], strict=True)
            js = [
                self.below(self._word(i + 1), *pair) for i, pair in zip(places, pairs, strict=True)
            ]
            self._swap(order, places, js)

        k.loop(0, n, fill)
        blocks = n / 2
        k.loop(0, blocks / 2, lambda two: swap(two * 2, 2))
        k.loop(blocks / 2 * 2, blocks, lambda block: swap(block, 1))

    def _swap(self, order: SourceMemory, places: Sequence[Value], js: Sequence[Value]) -> None:
        """Swap each place i, the largest first, with its j ≤ i, in turn; all are loaded first.

        An earlier swap changes what stands at its own i, where no later one looks, and at its j.
        """
        k = self.k
        here, there = [order[i] for i in places], [order.gather(j) for j in js]
        for s, (i, j) in enumerate(zip(places, js, strict=True)):
            for earlier, moved in zip(js[:s], here[:s], strict=True):
                here[s] = k.select(k.same(earlier, k.convert(i, "word")), moved, here[s])
                there[s] = k.select(k.same(earlier, j), moved, there[s])
        for i, j, mine, other in zip(places, js, here, there, strict=True):
            order[i] = other
            order.scatter(j, mine)


class CUDATraining(Training):
    """Fetches a batch's rows before the batch."""

    k: Source

    def __init__(
        self,
        k: Source,
        shape: Shape,
        arguments: Arguments,
        batch_size: int,
        rows: SourceMemory,
        order: SourceMemory,
    ) -> None:
        super().__init__(k, shape, arguments)
        self.rows, self.order = rows, order
        size = -(-batch_size // TOGETHER) * TOGETHER * shape.dimension
        self.fetched = k.scratch(size) if size <= MOST else None

    def order_rows(self, epoch: Value) -> None:
        """Rows stay where they are: a thread that moved them would write twice as much."""
        assert isinstance(self.a.draws, CUDADraws)
        self.a.draws.shuffle(self.order, self.a.n, epoch, Stream.EPOCH_ORDER)

    def draw_noise(self, epoch: Value, start: Value, stop: Value) -> Value:
        """The same, and the rows of the batch."""
        if self.fetched is not None:
            self._fetch(self.fetched, start, stop)
        return super().draw_noise(epoch, start, stop)

    def _fetch(self, fetched: Memory, start: Value, stop: Value) -> None:
        k, d = self.k, self.shape.dimension

        def some(group: Value) -> None:
            first = start + group * TOGETHER
            # What is left over of the last ones is the last row again.
            places = [k.smaller(first + i, stop - 1) for i in range(TOGETHER)]
            rows = [self.order[place] * d for place in places]
            found = [self.rows.gather(row, j) for row in rows for j in range(d)]
            for i, value in enumerate(found):
                fetched[group * (TOGETHER * d) + i] = value

        k.loop(0, (stop - start + (TOGETHER - 1)) / TOGETHER, some)

    def row(self, batch: Batch, i: Value) -> Table:
        """The training row that the epoch's order has at a place of a batch."""
        d, fetched = self.shape.dimension, self.fetched
        if fetched is None:
            at = self.order[batch.start + i] * d
            return self.k.tables(1, d, lambda places: [self.rows.gather(at, j) for _, j in places])[
                0
            ]
        return self.k.tables(1, d, lambda places: [fetched[i * d + j] for _, j in places])[0]

    def step(self, net: Net, batch: Batch, turn: int = 0, origin: Memory | None = None) -> None:
        """The same, the moments fetched and put back."""
        # Else the compiler fetches them once an epoch, and keeps them in registers.
        self.k.write("cuda.threadfence_block()")
        super().step(net, batch, turn, origin)
