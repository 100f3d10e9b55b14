"""Labellings as bits: 64 of them in one operation.

A row has a few words, and in them a bit for each labelling of the rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WORD = 64

Words = NDArray[np.uint64]


def packed(labels: NDArray[np.bool_]) -> Words:
    """Put the labels (p, N) of each row into words (N, w), a bit a labelling."""
    count, size = labels.shape
    bits = np.zeros((size, -(-count // WORD) * WORD), np.bool_)
    bits[:, :count] = labels.T
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)


def column_sums(words: Words, count: int) -> NDArray[np.int64]:
    """Count the rows whose bit is set, for each labelling."""
    bits = np.unpackbits(words.view(np.uint8), axis=1, count=count, bitorder="little")
    return bits.sum(axis=0, dtype=np.int64)


def counter(most: int, shape: tuple[int, ...]) -> list[Words]:
    """Make the planes of binary counters to ``most``, one counter for each bit of the words."""
    return [np.zeros(shape, np.uint64) for _ in range(most.bit_length())]


def add(counter: list[Words], ones: Words) -> None:
    for plane in counter:
        carry = plane & ones
        plane ^= ones
        ones = carry


def equal(counter: list[Words], number: int) -> Words:
    """Say where the counters stand at a number."""
    planes = [plane if number >> bit & 1 else ~plane for bit, plane in enumerate(counter)]
    return np.bitwise_and.reduce(planes)


def mark(marked: Words, to: NDArray[np.intp], words: Words) -> None:
    """Set the bits of ``words`` in the rows ``to`` of ``marked``, which may repeat."""
    order = np.argsort(to, kind="stable")
    ordered = to[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    marked[ordered[starts]] |= np.bitwise_or.reduceat(words[order], starts, axis=0)
