"""The losses of examples side by side, added up one after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, cast

from gan_eval.training.fused.losses import PRODUCT, Loss, SoftplusSum, Sum
from gan_eval.training.fused.machine import Machine, Memory
from gan_eval.training.fused.one.machine import OneReplicate
from gan_eval.training.fused.values import Value


class SumInOrder(Sum):
    """An epoch's sum of what lanes hold: of every lane all terms, then of the next."""

    def __init__(self, k: Machine) -> None:
        super().__init__(k)
        self.terms: list[tuple[Memory, Callable[[Value], None]]] = []

    def over(self, count: Value, examples: Callable[..., None], *, factors: int) -> None:
        """Call ``examples(i)`` for the examples i, i + 1, … in the lanes, then add its terms."""
        k, chunk = cast(OneReplicate, self.k), PRODUCT // factors
        width = k.width

        def some(first: Value, stop: Value) -> None:
            k.live = k.smaller(stop - first, k.index(width))
            self.terms.clear()
            examples(first)

            def of_lane(lane: Value) -> None:
                for memory, add in self.terms:
                    add(k.numbers(memory)[lane])

            k.loop(0, k.live, of_lane)

        def part(number: Value) -> None:
            start = number * chunk
            stop = k.smaller(start + chunk, count)
            blocks = (stop - start + (width - 1)) / width
            k.loop(0, blocks, lambda i: some(start + i * width, stop))
            self._set_aside()

        k.loop(0, (count + (chunk - 1)) / chunk, part)
        self.linear.set(self.linear.get() + self.of_batch.get())
        self.of_batch.set(k.real(0.0))

    def add(self, value: Value) -> None:
        self.later(value, super().add)

    def later(self, value: Value, add: Callable[[Value], None]) -> None:
        """Keep a term of every lane, to be added in its turn."""
        memory = self.k.scratch(1)
        memory[0] = value
        self.terms.append((memory, add))


class SoftplusSumInOrder(SumInOrder, SoftplusSum):
    """An epoch's sum of softplus(x), of every lane all terms, then of the next."""

    def multiply(self, factor: Value) -> None:
        self.later(factor, super().multiply)


class LossInOrder(Loss):
    """A loss of one net over an epoch, examples side by side."""

    sums: ClassVar[tuple[type[Sum], type[SoftplusSum]]] = (SumInOrder, SoftplusSumInOrder)
