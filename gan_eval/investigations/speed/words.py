"""The sentences of ``gan-eval throughput`` and of ``pytest benchmarks/``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gan_eval.investigations.speed import formats
from gan_eval.investigations.speed.benchmarks import UNSTABLE
from gan_eval.investigations.speed.history import History
from gan_eval.investigations.speed.rates import FEWEST_ROUNDS, TRAINING
from gan_eval.investigations.speed.slowdown import FASTER, SLOWER, TOO_FEW, TOO_SLOW, Comparison
from gan_eval.investigations.speed.steps import FEWEST_RUNS, Steps
from gan_eval.pages.numbers import count, interval, number, percent, plural, setting
from gan_eval.runtime.arguments import plain

PLUS_MINUS = (
    "± is half of the 95 % interval of the median over this run's rounds (– for fewer than "
    f"{FEWEST_ROUNDS}); another run may differ by more."
)


def headline(
    table: pd.DataFrame,
    comparison: Comparison | None = None,
    history: History | None = None,
    steps: Steps | None = None,
) -> str:
    """Say the answer in one sentence: of a comparison, else of a history of several versions of the
    code, else who is fastest."""
    if comparison is not None:
        return verdict(comparison)
    if history is not None and steps is not None and len(history.codes) > 1:
        return stepped(history, steps)
    return fastest(table)


def fastest(table: pd.DataFrame, where: str | None = None) -> str:
    """Say who trains fastest, and how many times the chapter's loop that is.

    ``where`` is the machine, "here" for this one; by default it is named.
    """
    row = leader(table)
    if row is None:
        return f"{plural(len(table), 'benchmark')} timed, none of training."
    if where is None:
        where = f"on {formats.machine(row)}"
    beside = ""
    if not pd.isna(row["times_the_loop"]) and row["times_the_loop"] != 1:
        beside = f", {number(row['times_the_loop'])} times {formats.loop(row)}"
        if not pd.isna(row["times_low"]):
            beside += f" ({interval(row['times_low'], row['times_high'])})"
    how = str(row["label"]).partition(f"{row['backend']}, ")[2]
    who = f"{row['backend']} ({how})" if how else row["backend"]
    speed = f"{formats.rate(row['examples_per_second'])} examples/sec"
    return f"Fastest {where}: {who}, {speed}{beside}."


def leader(table: pd.DataFrame) -> pd.Series | None:
    """Find the training with the most examples per second; None where there is none."""
    trains = (table["unit"] == TRAINING) & table["backend"].notna()
    rates = table["examples_per_second"].where(trains).to_numpy(dtype=float)
    return None if np.isnan(rates).all() else table.iloc[int(np.nanargmax(rates))]


def verdict(found: Comparison) -> str:
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
        said = f"Nothing was shown to be slower than {times} times, of {of}"
        if slow:
            worst = _largest(found.table[found.table["answer"] == TOO_SLOW])
            said = f"{slow} of {every} took more than {times} times as long: {_became(worst)}"
            said += f" and {slow - 1} more" if slow > 1 else ""
        if few:
            said += f"; of {few} it could not be told: too few rounds"
    if found.differences:
        kinds = ", ".join(sentence.partition(":")[0] for sentence in found.differences)
        said += f". Not the same on both sides: {kinds}"
    return f"{said}."


def moved(found: Comparison) -> str | None:
    """Say what became slower or faster without being too slow; None where nothing did."""
    parts = []
    for answer in (SLOWER, FASTER):
        rows = found.table[found.table["answer"] == answer]
        if len(rows):
            more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
            parts.append(f"{answer}: {_became(_largest(rows))}{more}")
    return f"{'; '.join(parts).capitalize()}." if parts else None


def stepped(history: History, steps: Steps) -> str:
    """Say where a benchmark became slower or faster, or that none did, or that it cannot be told.

    Of several steps the largest towards slower comes first.
    """
    runs, codes = plural(history.runs, "run"), plural(len(history.codes), "version")
    if not steps.searched:
        most = int(steps.series["runs"].max()) if len(steps.series) else 0
        if most < FEWEST_RUNS:
            return (
                f"Too early to name a step in speed: {most} of the {FEWEST_RUNS} runs that are "
                "needed on one machine."
            )
        return "No step in speed can be told: all runs on a machine are of one version of the code."
    of = f"{plural(steps.searched, 'benchmark')} over {runs} of {codes}"
    if steps.table.empty:
        visible = float(np.nanmedian(steps.series["visible"].to_numpy(dtype=float)))
        return (
            f"No step was seen in the speed of {of}; half of them would have shown one of "
            f"{number(visible, 2)} times."
        )
    slower = steps.table[steps.table["ratio"] > 1]
    first, more = (slower if len(slower) else steps.table).index[0], len(steps.table) - 1
    said = _step(steps, steps.table.loc[first])
    return said if not more else f"{said[:-1]}; {plural(more, 'more step')}."


def step_sentences(steps: Steps) -> list[str]:
    """Say each step: who became how much slower or faster, between which commits, how sure."""
    return [_step(steps, row) for _, row in steps.table.iterrows()]


def _step(steps: Steps, row: pd.Series) -> str:
    where = f" on {row['host']}" if steps.series["host"].nunique() > 1 else ""
    also = f", where {row['versions']} changed too" if row["versions"] else ""
    size = formats.change(row["ratio"], row["ratio_low"], row["ratio_high"])
    name = row["label"][:1].upper() + row["label"][1:]
    return f"{name} became {size} between {row['before']} and {row['after']}{where}{also}."


def to_quality(quality: pd.DataFrame, labels: dict[str, str] | None = None) -> str:
    """Say who is within ε soonest, and how many such trainings a second of training gives."""
    row, labels = soonest(quality), labels or {}
    who = f"{row['backend']} ({plain(labels.get(row['config_hash'], row['config_hash']))})"
    epsilon = f"KL(q‖p) ≤ {setting(row['epsilon'])} nats"
    if not np.isfinite(row["seconds"]):
        return (
            f"No configuration brought half of its trainings to {epsilon}; of {who} "
            f"{percent(row['share_at_end'])} are there at the end."
        )
    said = f"half of the trainings of {who} reach {epsilon} within {number(row['seconds'])} s"
    said = f"{said[:1].upper()}{said[1:]} ({interval(row['seconds_low'], row['seconds_high'])})"
    if not pd.isna(row["within_per_second"]):
        sure = interval(row["within_low"], row["within_high"])
        said += (
            f"; a second of training gives {number(row['within_per_second'])} trainings ({sure}) "
            "that are there at the end"
        )
    return f"{said}."


def soonest(quality: pd.DataFrame) -> pd.Series:
    """Find the configuration whose median seconds to quality are least, else the largest share."""
    ordered = quality.sort_values(
        ["seconds", "share_at_end"], ascending=[True, False], kind="stable", na_position="last"
    )
    return ordered.iloc[0]


def method(comparison: Comparison | None, steps: Steps | None) -> list[str]:
    """Say how intervals, tests and steps are worked out."""
    found = [
        PLUS_MINUS,
        "The chapter's loop is backend `pytorch` with one GAN on the CPU, in the same "
        "configuration and the same file; the interval of a ratio is that of the Mann–Whitney test "
        "of blocks of rounds.",
    ]
    if comparison is not None:
        found.append(
            "A benchmark is too slow where a ratio of at most "
            f"{setting(comparison.slowdown)} is rejected at the level {setting(comparison.alpha)}, "
            f"{comparison.correction}'s correction over all benchmarks included."
        )
    if steps is not None:
        found.append(
            "A step is the end of a stretch of runs whose mean stands out further than in all but "
            "few of 20\u202f000 drawn histories without one. That any step is named where there is "
            f"none has a probability of at most {formats.level(steps.alpha)}, over all benchmarks, "
            "machines and commits, as long as runs of one code are independent: measure commits in "
            f"turn. A benchmark needs {FEWEST_RUNS} runs on one machine, and two on either side of "
            "a step; a step of less than 1.05 times is not named."
        )
    return found


def history_facts(history: History, steps: Steps) -> list[str]:
    """Say what was searched and how, what could not be, and which files were left out."""
    hosts = sorted(set(history.table["host"]))
    few = len(steps.series) - steps.searched
    found = [
        f"{plural(history.runs, 'run')} of {plural(len(history.codes), 'version')} of the code on "
        f"{plural(len(hosts), 'machine')}: {'; '.join(hosts)}."
    ]
    if few:
        found.append(
            f"Not searched: {plural(few, 'benchmark')} with fewer than {FEWEST_RUNS} runs on one "
            "machine, or with all of one version of the code."
        )
    found += [f"Left out: {sentence}" for sentence in history.left_out]
    return found


def warnings(table: pd.DataFrame) -> list[str]:
    """Say what makes figures doubtful: unstable runs, single rounds, unlike machines."""
    return [*noise(table), *unlike(table)]


def noise(table: pd.DataFrame) -> list[str]:
    """Say of how many benchmarks the rounds are unstable, or one alone."""
    found = []
    unstable = int(table["unstable"].sum())
    if unstable:
        found.append(
            f"Unstable: the rounds of {unstable} of {plural(len(table), 'benchmark')} spread by "
            f"more than {percent(UNSTABLE)} of their median."
        )
    single = int((table["rounds"] < 2).sum())
    if single:
        found.append(f"Of {plural(single, 'benchmark')} there is one round: its noise is unknown.")
    return found


def unlike(table: pd.DataFrame) -> list[str]:
    """Say whether figures come from several machines or sets of packages."""
    found = []
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
        parts = [
            formats.machine(row),
            f"Python {row['python']}",
            formats.text(row["packages"] or None),
        ]
        moments = sorted(set(group["measured"].astype(str)))
        found.append(f"{', '.join(parts)}; measured {' and '.join(moments)}.")
    return found


def _largest(rows: pd.DataFrame) -> pd.Series:
    return rows.iloc[int(np.abs(np.log(rows["ratio"].to_numpy(dtype=float))).argmax())]


def _became(row: pd.Series) -> str:
    return f"{row['label']}, {formats.change(row['ratio'], row['ratio_low'], row['ratio_high'])}"
