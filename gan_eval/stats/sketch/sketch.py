"""The sketch of a stream: sums of a kernel at few points, over cells to which rows are dealt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.arguments import instance_of, whole_number
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.runtime.random import MAX_SEED
from gan_eval.runtime.threads import one_blas_thread
from gan_eval.stats.samples import Array
from gan_eval.stats.sketch import files
from gan_eval.stats.sketch.dealing import CELLS, OCTAVES, cell_count, deal, key_of
from gan_eval.stats.sketch.reference import Reference
from gan_eval.stats.sketch.residuals import Residuals
from gan_eval.stats.sketch.rows import read
from gan_eval.stats.sketch.spans import Spans, joined, overlap, placed, stream_name

if TYPE_CHECKING:
    from gan_eval.stats.sketch.result import SketchTest

DEALT = 2**16
"""Rows that are dealt at once."""
CHUNK = 4096
"""Rows of which the kernel is taken at once: their values stay in the processor's cache."""


class Sketch:
    """The kernel sums of rows of one side, real or generated.

    Parameters
    ----------
    reference : Reference, or rows
        Rows become one by :meth:`Reference.of`. Sketches of the same reference add up, and can be
        tested against each other.
    stream : str or int, optional
        The name of the source of these rows, such as a file: rows are dealt to cells by random
        numbers of (seed, stream, position). The same rows under the same stream give the same
        sketch; two sides that are to be tested need streams of different names. If not given, the
        SHA-256 of the first rows that come.
    cells : int
        A power of two.
    seed : int

    Attributes
    ----------
    sums : ndarray, shape (cells, rank), float64
        Σ k(x, z) over the rows x of each cell, at each pivot z.
    counts : ndarray, shape (cells,), int64
    spans : dict
        The positions seen, as lists of (start, stop), of each stream.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reference = Reference.of(rng.normal(size=(1000, 2)))
    >>> monday = Sketch(reference, stream="monday").update(rng.normal(size=(5000, 2)))
    >>> tuesday = Sketch(reference, stream="tuesday").update(rng.normal(size=(3000, 2)))
    >>> monday.merge(tuesday).n
    8000
    """

    def __init__(
        self,
        reference: Reference | Any,
        stream: str | int | None = None,
        cells: int = CELLS,
        seed: int = 0,
    ) -> None:
        self.reference = reference if isinstance(reference, Reference) else Reference.of(reference)
        self.stream = stream_name(stream)
        self.cells = cell_count(cells)
        self.seed = whole_number(seed, "`seed`", 0, MAX_SEED)
        self.sums: Array = np.zeros((self.cells, self.reference.rank))
        self.counts: NDArray[np.int64] = np.zeros(self.cells, dtype=np.int64)
        self.residuals = Residuals()
        self.spans: Spans = {}

    @property
    def n(self) -> int:
        """The number of rows."""
        return int(self.counts.sum())

    def __repr__(self) -> str:
        return (
            f"Sketch({self.n:,} rows of {self.reference.dimension} columns, "
            f"{self.reference.kernel} kernel at {self.reference.rank} points, "
            f"{self.cells} cells)"
        )

    def update(self, rows: Any, start: int | None = None) -> Sketch:
        """Add rows, shape (n, d), and return the sketch itself.

        Parameters
        ----------
        rows : array of shape (n, d), or (n,) for one column
            NumPy's, torch's or pandas', or an Arrow table or record batch.
        start : int, optional
            The position of the first one in its stream; if not given, they follow on the last.

        Raises
        ------
        UsageError
            For rows that are no finite numbers (then none is added), for other columns than the
            reference's, and for positions that were there already.
        """
        reference = self.reference
        table = read(rows, reference.columns if reference.named else None, reference.dimension)
        name, start, added = placed(self.spans, self.stream, table, start)
        if added:
            self.stream = name
        for first in range(0, len(table), DEALT):
            part = table[first : first + DEALT]
            self._add(part, name, start + first)
            seen = start + first, start + first + len(part)
            self.spans = joined(self.spans, {name: [seen]})
        return self

    @one_blas_thread()
    def _add(self, rows: Array, stream: str, start: int) -> None:
        dealt = deal(key_of(self.seed, stream), start, len(rows), self.cells)
        # By 16 bits, which are sorted in one pass.
        order = np.argsort(dealt.astype(np.uint16), kind="stable")
        cells, rows = dealt[order], rows[order]
        self.counts += np.bincount(cells, minlength=self.cells)
        values = self.reference.kernel_values(min(CHUNK, len(rows)))
        values.add(rows, cells, self.sums)
        self.residuals.add(
            self.reference, values, rows, cells, order + start, self.cells // OCTAVES
        )

    def merge(self, *others: Sketch) -> Sketch:
        """Return a new sketch of the rows of all.

        Raises
        ------
        UsageError
            For a sketch of another reference, kernel, bandwidth, whitening, number of cells or
            seed, and for positions of a stream that are in both: the same rows twice.
        """
        merged = self.copy()
        for other in others:
            instance_of(other, "`other`", Sketch)
            merged._require_same(other)
            found = overlap(merged.spans, other.spans)
            if found:
                raise UsageError(f"`other` has rows that are in the sketch already: {found}")
            merged.sums += other.sums
            merged.counts += other.counts
            merged.residuals = merged.residuals.plus(other.residuals)
            merged.spans = joined(merged.spans, other.spans)
        return merged

    def copy(self) -> Sketch:
        """Return a sketch of its own with the same contents."""
        made = Sketch(self.reference, self.stream, self.cells, self.seed)
        made.sums, made.counts = self.sums.copy(), self.counts.copy()
        made.residuals, made.spans = self.residuals.plus(Residuals()), joined(self.spans, {})
        return made

    def _require_same(self, other: Sketch) -> None:
        different = self.reference.same_as(other.reference)
        for name in ("cells", "seed"):
            if different is None and getattr(self, name) != getattr(other, name):
                different = name
        if different is not None:
            raise UsageError(
                f"`other` must have the same {different}, else sums do not add up: start both "
                "from one `Reference`"
            )

    def mean_embedding(self) -> Array:
        """Return C⁻¹ times the mean of k(x, z), shape (rank,): its squared length is that of the
        mean embedding, but for what the pivots leave out."""
        self._require_rows(1)
        return self.reference.standardised(self.sums.sum(axis=0) / self.n)

    def mmd2(self, other: Sketch) -> tuple[float, float]:
        """Estimate MMD² of two sides, without bias, from all rows.

        Returns
        -------
        (float, float)
            The estimate, and the most by which the one of the whole kernel may be above or below.
        """
        from gan_eval.stats.sketch.distances import mmd2

        self._require_comparable(other)
        return mmd2(self, other)

    @one_blas_thread()
    def test(
        self,
        other: Sketch,
        permutations: int = 9999,
        alpha: float = 0.05,
        rng: int | np.random.Generator | None = 0,
    ) -> SketchTest:
        """Test whether the rows of both come from one distribution; the sketch is the real side.

        Parameters
        ----------
        other : Sketch
            Of the same reference and seed, and of other streams. It may have more or fewer cells.
        permutations : int
            At least 1.
        alpha : float
            The level of the verdict.
        rng : None, int or numpy.random.Generator

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> reference = Reference.of(rng.normal(size=(1000, 2)))
        >>> real = Sketch(reference, stream="real").update(rng.normal(size=(5000, 2)))
        >>> again = Sketch(reference, stream="again").update(rng.normal(size=(5000, 2)))
        >>> real.test(again).verdict.value
        'not_told_apart'
        """
        from gan_eval.stats.sketch.permuting import sketch_test

        self._require_comparable(other)
        return sketch_test(self, other, permutations, alpha, rng)

    def _require_comparable(self, other: Sketch) -> None:
        instance_of(other, "`other`", Sketch)
        different = self.reference.same_as(other.reference)
        if different is not None:
            raise UsageError(
                f"`other` must have the same {different}: start both from one `Reference`"
            )
        for sketch in (self, other):
            sketch._require_rows(2)
        found = overlap(self.spans, other.spans)
        if found and self.seed == other.seed:
            raise UsageError(
                f"`other` was dealt by the same numbers, or holds the same rows ({found}): give "
                "each side a `stream` of its own"
            )

    def _require_rows(self, least: int) -> None:
        if self.n < least:
            raise CannotTestError(f"a sketch must have at least {least} rows, got {self.n}")

    def save(self, path: str | Path) -> None:
        """Write the sketch into a file, which takes the place of one that is there."""
        contents = files.Contents(
            self.reference, self.stream, self.cells, self.seed,
            self.counts, self.sums, self.residuals, self.spans,
        )  # fmt: skip
        files.save(contents, path)

    @classmethod
    def load(cls, path: str | Path) -> Sketch:
        """Read a sketch from a file that :meth:`save` wrote.

        Raises
        ------
        UsageError
            Where it is no such file, or a damaged one.
        """
        found = files.load(path)
        sketch = cls(found.reference, found.stream, found.cells, found.seed)
        sketch.counts, sketch.sums = found.counts, found.sums
        sketch.residuals, sketch.spans = found.residuals, found.spans
        return sketch
