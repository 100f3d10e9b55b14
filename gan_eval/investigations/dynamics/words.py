"""What theory says of a configuration, in sentences and in tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gan_eval.investigations.dynamics.visibility import UNSEEN
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import count, number, percent, plural

if TYPE_CHECKING:
    from gan_eval.investigations.dynamics.field import Mode
    from gan_eval.investigations.dynamics.result import Dynamics

QUESTION = "What does theory say of this GAN at its equilibrium?"

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

_LITTLE = 0.1
"""The share of a direction below which it is named as hardly seen."""


def answer(found: Dynamics) -> list[str]:
    """Write the answer: what is seen, what bounds it, and whether the equilibrium holds."""
    sentences = [seen(found), bound(found), *slowness(found), *equilibrium(found)]
    if found.trace is not None:
        from gan_eval.investigations.dynamics.trace import sentences as measured

        sentences += measured(found.trace, found.axes.directions, found.config.n_examples)
    return sentences


def headline(found: Dynamics) -> str:
    """Say in one line how many directions are seen."""
    hidden, total = found.visibility.invisible, len(found.axes.directions)
    if hidden:
        return f"{_part(hidden, total)} directions are invisible."
    return f"All {_spelled(total)} directions are visible."


def seen(found: Dynamics) -> str:
    """Say which errors of the generator a flat discriminator sees, and which it does not."""
    hidden, total = found.visibility.invisible, len(found.axes.directions)
    shares = found.visibility.directions
    if not hidden:
        least = int(shares.argmin())
        return (
            f"All {_spelled(total)} directions are visible: a discriminator that has gone flat "
            + (
                "sees them whole."
                if shares[least] > 0.999
                else f"sees at least {percent(float(shares[least]))} of each, and of "
                f"{_named(found, least)} least."
            )
        )
    why = (
        f", as its last layer has {plural(found.features, 'feature')}"
        if found.features < total
        else ""
    )
    order = np.argsort(shares, kind="stable")
    little = [k for k in order if shares[k] < _LITTLE] or list(order[:hidden])
    named = ", ".join(f"{_named(found, k)} ({percent(float(shares[k]))} seen)" for k in little)
    return (
        f"{_part(hidden, total)} directions are invisible: a "
        f"discriminator that has gone flat does not see all that a Gaussian can be wrong in{why}. "
        f"Hardly seen: {named}."
    )


def bound(found: Dynamics) -> str:
    """Say what bounds the KL from below."""
    n, total = found.config.n_examples, len(found.axes.directions)
    if found.visibility.invisible:
        return "No finite bound from the flat phase: nothing mends an error that nothing sees."
    return (
        f"The flat phase leaves E KL ≥ {number(found.bound)} nats with {count(n)} rows; maximum "
        f"likelihood leaves {number(total / (2 * n))}."
    )


def slowness(found: Dynamics) -> list[str]:
    """Say how long plain steps would take for what is seen, where that is longer than training."""
    updates = found.config.epochs * found.config.steps_per_epoch
    slowest = found.spectrum and found.spectrum.slowest
    if not slowest or abs(slowest.eigenvalue) * updates > 1:
        return []
    return [
        "Seen is not soon mended: a feature that starts small moves little. Plain steps at these "
        f"rates would take about {number(1 / abs(slowest.eigenvalue), 1)} updates for the "
        f"{moved(found, slowest)}, and training has {count(updates)}."
    ]


def equilibrium(found: Dynamics) -> list[str]:
    """Say whether steps at the configuration's rates keep the equilibrium, and what would."""
    spectrum, config = found.spectrum, found.config
    if spectrum is None:
        return [found.lacking]
    own = spectrum.steps["alternating"]
    factor = own.largest_factor
    holds = own.modulus <= 1 + 1e-10
    limit = (
        "any rates are stable"
        if math.isinf(factor)
        else f"rates up to {number(factor)} times these are stable"
        if factor
        else "no rates are stable"
    )
    sentences = [
        f"At the equilibrium, plain alternating steps at these rates "
        f"{'keep it: the slowest' if holds else 'leave it: the fastest growing'} mode "
        f"{_pace(own.updates_to_halve)}{_turns(own.period)}; {limit}."
    ]
    critical = spectrum.critical_gamma
    gamma = config.r1 + config.r2
    if 0 < critical < math.inf:
        sentences.append(
            f"At these rates no mode turns any more from r1 + r2 = {number(critical)} on "
            f"(here {number(gamma)})."
        )
    if config.optimizer != "sgd":
        sentences.append(
            "Adam divides by the size of recent gradients, which is 0 at the equilibrium, so it "
            "has no linear map there: these are plain steps."
        )
    return sentences


def moved(found: Dynamics, mode: Mode) -> str:
    """Name the errors that a mode moves."""
    if not mode.shares.sum():
        return "nothing moves" if mode.eigenvalue == 0 else "the discriminator alone"
    d = len(found.axes.mean)
    means = float(mode.shares[:d].sum())
    if d > 1 and mode.multiplicity > 2 and 0.001 < means < 0.999:
        return "means, variances and tilts"
    if mode.multiplicity > 1 and (means > 0.999 or means < 0.001):
        return "means" if means > 0.5 else "variances and tilts" if d > 1 else "variance"
    order = np.argsort(-mode.shares, kind="stable")
    kept = order[: 1 + int(np.searchsorted(np.cumsum(mode.shares[order]), 0.8))]
    return ", ".join(_named(found, k).removeprefix("the ") for k in kept[:2])


def axes(found: Dynamics) -> Table:
    """Tabulate the target's principal axes in the user's coordinates."""
    names = [f"x{i + 1}" for i in range(len(found.axes.mean))]
    return Table(
        "The target's principal axes",
        ("axis", "standard deviation", *names),
        [
            (name, number(sd), *(number(entry) for entry in axis))
            for name, sd, axis in zip(
                found.axes.names, found.axes.deviations, found.axes.axes, strict=True
            )
        ],
    )


def directions(found: Dynamics) -> Table:
    """Tabulate how much of each direction of error is seen, at the start and after training."""
    views = {"": found.visibility}
    if found.trace is not None and found.trace.visibility is not None:
        views[", trained"] = found.trace.visibility
    total = len(found.visibility.correlations)
    how = "" if total == 1 else f" (medians of {count(total)} at their start)"
    columns = [
        (percent(float(share)), "0" if rho <= UNSEEN else number(rho))
        for one in views.values()
        for share, rho in zip(one.directions, one.median, strict=True)
    ]
    names = found.axes.directions
    return Table(
        f"What a flat discriminator sees, and squared canonical correlations ρ²{how}",
        (
            "an error of the",
            *(name for when in views for name in (f"seen{when}", f"sorted ρ²{when}")),
        ),
        [
            (name, *(cell for pair in columns[k :: len(names)] for cell in pair))
            for k, name in enumerate(names)
        ],
    )


def modes(found: Dynamics) -> Table:
    """Tabulate the modes of the flow."""
    assert found.spectrum is not None
    return Table(
        "Modes of the flow (per row, where both rates are equal)",
        ("moves", "how many", "eigenvalue"),
        [
            (moved(found, mode), str(mode.multiplicity), _complex(mode.eigenvalue))
            for mode in found.spectrum.modes
        ],
    )


def maps(found: Dynamics) -> Table:
    """Tabulate what each map of plain steps makes of the slowest mode."""
    assert found.spectrum is not None
    return Table(
        "Plain steps at these rates: the mode of largest modulus of each map",
        ("map", "modulus", "updates to halve", "updates a turn", "stable up to × the rates"),
        [
            (
                name,
                f"{own.modulus:.6f}",
                number(own.updates_to_halve)
                if own.updates_to_halve > 0
                else f"doubles in {number(-own.updates_to_halve)}",
                number(own.period),
                number(own.largest_factor) if own.largest_factor else "never",
            )
            for name, own in found.spectrum.steps.items()
        ],
    )


def _part(hidden: int, total: int) -> str:
    if hidden == total:
        return f"All {_spelled(total)}"
    return f"{_spelled(hidden).capitalize()} of {_spelled(total)}"


def _spelled(n: int) -> str:
    return _NUMBERS[n] if n < len(_NUMBERS) else count(n)


def _named(found: Dynamics, k: int) -> str:
    return f"the {found.axes.directions[k]}"


def _pace(updates: float) -> str:
    if math.isinf(updates):
        return "neither grows nor dies away"
    verb = "halves" if updates > 0 else "doubles"
    return f"{verb} in {number(abs(updates))} updates"


def _turns(updates: float) -> str:
    return "" if math.isinf(updates) else f" and turns once in {number(updates)}"


def _complex(value: complex) -> str:
    real = number(value.real)
    return real if value.imag == 0 else f"{real} ± {number(value.imag)} i"
