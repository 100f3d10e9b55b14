"""All randomness of a run, as a pure function of (seed, stream, counter): Philox4x32-10.

A counter-based generator is a keyed bijection of its counter: nothing is carried from one draw to
the next, so every backend and device reads the same numbers in whatever order suits it.

Layout. The key is the seed (64 bits). The 128-bit counter is four 32-bit words::

    word 0   block, low half      which four outputs of the sequence
    word 1   block, high half
    word 2   index                the epoch for what is drawn anew each epoch, else 0
    word 3   stream               what the numbers are for (``Stream``)

Why no two streams overlap: the stream's number is a part of the counter, so two streams never
encrypt the same counter under one key, and neither do two epochs. Two seeds are two keys, that is
two different bijections.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
"""

from __future__ import annotations

import hashlib
import itertools
import math
from enum import IntEnum
from typing import NamedTuple

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


class Stream(IntEnum):
    """What a sequence of random numbers is for."""

    TRAINING_ROWS = 0
    INITIAL_NORMAL = 1
    INITIAL_UNIFORM = 2
    EPOCH_ORDER = 3
    LATENT_NOISE = 4
    EVALUATION_REAL = 5
    EVALUATION_LATENT = 6
    PERMUTATION_TESTS = 7


def philox4x32(
    counter: NDArray[np.uint32], key: NDArray[np.uint32], rounds: int = 10
) -> NDArray[np.uint32]:
    """The Philox4x32 bijection.

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
    """The four words (...) of the encrypted blocks, each a 32-bit number in 64 bits.

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
    """The four words, each (..., blocks), of the first blocks of (seed, stream, index)."""
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
    """The first ``count`` 32-bit outputs of (seed, stream, index), shape (..., count).

    Here and below, ``seed`` is one seed or an array (...) of them, which becomes the leading axes
    of what is returned: the same numbers, bit for bit, as seed by seed.
    """
    drawn = np.stack(_blocks(seed, stream, index, -(-count // 4)), axis=-1)
    return drawn.reshape(*drawn.shape[:-2], -1)[..., :count].astype(np.uint32)


def uniforms(seed: Seeds, stream: int, index: int, count: int) -> NDArray[np.floating]:
    """Uniform numbers (w + ½)·2⁻³² in the open interval (0, 1), shape (..., count), float64."""
    return (words(seed, stream, index, count) + 0.5) * 2.0**-32


def normals(
    seed: Seeds, stream: Stream, index: int, shape: tuple[int, ...]
) -> NDArray[np.floating]:
    """Standard normal numbers (..., *shape), float64, in row-major order.

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


def permutation(seed: int, stream: Stream, index: int, n: int) -> NDArray[np.int64]:
    """A uniform shuffle of 0 … n − 1, shape (n,): Fisher–Yates from the end.

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
    set, which no ``Stream`` has.
    """
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    stream, index = np.frombuffer(digest, dtype="<u4", count=2).tolist()
    return np.random.default_rng(words(seed, stream | 2**31, index, 8))


# --- The numbers of one run ------------------------------------------------------------------


def training_rows(seed: Seeds, n_examples: int, dimension: int) -> NDArray[np.floating]:
    """The standard normal X (..., n_examples, dimension) behind the training rows X A + b."""
    return normals(seed, Stream.TRAINING_ROWS, 0, (n_examples, dimension))


def epoch_order(seed: int, epoch: int, n_examples: int) -> NDArray[np.int64]:
    """The order (n_examples,) in which epoch 0, 1, … visits the training rows."""
    return permutation(seed, Stream.EPOCH_ORDER, epoch, n_examples)


def latent_noise(seed: int, epoch: int, n_examples: int, latent_size: int) -> NDArray[np.floating]:
    """The latent z (n_examples, latent_size) of an epoch; row i goes with the i-th row visited."""
    return normals(seed, Stream.LATENT_NOISE, epoch, (n_examples, latent_size))


def evaluation_real(seed: Seeds, n: int, dimension: int) -> NDArray[np.floating]:
    """Standard normal rows (..., n, dimension) behind fresh real samples, never trained on."""
    return normals(seed, Stream.EVALUATION_REAL, 0, (n, dimension))


def evaluation_latent(seed: Seeds, n: int, latent_size: int) -> NDArray[np.floating]:
    """Latent rows (..., n, latent_size) behind the generated samples that are judged."""
    return normals(seed, Stream.EVALUATION_LATENT, 0, (n, latent_size))


def permutation_tests(seed: int) -> np.random.Generator:
    """The generator of the permutations that judge this seed's replicate."""
    return np.random.default_rng(words(seed, Stream.PERMUTATION_TESTS, 0, 8))


class Layer(NamedTuple):
    """One linear layer: ``y = x @ weight + bias``."""

    weight: NDArray[np.floating]
    """Shape (inputs, outputs)."""
    bias: NDArray[np.floating]
    """Shape (outputs,)."""


def initial_layers(
    seed: Seeds,
    generator_sizes: tuple[int, ...],
    discriminator_sizes: tuple[int, ...],
    *,
    scale: float,
    zero_biases: bool = False,
    glorot_generator: bool = False,
) -> tuple[list[Layer], list[Layer]]:
    """Initial layers of the generator and of the discriminator, float64.

    Of an array (...) of seeds, the layers have its shape as leading axes.

    Parameters
    ----------
    seed : int, or array of them
    generator_sizes, discriminator_sizes : tuple of int
        Widths from the input to the output, as (2, 2) and (2, 5, 3, 1).
    scale : float
        Standard deviation of the normal start, N(0, scale²).
    zero_biases : bool
        Start every bias at 0, as MXNet does.
    glorot_generator : bool
        Start the generator's weights uniform on ±√(6 / (inputs + outputs)) and its biases at 0,
        as Keras does with a layer that the chapter's init loop does not reach.

    Notes
    -----
    Normal k of the stream belongs to parameter k, in the order generator, discriminator; layer by
    layer; weight (row-major), bias. A dialect that does not use a number skips it, so the numbers
    of the other parameters are the same in every dialect.
    """
    shapes = [list(itertools.pairwise(s)) for s in (generator_sizes, discriminator_sizes)]
    count = sum((inputs + 1) * outputs for net in shapes for inputs, outputs in net)

    flat = scale * normals(seed, Stream.INITIAL_NORMAL, 0, (count,))
    nets, position = [], 0
    for net in shapes:
        layers = []
        for inputs, outputs in net:
            bias_at = position + inputs * outputs
            weight = flat[..., position:bias_at].reshape(*flat.shape[:-1], inputs, outputs)
            position = bias_at + outputs
            layers.append(Layer(weight, flat[..., bias_at:position]))
        nets.append(layers)
    generator, discriminator = nets
    if glorot_generator:
        sizes = [inputs * outputs for inputs, outputs in shapes[0]]
        uniform = 2 * uniforms(seed, Stream.INITIAL_UNIFORM, 0, sum(sizes)) - 1
        parts = np.split(uniform, np.cumsum(sizes)[:-1], axis=-1)
        generator = [
            Layer(np.sqrt(6 / sum(w.shape[-2:])) * part.reshape(w.shape), np.zeros_like(b))
            for (w, b), part in zip(generator, parts, strict=True)
        ]
    if zero_biases:
        generator = [Layer(w, np.zeros_like(b)) for w, b in generator]
        discriminator = [Layer(w, np.zeros_like(b)) for w, b in discriminator]
    return generator, discriminator
