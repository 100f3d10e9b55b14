"""Compare two samples: read them, test them, measure how they differ, and look for copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import pandas as pd

from gan_eval.comparison.columns.differences import column_differences, missing_patterns
from gan_eval.comparison.columns.prepare import prepare
from gan_eval.comparison.columns.redundant import redundant
from gan_eval.comparison.columns.rows import choose_rows
from gan_eval.comparison.comparison import Comparison, Side
from gan_eval.comparison.directions import leading_directions
from gan_eval.comparison.distances import distances, squares_vanish
from gan_eval.comparison.measures import copies_of, measure
from gan_eval.comparison.reading import (
    LEAST_ROWS,
    ReadOptions,
    Table,
    common_columns,
    read_beside,
    read_options,
    read_tables,
    table_of,
)
from gan_eval.comparison.reading.table import some
from gan_eval.comparison.sources import (
    ROWS,
    draw,
    drawn_of,
    gaussian_target,
    is_sampler,
    is_target,
)
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.battery.battery import battery
from gan_eval.stats.conversion import Array
from gan_eval.stats.mixed import MixedRows, imputed

if TYPE_CHECKING:
    from gan_eval.comparison.streaming.result import StreamedComparison

_ARGUMENTS = (
    *("sample", "tests", "alpha", "correction", "permutations", "seed"),
    *("kinds", "missing", "group", "weights", "strict", "holdout", "progress", "stream"),
)


@overload
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
    kinds: Mapping[str, str] | None = None,
    missing: str = "level",
    group: str | None = None,
    weights: str | None = None,
    strict: bool = False,
    holdout: Any = None,
    progress: Callable[[str], None] | None = None,
    stream: Literal[False] = False,
    **reading: Any,
) -> Comparison: ...


@overload
def compare(
    real: Any,
    generated: Any,
    *,
    columns: Sequence[str] | None = None,
    alpha: float = 0.05,
    correction: str = "holm",
    permutations: int = 999,
    seed: int = 0,
    kinds: Mapping[str, str] | None = None,
    strict: bool = False,
    progress: Callable[[str], None] | None = None,
    stream: Literal[True],
    **reading: Any,
) -> StreamedComparison: ...


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
    kinds: Mapping[str, str] | None = None,
    missing: str = "level",
    group: str | None = None,
    weights: str | None = None,
    strict: bool = False,
    holdout: Any = None,
    progress: Callable[[str], None] | None = None,
    stream: bool = False,
    **reading: Any,
) -> Comparison | StreamedComparison:
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
        the rows drawn are for the measures that need some; its coordinates are the ``columns``, if
        these are as many, or else those of generated, in their order.
    columns : sequence of str, optional
        Those to compare; if not given, all that both have.
    sample : int, optional
        Rows to draw from each without replacement, at least 3; one with fewer gives all.
    tests, alpha, correction, permutations
        As in :func:`~gan_eval.stats.battery.battery.battery`.
    seed : int
        Of the draw, the permutations and the bootstrap, from 0.
    kinds : mapping of str to str, optional
        Kinds of columns (:class:`~gan_eval.comparison.columns.kinds.Kind`) that are not to be found
        out, such as ``{"zip": "category"}``.
    missing : {"level", "drop"}
        Whether a missing value is a value of its own, or leaves its row out.
    group : str, optional
        A column whose equal values mark rows that are not independent, such as those of one
        person: whole groups are permuted.
    weights : str, optional
        A column of sampling weights: rows are kept with a probability in proportion to them
        (:func:`~gan_eval.comparison.columns.rows.choose_rows`).
    strict : bool
        Whether a column that cannot be compared is refused, rather than set aside.
    holdout : as ``real``, optional
        Real rows that the generator has not seen, where ``real`` has those it was trained on: for
        the exact test of copying (:func:`~gan_eval.comparison.held_out.held_out_test`).
    progress : callable, optional
        Called with the name of each step before it is taken.
    stream : bool
        Whether Parquet files, or folders of them, are read as a stream, which needs little memory
        (:func:`~gan_eval.comparison.streaming.run.compare_streamed`, whose ``checkpoint`` and
        ``workers`` may be given too). The command line does that by itself for many rows.
    **reading
        How to read the files, where that is not to be found out, and columns to ``exclude``: the
        attributes of :class:`~gan_eval.comparison.reading.options.ReadOptions`.

    Returns
    -------
    Comparison, or StreamedComparison where ``stream``
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
    if stream:
        from gan_eval.comparison.streaming.instead import compare_instead

        return compare_instead(
            real, generated, reading, _ARGUMENTS,
            {
                "columns": columns, "alpha": alpha, "correction": correction,
                "permutations": permutations, "seed": seed, "kinds": kinds, "strict": strict,
                "progress": progress,
            },
            {
                "sample": sample, "tests": tests, "missing": missing, "group": group,
                "weights": weights, "holdout": holdout,
            },
        )  # fmt: skip
    if sample is not None:
        whole_number(sample, "`sample`", LEAST_ROWS)
    if not 0 <= whole_number(seed, "`seed`", 0) < 2**63:
        raise UsageError(f"`seed` must be between 0 and 2**63 − 1, got {seed}")
    streams = np.random.default_rng(seed).spawn(16)
    options = read_options({"columns": columns, **reading}, _ARGUMENTS)
    read = _read(real, generated, options, sample, streams[4:6])
    chosen = choose_rows(read, group, weights, streams[7])
    first, second, apart = common_columns(
        chosen.tables[0], chosen.tables[1], options.columns, options.exclude, strict=strict
    )
    third, tables = _held_out(holdout, first, options), (first, second)
    prepared = prepare(
        first, second, third, kinds=kinds, missing=missing, groups=chosen.groups, strict=strict
    )
    pair = prepared.real, prepared.generated
    chosen_rows = [
        np.arange(len(rows))
        if sample is None or sample >= len(rows)
        else np.sort(stream.choice(len(rows), size=sample, replace=False))
        for rows, stream in zip(pair, streams, strict=False)
    ]
    drawn = [rows.take(places) for rows, places in zip(pair, chosen_rows, strict=True)]
    groups = prepared.groups and (
        prepared.groups[0][chosen_rows[0]],
        prepared.groups[1][chosen_rows[1]],
    )
    goal = _marginal(gaussian_target(real), read, pair[1])
    aside = redundant(drawn[0], drawn[1], prepared.origins)
    x, y = (rows.without(aside) for rows in drawn)
    if not x.names:
        name, reason = next(iter(aside.items()))
        raise UsageError(f"no column can be compared: {name!r} is {reason}")
    tell = progress or (lambda _: None)
    found = battery(
        *_battery_samples(x, y, goal), target=goal, tests=tests, alpha=alpha,
        correction=correction, permutations=permutations, rng=seed, groups=groups, progress=tell,
    )  # fmt: skip
    measures = measure(
        x, y, tests=found, target=goal, groups=groups, permutations=permutations,
        streams=streams[8:13], progress=tell,
    )  # fmt: skip
    tell("columns, directions and copies")
    in_x, in_y = imputed(x, y)
    notes = list(dict.fromkeys(note for table in tables for note in table.notes))
    notes += [*chosen.notes, *prepared.notes]
    notes += [] if found.grouped is None else [f"{found.grouped}."]
    if squares_vanish(in_x, in_y):
        notes.append(
            "The Fréchet distance of the columns as they are is not given: in their squared units "
            "it is too small for a number."
        )
    held_out = prepared.holdout and prepared.holdout.without(aside)
    return Comparison(
        real=Side(tables[0].source, len(pair[0]), x),
        generated=Side(tables[1].source, len(pair[1]), y),
        compared=x.names,
        kinds={name: prepared.kinds[name] for name in x.names},
        origins={name: prepared.origins[name] for name in x.names if name in prepared.origins},
        notes=tuple(notes),
        set_aside=dict(prepared.set_aside)
        | {name: f"it is {why}" for name, why in (*apart.items(), *aside.items())},
        tests=found,
        distances=distances(in_x, in_y, found, streams[3]),
        measures=measures,
        columns=column_differences(
            x, y, correction, kinds=prepared.kinds, origins=prepared.origins, rng=streams[6],
            independent=group is None,
        ),
        missing=missing_patterns(x, y, correction),
        directions=leading_directions(in_x, in_y) if _varies(in_x, in_y) else None,
        copies=copies_of(
            pair[0].without(aside), pair[1].without(aside), held_out, permutations=permutations,
            alpha=alpha, rng=streams[2],
        ),
        seed=seed,
        permutations=permutations,
    )  # fmt: skip


def _varies(x: Array, y: Array) -> bool:
    """Say whether any column of numbers has two values, its missing ones replaced."""
    return bool(x.shape[1]) and bool(((x != x[0]).any(axis=0) | (y != x[0]).any(axis=0)).any())


def _battery_samples(x: MixedRows, y: MixedRows, target: GaussianTarget | None) -> Sequence[Any]:
    """Return rows as the battery takes them; with a target, those of y alone."""
    if not (x.plain and y.plain):
        if target is not None:
            raise UsageError(
                "a target is a distribution of numbers, but `generated` has categories or missing "
                "values: choose other `columns`, or `missing='drop'`"
            )
        return x, y
    frames = [pd.DataFrame(rows.numbers, columns=pd.Index(rows.number_names)) for rows in (x, y)]
    return frames if target is None else frames[1:]


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
    count = sample or ROWS
    tables: dict[str, Table] = {}
    for name in given.keys() - drawn.keys():
        tables[name] = read_beside(given[name], name, None, options)
        count = sample or len(tables[name].frame)
    for name, stream in zip(given, streams, strict=True):
        if name in drawn:
            rows = draw(given[name], count, stream, name)
            chosen = [part for entry in options.columns or () for part in entry.split(",")]
            if is_target(given[name]) and np.shape(rows)[1:] == (len(chosen),):
                rows = pd.DataFrame(rows, columns=pd.Index([one.strip() for one in chosen]))
            table = table_of(rows, name)
            tables[name] = replace(table, notes=(*table.notes, *drawn_of(given[name], count, name)))
    return tables["real"], tables["generated"]


def _held_out(data: Any, real: Table, options: ReadOptions) -> Table | None:
    """Read held-out rows, and take the columns that are compared, by name or by position."""
    if data is None:
        return None
    table = read_beside(data, "holdout", real, options)
    if not table.named and table.frame.shape[1] == real.frame.shape[1]:
        return replace(table, frame=table.frame.set_axis(real.frame.columns, axis=1))
    lacking = [name for name in real.frame.columns if name not in table.frame.columns]
    if lacking:
        raise UsageError(f"{table.source!r} lacks the {some('column', lacking)}, which is compared")
    return replace(table, frame=table.frame[list(real.frame.columns)])


def _marginal(
    target: GaussianTarget | None, read: tuple[Table, Table], rows: MixedRows
) -> GaussianTarget | None:
    """Take the coordinates of a target that are compared, in the order of the rows' columns."""
    if target is None:
        return None
    known = list(read[0 if read[0].named else 1].frame.columns)
    places = [known.index(name) for name in rows.number_names]
    if places == list(range(target.dimension)):
        return target
    return GaussianTarget.from_moments(
        target.mean[places], target.covariance[np.ix_(places, places)]
    )
