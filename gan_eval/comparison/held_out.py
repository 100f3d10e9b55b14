"""Do generated rows lie nearer to the rows that a generator was trained on than to other real ones?

That is the question of copying which has an exact answer: to a generator that copies nothing,
training rows and held-out real rows are alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.arguments import draw_count
from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.multiple import rejected
from gan_eval.stats.neighbours import Neighbours
from gan_eval.stats.permutation.engine import resampled_pvalue
from gan_eval.stats.permutation.labels import Array, row_codes
from gan_eval.stats.permutation.null import NullLabels
from gan_eval.stats.shares import share_interval

RARE = 0.01
"""A row is near where only this share of comparable real rows is as near."""

FEWEST = 8
"""Generated rows that are looked at together, at least."""

FEWER = math.sqrt(2)
"""So many times fewer rows has one part than the part before."""

MOST = 10_000
"""Generated rows looked at, at most, and held-out ones for ``share_copied``; drawn by the seed."""

MOST_PAIRS = 10
"""Nearest pairs that are kept."""

_DISTANCES = 10**9  # of so many, fewer rows are looked at
_FEWER = 1000
_LABELS = 2**24


class CopyVerdict(StrEnum):
    """The answer to the question whether rows are copied."""

    COPIES = "copies"
    """Rows are copied, or lie nearer to a row than chance brings them."""
    NO_COPIES_SHOWN = "no_copies_shown"
    """It is not shown, though it could have been."""
    COULD_NOT_TELL = "could_not_tell"
    """Too few rows, or permutations, or none that tells anything."""


@dataclass(frozen=True)
class Pair:
    """A generated row and the training row next to it.

    Attributes
    ----------
    generated, training : int
        The numbers of the rows, from 0, in the tables as given.
    distance : float
        In standard deviations of the real columns, or in the coordinates of embedded rows.
    ratio : float
        The distance over that to the second nearest training row.
    """

    generated: int
    training: int
    distance: float
    ratio: float


@dataclass(frozen=True)
class HeldOut:
    """What held-out real rows say about copying.

    Attributes
    ----------
    pvalue : float
        Of generated rows that lie nearer to the training rows than to the held-out ones, by
        permutation of which real rows are training rows: exact.
    statistic : float
        Of how many generated rows the nearest real row is a training row, in standard deviations
        above the mean over permutations; the largest over parts of the generated rows.
    part : float
        The share of the generated rows for which it is largest.
    nearer, expected : float
        The share of generated rows whose nearest real row is a training row, and what would be
        expected.
    share_copied : float
        The share of generated rows that are nearer to a training row than held-out rows are, but
        for 1 in 100, beyond that 1 in 100.
    share_interval : (float, float)
        Holds that share with 95 %.
    pairs : tuple of Pair
        The nearest ones, at most ``MOST_PAIRS``.
    training_rows, held_out_rows, generated_rows : int
        How many rows were looked at.
    permutations : int
    alpha : float
    verdict : CopyVerdict
    """

    pvalue: float
    statistic: float
    part: float
    nearer: float
    expected: float
    share_copied: float
    share_interval: tuple[float, float]
    pairs: tuple[Pair, ...] = field(repr=False)
    training_rows: int
    held_out_rows: int
    generated_rows: int
    permutations: int
    alpha: float
    verdict: CopyVerdict


def held_out_test(
    training: Array,
    held_out: Array,
    generated: Array,
    *,
    permutations: int = 999,
    alpha: float = 0.05,
    groups: Any = None,
    rng: np.random.Generator,
) -> HeldOut:
    """Test whether generated rows lie nearer to training rows than to held-out real rows.

    Parameters
    ----------
    training, held_out, generated : ndarray, shape (n, d), (h, d) and (m, d)
        Independent rows in coordinates in which the Euclidean distance means something, and in
        which training and held-out rows have equal parts: scaled or embedded by both together.
    permutations : int
    alpha : float
    groups : pair of lists, optional
        The group of each training row, and of each held-out one, where rows of a group are not
        independent: whole groups are permuted.
    rng : numpy.random.Generator
        Of the rows looked at and the permutations.

    Raises
    ------
    CannotTestError
        Where there are fewer than 3 different real rows.

    Notes
    -----
    If no real row had a part in the generated ones that others had not, the n + h real rows are
    exchangeable, given the generated ones. So every generated row points to its nearest real row,
    and the statistic counts those that point to a training row, beside the counts under permuted
    labels. Rows that are equal share a pointer equally.

    A few copies among many rows are found because the count is taken as well over nested parts of
    the generated rows that lie nearest, each smaller by √2: by the distance to the nearest real row
    over that to the second nearest, in which local density cancels and which is 1 at rows that
    repeat, as categories do. The largest of the standardised counts is the statistic.

    Examples
    --------
    One of ten generated rows is a training row:

    >>> rng = np.random.default_rng(0)
    >>> training, held_out, generated = rng.normal(size=(3, 400, 2))
    >>> generated[:40] = training[:40]
    >>> found = held_out_test(training, held_out, generated, rng=rng)
    >>> found.pvalue, found.part, str(found.verdict)
    (0.001, 0.1225, 'copies')
    >>> round(found.share_copied, 2), found.pairs[0].distance
    (0.1, 0.0)
    """
    draw_count(permutations, "permutations")
    pooled = np.concatenate([training, held_out])
    n, total = len(training), len(pooled)
    first, of, multiplicity = np.unique(
        row_codes(pooled), return_index=True, return_inverse=True, return_counts=True
    )[1:]
    if len(first) < 3:
        raise CannotTestError("copies are sought among 3 different real rows or more")
    limit = min(MOST, max(_FEWER, _DISTANCES // total))
    looked = np.sort(rng.permutation(len(generated))[:limit])
    queries = generated[looked]
    nearest, ratios, _ = _nearness(queries, pooled[first], multiplicity)
    parts = _parts(len(queries))
    weights = _weights(nearest[np.argsort(ratios, kind="stable")], parts, multiplicity)
    pointed = np.flatnonzero(weights[:, 0][of])
    null = NullLabels.of("permutation", n, total - n, groups)
    values = _standardised(weights, multiplicity, null, permutations, of, pointed, rng)
    largest = values.max(axis=1).round(9)
    pvalue = resampled_pvalue(largest[0], largest[1:])
    j = np.arange(min(n, len(pointed)))
    rarest = float(np.prod((n - j) / (total - j))) if groups is None else null.rarest(pooled)
    least = max(1 / (1 + permutations), rarest)
    in_training = np.bincount(of[:n], minlength=len(first)) / multiplicity
    copied, interval, pairs = _copied(training, held_out, generated, looked, limit, rng)
    able = bool(rejected(least, alpha))
    copies = CopyVerdict.COPIES if rejected(pvalue, alpha) else CopyVerdict.NO_COPIES_SHOWN
    return HeldOut(
        pvalue=pvalue,
        statistic=float(largest[0]),
        part=float(parts[int(values[0].argmax())] / len(queries)),
        nearer=float(in_training[nearest].mean()),
        expected=n / total,
        share_copied=copied,
        share_interval=interval,
        pairs=pairs,
        training_rows=n,
        held_out_rows=total - n,
        generated_rows=len(queries),
        permutations=permutations,
        alpha=alpha,
        verdict=copies if able else CopyVerdict.COULD_NOT_TELL,
    )


def _nearness(
    queries: Array, different: Array, multiplicity: NDArray[np.intp]
) -> tuple[NDArray[np.intp], Array, Array]:
    """Return the nearest of different rows, its distance over that of the second, the distance."""
    distances, found = Neighbours(different).nearest(queries, 2)
    nearest, second = found[:, 0], distances[:, 1].copy()
    repeats = multiplicity[nearest] > 1
    second[repeats] = distances[repeats, 0]
    ratios = np.ones(len(queries))
    np.divide(distances[:, 0], second, out=ratios, where=second > 0)
    return nearest, ratios, distances[:, 0]


def _parts(rows: int) -> list[int]:
    """Return how many generated rows are looked at together: all of them first, then fewer."""
    parts = [rows]
    while (few := int(rows / FEWER ** len(parts))) >= FEWEST:
        parts.append(few)
    return parts


def _weights(ordered: NDArray[np.intp], parts: list[int], multiplicity: NDArray[np.intp]) -> Array:
    """Return how many rows of each part point to a row, of equal ones (different rows, parts)."""
    count = len(multiplicity)
    return np.column_stack(
        [np.bincount(ordered[:part], minlength=count) / multiplicity for part in parts]
    )


def _standardised(
    weights: Array,
    multiplicity: NDArray[np.intp],
    null: NullLabels,
    permutations: int,
    of: NDArray[np.intp],
    pointed: NDArray[np.intp],
    rng: np.random.Generator,
) -> Array:
    """Return the counts of each part, standardised, as observed and permuted (1 + p, parts).

    The weights of n rows drawn from the N pooled ones have mean n/N of all and the variance
    n (N − n) / (N (N − 1)) times their squares around their mean.
    """
    n, total = null.n, len(of)
    every = multiplicity @ weights
    squares = multiplicity @ weights**2 - every**2 / total
    spread = np.sqrt(n * (total - n) / (total * (total - 1)) * np.maximum(squares, 0.0))
    of_row = weights[of[pointed]]
    sums = [(pointed < n) @ of_row]
    step = max(1, _LABELS // total)
    for start in range(0, permutations, step):
        labels = null.of_x(min(step, permutations - start), rng)
        sums.append(labels[:, pointed].astype(np.float64) @ of_row)
    apart = np.vstack(sums) - n / total * every
    # Where all real rows have one weight, the count is always the same, but for rounding.
    known = spread > 1e-9 * every
    return np.where(known, apart, 0.0) / np.where(known, spread, 1.0)


def _copied(
    training: Array,
    held_out: Array,
    generated: Array,
    looked: NDArray[np.intp],
    limit: int,
    rng: np.random.Generator,
) -> tuple[float, tuple[float, float], tuple[Pair, ...]]:
    """Return the share of generated rows nearer than real ones are, its interval, nearest pairs."""
    first, multiplicity = np.unique(row_codes(training), return_index=True, return_counts=True)[1:]
    if len(first) < 2:
        return 0.0, (0.0, 1.0), ()
    nearest, ratios, distances = _nearness(generated[looked], training[first], multiplicity)
    fresh = held_out[np.sort(rng.permutation(len(held_out))[:limit])]
    of_real = np.sort(_nearness(fresh, training[first], multiplicity)[1])
    bound = of_real[int(RARE * len(of_real))]
    # Rows that repeat have the ratio 1, and are not near.
    near, usual = (int(np.count_nonzero((of <= bound) & (of < 1.0))) for of in (ratios, of_real))
    # Each interval with 97.5 %, so that both hold together with 95 %.
    generated_low, generated_high = share_interval(near, len(ratios), 0.975)
    real_low, real_high = share_interval(usual, len(of_real), 0.975)
    estimate = _beyond(near / len(ratios), usual / len(of_real))
    interval = _beyond(generated_low, real_high), _beyond(generated_high, real_low)
    order = np.lexsort((distances, ratios))[:MOST_PAIRS]
    pairs = tuple(
        Pair(int(looked[i]), int(first[nearest[i]]), float(distances[i]), float(ratios[i]))
        for i in order
        if ratios[i] < 1.0
    )
    return estimate, interval, pairs


def _beyond(share: float, usual: float) -> float:
    """Return the share of copies, all of which are near, that gives this share of near rows."""
    return max(0.0, (share - usual) / (1 - usual)) if usual < 1 else 0.0
