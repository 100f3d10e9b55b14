"""Examples per second in tables, as a picture and as a page, for ``gan-eval throughput``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gan_eval.investigations.speed import benchmarks as throughput
from gan_eval.investigations.speed.slowdown import SAME, TOO_FEW, TOO_SLOW, Comparison
from gan_eval.pages.blocks import Answer, Block, Paragraph, Section, Table, TableBlock, gallery
from gan_eval.pages.canvas import COLOURS, Picture, canvas, picture, plain_log_axis
from gan_eval.pages.numbers import (
    MISSING,
    count,
    interval,
    number,
    percent,
    plural,
    probability,
    setting,
)
from gan_eval.pages.page import fill
from gan_eval.runtime.arguments import plain

MOST_DRAWN = 40
"""Trainings in the picture; what is left out is counted."""

_LABEL = 46


def benchmarks(table: pd.DataFrame) -> Table:
    """Tabulate every benchmark, with its rate, its ratio to the chapter's loop, and its noise."""
    ratios = throughput.over_the_loop(table)
    several = "file" in table and table["file"].nunique() > 1
    rows = []
    for (_, row), ratio in zip(table.iterrows(), ratios, strict=True):
        rate = row["examples_per_second"]
        cells = [plain(row["name"], 60), _text(row["backend"]), _text(row["device"])]
        cells += [_count(row["replicates"]), _count(row["threads"]), number(row["median_seconds"])]
        cells += [_count(rate), _text(row["unit"]), MISSING if pd.isna(ratio) else number(ratio)]
        noise = MISSING if pd.isna(row["spread"]) else percent(row["spread"])
        cells += [count(row["rounds"]), noise + (" unstable" if row["unstable"] else "")]
        rows.append([plain(row["file"], 40), *cells] if several else cells)
    head = ["benchmark", "backend", "device", "replicates", "threads", "seconds", "per second"]
    head += ["of", "times the loop", "rounds", "spread"]
    return Table(
        "Benchmarks: median seconds of a call, and what is done per second",
        ["file", *head] if several else head,
        rows,
        words=2 if several else 1,
    )


def changes(found: Comparison) -> Table:
    """Tabulate what became of each benchmark."""
    return Table(
        f"Rounds before and after; p-values adjusted by {found.correction}",
        (
            *("benchmark", "files", "rounds", "times the seconds"),
            f"{percent(1 - found.alpha)} interval",
            f"p of no more than {setting(SAME)} times either way",
            *(f"p of at most {setting(found.slowdown)} times", "answer"),
        ),
        [
            (
                plain(row["benchmark"], 90),
                f"{row['files_before']} and {row['files_after']}",
                f"{row['rounds_before']} and {row['rounds_after']}",
                number(row["ratio"]),
                interval(row["ratio_low"], row["ratio_high"]),
                probability(row["adjusted_pvalue"]),
                probability(row["adjusted_slower_pvalue"]),
                row["answer"],
            )
            for _, row in found.table.iterrows()
        ],
    )


def passages(quality: pd.DataFrame, labels: dict[str, str] | None = None) -> Table:
    """Tabulate examples/sec and the time to quality; ``labels`` name configurations by hash."""
    labels = labels or {}
    epsilon = quality["epsilon"].iloc[0]
    return Table(
        f"Time until KL(q‖p) ≤ {epsilon:g} nats: Kaplan–Meier medians over replicates with 95 % "
        "intervals; a training that ended before is censored",
        (
            *("configuration", "backend", "device", "examples/sec", "replicates", "reached"),
            *("censored", "within at the end", "median examples", "median seconds"),
        ),
        [
            (
                plain(labels.get(row["config_hash"], row["config_hash"])),
                *(str(row["backend"]), str(row["device"]), _count(row["examples_per_second"])),
                *(count(row["replicates"]), count(row["reached"]), count(row["censored"])),
                percent(row["share_at_end"]),
                *(_with_interval(row, name) for name in ("examples", "seconds")),
            )
            for _, row in quality.iterrows()
        ],
    )


def warnings(table: pd.DataFrame) -> list[str]:
    """Say what makes figures doubtful: unstable runs, single rounds, unlike machines."""
    found = []
    unstable = int(table["unstable"].sum())
    if unstable:
        found.append(
            f"Unstable: the rounds of {unstable} of {plural(len(table), 'benchmark')} spread by "
            f"more than {percent(throughput.UNSTABLE)} of their median."
        )
    single = int((table["rounds"] < 2).sum())
    if single:
        found.append(f"Of {plural(single, 'benchmark')} there is one round: its noise is unknown.")
    for column, noun in (("machine", "machines"), ("packages", "sets of packages")):
        if table[column].dropna().nunique() > 1:
            found.append(f"The figures come from {table[column].nunique()} {noun}.")
    return found


def provenance(table: pd.DataFrame) -> list[str]:
    """Say where and when the figures were measured, a sentence per machine and environment."""
    columns = ["machine", "cores", "gpus", "python", "packages"]
    found = []
    for _, group in table.groupby(columns, sort=False, dropna=False):
        row = group.iloc[0]
        parts = [_text(row["machine"]), f"{_count(row['cores'])} cores"]
        parts += [row["gpus"]] if row["gpus"] else []
        parts += [f"Python {row['python']}", _text(row["packages"] or None)]
        moments = sorted(set(group["measured"].astype(str)))
        found.append(f"{', '.join(parts)}; measured {' and '.join(moments)}.")
    return found


def section(
    table: pd.DataFrame,
    quality: pd.DataFrame | None = None,
    comparison: Comparison | None = None,
    labels: dict[str, str] | None = None,
) -> Section:
    """Make a section of a report of it all.

    Parameters
    ----------
    table : DataFrame
        From ``throughput.read_all``.
    quality : DataFrame, optional
        From ``quality.time_to_quality``.
    comparison : Comparison, optional
        From ``slowdown.compare``.
    labels : dict, optional
        Names of configurations by their hash.
    """
    blocks: list[Block] = [Paragraph(sentence) for sentence in warnings(table)]
    blocks += gallery(lambda: figure(table))
    if quality is not None and len(quality):
        blocks.append(TableBlock(passages(quality, labels)))
    if comparison is not None:
        blocks.append(TableBlock(changes(comparison)))
        blocks += [Paragraph(f"Not the same in both runs: {s}.") for s in comparison.differences]
    blocks.append(TableBlock(benchmarks(table), folded=len(table) > 20))
    blocks += [Paragraph(sentence) for sentence in provenance(table)]
    return Section("throughput", "Examples per second", blocks)


def figure(table: pd.DataFrame) -> Picture | None:
    """Draw examples/sec of every training on a logarithmic axis, with ratios to the chapter's loop;
    None where the table has no training."""
    trains = table[(table["unit"] == throughput.TRAINING) & table["examples_per_second"].notna()]
    if trains.empty:
        return None
    ratios = throughput.over_the_loop(table)
    ordered = trains.sort_values("examples_per_second", ascending=False, kind="stable")
    shown = ordered.head(MOST_DRAWN).iloc[::-1]
    labels = [_name(row) for _, row in shown.iterrows()]
    rates = shown["examples_per_second"].to_numpy(dtype=float)
    with canvas(height=1.0 + 0.24 * len(shown), width=6.4) as (drawing, axes):
        at = np.arange(len(shown))
        axes.scatter(rates, at, s=22, color=COLOURS["learned"], zorder=3)
        axes.set_yticks(at, labels)
        plain_log_axis(axes, "x")
        low, high = axes.get_xlim()
        axes.set_xlim(low, high * (high / low) ** 0.12)  # room for the last ratio
        for y, (position, rate) in enumerate(zip(shown.index, rates, strict=True)):
            ratio = ratios.loc[position]
            if not pd.isna(ratio):
                axes.annotate(
                    f"{number(ratio, 2)}×", (rate, y), (6, 0), textcoords="offset points",
                    va="center", color=COLOURS["muted"], fontsize=8.5,
                )  # fmt: skip
        axes.set_xlabel("examples per second")
        left_out = len(ordered) - len(shown)
        said = [f"{name}: {count(rate)}" for name, rate in zip(labels, rates, strict=True)]
        return picture(
            drawing,
            "fig-throughput",
            title="Examples per second of every training",
            description="; ".join(reversed(said)),
            caption="Examples per second, and how many times the chapter's loop in the same file"
            + (f"; the {plural(left_out, 'slowest training')} left out." if left_out else "."),
            data=pd.DataFrame(
                {
                    "training": labels,
                    "examples_per_second": rates,
                    "times_the_loop": ratios.loc[shown.index].to_numpy(),
                }
            ).iloc[::-1],
        )


def page(
    table: pd.DataFrame,
    quality: pd.DataFrame | None = None,
    comparison: Comparison | None = None,
    labels: dict[str, str] | None = None,
) -> str:
    """Write the section as one HTML document that needs no network."""
    return fill(
        title="How fast does it train?",
        name="throughput",
        question="How fast does it train?",
        answer=Answer(headline(table, comparison)),
        sections=[section(table, quality, comparison, labels)],
        created=str(table["measured"].max()) if len(table) else None,
    )


def headline(table: pd.DataFrame, comparison: Comparison | None = None) -> str:
    """Say the answer in one sentence."""
    if comparison is not None:
        return _verdict(comparison)
    trains = table["unit"] == throughput.TRAINING
    rates = table.loc[trains, "examples_per_second"].dropna()
    if rates.empty:
        return f"{plural(len(table), 'benchmark')}, none of training."
    # By position: a caller's index may hold a label twice.
    fastest = int(np.nanargmax(table["examples_per_second"].where(trains).astype(float)))
    best, ratio = table.iloc[fastest], throughput.over_the_loop(table).iloc[fastest]
    beside = "" if pd.isna(ratio) else f", {number(ratio, 2)} times the chapter's loop"
    return f"{count(rates.max())} examples per second at most, by {_name(best)}{beside}."


def _verdict(found: Comparison) -> str:
    """Say what a comparison found, what it could not tell, and what else may be the reason."""
    all_, slow, few = len(found.table), found.count(TOO_SLOW), found.count(TOO_FEW)
    every, times = plural(all_, "benchmark"), setting(found.slowdown)
    if few == all_:
        said = "Could not tell whether anything became slower: " + (
            f"{every} with too few rounds to be significant after {found.correction}'s correction"
            if all_
            else "every benchmark measures another package"
        )
    else:
        of = f"{count(all_ - few)} of {every}" if few else every
        said = (
            f"{slow} of {every} took more than {times} times as long"
            if slow
            else f"Nothing was shown to be slower than {times} times, of {of}"
        )
        if few:
            said += f"; of {few} it could not be told: too few rounds"
    if found.differences:
        kinds = ", ".join(sentence.partition(":")[0] for sentence in found.differences)
        said += f". Not the same on both sides: {kinds}"
    return f"{said}."


def _name(row: pd.Series) -> str:
    parts = [_text(row["backend"])]
    if not pd.isna(row["replicates"]):
        parts.append(plural(int(row["replicates"]), "replicate"))
    if row["parameters"]:
        parts.append(plain(row["parameters"], 30))
    if row["device"] not in ("cpu", None) and not pd.isna(row["device"]):
        parts.append(str(row["device"]))
    return plain(", ".join(parts), _LABEL)


def _text(value: object) -> str:
    return MISSING if value is None or value != value else plain(value, 400)


def _count(value: Any) -> str:
    return MISSING if value is None or pd.isna(value) else count(float(value))


def _with_interval(row: pd.Series, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{number(row[name])} ({interval(low, high)})"
