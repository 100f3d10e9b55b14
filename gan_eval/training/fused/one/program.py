"""The whole training of one replicate, its examples side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from gan_eval.training.draws import Stream
from gan_eval.training.fused.data import BLOCKS
from gan_eval.training.fused.losses import Loss
from gan_eval.training.fused.machine import Memory, Table, entry
from gan_eval.training.fused.network import Net
from gan_eval.training.fused.one.draws import BlockDraws
from gan_eval.training.fused.one.losses import LossInOrder
from gan_eval.training.fused.one.machine import OneReplicate
from gan_eval.training.fused.one.network import RowNet, RowQuadratic
from gan_eval.training.fused.optimizer import Span, step
from gan_eval.training.fused.program import Batch, Training
from gan_eval.training.fused.shape import Arguments, Shape
from gan_eval.training.fused.values import Index, Value

AHEAD = 256
"""Latent numbers, at least, that are drawn at a time, for whole batches."""


def nets(shape: Shape, width: int) -> tuple[RowNet, RowNet]:
    """Both nets of a shape, G and D, in rows of so many lanes."""
    G = RowNet(shape.generator_sizes, 0, width, shape.activation)
    if shape.quadratic:
        return G, RowQuadratic(shape.dimension, G.end, width)
    return G, RowNet(shape.discriminator_sizes, G.end, width)


class OneTraining(Training):
    """The program of one shape for one replicate."""

    def __init__(self, k: OneReplicate, shape: Shape, arguments: Arguments) -> None:
        super().__init__(k, shape, arguments)
        self.lanes = k
        self.G, self.D = nets(shape, k.width)
        self.rows, self.noise = k.rows(arguments.rows), k.rows(arguments.noise)
        self.orders = k.numbers(arguments.order)
        named = ("parameters", "first", "second", "before", "gradients")
        vectors = {name: k.vectors(getattr(arguments, name)) for name in named}
        self.vectors = replace(arguments, **vectors)

    # --- Data ----------------------------------------------------------------------------------

    def make_rows(self) -> None:
        k, a, d = self.lanes, self.a, self.shape.dimension
        # As many blocks for each coordinate as there are lanes: four rows a lane.
        raw = k.rows(k.scratch(4 * d + -(-d // k.width) + 1))
        mixture = self.shape.components > 1
        # Of four rows a lane, the words that choose their components.
        words = k.rows(k.words(k.scratch(4))) if mixture else raw

        def group(number: Value) -> None:
            def draw(part: Index) -> None:
                first = (number * d + part) * k.width
                numbers = a.draws.normals([first], 0, Stream.TRAINING_ROWS)
                raw.put(k.index(part) * (4 * k.width), k.interleaved(numbers))

            k.each(d, draw)
            if mixture:
                found = a.draws.blocks([number * k.width], 0, Stream.TRAINING_COMPONENTS)
                words.put(0, k.interleaved([word for (word,) in found]))
            k.loop(0, 4, lambda quarter: transform(number * 4 + quarter, quarter))

        def transform(at: Value, quarter: Value) -> None:
            x = k.table(raw, lambda lane: (quarter * k.width + lane) * d, d)
            affine: Table = a.affine
            if mixture:
                affine = self.component(words[quarter * k.width])

            def coordinate(j: Index) -> None:
                (value,) = k.fold(
                    d,
                    [entry(affine, j + d * d)],
                    lambda total, i: [k.fma(entry(x, i), entry(affine, i * d + j), total[0])],
                )
                self.rows.spread(at * (k.width * d) + j, d, value)

            k.each(d, coordinate)

        k.loop(0, (a.n + (4 * k.width - 1)) / (4 * k.width), group)

    def order_rows(self, epoch: Value) -> None:
        a = self.a
        assert isinstance(a.draws, BlockDraws)
        a.draws.shuffle(a.order, a.n, epoch, Stream.EPOCH_ORDER)

    def draw_noise(self, epoch: Value, start: Value, stop: Value) -> Value:
        """As in ``Training``, at once for the next few batches."""
        k, a, latent = self.lanes, self.a, self.shape.latent
        batches = (a.batch_size * latent + (AHEAD - 1)) / (a.batch_size * latent)
        number = start / a.batch_size
        chunk = number / batches
        begin = chunk * batches * a.batch_size
        end = k.smaller(begin + batches * a.batch_size, a.n)
        first = begin * latent / 4

        def draw(_: Value) -> None:
            last = (end * latent + 3) / 4
            size = BLOCKS * k.width
            k.loop(0, (last - first + (size - 1)) / size, several)

        def several(group: Value) -> None:
            numbers = [group * BLOCKS + i for i in range(BLOCKS)]
            blocks = [first + number * k.width for number in numbers]
            normals = a.draws.normals(blocks, epoch, Stream.LATENT_NOISE)
            for i, number in enumerate(numbers):
                self.noise.put(number * (4 * k.width), k.interleaved(normals[4 * i :][:4]))

        # Once, with the first of them.
        k.loop((number + (batches - 1)) / batches, chunk + 1, draw)
        return start * latent - first * 4

    def row(self, batch: Batch, i: Value) -> Table:
        k, d = self.lanes, self.shape.dimension
        return k.table(
            self.rows, lambda lane: k.to_index(self.orders[batch.start + i + lane]) * d, d
        )

    def latent(self, batch: Batch, i: Value) -> Table:
        latent = self.shape.latent
        return self.lanes.table(self.noise, lambda lane: batch.noise + (i + lane) * latent, latent)

    # --- Training ------------------------------------------------------------------------------

    def loss(self) -> Loss:
        return LossInOrder(self.k, self.shape.loss, saturating=self.shape.saturating)

    def of_generator(self, body: Callable[[Index, Index], None]) -> None:
        k, G, usual = self.k, self.G, self.shape.generator

        def of_layer(layer: int, inputs: int, outputs: int) -> None:
            def one(i: Index, j: Index) -> None:
                body(usual.place(layer, i, j), G.place(layer, i, j))

            # After the weights of the inputs, the biases.
            k.each(inputs + 1, lambda i: k.each(outputs, lambda j: one(i, j)))

        for layer, shape in enumerate(G.shapes):
            of_layer(layer, *shape)

    def origin(self) -> Memory:
        k = self.k
        count = self.D.end // self.lanes.width
        origin = k.scratch(count)

        def keep(i: Index) -> None:
            origin[i] = self.vectors.parameters[i]

        k.each(count, keep)
        return origin

    def _span(self, net: Net) -> Span:
        """The vectors of a net's parameters."""
        width = self.lanes.width
        return Span(net.first // width, net.end // width)

    def clear(self, net: Net) -> None:
        span = self._span(net)

        def zero(i: Index) -> None:
            self.vectors.gradients[i + span.first] = self.k.real(0.0)

        self.k.each(span.end - span.first, zero)

    def step(self, net: Net, batch: Batch, turn: int = 0, origin: Memory | None = None) -> None:
        step(
            *(self.k, self.shape, self.vectors, self._span(net)),
            *(partial(self.number, batch, turn), batch.scale),
            self.vectors.parameters if origin is None else origin,
        )
