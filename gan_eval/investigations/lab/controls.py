"""The controls of the lab: what a class can move, the choices of each, and what a choice sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Choice:
    """One position of a control: its words, a note on it, and the settings that it makes.

    ``short`` is what a list of settings calls it; empty where it goes without saying.
    """

    words: str
    sets: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    short: str = ""


@dataclass(frozen=True)
class Control:
    """A control of the page: one choice of several, or a switch, whose second choice is on."""

    name: str
    label: str
    note: str
    choices: tuple[Choice, ...]
    start: int = 0
    """The place of the chapter's choice."""

    @property
    def is_switch(self) -> bool:
        """Say whether it is a switch, off in the chapter."""
        return [choice.words for choice in self.choices] == ["off", "on"]


def _rates(name: str, setting: str, whose: str, values: Sequence[float], chapter: float) -> Control:
    choices = tuple(Choice(f"{value:g}", {setting: value}, short=f"{value:g}") for value in values)
    return Control(
        name,
        f"{whose} {whose[0]}: learning rate",
        f"How far one step moves the {whose.lower()}.",
        choices,
        start=list(values).index(chapter),
    )


def _switch(name: str, label: str, note: str, short: str, **sets: Any) -> Control:
    return Control(name, label, note, (Choice("off"), Choice("on", sets, short=short)))


_FORMS = Control(
    "form",
    "Discriminator D: units",
    "What it can see of the generator's errors.",
    (
        Choice("5-3", note="the chapter's: layers of 5 and 3 units", short="5-3"),
        Choice(
            "16",
            {"discriminator_widths": (16,)},
            "one layer of 16: sees every error",
            "16",
        ),
        Choice(
            "quadratic",
            {"discriminator_form": "quadratic"},
            "of second degree: it contains the answer",
            "quadratic",
        ),
    ),
)

_SWITCHES = (
    _switch(
        *("whitened", "Whitened rows", "Units in which the rows are round."),
        *("whitened",),
        standardise="whiten",
    ),
    _switch(
        *("decay", "Rates that fall", "Both go down to 0, along a cosine."),
        *("falling rates",),
        learning_rate_schedule="cosine",
    ),
    _switch(
        *("average", "Averaged generator", "Its mean over the second half."),
        *("averaged",),
        generator_average="half",
    ),
    _switch(
        *("momentum", "Less momentum", "Adam's β₁ 0.5; β₂ 0.99 for D."),
        *("less momentum",),
        adam_beta1=0.5,
        adam_beta2_D=0.99,
    ),
    _switch(
        *("penalty", "Gradient penalty", "D pays for being steep (R1 = 1)."),
        *("penalty",),
        r1=1.0,
    ),
)


def controls(*, quick: bool = False) -> tuple[Control, ...]:
    """List the controls: two rates, the discriminator's form, five switches.

    ``quick`` has two choices of each rate in place of four.

    Examples
    --------
    >>> [len(control.choices) for control in controls()]
    [4, 4, 3, 2, 2, 2, 2, 2]
    """
    rates_D, rates_G = (0.01, 0.05, 0.2, 1.0), (0.001, 0.005, 0.02, 0.1)
    if quick:
        rates_D, rates_G = rates_D[1:3], rates_G[1:3]
    return (
        _rates("rate_D", "learning_rate_D", "Discriminator", rates_D, 0.05),
        _rates("rate_G", "learning_rate_G", "Generator", rates_G, 0.005),
        _FORMS,
        *_SWITCHES,
    )
