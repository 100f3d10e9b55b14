"""The losses of both nets: their slopes at the logits, and their sums over an epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from gan_eval.training.fused.functions import exp_of_negative, log, log_of_parts, parts
from gan_eval.training.fused.machine import Machine
from gan_eval.training.fused.values import Value, interleave

PRODUCT = 32
"""Factors 1 + e^−|x| ≤ 2 that are multiplied before the product's exponent is taken off."""


class Sum:
    """An epoch's sum, batch by batch, so that fewer roundings add up."""

    def __init__(self, k: Machine) -> None:
        self.k = k
        self.linear, self.of_batch = k.variable(k.real(0.0)), k.variable(k.real(0.0))

    def add(self, value: Value) -> None:
        self.of_batch.set(self.of_batch.get() + value)

    def over(self, count: Value, examples: Callable[..., None], *, factors: int) -> None:
        """Call ``examples(i)`` for 0 … count − 1 or, where that is faster, ``examples(i, i + 1)``
        for pairs of them; each of a batch's examples adds so many terms."""
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
        """Make room after some terms."""

    def total(self) -> Value:
        return self.linear.get()


class SoftplusSum(Sum):
    """An epoch's sum of softplus(x) = max(x, 0) + ln(1 + e^−|x|), with one logarithm at its end.

    The factors 1 + e^−|x| are multiplied. Every few of them the product's exponent is set aside,
    so that it never overflows; in float64, which has no such parts here, its logarithm.
    """

    def __init__(self, k: Machine) -> None:
        super().__init__(k)
        self.aside, self.product = k.variable(k.real(0.0)), k.variable(k.real(1.0))

    def multiply(self, factor: Value) -> None:
        self.product.set(self.product.get() * factor)

    def softplus(self, xs: Sequence[Value]) -> list[Value]:
        """Adds softplus(x) of each; returns their slopes σ(x)."""
        k = self.k
        powers = interleave(k, exp_of_negative, [-1.0 * k.absolute(x) for x in xs])
        for x, e in zip(xs, powers, strict=True):
            self.add(k.at_least(x, 0.0))
            self.multiply(1.0 + e)
        shares = [1.0 / (1.0 + e) for e in powers]
        return [
            k.select(x > 0.0, share, e * share)
            for x, e, share in zip(xs, powers, shares, strict=True)
        ]

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


class Loss:
    """A loss of one net over an epoch, as ``TrainingConfig.loss`` defines it."""

    sums: ClassVar[tuple[type[Sum], type[SoftplusSum]]] = (Sum, SoftplusSum)

    def __init__(self, k: Machine, loss: str, *, saturating: bool) -> None:
        self.k, self.loss, self.saturating = k, loss, saturating
        plain, softplus = self.sums
        self.softplus = softplus(k) if loss in ("cross_entropy", "relativistic") else None
        self.sum = self.softplus or plain(k)

    def squares(self, apart: list[Value]) -> list[Value]:
        """Adds the square of each; returns half their slopes."""
        for one in apart:
            self.sum.add(one * one)
        return apart

    def of_D(self, logits: Sequence[Value]) -> list[Value]:
        """D's slopes at logits of real and generated rows in turn."""
        k, count = self.k, len(logits) // 2
        signed = list(zip([-1.0, 1.0] * count, logits, strict=True))
        if self.loss == "hinge":
            margins = [(sign, sign * logit + 1.0) for sign, logit in signed]
            for _, margin in margins:
                self.sum.add(k.at_least(margin, 0.0))
            return [k.select(m > 0.0, k.real(sign / 2), k.real(0.0)) for sign, m in margins]
        if self.softplus is None:
            return self.squares([logit - 1.0 if sign < 0 else logit for sign, logit in signed])
        if self.loss == "relativistic":
            pairs = zip(logits[::2], logits[1::2], strict=True)
            slopes = self.softplus.softplus([fake - real for real, fake in pairs])
            return [slope * sign for slope in slopes for sign in (-1.0, 1.0)]
        slopes = self.softplus.softplus([sign * logit for sign, logit in signed])
        return [slope * (sign / 2) for (sign, _), slope in zip(signed, slopes, strict=True)]

    def of_G(self, logits: Sequence[Value], real: Sequence[Value] = ()) -> list[Value]:
        """G's slopes at logits of generated rows; ``real`` are those of the rows beside them."""
        if self.loss == "hinge":
            for logit in logits:
                self.sum.add(-1.0 * logit)
            return [self.k.real(-1.0)] * len(logits)
        if self.softplus is None:
            return self.squares([logit - 1.0 for logit in logits])
        if self.loss == "relativistic":
            xs = [x - logit for x, logit in zip(real, logits, strict=True)]
        else:
            xs = [(1.0 if self.saturating else -1.0) * logit for logit in logits]
        return [slope * -1.0 for slope in self.softplus.softplus(xs)]

    def total_D(self) -> Value:
        return self.sum.total() * (1.0 if self.loss == "relativistic" else 0.5)

    def total_G(self) -> Value:
        factor = -1.0 if self.saturating else 0.5 if self.loss == "least_squares" else 1.0
        return self.sum.total() * factor
