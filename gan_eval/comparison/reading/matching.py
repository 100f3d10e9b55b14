"""The columns that two tables share: by name, or by position where one of them has no names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from gan_eval.comparison.reading.table import Table, some
from gan_eval.runtime.arguments import nearest, plain
from gan_eval.runtime.errors import UsageError

MOST_COLUMNS = 4096
"""Columns of one comparison, whose time grows with their third power: 16 s of a processor for
2,048 columns, some minutes for these."""

INDEX = "Unnamed: 0"
"""The name that pandas gives to an index that was saved."""


class Common(NamedTuple):
    """Two tables with the same columns in the same order.

    Attributes
    ----------
    real, generated : Table
    set_aside : mapping of str to str
        Columns that are not compared, each with the reason, as in "it is …".
    """

    real: Table
    generated: Table
    set_aside: Mapping[str, str]


def common_columns(
    real: Table,
    generated: Table,
    chosen: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    *,
    strict: bool = False,
) -> Common:
    """Give both tables the same columns in the same order: the chosen ones, or all that both have.

    Columns are matched by name, in the order of ``real``. A table without names is matched by
    position and takes the other's names. An entry of ``chosen`` or ``exclude`` that is no column's
    name is taken as several with commas between.

    Parameters
    ----------
    real, generated : Table
    chosen, exclude : sequence of str, optional
        Columns to take, which both must have, and to leave out, which one must have.
    strict : bool
        Whether a column that only one table has, or a saved index, is refused, not set aside.

    Raises
    ------
    UsageError
        Where they cannot be matched, or nothing is left.

    Examples
    --------
    >>> import pandas as pd
    >>> named = Table.of("real", pd.DataFrame({"b": [1, 2, 3], "a": [4, 5, 6]}), True)
    >>> turned = Table.of("fake", pd.DataFrame({"a": [4, 5], "b": [1, 2], "c": [0, 0]}), True)
    >>> common = common_columns(named, turned)
    >>> list(common.generated.frame.columns), common.set_aside
    (['b', 'a'], {'c': "in 'fake' only"})
    """
    aside: dict[str, str] = {}
    asked = [*(chosen or ()), *exclude]
    for table in (real, generated):
        if table.frame.columns[0] == INDEX and INDEX not in asked and table.frame.shape[1] > 1:
            aside[INDEX] = "an index that pandas saved, by its name"
    real, generated = (
        replace(one, frame=one.frame.drop(columns=[INDEX], errors="ignore")) if aside else one
        for one in (real, generated)
    )
    if strict and aside:
        raise UsageError(
            f"{INDEX!r} is {aside[INDEX]}: save the table with index=False, or `exclude` it"
        )
    real, generated = _with_names_of_one(real, generated)
    known = list(dict.fromkeys([*real.frame.columns, *generated.frame.columns]))
    columns = _named(chosen, known) if chosen is not None else list(real.frame.columns)
    left_out = set(_named(exclude, known))
    absent = sorted(left_out.difference(known, aside))
    if absent:
        raise UsageError(
            f"`exclude` names {some('column', absent)}, which neither table has: "
            f"{nearest(absent[0], [plain(name) for name in known[:20]])}"
        )
    columns = [name for name in columns if name not in left_out]
    if chosen is not None:
        for table in (real, generated):
            if missing := [name for name in columns if name not in table.frame.columns]:
                raise UsageError(_lacks(table, missing))
    else:
        for table, other in ((real, generated), (generated, real)):
            for name in table.frame.columns.difference(other.frame.columns, sort=False):
                if name not in left_out:
                    aside[name] = f"in {table.source!r} only"
        only = [name for name in aside if name != INDEX]
        if strict and only:
            raise UsageError(
                f"{some('column', only)} {'are' if len(only) > 1 else 'is'} {aside[only[0]]}: "
                "name the common ones with `columns`"
            )
        columns = [name for name in columns if name not in aside]
        if not columns and not left_out:
            raise UsageError(
                f"{real.source!r} and {generated.source!r} have no column in common: the one has "
                f"{some('column', list(real.frame.columns))}, the other "
                f"{some('column', list(generated.frame.columns))}; give both the same names"
            )
    _require_different(columns, real.source)
    first, second = (replace(one, frame=one.frame[columns]) for one in (real, generated))
    return Common(first, second, aside)


def _with_names_of_one(real: Table, generated: Table) -> tuple[Table, Table]:
    """Name the columns of a table without names by position, if the other has names."""
    apart = set(real.frame.columns) != set(generated.frame.columns)
    if not apart or (real.named and generated.named):
        return real, generated
    widths = real.frame.shape[1], generated.frame.shape[1]
    if widths[0] != widths[1]:
        raise UsageError(
            f"{real.source!r} has {widths[0]} columns and {generated.source!r} has "
            f"{widths[1]}: one of them has no names, so their columns can only be matched "
            "by position"
        )
    names = (generated if generated.named else real).frame.columns
    real = replace(real, frame=real.frame.set_axis(names, axis=1))
    return real, replace(generated, frame=generated.frame.set_axis(names, axis=1))


def _named(entries: Sequence[str], known: Sequence[str]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        whole = entry in known or "," not in entry
        found += [entry] if whole else [part.strip() for part in entry.split(",")]
    return found


def _lacks(table: Table, missing: Sequence[str]) -> str:
    names = [plain(name) for name in table.frame.columns[:20]]
    return f"{table.source!r} lacks the {some('column', missing)}: {nearest(missing[0], names)}"


def _require_different(columns: Sequence[str], source: str) -> None:
    if len(columns) > MOST_COLUMNS:
        raise UsageError(
            f"at most {MOST_COLUMNS} columns can be compared, got {len(columns)} in "
            f"{source!r}: choose some with `columns`"
        )
    repeated = [column for column, count in Counter(columns).items() if count > 1]
    if repeated or not columns:
        found = f"{plain(min(repeated))!r} more than once" if repeated else "none"
        raise UsageError(f"`columns` must name different columns, got {found}")
