"""Compare two folders of Parquet files that are larger than memory: draw, sum, test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.comparison.reading.table import some
from gan_eval.comparison.streaming import columns as columns_room
from gan_eval.comparison.streaming.checkpoint import SIDES, Checkpoint, fingerprint
from gan_eval.comparison.streaming.differences import column_differences, quantiles
from gan_eval.comparison.streaming.passes import (
    Runner,
    Tell,
    draw_reference,
    drawn_places,
    sum_units,
)
from gan_eval.comparison.streaming.result import (
    StreamedComparison,
    StreamedSide,
    Tested,
    adjusted,
)
from gan_eval.comparison.streaming.scan import Plan, Scanned, plan, scan
from gan_eval.comparison.streaming.units import Part, Recipe, nothing
from gan_eval.pages.numbers import plural
from gan_eval.runtime.arguments import draw_count, level, plain, whole_number
from gan_eval.runtime.child import Child
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.runtime.pool import Pool, side_by_side
from gan_eval.runtime.random import MAX_SEED
from gan_eval.stats.multiple import known_correction
from gan_eval.stats.result import Verdict
from gan_eval.stats.sketch import Reference, SketchTest
from gan_eval.stats.twosample.columns import set_aside

CELLS = 4096
"""Cells that the rows of a side are dealt to."""


def compare_streamed(
    real: str | Path,
    generated: str | Path,
    *,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
    strict: bool = False,
    alpha: float = 0.05,
    correction: str = "holm",
    permutations: int = 999,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    workers: int | None = None,
    run: Runner | None = None,
    progress: Tell | None = None,
) -> StreamedComparison:
    """Compare two Parquet files, or folders of them, without having them in memory.

    Parameters
    ----------
    real, generated : path
        Parquet files, or folders of them. Rows of each are independent draws, in any order.
    columns, exclude : sequence of str, optional
        Columns to compare, all that both have if not given, and columns to leave out.
    kinds : mapping of str to str, optional
        ``"number"`` or ``"category"`` for columns whose type says something else.
    strict : bool
        Whether a column that cannot be compared is refused, rather than set aside.
    alpha : float
        The level of all tests together.
    correction : str
        How p-values are adjusted over tests.
    permutations : int
        Of the blocks.
    seed : int
        Of the reference's draw, the dealing and the permutations, from 0.
    checkpoint : path, optional
        A folder for the state: the same comparison goes on from it. When it is done, it has the
        sketch of each side, which can be compared with those of other days
        (:class:`~gan_eval.stats.sketch.sketch.Sketch`).
    workers : int, optional
        Processes; one per core if not given.
    run : callable, optional
        Does the work elsewhere, such as on a cluster: given tasks, it yields each with its outcome.
    progress : callable, optional
        Called with what is being done.

    Returns
    -------
    StreamedComparison

    Raises
    ------
    UsageError
        Where files, columns or arguments cannot be used.

    Notes
    -----
    Real rows drawn evenly at random, up to 4,096, give the coordinates, the bandwidth and the
    pivots of MMD (:class:`~gan_eval.stats.sketch.reference.Reference`); they are left out of the
    sketch, so that what is tested is independent of them. A second pass deals every other row
    without a missing number to one of 4,096 cells by a random number of its position, and keeps
    moments, quantiles and counts of each column. MMD is then tested by permuting blocks of equal
    counts (:meth:`~gan_eval.stats.sketch.sketch.Sketch.test`).

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, shift in (("real", 0.0), ("fake", 0.3)):
    ...         rows = pd.DataFrame(rng.normal(shift, 1.0, (4000, 2)), columns=["a", "b"])
    ...         rows.to_parquet(f"{folder}/{name}.parquet")
    ...     found = compare_streamed(f"{folder}/real.parquet", f"{folder}/fake.parquet", workers=1)
    >>> str(found.verdict), found.numbers, found.real.rows
    ('told_apart', ('a', 'b'), 4000)
    """
    level(alpha)
    known_correction(correction)
    draw_count(permutations, "`permutations`")
    whole_number(seed, "`seed`", 0, MAX_SEED)
    workers = side_by_side(workers)
    tell = progress or (lambda _: None)
    tell("looking through the files")
    sides = {"real": scan(real), "generated": scan(generated)}
    chosen = plan(
        *sides.values(), chosen=columns, exclude=exclude, kinds=kinds, strict=strict,
        categories=_can_count(),
    )  # fmt: skip
    state = None if checkpoint is None else _checkpoint(checkpoint, sides, chosen, seed)
    with Pool(workers) if run is None else nullcontext() as pool:
        run = run or pool.run_all  # type: ignore[union-attr]
        work = _Work(sides, chosen, seed, run, tell, apart=workers > 1)
        parts = work.do(state)
    tell("testing")
    return work.compared(parts, alpha, correction, permutations)


class CannotStreamError(UsageError):
    """Columns whose MMD no sums at few points hold."""


class _Work:
    """The passes over two sides, and what they come to."""

    def __init__(
        self,
        sides: Mapping[str, Scanned],
        chosen: Plan,
        seed: int,
        run: Runner,
        tell: Tell,
        apart: bool,
    ) -> None:
        self.apart = apart
        self.sides, self.chosen, self.seed, self.run, self.tell = sides, chosen, seed, run, tell
        self.units = [unit for side, one in sides.items() for unit in one.units(side)]
        self.places = (
            drawn_places(sides["real"].rows, seed) if chosen.numbers else np.empty(0, np.int64)
        )
        self.why_not = "" if chosen.numbers else "no column is of numbers"

    def do(self, state: Checkpoint | None) -> dict[str, Part]:
        """Draw the reference and sum, or go on with a state."""
        known = state.load() if state is not None else None
        if known is not None:
            done, parts = known
            sketch = parts["real"].sketch
            reference = sketch.reference if sketch is not None else None
            if reference is None and self.chosen.numbers:
                self._reference()  # for its reason alone
        else:
            done, parts = 0, {}
            reference = self._reference()
        recipe = Recipe(
            self.chosen.numbers, self.chosen.categories, reference, CELLS, self.seed,
            {"real": self.places},
        )  # fmt: skip
        parts = parts or {side: nothing(side, recipe) for side in SIDES}
        if state is not None and known is None:
            state.write(0, parts)
        sum_units(self.units, recipe, parts, done, self.run, self.tell, state)
        if state is not None:
            state.finish(len(self.units), parts)
        return parts

    def _reference(self) -> Reference | None:
        """Draw the reference; None, and ``why_not``, where there are too few rows for one."""
        names = self.chosen.numbers
        if not names:
            return None
        units = [unit for unit in self.units if unit.side == "real"]
        rows = draw_reference(units, self.places, names, self.run, self.tell)
        if len(rows) < 4:
            self.why_not = "too few real rows have a number in every column"
            return None
        apart = set_aside(rows, rows[:0], names)
        kept = [name for name in names if name not in apart]
        if not kept:
            self.why_not = "all columns of numbers are constant in the real rows"
            return None
        frame = pd.DataFrame(rows[:, [names.index(name) for name in kept]], columns=pd.Index(kept))
        try:
            return _reference_of(frame, apart=self.apart)
        except CannotTestError as error:
            self.why_not = str(error)
            return None
        except UsageError as error:
            raise CannotStreamError(
                f"MMD of {plural(len(kept), 'column')} cannot be streamed: choose fewer `columns`, "
                f"or compare a part of the rows in memory ({error})"
            ) from None

    def compared(
        self, parts: Mapping[str, Part], alpha: float, correction: str, permutations: int
    ) -> StreamedComparison:
        """Test and measure what the parts hold."""
        real, generated = (parts[side] for side in SIDES)
        frame = column_differences(real.columns, generated.columns, correction)
        reference = real.sketch.reference if real.sketch is not None else None
        together = reference.columns if reference is not None else ()
        beside = tuple(name for name in real.columns if name not in together)
        tests: list[Tested] = []
        sketch = None
        if self.chosen.numbers:
            sketch, tested = self._tested(real, generated, alpha, permutations)
            tests.append(tested)
        by_name = frame.set_index("column")
        alone = by_name.loc[list(beside), "pvalue"].dropna().to_numpy()
        holes = frame["missing_pvalue"].dropna().to_numpy()
        for name, values in (("columns", alone), ("missing", holes)):
            if len(values):
                tests.append(Tested(name, min(1.0, float(values.min()) * len(values))))
        if not tests:
            tests.append(Tested("columns", why_not="no column has values that can be tested"))
        return StreamedComparison(
            real=self._side("real", real),
            generated=self._side("generated", generated),
            numbers=tuple(together),
            beside=beside,
            set_aside=dict(self.chosen.set_aside),
            notes=tuple(self._notes(parts, together)),
            sketch=sketch,
            tests=adjusted(tests, alpha, correction),
            columns=frame,
            quantiles=quantiles(real.columns, generated.columns),
            alpha=alpha,
            correction=correction,
            permutations=permutations,
            seed=self.seed,
        )

    def _tested(
        self, real: Part, generated: Part, alpha: float, permutations: int
    ) -> tuple[SketchTest | None, Tested]:
        if real.sketch is None or generated.sketch is None:
            return None, Tested("mmd", why_not=self.why_not)
        try:
            found = real.sketch.test(generated.sketch, permutations, alpha, self.seed)
        except CannotTestError as error:
            return None, Tested("mmd", why_not=str(error))
        if found.verdict == Verdict.COULD_NOT_TELL:
            return found, Tested("mmd", why_not=_too_little(found))
        return found, Tested("mmd", found.pvalue, found.least_pvalue)

    def _side(self, side: str, part: Part) -> StreamedSide:
        one = self.sides[side]
        sketched = part.sketch.n if part.sketch is not None else 0
        reference = one.rows - part.holes - sketched if part.sketch is not None else 0
        return StreamedSide(one.source, len(one.files), one.rows, part.holes, reference)

    def _notes(self, parts: Mapping[str, Part], together: Sequence[str]) -> list[str]:
        notes = []
        if kept_out := [name for name in self.chosen.numbers if name not in together]:
            notes.append(
                f"The {some('column', kept_out)} {'is' if len(kept_out) == 1 else 'are'} constant "
                "or determined by others in the real rows that chose the kernel, and compared "
                "alone, not in the MMD."
            )
        for name in self.chosen.numbers:
            if any(_is_inexact(part.columns[name]) for part in parts.values()):
                notes.append(
                    f"{plain(name)} has numbers beyond 2⁵³, of which the last digits are lost."
                )
        if any("=" in part for one in self.sides.values() for part in _folders(one)):
            notes.append("Names of folders, such as year=2024, are no columns of a stream.")
        if not _can_count():
            notes.append(columns_room.lacking())
        return notes


def _reference_of(rows: pd.DataFrame, apart: bool) -> Reference:
    """Make a reference; ``apart`` in a process that ends then, since what chooses the pivots takes
    more memory than all the rest."""
    if not apart:
        return Reference.of(rows)
    child = Child()
    try:
        return child.call(Reference.of, rows, seconds=None)
    finally:
        child.end()


def _too_little(found: SketchTest) -> str:
    if not found.rows_in_block:
        return "the rows do not make blocks of equal size on both sides"
    blocks = f"{found.blocks_real} and {found.blocks_generated} blocks of equal size"
    return f"{blocks} allow no p-value of MMD below {found.least_pvalue:.2g}"


def _folders(side: Scanned) -> list[str]:
    return [part for file in side.files for part in Path(file.path).parts[:-1]]


def _is_inexact(column: Any) -> bool:
    return isinstance(column, columns_room.Numbers) and column.inexact


def _can_count() -> bool:
    return columns_room.library() is not None


def _checkpoint(
    folder: str | Path, sides: Mapping[str, Scanned], chosen: Plan, seed: int
) -> Checkpoint:
    identity = {
        f"{side} files": fingerprint([(f.path, f.stamp, f.groups) for f in one.files])
        for side, one in sides.items()
    }
    identity["columns"] = fingerprint([chosen.numbers, chosen.categories])
    identity["seed"] = str(seed)
    return Checkpoint(folder, identity)
