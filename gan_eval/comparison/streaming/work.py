"""Do the work of a stream: draw a reference, sum up both sides, test and measure the sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from gan_eval.comparison.reading.table import some
from gan_eval.comparison.streaming import columns as columns_room
from gan_eval.comparison.streaming.checkpoint import SIDES, Checkpoint
from gan_eval.comparison.streaming.differences import column_differences, quantiles
from gan_eval.comparison.streaming.passes import (
    Runner,
    Tell,
    draw_reference,
    drawn_places,
    sum_units,
)
from gan_eval.comparison.streaming.reference import reference_of
from gan_eval.comparison.streaming.result import (
    StreamedComparison,
    StreamedSide,
    Tested,
    adjusted,
)
from gan_eval.comparison.streaming.scan import Plan, Scanned, on_both
from gan_eval.comparison.streaming.units import Part, Recipe, nothing
from gan_eval.pages.numbers import count, number, plural
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.result import Verdict
from gan_eval.stats.sketch import Reference, SketchTest

CELLS = 4096
"""Cells that the rows of a side are dealt to."""


class Work:
    """The passes over two sides, and what they come to.

    ``running`` starts what does the tasks of a pass; ``apart`` says whether points are chosen in a
    process of their own.
    """

    def __init__(
        self,
        sides: Mapping[str, Scanned],
        chosen: Plan,
        seed: int,
        running: Callable[[], AbstractContextManager[Runner]],
        tell: Tell,
        apart: bool,
        tolerance: float,
        code: str = "",
    ) -> None:
        self.apart, self.tolerance, self.code = apart, tolerance, code
        self.sides, self.chosen, self.seed = sides, chosen, seed
        self.running, self.tell = running, tell
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
            {"real": self.places}, self.code,
        )  # fmt: skip
        parts = parts or {side: nothing(side, recipe) for side in SIDES}
        if state is not None and known is None:
            state.write(0, parts)
        with self.running() as run:
            sum_units(self.units, recipe, parts, done, run, self.tell, state)
        if state is not None:
            state.finish(len(self.units), parts)
        return parts

    def _reference(self) -> Reference | None:
        """Draw the reference; None, and ``why_not``, where there are too few rows for one."""
        names = self.chosen.numbers
        if not names:
            return None
        units = [unit for unit in self.units if unit.side == "real"]
        with self.running() as run:  # whose processes have ended when points are chosen
            rows = draw_reference(units, self.places, names, run, self.tell)
        try:
            return reference_of(rows, names, self.tolerance, self.apart)
        except CannotTestError as error:
            self.why_not = str(error)
            return None

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
        rarest = _rarest(real.rows, generated.rows)
        for name, values in (("columns", alone), ("missing", holes)):
            if len(values):
                p, least = (min(1.0, float(one) * len(values)) for one in (values.min(), rarest))
                tests.append(Tested(name, p, least))
        shared = on_both(self.sides["real"], self.sides["generated"])
        if not tests:
            tests.append(Tested("columns", why_not="no column has values that can be tested"))
        return StreamedComparison(
            real=self._side("real", real),
            generated=self._side("generated", generated),
            numbers=tuple(together),
            beside=beside,
            set_aside=dict(self.chosen.set_aside),
            notes=tuple(self._notes(parts, together, sketch, shared)),
            sketch=sketch,
            tests=adjusted(tests, alpha, correction),
            columns=frame,
            quantiles=quantiles(real.columns, generated.columns),
            alpha=alpha,
            correction=correction,
            permutations=permutations,
            seed=self.seed,
            shared=len(shared),
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
            return found, Tested("mmd", why_not=_too_little(found, permutations))
        return found, Tested("mmd", found.pvalue, found.least_pvalue)

    def _side(self, side: str, part: Part) -> StreamedSide:
        one = self.sides[side]
        sketched = part.sketch.n if part.sketch is not None else 0
        reference = one.rows - part.holes - sketched if part.sketch is not None else 0
        return StreamedSide(one.source, len(one.files), one.rows, part.holes, reference)

    def _notes(
        self,
        parts: Mapping[str, Part],
        together: Sequence[str],
        sketch: SketchTest | None,
        shared: Sequence[str],
    ) -> list[str]:
        notes = []
        if shared:
            first = plain(shared[0])
            more = len(shared) - 1
            which = f"{first} and {count(more)} more are" if more else f"{first} is"
            notes.append(
                f"{which} on both sides: rows are not told apart from themselves, whatever the "
                "generator does."
            )
        kept_out = [name for name in self.chosen.numbers if name not in together]
        if kept_out and together:
            notes.append(
                f"The {some('column', kept_out)} {'is' if len(kept_out) == 1 else 'are'} constant "
                "or missing, or determined by others, in the real rows that chose the kernel, and "
                "compared alone, not in the MMD."
            )
        if sketch is not None and sketch.rough:
            exact = "" if math.isnan(sketch.pvalue) else "its p-value is exact all the same, but "
            notes.append(
                f"{sketch.parameters['rank']:g} points hold the kernel of "
                f"{plural(len(together), 'column')} such that MMD² is right within "
                f"{number(sketch.bound, 2)}: {exact}worth is not given."
            )
        for name in self.chosen.numbers:
            if any(_is_inexact(part.columns[name]) for part in parts.values()):
                notes.append(
                    f"{plain(name)} has numbers beyond 2⁵³, of which the last digits are lost."
                )
        if any("=" in part for one in self.sides.values() for part in _folders(one)):
            notes.append("Names of folders, such as year=2024, are no columns of a stream.")
        if not can_count():
            notes.append(columns_room.lacking())
        return notes


def _too_little(found: SketchTest, permutations: int) -> str:
    if found.from_reference:
        return "the real rows seem to be those that chose the kernel"
    if not found.rows_in_block:
        return "the rows do not make blocks of equal size on both sides"
    if found.least_pvalue == 1 / (1 + permutations):
        what = f"{plural(permutations, 'permutation')} allow"
        what += "s" if permutations == 1 else ""
    else:
        real, generated = found.blocks_real, found.blocks_generated
        what = f"{real} and {generated} blocks of equal size allow"
    return f"{what} no p-value of MMD below {found.least_pvalue:.2g}"


def _rarest(n: int, m: int) -> float:
    """Return the least p-value that a test of n and m rows can have, by which rows are whose; of as
    many rows a labelling is as far as the one with sides exchanged."""
    return (1 + (n == m)) / math.comb(n + m, n) if n + m < 100 else 0.0


def _folders(side: Scanned) -> list[str]:
    return [part for file in side.files for part in Path(file.path).parts[:-1]]


def _is_inexact(column: Any) -> bool:
    return isinstance(column, columns_room.Numbers) and column.inexact


def can_count() -> bool:
    """Say whether quantiles and values can be counted."""
    return columns_room.library() is not None
