"""Compare two samples: read them, test them, measure how they differ, and look for copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.comparison.comparison import Comparison, Side
from gan_eval.comparison.copies import find_copies
from gan_eval.comparison.differences import (
    column_differences,
    distances,
    leading_directions,
    squares_vanish,
)
from gan_eval.comparison.reading import (
    LEAST_ROWS,
    ReadOptions,
    Table,
    common_columns,
    counting,
    read_beside,
    read_options,
    read_tables,
    table_of,
)
from gan_eval.comparison.sources import ROWS, draw, gaussian_target, is_sampler, is_target
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import plain, whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.battery.battery import battery
from gan_eval.stats.conversion import common_origin
from gan_eval.stats.twosample.columns import set_aside

_ARGUMENTS = ("sample", "tests", "alpha", "correction", "permutations", "seed")


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
    **reading: Any,
) -> Comparison:
    """Compare two samples: tests, distances, columns, directions, copied rows.

    Parameters
    ----------
    real, generated : array, DataFrame, torch tensor, path of a file, or source of rows
        Independent rows of shape (n, d), or (n,); n and d are those of each, at least 3 rows. Files
        are texts, JSON, Excel, Parquet, Arrow or NumPy's
        (:func:`~gan_eval.comparison.reading.tables.read_table`); arrays and frames those of any
        library (:func:`~gan_eval.comparison.reading.data.table_of`). Columns are matched by name,
        and by position where one of the two has no names.
        A source has a method ``sample(n, rng)`` (:class:`~gan_eval.comparison.sources.Sampler`),
        by which ``sample`` rows are drawn, or else as many as the other table has. Where ``real``
        is a Gaussian or a GaussianTarget, generated is tested against that very distribution, and
        the rows drawn are for the measures that need some.
    columns : sequence of str, optional
        Those to compare; if not given, all that both have.
    sample : int, optional
        Rows to draw from each without replacement, at least 3; one with fewer gives all.
    tests, alpha, correction, permutations
        As in :func:`~gan_eval.stats.battery.battery.battery`.
    seed : int
        Of the draw, the permutations and the bootstrap, from 0.
    **reading
        How to read the files, where that is not to be found out, and columns to ``exclude``: the
        attributes of :class:`~gan_eval.comparison.reading.options.ReadOptions`.

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
    streams = np.random.default_rng(seed).spawn(6)
    options = read_options({"columns": columns, **reading}, _ARGUMENTS)
    read = _read(real, generated, options, sample, streams[4:])
    *tables, apart = common_columns(*read, options.columns, options.exclude)
    names = [str(name) for name in tables[0].frame.columns]
    target = _marginal(gaussian_target(real), read[1], names)
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
        *(frames if target is None else frames[1:]), target=target, tests=tests, alpha=alpha,
        correction=correction, permutations=permutations, rng=seed,
    )  # fmt: skip
    notes = list(dict.fromkeys(note for table in tables for note in table.notes))
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
        compared=tuple(compared),
        origins={name: origins[name] for name in compared if name in origins},
        notes=tuple(notes),
        set_aside={**apart, **aside},
        tests=found,
        distances=distances(x, y, found, streams[3]),
        columns=column_differences(x, y, compared, correction, origins),
        directions=leading_directions(x, y),
        copies=find_copies(pair[0][:, kept], pair[1][:, kept], streams[2]),
        seed=seed,
        permutations=permutations,
    )


def _read(
    real: Any,
    generated: Any,
    options: ReadOptions,
    sample: int | None,
    streams: Sequence[np.random.Generator],
) -> tuple[Table, Table]:
    """Read the two tables; draw the one that is a target or a sampler, as long as the other."""
    given = {"real": real, "generated": generated}
    drawn = {name: one for name, one in given.items() if is_sampler(one) or is_target(one)}
    if not drawn:
        return read_tables(real, generated, options)
    count, alone = sample or ROWS, None
    if len(drawn) == 1:
        (name,) = given.keys() - drawn.keys()
        alone = read_beside(given[name], name, None, options)
        count = sample or len(alone.frame)
    tables = {
        name: table_of(draw(given[name], count, stream, name), name) if name in drawn else alone
        for name, stream in zip(given, streams, strict=True)
    }
    return tables["real"], tables["generated"]


def _marginal(
    target: GaussianTarget | None, generated: Table, names: Sequence[str]
) -> GaussianTarget | None:
    """Take the coordinates of a target that are compared, in the order of the names."""
    if target is None:
        return None
    places = [generated.frame.columns.get_loc(name) for name in names]
    if places == list(range(target.dimension)):
        return target
    return GaussianTarget.from_moments(
        target.mean[places], target.covariance[np.ix_(places, places)]
    )
