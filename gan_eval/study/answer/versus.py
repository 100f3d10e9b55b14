"""A study that compares along one setting (``versus``): how often the other values of it are better
than the first, all else being the same, and by how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from gan_eval.pages.numbers import count, interval, number, plural
from gan_eval.runtime.arguments import plain
from gan_eval.stats import bootstrap
from gan_eval.stats.multiple import adjusted_pvalues
from gan_eval.study.answer.cells import Cell
from gan_eval.study.answer.layout import Entry, Layout, in_words
from gan_eval.study.answer.phrases import capital, listed, median_worth, worth
from gan_eval.study.answer.ranking import ALPHA, Ranking, duel, errors_of

_RESAMPLES = 1000
MOST_CASES = 12
"""Pairs whose cases are told one by one."""

_MOST_SEEDS = 1000
"""Seeds of a pair that its ratio's interval is of."""


class Pair(NamedTuple):
    """A configuration beside the one that has the first value of the setting, and is else the
    same.

    ``wins`` is the share of seeds on which it is nearer to the truth; ``verdict`` 1, −1 or 0 where
    it is shown to be better, worse, or neither.
    """

    case: str
    value: str
    entry: Entry
    reference: Entry
    wins: float
    verdict: int


def pairs_of(layout: Layout, lead: Ranking) -> list[Pair]:
    """Compare along a study's ``versus``; no pairs where it has none.

    Exact two-sided sign tests at 5 %, adjusted by Holm over all pairs.
    """
    field = layout.versus
    if not field or any(field not in entry.settings for entry in layout.entries):
        return []
    groups: dict[str, list[Entry]] = {}
    for entry in layout.entries:
        rest = {name: value for name, value in entry.settings.items() if name != field}
        groups.setdefault(repr(rest), []).append(entry)
    found = []
    for group in groups.values():
        reference, *others = [entry for entry in group if entry.label in lead.cells] or group[:1]
        if reference is not group[0]:
            continue
        for entry in others:
            both = lead.cells[entry.label], lead.cells[reference.label]
            one, other = duel(*both), duel(*reversed(both))
            pvalue = min(1.0, 2 * min(one.pvalue, other.pvalue))
            value = plain(entry.settings[field])
            found.append((Pair(_case(layout, entry), value, entry, reference, one.wins, 0), pvalue))
    if not found:
        return []
    adjusted = adjusted_pvalues([pvalue for _, pvalue in found])
    return [
        pair._replace(verdict=0 if p > ALPHA else 1 if pair.wins > 0.5 else -1)
        for (pair, _), p in zip(found, adjusted, strict=True)
    ]


def headline(layout: Layout, lead: Ranking, pairs: Sequence[Pair]) -> str:
    """Answer in one sentence how often the first value of the setting is beaten."""
    setting = in_words(layout.versus or "")
    first = plain(pairs[0].reference.settings[layout.versus or ""])
    values = list(dict.fromkeys(pair.value for pair in pairs))
    if len(values) == 1:
        return f"{_of_one(setting, values[0], first, pairs)}{_sizes(lead, pairs)}."
    better = _counted(values, pairs, 1, f"better than {first}")
    said = capital(better) or f"No other {setting} is shown to be better than {first}"
    case = [pair for pair in pairs if pair.case == pairs[0].case]
    best = max(case, key=lambda pair: median_worth(lead.cells[pair.entry.label]))
    where = f"with {best.case} " if best.case else ""
    worse = _counted(values, pairs, -1, "worse")
    rest = f"; {worse}" if worse else ""
    return (
        f"{said}: {where}the best of them, {best.value}, is worth "
        f"{worth(lead.cells[best.entry.label])} and {first} "
        f"{worth(lead.cells[best.reference.label], False)}{rest}."
    )


def sentences(layout: Layout, lead: Ranking, pairs: Sequence[Pair]) -> list[str]:
    """Name the cases that go another way than most, or each case where there are several values,
    and say in how many most trainings learn."""
    setting, found = in_words(layout.versus or ""), []
    values = list(dict.fromkeys(pair.value for pair in pairs))
    if len(values) == 1:
        for verdict, words in ((-1, "is worse"), (0, "makes no difference that is shown")):
            if 0 < len(cases := [p.case for p in pairs if p.verdict == verdict]) < len(pairs):
                found.append(f"{capital(setting)} {values[0]} {words} with {listed(cases[:6])}.")
    else:
        for case in dict.fromkeys(pair.case for pair in pairs[:MOST_CASES]):
            found.append(_told_case(layout, lead, [p for p in pairs if p.case == case]))
    for value in values if len(values) == 1 else ():
        own = [lead.cells[pair.entry.label] for pair in pairs if pair.value == value]
        most = sum(cell.summary["converged_share_low"] > 0.5 for cell in own)
        found.append(
            f"With {setting} {value} most trainings learn the distribution in {count(most)} of "
            f"{plural(len(own), 'case')}."
        )
    return found


def _told_case(layout: Layout, lead: Ranking, pairs: Sequence[Pair]) -> str:
    """Tell the worths of one case, the first value's before the others'."""
    reference = pairs[0].reference
    first = f"{plain(reference.settings[layout.versus or ''])} is worth "
    said = [first + worth(lead.cells[reference.label])]
    said += [f"{pair.value} {worth(lead.cells[pair.entry.label], False)}" for pair in pairs]
    where = f"With {pairs[0].case}: " if pairs[0].case else ""
    return f"{where}{listed(said)}."


def _of_one(setting: str, value: str, first: str, pairs: Sequence[Pair]) -> str:
    better, worse = (sum(pair.verdict == verdict for pair in pairs) for verdict in (1, -1))
    n = plural(len(pairs), "case")
    if not better and not worse:
        return f"No difference between {setting} {value} and {first} is shown in {n}"
    if better:
        rest = f", worse in {count(worse)}" if worse else ""
        return f"{capital(setting)} {value} is better than {first} in {count(better)} of {n}{rest}"
    return (
        f"{capital(setting)} {value} is worse than {first} in {count(worse)} of {n}, never better"
    )


def _counted(values: Sequence[str], pairs: Sequence[Pair], verdict: int, words: str) -> str:
    """Say which values have a verdict, and in how many cases; empty where none has."""
    found = {}
    for value in values:
        own = [pair.verdict for pair in pairs if pair.value == value]
        if n := own.count(verdict):
            found[value] = f"in {count(n)} of {plural(len(own), 'case')}"
    if len(found) < 2:
        return "".join(f"{value} is {words} {cases}" for value, cases in found.items())
    return f"{listed([f'{value} ({cases})' for value, cases in found.items()])} are {words}"


def _sizes(lead: Ranking, pairs: Sequence[Pair]) -> str:
    """The smallest and the largest gain, each with its interval."""
    gains = [(ratio(*(lead.cells[e.label] for e in (p.entry, p.reference))), p) for p in pairs]
    gains = [(gain, pair) for gain, pair in gains if all(map(math.isfinite, gain))]
    if not gains:
        return ""
    gains.sort(key=lambda one: one[0][0])
    (low, at_low), (high, at_high) = gains[0], gains[-1]

    def told(gain: tuple[float, ...], pair: Pair, unit: str = "") -> str:
        where = f" with {pair.case}" if pair.case and len(gains) > 1 else ""
        return f"{number(gain[0], 2)} times{unit} ({interval(gain[1], gain[2], 2)}){where}"

    least = told(low, at_low, " as many real rows")
    if len(gains) == 1:
        return f": {pairs[0].value} is worth {least}"
    return f": {pairs[0].value} is worth from {least} to {told(high, at_high)}"


def ratio(first: Cell, second: Cell) -> tuple[float, float, float]:
    """How many times as many real rows the first is worth, with the 95 % bootstrap interval over
    common seeds; the first 1,000 of them."""
    both = pd.concat([errors_of(first), errors_of(second)], axis=1, join="inner").to_numpy()
    both = both[:_MOST_SEEDS]
    if not len(both):
        return math.nan, math.nan, math.nan
    counts = bootstrap.resamples(len(both), _RESAMPLES, 0)
    medians = [bootstrap.quantiles(column, counts, 0.5) for column in both.T]
    with np.errstate(all="ignore"):
        found = bootstrap.with_bounds("ratio", medians[1] / medians[0])
    return found["ratio"], found["ratio_low"], found["ratio_high"]


def _case(layout: Layout, entry: Entry) -> str:
    """Name what a pair has in common."""
    said = []
    for axis, at in zip(layout.axes, entry.place, strict=True):
        if layout.versus in axis.fields:
            continue
        said.append(f"{axis.title} {axis.texts[at]}" if len(axis.fields) == 1 else axis.texts[at])
    return ", ".join(said)
