"""A machine that carries nothing out and counts: the operations of a kernel's program.

It knows indices, which steer loops, and forgets every other value. A loop is counted at its first
and at its last turn, and all between as the first, which is exact where only the last batch or
chunk is smaller, as in the chapter's configuration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused import buffers
from gan_eval.training.fused.losses import Loss
from gan_eval.training.fused.machine import Machine, Memory, Variable
from gan_eval.training.fused.network import Net
from gan_eval.training.fused.philox import Draws
from gan_eval.training.fused.program import Batch, Training
from gan_eval.training.fused.shape import INDICES, REALS, Arguments, Shape
from gan_eval.training.fused.values import Index, Kind, Value

PHASES = ("shuffle", "noise", "D", "Adam of D", "G", "Adam of G", "rest")
"""Parts of an epoch: its order, the latent noise, the two gradients, the two Adam steps."""

FLOATING = ("fma", "mul", "add", "div", "sqrt")
"""Operations on reals: multiply-add, product, sum or difference, quotient, root."""
INTEGER = ("integer", "wide")
"""Of words (32 bits), and of words held in 64 bits, of which a register holds half as many."""
OTHER = ("compare", "select", "sign", "convert", "load", "store", "exchange")
OPERATIONS = (*FLOATING, *INTEGER, *OTHER)

_REAL = {"+": "add", "-": "add", "*": "mul", "/": "div"}


class Counting(Machine):
    """Counts operations a lane by (phase, operation)."""

    def __init__(self, *, double: bool = False) -> None:
        self.double = double
        self.counts: Counter[tuple[str, str]] = Counter()
        self.phase = "rest"
        self._times = 1

    @contextmanager
    def during(self, phase: str) -> Iterator[None]:
        """Count what is inside under this phase."""
        before, self.phase = self.phase, phase
        yield
        self.phase = before

    def _count(self, operation: str, kind: Kind) -> Value:
        self.counts[self.phase, operation] += self._times
        return Value(self, None, kind)

    # --- Numbers -----------------------------------------------------------------------------

    def constant(self, kind: Kind, number: float) -> Value:
        return Value(self, int(number) if kind == "index" else None, kind)

    def binary(self, operation: str, a: Value, b: Value) -> Value:
        if a.kind == "index":
            of: dict[str, Callable[[int, int], int]] = {
                "+": int.__add__, "-": int.__sub__, "*": int.__mul__,
                "/": int.__floordiv__, "%": int.__mod__,
            }  # fmt: skip
            return Value(self, of[operation](a.handle, b.handle), "index")
        if a.kind == "real":
            return self._count(_REAL[operation], "real")
        return self._count("wide" if a.kind == "wide" else "integer", a.kind)

    def less(self, a: Value, b: Value) -> Value:
        return self._count("compare", "flag")

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        return self._count("fma", "real")

    def sqrt(self, a: Value) -> Value:
        return self._count("sqrt", "real")

    def absolute(self, a: Value) -> Value:
        return self._count("sign", "real")

    def odd(self, a: Value) -> Value:
        return self._count("integer", "flag")

    def select(self, where: Value, then: Value, otherwise: Value) -> Value:
        return self._count("select", then.kind)

    def convert(self, a: Value, kind: Kind, *, signed: bool = False) -> Value:
        # An index is the same in every lane: it is converted once for all.
        return Value(self, None, kind) if a.kind == "index" else self._count("convert", kind)

    def bits(self, a: Value) -> Value:
        return Value(self, None, "word")

    def from_bits(self, a: Value) -> Value:
        return Value(self, None, "real")

    def library(self, name: str, *operands: Value) -> Value:
        return self._count("library", "real")

    def smaller(self, a: Value, b: Value) -> Value:
        return Value(self, min(a.handle, b.handle), "index")

    # --- Memory and loops --------------------------------------------------------------------

    def scratch(self, size: int) -> Memory:
        return CountedMemory(self, "real")

    def loop(self, start: Index, stop: Index, body: Callable[[Value], None]) -> None:
        first, last = self.index(start).handle, self.index(stop).handle - 1
        if last < first:
            return
        if last > first:
            before = self._times
            self._times = before * (last - first)
            body(self.index(first))
            self._times = before
        body(self.index(last))

    def variable(self, value: Value) -> Variable:
        return CountedVariable(value)


class CountedVariable(Variable):
    """A register: reading and writing it costs nothing."""

    def __init__(self, value: Value) -> None:
        self.value = value

    def get(self) -> Value:
        return self.value

    def set(self, value: Value) -> None:
        self.value = value


class CountedMemory(Memory):
    """Counts what is loaded and stored; what is the same for all lanes counts as well."""

    def __init__(self, k: Counting, kind: Kind) -> None:
        self.k, self.kind = k, kind

    def __getitem__(self, index: Index) -> Value:
        return self.k._count("load", self.kind)

    def __setitem__(self, index: Index, value: Value) -> None:
        self.k._count("store", self.kind)

    def exchange(self, index: Value, value: Value, offset: Index = 0) -> Value:
        return self.k._count("exchange", self.kind)


class _Training(Training):
    """The program, with its parts counted apart."""

    k: Counting

    def order_rows(self, epoch: Value) -> None:
        with self.k.during("shuffle"):
            super().order_rows(epoch)

    def draw_noise(self, epoch: Value, start: Value, stop: Value) -> Value:
        with self.k.during("noise"):
            return super().draw_noise(epoch, start, stop)

    def update_D(self, loss: Loss, batch: Batch) -> None:
        with self.k.during("D"):
            super().update_D(loss, batch)

    def update_G(self, loss: Loss, batch: Batch) -> None:
        with self.k.during("G"):
            super().update_G(loss, batch)

    def step(self, net: Net, batch: Batch, turn: int = 0, origin: Memory | None = None) -> None:
        with self.k.during("Adam of D" if net.first else "Adam of G"):
            super().step(net, batch, turn, origin)


def operations_per_example(
    config: TrainingConfig, *, machine: type[Counting] = Counting
) -> dict[tuple[str, str], float]:
    """Operations a lane that one example of an epoch costs, by (phase, operation).

    The program is the one that the kernel is compiled from (``gan_eval.training.fused.program``).
    What a compiler saves, as a value computed twice or a product with −1, is counted nevertheless.
    """
    shape = Shape.of(config)
    k = machine(double=shape.double)
    word, real = Value(k, None, "word"), Value(k, None, "real")
    kinds: dict[str, Kind] = dict.fromkeys(("rows", "moved"), shape.kind("wide"))
    memories: dict[str, Any] = {
        name: CountedMemory(k, kinds.get(name, "real"))
        for name in (
            *(
                "parameters",
                "first",
                "second",
                "before",
                "average",
                "rows",
                "moved",
                "order",
                "noise",
            ),
            *("gradients", "trace", "affine", "steps"),
        )
    }
    draws = Draws(k, word, word)
    k.counts.clear()  # a seed's keys are made once a training
    of_call = buffers.numbers(config, 0, 1)
    numbers: dict[str, Any] = dict.fromkeys(REALS, real) | {
        name: k.index(int(of_call[name])) for name in INDICES
    }
    _Training(k, shape, Arguments(draws, **memories, **numbers)).train()
    return {key: count / config.n_examples for key, count in k.counts.items()}


def total(counts: dict[tuple[str, str], float], *operations: str) -> float:
    """The sum over phases of some operations."""
    return sum(count for (_, operation), count in counts.items() if operation in operations)
