"""Precision, recall, density and coverage, beside what real rows would give, with p-values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.arguments import draw_count
from gan_eval.runtime.documents import json_ready
from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.bits import add, column_sums, counter, equal, mark, packed
from gan_eval.stats.multiple import adjusted_pvalues, rejected
from gan_eval.stats.neighbours import Neighbours
from gan_eval.stats.permutation.engine import resampled_pvalue
from gan_eval.stats.permutation.labels import Array, permutation_labels
from gan_eval.stats.permutation.null import NullLabels

LOOKED_AT = 5000
"""Rows of each sample that are looked at, at most; drawn by the seed."""

LARGEST_RATIO = 8
"""So many times as many rows of one sample as of the other are looked at, at most."""

MEASURES = ("precision", "recall", "density", "coverage")

_UNTIED = 2.0**-20  # of a column's standard deviation
_RARE = 1e-5
_BLOCK = 2**21


@dataclass(frozen=True)
class Measure:
    """One of the four measures.

    Attributes
    ----------
    value : float
    expected : float
        Its mean where both samples come from one distribution, at these sizes: exact for density
        and coverage, over the permutations for precision and recall.
    low, high : float
        Between these lie 95 % of its values over the permutations.
    pvalue : float
        By permutation: of a value so low, for density of one so far from 1.
    adjusted : float
        The p-value adjusted (Holm) for the four measures.
    """

    value: float
    expected: float
    low: float
    high: float
    pvalue: float
    adjusted: float


@dataclass(frozen=True, eq=False)
class Coverage:
    """The measures of one sample of generated rows against one of real rows.

    Attributes
    ----------
    precision : Measure
        The share of generated rows that lie in the ball of a real row, the ball that reaches to its
        ``k``-th nearest other real row (Kynkäänniemi et al. 2019).
    recall : Measure
        The share of real rows that lie in the ball of a generated row.
    density : Measure
        How many balls of real rows a generated row lies in, over ``k`` (Naeem et al. 2020); no
        share: it may exceed 1.
    coverage : Measure
        The share of real rows in whose balls a generated row lies.
    k, permutations : int
    alpha : float
    real_rows, generated_rows : ndarray of int
        The numbers of the rows that were looked at: all, or as many as ``LOOKED_AT`` and
        ``LARGEST_RATIO`` admit.
    uncovered, outside : ndarray of int
        Of these, the real rows that coverage misses, and the generated rows that precision does.
    """

    precision: Measure
    recall: Measure
    density: Measure
    coverage: Measure
    k: int
    permutations: int
    alpha: float
    real_rows: NDArray[np.intp] = field(repr=False)
    generated_rows: NDArray[np.intp] = field(repr=False)
    uncovered: NDArray[np.intp] = field(repr=False)
    outside: NDArray[np.intp] = field(repr=False)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """The four by name."""
        return MappingProxyType({name: getattr(self, name) for name in MEASURES})

    @property
    def misses(self) -> bool:
        """True where recall or coverage is too low: real rows that the generator does not reach."""
        return any(rejected(one.adjusted, self.alpha) for one in (self.recall, self.coverage))

    @property
    def strays(self) -> bool:
        """True where precision or density is too low: generated rows where no real ones are."""
        low = self.density.value < self.density.expected
        found = (self.precision, self.density) if low else (self.precision,)
        return any(rejected(one.adjusted, self.alpha) for one in found)

    def __repr__(self) -> str:
        parts = (f"{n} {m.value:.3g} (expected {m.expected:.3g})" for n, m in self.measures.items())
        return f"Coverage({', '.join(parts)}; k={self.k})"

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers, ready for JSON."""
        return json_ready(
            {
                **{name: vars(measure) for name, measure in self.measures.items()},
                "misses": self.misses,
                "strays": self.strays,
                "k": self.k,
                "permutations": self.permutations,
                "alpha": self.alpha,
                "real_rows": len(self.real_rows),
                "generated_rows": len(self.generated_rows),
                "uncovered": len(self.uncovered),
                "outside": len(self.outside),
            }
        )


def coverage(
    real: Array,
    generated: Array,
    *,
    k: int = 5,
    permutations: int = 999,
    alpha: float = 0.05,
    groups: Any = None,
    rng: np.random.Generator,
) -> Coverage:
    """Measure which generated rows lie among real ones, and which real ones they reach.

    Parameters
    ----------
    real, generated : ndarray, shape (n, d) and (m, d)
        Independent rows in coordinates in which the Euclidean distance means something, and in
        which both samples have equal parts: whitened by all rows, and not by the real ones alone,
        or the expectations and p-values are not exact. More than ``k`` of each.
    k : int
        The neighbour to which a ball reaches.
    permutations : int
    alpha : float
        The level of the four measures together.
    groups : pair of lists, optional
        The group of each real row, and of each generated one, where rows of a group are not
        independent: whole groups are permuted, and all expectations are means over permutations.
    rng : numpy.random.Generator
        Of the rows looked at, the order of ties, and the permutations.

    Returns
    -------
    Coverage

    Raises
    ------
    CannotTestError
        Where a sample has no more than ``k`` rows.

    Notes
    -----
    Under equal distributions the labels of the n + m pooled rows are exchangeable. So the k-th real
    neighbour of a real row has k m / n generated ones before it on average, and the mean density is
    1; and the k nearest of all others are real ones with probability
    Π_{j<k} (n − 1 − j) / (n + m − 1 − j), which is what coverage misses. Precision and recall have
    no such law: they depend on the shape of the distribution and on d.

    All four are found again under each permutation of the labels, from one list of the pooled rows'
    neighbours, 64 labellings to a word.

    Equal distances, as of categories, are put in a random order: every row is moved by a millionth
    of its columns' standard deviations. The means above are exact for any data therefore.

    References
    ----------
    T. Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models",
    NeurIPS 2019. M. F. Naeem et al., "Reliable fidelity and diversity metrics for generative
    models", ICML 2020, eq. 3–7.

    Examples
    --------
    A generator that knows one of two modes:

    >>> rng = np.random.default_rng(0)
    >>> real, generated = rng.normal(size=(400, 2)), rng.normal(size=(400, 2))
    >>> real[:200] += 9
    >>> found = coverage(real, generated, rng=rng)
    >>> round(found.coverage.value, 2), round(found.coverage.expected, 2), found.misses
    (0.5, 0.97, True)
    >>> round(found.precision.value, 2), found.strays
    (1.0, False)
    """
    draw_count(permutations, "permutations")
    fewest = min(len(real), len(generated))
    if fewest <= k:
        raise CannotTestError(
            f"coverage looks at {k} neighbours and needs {k + 1} rows of each sample, got {fewest}"
        )
    most = min(LOOKED_AT, LARGEST_RATIO * fewest)
    looked = [
        np.sort(rng.choice(len(rows), min(len(rows), most), replace=False))
        for rows in (real, generated)
    ]
    n, m = map(len, looked)
    pooled = _untied(np.concatenate([real[looked[0]], generated[looked[1]]]), rng)
    values, covered, inside = _observed(pooled, n, k)
    if groups is None:
        labels = permutation_labels(n, m, permutations, rng)
    else:
        of = tuple(np.asarray(names)[some] for names, some in zip(groups, looked, strict=True))
        labels = NullLabels.of("permutation", n, m, of).of_x(permutations, rng)
    null = _permuted(Neighbours(pooled), labels, n, k)
    expected = null.mean(axis=1)
    if groups is None:
        expected[2:] = 1.0, expected_coverage(n, m, k)
    worse = -np.vstack([values, null.T])
    worse[:, 2] = np.abs(worse[:, 2] + expected[2])
    # Shares are multiples of 1/n or 1/m, and density of 1/(k m): the rest is rounding.
    worse = worse.round(12)
    pvalues = [resampled_pvalue(of[0], of[1:]) for of in worse.T]
    adjusted = adjusted_pvalues(pvalues, "holm")
    low, high = np.quantile(null, (0.025, 0.975), axis=1)
    measures = {
        name: Measure(*map(float, of))
        for name, *of in zip(MEASURES, values, expected, low, high, pvalues, adjusted, strict=True)
    }
    return Coverage(
        **measures,
        k=k,
        permutations=permutations,
        alpha=alpha,
        real_rows=looked[0],
        generated_rows=looked[1],
        uncovered=looked[0][~covered],
        outside=looked[1][~inside],
    )


def expected_coverage(n: int, m: int, k: int) -> float:
    """Return the mean coverage of n real rows by m rows of the same distribution.

    Examples
    --------
    >>> round(expected_coverage(1000, 1000, 5), 5)
    0.96898
    """
    before = np.arange(k)
    return 1 - float(np.prod((n - 1 - before) / (n + m - 1 - before)))


def _untied(pooled: Array, rng: np.random.Generator) -> Array:
    """Move every row so little that it matters only where distances are equal."""
    deviations = pooled.std(axis=0)
    if not deviations.any():
        deviations = np.ones_like(deviations)
    return pooled + _UNTIED * deviations * rng.normal(size=pooled.shape)


def _observed(pooled: Array, n: int, k: int) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the four measures, which real rows are covered, and which generated ones inside."""
    real, generated, m = pooled[:n], pooled[n:], len(pooled) - n
    radii = [
        Neighbours(rows).among(np.arange(len(rows)), k)[0][:, -1] for rows in (real, generated)
    ]
    balls = 0
    covered, recalled, inside = np.zeros(n, bool), np.zeros(n, bool), np.zeros(m, bool)
    for some, apart in _distances(real, generated):
        within = apart <= radii[0][some, None]
        balls += int(np.count_nonzero(within))
        covered[some] = within.any(axis=1)
        inside |= within.any(axis=0)
        recalled[some] = (apart <= radii[1]).any(axis=1)
    values = np.array([inside.mean(), recalled.mean(), balls / (k * m), covered.mean()])
    return values, covered, inside


def _distances(rows: Array, others: Array) -> Iterator[tuple[slice, NDArray[np.floating]]]:
    from scipy.spatial.distance import cdist

    step = max(1, _BLOCK // len(others))
    for start in range(0, len(rows), step):
        some = slice(start, start + step)
        yield some, cdist(rows[some], others)


def _permuted(index: Neighbours, labels: NDArray[np.bool_], n: int, k: int) -> Array:
    """Return the four measures (4, p) under labels (p, n + m), True where a row is real."""
    count, size = labels.shape
    real, m = packed(labels), size - n
    marked, covered = np.zeros_like(real), np.zeros_like(real)
    balls = np.zeros(count)
    rows, position, length = np.arange(size), 0, _length(k, min(n, m) / size)
    # For each row and labelling: whether its ball goes on, and how many of its own kind are in it.
    goes_on, own = np.full_like(real, ~np.uint64(0)), counter(k, real.shape)
    while len(rows):
        neighbours = index.among(rows, min(length, size - 1))[1]
        of_real = real[rows]
        others = counter(neighbours.shape[1], of_real.shape)
        for to in neighbours.T[position:]:
            unlike = real[to] ^ of_real
            add(own, ~unlike & goes_on)
            unlike &= goes_on
            covered[rows] |= unlike
            mark(marked, to, unlike)
            add(others, unlike & of_real)
            goes_on = ~equal(own, k)
        balls += sum(2**bit * column_sums(plane, count) for bit, plane in enumerate(others))
        position, length = neighbours.shape[1], 4 * length
        # In some labellings a row's k-th neighbour of its own kind lies beyond the list.
        left = np.flatnonzero(goes_on.any(axis=1)) if position < size - 1 else []
        rows, goes_on, own = rows[left], goes_on[left], [plane[left] for plane in own]
    sums = [column_sums(of, count) for of in (marked & ~real, marked & real, covered & real)]
    return np.array([sums[0] / m, sums[1] / n, balls / (k * m), sums[2] / n])


def _length(k: int, share: float) -> int:
    """Return how many neighbours nearly always hold k of a kind that has this share of the rows."""
    from scipy.stats import nbinom

    return k + int(nbinom.isf(_RARE, k, share))
