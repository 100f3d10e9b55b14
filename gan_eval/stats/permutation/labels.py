"""Group labels: which rows a permutation puts into group x, and how rare the rarest choice is.

The probability of the rarest split of the rows is how small the p-value of a permutation test can
become.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from gan_eval.stats.permutation.compiled import Array, Labels, code_for, true_counts

# Labels are drawn in groups of about this many entries, so that the scratch stays small. The
# grouping decides which random number goes where: changing it changes every seeded p-value.
CHUNK_ENTRIES = 2**23

_DP_STEPS = 2**24
_EXACT_SIZE = 1000


def permutation_labels(n: int, m: int, permutations: int, generator: np.random.Generator) -> Labels:
    """Draw independent, uniform choices of exactly n of the n + m pooled rows, as the tests use
    them.

    Parameters
    ----------
    n, m : int
        Rows in group x and in group y.
    permutations : int
        How many choices to draw.
    generator : numpy.random.Generator
        Advanced by the draw; the same state gives the same labels.

    Returns
    -------
    ndarray of bool, shape (permutations, n + m)
        True where the pooled row stands in group x. Every row of it holds exactly n True values.

    Notes
    -----
    Every row starts as independent coin flips and is then corrected to the exact size: rows drawn
    uniformly change sides until the count is right. Given their number, the True rows of the first
    step are a uniform subset, and adding (or removing) uniformly drawn rows keeps the subset
    uniform, so each of the (n + m choose n) choices has the same probability. No key is sorted:
    float32 keys would tie at n = 10⁵, and one random bit a row is some twenty times cheaper than
    a shuffle.

    Examples
    --------
    >>> import numpy as np
    >>> labels = permutation_labels(3, 5, 4, np.random.default_rng(0))
    >>> labels.shape, labels.sum(axis=1).tolist()
    ((4, 8), [3, 3, 3, 3])
    """
    labels = smaller_group_labels(n, m, permutations, generator)[1:]
    return ~labels if n > m else labels


def smaller_group_labels(
    n: int, m: int, permutations: int, generator: np.random.Generator
) -> Labels:
    """Draw the labels of :func:`permutation_labels` for the smaller group, the observed ones first.

    Shape (1 + permutations, n + m); True where the row stands in group x if n ≤ m, else in y. The
    forms of the engine are the same for a group and for its complement; the smaller group gathers
    less rounding.
    """
    size, smaller = n + m, min(n, m)
    labels = np.empty((1 + permutations, size), dtype=np.bool_)
    labels[0, :n] = n <= m
    labels[0, n:] = n > m
    step = max(1, CHUNK_ENTRIES // size)
    for start in range(1, len(labels), step):
        chunk = labels[start : start + step]
        _flip_coins(chunk, smaller, generator)
        _correct_counts(chunk, smaller, generator)
    return labels


def swapped_pair_labels(n: int, swaps: int, generator: np.random.Generator) -> Labels:
    """Draw ``swaps`` labels after the observed ones: they exchange x_i and y_i where a fair coin
    says so.

    Shape (1 + swaps, 2n), for samples of n rows each; True where the row stands in group x. With
    the coins as signs ε_i, these are the draws of the wild bootstrap.
    """
    labels = np.empty((1 + swaps, 2 * n), dtype=np.bool_)
    labels[0, :n] = True
    labels[1:, :n] = _fair_coins(swaps, n, generator)
    np.logical_not(labels[:, :n], out=labels[:, n:])
    return labels


def _flip_coins(labels: Labels, smaller: int, generator: np.random.Generator) -> None:
    """Fill ``labels`` with independent flips whose mean is near, mostly below, ``smaller``."""
    count, size = labels.shape
    fraction = smaller / size
    if fraction > 0.49:
        labels[...] = _fair_coins(count, size, generator)
        return
    # Adding a row hits the larger side, removing one has to hit the smaller: start below.
    low = fraction - 3 * np.sqrt(fraction * (1 - fraction) / size)
    threshold = max(0, int(256 * low))
    flips = np.frombuffer(generator.bytes(count * size), dtype=np.uint8)
    np.less(flips.reshape(count, size), threshold, out=labels)


def _fair_coins(count: int, size: int, generator: np.random.Generator) -> Labels:
    packed = np.frombuffer(generator.bytes(count * -(-size // 8)), dtype=np.uint8)
    return np.unpackbits(packed.reshape(count, -1), axis=1, count=size).view(np.bool_)


def _correct_counts(labels: Labels, smaller: int, generator: np.random.Generator) -> None:
    """Move uniformly drawn rows between the sides until each choice has ``smaller`` True rows."""
    count, size = labels.shape
    code = code_for(count, size)
    missing = smaller - true_counts(labels)
    while True:
        open_rows = np.flatnonzero(missing)
        if open_rows.size == 0:
            return
        # About one in two draws lands on the side that must give; a few rounds finish the rest.
        draws = min(size, int(2.2 * np.abs(missing).max()) + 16)
        where = generator.integers(0, size, size=(open_rows.size, draws), dtype=np.int64)
        if code is None:
            _change_sides(labels, missing, open_rows, where)
        else:
            code.change_sides(labels, missing, open_rows, where)


def _change_sides(
    labels: Labels,
    missing: NDArray[np.int64],
    some: NDArray[np.int64],
    where: NDArray[np.int64],
) -> None:
    """Do as :meth:`~gan_eval.stats.permutation.compiled.LabelCode.change_sides`, by NumPy."""
    (draws, size), flat = (where.shape[1], labels.shape[1]), labels.reshape(-1)
    adding, needed = missing[some] > 0, np.abs(missing[some])
    where = where + some[:, None] * size
    order = np.broadcast_to(np.arange(draws, dtype=np.int32), where.shape)
    # A row drawn twice counts once, at its first draw.
    scratch = np.empty(flat.size, dtype=np.int32)
    scratch[where] = draws
    np.minimum.at(scratch, where.reshape(-1), order.reshape(-1))
    useful = (scratch[where] == order) & (flat[where] != adding[:, None])
    useful &= np.cumsum(useful, axis=1) <= needed[:, None]
    flat[where[useful]] ^= True
    missing[some] -= np.where(adding, 1, -1) * np.count_nonzero(useful, axis=1)


def row_codes(rows: Array) -> NDArray[np.intp]:
    """Give a whole number to each row (N,), equal where rows of (N, d) are equal; −0 is 0."""
    codes = np.zeros(len(rows), dtype=np.intp)
    for column in rows.T:
        values, code = np.unique(column, return_inverse=True)
        codes = np.unique(codes * len(values) + code.reshape(-1), return_inverse=True)[1]
        codes = codes.reshape(-1)
        if codes.max() == len(rows) - 1:
            break
    return codes


def rarest_split(pooled: Array, n: int) -> float:
    """Return the least p-value that any permutation test can give to n of these pooled rows.

    Parameters
    ----------
    pooled : ndarray, shape (N, d)
    n : int
        Rows of the first group, 0 < n < N.

    Returns
    -------
    float
        The probability of the rarest split among all labellings. The observed split is one of
        them, and equal rows cannot be told apart: with multiplicities c, the split that puts a_i
        of the c_i equal rows into the first group has probability Π C(c_i, a_i) / C(N, n), which
        is 1 / C(N, n) where all rows differ. With N = 2n it is twice that, because the statistics
        are the same for a split and for its complement. Above some 4,000 pooled rows with ties an
        upper bound that is tight where many rows differ.

    Examples
    --------
    >>> import numpy as np
    >>> round(1 / rarest_split(np.arange(6.0)[:, None], 3)), rarest_split(np.zeros((6, 1)), 3)
    (10, 1.0)
    """
    size, ways = len(pooled), 0.0
    if not np.diff(np.sort(pooled[:, 0])).all():
        ways = least_ways(np.bincount(row_codes(pooled)), min(n, size - n))
    if ways == 0 and size <= _EXACT_SIZE:
        least = 1 / math.comb(size, n)
    else:
        least = math.exp(ways - float(ln_choose(size, n)))
    return min(1.0, 2 * least if 2 * n == size else least)


def rarest_exchange(x: Array, y: Array) -> float:
    """Return the same probability where x_i is exchanged with y_i by a coin: 2 / 2^k for k pairs
    that differ.

    Examples
    --------
    >>> import numpy as np
    >>> rarest_exchange(np.zeros((4, 1)), np.ones((4, 1)))
    0.125
    """
    return min(1.0, 2.0 ** (1 - int((x != y).any(axis=1).sum())))


def rows_needed(pvalue: float) -> int:
    """Return the least n for which n rows against n, all different, can reach a p-value.

    Examples
    --------
    >>> rows_needed(0.05), rows_needed(0.001)
    (4, 7)
    """
    n = 1
    while 2 / math.comb(2 * n, n) > pvalue:
        n += 1
    return n


def least_ways(counts: NDArray[np.intp], n: int) -> float:
    """Return ln of the least Π C(c_i, a_i) over 0 ≤ a_i ≤ c_i with Σ a_i = n."""
    singles, groups = int((counts == 1).sum()), np.sort(counts[counts > 1])
    if n <= singles:
        return 0.0
    if int(groups.sum()) * n > _DP_STEPS:
        # As many whole groups as can be, the next one in part.
        left = n - singles
        whole = int(np.searchsorted(np.cumsum(groups), left, side="right"))
        left -= int(groups[:whole].sum())
        return float(ln_choose(groups[whole], left)) if left else 0.0
    least = np.full(n + 1, np.inf)
    least[0] = 0.0
    for size in groups:
        before = least.copy()
        for some, ways in enumerate(ln_choose(size, np.arange(1, min(size, n) + 1)), start=1):
            np.minimum(least[some:], before[:-some] + ways, out=least[some:])
    return float(least[n - singles :].min())


def ln_choose(size: int, some: int | NDArray[np.intp]) -> Array:
    """Return ln C(size, some)."""
    return gammaln(size + 1) - gammaln(np.add(some, 1)) - gammaln(np.subtract(size, some) + 1)
