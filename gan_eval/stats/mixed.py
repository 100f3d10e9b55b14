"""Rows of numbers and categories, and the points that stand for them.

A row becomes a point such that the squared Euclidean distance of two of them is a sum over their
columns: of the numbers, whitened together, and of each category in which they disagree. So a
Gaussian kernel of the points is a product over columns, ‖·‖ is a distance for which the energy test
is consistent, and every test, neighbour and distance of points is one of mixed rows.

Points that are made of the pooled rows know no labels: a permutation test of them is exact.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.arguments import one_of
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.scaling import Array, ColumnScales, Whitening, constant_columns, whitening

Codes = NDArray[np.intp]

MISSING = -1
"""The code of a missing category."""

MOST_LEVELS = 64
"""Levels that points tell apart: the 63 most frequent, and the rest as one. The test of the single
column sees all."""

ROWS_PER_COLUMN = 4
"""Rows per column from which on whitening takes away correlations, not only scales: with as many
rows as columns all whitened rows are equally far from each other, and nothing can be seen."""

BY = ("pooled", "first")


@dataclass(frozen=True, eq=False)
class MixedRows:
    """Rows of numbers and categories.

    Attributes
    ----------
    numbers : ndarray, shape (n, d)
        NaN where one is missing.
    categories : ndarray of int, shape (n, c)
        The places of the levels in ``levels``; ``MISSING`` where one is missing.
    number_names, category_names : tuple of str
        Of the d and of the c columns.
    levels : tuple of tuple of str
        The levels of each category, the same for all samples that are held against each other.
    """

    numbers: Array
    categories: Codes
    number_names: tuple[str, ...] = ()
    category_names: tuple[str, ...] = ()
    levels: tuple[tuple[str, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return the numbers, or the codes, of a column, shape (n,)."""
        if name in self.number_names:
            return self.numbers[:, self.number_names.index(name)]
        return self.categories[:, self.category_names.index(name)]

    @classmethod
    def of_numbers(cls, numbers: Array, names: tuple[str, ...] = ()) -> MixedRows:
        """Take rows of numbers alone, shape (n, d)."""
        return cls(numbers, np.zeros((len(numbers), 0), np.intp), names)

    @property
    def plain(self) -> bool:
        """True for numbers alone, none of them missing."""
        return not self.categories.shape[1] and not np.isnan(self.numbers).any()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the numbers, then of the categories."""
        return self.number_names + self.category_names

    def without(self, names: Collection[str]) -> MixedRows:
        """Leave columns out."""
        d = [j for j, name in enumerate(self.number_names) if name not in names]
        c = [j for j, name in enumerate(self.category_names) if name not in names]
        return MixedRows(
            self.numbers[:, d],
            self.categories[:, c],
            tuple(self.number_names[j] for j in d),
            tuple(self.category_names[j] for j in c),
            tuple(self.levels[j] for j in c),
        )

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> MixedRows:
        """Take some of the rows."""
        return self._with(self.numbers[rows], self.categories[rows])

    def followed_by(self, other: MixedRows) -> MixedRows:
        """Return these rows, then those of another table of the same columns."""
        return self._with(
            np.concatenate([self.numbers, other.numbers]),
            np.concatenate([self.categories, other.categories]),
        )

    def _with(self, numbers: Array, categories: Codes) -> MixedRows:
        return MixedRows(numbers, categories, self.number_names, self.category_names, self.levels)


def embed(*tables: MixedRows, by: str = "pooled") -> tuple[Array, ...]:
    """Make points of the rows of tables of the same columns.

    Parameters
    ----------
    *tables : MixedRows
        Two samples, and perhaps more rows of the same kind.
    by : {"pooled", "first"}
        Of which rows whitening and weights are: of all, which knows no labels and keeps a
        permutation test exact; or of the first table, so that a distance has its units.

    Returns
    -------
    tuple of ndarray, shapes (n, D), (m, D), …
        Squared Euclidean distance is that of the whitened numbers plus w_c for each category c in
        which two rows disagree.

    Notes
    -----
    The weight of a category is w = 2 (H / ln L) / (1 − Σ p²), with p the shares of its L levels and
    H their entropy: 1 − Σ p² is how often two rows disagree, so a category with equal shares adds
    2 on average, as a whitened number does, and one that is nearly constant adds less (by its
    entropy), though each of its rare disagreements weighs more. Shares are smoothed by half a row a
    level (Krichevsky & Trofimov 1981). Of more than 64 levels the 63 most frequent are told apart.

    A missing number stands at the median of the others, and whether it is missing is a category
    of its own; a missing category is a level. So two rows have one point only where they are
    equal, but for levels that are rare among many.

    Where the numbers cannot be whitened (fewer than 4 rows a column, or a singular covariance),
    they are divided by their standard deviations.

    Examples
    --------
    >>> x = MixedRows(np.array([[0.0], [2.0]]), np.array([[0], [1]]), levels=(("no", "yes"),))
    >>> y = MixedRows(np.array([[0.0], [2.0]]), np.array([[1], [0]]), levels=(("no", "yes"),))
    >>> one, other = embed(x, y)
    >>> np.square(one - other).sum(axis=1)  # half of all pairs disagree, so that w is 4
    array([4., 4.])
    """
    one_of(by, "by", BY)
    pooled = tables[0]
    for table in tables[1:]:
        pooled = pooled.followed_by(table)
    count = len(tables[0] if by == "first" else pooled)
    parts = [_numbers(pooled.numbers, count)]
    missing = np.isnan(pooled.numbers)
    indicators = [column.astype(np.intp) for column in missing.T if column.any()]
    parts += [_category(codes, count) for codes in (*indicators, *pooled.categories.T)]
    return _parted(np.hstack(parts), tables)


def imputed(*tables: MixedRows) -> tuple[Array, ...]:
    """Return the numbers of tables, missing ones as the median of all others (0 if there is none).

    Examples
    --------
    >>> imputed(MixedRows.of_numbers(np.array([[1.0], [np.nan], [3.0], [5.0]])))[0].tolist()
    [[1.0], [3.0], [3.0], [5.0]]
    """
    numbers = np.concatenate([table.numbers for table in tables])
    missing = np.isnan(numbers)
    if missing.any():
        shown = np.where(missing.all(axis=0), 0.0, numbers)
        numbers = np.where(missing, np.nanmedian(shown, axis=0), numbers)
    return _parted(numbers, tables)


def ordered(*tables: MixedRows) -> tuple[tuple[Array, ...], tuple[str, ...]]:
    """Make columns of which only the order counts, and name the column that each stands for.

    A missing number is below all others; each level of a category is a column of 0 and 1, and so
    is that it is missing. So the Kolmogorov–Smirnov distance of a column is the largest difference
    of the shares of a half-line, or of a level; of more than 64 levels, of the 63 most frequent.

    Examples
    --------
    >>> rows = MixedRows(np.array([[2.0], [np.nan]]), np.array([[0], [1]]), ("a",), ("b",))
    >>> columns, names = ordered(rows)
    >>> columns[0].tolist(), names
    ([[1.0, 0.0], [0.0, 1.0]], ('a', 'b'))
    """
    pooled = tables[0]
    for table in tables[1:]:
        pooled = pooled.followed_by(table)
    parts, names = [], []
    for name, values in zip(pooled.number_names, pooled.numbers.T, strict=True):
        ranks = np.unique(np.nan_to_num(values, nan=-np.inf), return_inverse=True)[1]
        parts.append(ranks.astype(np.float64)[:, None])
        names.append(name)
    for name, codes in zip(pooled.category_names, pooled.categories.T, strict=True):
        places = _places(codes)
        size = int(places.max()) + 1
        levels = np.arange(1, 2) if size == 2 else np.arange(size)
        parts.append((places[:, None] == levels).astype(np.float64))
        names += [name] * len(levels)
    return _parted(np.hstack(parts), tables), tuple(names)


def _parted(rows: Array, tables: Sequence[MixedRows]) -> tuple[Array, ...]:
    return tuple(np.split(rows, np.cumsum([len(table) for table in tables])[:-1]))


def can_be_whitened(rows: Array) -> bool:
    """Say whether there are rows enough, and no column is determined by others."""
    if len(rows) < ROWS_PER_COLUMN * rows.shape[1]:
        return False
    try:
        whitening(rows, "pooled")
    except UsageError:
        return False
    return True


def in_deviations(rows: Array) -> Array:
    """Return columns over their standard deviations, rare values far off drawn in; constant ones
    are 0."""
    scaled = ColumnScales.robust(rows)(rows)
    scaled[:, constant_columns(rows)] = 0.0
    deviations = scaled.std(axis=0)
    return scaled / np.where(deviations > 0, deviations, 1.0)


def _numbers(rows: Array, count: int) -> Array:
    """Whiten numbers (N, d), of which the first ``count`` rows say how."""
    missing = np.isnan(rows)
    kept = ~missing.all(axis=0)
    rows, missing = rows[:, kept], missing[:, kept]
    if missing.any():
        rows = np.where(missing, np.nanmedian(rows, axis=0), rows)
    rows = rows[:, ~constant_columns(rows)] if rows.shape[1] else rows
    if not rows.shape[1]:
        return rows
    first = rows[:count]
    if can_be_whitened(first):
        return Whitening.pooled(first)(rows)
    if count == len(rows):
        return in_deviations(rows)
    # A column that is constant in the first table has only the deviation of all.
    scales = ColumnScales.robust(rows)
    scaled = scales(rows)
    own = np.where(constant_columns(first), 0.0, scaled[:count].std(axis=0))
    deviations = np.where(own > 0, own, scaled.std(axis=0))
    varies = ~constant_columns(rows)
    return scaled[:, varies] / deviations[varies]


def _category(codes: Codes, count: int) -> Array:
    """Make columns of a category's codes (N,), of which the first ``count`` give the weight."""
    places = _places(codes)
    size = int(places.max()) + 1
    if size == 1:
        return np.empty((len(codes), 0))
    weight = category_weight(np.bincount(places[:count], minlength=size))
    if size == 2:
        return places[:, None] * np.sqrt(weight)
    return (places[:, None] == np.arange(size)) * np.sqrt(weight / 2)


def category_weight(counts: NDArray[np.intp]) -> float:
    """Weigh a disagreement in a category whose two or more levels have so many rows; see
    :func:`embed`.

    Examples
    --------
    >>> category_weight(np.array([50, 50]))
    4.0
    """
    size = len(counts)
    shares = (counts + 0.5) / (counts.sum() + 0.5 * size)
    entropy = -(shares * np.log(shares)).sum() / np.log(size)
    return float(2 * entropy / (1 - np.square(shares).sum()))


def _places(codes: Codes) -> Codes:
    """Number the levels from 0, rare ones among many as one."""
    levels, places = np.unique(codes, return_inverse=True)
    if len(levels) <= MOST_LEVELS:
        return places
    order = np.argsort(-np.bincount(places), kind="stable")
    rank = np.empty(len(levels), np.intp)
    rank[order] = np.arange(len(levels))
    return np.minimum(rank, MOST_LEVELS - 1)[places]
