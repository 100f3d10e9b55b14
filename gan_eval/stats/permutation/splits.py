"""How small the p-value of a permutation test can become: the splits of the pooled rows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Array = NDArray[np.float64]

_DP_STEPS = 2**24
_EXACT_SIZE = 1000


def row_codes(rows: Array) -> NDArray[np.intp]:
    """A whole number for each row (N,), equal where rows of (N, d) are equal; −0 is 0."""
    codes = np.zeros(len(rows), dtype=np.intp)
    for column in rows.T:
        values, code = np.unique(column, return_inverse=True)
        codes = np.unique(codes * len(values) + code.reshape(-1), return_inverse=True)[1]
        codes = codes.reshape(-1)
        if codes.max() == len(rows) - 1:
            break
    return codes


def rarest_split(pooled: Array, n: int) -> float:
    """The least p-value that any permutation test can give to n of these pooled rows.

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
    """
    size = len(pooled)
    counts = np.bincount(row_codes(pooled))
    ways = _least_ways(counts, min(n, size - n))
    if ways == 0 and size <= _EXACT_SIZE:
        least = 1 / math.comb(size, n)
    else:
        least = math.exp(ways - float(_ln_choose(size, n)))
    return min(1.0, 2 * least if 2 * n == size else least)


def rarest_exchange(x: Array, y: Array) -> float:
    """Likewise where x_i is exchanged with y_i by a coin: 2 / 2^k for k pairs that differ."""
    differing = int((x != y).any(axis=1).sum())
    return min(1.0, 2.0 ** (1 - differing))


def rows_needed(pvalue: float) -> int:
    """The least n for which n rows against n, all different, can reach a p-value."""
    n = 1
    while 2 / math.comb(2 * n, n) > pvalue:
        n += 1
    return n


def _least_ways(counts: NDArray[np.intp], n: int) -> float:
    """ln of the least Π C(c_i, a_i) over 0 ≤ a_i ≤ c_i with Σ a_i = n."""
    singles, groups = int((counts == 1).sum()), np.sort(counts[counts > 1])
    if n <= singles:
        return 0.0
    if int(groups.sum()) * n > _DP_STEPS:
        # As many whole groups as can be, the next one in part.
        left = n - singles
        whole = int(np.searchsorted(np.cumsum(groups), left, side="right"))
        left -= int(groups[:whole].sum())
        return float(_ln_choose(groups[whole], left)) if left else 0.0
    least = np.full(n + 1, np.inf)
    least[0] = 0.0
    for size in groups:
        before = least.copy()
        for some, ways in enumerate(_ln_choose(size, np.arange(1, min(size, n) + 1)), start=1):
            np.minimum(least[some:], before[:-some] + ways, out=least[some:])
    return float(least[n - singles :].min())


def _ln_choose(size: int, some: int | NDArray[np.intp]) -> Array:
    return gammaln(size + 1) - gammaln(np.add(some, 1)) - gammaln(np.subtract(size, some) + 1)
