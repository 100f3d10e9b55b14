"""The random numbers of one training: which streams of ``runtime.random`` are whose."""

from __future__ import annotations

import itertools
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.random import Seeds, normals, permutation, uniforms, words


class Stream(IntEnum):
    """A purpose that a sequence of random numbers is for."""

    TRAINING_ROWS = 0
    INITIAL_NORMAL = 1
    INITIAL_UNIFORM = 2
    EPOCH_ORDER = 3
    LATENT_NOISE = 4
    EVALUATION_REAL = 5
    EVALUATION_LATENT = 6
    PERMUTATION_TESTS = 7
    TRAINING_COMPONENTS = 8
    EVALUATION_COMPONENTS = 9


def training_rows(seed: Seeds, n_examples: int, dimension: int) -> NDArray[np.floating]:
    """Draw the standard normal X (..., n_examples, dimension) behind the training rows X A + b."""
    return normals(seed, Stream.TRAINING_ROWS, 0, (n_examples, dimension))


def epoch_order(seed: int, epoch: int, n_examples: int) -> NDArray[np.int64]:
    """Draw the order (n_examples,) in which epoch 0, 1, … visits the training rows."""
    return permutation(seed, Stream.EPOCH_ORDER, epoch, n_examples)


def latent_noise(seed: int, epoch: int, n_examples: int, latent_size: int) -> NDArray[np.floating]:
    """Draw the latent z (n_examples, latent_size) of an epoch; row i goes with the i-th row
    visited."""
    return normals(seed, Stream.LATENT_NOISE, epoch, (n_examples, latent_size))


def evaluation_real(seed: Seeds, n: int, dimension: int) -> NDArray[np.floating]:
    """Standard normal rows (..., n, dimension) behind fresh real samples, never trained on."""
    return normals(seed, Stream.EVALUATION_REAL, 0, (n, dimension))


def evaluation_latent(seed: Seeds, n: int, latent_size: int) -> NDArray[np.floating]:
    """Latent rows (..., n, latent_size) behind the generated samples that are judged."""
    return normals(seed, Stream.EVALUATION_LATENT, 0, (n, latent_size))


def components(
    seed: Seeds, stream: Stream, n: int, weights: NDArray[np.floating]
) -> NDArray[np.int64]:
    """Draw which component of a mixture each row (..., n) is of, by the weights (k,)."""
    ends = np.cumsum(weights)[:-1]
    return np.searchsorted(ends, uniforms(seed, stream, 0, n), side="right")


def permutation_tests(seed: int) -> np.random.Generator:
    """Make the generator of the permutations that judge this seed's replicate."""
    return np.random.default_rng(words(seed, Stream.PERMUTATION_TESTS, 0, 8))


class Layer(NamedTuple):
    """A linear layer: ``y = x @ weight + bias``."""

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
    discriminator_scale: float | None = None,
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
    discriminator_scale : float, optional
        That of the discriminator, where it is another.
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
    ends = np.cumsum([n for net in shapes for i, o in net for n in (i * o, o)])

    flat = normals(seed, Stream.INITIAL_NORMAL, 0, (int(ends[-1]),))
    scales = scale, scale if discriminator_scale is None else discriminator_scale
    numbers = (flat[..., start:end] for start, end in itertools.pairwise([0, *ends]))
    generator, discriminator = (
        [
            Layer(own * next(numbers).reshape(*flat.shape[:-1], *shape), own * next(numbers))
            for shape in net
        ]
        for own, net in zip(scales, shapes, strict=True)
    )
    if glorot_generator:
        sizes = [inputs * outputs for inputs, outputs in shapes[0]]
        uniform = 2 * uniforms(seed, Stream.INITIAL_UNIFORM, 0, sum(sizes)) - 1
        parts = np.split(uniform, np.cumsum(sizes)[:-1], axis=-1)
        generator = [
            Layer(np.sqrt(6 / sum(w.shape[-2:])) * part.reshape(w.shape), np.zeros_like(b))
            for (w, b), part in zip(generator, parts, strict=True)
        ]
    if zero_biases:
        generator, discriminator = (
            [Layer(w, np.zeros_like(b)) for w, b in net] for net in (generator, discriminator)
        )
    return generator, discriminator
