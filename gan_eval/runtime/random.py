"""Random numbers as a pure function of (seed, stream, counter): Philox4x32-10.

A counter-based generator is a keyed bijection of its counter: nothing is carried from one draw to
the next, so every backend and device reads the same numbers in whatever order suits it.

Layout. The key is the seed (64 bits). The 128-bit counter is four 32-bit words::

    word 0   block, low half      which four outputs of the sequence
    word 1   block, high half
    word 2   index                the epoch for what is drawn anew each epoch, else 0
    word 3   stream               what the numbers are for

Why no two streams overlap: the stream's number is a part of the counter, so two streams never
encrypt the same counter under one key, and neither do two epochs. Two seeds are two keys, that is
two different bijections.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

_MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], dtype=np.uint64)
_WEYL = np.array([0x9E3779B9, 0xBB67AE85], dtype=np.uint64)
_MASK = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)

MAX_SEED = 2**63 - 1
"""Seeds are 0 … 2⁶³ − 1: they fit the 64-bit key and the signed integers of a table."""


Seeds = int | NDArray[np.integer]
"""One seed, or an array of them."""


def philox4x32(
    counter: NDArray[np.uint32], key: NDArray[np.uint32], rounds: int = 10
) -> NDArray[np.uint32]:
    """Apply the Philox4x32 bijection.

    Parameters
    ----------
    counter : ndarray of uint32, shape (..., 4)
    key : ndarray of uint32, shape (..., 2)
        Its leading axes broadcast with the counter's.
    rounds : int
        10 is the published, crush-resistant number.

    Returns
    -------
    ndarray of uint32, shape (..., 4)
    """
    # Two words of key stand beside each pair of words of the counter.
    counter, key = np.moveaxis(counter, -1, 0), np.moveaxis(key, -1, 0)
    shape = (2, *np.broadcast_shapes(counter.shape[1:], key.shape[1:]))
    pairs = [np.array(np.broadcast_to(counter[i::2], shape), dtype=np.uint64) for i in (0, 1)]
    words = _encrypt(pairs[0], pairs[1], key.astype(np.uint64), rounds)
    return np.stack(words, axis=-1).astype(np.uint32)


def _encrypt(
    even: NDArray[np.uint64], odd: NDArray[np.uint64], key: NDArray[np.uint64], rounds: int = 10
) -> list[NDArray[np.uint64]]:
    """Compute the four words (...) of the encrypted blocks, each a 32-bit number in 64 bits.

    ``even`` holds the words 0 and 2 of the counter and ``odd`` 1 and 3, shape (2, ...), so that
    one instruction does both; they are overwritten. ``key`` (2, ...) broadcasts.
    """
    multipliers, steps = (
        pair.reshape(2, *(1,) * (even.ndim - 1)) for pair in (_MULTIPLIERS, _WEYL)
    )
    key = key.reshape(2, *(1,) * (even.ndim - key.ndim), *key.shape[1:])
    product = np.empty_like(even)
    crossed = product[::-1]
    for _ in range(rounds):
        np.multiply(even, multipliers, out=product)
        np.right_shift(crossed, _32, out=even)
        np.bitwise_xor(even, odd, out=even)
        np.bitwise_xor(even, key, out=even)
        np.bitwise_and(crossed, _MASK, out=odd)
        key = (key + steps) & _MASK
    return [even[0], odd[0], even[1], odd[1]]


def _blocks(seed: Seeds, stream: int, index: int, blocks: int) -> list[NDArray[np.uint64]]:
    """Compute the four words, each (..., blocks), of the first blocks of (seed, stream, index)."""
    seeds = np.asarray(seed, dtype=np.uint64)[..., None]
    even, odd = np.empty((2, 2, *seeds.shape[:-1], blocks), dtype=np.uint64)
    number = np.arange(blocks, dtype=np.uint64)
    even[0], even[1] = number & _MASK, index
    odd[0], odd[1] = number >> _32, stream
    return _encrypt(even, odd, np.stack([seeds & _MASK, seeds >> _32]))


def _uniform(words: NDArray[np.uint64]) -> NDArray[np.floating]:
    # A conversion from signed integers is the faster one.
    uniform = words.view(np.int64) + 0.5
    uniform *= 2.0**-32
    return uniform


def words(seed: Seeds, stream: int, index: int, count: int) -> NDArray[np.uint32]:
    """Draw the first ``count`` 32-bit outputs of (seed, stream, index), shape (..., count).

    Here and below, ``seed`` is one seed or an array (...) of them, which becomes the leading axes
    of what is returned: the same numbers, bit for bit, as seed by seed.
    """
    drawn = np.stack(_blocks(seed, stream, index, -(-count // 4)), axis=-1)
    return drawn.reshape(*drawn.shape[:-2], -1)[..., :count].astype(np.uint32)


def keyed_words(
    key: tuple[int, int], start: int, count: int, purpose: int = 0
) -> NDArray[np.uint64]:
    """Draw the 32-bit numbers ``start`` … ``start + count − 1``, shape (count,), of a key.

    The key is two 32-bit words of any origin. Number i is word i mod 4 of the block of the counter
    ⌊i / 4⌋ (64 bits), ``purpose`` and 0.

    Examples
    --------
    >>> keyed_words((1, 2), 1000, 3).tolist() == keyed_words((1, 2), 0, 1003)[-3:].tolist()
    True
    """
    first, last = start // 4, -(-(start + count) // 4)
    number = np.arange(first, last, dtype=np.uint64)
    even, odd = np.empty((2, 2, len(number)), dtype=np.uint64)
    even[0], even[1], odd[0], odd[1] = number & _MASK, purpose, number >> _32, 0
    drawn = np.stack(_encrypt(even, odd, np.array(key, dtype=np.uint64)[:, None]), axis=-1)
    return drawn.reshape(-1)[start - 4 * first : start - 4 * first + count]


def uniforms(seed: Seeds, stream: int, index: int, count: int) -> NDArray[np.floating]:
    """Draw uniform numbers (w + ½)·2⁻³² in the open interval (0, 1), (..., count), float64."""
    return (words(seed, stream, index, count) + 0.5) * 2.0**-32


def normals(seed: Seeds, stream: int, index: int, shape: tuple[int, ...]) -> NDArray[np.floating]:
    """Draw standard normal numbers (..., *shape), float64, in row-major order.

    Box–Muller: uniforms (u, v) of a pair of words give r cos 2πv and r sin 2πv, r = √(−2 ln u),
    in this order. The largest magnitude is √(−2 ln 2⁻³³) = 6.76.
    """
    count = math.prod(shape)
    drawn = _blocks(seed, stream, index, -(-count // 4))
    result = np.empty((*drawn[0].shape, 4))
    for first in (0, 2):
        radius, angle = _uniform(drawn[first]), _uniform(drawn[first + 1])
        np.log(radius, out=radius)
        radius *= -2.0
        np.sqrt(radius, out=radius)
        angle *= 2.0 * np.pi
        np.multiply(radius, np.cos(angle), out=result[..., first])
        np.multiply(radius, np.sin(angle), out=result[..., first + 1])
    lead = result.shape[:-2]
    return result.reshape(*lead, -1)[..., :count].reshape(*lead, *shape)


def permutation(seed: int, stream: int, index: int, n: int) -> NDArray[np.int64]:
    """Draw a uniform shuffle of 0 … n − 1, shape (n,): Fisher–Yates from the end.

    Step i = n − 1, …, 1 swaps i with j = ⌊(i + 1)·w / 2⁶⁴⌋, where w has the pair of words number
    n − 1 − i as its high and low half. No j is favoured by more than (i + 1)/2⁶⁴.
    """
    pairs = words(seed, stream, index, 2 * max(n - 1, 0)).reshape(-1, 2).astype(np.uint64)
    span = np.arange(n, 1, -1, dtype=np.uint64)
    targets = (pairs[:, 0] * span + ((pairs[:, 1] * span) >> _32)) >> _32
    order = list(range(n))
    for i, j in zip(range(n - 1, 0, -1), targets.tolist(), strict=True):
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype=np.int64)


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return NumPy's generator of (seed, names): the same for the same, independent of all others.

    The names become a stream and an index, by 63 bits of their SHA-256. The stream's highest bit is
    set, which no numbered stream (``training.draws.Stream``) has.
    """
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    stream, index = np.frombuffer(digest, dtype="<u4", count=2).tolist()
    return np.random.default_rng(words(seed, stream | 2**31, index, 8))
