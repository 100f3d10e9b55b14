"""To which cell each row goes: a pure function of its stream and its position.

A stream's key is 64 bits of the SHA-256 of (seed, stream); the word of a position is word
``position % 4`` of Philox4x32-10 at the counter ``position // 4``. Of the word, the lowest bits
name a place, and the zeros before the first one among the other bits name an octave: so the cells
of one octave get about as many rows each, and those of the next half as many.

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
from gan_eval.runtime.random import philox4x32

OCTAVES = 32
CELLS = 4096
MOST_CELLS = 2**16

Cells = NDArray[np.intp]


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


def key_of(seed: int, stream: str) -> NDArray[np.uint32]:
    """Return the two words of the key under which a stream is dealt."""
    digest = hashlib.sha256(f"sketch/{seed}/{stream}".encode()).digest()
    return np.frombuffer(digest, dtype="<u4", count=2).astype(np.uint32)


def words_at(key: NDArray[np.uint32], start: int, count: int, purpose: int = 0) -> NDArray:
    """Draw a 32-bit word for each of the positions ``start`` … ``start + count − 1``."""
    first, last = start // 4, -(-(start + count) // 4)
    number = np.arange(first, last, dtype=np.uint64)
    counter = np.zeros((len(number), 4), dtype=np.uint32)
    counter[:, 0], counter[:, 1] = number & np.uint64(0xFFFFFFFF), number >> np.uint64(32)
    counter[:, 2] = purpose
    drawn = philox4x32(counter, key).reshape(-1)
    return drawn[start - 4 * first : start - 4 * first + count]


def deal(key: NDArray[np.uint32], start: int, count: int, cells: int) -> Cells:
    """Return the cell of each position, shape (count,).

    Examples
    --------
    >>> found = deal(key_of(0, "real"), 0, 100_000, 4096)
    >>> round(float((found < 128).mean()), 2)  # the first octave has half of the rows
    0.5
    >>> bool((deal(key_of(0, "real"), 70_001, 9, 4096) == found[70_001:70_010]).all())
    True
    """
    each = cells // OCTAVES
    words = words_at(key, start, count)
    bits = 32 - (each.bit_length() - 1)
    rest = (words >> np.uint32(32 - bits)).astype(np.float64)
    # The exponent of a whole number below 2⁵³ is that of its highest bit, exactly.
    octave = bits - np.frexp(rest)[1]
    np.minimum(octave, OCTAVES - 1, out=octave)
    return octave * np.intp(each) + (words & np.uint32(each - 1)).astype(np.intp)
