"""The whole training of a lane's replicate, as the chapter does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gan_eval.training.fused.data import Data, unpack
from gan_eval.training.fused.losses import Loss
from gan_eval.training.fused.machine import Machine, Memory, Table
from gan_eval.training.fused.network import Net
from gan_eval.training.fused.optimizer import step
from gan_eval.training.fused.penalty import backward
from gan_eval.training.fused.shape import Arguments, Shape
from gan_eval.training.fused.values import Index, Value


@dataclass(frozen=True)
class Batch:
    """A batch of an epoch."""

    start: Value
    stop: Value
    """Its places in the epoch's order."""
    noise: Value
    """Where its latent numbers begin."""
    row: Value
    """Its first row in the table of steps."""
    scale: Value | None
    """What its gradients are multiplied with; None where they are summed."""


class Training(Data):
    """The program of one shape on one machine."""

    def __init__(self, k: Machine, shape: Shape, arguments: Arguments) -> None:
        super().__init__(k, shape, arguments)
        self.G, self.D = shape.generator, shape.discriminator

    # --- Training ------------------------------------------------------------------------------

    def train(self) -> None:
        """The epochs of this call."""
        self.k.loop(self.a.first_epoch, self.a.last_epoch, self.epoch)

    def epoch(self, epoch: Value) -> None:
        k, a = self.k, self.a
        self.order_rows(epoch)
        loss_D, loss_G = self.loss(), self.loss()
        batches = (a.n + a.batch_size - 1) / a.batch_size

        def batch(number: Value) -> None:
            start = number * a.batch_size
            stop = k.smaller(start + a.batch_size, a.n)
            noise = self.draw_noise(epoch, start, stop)
            # The table of steps begins with this call's first epoch.
            row = ((epoch - a.first_epoch) * batches + number) * self.shape.gradients_a_batch
            scale = 1.0 / k.convert(stop - start, "real") if self.shape.mean_gradient else None
            own = Batch(start, stop, noise, row, scale)
            if self.shape.optimizer == "extra_adam":
                self.extragradient(loss_D, loss_G, own)
                return
            self.update_D(loss_D, own)
            self.step(self.D, own)

            def of_G(_: Index = 0) -> None:
                self.update_G(loss_G, own)
                self.step(self.G, own)
                self.average(own)

            if self.shape.several:
                # Once or not at all.
                k.loop(number / a.discriminator_steps, (number + 1) / a.discriminator_steps, of_G)
            else:
                of_G()

        k.loop(0, batches, batch)
        at = (epoch - a.first_epoch) * self.shape.traced

        def keep(i: Index, own: Index) -> None:
            a.trace[at + i] = a.average[i] if self.shape.averaged else a.parameters[own]

        self.of_generator(keep)
        a.trace[at + (self.shape.traced - 2)] = loss_D.total_D()
        a.trace[at + (self.shape.traced - 1)] = loss_G.total_G()

    def of_generator(self, body: Callable[[Index, Index], None]) -> None:
        """Call ``body`` with the number of each parameter of G, and its place in memory."""
        self.k.each(self.G.end, lambda i: body(i, i))

    def loss(self) -> Loss:
        return Loss(self.k, self.shape.loss, saturating=self.shape.saturating)

    def extragradient(self, loss_D: Loss, loss_G: Loss, batch: Batch) -> None:
        """Move both nets at once, by the gradients where a first such step would have led (Gidel et
        al. 2019, algorithm 4)."""
        origin = self.origin()
        # The losses that are told are those at the origin.
        for turn, (of_D, of_G) in enumerate([(loss_D, loss_G), (self.loss(), self.loss())]):
            self.update_D(of_D, batch)
            self.update_G(of_G, batch)
            self.step(self.D, batch, turn, origin)
            self.step(self.G, batch, turn, origin)
        self.average(batch)

    def origin(self) -> Memory:
        """A copy of the parameters."""
        k, a = self.k, self.a
        origin = k.scratch(self.shape.parameters)

        def keep(i: Index) -> None:
            origin[i] = a.parameters[i]

        k.each(self.shape.parameters, keep)
        return origin

    # --- Gradients -----------------------------------------------------------------------------

    def update_D(self, loss: Loss, batch: Batch) -> None:
        """The gradient of D's loss and of its penalties."""
        k, a, D, shape = self.k, self.a, self.D, self.shape
        self.clear(D)
        gammas = (a.penalty_1 if shape.r1 else None, a.penalty_2 if shape.r2 else None)

        def examples(*rows: Value) -> None:
            # Real and generated in turn.
            xs = [x for i in rows for x in (self.row(batch, i), self.generated(batch, i))]
            logits, inputs = D.forward(k, a.parameters, xs)
            slopes = loss.of_D([logit for (logit,) in logits])
            found = backward(k, D, a.parameters, xs, inputs, slopes, gammas * len(rows))
            D.add_gradients(k, a.gradients, *found)

        loss.sum.over(
            batch.stop - batch.start, examples, factors=1 if shape.loss == "relativistic" else 2
        )

    def update_G(self, loss: Loss, batch: Batch) -> None:
        """The gradient of G's loss."""
        k, a, D = self.k, self.a, self.D
        self.clear(self.G)

        def examples(*rows: Value) -> None:
            zs = [self.latent(batch, i) for i in rows]
            xs, inputs_G = self.G.forward(k, a.parameters, zs)
            logits, inputs = D.forward(k, a.parameters, xs)
            real: list[Value] = []
            if self.shape.loss == "relativistic":
                beside = [self.row(batch, i) for i in rows]
                real = [logit for (logit,) in D.forward(k, a.parameters, beside)[0]]
            slopes = loss.of_G([logit for (logit,) in logits], real)
            found = D.backward(k, a.parameters, inputs, [[slope] for slope in slopes])
            at_x = D.through_rows(k, a.parameters, xs, [own[0] for own in found])
            at_outputs = self.G.backward(k, a.parameters, inputs_G, at_x)
            self.G.add_gradients(k, a.gradients, [*zip(inputs_G, at_outputs, strict=True)])

        loss.sum.over(batch.stop - batch.start, examples, factors=1)

    def row(self, batch: Batch, i: Value) -> Table:
        """The training row at a place of a batch."""
        k, size = self.k, self.entries
        at = (batch.start + i) * size

        def numbers(e: Index) -> list[Value]:
            entry = self.a.moved[at + e]
            return unpack(k, entry) if self.packed > 1 else [entry]

        if self.shape.dimension <= k.unrolled:
            return [x for e in range(size) for x in numbers(e)][: self.shape.dimension]
        found = k.scratch(size * self.packed)

        def keep(e: Value) -> None:
            for c, x in enumerate(numbers(e)):
                found[e * self.packed + c] = x

        k.loop(0, size, keep)
        return found

    def latent(self, batch: Batch, i: Value) -> Table:
        latent, numbers = self.shape.latent, self.a.noise
        first = batch.noise + i * latent
        return self.k.tables(1, latent, lambda places: [numbers[first + c] for _, c in places])[0]

    def generated(self, batch: Batch, i: Value) -> Table:
        return self.G.forward(self.k, self.a.parameters, [self.latent(batch, i)])[0][0]

    # --- Steps ---------------------------------------------------------------------------------

    def clear(self, net: Net) -> None:
        def zero(i: int | Value) -> None:
            self.a.gradients[net.first + i] = self.k.real(0.0)

        self.k.each(net.end - net.first, zero)

    def number(self, batch: Batch, turn: int, name: str) -> Value:
        """A number in the table of steps, of a batch's first or second gradient."""
        columns = self.shape.columns
        return self.a.steps[(batch.row + turn) * len(columns) + columns.index(name)]

    def step(self, net: Net, batch: Batch, turn: int = 0, origin: Memory | None = None) -> None:
        """Move a net by its gradients, from its parameters or from ``origin``."""
        step(
            *(self.k, self.shape, self.a, net, partial(self.number, batch, turn), batch.scale),
            self.a.parameters if origin is None else origin,
        )

    def average(self, batch: Batch) -> None:
        """Take G and, of a linear one, the covariance of what it generates into their averages."""
        if not self.shape.averaged:
            return
        k, a, d = self.k, self.a, self.shape.dimension
        weight = self.number(batch, 0, "weight")

        def take(at: Index, value: Value) -> None:
            a.average[at] = k.fma(weight, value - a.average[at], a.average[at])

        def entry(i: Index, j: Index) -> None:
            (total,) = k.fold(
                self.shape.latent,
                [k.real(0.0)],
                lambda sums, c: [k.fma(weight_at(c, i), weight_at(c, j), sums[0])],
            )
            take(i * d + j + (self.shape.latent + 1) * d, total)

        def weight_at(c: Index, i: Index) -> Value:
            return a.parameters[self.G.place(0, c, i)]

        self.of_generator(lambda i, own: take(i, a.parameters[own]))
        if not self.shape.curved:
            k.each(d, lambda i: k.each(d, lambda j: entry(i, j)))
