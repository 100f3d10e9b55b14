"""``gan_eval.training.draws`` in a kernel: the same words, normal numbers and shuffles for every
lane."""

from __future__ import annotations

from collections.abc import Sequence

from gan_eval.training.draws import Stream
from gan_eval.training.fused.functions import circle, log_uniform
from gan_eval.training.fused.machine import Machine, Memory
from gan_eval.training.fused.values import Index, Interleaved, Value

_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_WEYL = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10
_LOW = 0xFFFFFFFF


class Draws:
    """The random numbers of the lanes' seeds."""

    def __init__(self, k: Machine, seed_low: Value, seed_high: Value) -> None:
        self.k = k
        keys = [(seed_low, seed_high)]
        for _ in range(_ROUNDS - 1):
            low, high = keys[-1]
            keys.append((low + _WEYL[0], high + _WEYL[1]))
        self.keys = [tuple(k.convert(key, "wide") for key in pair) for pair in keys]

    def blocks(
        self, blocks: Sequence[Index], index: Index, stream: Stream
    ) -> tuple[tuple[Value, ...], ...]:
        """Outputs 4·block … 4·block + 3 of a sequence, words, of several blocks: four tuples, each
        of an output of every block. Fewer than 2³² blocks.

        The four words are held in 64 bits each, as the products are. What stands in the upper half
        means nothing and is never read: a product takes the lower halves.
        """
        k = Interleaved(self.k)

        def wide(numbers: Sequence[Value]) -> Value:
            return k.convert(k.pack(numbers), "wide")

        c0 = wide([self._number(block) for block in blocks])
        c2 = wide([self._word(index)])
        c1, c3 = k.constant("wide", 0), k.constant("wide", stream)
        for key_0, key_1 in self.keys:
            product_0 = (c0 & _LOW) * _MULTIPLIERS[0]
            product_1 = (c2 & _LOW) * _MULTIPLIERS[1]
            c0, c1 = k.upper(product_1) ^ c1 ^ k.pack([key_0]), product_1
            c2, c3 = k.upper(product_0) ^ c3 ^ k.pack([key_1]), product_0
        return tuple(k.convert(c, "word").handle for c in (c0, c1, c2, c3))

    def _number(self, block: Index) -> Value:
        """A block's number, a word."""
        return self._word(block)

    def _word(self, index: Index) -> Value:
        return self.k.convert(self.k.index(index), "word")

    def normals(self, blocks: Sequence[Index], index: Index, stream: Stream) -> list[Value]:
        """Standard normal numbers 4·block … 4·block + 3 of a sequence, by Box–Muller, of several
        blocks one after another."""
        first, second, third, fourth = self.blocks(blocks, index, stream)
        k = Interleaved(self.k)
        radius = k.sqrt(-2.0 * log_uniform(k, k.pack([*first, *third])))
        across, up = (radius * side for side in circle(k, k.pack([*second, *fourth])))
        count = len(blocks)
        return [
            side.handle[block + half * count]
            for block in range(count)
            for half in range(2)
            for side in (across, up)
        ]

    def below(self, count: Value, high: Value, low: Value) -> Value:
        """The number 0 … count − 1, a word, that 64 random bits choose: ⌊bits · count / 2⁶⁴⌋."""
        k = self.k
        span = k.convert(count, "wide")
        low_part = (k.convert(low, "wide") * span) >> 32
        return k.convert((k.convert(high, "wide") * span + low_part) >> 32, "word")

    def move(
        self, rows: Memory, moved: Memory, size: int, n: Value, index: Index, stream: Stream
    ) -> None:
        """``moved`` becomes n rows of so many entries in a uniform order: Fisher–Yates from the
        end, two swaps a block."""
        k = self.k

        def swap(i: Value, high: Value, low: Value) -> None:
            j = self.below(self._word(i + 1), high, low) * size

            def entry(e: Index) -> None:
                at = i * size + e
                moved[at] = moved.exchange(j, moved[at], e)

            k.each(size, entry)

        def two(block: Value) -> None:
            words = [word for (word,) in self.blocks([block], index, stream)]
            i = n - 1 - block * 2
            swap(i, *words[:2])
            # Where n is even this ends with i = 0, which swaps with itself: j = ⌊w / 2⁶⁴⌋ = 0.
            swap(i - 1, *words[2:])

        def copy(i: Value) -> None:
            moved[i] = rows[i]

        k.loop(0, n * size, copy)
        k.loop(0, n / 2, two)
