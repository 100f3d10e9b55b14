"""Energy by random directions, streaming: rows counted between fixed edges on fixed lines.

The energy distance of whitened rows is a constant times the mean, over all directions, of
2 ∫ (F − G)² dt along the line, F and G the shares of rows below t. Counts of rows between fixed
edges give F and G at the edges, and counts add.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime import arguments
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.runtime.random import MAX_SEED, keyed_words
from gan_eval.runtime.threads import one_blas_thread
from gan_eval.stats.samples import Array
from gan_eval.stats.sketch.dealing import key_of
from gan_eval.stats.sketch.line_energy import LineCounts, LineEnergy, line_energy
from gan_eval.stats.sketch.line_grid import FEWEST_EDGES, MOST_DIRECTIONS, MOST_EDGES, Lines, Places
from gan_eval.stats.sketch.rows import read
from gan_eval.stats.sketch.spans import Spans, joined, overlap, placed, stream_name

# Rows at a time, so many that the counts of a line are worth fetching, and numbers of them.
ROWS = 2**16
ENTRIES = 2**19
# Blocks that rows are dealt to, a power of two.
BLOCKS = 64


class LineSketch:
    """A sketch of rows for their energy distance from others: counts on lines, which add up.

    Parameters
    ----------
    reference : rows of shape (k, d), Lines, or LineSketch
        Rows that give the coordinates, in which they have mean 0 and covariance I, and the grids.
        The sketches of one comparison take the same.
    directions : int
        At least so many lines: groups of d, of 8 for two columns; one for one column
        (:func:`~gan_eval.stats.permutation.lines.direction_groups`).
    edges : int
        On each line, at least 64.
    stream : str or int, optional
        The name of the source of these rows, such as a file, as for
        :class:`~gan_eval.stats.sketch.Sketch`: rows are dealt to blocks by random numbers of (seed,
        stream, position). If not given, the SHA-256 of the first rows that come.
    seed : int
        Of these numbers, of the directions and of the shifts of the grids.
    whiten : bool
        Bring the rows to mean 0 and covariance I first.

    Attributes
    ----------
    counts : ndarray of int, shape (L, 64, edges + 1)
        Rows between the edges of each line, for each block of rows.
    tails : ndarray, shape (L, 2)
        Sums of how far rows before the first edge and after the last lie from it.
    spans : dict
        The positions seen, as lists of (start, stop), of each stream.

    Notes
    -----
    The time goes with the number of rows times lines (``python -m benchmarks.line_sketch``).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real = LineSketch(rng.normal(size=(1000, 2)), stream="real")
    >>> generated = LineSketch(real, stream="generated")
    >>> real.update(rng.normal(size=(20_000, 2))).n
    20000
    >>> found = real.energy(generated.update(rng.normal(0.5, 1.0, size=(20_000, 2))))
    >>> found.low < 0.22 < found.high, found.direction_error < 1e-4
    (True, True)
    """

    def __init__(
        self,
        reference: Any,
        directions: int = 64,
        edges: int = 512,
        *,
        stream: str | int | None = None,
        seed: int = 0,
        whiten: bool = True,
    ) -> None:
        directions = arguments.whole_number(directions, "`directions`", 1, MOST_DIRECTIONS)
        edges = arguments.whole_number(edges, "`edges`", FEWEST_EDGES, MOST_EDGES)
        self.seed = arguments.whole_number(seed, "`seed`", 0, MAX_SEED)
        if isinstance(reference, LineSketch):
            reference = reference.lines
        if not isinstance(reference, Lines):
            reference = Lines.of(reference, directions, edges, self.seed, whiten=whiten)
        self.lines = reference
        self.stream = stream_name(stream)
        self.spans: Spans = {}
        self.counts: NDArray[np.int64] = np.zeros(
            (self.lines.lines, BLOCKS, self.lines.count + 1), np.int64
        )
        self.tails: Array = np.zeros((self.lines.lines, 2))

    @property
    def n(self) -> int:
        """The number of rows."""
        return int(self.counts[0].sum())

    def __repr__(self) -> str:
        lines = self.lines
        return (
            f"LineSketch({self.n:,} rows of {lines.dimension} columns, "
            f"{lines.lines} lines of {lines.count} edges)"
        )

    def update(self, rows: Any, start: int | None = None) -> LineSketch:
        """Count further rows, shape (n, d), and return the sketch itself.

        Parameters
        ----------
        rows : array of shape (n, d), or (n,) for one column
            NumPy's, torch's or pandas', or an Arrow table or record batch.
        start : int, optional
            The position of the first one in its stream; if not given, they follow on the last.

        Raises
        ------
        UsageError
            For rows that are no finite numbers (then none is added), for another number of columns
            than the reference's, and for positions that were there already.
        """
        table = read(rows, dimension=self.lines.dimension)
        name, start, added = placed(self.spans, self.stream, table, start)
        if added:
            self.stream = name
        key = key_of(self.seed, f"lines/{name}")
        most = max(1, min(len(table), ROWS, ENTRIES // self.lines.dimension))
        places = Places(self.lines, most)
        with one_blas_thread():
            for first in range(0, len(table), most):
                chunk = table[first : first + most]
                self._count(places, chunk, keyed_words(key, start + first, len(chunk)))
        self.spans = joined(self.spans, added)
        return self

    def _count(self, places: Places, rows: Array, words: NDArray[np.uint64]) -> None:
        """Count rows (n, d), which random words (n,) deal to the blocks."""
        width = self.lines.count + 1
        offsets = (words & np.uint64(BLOCKS - 1)).astype(np.intp) * width
        flat = self.counts.reshape(self.lines.lines, -1)
        first, last = self.lines.edges[:, 0], self.lines.edges[:, -1]
        for line, below, before, after in places.of(rows):
            below += offsets
            # In place, and as fast as np.bincount, which would fetch new memory each time.
            np.add.at(flat[line], below, 1)
            self.tails[line] += (first[line] - before).sum(), (after - last[line]).sum()

    def merge(self, *others: LineSketch) -> LineSketch:
        """Return a new sketch of the rows of all.

        Raises
        ------
        UsageError
            For a sketch of other lines or another seed, and for positions of a stream that are in
            both: the same rows twice, or others that were dealt by the same random numbers.
        """
        merged = LineSketch(self.lines, stream=self.stream, seed=self.seed)
        for one in (self, *others):
            self._require_same_lines(one)
            if one.seed != self.seed:
                raise UsageError(f"`seed` must be the same to merge, got {self.seed}, {one.seed}")
            found = overlap(merged.spans, one.spans)
            if found:
                raise UsageError(f"`others` have rows that are in the sketch already: {found}")
            merged.counts += one.counts
            merged.tails += one.tails
            merged.spans = joined(merged.spans, one.spans)
        return merged

    def energy(self, generated: LineSketch, confidence_level: float = 0.95) -> LineEnergy:
        """Estimate the energy distance of this sketch's rows, the real ones, and the generated.

        Raises
        ------
        UsageError
            For a sketch of other lines, or rows that were dealt by the same random numbers; as
            :class:`~gan_eval.runtime.errors.CannotTestError` for fewer than 2 rows.
        """
        self._require_same_lines(generated)
        level = arguments.level(confidence_level, "`confidence_level`")
        for sketch in (self, generated):
            if sketch.n < 2:
                raise CannotTestError(f"a sketch must have at least 2 rows, got {sketch.n}")
        found = overlap(self.spans, generated.spans)
        if found and self.seed == generated.seed:
            raise UsageError(
                f"`generated` was dealt by the same numbers, or holds the same rows ({found}): "
                "give each side a `stream` of its own"
            )
        sides = LineCounts(self.counts, self.tails), LineCounts(generated.counts, generated.tails)
        lines = self.lines
        groups = len(lines.directions)
        return line_energy(*sides, lines.edges, lines.weights, groups, lines.constant, level)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that the sketch is, as arrays to be saved without pickle.

        Examples
        --------
        >>> one = LineSketch(np.random.default_rng(0).normal(size=(100, 2)), stream="monday")
        >>> one.update(np.zeros((5, 2))) and LineSketch.of_arrays(one.arrays())
        LineSketch(5 rows of 2 columns, 64 lines of 512 edges)
        """
        spans = [(*span, name) for name, found in self.spans.items() for span in found]
        return {
            "counts": self.counts,
            "tails": self.tails,
            "seed": np.array(self.seed),
            "stream": np.array([] if self.stream is None else [self.stream], dtype=np.str_),
            "spans": np.array([span[:2] for span in spans], np.int64).reshape(-1, 2),
            "streams": np.array([name for *_, name in spans], dtype=np.str_),
            **{f"lines_{name}": np.asarray(value) for name, value in vars(self.lines).items()
               if name in Lines.__dataclass_fields__},
        }  # fmt: skip

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> LineSketch:
        """Make a sketch of what :meth:`arrays` gave."""
        kept = {name: arrays[f"lines_{name}"] for name in Lines.__dataclass_fields__}
        kept |= {"count": int(kept["count"]), "sha256": str(kept["sha256"])}
        stream = arrays["stream"].tolist()
        made = cls(Lines(**kept), stream=stream[0] if stream else None, seed=int(arrays["seed"]))  # pyright: ignore[reportArgumentType]
        made.counts, made.tails = arrays["counts"].copy(), arrays["tails"].copy()
        for name, span in zip(arrays["streams"].tolist(), arrays["spans"].tolist(), strict=True):
            made.spans = joined(made.spans, {name: [tuple(span)]})
        return made

    def _require_same_lines(self, other: LineSketch) -> None:
        arguments.instance_of(other, "`other`", LineSketch)
        if other.lines.sha256 != self.lines.sha256:
            raise UsageError(
                "line sketches must be of one `reference`, with the same directions, edges and "
                "seed, to be added or compared: start one from the other, `LineSketch(first)`"
            )
