"""The small language that a fused kernel is written in, apart from what carries it out.

A kernel is a Python function of a ``Machine`` that computes with ``Value``s, one number a lane,
each lane a replicate or, in ``one``, an example of the only replicate. A machine writes down what
the function does: as LLVM's vector instructions (``llvm.py``) or as the source of a CUDA kernel
(``cuda_source.py``). Python's own loops are unrolled; ``each``, ``fold`` and ``tables`` unroll what
is short and loop over what is long.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import ClassVar

from gan_eval.training.fused.values import Index, Kind, Numbers, Value

UNROLLED = 16
"""Longest loop that is unrolled, as a rule."""


class Memory(ABC):
    """Numbers of one kind in memory: the same ``size`` of them for each lane."""

    kind: Kind

    @abstractmethod
    def __getitem__(self, index: Index) -> Value:
        """The number at a position that is the same for all lanes."""

    @abstractmethod
    def __setitem__(self, index: Index, value: Value) -> None: ...

    @abstractmethod
    def exchange(self, index: Value, value: Value, offset: Index = 0) -> Value:
        """Put in numbers at the position that each lane names, a ``word``, and so many further on;
        return those that were there.

        A position is below 2³² by the number of lanes.
        """


Table = Sequence[Value] | Memory
Place = tuple[int, Index]
"""The number of one of several tables, and the position in it."""


class Machine(Numbers):
    """Writes down operations; subclasses say in what."""

    pairs: ClassVar[bool] = False
    """True where examples are better taken in twos: independent work for a processor, and half as
    many loads and stores of the gradients that they add to."""
    abreast: ClassVar[int] = 3
    """Entries of tables that are computed in turn, operation by operation. They are independent, so
    that a processor that looks a few dozen operations ahead is never without one that it can start;
    of more, the registers would not hold what they need."""

    in_a_turn: ClassVar[int] = 1
    """Entries of long tables that are computed in a turn of a loop. Each is a sum of many terms,
    every one of which waits for the one before, so that others should be there to go on with."""
    unrolled: int = UNROLLED
    """Longest loop that is unrolled."""

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
        """Make a place that holds a value from one turn of a loop to the next."""

    def each(self, count: int, body: Callable[[Index], None]) -> None:
        """``body`` of 0, …, count − 1."""
        if count <= self.unrolled:
            for i in range(count):
                body(i)
        else:
            self.loop(0, count, body)

    def fold(
        self, count: int, start: Sequence[Value], step: Callable[[list[Value], Index], list[Value]]
    ) -> list[Value]:
        """``step(… step(step(start, 0), 1) …, count − 1)``, of several values, interleaved."""
        if count <= self.unrolled:
            values = list(start)
            for i in range(count):
                values = step(values, i)
            return values
        totals = [self.variable(value) for value in start]

        def turn(i: Value) -> None:
            for total, value in zip(totals, step([t.get() for t in totals], i), strict=True):
                total.set(value)

        self.loop(0, count, turn)
        return [total.get() for total in totals]

    def tables(
        self, number: int, count: int, entries: Callable[[Sequence[Place]], Sequence[Value]]
    ) -> list[Table]:
        """So many tables of ``count`` entries each: in registers where short, else in memory.

        ``entries`` gives those of the places that it is given: a few, to be computed interleaved.
        """
        if count <= self.unrolled:
            places = [(table, i) for table in range(number) for i in range(count)]
            parts = -(-len(places) // self.abreast)
            values: list[Value] = []
            for start, stop in pairwise(len(places) * part // parts for part in range(parts + 1)):
                values += entries(places[start:stop])
            return [values[table * count :][:count] for table in range(number)]
        memories = [self.scratch(count) for _ in range(number)]
        several = max(1, self.in_a_turn // number)
        whole = count // several

        def fill(first: Index, many: int) -> None:
            places = [(table, first + i) for table in range(number) for i in range(many)]
            for (table, i), value in zip(places, entries(places), strict=True):
                memories[table][i] = value

        self.loop(0, whole, lambda turn: fill(turn * several, several))
        if rest := count - whole * several:
            fill(whole * several, rest)
        return list(memories)


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
