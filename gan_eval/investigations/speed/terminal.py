"""The table that ``pytest benchmarks/`` ends with: who, how fast, how sure, times the loop."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from gan_eval.investigations.speed import formats, words
from gan_eval.investigations.speed.rates import TRAINING
from gan_eval.pages.numbers import MISSING, interval, number, plural
from gan_eval.runtime.arguments import plain

WIDTH = 100
"""Characters of a line of the table at most."""

UNSTABLE = "*"
"""The sign of a benchmark whose rounds spread too much."""


def summary(
    table: pd.DataFrame, skipped: Mapping[str, int] | None = None, notes: Sequence[str] = ()
) -> list[str]:
    """Write the lines that a run ends with, the answer last.

    Parameters
    ----------
    table : DataFrame
        Of ``benchmarks.read``, or without rows where nothing was timed.
    skipped : mapping from str to int, optional
        How many benchmarks were skipped for which reason.
    notes : sequence of str, optional
        Lines before the answer.
    """
    answer = words.fastest(table, "here") if len(table) else "Nothing was timed."
    return [*lines(table), *_skipped(skipped or {}), *notes, answer]


def lines(table: pd.DataFrame) -> list[str]:
    """Write the benchmarks of a file, the fastest first, a table for each unit."""
    found = []
    train = (table["unit"] == TRAINING) & table["backend"].notna()
    kinds = table["unit"].fillna("").where(~train, None)
    for kind in [None, *dict.fromkeys(kinds.dropna())]:
        rows = table[train if kind is None else kinds == kind]
        title = "training: examples per second" if kind is None else f"other: {kind} per second"
        if len(rows):
            found += [*_group(rows, title if kind != "" else "other: seconds of a call"), ""]
    sure = [words.PLUS_MINUS, *map(_marked, words.noise(table))] if found else []
    return [*found, *(line for sentence in sure for line in _wrapped(sentence))]


def _marked(warning: str) -> str:
    """Put the sign of the table before the sentence that explains it."""
    return f"{UNSTABLE} {warning}" if warning.startswith("Unstable") else warning


def _group(rows: pd.DataFrame, title: str) -> Iterator[str]:
    """Write the benchmarks of one unit, the fastest first."""
    rated = rows["examples_per_second"].notna().any()
    key, up = ("examples_per_second", False) if rated else ("median_seconds", True)
    loop = rows["times_the_loop"].notna().any()
    rows = rows.sort_values(key, ascending=up, kind="stable")
    cells = [
        (
            formats.rate(row[key]) if rated else f"{number(row[key])} s",
            formats.plus_minus(row) if rated else "",
            _times(row) if loop else "",
            _sign(row),
        )
        for _, row in rows.iterrows()
    ]
    head = ("", "±" if rated else "", "times the loop (95 %)" if loop else "", "")
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    room = WIDTH - sum(widths) - 2 * sum(width > 0 for width in widths)
    names = [plain(name, room) for name in rows["label"]]
    first = max(map(len, (title, *names)))
    for name, row in zip((title, *names), (head, *cells), strict=True):
        yield "  ".join(
            [name.ljust(first), *(c.rjust(w) for c, w in zip(row, widths, strict=True) if w)]
        ).rstrip()


def _times(row: pd.Series) -> str:
    times = row["times_the_loop"]
    if pd.isna(times):
        return MISSING
    if times == 1:
        return "the loop"
    sure = (
        "" if pd.isna(row["times_low"]) else f" ({interval(row['times_low'], row['times_high'])})"
    )
    return number(times) + sure


def _sign(row: pd.Series) -> str:
    return "1 round" if row["rounds"] < 2 else UNSTABLE if row["unstable"] else ""


def _skipped(reasons: Mapping[str, int]) -> list[str]:
    if not reasons:
        return []
    most = max(reasons, key=lambda reason: reasons[reason])
    said = f"Skipped: {plural(sum(reasons.values()), 'benchmark')} ({most}"
    more = len(reasons) - 1
    said += f"; {plural(more, 'more reason')}" if more else ""
    return [plain(f"{said})", WIDTH)]


def _wrapped(sentence: str) -> list[str]:
    """Break a sentence into lines that fit."""
    return textwrap.wrap(sentence, WIDTH, break_on_hyphens=False)
