"""A comparison of two samples: tests, distances, columns, directions, copied rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gan_eval.comparison.copies import Copies, find_copies
from gan_eval.comparison.differences import (
    Direction,
    Directions,
    Distance,
    column_differences,
    distances,
    leading_directions,
    squares_vanish,
)
from gan_eval.comparison.reading import LEAST_ROWS, common_columns, counting, read_tables
from gan_eval.runtime.arguments import plain, whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import json_ready, write_text
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.stats.battery.battery import BatteryResult, battery
from gan_eval.stats.conversion import Array, Exact, common_origin, in_words
from gan_eval.stats.result import Verdict
from gan_eval.stats.twosample.columns import set_aside

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two samples: its name, how many rows it has, and the rows compared.

    ``source`` is the name of its file, or of the argument that it was given as.
    """

    source: str
    available: int
    rows: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class Comparison(Displayed):
    """A comparison of two samples, which :func:`compare` makes.

    Attributes
    ----------
    real, generated : Side
        Their rows hold ``columns`` only, less ``origins``.
    columns : tuple of str
        The columns compared.
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
    differences : DataFrame
        One row per column, the largest difference first
        (:func:`~gan_eval.comparison.differences.column_differences`).
    directions : Directions
    copies : Copies
        Rows of generated that are rows of real, or nearly so, in all ``columns``, and rows that
        repeat within a sample: of all rows, not only of the drawn ones.
    seed, permutations : int
    """

    real: Side
    generated: Side
    columns: tuple[str, ...]
    origins: Mapping[str, Exact]
    notes: tuple[str, ...]
    set_aside: Mapping[str, str]
    tests: BatteryResult
    distances: tuple[Distance, ...]
    differences: pd.DataFrame
    directions: Directions
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

    def __repr__(self) -> str:
        from gan_eval.comparison import words  # as the methods below: with what they alone need

        return few_lines(*words.summary(self))

    def plot(self) -> Figure:
        """Draw the most different columns and the leading directions, as the page does."""
        from gan_eval.comparison.figures import plot

        return plot(self)

    def save(self, path: str | Path) -> None:
        """Write the page with all tables and pictures: one HTML file, which fetches nothing.

        Raises ``UsageError`` where it cannot be written.
        """
        from gan_eval.comparison.page import render

        write_text(path, render(self))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per column compared, the largest difference first: ``differences``."""
        return self.differences.copy()

    def to_series(self) -> pd.Series:
        """Return the answer as one row: verdict, smallest adjusted p-value, distances, rows."""
        directions = self.directions
        return pd.Series(
            {
                "verdict": str(self.verdict),
                "smallest_adjusted_pvalue": self.tests.smallest,
                **{distance.name: distance.estimate for distance in self.distances},
                "largest_shift": directions.mean.value,
                "most_unequal_variance": directions.spread[0].value if directions.spread else None,
                "copied_rows": self.copies.exact.rows,
                "real_rows": len(self.real.rows),
                "generated_rows": len(self.generated.rows),
                "columns": len(self.columns),
            }
        )

    def document(self) -> dict[str, Any]:
        """Return all of it, ready for JSON; NaN and infinities are None."""
        sides = {"real": self.real, "generated": self.generated}
        intervals = {d.name: (d.estimate, *(d.interval or (None, None))) for d in self.distances}
        bounds = ("estimate", "confidence_low", "confidence_high")
        along = self.directions

        def by_column(numbers: Array) -> dict[str, float]:
            return dict(zip(self.columns, numbers.tolist(), strict=True))

        def direction(found: Direction, value: str, chance: float) -> dict[str, Any]:
            return {value: found.value, "by_chance": chance, "loadings": by_column(found.loadings)}

        return json_ready(
            {
                "verdict": str(self.verdict),
                **{
                    name: {"file": s.source, "rows": s.available, "rows_compared": len(s.rows)}
                    for name, s in sides.items()
                },
                "columns_compared": self.columns,
                "origins": {name: in_words(origin) for name, origin in self.origins.items()},
                "notes": self.notes,
                "set_aside": self.set_aside,
                "seed": self.seed,
                "permutations": self.permutations,
                "battery": self.tests.to_dict(),
                "distances": {
                    name: dict(zip(bounds, three, strict=True)) for name, three in intervals.items()
                },
                "columns": self.differences.to_dict(orient="records"),
                "directions": {
                    "units": by_column(along.units),
                    "mean": direction(along.mean, "shift", along.chance_shift),
                    "spread": [
                        direction(d, "variance_ratio", along.chance_ratio) for d in along.spread
                    ],
                },
                "copies": asdict(self.copies),
            }
        )


def compare(
    real: Any,
    generated: Any,
    *,
    columns: Sequence[str] | None = None,
    sample: int | None = None,
    tests: Sequence[str] | None = None,
    alpha: float = 0.05,
    correction: str = "holm",
    permutations: int = 999,
    seed: int = 0,
    header: bool | None = None,
) -> Comparison:
    """Compare two samples: tests, distances, columns, directions, copied rows.

    Parameters
    ----------
    real, generated : array, DataFrame, torch tensor, or path of a file
        Independent rows of shape (n, d), or (n,); n and d are those of each, at least 3 rows. Files
        are CSV, TSV, Parquet, NPY or NPZ (:func:`~gan_eval.comparison.reading.read_table`). Columns
        are matched by name, and by position where one of the two has no names.
    columns : sequence of str, optional
        Those to compare; all if none, which both must then have.
    sample : int, optional
        Rows to draw from each without replacement, at least 3; one with fewer gives all.
    tests, alpha, correction, permutations
        As in :func:`~gan_eval.stats.battery.battery.battery`.
    seed : int
        Of the draw, the permutations and the bootstrap, from 0.
    header : bool, optional
        Whether the first line of a text file names its columns; found out if not given
        (:mod:`~gan_eval.comparison.text`).

    Returns
    -------
    Comparison
        Draws itself in a notebook; ``save`` writes it as a page.

    Raises
    ------
    UsageError
        Where rows or arguments cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> real, generated = rng.normal(size=(150, 2)), rng.normal(0.0, [1.0, 1.4], size=(100, 2))
    >>> found = compare(real, generated, tests=["hotelling", "covariance"])
    >>> found.told_apart, found.tests.rejected
    (True, ('covariance',))
    >>> found.to_frame()[["column", "sd_ratio"]].round(2).head(1)
      column  sd_ratio
    0     x2      1.41
    """
    if sample is not None:
        whole_number(sample, "`sample`", LEAST_ROWS)
    if not 0 <= whole_number(seed, "`seed`", 0) < 2**63:
        raise UsageError(f"`seed` must be between 0 and 2**63 − 1, got {seed}")
    tables = common_columns(*read_tables(real, generated, header), columns)
    names = [str(name) for name in tables[0].frame.columns]
    streams = np.random.default_rng(seed).spawn(4)
    both = " and ".join(repr(table.source) for table in tables)
    first, second = (table.numbers(names) for table in tables)
    *pair, taken_off = common_origin(first, second, both, names)
    origins = {names[j]: origin for j, origin in taken_off.items()}
    drawn = [
        rows
        if sample is None or sample >= len(rows)
        else rows[np.sort(stream.choice(len(rows), size=sample, replace=False))]
        for rows, stream in zip(pair, streams, strict=False)
    ]
    aside = set_aside(drawn[0], drawn[1], names, origins)
    kept = [i for i, name in enumerate(names) if name not in aside]
    if not kept:
        name, reason = next(iter(aside.items()))
        raise UsageError(f"no column can be compared: {name!r} is {reason}")
    x, y = (rows[:, kept] for rows in drawn)
    compared = [names[i] for i in kept]
    frames = [pd.DataFrame(rows, columns=pd.Index(compared)) for rows in (x, y)]
    found = battery(
        *frames, tests=tests, alpha=alpha, correction=correction, permutations=permutations,
        rng=seed,
    )  # fmt: skip
    notes = [table.note for table in tables if table.note]
    notes += [
        f"Column {plain(name)} counts the rows, as an index does: leave it out of `columns`."
        for name in counting(pair[0], pair[1], names)
    ]
    if squares_vanish(x, y):
        notes.append(
            "The Fréchet distance of the columns as they are is not given: in their squared units "
            "it is too small for a number."
        )
    return Comparison(
        real=Side(tables[0].source, len(pair[0]), x),
        generated=Side(tables[1].source, len(pair[1]), y),
        columns=tuple(compared),
        origins={name: origins[name] for name in compared if name in origins},
        notes=tuple(notes),
        set_aside=aside,
        tests=found,
        distances=distances(x, y, found, streams[3]),
        differences=column_differences(x, y, compared, correction, origins),
        directions=leading_directions(x, y),
        copies=find_copies(pair[0][:, kept], pair[1][:, kept], streams[2]),
        seed=seed,
        permutations=permutations,
    )
