"""The first screen of a study in which a cell has no closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gan_eval.judging.answer import FEWEST
from gan_eval.judging.summary import quantile
from gan_eval.pages.blocks import Answer, Card, Step
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count, interval, number, percent, percents, setting
from gan_eval.pages.picture import Picture, drawing
from gan_eval.report import why, words
from gan_eval.report.cells import CellRows
from gan_eval.report.computed import compared, over_seeds, pictures
from gan_eval.report.computed.again import again
from gan_eval.report.lead import leading, more_seeds
from gan_eval.stats.shares import share_interval
from gan_eval.study.answer.computed import by_target, modes_of, not_told
from gan_eval.study.answer.phrases import median_worth


def answer(cells: Sequence[CellRows], said: str, provenance: Mapping[str, Any]) -> Answer:
    """Write the first screen under a headline."""
    lead = leading(cells)
    return Answer(
        said,
        sentences=_sentences(cells, lead),
        picture=_picture(cells, lead),
        cards=_cards(_best(cells, lead), len(cells) > 1),
        next_steps=_steps(cells, lead, provenance),
    )


def _sentences(cells: Sequence[CellRows], lead: CellRows) -> list[tuple[str | None, str]]:
    found: list[tuple[str | None, str]] = []
    lost = []
    for cell in cells[:6]:
        if (modes := modes_of(cell)) is not None:
            some = _("{lost} of {all} ({share})").format(
                lost=count(modes.lost),
                all=count(modes.known),
                share=percents(*share_interval(modes.lost, modes.known)),
            )
            lost.append(some if len(cells) == 1 else f"{cell.label} {some}")
    if reason := why.told(lead):
        found.append((_("Why"), reason if len(cells) == 1 else f"{lead.label}: {reason}"))
    if lost:
        found.append(
            (
                _("Trainings that lost a mode"),
                _("{told}; in brackets 95 % intervals.").format(told="; ".join(lost)),
            )
        )
    learned, lacking = _learned_without(cells)
    if lacking:
        found.append(
            (
                _("Learned, and yet a mode lost"),
                n_(
                    "{some} of the {all} training that learned the distribution by energy distance "
                    "lost a mode: energy sees the coarse shape, hardly how narrow a mode is.",
                    "{some} of the {all} trainings that learned the distribution by energy "
                    "distance lost a mode: energy sees the coarse shape, hardly how narrow a mode "
                    "is.",
                    learned,
                ).format(some=count(lacking), all=count(learned)),
            )
        )
    if untold := sum(not_told(cell.rows) for cell in cells):
        found.append(
            (
                None,
                _(
                    "Of {some} of {all} trainings it could not be told whether they learned the "
                    "distribution: the interval of their worth holds the margin. They are not "
                    "counted as learned."
                ).format(some=count(untold), all=count(sum(cell.replicates for cell in cells))),
            )
        )
    if lead.at_ln_2().size:
        found.append((_("The losses do not tell"), words.losses(lead)))
    return found


def _learned_without(cells: Sequence[CellRows]) -> tuple[int, int]:
    """Count the trainings that learned the distribution, and those of them that lost a mode."""
    learned = lacking = 0
    for cell in cells:
        if (modes := modes_of(cell)) is not None:
            right = cell.rows["verdict"].eq("converged").to_numpy()
            learned += int(right.sum())
            lacking += int((modes.found[right] < modes.total).sum())
    return learned, lacking


def _picture(cells: Sequence[CellRows], lead: CellRows) -> Picture | None:
    if not drawing():
        return None
    if len(cells) == 1 and (found := again(lead)):
        made = pictures.generated(lead, found, f"fig-density-{lead.position + 1}")
        if made is not None:
            return made
    return over_seeds.by_cell(cells) or over_seeds.worths(cells)


def _best(cells: Sequence[CellRows], lead: CellRows) -> CellRows:
    """The cell that the headline names first: of the leading backend, and of the first target of
    several, that of the largest worth."""
    place = (lead.backend, lead.device)
    own = [cell for cell in by_target(cells)[0] if (cell.backend, cell.device) == place]
    return max(own, key=median_worth)


def _cards(lead: CellRows, several: bool) -> list[Card]:
    """The numbers of a cell that matter most, under its name where there are several."""
    if several:
        cards = _cards(lead, several=False)
        return [replace(card, label=f"{lead.label}: {card.label}") for card in cards]
    s, made, modes = lead.summary, [], modes_of(lead)
    if modes is not None:
        low, high = modes.bounds()
        bounds = (
            _("95 % interval {bounds}").format(bounds=interval(low, high, modes.digits))
            if np.isfinite(low)
            else _("on average")
        )
        made.append(
            Card(
                _("modes found"),
                _("{mean} of {total}").format(
                    mean=number(modes.mean, modes.digits), total=count(modes.total)
                ),
                bounds,
            )
        )
        made.append(
            Card(
                _("points on a mode"),
                modes.on_modes(),
                _("within 3 standard deviations; of the target’s own {share}").format(
                    share=percent(float(modes.expected.sum()))
                ),
            )
        )
    share = percents(s["converged_share_low"], s["converged_share_high"])
    many = lead.replicates >= FEWEST
    made.append(
        Card(
            _("learned the distribution"),
            percent(s["converged_share"])
            if many
            else _("{some} of {all}").format(
                some=count(s["converged"]), all=count(lead.replicates)
            ),
            _("worth at least {margin} real rows").format(margin=setting(lead.margin))
            + (_("; 95 % interval {bounds}").format(bounds=share) if many else ""),
        )
    )
    for measure in compared.MEASURES[2:]:
        known = compared.values_of(lead, measure, modes).dropna()
        if len(known):
            note = _("the typical training")
            if measure.name == "jensen_shannon":
                note = _("the typical training; of at most ln 2 = 0.693")
            made.append(Card(_(measure.words), number(quantile(known, 0.5)), note))
    return made


def _steps(cells: Sequence[CellRows], lead: CellRows, provenance: Mapping[str, Any]) -> list[Step]:
    if lead.replicates < FEWEST:
        said = _("Train from more seeds, so that a share can be told:")
        return [Step(said, more_seeds(provenance))]
    pairs = compared.pairs_of(cells)
    if pairs and all(pair.verdict == "not shown" for pair in pairs):
        said = _(
            "No single measure shows a difference once all are counted: train from more seeds."
        )
        return [Step(said, more_seeds(provenance))]
    return []
