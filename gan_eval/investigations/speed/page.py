"""Speed as a page of its own, and as a section of a report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gan_eval.investigations.speed import formats, pictures, tables, words
from gan_eval.investigations.speed.rates import TRAINING
from gan_eval.investigations.speed.slowdown import TOO_FEW, TOO_SLOW
from gan_eval.investigations.speed.steps import FEWEST_RUNS
from gan_eval.pages.blocks import (
    Answer,
    Block,
    Card,
    Paragraph,
    Section,
    Step,
    TableBlock,
    gallery,
)
from gan_eval.pages.numbers import MISSING, count, interval, number, percent, plural, setting
from gan_eval.pages.page import fill
from gan_eval.pages.picture import Picture, drawing

if TYPE_CHECKING:
    from gan_eval.investigations.speed.result import Figures

FEW = 6
"""Rows of a table that a page shows unfolded."""


def section(
    table: pd.DataFrame,
    quality: pd.DataFrame | None = None,
    labels: dict[str, str] | None = None,
) -> Section:
    """Make the section of a report on benchmarks.

    Parameters
    ----------
    table : DataFrame
        From ``benchmarks.read_all``.
    quality : DataFrame, optional
        From ``judging.time_to_quality``.
    labels : dict, optional
        Names of configurations by their hash.
    """
    blocks: list[Block] = [Paragraph(words.fastest(table)), *map(Paragraph, words.warnings(table))]
    blocks += gallery(lambda: pictures.rates(table))
    if quality is not None and len(quality):
        blocks.append(TableBlock(tables.passages(quality, labels)))
    blocks.append(TableBlock(tables.benchmarks(table), folded=len(table) > FEW))
    blocks += map(Paragraph, [words.PLUS_MINUS, *words.provenance(table)])
    return Section("throughput", "Examples per second", blocks)


def page(found: Figures) -> str:
    """Write one HTML document that needs no network, its answer first."""
    table = found.table
    return fill(
        title=_question(found),
        name="throughput",
        question=_question(found),
        answer=Answer(
            headline=found.headline,
            sentences=list(_sentences(found)),
            picture=_leading(found),
            cards=list(_cards(found))[:5],
            next_steps=list(_next(found))[:3],
        ),
        sections=sorted(_sections(found), key=lambda one: one.folded),
        created=str(table["measured"].max()) if len(table) else None,
    )


def _question(found: Figures) -> str:
    if found.comparison is not None:
        return "Did anything become slower?"
    several = found.history is not None and len(found.history.codes) > 1
    return "When did speed change?" if several else "How fast does it train?"


def _leading(found: Figures) -> Picture | None:
    """Draw the picture that answers: before and after, or over commits, or who is how fast."""
    if not drawing():
        return None
    if found.comparison is not None:
        return pictures.before_after(found.comparison)
    if found.history is not None and found.steps is not None and found.steps.searched:
        first = pictures.FIRST_PANELS
        return pictures.over_commits(found.history, found.steps, first, "fig-history-first")
    return pictures.rates(found.table)


def _sentences(found: Figures) -> Iterator[tuple[str | None, str]]:
    if found.comparison is not None and (moved := words.moved(found.comparison)):
        yield "Beside that", moved
    if found.steps is not None and found.history is not None:
        if found.comparison is not None:
            yield "Over commits", words.stepped(found.history, found.steps)
        else:
            said = zip(found.steps.table["label"], words.step_sentences(found.steps), strict=True)
            largest: dict[str, str] = {}
            for name, sentence in said:
                largest.setdefault(name, sentence)
            who = found.headline.partition(" became ")[0]
            others = [one for one in largest.values() if one.partition(" became ")[0] != who]
            yield from ((None, sentence) for sentence in others[:2])
    if found.headline != (fastest := words.fastest(found.table)):
        yield "Now", fastest
    if found.quality is not None and len(found.quality):
        yield "Time to quality", found.quality_sentence
    if doubts := words.warnings(found.table):
        yield "Doubtful", " ".join(doubts)


def _cards(found: Figures) -> Iterator[Card]:
    comparison, steps, history = found.comparison, found.steps, found.history
    if comparison is not None:
        slow, few = comparison.count(TOO_SLOW), comparison.count(TOO_FEW)
        of = f"of {plural(len(comparison.table), 'benchmark')}, beyond "
        of += f"{setting(comparison.slowdown)} times"
        yield Card("Too slow", count(slow), of + (f"; {few} with too few rounds" if few else ""))
    if steps is not None and history is not None:
        most = 0 if steps.series.empty else int(steps.series["runs"].max())
        yield Card(
            "Steps",
            count(len(steps.table)) if steps.searched else MISSING,
            f"in {plural(history.runs, 'run')} of {plural(len(history.codes), 'version')}; a false "
            f"one has a probability of at most {formats.level(steps.alpha)}"
            if steps.searched
            else f"a benchmark needs {FEWEST_RUNS} runs on one machine, there are {most}",
        )
    row = words.leader(found.table)
    if row is not None:
        yield Card(
            "Fastest",
            f"{formats.rate(row['examples_per_second'])} examples/s",
            f"{str(row['label']).removeprefix('train, ')}, ± {formats.plus_minus(row)}",
        )
        if not pd.isna(row["times_the_loop"]) and row["times_the_loop"] != 1:
            sure = interval(row["times_low"], row["times_high"])
            yield Card(f"Times {formats.loop(row)}", number(row["times_the_loop"]), sure)
    if found.quality is not None and len(found.quality):
        best = words.soonest(found.quality)
        epsilon = setting(best["epsilon"])
        yield Card(
            f"Seconds until KL ≤ {epsilon}",
            number(best["seconds"]),
            f"{best['backend']}, {interval(best['seconds_low'], best['seconds_high'])}",
        )
    if row is None:
        trains = (found.table["unit"] == TRAINING) & found.table["backend"].notna()
        trained = int(trains.sum())
        yield Card("Benchmarks", count(len(found.table)), f"{trained} of training")
    spread = found.table["spread"].to_numpy(dtype=float)
    if not np.isnan(spread).all():
        yield Card(
            "Noise of rounds",
            percent(float(np.nanmedian(spread))),
            "half of the benchmarks spread less around their median",
        )


def _next(found: Figures) -> Iterator[Step]:
    if found.comparison is not None and found.comparison.count(TOO_SLOW):
        yield Step(
            "Find the commit: measure those in between, in turn, and look for the step.",
            "gan-eval throughput --html history.html",
        )
    if found.table["unstable"].any() or (found.table["rounds"] < 2).any():
        yield Step("Measure again while nothing else runs.", "pytest benchmarks/")
    if found.comparison is None:
        yield Step(
            "Hold a change against what was before it.",
            "gan-eval throughput new.json --against old.json",
        )
    if found.history is None:
        yield Step("See speed over commits.", "gan-eval throughput --html history.html")
    if found.quality is None:
        yield Step("See whether who is fast also learns.", "gan-eval throughput --run reports/NAME")


def _sections(found: Figures) -> Iterator[Section]:
    table, comparison, steps, history = found.table, found.comparison, found.steps, found.history
    led = comparison is not None or (steps is not None and steps.searched)
    if steps is not None and history is not None:
        if drawn := gallery(lambda: pictures.over_commits(history, steps)):
            yield Section("history", "More benchmarks over commits", drawn, folded=bool(led))
        if len(steps.table):
            many = len(steps.table) > FEW
            yield Section("steps", "Steps", [TableBlock(tables.found_steps(steps))], folded=many)
    if led and (drawn := gallery(lambda: pictures.rates(table))):
        yield Section("rates", "Who is how fast", drawn)
    if comparison is not None:
        said = [f"Not the same in both runs: {s}." for s in comparison.differences]
        changed: list[Block] = [*map(Paragraph, said), TableBlock(tables.changes(comparison))]
        many = len(comparison.table) > FEW
        yield Section("changes", "Before and after", changed, folded=many)
    if steps is not None and history is not None:
        facts: list[Block] = [*map(Paragraph, words.history_facts(history, steps))]
        facts.append(TableBlock(tables.searched(steps)))
        yield Section("searched", "What was searched for steps", facts, folded=True)
    if found.quality is not None and len(found.quality):
        yield Section(
            "quality", "Time to quality", [TableBlock(tables.passages(found.quality, found.labels))]
        )
    rows: list[Block] = [Paragraph(words.PLUS_MINUS), TableBlock(tables.benchmarks(table))]
    yield Section("benchmarks", f"All {plural(len(table), 'benchmark')}", rows, folded=True)
    where: list[Block] = [*map(Paragraph, words.provenance(table))]
    yield Section("environment", "Machine and versions", where, folded=True)
    how = [Paragraph(sentence) for sentence in words.method(comparison, steps)]
    yield Section("method", "How this is worked out", how, folded=True)
