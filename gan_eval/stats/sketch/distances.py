"""MMD² of two sketches with its bound, and what the generated side is worth in real rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from gan_eval.stats.intervals import FEWEST_ROWS, squared_distance_interval
from gan_eval.stats.noise import Noise
from gan_eval.stats.samples import Array
from gan_eval.stats.sketch.grouping import BLOCKS, equal_blocks
from gan_eval.stats.worth import Worth

if TYPE_CHECKING:
    from gan_eval.stats.sketch.sketch import Sketch

# A kernel value, and each term of a sum of them, is off by a few units in the last place.
_ROUNDING = 2.0**-49
LARGEST = 2.0
LEVEL = 0.95
LEFT_OUT = 0.01
"""The residual of a reference from which on its own rows must not be a side."""
OWN = 0.01
"""The share of the root of the residuals of pivots, below which rows are those of the reference."""
WORTH_BOUND = 1e-3
"""The bound of MMD² up to which worth is given, as a share of the squared distance of one real row
to the real distribution, or of MMD² where that is larger."""


def mmd2(real: Sketch, generated: Sketch) -> tuple[float, float]:
    """Return MMD² without bias, and the most by which that of the whole kernel may differ."""
    n, m = real.n, generated.n
    x, y = real.mean_embedding(), generated.mean_embedding()
    own, other = _within(x, n), _within(y, m)
    lost = [sketch.residuals.bound(sketch.n) for sketch in (real, generated)]
    bound = sum(lost) ** 2 + lost[0] ** 2 / (n - 1) + lost[1] ** 2 / (m - 1)
    off = 2 * rounding(real)
    bound += 2 * off * float(np.linalg.norm(x - y)) + off**2 + 4 * _ROUNDING
    estimate = own + other - 2 * float(x @ y)
    # That of the whole kernel, whose values are from 0 to 1, is from −1/(n−1) − 1/(m−1) to 2.
    most = max(LARGEST - estimate, estimate + 1 / (n - 1) + 1 / (m - 1))
    return estimate, min(bound, most)


def is_rough(real: Sketch, generated: Sketch) -> bool:
    """Say whether the pivots leave so much of the kernel out that worth cannot be told."""
    estimate, bound = mmd2(real, generated)
    spread = 1 - _within(real.mean_embedding(), real.n)
    return bound > WORTH_BOUND * max(spread, estimate)


def rounding(sketch: Sketch) -> float:
    """Return how far a standardised mean embedding may be off, in length, by rounding."""
    return _ROUNDING * float(np.linalg.norm(np.abs(sketch.reference.inverse).sum(axis=1)))


def is_reference(real: Sketch) -> bool:
    """Say whether the rows are those of the reference itself, where that makes p inexact.

    Pivots explain themselves, so that such rows have next to no residual, where each pivot has that
    which the others leave of it, 1 / (K⁻¹)ᵢᵢ = 1 / Σⱼ (C⁻¹)ⱼᵢ². Where other rows have little too,
    it does no harm.
    """
    reference, computed = real.reference, [real.residuals.first, real.residuals.share]
    if reference.residual < LEFT_OUT:
        return False
    left = np.sqrt(1 / np.square(reference.inverse).sum(axis=0)).mean()
    mean = sum(part.roots for part in computed) / sum(part.count for part in computed)
    return bool(mean < OWN * left)


def worth(real: Sketch, generated: Sketch, level: float = LEVEL) -> Worth | None:
    """Return the worth of the generated side; None where rows do not make 4 blocks of each,
    or the pivots hold the kernel too roughly (:func:`is_rough`).

    As :func:`~gan_eval.stats.worth.worth` by MMD has it; the noise is that of blocks of equal
    counts, whose kernel matrix takes the place of that of rows. Of so few blocks the variance is
    itself uncertain: it is taken larger by :func:`student_factor`.
    """
    if is_rough(real, generated):
        return None
    estimate, bound = mmd2(real, generated)
    n, m = real.n, generated.n
    blocks = [_blocks(sketch) for sketch in (real, generated)]
    if min(len(means) for means, _ in blocks) < FEWEST_ROWS:
        return None
    # As if each side had so many blocks.
    sizes = n / blocks[0][1], m / blocks[1][1]
    x, y = (means for means, _ in blocks)
    spread = 1 - _within(real.mean_embedding(), n)
    first = max(spread, 0.0) / n + max(1 - _within(generated.mean_embedding(), m), 0.0) / m
    if not first > np.finfo(np.float64).eps:
        low = high = min(max(estimate, 0.0), LARGEST)
    else:
        joint = np.concatenate([x, y])
        gram = joint @ joint.T
        noise = Noise.of(gram, len(x), sizes[0], sizes[1], first)
        parts = _witness(x, y) / sizes[0], _witness(y, x) / sizes[1]
        factor = student_factor(parts, (len(x), len(y)), level)
        low, high = squared_distance_interval(
            estimate, factor * sum(parts), _larger(noise, factor), largest=LARGEST, level=level
        )
    # What the pivots lose would only add.
    high = min(high + bound, LARGEST)
    return Worth(
        "mmd",
        _over(spread, estimate),
        _over(spread, high),
        _over(spread, low),
        estimate,
        low,
        high,
        spread,
        n,
        m,
        level,
    )


def student_factor(parts: tuple[float, float], blocks: tuple[int, int], level: float) -> float:
    """Return the squared ratio of Student's quantile to the normal one.

    ``parts`` are the variances of the means of the two sides, from so many ``blocks``; their sum
    has the degrees of freedom of Welch (1947). With a variance so much larger the normal interval
    is Student's.

    Examples
    --------
    >>> round(student_factor((1.0, 0.0), (4, 64), 0.95), 2)  # 3.18 / 1.96, squared
    2.64
    """
    below = sum(part**2 / (count - 1) for part, count in zip(parts, blocks, strict=True))
    if not below > 0:
        return 1.0
    tail = (1 + level) / 2
    return float(stdtrit(sum(parts) ** 2 / below, tail) / ndtri(tail)) ** 2


def _larger(noise: Noise, factor: float) -> Noise:
    """Return the noise with tr Σ² larger by a factor, as far as tr Σ allows, and tr Σ³ with it."""
    second = min(factor * noise.second, noise.first**2)
    third = noise.third * (second / noise.second) ** 1.5
    return Noise(noise.first, second, min(third, second**1.5))


def _blocks(sketch: Sketch) -> tuple[Array, int]:
    """Return means of blocks of equal counts of one side, standardised, and their size."""
    for blocks in (BLOCKS, 32, 16, 8, 4):
        size = int(sketch.n * 0.995) // blocks
        if size == 0:
            continue
        groups, full = equal_blocks(sketch.counts, size, sketch.n // size)
        if full >= FEWEST_ROWS:
            return block_means(sketch, groups, full, size), size
    return np.zeros((0, sketch.reference.rank)), 1


def block_means(sketch: Sketch, groups: np.ndarray, blocks: int, size: int) -> Array:
    """Return the mean embeddings of blocks, standardised, shape (blocks, rank)."""
    order = np.argsort(groups, kind="stable")
    order = order[np.searchsorted(groups[order], 0) :]
    firsts = np.searchsorted(groups[order], np.arange(blocks))
    sums = np.add.reduceat(sketch.sums[order], firsts, axis=0)
    return sketch.reference.standardised(sums / size)


def _within(mean: Array, n: int) -> float:
    """Return the mean of k over pairs of different rows; k(x, x) = 1."""
    return (n * float(mean @ mean) - 1) / (n - 1)


def _witness(own: Array, other: Array) -> float:
    """Return the variance, over blocks, of the mean kernel with the others of their own side less
    that with the other side."""
    count = len(own)
    mean = own.mean(axis=0)
    same = (own @ mean * count - np.einsum("ij,ij->i", own, own)) / (count - 1)
    return float((same - own @ other.mean(axis=0)).var(ddof=1))


def _over(spread: float, squared: float) -> float:
    return spread / squared if squared > 0 else math.inf
