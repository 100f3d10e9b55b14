"""The random numbers of one seed, its blocks side by side in the lanes."""

from __future__ import annotations

from gan_eval.training.draws import Stream
from gan_eval.training.fused.llvm import LaneMemory
from gan_eval.training.fused.machine import Memory
from gan_eval.training.fused.one.machine import OneReplicate
from gan_eval.training.fused.philox import Draws
from gan_eval.training.fused.values import Index, Value


class BlockDraws(Draws):
    """The random numbers of one seed; a block is asked for with the next ``width`` − 1."""

    def __init__(self, k: OneReplicate, seed_low: Value, seed_high: Value) -> None:
        super().__init__(k, seed_low, seed_high)
        self.lanes = k

    def _number(self, block: Index) -> Value:
        return self._word(block) + self.lanes.lane_numbers()

    def shuffle(self, order: Memory, n: Value, index: Index, stream: Stream) -> None:
        """A uniform order (n words) of 0 … n − 1, that of ``Draws.move``: what to swap with is
        found for all lanes at once, the swaps themselves are made one by one."""
        k, width = self.lanes, self.lanes.width
        numbers, rows = k.numbers(order), k.rows(order)
        memory = k.scratch(2)
        assert isinstance(memory, LaneMemory)
        targets = LaneMemory(k, memory.pointer, "word")
        single = k.numbers(targets)

        def fill(i: Value) -> None:
            rows[i * width] = self._number(i * width)

        def several(group: Value) -> None:
            first = group * width
            words = [word for (word,) in self.blocks([first], index, stream)]
            counts = self._word(n) - self._number(first) * 2
            targets[0] = self.below(counts, *words[:2])
            targets[1] = self.below(counts - 1, *words[2:])
            k.loop(0, k.smaller(n / 2 - first, k.index(width)), lambda lane: two(first, lane))

        def two(first: Value, lane: Value) -> None:
            top = n - 1 - (first + lane) * 2
            for half in range(2):
                i, j = top - half, k.to_index(single[lane + half * width])
                here, there = numbers[i], numbers[j]
                numbers[i] = there
                numbers[j] = here

        k.loop(0, (n + (width - 1)) / width, fill)
        k.loop(0, (n / 2 + (width - 1)) / width, several)
