"""Rows of one file that are rows of the other, and rows that repeat within a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import betabinom

from gan_eval.comparison.held_out import RARE, CopyVerdict, HeldOut, held_out_test
from gan_eval.runtime.documents import json_ready
from gan_eval.stats.permutation.labels import Array, row_codes

SURPRISING = 0.001
"""The probability below which a count is more than the other file leads one to expect."""

LOOKED_AT = 2000
"""Rows of each file whose nearest neighbours are sought, at most; drawn by the seed."""

LOOKED_AMONG = 100_000
"""Rows of the first file among which they are sought, at most."""

_BLOCK_ENTRIES = 2**22


@dataclass(frozen=True)
class Count:
    """A number of rows, beside the number to be expected.

    Attributes
    ----------
    rows, of : int
        So many rows of so many that were looked at.
    expected : float
        So many rows would be expected.
    surprising : bool
        Whether that many rows or more have a probability of at most ``SURPRISING``.
    """

    rows: int
    of: int
    expected: float
    surprising: bool

    @property
    def could_surprise(self) -> bool:
        """Whether some number of rows would have been surprising."""
        all_of_them = Count.beside(self.of, self.of, self.expected, self.of)
        return all_of_them.surprising

    @classmethod
    def beside(cls, rows: int, of: int, base_rows: float, base_of: int) -> Count:
        """Hold ``rows`` of ``of`` against ``base_rows`` of ``base_of`` of a comparable sample.

        Surprise is by the Beta-binomial: the share of the comparable sample's rows, flat prior,
        predicts that of these. Equal and near rows come in pairs, so half as many rows are counted
        as independent, in both.
        """
        share = base_rows / base_of
        tail = betabinom.sf(
            rows // 2 - 1, max(1, of // 2), base_rows / 2 + 1, (base_of - base_rows) / 2 + 1
        )
        return cls(rows, of, share * of, rows > share * of and bool(tail <= SURPRISING))


@dataclass(frozen=True)
class Copies:
    """The rows that two samples have in common, and the rows that each repeats.

    Attributes
    ----------
    exact : Count
        Rows of generated that equal a row of real in all columns, beside the share of real's rows
        that equal another row of real, as as many fresh rows of real's distribution would.
    near : Count or None
        Near copies among the other rows of generated (``LOOKED_AT`` at most), beside the share of
        real's rows that are as near to another. None where real has fewer than 3 different
        rows, or all of generated's are copies.
    repeated_real, repeated_generated : Count
        Rows that equal another row of their own file. Where the files differ in length, the longer
        one's are counted in as many random rows as the shorter has (their expectation over the
        draw); ``expected`` is from the other file.
    held_out : HeldOut or None
        The exact test, where there are held-out real rows.

    Notes
    -----
    A near copy is judged by the distance to the nearest row of real over that to the second
    nearest, in columns of real's standard deviations. For fresh rows the ratio is as for real's own
    rows, each left out in turn; the quantile ``RARE`` of those is the limit. Local density cancels
    in it (of d coordinates with any smooth density, P(ratio ≤ c) is about c^d), so that a
    generator that is merely narrower is not accused.
    """

    exact: Count
    near: Count | None
    repeated_real: Count
    repeated_generated: Count
    held_out: HeldOut | None = None

    @property
    def verdict(self) -> CopyVerdict:
        """Whether rows are copied: by the held-out rows where there are some, and then exact.

        Else a warning: rows that are equal or near more often than real's own rows are may have
        another cause than copying.
        """
        if self.held_out is not None:
            return self.held_out.verdict
        if self.exact.surprising or (self.near is not None and self.near.surprising):
            return CopyVerdict.COPIES
        told = self.near is not None and self.near.could_surprise
        return CopyVerdict.NO_COPIES_SHOWN if told else CopyVerdict.COULD_NOT_TELL

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers, ready for JSON."""
        return json_ready(asdict(self) | {"verdict": str(self.verdict)})

    @property
    def surprising(self) -> bool:
        """True where one of the counts is surprising."""
        found = (self.exact, self.near, self.repeated_real, self.repeated_generated)
        return any(count is not None and count.surprising for count in found)


def find_copies(
    real: Array,
    generated: Array,
    generator: np.random.Generator,
    *,
    held_out: Array | None = None,
    embedded: bool = False,
    permutations: int = 999,
    alpha: float = 0.05,
    groups: Any = None,
) -> Copies:
    """Count copies of rows of real (n, d) in generated (m, d), and repeated rows within each.

    Parameters
    ----------
    real, generated : ndarray, shape (n, d) and (m, d)
        The rows that the generator was trained on, and its own.
    generator : numpy.random.Generator
    held_out : ndarray, shape (h, d), optional
        Real rows that the generator has not seen, for
        :func:`~gan_eval.comparison.held_out.held_out_test`.
    embedded : bool
        Whether the rows are in coordinates whose distance means something. Otherwise columns are
        divided by their standard deviations. With held-out rows, an embedding has to treat them
        and the rows of real alike: made by both together.
    permutations, alpha, groups
        Of that test.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real, fresh = rng.normal(size=(200, 2)), rng.normal(size=(100, 2))
    >>> found = find_copies(real, np.concatenate([fresh, real[:50]]), rng)
    >>> found.exact.rows, found.exact.of, found.exact.expected, found.exact.surprising
    (50, 150, 0.0, True)
    """
    n, m = len(real), len(generated)
    codes = row_codes(np.concatenate([real, generated]))
    of_real, of_generated = codes[:n], codes[n:]
    in_real = np.bincount(of_real, minlength=codes.max() + 1)
    in_generated = np.bincount(of_generated, minlength=codes.max() + 1)
    equal = in_real[of_generated] > 0
    size = min(n, m)
    repeats = [_repeated(counts, size) for counts in (in_real, in_generated)]
    different = real[np.unique(of_real, return_index=True)[1]]
    near = _near(different, generated[~equal], generator, embedded)
    tested = None
    if held_out is not None:
        rows = real, held_out, generated
        if not embedded:
            rows = _in_deviations(np.concatenate(rows[:2]), *rows)
        tested = held_out_test(
            *rows, permutations=permutations, alpha=alpha, groups=groups, rng=generator
        )
    return Copies(
        exact=_exact(in_real[of_real], in_real[of_generated]),
        near=near,
        repeated_real=Count.beside(round(repeats[0]), size, repeats[1], size),
        repeated_generated=Count.beside(round(repeats[1]), size, repeats[0], size),
        held_out=tested,
    )


def exact_copies(real: Array, generated: Array) -> Count:
    """Count the rows of generated (m, d) that equal a row of real (n, d), beside the share of
    real's rows that equal another row of real.

    Examples
    --------
    >>> real = np.arange(6.0).reshape(3, 2)
    >>> exact_copies(real, np.concatenate([real[:2], real + 0.5])).rows
    2
    """
    codes = row_codes(np.concatenate([real, generated]))
    n = len(real)
    in_real = np.bincount(codes[:n], minlength=codes.max() + 1)
    return _exact(in_real[codes[:n]], in_real[codes[n:]])


def _exact(of_real: NDArray[np.intp], of_generated: NDArray[np.intp]) -> Count:
    """Count from how often each row of real, and each of generated, is in real."""
    equal, repeated = int((of_generated > 0).sum()), int((of_real > 1).sum())
    return Count.beside(equal, len(of_generated), repeated, len(of_real))


def _repeated(counts: NDArray[np.intp], size: int) -> float:
    """Count the rows, of ``size`` drawn from rows with these multiplicities, that equal another.

    A row with c equals has none among the others drawn with probability
    C(N − c, size − 1) / C(N − 1, size − 1).
    """
    counts = counts[counts > 0]
    total = int(counts.sum())
    if size == total:
        return float(counts[counts > 1].sum())
    possible = total - counts >= size - 1
    rest = (total - counts)[possible]
    alone = np.zeros(len(counts))
    alone[possible] = np.exp(
        gammaln(rest + 1) - gammaln(rest - size + 2) - gammaln(total) + gammaln(total - size + 1)
    )
    return float(size * (counts / total * (1 - np.minimum(alone, 1.0))).sum())


def _near(
    real: Array, generated: Array, generator: np.random.Generator, embedded: bool
) -> Count | None:
    """Near copies among rows of generated that equal none of the different rows of real."""
    if len(real) < 3 or not len(generated):
        return None
    base = _some(real, LOOKED_AMONG, generator)
    queries = _some(generated, LOOKED_AT, generator)
    chosen = generator.permutation(len(base))[:LOOKED_AT]
    if not embedded:
        base, queries = _in_deviations(base, base, queries)
    own = _nearness(base[chosen], base, chosen)
    limit = np.sort(own)[int(RARE * len(own))]
    found = int((_nearness(queries, base) <= limit).sum())
    return Count.beside(found, len(queries), int((own <= limit).sum()), len(own))


def _in_deviations(base: Array, *samples: Array) -> Iterator[Array]:
    """Yield samples with their columns in standard deviations of ``base``."""
    centre = np.median(base, axis=0)
    # By the largest first, so that no square overflows; a column that base lacks tells nothing.
    peak = np.abs(base - centre).max(axis=0)
    kept = peak > 0
    deviations = ((base[:, kept] - centre[kept]) / peak[kept]).std(axis=0)
    for rows in samples:
        scaled = (rows[:, kept] - centre[kept]) / peak[kept] / deviations
        yield np.clip(scaled, -1e100, 1e100)


def _some(rows: Array, most: int, generator: np.random.Generator) -> Array:
    return rows if len(rows) <= most else rows[generator.permutation(len(rows))[:most]]


def _nearness(queries: Array, base: Array, themselves: NDArray[np.intp] | None = None) -> Array:
    """Divide the distance of each query to its nearest row of base by the second nearest's, (k,).

    ``themselves`` are the places of the queries in base, which do not count.
    """
    squares = (base**2).sum(axis=1)
    ratios = np.ones(len(queries))
    step = max(1, _BLOCK_ENTRIES // len(base))
    for start in range(0, len(queries), step):
        some = queries[start : start + step]
        apart = squares - 2 * some @ base.T
        if themselves is not None:
            apart[np.arange(len(some)), themselves[start : start + step]] = np.inf
        two = np.argpartition(apart, 1, axis=1)[:, :2]
        # The differences themselves, which lose no digits where rows are near.
        distances = np.linalg.norm(some[:, None] - base[two], axis=2)
        largest = distances.max(axis=1)
        part = ratios[start : start + step]
        np.divide(distances.min(axis=1), largest, out=part, where=largest > 0)
    return ratios
