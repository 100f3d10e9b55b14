"""The first screen of a report: what the leading configuration has learned, why not more, what
mends it, and what to do next."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_eval.judging.answer import FEWEST, worth_words
from gan_eval.pages.blocks import Answer, Card, Step
from gan_eval.pages.language import _
from gan_eval.pages.numbers import count, interval, number, percent, percents, setting
from gan_eval.pages.picture import Picture, drawing
from gan_eval.report import why, words
from gan_eval.report.agreement import Backends, told
from gan_eval.report.cells import CellRows
from gan_eval.report.chosen import FEW, chosen
from gan_eval.report.ellipses import last_epoch
from gan_eval.report.middles import medians, middle
from gan_eval.report.reproduce import again
from gan_eval.report.samples import sample_pictures
from gan_eval.report.tables import alone
from gan_eval.runtime.arguments import cut, plain

MENDED = "mended"
"""The preset that mends the chapter's GAN."""


def leading(cells: Sequence[CellRows]) -> CellRows:
    """Choose the cell that the page is about: of the study's first configuration, the backend with
    the most trainings."""
    own = [cell for cell in cells if cell.configuration == cells[0].configuration]
    return max(own, key=lambda cell: cell.replicates)


def answer(
    said: str,
    cells: Sequence[CellRows],
    groups: Sequence[Backends],
    provenance: Mapping[str, Any] | None = None,
) -> Answer:
    """Write the first screen about the leading cell, under a headline."""
    lead = leading(cells)
    return Answer(
        said,
        sentences=_sentences(lead, cells, groups),
        picture=_picture(lead),
        cards=cards(lead),
        next_steps=_steps(lead, cells, provenance or {}),
    )


def nothing(said: str, provenance: Mapping[str, Any]) -> Answer:
    """Write the first screen of a study of which no training finished, under a headline."""
    why_not: list[tuple[str | None, str]] = []
    steps = [Step(_("Run it again: what was finished would be kept."))]
    if failures := provenance.get("failures"):
        message = cut(plain(str(failures[0].get("message", "")), 200))
        why_not.append((_("The first failure"), message))
        steps = [Step(_("Mend what failed (the list stands under Environment), and run again."))]
    return Answer(said, why_not, next_steps=steps)


def _sentences(
    lead: CellRows, cells: Sequence[CellRows], groups: Sequence[Backends]
) -> list[tuple[str | None, str]]:
    found: list[tuple[str | None, str]] = []
    if reason := why.told(lead):
        found.append((_("Why"), reason))
    if lead.at_ln_2().size:
        found.append((_("The losses do not tell"), words.losses(lead)))
    if others := told(lead, groups):
        found.append((_("Other backends"), " ".join(others)))
    return found


def _may_be_mended(lead: CellRows) -> bool:
    """Tell whether a chapter's GAN has trainings that did not learn the distribution."""
    config, s = lead.config, lead.summary
    return bool(config and config.preset != MENDED and s["converged"] < lead.replicates)


def _mended(lead: CellRows, cells: Sequence[CellRows]) -> Step:
    """Name the preset that mends the leading configuration, with its figures where the study has
    them, or else with the command that measures them."""
    said = _(
        "What mends it: the preset `mended`, which keeps the generator, the rows and the number of "
        "examples, and changes what the discriminator sees, and in which units."
    )
    for cell in cells:
        same = cell.config and lead.config and cell.config.target == lead.config.target
        if same and cell.config and cell.config.preset == MENDED and cell.replicates >= FEWEST:
            s = cell.summary
            here = _(
                "Here {share} of {count} trainings with it learned; the typical one is {worth}."
            )
            return Step(
                said
                + " "
                + here.format(
                    share=percent(s["converged_share"]),
                    count=count(cell.replicates),
                    worth=worth_words(s["worth_kl"], cell.config.n_examples),
                )
            )
    return Step(said, "gan-eval run --set 'config.preset=\"mended\"' --out reports/mended")


def _picture(lead: CellRows) -> Picture | None:
    if not drawing():
        return None
    if found := last_epoch(lead, "fig-learned"):
        return found
    makers = sample_pictures(lead, chosen(lead)[:1], "fig-learned")
    return makers[0]() if makers else None


def cards(cell: CellRows) -> list[Card]:
    """The numbers of a cell that matter most."""
    s = cell.summary
    training, chapter = alone(cell)
    speed = training if math.isfinite(training) else s["examples_per_second"]
    saw = (
        _("of the {count} it saw").format(count=count(cell.config.n_examples))
        if cell.config
        else ""
    )
    drawn = _("{speed} with the chapter’s pictures drawn").format(speed=number(chapter))
    if cell.replicates > 1:
        beside = _("one training alone; {speed} side by side")
        drawn = f"{beside.format(speed=number(s['examples_per_second']))}; {drawn}"
    return [
        _share_card(cell),
        Card(
            medians([cell], _("KL")),
            _("{kl} nats").format(kl=_middle(cell, "kl", 3)),
            _bounds(cell, "kl") or _within(cell),
        ),
        Card(
            _("worth"),
            _("{count} real rows").format(count=_middle(cell, "worth_kl", 2)),
            "; ".join(filter(None, (saw, _bounds(cell, "worth_kl", 2)))),
        ),
        Card(
            _("told apart after"),
            _("{count} samples").format(count=middle(cell.values("samples_to_detect"), 2)),
            _("from then on the best possible test sees it, in 80 % of trials"),
        ),
        Card(
            _("examples per second"),
            number(speed),
            drawn if math.isfinite(chapter) else _("training clock"),
        ),
    ]


def _share_card(cell: CellRows) -> Card:
    s, label = cell.summary, _("learned the distribution")
    some = _("{some} of {all}").format(some=count(s["converged"]), all=count(cell.replicates))
    if cell.replicates < FEWEST:
        return Card(label, some, _within(cell))
    bounds = percents(s["converged_share_low"], s["converged_share_high"])
    return Card(
        label,
        percent(s["converged_share"]),
        _("{some}: {within}; 95 % interval {bounds}").format(
            some=some, within=_within(cell), bounds=bounds
        ),
    )


def _within(cell: CellRows) -> str:
    if cell.kl_margins:
        return _("KL at most {margin} nats").format(margin=setting(cell.margin))
    return _("worth at least {margin} real rows").format(margin=setting(cell.margin))


def _middle(cell: CellRows, name: str, digits: int) -> str:
    if cell.replicates >= FEW:
        return number(cell.summary[name], digits)
    worst = np.inf if name == "kl" else 0.0
    diverged = cell.rows["verdict"].eq("diverged")
    return middle(np.where(diverged, worst, cell.values(name)), digits)


def _bounds(cell: CellRows, name: str, digits: int = 3) -> str:
    low, high = cell.summary[f"{name}_low"], cell.summary[f"{name}_high"]
    if cell.replicates < FEWEST or math.isnan(low):
        return ""
    return _("95 % interval {bounds}").format(bounds=interval(low, high, digits))


def more_seeds(provenance: Mapping[str, Any]) -> str:
    """The command that ran the study, for 100 seeds or as many as it planned, without the budget
    that may have cut it short."""
    asked = str(provenance.get("command") or "")
    asked = asked if asked.startswith("gan-eval run") else "gan-eval run"
    planned = (provenance.get("study") or {}).get("replicates") or 0
    kept = re.sub(r" --set time_budget=\S+", "", asked)
    return again(kept, f"replicates={max(100, planned)}")


def _assigned(lead: CellRows) -> str | None:
    """The options that set what differs from the chapter's values; None where the target does,
    which no option of a line's length says."""
    config = lead.config
    if config is None or config.preset is not None:
        return None
    chapter = type(config)()
    names = (name for name in type(config).model_fields if name != "preset")
    changed = {n: v for n in names if (v := getattr(config, n)) != getattr(chapter, n)}
    if "target" in changed:
        return None
    return "".join(f" --set {shlex.quote(f'{n}={json.dumps(v)}')}" for n, v in changed.items())


def _steps(lead: CellRows, cells: Sequence[CellRows], provenance: Mapping[str, Any]) -> list[Step]:
    steps, assigned = [], _assigned(lead)
    if lead.replicates < FEWEST:
        steps.append(
            Step(
                _("Train from more seeds, so that a share can be told:"),
                more_seeds(provenance),
            )
        )
    if _may_be_mended(lead):
        steps.append(_mended(lead, cells))
    if assigned is not None and (picks := chosen(lead)):
        steps.append(
            Step(
                _(
                    "See one of these trainings again, its losses and its points ({training}):"
                ).format(training=picks[-1].name),
                f"gan-eval train{assigned} --backend {lead.backend} --seed {picks[-1].seed} "
                "--plot gan.png",
            )
        )
    if assigned is not None and _may_be_mended(lead):
        steps.append(
            Step(
                _("What can a discriminator of this form see at all, before it is trained?"),
                f"gan-eval dynamics{assigned}",
            )
        )
    return steps
