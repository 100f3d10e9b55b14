"""The small language that a fused kernel is written in, apart from what carries it out.

A kernel is a Python function of a ``Machine`` that computes with ``Value``s, one number a lane,
each lane a replicate. A machine writes down what the function does: as LLVM's vector instructions
(``lanes.py``) or as the source of a CUDA kernel (``source.py``). Python's own loops are unrolled;
``each``, ``fold`` and ``table`` unroll what is short and loop over what is long.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["real", "word", "wide", "flag", "index"]
"""``real``: float32 or float64. ``word``, ``wide``: unsigned 32 and 64 bits. ``flag``: true or
false. ``index``: an integer that is the same in every lane, for loops and addresses."""

UNROLLED = 16
"""Longest loop that is unrolled."""


@dataclass(frozen=True)
class Value:
    """One number a lane (or, an index, one for all), as a machine has it."""

    machine: Machine
    handle: Any
    kind: Kind

    def _with(self, other: Value | float, operation: str) -> Value:
        return self.machine.binary(operation, self, self.machine.like(self, other))

    def __add__(self, other: Value | float) -> Value:
        return self._with(other, "+")

    def __sub__(self, other: Value | float) -> Value:
        return self._with(other, "-")

    def __rsub__(self, other: float) -> Value:
        return self.machine.like(self, other) - self

    def __mul__(self, other: Value | float) -> Value:
        return self._with(other, "*")

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Value | float) -> Value:
        return self._with(other, "/")

    def __rtruediv__(self, other: float) -> Value:
        return self.machine.like(self, other) / self

    def __xor__(self, other: Value | int) -> Value:
        return self._with(other, "^")

    def __and__(self, other: Value | int) -> Value:
        return self._with(other, "&")

    def __lshift__(self, bits: int) -> Value:
        return self._with(bits, "<<")

    def __rshift__(self, bits: int) -> Value:
        """Logical: zeros come in from the left."""
        return self._with(bits, ">>")

    def __lt__(self, other: Value | float) -> Value:
        """False where one is NaN."""
        return self.machine.less(self, self.machine.like(self, other))

    def __gt__(self, other: Value | float) -> Value:
        return self.machine.less(self.machine.like(self, other), self)


Index = int | Value
"""A position: known when the kernel is written, or an ``index`` when it runs."""


class Memory(ABC):
    """Numbers of one kind in memory: the same ``size`` of them for each lane."""

    kind: Kind

    @abstractmethod
    def __getitem__(self, index: Index) -> Value:
        """The number at a position that is the same for all lanes."""

    @abstractmethod
    def __setitem__(self, index: Index, value: Value) -> None: ...

    @abstractmethod
    def gather(self, index: Value, offset: Index = 0) -> Value:
        """The numbers at the position that each lane names, a ``word``, and so many further on.

        A position is below 2³² by the number of lanes.
        """

    @abstractmethod
    def scatter(self, index: Value, value: Value) -> None: ...


Table = Sequence[Value] | Memory


class Machine(ABC):
    """Writes down operations; subclasses say in what."""

    double: bool
    """Whether a ``real`` is float64."""

    # --- Numbers -----------------------------------------------------------------------------

    @abstractmethod
    def constant(self, kind: Kind, number: float) -> Value: ...

    @abstractmethod
    def binary(self, operation: str, a: Value, b: Value) -> Value:
        """``+ - * /`` of reals, rounded once each; ``+ - * & | ^ << >>`` of integers, modulo
        their size; ``+ - * / %`` of indices."""

    @abstractmethod
    def less(self, a: Value, b: Value) -> Value:
        """Of reals or words; false where one is NaN."""

    @abstractmethod
    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """a·b + c of reals, rounded once."""

    @abstractmethod
    def sqrt(self, a: Value) -> Value: ...

    @abstractmethod
    def absolute(self, a: Value) -> Value:
        """|a| of a real; NaN stays NaN."""

    @abstractmethod
    def odd(self, a: Value) -> Value:
        """Whether the last bit of a word is 1."""

    @abstractmethod
    def select(self, where: Value, then: Value, otherwise: Value) -> Value: ...

    @abstractmethod
    def convert(self, a: Value, kind: Kind, *, signed: bool = False) -> Value:
        """A word to a real (rounded) or to a wide, a wide to its low word, an index to a real or
        to a word (modulo 2³²). ``signed`` reads a word as two's complement."""

    @abstractmethod
    def bits(self, a: Value) -> Value:
        """The bits of a float32 as a word."""

    @abstractmethod
    def from_bits(self, a: Value) -> Value:
        """The float32 of these bits."""

    @abstractmethod
    def library(self, name: str, a: Value) -> Value:
        """``exp``, ``log``, ``sin``, ``cos`` or ``tanh`` of a float64, by the C library."""

    def real(self, number: float) -> Value:
        return self.constant("real", number)

    def word(self, number: int) -> Value:
        return self.constant("word", number)

    def like(self, value: Value, number: Value | float) -> Value:
        """A Python number as a constant of a value's kind."""
        return number if isinstance(number, Value) else self.constant(value.kind, number)

    def index(self, number: Index) -> Value:
        return number if isinstance(number, Value) else self.constant("index", number)

    def at_most(self, a: Value, limit: float) -> Value:
        """The smaller one; NaN stays NaN."""
        return self.select(a > limit, self.real(limit), a)

    def at_least(self, a: Value, limit: float) -> Value:
        return self.select(a < limit, self.real(limit), a)

    @abstractmethod
    def smaller(self, a: Value, b: Value) -> Value:
        """The smaller index."""

    # --- Memory and loops --------------------------------------------------------------------

    @abstractmethod
    def scratch(self, size: int) -> Memory:
        """New memory for ``size`` reals a lane, of no value yet."""

    @abstractmethod
    def loop(self, start: Index, stop: Index, body: Callable[[Value], None]) -> None:
        """``body`` of start, …, stop − 1."""

    @abstractmethod
    def variable(self, value: Value) -> Variable:
        """What holds a value from one turn of a loop to the next."""

    def each(self, count: int, body: Callable[[Index], None]) -> None:
        """``body`` of 0, …, count − 1."""
        if count <= UNROLLED:
            for i in range(count):
                body(i)
        else:
            self.loop(0, count, body)

    def fold(self, count: int, start: Value, step: Callable[[Value, Index], Value]) -> Value:
        """``step(… step(step(start, 0), 1) …, count − 1)``."""
        if count <= UNROLLED:
            for i in range(count):
                start = step(start, i)
            return start
        total = self.variable(start)
        self.loop(0, count, lambda i: total.set(step(total.get(), i)))
        return total.get()

    def table(self, count: int, entry: Callable[[Index], Value]) -> Table:
        """``entry(0), …, entry(count − 1)``: in registers where short, else in memory."""
        if count <= UNROLLED:
            return [entry(i) for i in range(count)]
        memory = self.scratch(count)

        def fill(i: Index) -> None:
            memory[i] = entry(i)

        self.each(count, fill)
        return memory


class Variable(ABC):
    """A value that loops change."""

    @abstractmethod
    def get(self) -> Value: ...

    @abstractmethod
    def set(self, value: Value) -> None: ...


def entry(table: Table, i: Index) -> Value:
    """``table[i]``: a table in registers is only ever asked at numbers."""
    if isinstance(table, Memory):
        return table[i]
    assert isinstance(i, int)
    return table[i]
