"""The tables of ``gan-eval throughput``; what matters most stands first."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gan_eval.investigations.speed import formats
from gan_eval.investigations.speed.slowdown import SAME, Comparison
from gan_eval.investigations.speed.steps import Steps
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import (
    MISSING,
    count,
    interval,
    number,
    percent,
    probability,
    setting,
)
from gan_eval.runtime.arguments import plain


def benchmarks(table: pd.DataFrame) -> Table:
    """Tabulate who is how fast, how sure that is, and how many times the chapter's loop."""
    several = "file" in table and table["file"].nunique() > 1
    rows = [
        [
            *(plain(row["label"], 60), formats.rate(row["examples_per_second"])),
            *(formats.plus_minus(row), *_times(row), number(row["median_seconds"])),
            *(formats.text(row["unit"]), _count(row["threads"]), count(row["rounds"])),
            formats.mark(row) or "no",
            *([plain(row["file"], 40)] if several else []),
        ]
        for _, row in _sorted(table).iterrows()
    ]
    head = ["benchmark", "per second", "±", "times the loop", "95 % interval", "seconds"]
    head += ["of", "threads", "rounds", "doubtful"]
    return Table(
        "Benchmarks, the fastest first: what is done per second, and the median seconds of a call",
        [*head, "file"] if several else head,
        rows,
    )


def changes(found: Comparison) -> Table:
    """Tabulate what became of each benchmark, the one that is slower most first."""
    return Table(
        f"Seconds after over seconds before; p-values adjusted by {found.correction}",
        (
            *("benchmark", "times the seconds", f"{percent(1 - found.alpha)} interval", "answer"),
            f"p of no more than {setting(SAME)} times either way",
            f"p of at most {setting(found.slowdown)} times",
            *("rounds", "files"),
        ),
        [
            (
                plain(row["label"]),
                number(row["ratio"]),
                interval(row["ratio_low"], row["ratio_high"]),
                row["answer"],
                probability(row["adjusted_pvalue"]),
                probability(row["adjusted_slower_pvalue"]),
                f"{row['rounds_before']} and {row['rounds_after']}",
                f"{row['files_before']} and {row['files_after']}",
            )
            for _, row in found.table.sort_values("ratio", ascending=False).iterrows()
        ],
    )


def found_steps(steps: Steps) -> Table:
    """Tabulate the steps of a history, the largest first."""
    return Table(
        f"Steps: seconds after over seconds before, with {percent(1 - steps.alpha)} intervals",
        (
            *("benchmark", "times the seconds", "interval", "last before", "first after"),
            *("runs", "p", "what else changed", "machine"),
        ),
        [
            (
                *(plain(row["label"]), number(row["ratio"])),
                *(interval(row["ratio_low"], row["ratio_high"]), row["before"], row["after"]),
                f"{row['runs_before']} and {row['runs_after']}",
                *(probability(row["pvalue"]), row["versions"] or "nothing known", row["host"]),
            )
            for _, row in steps.table.iterrows()
        ],
    )


def searched(steps: Steps) -> Table:
    """Tabulate what was searched for steps."""
    return Table(
        "Every benchmark on every machine",
        (
            *("benchmark", "steps", "would be seen from", "runs", "versions of the code"),
            *("searched", "machine"),
        ),
        [
            (
                *(plain(row["label"]), count(row["steps"])),
                f"{number(row['visible'], 2)} times" if row["searched"] else MISSING,
                *(count(row["runs"]), count(row["codes"])),
                *("yes" if row["searched"] else "too few runs", row["host"]),
            )
            for _, row in steps.series.iterrows()
        ],
    )


def passages(quality: pd.DataFrame, labels: dict[str, str] | None = None) -> Table:
    """Tabulate the time to quality beside examples/sec; ``labels`` name configurations by hash."""
    labels = labels or {}
    epsilon = setting(quality["epsilon"].iloc[0])
    return Table(
        f"Time until KL(q‖p) ≤ {epsilon} nats: medians over trainings with 95 % intervals "
        "(Kaplan–Meier); a training that ended before is censored",
        (
            *("configuration", "backend", "median seconds", "such trainings a second"),
            *("examples/sec", "within at the end", "reached", "replicates"),
            *("median examples", "device"),
        ),
        [
            (
                plain(labels.get(row["config_hash"], row["config_hash"])),
                *(str(row["backend"]), _with_interval(row, "seconds", "seconds")),
                _with_interval(row, "within_per_second", "within"),
                *(formats.rate(row["examples_per_second"]), percent(row["share_at_end"])),
                *(count(row["reached"]), count(row["replicates"])),
                *(_with_interval(row, "examples", "examples"), str(row["device"])),
            )
            for _, row in quality.iterrows()
        ],
        words=2,
    )


def narrow(
    quality: pd.DataFrame | None,
    labels: dict[str, str] | None,
    comparison: Comparison | None,
    steps: Steps | None,
) -> list[Table]:
    """Make the few narrow tables that stand in a terminal and in a pull request."""
    found = []
    if quality is not None and len(quality):
        found.append(_first(passages(quality, labels), 5))
    if comparison is not None:
        found.append(_first(changes(comparison), 4))
    if steps is not None and len(steps.table):
        found.append(_first(found_steps(steps), 5))
    return found


def rates(table: pd.DataFrame) -> Table:
    """Make the narrow table of who is how fast."""
    return _first(benchmarks(table), 5)


def _first(table: Table, columns: int) -> Table:
    rows = [row[:columns] for row in table.rows]
    return Table(table.caption, table.head[:columns], rows, words=table.words)


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    """Put what counts the same next to each other, the fastest first."""
    order = {unit: i for i, unit in enumerate(table["unit"].fillna("").unique())}
    return (
        table.assign(_unit=table["unit"].fillna("").map(order))
        .sort_values(["_unit", "examples_per_second"], ascending=[True, False], kind="stable")
        .drop(columns="_unit")
    )


def _times(row: pd.Series) -> tuple[str, str]:
    """Write the ratio to the chapter's loop, and its interval."""
    if pd.isna(row["times_the_loop"]):
        return MISSING, MISSING
    return number(row["times_the_loop"]), interval(row["times_low"], row["times_high"])


def _count(value: Any) -> str:
    return MISSING if value is None or pd.isna(value) else count(float(value))


def _with_interval(row: pd.Series, name: str, ends: str) -> str:
    low, high = row[f"{ends}_low"], row[f"{ends}_high"]
    return f"{number(row[name])} ({interval(low, high)})"
