"""The whole training of a lane's replicate, as the chapter does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gan_eval.training.draws import Stream
from gan_eval.training.fused.functions import exp_of_negative, log, log_of_parts, parts
from gan_eval.training.fused.interleave import interleave
from gan_eval.training.fused.machine import Machine, Memory, Table
from gan_eval.training.fused.network import Net, Shape
from gan_eval.training.fused.philox import Draws
from gan_eval.training.fused.values import Value

PRODUCT = 32
"""Factors 1 + e^−|x| ≤ 2 that are multiplied before the product's exponent is taken off."""


@dataclass(frozen=True)
class Arguments:
    """The arguments of a kernel. Memories hold one number a lane at each position."""

    draws: Draws
    parameters: Memory
    """The parameters of both nets, the generator's first."""
    first: Memory
    second: Memory
    """Adam's moments of them."""
    rows: Memory
    """Training rows, n × dimension, with room for n + 3 rows."""
    order: Memory
    """Words, n of them: the order of the epoch."""
    noise: Memory
    """Latent numbers of a batch: room for batch_size · latent + 8."""
    gradients: Memory
    trace: Memory
    """(epochs of this call) × ``Shape.traced``."""
    affine: Memory
    """The target's A (d × d, row-major), then b: the same for all lanes."""
    steps: Memory
    """Three numbers a step, the same for all lanes: Adam's step sizes of D and of G, and what √v
    is multiplied with."""
    decay_1: Value
    """1 − β₁ of Adam."""
    decay_2: Value
    epsilon: Value
    first_epoch: Value
    last_epoch: Value
    """The epochs of this call: first … last − 1."""
    n: Value
    batch_size: Value


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
        loss_D, loss_G = Loss(k), Loss(k)
        steps = (a.n + a.batch_size - 1) / a.batch_size

        def step(number: Value) -> None:
            start = number * a.batch_size
            stop = k.smaller(start + a.batch_size, a.n)
            noise = self.draw_noise(epoch, start, stop)
            # The table of step sizes begins with this call's first epoch.
            row = ((epoch - a.first_epoch) * steps + number) * 3
            scale = 1.0 / k.convert(stop - start, "real") if self.shape.mean_gradient else None
            self.update_D(loss_D, start, stop, noise)
            self.adam(self.D, a.steps[row], a.steps[row + 2], scale)
            self.update_G(loss_G, stop - start, noise)
            self.adam(self.G, a.steps[row + 1], a.steps[row + 2], scale)

        k.loop(0, steps, step)
        at = (epoch - a.first_epoch) * self.shape.traced

        def keep(i: int | Value) -> None:
            a.trace[at + i] = a.parameters[i]

        k.each(self.G.end, keep)
        a.trace[at + self.G.end] = loss_D.total() * 0.5
        a.trace[at + (self.G.end + 1)] = loss_G.total() * self.sign

    @property
    def sign(self) -> float:
        """The sign of G's loss: sign · softplus(−sign · D(G(z)))."""
        return -1.0 if self.shape.saturating else 1.0

    def update_D(self, loss: Loss, start: Value, stop: Value, noise: Value) -> None:
        """The gradient of D's loss, (softplus(−D(x)) + softplus(D(G(z)))) / 2."""
        k, a = self.k, self.a
        self.clear(self.D)

        def examples(*rows: Value) -> None:
            xs = [x for i in rows for x in (self.row(start + i), self.generated(noise, i))]
            # Real and generated in turn: softplus(−D) of the one, softplus(D) of the other.
            signs = [-1.0, 1.0] * len(rows)
            logits, inputs = self.D.forward(k, a.parameters, xs)
            slopes = loss.softplus(
                [sign * logit for sign, (logit,) in zip(signs, logits, strict=True)]
            )
            at_logits = [[slope * (sign / 2)] for sign, slope in zip(signs, slopes, strict=True)]
            found = self.D.backward(k, a.parameters, inputs, at_logits)
            self.D.add_gradients(k, a.gradients, list(zip(inputs, found, strict=True)))

        loss.over(stop - start, examples, factors=2)

    def update_G(self, loss: Loss, count: Value, noise: Value) -> None:
        """The gradient of G's loss, softplus(−D(G(z))) or −softplus(D(G(z)))."""
        k, a, sign = self.k, self.a, self.sign
        self.clear(self.G)

        def examples(*rows: Value) -> None:
            zs = [self.latent(noise, i) for i in rows]
            xs, inputs_G = self.G.forward(k, a.parameters, zs)
            logits, inputs = self.D.forward(k, a.parameters, xs)
            slopes = loss.softplus([-sign * logit for (logit,) in logits])
            at_logits = [[slope * -1.0] for slope in slopes]
            found = self.D.backward(k, a.parameters, inputs, at_logits)
            at_x = self.D.through(k, a.parameters, 0, [own[0] for own in found])
            at_outputs = [(own, [gradient]) for own, gradient in zip(inputs_G, at_x, strict=True)]
            self.G.add_gradients(k, a.gradients, at_outputs)

        loss.over(count, examples, factors=1)

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

    # --- Adam ----------------------------------------------------------------------------------

    def clear(self, net: Net) -> None:
        def zero(i: int | Value) -> None:
            self.a.gradients[net.first + i] = self.k.real(0.0)

        self.k.each(net.end - net.first, zero)

    def adam(self, net: Net, size: Value, stretch: Value, scale: Value | None) -> None:
        """Kingma & Ba 2015, algorithm 1: step ``size`` · m / (√v · ``stretch`` + ε).

        The host's table makes of it PyTorch's form, with size lr / (1 − β₁ᵗ) and stretch
        1 / √(1 − β₂ᵗ), or the ε-hat form, with size lr √(1 − β₂ᵗ) / (1 − β₁ᵗ) and stretch 1.
        """
        k, a = self.k, self.a

        def parameter(i: int | Value) -> None:
            at = net.first + i
            gradient = a.gradients[at]
            if scale is not None:
                gradient = gradient * scale
            m, v = a.first[at], a.second[at]
            m = k.fma(a.decay_1, gradient - m, m)
            v = k.fma(a.decay_2, k.fma(gradient, gradient, -1.0 * v), v)
            a.first[at], a.second[at] = m, v
            change = size * m / k.fma(k.sqrt(v), stretch, a.epsilon)
            a.parameters[at] = a.parameters[at] - change

        k.each(net.end - net.first, parameter)


class Loss:
    """An epoch's sum of softplus(x) = max(x, 0) + ln(1 + e^−|x|), with one logarithm at its end.

    The factors 1 + e^−|x| are multiplied. Every few of them the product's exponent is set aside,
    so that it never overflows; in float64, which has no such parts here, its logarithm.
    max(x, 0) is summed batch by batch, so that fewer roundings add up.
    """

    def __init__(self, k: Machine) -> None:
        self.k = k
        self.linear, self.aside = k.variable(k.real(0.0)), k.variable(k.real(0.0))
        self.of_batch, self.product = k.variable(k.real(0.0)), k.variable(k.real(1.0))

    def softplus(self, xs: Sequence[Value]) -> list[Value]:
        """Adds softplus(x) of each; returns their slopes σ(x)."""
        k = self.k
        powers = interleave(k, exp_of_negative, [-1.0 * k.absolute(x) for x in xs])
        for x, e in zip(xs, powers, strict=True):
            self.of_batch.set(self.of_batch.get() + k.at_least(x, 0.0))
            self.product.set(self.product.get() * (1.0 + e))
        shares = [1.0 / (1.0 + e) for e in powers]
        return [
            k.select(x > 0.0, share, e * share)
            for x, e, share in zip(xs, powers, shares, strict=True)
        ]

    def over(self, count: Value, examples: Callable[..., None], *, factors: int) -> None:
        """Call ``examples(i)`` for 0 … count − 1 or, where that is faster, ``examples(i, i + 1)``
        for pairs of them; each of a batch's examples adds so many softplus."""
        k, chunk = self.k, PRODUCT // factors

        def part(number: Value) -> None:
            start = number * chunk
            stop = k.smaller(start + chunk, count)
            if k.pairs:
                whole = (stop - start) / 2
                first = start
                k.loop(0, whole, lambda i: examples(first + i * 2, first + (i * 2 + 1)))
                start = start + whole * 2
            k.loop(start, stop, examples)
            self._set_aside()

        k.loop(0, (count + (chunk - 1)) / chunk, part)
        self.linear.set(self.linear.get() + self.of_batch.get())
        self.of_batch.set(k.real(0.0))

    def _set_aside(self) -> None:
        k, product = self.k, self.product.get()
        taken, rest = (log(k, product), k.real(1.0)) if k.double else parts(k, product)
        self.aside.set(self.aside.get() + taken)
        self.product.set(rest)

    def total(self) -> Value:
        k, aside = self.k, self.aside.get()
        if not k.double:
            aside = log_of_parts(k, aside, self.product.get() - 1.0)
        return self.linear.get() + aside
