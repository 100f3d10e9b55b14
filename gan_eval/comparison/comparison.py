"""A comparison of two samples: tests, distances, columns, directions, copied rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gan_eval.comparison.columns.kinds import Kind
from gan_eval.comparison.copies import Copies
from gan_eval.comparison.directions import Direction, Directions
from gan_eval.comparison.distances import Distance
from gan_eval.comparison.measures import Measures
from gan_eval.comparison.modes import Modes
from gan_eval.runtime.documents import json_ready, json_text
from gan_eval.runtime.files import write_text
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.stats.battery.battery import BatteryResult
from gan_eval.stats.conversion import Array, Exact, in_words
from gan_eval.stats.coverage import Coverage
from gan_eval.stats.mixed import MixedRows
from gan_eval.stats.result import Verdict
from gan_eval.stats.worth import Worth

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two samples: its name, how many rows it has, and the rows compared.

    ``source`` is the name of its file, or of the argument that it was given as.
    """

    source: str
    available: int
    rows: MixedRows = field(repr=False)


@dataclass(frozen=True, eq=False)
class Comparison(Displayed):
    """A comparison of two samples, which :func:`~gan_eval.comparison.run.compare` makes.

    Attributes
    ----------
    real, generated : Side
        Their rows hold the columns ``compared`` only, less ``origins``.
    compared : tuple of str
        The columns compared, those of numbers first.
    kinds : mapping of str to Kind
        Of these columns.
    origins : mapping of str to int or Fraction
        What was taken off columns of both, whose numbers float64 does not hold
        (:func:`~gan_eval.stats.conversion.common_origin`).
    notes : tuple of str
        How the files were read where that is not plain, a sentence each.
    set_aside : mapping of str to str
        Columns left out and why (:func:`~gan_eval.stats.twosample.columns.set_aside`).
    tests : BatteryResult
        The battery on real (x) and generated (y). It alone decides whether they are told apart.
    distances : tuple of Distance
    measures : Measures
        Worth, ranges of real against real, power, coverage and modes; :attr:`worth`,
        :attr:`coverage` and :attr:`modes` are among them.
    columns : DataFrame
        One row per column, the largest difference first
        (:func:`~gan_eval.comparison.columns.differences.column_differences`).
    missing : DataFrame
        One row per set of columns whose values are missing together
        (:func:`~gan_eval.comparison.columns.differences.missing_patterns`).
    directions : Directions, optional
        Of the numbers; None where there are none.
    copies : Copies
        Rows of generated that are rows of real, or nearly so, in all columns ``compared``, and
        rows that repeat within a sample: of all rows, not only of the drawn ones.
    seed, permutations : int
    """

    real: Side
    generated: Side
    compared: tuple[str, ...]
    kinds: Mapping[str, Kind]
    origins: Mapping[str, Exact]
    notes: tuple[str, ...]
    set_aside: Mapping[str, str]
    tests: BatteryResult
    distances: tuple[Distance, ...]
    measures: Measures
    columns: pd.DataFrame
    missing: pd.DataFrame
    directions: Directions | None
    copies: Copies
    seed: int
    permutations: int

    @property
    def verdict(self) -> Verdict:
        """Told apart, not told apart, or could not tell: the battery's verdict."""
        return self.tests.verdict

    @property
    def told_apart(self) -> bool:
        """True where a test of the battery rejects; if none does, see ``verdict``."""
        return self.tests.told_apart

    @property
    def worth(self) -> tuple[Worth, ...]:
        """How many real rows the generator is worth, by energy and by MMD."""
        return self.measures.worth

    @property
    def coverage(self) -> Coverage | None:
        """Precision, recall, density and coverage; None where there are too few rows."""
        return self.measures.coverage

    @property
    def modes(self) -> Modes | None:
        """The modes of both samples and their shares."""
        return self.measures.modes

    def __repr__(self) -> str:
        from gan_eval.comparison.pages import answer  # as below: with what they alone need

        return few_lines(*answer.summary(self))

    def _repr_html_(self) -> str:
        from gan_eval.comparison.pages.page import answer

        return answer(self)

    def plot(self) -> Figure:
        """Draw the most different columns and the leading directions, as the page does."""
        from gan_eval.comparison.pages.figures import plot

        return plot(self)

    def save(self, path: str | Path) -> None:
        """Write the page with all tables and pictures: one HTML file, which fetches nothing.

        Raises ``UsageError`` where it cannot be written.
        """
        from gan_eval.comparison.pages.page import render

        write_text(path, render(self))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per column compared, the largest difference first: ``columns``."""
        return self.columns.copy()

    def to_series(self) -> pd.Series:
        """Return the answer as one row: verdict, smallest adjusted p-value, distances, rows."""
        directions = self.directions
        return pd.Series(
            {
                "verdict": str(self.verdict),
                "smallest_adjusted_pvalue": self.tests.smallest,
                **{distance.name: distance.estimate for distance in self.distances},
                **{f"worth_{one.by}": one.value for one in self.worth},
                **{f"worth_{one.by}_low": one.low for one in self.worth},
                "coverage": self.coverage.coverage.value if self.coverage else None,
                "copies": str(self.copies.verdict),
                "largest_shift": directions.mean.value if directions else None,
                "most_unequal_variance": (
                    directions.spread[0].value if directions and directions.spread else None
                ),
                "copied_rows": self.copies.exact.rows,
                "real_rows": len(self.real.rows),
                "generated_rows": len(self.generated.rows),
                "columns": len(self.compared),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON; NaN and infinities are None."""
        sides = {"real": self.real, "generated": self.generated}
        intervals = {d.name: (d.estimate, *(d.interval or (None, None))) for d in self.distances}
        bounds = ("estimate", "confidence_low", "confidence_high")
        return json_ready(
            {
                "verdict": str(self.verdict),
                **{
                    name: {"file": s.source, "rows": s.available, "rows_compared": len(s.rows)}
                    for name, s in sides.items()
                },
                "columns_compared": self.compared,
                "kinds": {name: str(kind) for name, kind in self.kinds.items()},
                "origins": {name: in_words(origin) for name, origin in self.origins.items()},
                "notes": self.notes,
                "set_aside": self.set_aside,
                "seed": self.seed,
                "permutations": self.permutations,
                "battery": self.tests.to_dict(),
                "distances": {
                    name: dict(zip(bounds, three, strict=True)) for name, three in intervals.items()
                },
                "columns": self.columns.to_dict(orient="records"),
                "missing": self.missing.to_dict(orient="records"),
                "directions": self._directions(),
                "worth": {one.by: one.to_dict() for one in self.worth},
                "real_against_real": self.measures.ranges and self.measures.ranges.to_dict(),
                "power": self.measures.power and self.measures.power.to_dict(),
                "coverage": self.coverage and self.coverage.to_dict(),
                "modes": self.modes and self.modes.to_dict(),
                "not_measured": self.measures.not_measured,
                "copies": self.copies.to_dict(),
            }
        )

    def _directions(self) -> dict[str, Any] | None:
        along, names = self.directions, self.real.rows.number_names
        if along is None:
            return None

        def by_column(numbers: Array) -> dict[str, float]:
            return dict(zip(names, numbers.tolist(), strict=True))

        def direction(found: Direction, value: str, chance: float) -> dict[str, Any]:
            return {value: found.value, "by_chance": chance, "loadings": by_column(found.loadings)}

        return {
            "units": by_column(along.units),
            "mean": direction(along.mean, "shift", along.chance_shift),
            "spread": [direction(d, "variance_ratio", along.chance_ratio) for d in along.spread],
        }

    def to_json(self) -> str:
        """Return ``to_dict`` as one JSON object."""
        return json_text(self.to_dict(), indent=None)
