"""To which cell each row goes: a pure function of its stream and its position.

A stream's key is 64 bits of the SHA-256 of (seed, stream), and its position has a word of 32 bits
(:func:`~gan_eval.runtime.random.keyed_words`). The lowest bits of the word name a place, and the
zeros before the first one among its other bits name an octave: so the cells of one octave get about
as many rows each, and those of the next half as many.

Cells of many sizes are the change from which blocks of exactly equal counts can be made up
(:mod:`~gan_eval.stats.sketch.grouping`). And most rows go to few cells, which stay in the
processor's cache.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.arguments import shown, whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.random import keyed_words

OCTAVES = 32
CELLS = 4096
MOST_CELLS = 2**16

Cells = NDArray[np.int64]


def cell_count(cells: int) -> int:
    """Check the number of cells: a power of two that gives each octave at least one.

    Examples
    --------
    >>> cell_count(4096)
    4096
    """
    cells = whole_number(cells, "`cells`", OCTAVES, MOST_CELLS)
    if cells & (cells - 1):
        raise UsageError(f"`cells` must be a power of two, got {shown(cells)}")
    return cells


def key_of(seed: int, stream: str) -> tuple[int, int]:
    """Return the two words of the key under which a stream is dealt."""
    digest = hashlib.sha256(f"sketch/{seed}/{stream}".encode()).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")


def deal(key: tuple[int, int], start: int, count: int, cells: int) -> Cells:
    """Return the cell of each position, shape (count,).

    Examples
    --------
    >>> found = deal(key_of(0, "real"), 0, 100_000, 4096)
    >>> round(float((found < 128).mean()), 2)  # the first octave has half of the rows
    0.5
    >>> bool((deal(key_of(0, "real"), 70_001, 9, 4096) == found[70_001:70_010]).all())
    True
    """
    place_bits = (cells // OCTAVES).bit_length() - 1
    bits = 32 - place_bits
    words = keyed_words(key, start, count)
    # The exponent of a whole number below 2⁵³ in float64 is that of its highest bit, exactly.
    exponent = (words >> np.uint64(place_bits)).view(np.int64).astype(np.float64).view(np.int64)
    exponent >>= 52
    found = np.subtract(1022 + bits, exponent, out=exponent)
    # Where all bits are 0, one row in 33 million for 4,096 cells, a second word has more of them.
    for index in np.flatnonzero(found > bits):
        more = int(keyed_words(key, start + int(index), 1, purpose=1)[0])
        found[index] = bits + 32 - more.bit_length()
    np.minimum(found, OCTAVES - 1, out=found)
    found <<= place_bits
    found |= (words & np.uint64((1 << place_bits) - 1)).view(np.int64)
    return found
