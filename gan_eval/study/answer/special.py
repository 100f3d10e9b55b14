"""Studies whose axis asks a question of its own: rows to train on, targets, two quantities of which
one is held, single changes one after another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gan_eval.distributions.target import GaussianTarget
from gan_eval.pages.numbers import count, interval, number, percent, percents, plural, setting
from gan_eval.study.answer.cells import Cell
from gan_eval.study.answer.layout import Entry, Layout, in_words, single_changes
from gan_eval.study.answer.phrases import between, capital, listed, matters, median_worth, worth
from gan_eval.study.answer.ranking import ALPHA, Ranking, duel
from gan_eval.study.answer.versus import ratio

FEWEST_POINTS = 3
"""Configurations that make a series."""

SAME = 0.03
"""The relative difference up to which a quantity is the same: a last batch is often not full."""

MOST_CHANGES = 4
"""Single changes that a page tells in words."""


def headline(layout: Layout, lead: Ranking) -> str | None:
    """Answer what the only axis of a study asks, where that is not which value is best."""
    return _of_rows(layout, lead) or _of_targets(layout, lead) or _of_series(layout, lead)


# --- Rows to train on ----------------------------------------------------------------------------


def _of_rows(layout: Layout, lead: Ranking) -> str | None:
    """How much of the error the finite sample explains, where the rows to train on vary.

    The best fit to n rows is on average as far from the truth as n rows are worth, and that
    distance falls as 1/n: so its share of a training's KL is the worth over n.
    """
    if len(layout.axes) != 1 or layout.axes[0].number_title != in_words("n_examples"):
        return None
    numbers = layout.axes[0].numbers or ()
    found = [
        (numbers[entry.place[0]], lead.cells[entry.label].summary)
        for entry in layout.entries
        if entry.label in lead.cells
    ]
    reference = found[0]
    if any(math.isnan(summary["efficiency"]) for _, summary in found):
        return None  # it is by KL
    found.sort(key=lambda one: one[0])
    most = [one for one in (found[0], found[-1]) if one is not reference]
    said = [
        f"with {count(n)} rows {'the finite sample explains about ' if not at else ''}"
        f"{_share(s)}{' of the error' if not at else ''}"
        for at, (n, s) in enumerate([reference, *most])
    ]
    mostly = "the game" if reference[1]["efficiency"] < 0.5 else "the finite sample"
    return f"Mostly {mostly}: {listed(said)}; the rest comes from the game of G and D."


def _share(summary: object) -> str:
    s: dict[str, float] = dict(summary)  # type: ignore[call-overload]
    value, low, high = (min(s[f"efficiency{end}"], 1.0) for end in ("", "_low", "_high"))
    if not math.isfinite(low) or low < 0:
        return percent(value)
    return f"{percent(value)} ({percents(low, high)})"


# --- Targets -------------------------------------------------------------------------------------


def _of_targets(layout: Layout, lead: Ranking) -> str | None:
    """What makes a target hard, where targets are the only axis: by what sets each apart from the
    first."""
    if len(layout.axes) != 1 or "target" not in layout.axes[0].fields:
        return None
    entries = [entry for entry in layout.entries if entry.label in lead.cells]
    truths = {entry.label: _truth(lead.cells[entry.label]) for entry in entries}
    reference, *others = entries
    first = truths[reference.label]
    if first is None:
        return None
    groups: dict[str, list[Entry]] = {}
    for entry in others:
        if (truth := truths[entry.label]) is not None:
            groups.setdefault(_apart(truth, first), []).append(entry)
    if len(groups) < 2:
        return None
    cells = lead.cells
    base = cells[reference.label]
    # Of each property the hardest of those that are shown to be harder.
    hardest = {
        name: min(harder, key=lambda e: median_worth(cells[e.label]))
        for name, group in groups.items()
        if (
            harder := [e for e in group if duel(base, cells[e.label]).pvalue <= ALPHA / len(others)]
        )
    }
    shown = sorted(hardest, key=lambda name: median_worth(cells[hardest[name].label]))
    if not shown:
        return f"No target is shown to be harder than {reference.name}, worth {worth(base)}."
    worst = cells[hardest[shown[0]].label]
    most = [shown[0]]
    most += [
        name
        for name in shown[1:]
        if duel(cells[hardest[name].label], worst).pvalue > ALPHA / len(others)
    ]
    said = [
        f"to {worth(cells[hardest[name].label], False)} for {hardest[name].name}"
        + _conditioned(name, truths[hardest[name].label], first)
        for name in shown
    ]
    rest = [name for name in groups if name not in shown]
    makes = "makes" if len(rest) == 1 else "make"
    none = f"; {listed(rest)} {makes} no difference that is shown" if rest else ""
    return (
        f"{capital(listed(most))} most: the worth, in rows of each target itself, falls from "
        f"{worth(base)} for {reference.name} "
        f"{listed(said)}{none}."
    )


def _truth(cell: Cell) -> GaussianTarget | None:
    target = None if cell.config is None else cell.config.target.build()
    return target if isinstance(target, GaussianTarget) else None


def _apart(truth: GaussianTarget, first: GaussianTarget) -> str:
    """What sets a target apart from another: the first of its properties that differs."""
    if truth.dimension != first.dimension:
        return "dimension"
    if not math.isclose(_correlation(truth), _correlation(first), abs_tol=1e-6):
        return "correlation"
    if not math.isclose(*(float(np.linalg.cond(one.A)) for one in (truth, first)), rel_tol=1e-6):
        return "condition number"
    return "mean"


def _conditioned(name: str, truth: GaussianTarget | None, first: GaussianTarget) -> str:
    """Say that a correlation has changed the condition number, too: which of the two it was is not
    told apart."""
    if name != "correlation" or truth is None:
        return ""
    there, here = (float(np.linalg.cond(one.A)) for one in (truth, first))
    if math.isclose(there, here, rel_tol=1e-6):
        return ""
    return f", whose condition number is {number(there, 2)}"


def _correlation(target: GaussianTarget) -> float:
    """The largest correlation of two coordinates; 0 of one."""
    covariance = target.A.T @ target.A
    spread = np.sqrt(np.diag(covariance))
    scaled = np.abs(covariance / np.outer(spread, spread))
    return float(np.max(scaled - np.eye(len(scaled)), initial=0.0))


# --- One quantity varies while another is held ---------------------------------------------------


class Series(NamedTuple):
    """Configurations along one number, another quantity being the same: ``held``."""

    field: str
    held: str
    points: list[tuple[float, Entry]]


def series_of(layout: Layout, lead: Ranking) -> list[Series]:
    """Find what varies while something else is held, along the only axis of a study.

    What is held is a setting, or the number of updates: epochs times batches.
    """
    axes = layout.axes
    if len(axes) != 1 or axes[0].numbers is not None or len(axes[0].fields) < 2:
        return []
    entries = [entry for entry in layout.entries if entry.label in lead.cells]
    columns = {
        field: [entry.settings[field] for entry in entries]
        for field in axes[0].fields
        if all(_is_number(entry.settings[field]) for entry in entries)
    }
    if len(columns) < 2:
        return []
    along = max(columns, key=lambda field: len(set(columns[field])))
    held: dict[str, list[float]] = {field: columns[field] for field in columns if field != along}
    updates = [_updates(lead.cells[entry.label]) for entry in entries]
    if {"epochs", "batch_size", "n_examples"} & set(columns) and all(map(math.isfinite, updates)):
        held["updates"] = updates
    found = []
    for name, values in held.items():
        for value in _apart_by(values):
            own = [
                (float(columns[along][at]), entry)
                for at, entry in enumerate(entries)
                if math.isclose(values[at], value, rel_tol=SAME)
            ]
            if len({x for x, _ in own}) == len(own) >= FEWEST_POINTS:
                told = f"{count(value)} {in_words(name)}" if value >= 2 else f"{name} {value:g}"
                found.append(Series(along, told, sorted(own, key=lambda one: one[0])))
    return found if len(found) > 1 else []


def _apart_by(values: Sequence[float]) -> list[float]:
    """The values that are not the same as an earlier one."""
    found: list[float] = []
    for value in values:
        if not any(math.isclose(value, known, rel_tol=SAME) for known in found):
            found.append(value)
    return found


def _of_series(layout: Layout, lead: Ranking) -> str | None:
    found = series_of(layout, lead)
    if not found:
        return None
    name, cells, said = in_words(found[0].field), lead.cells, []
    shown = 0
    for one in found:
        ranked = sorted(one.points, key=lambda point: median_worth(cells[point[1].label]))
        (low, worst), (high, best) = ranked[0], ranked[-1]
        tests = sum(len(each.points) - 1 for each in found)
        if duel(cells[best.label], cells[worst.label]).pvalue <= ALPHA / tests:
            shown += 1
            said.append(
                f"with {one.held} each, {setting(low)} is worth "
                f"{worth(cells[worst.label], not said)} and {setting(high)} is worth "
                f"{worth(cells[best.label], False)}"
            )
        else:
            worths = [median_worth(cells[entry.label]) for _, entry in one.points]
            said.append(f"with {one.held} each no difference is shown ({between(worths)})")
    if not shown:
        return f"No effect of the {name} is shown: {'; '.join(said)}."
    itself = " in itself" if shown == len(found) else ""
    return f"{capital(matters(name))}{itself}: {'; '.join(said)}."


def _updates(cell: Cell) -> float:
    config = cell.config
    if config is None:
        return math.nan
    return float(config.epochs * math.ceil(config.n_examples / config.batch_size))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# --- Single changes ------------------------------------------------------------------------------


class Change(NamedTuple):
    """Two configurations that differ by one change: in what, and how many times as many real rows
    the second is worth, with its interval, and whether that is shown."""

    fields: tuple[str, ...]
    before: Entry
    after: Entry
    ratio: tuple[float, float, float]
    shown: bool


def changes_of(layout: Layout, lead: Ranking) -> list[Change]:
    """List the single changes of a study that names its configurations itself, the largest first;
    none of a grid, whose axes say it."""
    if len(layout.varied()) != 1 or not layout.labelled or len(layout.axes[0].fields) < 3:
        return []
    entries = [entry for entry in layout.entries if entry.label in lead.cells]
    pairs = [(fields, *pair) for fields, own in single_changes(entries).items() for pair in own]
    found = []
    for fields, before, after in pairs:
        both = lead.cells[after.label], lead.cells[before.label]
        least = min(duel(*both).pvalue, duel(*reversed(both)).pvalue)
        shown = 2 * least <= ALPHA / len(pairs)
        found.append(Change(fields, before, after, ratio(*both), shown))
    return sorted(found, key=lambda one: -_strength(one))


def change_sentences(changes: Sequence[Change]) -> list[str]:
    """Tell the largest single changes, and how many make no difference."""
    if not changes:
        return []
    shown = [change for change in changes if change.shown]
    said = [f"{_told(change)}: {_gain(change)}." for change in shown[:MOST_CHANGES]]
    if rest := len(changes) - len(shown):
        said.append(
            f"Of {plural(len(changes), 'single change')}, {count(rest)} make no difference "
            "that is shown."
        )
    return said


def most(change: Change) -> str:
    """Name the largest of the single changes, as the end of a sentence."""
    what = listed([in_words(field) for field in change.fields])
    times, low, high = _factor(change)
    return f"{what} matters most ({number(times, 2)} times, {interval(low, high, 2)})"


def _factor(change: Change) -> tuple[float, float, float]:
    """How many times more, or fewer, with its interval."""
    value, low, high = change.ratio
    if value >= 1:
        return value, low, high
    with np.errstate(divide="ignore"):
        one, least, largest = (float(np.divide(1.0, end)) for end in (value, high, low))
    return one, least, largest


def _quoted(name: str) -> str:
    return f"“{name.strip('“”')}”"


def _gain(change: Change) -> str:
    times, low, high = _factor(change)
    if not math.isfinite(times):
        return "worth another number of real rows"
    how = "as many real rows" if change.ratio[0] >= 1 else "fewer real rows"
    return f"worth {number(times, 2)} times {how} ({interval(low, high, 2)})"


def _told(change: Change) -> str:
    what = " and ".join(in_words(field) for field in change.fields)
    return f"From {_quoted(change.before.name)} to {_quoted(change.after.name)} ({what})"


def _strength(change: Change) -> float:
    value = change.ratio[0]
    size = abs(math.log(value)) if value > 0 and math.isfinite(value) else 0.0
    return size + 100 * change.shown
