"""The tables of a study of outside generators: its entrants side by side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from gan_eval.judging.verdicts import OUTSIDE_VERDICTS
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import (
    MISSING,
    count,
    interval,
    median,
    number,
    percent,
    percents,
)
from gan_eval.report.generators.entrants import Entrant, named_tests
from gan_eval.report.generators.words import LEVEL, MEASURES, worth_column
from gan_eval.runtime.arguments import lower_first, plain

VERDICT_WORDS = {"could_not_tell": "could not tell", "no_result": "no result"}
"""Verdicts whose words are not their names."""

_CAPTION = (
    "Entrants side by side: counts of trainings, and medians over trainings with 95 % intervals, "
    "a training without a result as worth 0"
)


def entrants(found: Sequence[Entrant]) -> Table:
    """List the verdicts of each entrant, its share converged, and its worth by each measure."""
    used = _verdicts(found)
    worths = [name for name in MEASURES if any(_measured(one, f"worth_{name}") for one in found)]
    with_kl = any(_measured(one, "kl") for one in found)
    return Table(
        _CAPTION,
        (
            *("entrant", "trainings", *(VERDICT_WORDS.get(verdict, verdict) for verdict in used)),
            "share converged",
            *(f"worth by {MEASURES[name]}, real rows" for name in worths),
            *(("KL(q‖p), nats",) if with_kl else ()),
        ),
        [
            (
                *_counts(one, used),
                *(_with_interval(one, f"worth_{name}", f"worth_{name}_how") for name in worths),
                *((_with_interval(one, "kl", "kl_how"),) if with_kl else ()),
            )
            for one in found
        ],
    )


def brief(found: Sequence[Entrant]) -> Table:
    """List of each entrant what fits a terminal, and the first table of the page."""
    used = _verdicts(found)
    named = [VERDICT_WORDS.get(verdict, verdict) for verdict in used]
    return Table(
        f"At a glance: {lower_first(_CAPTION)}",
        ("entrant", "trainings", *named, "share converged", "worth, real rows", "copies", "modes"),
        [
            (
                *_counts(one, used),
                _with_interval(one, worth_column(one), ""),
                _copied(one),
                _kept(one),
            )
            for one in found
        ],
    )


def _verdicts(found: Sequence[Entrant]) -> list[str]:
    """The verdicts that have a column: those that occur, and two that are worth a 0."""
    always = ("converged", "no_result")
    return [v for v in OUTSIDE_VERDICTS if v in always or any(one.summary[v] for one in found)]


def _counts(one: Entrant, used: Sequence[str]) -> tuple[str, ...]:
    s = one.summary
    return (
        *(one.label, count(one.replicates), *(count(s[verdict]) for verdict in used)),
        f"{percent(s['converged_share'])} "
        f"({percents(s['converged_share_low'], s['converged_share_high'])})",
    )


def _copied(one: Entrant) -> str:
    known = [text for text in one.texts("copies_verdict") if text]
    return f"{known.count('copies')} of {len(known)}" if known else MISSING


_ENDS = ("low", "high")

_QUALITY = (
    ("precision", "precision"),
    ("recall", "recall"),
    ("density", "density"),
    ("coverage", "coverage"),
)


def rows_of(found: Sequence[Entrant]) -> Table | None:
    """List how the generated rows lie beside the real ones; None where nothing was computed."""
    columns = [(name, words) for name, words in _QUALITY if any(one.has(name) for one in found)]
    copies = any(any(one.texts("copies_verdict")) for one in found)
    modes = any(one.has("modes_kept") for one in found)
    quality = any(one.has("high_quality_share") for one in found)
    if not (columns or copies or modes or quality):
        return None
    head = ["entrant"]
    head += ["copies", "no copies shown", "could not tell", "exact copies, share"] if copies else []
    head += ["modes kept", "lost most often"] if modes else []
    head += ["high-quality share"] if quality else []
    head += [f"{words} (expected)" for _, words in columns]
    lines = []
    for one in found:
        line = [one.label]
        if copies:
            verdicts = Counter(one.texts("copies_verdict"))
            line += [count(verdicts[name]) for name in ("copies", "no_copies_shown")]
            line += [count(verdicts["could_not_tell"]), _percent(one, "copies_exact")]
        if modes:
            line += [_kept(one), _lost(one)]
        if quality:
            line.append(_percent(one, "high_quality_share"))
        for name, _ in columns:
            expected = number(median(one.values(f"{name}_expected")), 2)
            value = number(median(one.values(name)), 2)
            line.append(value if value == MISSING else f"{value} ({expected})")
        lines.append(line)
    return Table(
        "The rows themselves: trainings by whether they copy, and medians over trainings",
        head,
        lines,
    )


def rejections(found: Sequence[Entrant]) -> Table | None:
    """List the share of trainings that each test rejects; None where no test was run."""
    named = named_tests(found)
    if not named:
        return None
    return Table(
        "Share of trainings that each test rejects at 5 %, of those that it was run on",
        ("entrant", *named.values()),
        [(one.label, *(_rejected(one, f"{name}_pvalue") for name in named)) for one in found],
    )


def seconds(found: Sequence[Entrant]) -> Table:
    """List the time that a training takes."""
    return Table(
        "Seconds, medians over trainings, which run side by side",
        ("entrant", "training", "sampling", "examples seen"),
        [
            (
                one.label,
                number(one.summary["seconds"]),
                number(one.summary["sample_seconds"]),
                number(median(one.values("examples"))),
            )
            for one in found
        ],
    )


def _measured(one: Entrant, name: str) -> bool:
    return not math.isnan(one.summary[name])


def _with_interval(one: Entrant, name: str, how_name: str) -> str:
    if not _measured(one, name):
        return MISSING
    low, high = (one.summary[f"{name}_{end}"] for end in _ENDS)
    known = not math.isnan(low) and low != -math.inf
    said = " and ".join(sorted({text for text in one.texts(how_name) if text}))
    marked = f", {said}" if said else ""
    if known and math.isinf(one.summary[name]):  # no distance is seen; how small it is, is known
        return f"at least {number(low)}{marked}"
    return number(one.summary[name]) + (f" ({interval(low, high)})" if known else "") + marked


def _percent(one: Entrant, name: str) -> str:
    return percent(median(one.values(name)))


def _kept(one: Entrant) -> str:
    if not one.has("modes_kept"):
        return MISSING
    return of_modes(median(one.values("modes_kept")), median(one.values("modes")))


def of_modes(kept: float, modes: float) -> str:
    """Write counts, which are whole numbers or medians of some."""
    return f"{kept:g} of {modes:g}" if math.isfinite(kept + modes) else MISSING


def _lost(one: Entrant) -> str:
    lost = Counter(name.strip() for text in one.texts("modes_lost") for name in text.split(";"))
    del lost[""]
    if not lost:
        return MISSING
    name, times = lost.most_common(1)[0]
    return f"{plain(name, 40)} ({count(times)})"


def _rejected(one: Entrant, name: str) -> str:
    values = one.values(name)
    values = values[~np.isnan(values)]
    if not values.size:
        return MISSING
    rejected = int((values <= LEVEL).sum())
    return f"{percent(rejected / values.size)} ({count(rejected)} of {count(values.size)})"
