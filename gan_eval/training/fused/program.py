"""The whole training of a lane's replicate, as the chapter does it."""

from __future__ import annotations

from collections.abc import Sequence

from gan_eval.training.draws import Stream
from gan_eval.training.fused.losses import Loss
from gan_eval.training.fused.machine import Machine, Memory, Table
from gan_eval.training.fused.network import Net
from gan_eval.training.fused.optimizer import step
from gan_eval.training.fused.penalty import penalised
from gan_eval.training.fused.shape import Arguments, Shape
from gan_eval.training.fused.values import Index, Value


class Training:
    """The program of one shape on one machine."""

    def __init__(self, k: Machine, shape: Shape, arguments: Arguments) -> None:
        self.k, self.shape, self.a = k, shape, arguments
        self.G, self.D = shape.generator, shape.discriminator

    # --- Data ----------------------------------------------------------------------------------

    def make_rows(self) -> None:
        """The training rows x A + b of each lane's seed."""
        k, a, d = self.k, self.a, self.shape.dimension
        # Four normal numbers at a time: as many rows as they fill without a rest.
        raw = k.scratch(4 * d)

        def four_rows(group: Value) -> None:
            for block in range(d):
                numbers = a.draws.normals(group * d + block, 0, Stream.TRAINING_ROWS)
                for i, number in enumerate(numbers):
                    raw[4 * block + i] = number
            for row in range(4):
                transform(group * 4 + row, row * d)

        def transform(at: Value, start: int) -> None:
            def coordinate(j: int | Value) -> None:
                (value,) = k.fold(
                    d,
                    [a.affine[j + d * d]],
                    lambda total, i: [k.fma(raw[i + start], a.affine[i * d + j], total[0])],
                )
                a.rows[at * d + j] = value

            k.each(d, coordinate)

        k.loop(0, (a.n + 3) / 4, four_rows)

    def draw_noise(self, epoch: Value, start: Value, stop: Value) -> Value:
        """The latent numbers of rows start … stop − 1; returns where in ``noise`` they begin."""
        k, a, latent = self.k, self.a, self.shape.latent
        first, last = start * latent / 4, (stop * latent + 3) / 4

        def block(number: Value) -> None:
            normals = a.draws.normals(number, epoch, Stream.LATENT_NOISE)
            for i, normal in enumerate(normals):
                a.noise[(number - first) * 4 + i] = normal

        k.loop(first, last, block)
        return start * latent - first * 4

    # --- Training ------------------------------------------------------------------------------

    def train(self) -> None:
        """The epochs of this call."""
        self.k.loop(self.a.first_epoch, self.a.last_epoch, self.epoch)

    def epoch(self, epoch: Value) -> None:
        k, a = self.k, self.a
        a.draws.shuffle(a.order, a.n, epoch, Stream.EPOCH_ORDER)
        loss_D, loss_G = self.loss(), self.loss()
        batches = (a.n + a.batch_size - 1) / a.batch_size

        def batch(number: Value) -> None:
            start = number * a.batch_size
            stop = k.smaller(start + a.batch_size, a.n)
            noise = self.draw_noise(epoch, start, stop)
            # The table of steps begins with this call's first epoch.
            row = ((epoch - a.first_epoch) * batches + number) * self.shape.gradients_a_batch
            scale = 1.0 / k.convert(stop - start, "real") if self.shape.mean_gradient else None
            if self.shape.optimizer == "extra_adam":
                self.extragradient(loss_D, loss_G, start, stop, noise, row, scale)
                return
            self.update_D(loss_D, start, stop, noise)
            self.step(self.D, row, scale)

            def of_G(_: Index = 0) -> None:
                self.update_G(loss_G, start, stop, noise)
                self.step(self.G, row, scale)

            if self.shape.several:
                # Once or not at all.
                k.loop(number / a.discriminator_steps, (number + 1) / a.discriminator_steps, of_G)
            else:
                of_G()

        k.loop(0, batches, batch)
        at = (epoch - a.first_epoch) * self.shape.traced
        told = a.average if self.shape.averaged else a.parameters

        def keep(i: int | Value) -> None:
            a.trace[at + i] = told[i]

        k.each(self.G.end, keep)
        a.trace[at + self.G.end] = loss_D.total_D()
        a.trace[at + (self.G.end + 1)] = loss_G.total_G()

    def loss(self) -> Loss:
        return Loss(self.k, self.shape.loss, saturating=self.shape.saturating)

    def extragradient(
        self,
        loss_D: Loss,
        loss_G: Loss,
        start: Value,
        stop: Value,
        noise: Value,
        row: Value,
        scale: Value | None,
    ) -> None:
        """Move both nets at once, by the gradients where a first such step would have led (Gidel et
        al. 2019, algorithm 4)."""
        k, a = self.k, self.a
        origin = k.scratch(self.shape.parameters)

        def keep(i: Index) -> None:
            origin[i] = a.parameters[i]

        k.each(self.shape.parameters, keep)
        # The losses that are told are those at the origin.
        for turn, (of_D, of_G) in enumerate([(loss_D, loss_G), (self.loss(), self.loss())]):
            self.update_D(of_D, start, stop, noise)
            self.update_G(of_G, start, stop, noise)
            self.step(self.D, row + turn, scale, origin)
            self.step(self.G, row + turn, scale, origin, averaged=turn == 1)

    # --- Gradients -----------------------------------------------------------------------------

    def update_D(self, loss: Loss, start: Value, stop: Value, noise: Value) -> None:
        """The gradient of D's loss and of its penalties."""
        k, a, D, shape = self.k, self.a, self.D, self.shape
        self.clear(D)
        gammas = (a.penalty_1, a.penalty_2)
        kept = [own for own, wanted in enumerate((shape.r1, shape.r2)) if wanted]

        def examples(*rows: Value) -> None:
            # Real and generated in turn.
            xs = [x for i in rows for x in (self.row(start + i), self.generated(noise, i))]
            logits, inputs = D.forward(k, a.parameters, xs)
            slopes = loss.of_D([logit for (logit,) in logits])
            plain = [place for place in range(len(xs)) if place % 2 not in kept]
            found: dict[int, tuple[Sequence[Table], Sequence[Table]]] = {}
            alone: Sequence[tuple[Sequence[Table], Sequence[Table]]] = ()
            if plain:
                passed = [inputs[p] for p in plain]
                at = D.backward(k, a.parameters, passed, [[slopes[p]] for p in plain])
                found |= zip(plain, zip(passed, at, strict=True), strict=True)
            if kept:
                own = [place for place in range(len(xs)) if place % 2 in kept]
                both, alone = penalised(
                    *(k, D, a.parameters, [xs[p] for p in own], [inputs[p] for p in own]),
                    *([slopes[p] for p in own], [gammas[p % 2] for p in own]),
                )
                found |= zip(own, both, strict=True)
            D.add_gradients(k, a.gradients, [found[p] for p in sorted(found)], alone)

        loss.sum.over(stop - start, examples, factors=1 if shape.loss == "relativistic" else 2)

    def update_G(self, loss: Loss, start: Value, stop: Value, noise: Value) -> None:
        """The gradient of G's loss."""
        k, a, D = self.k, self.a, self.D
        self.clear(self.G)

        def examples(*rows: Value) -> None:
            zs = [self.latent(noise, i) for i in rows]
            xs, inputs_G = self.G.forward(k, a.parameters, zs)
            logits, inputs = D.forward(k, a.parameters, xs)
            real: list[Value] = []
            if self.shape.loss == "relativistic":
                beside = [self.row(start + i) for i in rows]
                real = [logit for (logit,) in D.forward(k, a.parameters, beside)[0]]
            slopes = loss.of_G([logit for (logit,) in logits], real)
            found = D.backward(k, a.parameters, inputs, [[slope] for slope in slopes])
            at_x = D.through_rows(k, a.parameters, xs, [own[0] for own in found])
            at_outputs = [(own, [gradient]) for own, gradient in zip(inputs_G, at_x, strict=True)]
            self.G.add_gradients(k, a.gradients, at_outputs)

        loss.sum.over(stop - start, examples, factors=1)

    def row(self, position: Value) -> Table:
        """The training row that the epoch's order has at a position."""
        d, rows = self.shape.dimension, self.a.rows
        at = self.a.order[position] * d
        return self.k.tables(1, d, lambda places: [rows.gather(at, j) for _, j in places])[0]

    def latent(self, noise: Value, i: Value) -> Table:
        latent, numbers = self.shape.latent, self.a.noise
        first = noise + i * latent
        return self.k.tables(1, latent, lambda places: [numbers[first + c] for _, c in places])[0]

    def generated(self, noise: Value, i: Value) -> Table:
        return self.G.forward(self.k, self.a.parameters, [self.latent(noise, i)])[0][0]

    # --- Steps ---------------------------------------------------------------------------------

    def clear(self, net: Net) -> None:
        def zero(i: int | Value) -> None:
            self.a.gradients[net.first + i] = self.k.real(0.0)

        self.k.each(net.end - net.first, zero)

    def step(
        self,
        net: Net,
        row: Value,
        scale: Value | None,
        origin: Memory | None = None,
        *,
        averaged: bool = True,
    ) -> None:
        """Move a net by its gradients, with the numbers in a row of the table, and average G."""
        k, a, columns = self.k, self.a, self.shape.columns

        def number(name: str) -> Value:
            return a.steps[row * len(columns) + columns.index(name)]

        step(k, self.shape, a, net, number, scale, origin or a.parameters)
        if self.shape.averaged and averaged and net is self.G:
            self.average(number("weight"))

    def average(self, weight: Value) -> None:
        """Take G, and the covariance of what it generates, into their averages."""
        k, a, d = self.k, self.a, self.shape.dimension

        def take(at: Index, value: Value) -> None:
            a.average[at] = k.fma(weight, value - a.average[at], a.average[at])

        k.each(self.G.end, lambda i: take(i, a.parameters[i]))

        def entry(i: Index, j: Index) -> None:
            (total,) = k.fold(
                self.shape.latent,
                [k.real(0.0)],
                lambda sums, c: [k.fma(a.parameters[c * d + i], a.parameters[c * d + j], sums[0])],
            )
            take(i * d + j + self.G.end, total)

        k.each(d, lambda i: k.each(d, lambda j: entry(i, j)))
