"""Which of several generators is nearest to the real rows?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gan_eval.comparison.columns.prepare import prepare
from gan_eval.comparison.columns.redundant import redundant
from gan_eval.comparison.copies import Count, exact_copies
from gan_eval.comparison.reading import (
    ReadOptions,
    Table,
    common_columns,
    read_beside,
    read_options,
    table_of,
)
from gan_eval.comparison.sources import ROWS, draw, is_sampler, is_target
from gan_eval.runtime.arguments import whole_number
from gan_eval.runtime.documents import json_ready, json_text
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import write_text
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.stats.mixed import MixedRows, can_be_whitened, embed
from gan_eval.stats.multiple import rejected
from gan_eval.stats.relative import FEWEST_ROWS, Difference, RelativeDistances, relative_distances

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Ranking(Displayed):
    """Several generators, by their distance to the same real rows; :func:`rank` makes it.

    Attributes
    ----------
    real : str
        The name of the real table's file, or of the argument.
    rows : int
        Real rows.
    names : tuple of str
        The generators, in the order given.
    generated_rows : tuple of int
    compared : tuple of str
        The columns compared.
    notes : tuple of str
        How the files were read and what was done to the columns, where that is not plain.
    set_aside : mapping of str to str
        Columns left out and why (:func:`~gan_eval.stats.twosample.columns.set_aside`).
    found : RelativeDistances
        Distances and differences, in the coordinates in which the real rows are white.
    copies : tuple of Count
        Of each generator: rows that equal a real row, and how many would by chance.
    seed : int
    """

    real: str
    rows: int
    names: tuple[str, ...]
    generated_rows: tuple[int, ...]
    compared: tuple[str, ...]
    notes: tuple[str, ...]
    set_aside: Mapping[str, str]
    found: RelativeDistances
    copies: tuple[Count, ...]
    seed: int

    @property
    def order(self) -> tuple[int, ...]:
        """The places of the generators, the nearest by estimate first."""
        return tuple(int(i) for i in np.argsort(self.found.distances, kind="stable"))

    @property
    def best(self) -> str | None:
        """The generator that is shown to be nearer than each of the others; None if none is."""
        first = self.order[0]
        others = (one for one in self.found.differences if first in (one.first, one.second))
        return self.names[first] if all(self.told_apart(one) for one in others) else None

    def told_apart(self, one: Difference) -> bool:
        """Say whether one of the two is shown to be nearer, after Holm's correction."""
        return bool(rejected(one.adjusted, self.found.alpha))

    def nearer_first(self, one: Difference) -> tuple[str, str]:
        """Name the two, the nearer by estimate first."""
        first, second = self.names[one.first], self.names[one.second]
        return (first, second) if one.estimate <= 0 else (second, first)

    def worth(self, place: int) -> tuple[float, float, float]:
        """Return how many real rows a generator is worth, with the ends of the 95 % interval.

        n fresh real rows are ``found.spread`` / n away on average; infinite at a distance of 0.
        """
        low, high = self.found.intervals[place]
        return tuple(  # type: ignore[return-value]
            self.found.spread / d if d > 0 else np.inf
            for d in (self.found.distances[place], high, low)
        )

    def __repr__(self) -> str:
        from gan_eval.comparison.ranking.words import summary

        return few_lines(*summary(self))

    def _repr_html_(self) -> str:
        from gan_eval.comparison.ranking.page import answer

        return answer(self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per generator, the nearest first."""
        rows = []
        for place in self.order:
            (low, high), worth = self.found.intervals[place], self.worth(place)
            rows.append(
                {
                    "generator": self.names[place],
                    "rows": self.generated_rows[place],
                    "distance": self.found.distances[place],
                    "distance_low": low,
                    "distance_high": high,
                    "worth": worth[0],
                    "worth_low": worth[1],
                    "worth_high": worth[2],
                    "best": self.names[place] == self.best,
                }
            )
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON; infinities are None."""
        differences = []
        for one in self.found.differences:
            nearer = self.nearer_first(one)[0] if self.told_apart(one) else None
            differences.append(
                {
                    "first": self.names[one.first],
                    "second": self.names[one.second],
                    "difference": one.estimate,
                    "low": one.low,
                    "high": one.high,
                    "pvalue": one.pvalue,
                    "adjusted": one.adjusted,
                    "nearer": nearer,
                }
            )
        return json_ready(
            {
                "best": self.best,
                "real": {"file": self.real, "rows": self.rows},
                "measure": self.found.measure,
                "method": self.found.method,
                "alpha": self.found.alpha,
                "correction": "holm",
                "seed": self.seed,
                "columns_compared": self.compared,
                "set_aside": self.set_aside,
                "notes": self.notes,
                "spread": self.found.spread,
                "generators": self.to_frame().to_dict(orient="records"),
                "copies": [
                    {"generator": name, **asdict(one)}
                    for name, one in zip(self.names, self.copies, strict=True)
                ],
                "differences": differences,
            }
        )

    def to_json(self) -> str:
        """Return ``to_dict`` as one JSON object."""
        return json_text(self.to_dict(), indent=None)

    def plot(self) -> Figure:
        """Draw the distances and the differences with their intervals, as the page does."""
        from gan_eval.comparison.ranking.page import plot

        return plot(self)

    def save(self, path: str | Path) -> None:
        """Write the page with tables and picture: one HTML file, which fetches nothing.

        Raises ``UsageError`` where it cannot be written.
        """
        from gan_eval.comparison.ranking.page import render

        write_text(path, render(self))


_ARGUMENTS = ("sample", "measure", "method", "alpha", "kinds", "missing", "seed")


def rank(
    real: Any,
    generated: Mapping[str, Any],
    *,
    columns: Sequence[str] | None = None,
    sample: int | None = None,
    measure: str = "energy",
    method: str = "jackknife",
    alpha: float = 0.05,
    kinds: Mapping[str, str] | None = None,
    missing: str = "level",
    seed: int = 0,
    **reading: Any,
) -> Ranking:
    """Rank several generators by their distance to the same real rows, and test each two.

    Parameters
    ----------
    real : array, DataFrame, torch tensor, path of a file, or source of rows
        As of :func:`~gan_eval.comparison.run.compare`; independent rows, at least 4.
    generated : mapping of str to the same
        At least two generators by name, with the columns of ``real``. One with a method
        ``sample(n, rng)`` gives as many rows as ``real`` has, or ``sample``.
    columns : sequence of str, optional
        Those to compare; if not given, all that all tables have.
    sample : int, optional
        Rows to draw from each without replacement, at least 4; one with fewer gives all.
    measure : {"energy", "mmd"}
        The squared distance. The energy distance has no bandwidth to be chosen, and tells also
        generators that are both far off; MMD² is bounded, and does not.
    method : {"jackknife", "u_statistic"}
        Of the variance (:func:`~gan_eval.stats.relative.relative_distances`).
    alpha : float
        The level of all pairs together, and 1 less that of each interval of a difference.
    kinds, missing
        As of :func:`~gan_eval.comparison.columns.prepare.prepare`.
    seed : int
        Of what is drawn, from 0, and of the blocks into which tables of more than 20,000 rows are
        parted: rows are then paired within blocks.
    **reading
        How to read the files, and columns to ``exclude``: the attributes of
        :class:`~gan_eval.comparison.reading.options.ReadOptions`.

    Returns
    -------
    Ranking
        ``best`` is the generator that is nearer than each of the others, where that is shown.

    Raises
    ------
    UsageError
        Where rows or arguments cannot be used.

    Notes
    -----
    Numbers are whitened by the real rows, and categories weighed by them
    (:func:`~gan_eval.stats.mixed.embed`). The distance of a generator is that of its distribution,
    not of its rows: it is estimated without bias, so generators may have different numbers of rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real, good, bad = rng.normal(size=(3, 300, 2)) + [[[0.0]], [[0.1]], [[0.8]]]
    >>> found = rank(real, {"good": good, "bad": bad})
    >>> found.best
    'good'
    >>> found.to_frame()[["generator", "distance_high"]].round(2)
      generator  distance_high
    0      good           0.03
    1       bad           0.74
    """
    if not isinstance(generated, Mapping):
        raise UsageError("`generated` must be a mapping of names to tables, as {'a': a, 'b': b}")
    if len(generated) < 2:
        raise UsageError(f"rank needs two generators or more, got {len(generated)}")
    if sample is not None:
        whole_number(sample, "`sample`", FEWEST_ROWS)
    if not 0 <= whole_number(seed, "`seed`", 0) < 2**63:
        raise UsageError(f"`seed` must be between 0 and 2**63 − 1, got {seed}")
    options = read_options({"columns": columns, **reading}, _ARGUMENTS)
    rng = np.random.default_rng(seed)
    sources = {"real": real, **{f"generated[{name!r}]": one for name, one in generated.items()}}
    read = _read(sources, options, sample, rng)
    tables, aside = _with_common_columns(read, options)
    tables = [_drawn(table, sample, rng) for table in tables]
    # The generated tables are made rows together, and groups tell them apart again.
    pooled = Table(
        "the generated tables",
        pd.concat([table.frame for table in tables[1:]], ignore_index=True),
        True,
    )
    owners = np.repeat(np.arange(len(generated)), [len(table.frame) for table in tables[1:]])
    zeros = np.zeros(len(tables[0].frame), np.intp)
    made = prepare(tables[0], pooled, kinds=kinds, missing=missing, groups=(zeros, owners))
    owners = made.groups[1] if made.groups else owners
    dependent = redundant(made.real, made.generated)
    first, second = (one.without(dependent) for one in (made.real, made.generated))
    rows = [first, *(second.take(owners == i) for i in range(len(generated)))]
    for table, one in zip(tables, rows, strict=True):
        if len(one) < FEWEST_ROWS:
            raise UsageError(
                f"{table.source!r} must have at least {FEWEST_ROWS} rows, got {len(one)}"
            )
    compared = tuple(name for name in made.kinds if name not in dependent)
    if not compared:
        name, reason = next(iter({**made.set_aside, **dependent}.items()))
        raise UsageError(f"no column can be compared: {name!r} is {reason}")
    points = embed(*rows, by="first")
    notes = [note for table in tables for note in table.notes] + made.notes
    if not _can_be_whitened(first):
        notes.append(
            "Columns of numbers are in standard deviations of the real rows, and not whitened: "
            "there are fewer than 4 of these per column, or some combination of columns is "
            "constant in them."
        )
    return Ranking(
        real=tables[0].source,
        rows=len(rows[0]),
        names=tuple(map(str, generated)),
        generated_rows=tuple(len(one) for one in rows[1:]),
        compared=compared,
        notes=tuple(dict.fromkeys(notes)),
        set_aside=dict(made.set_aside)
        | {name: f"it is {why}" for name, why in (*aside.items(), *dependent.items())},
        found=relative_distances(
            points[0], points[1:], measure=measure, method=method, alpha=alpha, rng=rng
        ),
        copies=tuple(exact_copies(points[0], one) for one in points[1:]),
        seed=seed,
    )


def _read(
    sources: Mapping[str, Any],
    options: ReadOptions,
    sample: int | None,
    rng: np.random.Generator,
) -> list[Table]:
    """Read the tables, the real one first; draw those that are sources of rows."""
    tables: list[Table] = []
    for name, source in sources.items():
        if is_sampler(source) or is_target(source):
            count = sample or (len(tables[0].frame) if tables else ROWS)
            tables.append(table_of(draw(source, count, rng, name), name))
        else:
            tables.append(read_beside(source, name, tables[0] if tables else None, options))
    return tables


def _with_common_columns(
    tables: Sequence[Table], options: ReadOptions
) -> tuple[list[Table], dict[str, str]]:
    """Give all the columns that all have, or the chosen ones; say which are left out."""
    real, aside = tables[0], {}
    for table in tables[1:]:
        real, _, apart = common_columns(real, table, options.columns, options.exclude)
        aside |= apart
    names = list(real.frame.columns)
    both = [common_columns(real, table, names) for table in tables[1:]]
    return [both[0].real, *(one.generated for one in both)], aside


def _drawn(table: Table, sample: int | None, rng: np.random.Generator) -> Table:
    if sample is None or sample >= len(table.frame):
        return table
    chosen = np.sort(rng.choice(len(table.frame), size=sample, replace=False))
    return replace(table, frame=table.frame.iloc[chosen])


def _can_be_whitened(rows: MixedRows) -> bool:
    numbers = rows.numbers[:, ~np.isnan(rows.numbers).all(axis=0)]
    if not numbers.shape[1]:
        return True
    return can_be_whitened(np.where(np.isnan(numbers), np.nanmedian(numbers, axis=0), numbers))
