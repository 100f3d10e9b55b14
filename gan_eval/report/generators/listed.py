"""Tables that list: trainings, those without a result, and how each number was computed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import MISSING, count, interval, number, plural, probability
from gan_eval.pages.page import MOST_ROWS
from gan_eval.report.generators.entrants import Entrant, named_tests
from gan_eval.report.generators.tables import VERDICT_WORDS, of_modes
from gan_eval.report.generators.words import MEASURES
from gan_eval.runtime.arguments import plain

MOST_SEEDS = 100
"""Replicates of an entrant that are listed; all entrants together have ``MOST_ROWS``."""


def failures(found: Sequence[Entrant]) -> Table | None:
    """List the trainings without rows to judge, each with why; None where all have some."""
    lines = []
    for one in found:
        verdicts, said = one.texts("verdict"), one.texts("failure")
        for seed, verdict, sentence in zip(one.rows["seed"], verdicts, said, strict=True):
            if sentence or verdict in ("no_result", "diverged"):
                words = VERDICT_WORDS.get(verdict, verdict)
                lines.append(
                    (one.label, str(seed), words, sentence.replace("`", "") or "nothing was said")
                )
    if not lines:
        return None
    which = "" if len(lines) <= MOST_ROWS else f" (the first {count(MOST_ROWS)})"
    return Table(
        f"{plural(len(lines), 'training')} without rows to judge{which}",
        ("entrant", "seed", "verdict", "why"),
        lines[:MOST_ROWS],
        words=4,
    )


def computed(found: Sequence[Entrant]) -> Table | None:
    """List of each measure how it was computed and of how many rows."""
    kinds = [
        *((f"worth by {MEASURES[name]}", f"worth_{name}_how") for name in ("energy", "mmd")),
        ("KL divergence and all that follows from it", "kl_how"),
        ("modes", "modes_how"),
    ]
    lines = []
    for words, column in kinds:
        said = Counter(text for one in found for text in one.texts(column) if text)
        if said:
            lines.append((words, ", ".join(f"{text} ({count(n)})" for text, n in said.items())))
    for words, column in (
        ("real rows that a training learns from", "n_train"),
        ("real rows that it is judged against", "n_real"),
        ("generated rows", "n_generated"),
    ):
        sizes = {int(n) for one in found for n in one.values(column)[~np.isnan(one.values(column))]}
        if sizes:
            lines.append((words, _range(sizes)))
    if not lines:
        return None
    return Table("How each number was computed", ("what", "how (trainings)"), lines, words=2)


def replicates(found: Sequence[Entrant]) -> Table:
    """List the first trainings of each entrant, as many as the page has room for."""
    named, room, lines = named_tests(found), MOST_ROWS, []
    columns: dict[str, Callable[[Entrant, int], str]] = {
        "seed": lambda one, at: str(one.rows["seed"].iloc[at]),
        "verdict": _verdict,
        "worth by energy distance": _worth,
        "worth by MMD": partial(_number, "worth_mmd"),
        "KL(q‖p)": partial(_number, "kl"),
        "copies": _copies,
        "modes kept": _modes,
        "modes lost": _lost,
        **{f"{words} p": partial(_pvalue, f"{name}_pvalue") for name, words in named.items()},
        "seconds": partial(_number, "seconds"),
    }
    for one in found:
        shown = min(MOST_SEEDS, room, one.replicates)
        room -= shown
        first = replace(one, rows=one.rows.iloc[:shown])  # not every column of a million rows
        for at in range(shown):
            lines.append((one.label, *(entry(first, at) for entry in columns.values())))
    total = sum(one.replicates for one in found)
    which = "All trainings"
    if len(lines) < total:
        which = f"The first seeds of each entrant, {count(len(lines))} of {count(total)} trainings"
    said = [place for place, entries in enumerate(zip(*lines, strict=True)) if _any(entries)]
    head = ("entrant", *columns)
    return Table(
        f"{which}; gan-eval export gives every column of every one",
        [head[place] for place in said],
        [[line[place] for place in said] for line in lines],
    )


def _any(entries: Sequence[str]) -> bool:
    return any(entry != MISSING for entry in entries)


def _number(name: str, one: Entrant, at: int) -> str:
    return number(one.values(name)[at])


def _pvalue(name: str, one: Entrant, at: int) -> str:
    return probability(one.values(name)[at])


def _verdict(one: Entrant, at: int) -> str:
    verdict = one.texts("verdict")[at]
    return VERDICT_WORDS.get(verdict, verdict)


def _worth(one: Entrant, at: int) -> str:
    size, low, high = (one.values(f"worth_energy{end}")[at] for end in ("", "_low", "_high"))
    return number(size) + ("" if math.isnan(low + high) else f" ({interval(low, high)})")


def _copies(one: Entrant, at: int) -> str:
    return plain(one.texts("copies_verdict")[at].replace("_", " ")) or MISSING


def _modes(one: Entrant, at: int) -> str:
    return of_modes(one.values("modes_kept")[at], one.values("modes")[at])


def _lost(one: Entrant, at: int) -> str:
    return plain(one.texts("modes_lost")[at], 80) or MISSING


def _range(sizes: set[int]) -> str:
    low, high = min(sizes), max(sizes)
    return count(low) if low == high else f"{count(low)} to {count(high)}"
