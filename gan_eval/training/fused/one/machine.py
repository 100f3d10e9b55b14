"""A machine whose lanes are a replicate's examples, its parameters, or blocks of its draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from gan_eval.training.fused.llvm import LaneMemory, Lanes
from gan_eval.training.fused.machine import Memory, Table
from gan_eval.training.fused.values import Index, Kind, Value

_WORD, _INDEX = ir.IntType(32), ir.IntType(64)


class OneReplicate(Lanes):
    """Writes a function that trains one replicate.

    What is one number in memory is the same in every lane (``SharedMemory``), or so many numbers
    in a row are the lanes (``RowMemory``), or vectors of lanes lie one after another as elsewhere.
    """

    pairs = False
    abreast = 5
    live: Value
    """How many lanes hold an example of the batch; what the others hold is never added."""

    def memory(self, position: int, kind: Kind, *, shared: bool = False) -> LaneMemory:
        return SharedMemory(self, self.arguments[position], kind, shared=True)

    def numbers(self, memory: Memory) -> LaneMemory:
        """The single numbers that lie in a memory of vectors."""
        assert isinstance(memory, LaneMemory)
        return SharedMemory(self, memory.pointer, memory.kind, shared=True)

    def vectors(self, memory: Memory) -> LaneMemory:
        """The vectors of lanes that single numbers form."""
        assert isinstance(memory, LaneMemory)
        return LaneMemory(self, memory.pointer, memory.kind)

    def words(self, memory: Memory) -> LaneMemory:
        """The same memory, for words."""
        assert isinstance(memory, LaneMemory)
        return LaneMemory(self, memory.pointer, "word")

    def rows(self, memory: Memory) -> RowMemory:
        assert isinstance(memory, LaneMemory)
        return RowMemory(self, memory.pointer, memory.kind, shared=True)

    def lane_numbers(self) -> Value:
        """Each lane's own number, a word."""
        return Value(self, ir.Constant(self.types["word"], [*range(self.width)]), "word")

    def to_index(self, word: Value) -> Value:
        """The word of the first lane as an index."""
        first = self.builder.extract_element(word.handle, ir.Constant(_WORD, 0))
        return Value(self, self.builder.zext(first, _INDEX), "index")

    def in_lane(self, lane: int, other: Value, value: Value) -> Value:
        """``other`` in one lane, ``value`` in the rest."""
        flags = [int(i == lane) for i in range(self.width)]
        where = Value(self, ir.Constant(self.types["flag"], flags), "flag")
        return self.select(where, other, value)

    # --- Lanes and rows ------------------------------------------------------------------------

    def transposed(self, vectors: Sequence[Value]) -> list[Value]:
        """Of ``width`` vectors, lane i of each as vector i.

        As a matrix is transposed by blocks: of 2 × 2 blocks of 1, then of 2, then of 4, … numbers
        those off the diagonal change places, which takes two shuffles of two vectors.
        """
        found = [vector.handle for vector in vectors]
        width, step = self.width, 1
        while step < width:
            for i in range(width):
                if not i & step:
                    a, b = found[i], found[i + step]
                    # Lanes of a and then of b: the left blocks of both, and the right ones.
                    left = [(lane & ~step) + (width if lane & step else 0) for lane in range(width)]
                    found[i] = self._mix(a, b, left)
                    found[i + step] = self._mix(a, b, [lane + step for lane in left])
            step *= 2
        return [Value(self, handle, "real") for handle in found]

    def _mix(self, a: ir.Value, b: ir.Value, lanes: Sequence[int]) -> ir.Value:
        mask = ir.Constant(ir.VectorType(_WORD, len(lanes)), lanes)
        return self.builder.shuffle_vector(a, b, mask)

    def interleaved(self, values: Sequence[Value]) -> ir.Value:
        """One long vector: the first lanes of four values, then the second ones, …"""
        a, b, c, d = (value.handle for value in values)
        width = self.width
        whole = [*range(2 * width)]
        both, rest = self._mix(a, b, whole), self._mix(c, d, whole)
        order = [part * width + lane for lane in range(width) for part in range(4)]
        return self._mix(both, rest, order)

    def table(self, memory: LaneMemory, start: Callable[[int], Value], count: int) -> Table:
        """The ``count`` numbers from ``start(lane)`` on in a memory of rows, for each lane.

        What stands up to ``width`` numbers further on is read too, and of no use.
        """
        starts = [start(lane) for lane in range(self.width)]

        def block(first: Index) -> list[Value]:
            return self.transposed([memory[at + first] for at in starts])

        blocks = -(-count // self.width)
        if count <= self.unrolled:
            found = [value for i in range(blocks) for value in block(i * self.width)]
            return found[:count]
        held = self.scratch(blocks * self.width)

        def keep(i: Index) -> None:
            first = self.index(i) * self.width
            for lane, value in enumerate(block(first)):
                held[first + lane] = value

        self.each(blocks, keep)
        return held


class SharedMemory(LaneMemory):
    """Single numbers, the same in all lanes; the first lane is what is stored."""

    def __setitem__(self, index: Index, value: Value) -> None:
        b = self.k.builder
        b.store(b.extract_element(value.handle, ir.Constant(_WORD, 0)), self._place(index))


class RowMemory(SharedMemory):
    """Single numbers, of which as many as there are lanes, from a position on, are a value."""

    def __getitem__(self, index: Index) -> Value:
        k = self.k
        size = k.scalar[self.kind]
        loaded = k.builder.load(self._place(index), typ=k.types[self.kind], align=_bytes(size))
        return Value(k, loaded, self.kind)

    def __setitem__(self, index: Index, value: Value) -> None:
        k = self.k
        k.builder.store(value.handle, self._place(index), align=_bytes(k.scalar[self.kind]))

    def spread(self, index: Index, apart: int, value: Value) -> None:
        """Store the number of each lane, so far apart."""
        b = self.k.builder
        for lane in range(self.k.width):
            one = b.extract_element(value.handle, ir.Constant(_WORD, lane))
            b.store(one, self._place(index + lane * apart))

    def put(self, index: Index, handle: ir.Value) -> None:
        """Store a vector of any length."""
        k = self.k
        k.builder.store(handle, self._place(index), align=_bytes(k.scalar[self.kind]))


def _bytes(scalar: ir.Type) -> int:
    return 8 if isinstance(scalar, ir.DoubleType) else 4
