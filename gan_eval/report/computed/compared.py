"""Configurations beside each other by modes, points on modes, worth and JSD, seed by seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gan_eval.judging.summary import median_interval, quantile
from gan_eval.pages.blocks import Block, Paragraph, Section, Table, TableBlock
from gan_eval.pages.language import N_, _
from gan_eval.pages.numbers import MISSING, count, interval, number, percent, percents, probability
from gan_eval.report.cells import CellRows
from gan_eval.stats.multiple import adjusted_pvalues
from gan_eval.stats.shares import share_interval, sign_test
from gan_eval.study.answer.computed import Modes, by_target, modes_of

ALPHA = 0.05


class Measure(NamedTuple):
    """A measure by which cells are compared: a name, and 1 where more is better, else −1."""

    name: str
    words: str
    sign: int


MEASURES = (
    Measure("modes", N_("modes found"), 1),
    Measure("quality", N_("points on a mode"), 1),
    Measure("worth_energy", N_("worth by energy, real rows"), 1),
    Measure("jensen_shannon", N_("Jensen–Shannon, nats"), -1),
)


class Pair(NamedTuple):
    """A cell beside the first one of its target by one measure, on their common seeds.

    ``better`` and ``worse`` count seeds; ties are left out, as the sign test does.
    """

    cell: CellRows
    first: CellRows
    measure: Measure
    better: int
    worse: int
    seeds: int
    adjusted: float

    @property
    def verdict(self) -> str:
        """``better``, ``worse`` or ``not shown``."""
        if not self.adjusted <= ALPHA:
            return "not shown"
        return "better" if self.better > self.worse else "worse"


def values_of(cell: CellRows, measure: Measure, modes: Modes | None) -> pd.Series:
    """The measure of each training, by seed; the worst where it diverged, NaN where not known."""
    if measure.name in ("modes", "quality"):
        found = None if modes is None else modes.found if measure.name == "modes" else modes.quality
        values = np.full(cell.replicates, np.nan) if found is None else found
    else:
        worst = 0.0 if measure.sign > 0 else math.log(2)
        given = cell.rows.get(measure.name, pd.Series(np.nan, cell.rows.index))
        values = given.mask(cell.rows["verdict"].eq("diverged"), worst).to_numpy(np.float64)
    series = pd.Series(values, index=cell.rows["seed"].to_numpy())
    return series[~series.index.duplicated()]


def pairs_of(cells: Sequence[CellRows]) -> list[Pair]:
    """Hold each cell against the first of its backend and target by every measure.

    Two-sided exact sign tests over common seeds, adjusted by Holm over all measures and cells
    together.
    """
    made: list[tuple[Pair, float]] = []
    firsts = _firsts(cells)
    for cell in cells:
        first = firsts[cell.position]
        if cell is first:
            continue
        for measure in MEASURES:
            own, other = (values_of(c, measure, modes_of(c)) for c in (cell, first))
            both = pd.concat([own, other], axis=1, join="inner").dropna().to_numpy()
            if not len(both):
                continue
            with np.errstate(invalid="ignore"):
                better = int((measure.sign * both[:, 0] > measure.sign * both[:, 1]).sum())
                worse = int((measure.sign * both[:, 0] < measure.sign * both[:, 1]).sum())
            pvalue = sign_test(better, better + worse) if better + worse else 1.0
            made.append((Pair(cell, first, measure, better, worse, len(both), np.nan), pvalue))
    if not made:
        return []
    adjusted = adjusted_pvalues([pvalue for _pair, pvalue in made], "holm")
    return [pair._replace(adjusted=float(p)) for (pair, _), p in zip(made, adjusted, strict=True)]


def _firsts(cells: Sequence[CellRows]) -> dict[int, CellRows]:
    """What each cell is held against, by its position."""
    found = {}
    for group in by_target(cells):
        for cell in group:
            place = (cell.backend, cell.device)
            found[cell.position] = next(c for c in group if (c.backend, c.device) == place)
    return found


def section(cells: Sequence[CellRows]) -> Section:
    """Write the comparison: each measure with its interval over seeds, and what is shown."""
    pairs = pairs_of(cells)
    text = _(
        "Every number is over seeds, with its 95 % interval: modes are averaged (Student’s t), the "
        "others are medians (order statistics). A mode is found where a generator has more than a "
        "tenth of the mass there that the target has, within 3 standard deviations."
    )
    blocks: list[Block] = [
        TableBlock(_table(cells)),
        Paragraph(text),
    ]
    if len(by_target(cells)) > 1:
        blocks.append(Paragraph(_("Configurations of different targets are not compared.")))
    if pairs:
        blocks += [Paragraph(_told(pairs)), TableBlock(_tests(pairs), folded=True)]
    return Section("configurations", _("Which configuration is better?"), blocks)


def _table(cells: Sequence[CellRows]) -> Table:
    return Table(
        _("Every configuration and backend; in brackets 95 % intervals over seeds"),
        (
            *(_("trained"), _("modes found"), _("lost a mode"), _("points on a mode")),
            *(_("worth by energy, real rows"), _("Jensen–Shannon, nats"), _("learned")),
            _("trainings"),
        ),
        [_entries(cell) for cell in cells],
    )


def _entries(cell: CellRows) -> tuple[str, ...]:
    modes, s = modes_of(cell), cell.summary
    quality = _median(values_of(cell, MEASURES[1], modes))
    worth, jsd = (_summarised(cell, measure.name) for measure in MEASURES[2:])
    lost = MISSING
    if modes is not None:
        bounds = percents(*share_interval(modes.lost, modes.known))
        lost = f"{percent(modes.lost / modes.known)} ({bounds})"
    learned = percents(s["converged_share_low"], s["converged_share_high"])
    return (
        cell.label,
        MISSING if modes is None else modes.told(),
        lost,
        *(quality, worth, jsd),
        f"{percent(s['converged_share'])} ({learned})",
        count(cell.replicates),
    )


def _median(shares: pd.Series) -> str:
    """Write the median of shares with its interval."""
    known = shares.dropna()
    if known.empty:
        return MISSING
    middle, (low, high) = quantile(known, 0.5), median_interval(known)
    return f"{percent(middle)} ({percents(low, high)})" if np.isfinite(low) else percent(middle)


def _summarised(cell: CellRows, name: str) -> str:
    """Write a median that ``summarise`` has, with its interval where there is one."""
    value, low, high = (cell.summary.get(f"{name}{end}", np.nan) for end in ("", "_low", "_high"))
    text = number(value)
    return text if not np.isfinite(low) else f"{text} ({interval(low, high)})"


def _told(pairs: Sequence[Pair]) -> str:
    """Which differences from each first cell are shown, in words."""
    firsts = {pair.first.position: pair.first for pair in pairs}
    return " ".join(
        _told_beside(first, [pair for pair in pairs if pair.first is first])
        for first in firsts.values()
    )


def _told_beside(first: CellRows, pairs: Sequence[Pair]) -> str:
    said = []
    for cell in {pair.cell.position: pair.cell for pair in pairs}.values():
        own = [pair for pair in pairs if pair.cell is cell]
        parts = []
        for verdict, word in (("better", _("better")), ("worse", _("worse"))):
            names = [
                _(pair.measure.words).partition(",")[0] for pair in own if pair.verdict == verdict
            ]
            if names:
                parts.append(_("{word} in {measures}").format(word=word, measures=", ".join(names)))
        said.append(f"{cell.label}: {'; '.join(parts) or _('no difference is shown')}")
    return _("Beside {first}, seed by seed: {told}.").format(
        first=first.label, told=". ".join(said)
    )


def _tests(pairs: Sequence[Pair]) -> Table:
    several = len({pair.first.position for pair in pairs}) > 1
    rows: list[tuple[Any, ...]] = [
        (
            pair.cell.label,
            *((pair.first.label,) if several else ()),
            _(pair.measure.words),
            _(pair.verdict),
            count(pair.better),
            count(pair.worse),
            count(pair.seeds),
            probability(pair.adjusted),
        )
        for pair in pairs
    ]
    return Table(
        _(
            "Beside the first, on common seeds: exact two-sided sign tests, p-values adjusted by "
            "Holm over this table; seeds that tie are left out"
        ),
        (
            *((_("trained"), _("beside")) if several else (_("trained"),)),
            *(_("by"), _("verdict"), _("better on"), _("worse on")),
            *(_("common seeds"), _("adjusted p")),
        ),
        rows,
        words=3 + several,
    )
