"""The sentences of the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gan_eval.judging import answer
from gan_eval.judging.verdicts import VERDICTS as VERDICTS
from gan_eval.pages.numbers import count, interval, number, percent, percents
from gan_eval.training.config import Margins

if TYPE_CHECKING:
    from gan_eval.investigations.lab.result import Lab
    from gan_eval.investigations.lab.settings import Settings

QUESTION = "What makes this GAN learn the distribution?"

MARGIN = Margins().converged
"""The largest KL of a training that has learned the distribution, in nats."""

CONTAINS = "quadratic"
"""The discriminator that contains the answer."""

PARTS = {
    "none": "no switch",
    "setting": "{form}, rates {rate_D} and {rate_G}, {switches}",
    "epoch": "After epoch {epoch}: KL of the typical training {kl} nats.",
    "start": "Before training: KL of the typical training {kl} nats.",
    "tried": "You have tried {tried} of {all} settings; the best of all is worth {best} rows.",
    "found": "You have found the best of all {all} settings, after trying {tried}.",
    "unpinned": "Move a control. Pin a setting to compare it with the next.",
    "pinned": "Pinned, and drawn with dots: {setting}.",
    "verdicts": "{converged} learned it, {near} came near, {failed} failed, {diverged} diverged",
}
"""Sentences that lab.js fills."""


def headline(lab: Lab, place: int) -> str:
    """Say how many trainings of a place learned the distribution, and what one is worth."""
    return answer.headline(lab.cells.iloc[place], n_examples(lab))


def sentence(lab: Lab) -> str:
    """Answer the question in one sentence: what the best setting is worth, and the chapter's."""
    rows = count(n_examples(lab))
    without = lab.best_of([form for form in lab.forms if form != CONTAINS])
    said = (
        f"Rates, width and remedies take the typical training from {_worth_of(lab)} real rows of "
        f"{rows} to {_worth_of(lab, without)}, by {setting(lab.settings, without)}"
    )
    best = lab.best
    if best != without:
        said += f"; with the discriminator that contains the answer, to {_worth_of(lab, best)}"
    return f"{said}."


def _worth_of(lab: Lab, place: int | None = None) -> str:
    """Write a place's worth with its interval, by default the chapter's."""
    at = lab.settings.chapter if place is None else place
    return "{} ({})".format(*worth(lab.cells.iloc[at]))


def setting(settings: Settings, place: int) -> str:
    """Name a place: ``16, rates 0.05 and 0.005, whitened + averaged``."""
    at = dict(
        zip((control.name for control in settings.controls), settings.chosen(place), strict=True)
    )
    short = {c.name: c.choices[at[c.name]].short for c in settings.controls}
    on = [short[control.name] for control in settings.controls if control.is_switch]
    switches = " + ".join(filter(None, on)) or PARTS["none"]
    named = {name: short[name] for name in ("form", "rate_D", "rate_G")}
    return PARTS["setting"].format(**named, switches=switches)


def n_examples(lab: Lab) -> int:
    """The number of rows that each training saw."""
    return lab.settings.config(lab.settings.chapter).n_examples


def share(cell: pd.Series) -> tuple[str, str]:
    """Write the share of a place that learned the distribution, and its interval."""
    low, high = cell["converged_share_low"], cell["converged_share_high"]
    return percent(cell["converged_share"]), percents(low, high)


def kl(cell: pd.Series) -> tuple[str, str]:
    """Write the median KL of a place, and its interval."""
    return number(cell["kl"], 2), interval(cell["kl_low"], cell["kl_high"], 2)


def worth(cell: pd.Series) -> tuple[str, str]:
    """Write the worth of a place's typical training in real rows, and its interval."""
    return number(cell["worth_kl"], 2), interval(cell["worth_kl_low"], cell["worth_kl_high"], 2)


def verdicts(cell: pd.Series) -> str:
    """Count the verdicts of a place in words."""
    return PARTS["verdicts"].format(**{name: int(cell[name]) for name in VERDICTS})
