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

QUESTION = "What can this discriminator see, and where does the game go?"

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

_MANY = 1e6
"""Updates above which it does not matter how many there are, nor can be told to the last digit."""

_LITTLE = 0.1
"""The share of a direction below which it is named as hardly seen."""


def answer(found: Dynamics) -> list[str]:
    """Write the answer: what is seen, what bounds it, and whether the equilibrium holds."""
    sentences = [sentence for _, sentence in first(found)] + further(found)
    if found.trace is not None:
        from gan_eval.investigations.dynamics.trace import sentences as measured

        sentences += measured(found.trace, found.axes.directions, found.config.n_examples)
    return sentences


def first(found: Dynamics) -> list[tuple[str, str]]:
    """List the sentences under the headline, each with its label."""
    return [
        ("What it sees", seen(found)),
        ("What that leaves", bound(found)),
        ("Where the game goes", equilibrium(found)),
    ]


def headline(found: Dynamics) -> str:
    """Say in one sentence how many directions of error are seen, and where the game goes."""
    hidden, total = found.visibility.invisible, len(found.axes.directions)
    if hidden == total:
        sees = "It sees no direction of error"
    elif hidden:
        sees = f"It is blind to {_spelled(hidden)} of {_spelled(total)} directions of error"
    else:
        sees = f"It sees {'both' if total == 2 else f'all {_spelled(total)}'} directions of error"
    return f"{sees}, and {goes(found)}."


def goes(found: Dynamics) -> str:
    """Say where the game goes near its equilibrium, by its slowest part, in a clause."""
    spectrum = found.spectrum
    if found.config.latent_size < found.config.dimension:
        return "the game has no equilibrium to go to"
    if spectrum is None:
        return "where the game goes is not computed for so many features"
    if not spectrum.moves:
        return "the generator stands still"
    own = spectrum.steps["alternating"]
    updates = found.config.epochs * found.config.steps_per_epoch
    pace = how_long(own.updates_to_halve)
    if own.modulus > 1 + 1e-10:
        return f"the game leaves its equilibrium: plain steps double the distance in {pace} updates"
    if math.isinf(own.updates_to_halve):
        return "plain steps turn about the equilibrium and come no closer"
    if found.config.optimizer == "sgd":
        how = "creeps" if own.updates_to_halve > updates else "goes"
        return (
            f"the game {how} to its equilibrium: plain steps take {pace} updates to halve the "
            f"distance, and a training has {count(updates)}"
        )
    return (
        f"plain steps would take {pace} updates to halve the distance to the equilibrium, where a "
        f"training has {count(updates)}; how far its own steps come, only a training tells"
    )


def how_long(updates: float) -> str:
    """Write a number of updates to halve or to double."""
    most = abs(updates)
    return f"more than {count(_MANY)}" if _MANY < most < math.inf else number(most)


def seen(found: Dynamics) -> str:
    """Say which errors of the generator a flat discriminator sees, and which it does not."""
    hidden, total = found.visibility.invisible, len(found.axes.directions)
    shares = found.visibility.directions
    tilts = "tilt" if total == 5 else "tilts"
    can = f"A Gaussian can be wrong in {_spelled(total)} directions (its means, variances, {tilts})"
    if total == 2:
        can = "A Gaussian can be wrong in two directions (its mean and its variance)"
    if not hidden:
        least = int(shares.argmin())
        return f"{can}, and a discriminator that has gone flat sees " + (
            "them whole."
            if shares[least] > 0.999
            else f"at least {percent(float(shares[least]))} of each; of {_named(found, least)} "
            "least."
        )
    if hidden == total:
        return f"{can}, and a discriminator that has gone flat sees none of them."
    why = (
        f": its last layer has only {plural(found.features, 'feature')}"
        if found.features < total
        else ""
    )
    order = np.argsort(shares, kind="stable")
    little = [k for k in order if shares[k] < _LITTLE] or list(order[:hidden])
    named = ", ".join(f"{_named(found, k)} ({percent(float(shares[k]))})" for k in little)
    return (
        f"{can}; {_spelled(hidden)} of them are invisible to a discriminator that has gone "
        f"flat{why}. Hardly seen: {named}."
    )


def bound(found: Dynamics) -> str:
    """Say what bounds the KL from below."""
    n, total = found.config.n_examples, len(found.axes.directions)
    if found.visibility.invisible:
        return "The KL has no limit: nothing mends an error that nothing sees."
    return (
        f"A mean KL of {number(found.bound)} nats at best with {count(n)} rows, where maximum "
        f"likelihood leaves {number(total / (2 * n))}."
    )


def further(found: Dynamics) -> list[str]:
    """List what is said of plain steps beside the first sentences."""
    spectrum, config = found.spectrum, found.config
    sentences = slowness(found)
    if spectrum is not None and 0 < (critical := spectrum.critical_gamma) < math.inf:
        sentences.append(
            "A penalty on D's gradient of r1 + r2 = "
            f"{number(critical)} or more stops all turning (here {number(config.r1 + config.r2)})."
        )
    if spectrum is not None and config.optimizer != "sgd":
        sentences.append(
            "Adam divides by the size of recent gradients, which is 0 at the equilibrium, so that "
            "it has no linear map there: these are plain steps."
        )
    return sentences


def slowness(found: Dynamics) -> list[str]:
    """Say how long plain steps would take for what is seen, where that is longer than training."""
    updates = found.config.epochs * found.config.steps_per_epoch
    slowest = found.spectrum and found.spectrum.slowest
    if not slowest or abs(slowest.eigenvalue) * updates > 1:
        return []
    return [
        "Seen is not soon mended: a feature that starts small moves little. Plain steps at these "
        f"rates would take about {number(1 / abs(slowest.eigenvalue), 1)} updates for the "
        f"{moved(found, slowest)}, and a training has {count(updates)}."
    ]


def equilibrium(found: Dynamics) -> str:
    """Say whether steps at the configuration's rates keep the equilibrium, and what would."""
    spectrum = found.spectrum
    if spectrum is None:
        return found.lacking
    if not spectrum.moves:
        return "Nowhere: no error of the generator moves a feature, so it gets no answer."
    own = spectrum.steps["alternating"]
    holds = own.modulus <= 1 + 1e-10
    limit = (
        "they keep it at any rates"
        if math.isinf(own.largest_factor)
        else f"they keep it up to {number(own.largest_factor)} times these rates"
        if own.largest_factor
        else "they keep it at no rates"
    )
    keep = "keep the equilibrium" if holds else "leave the equilibrium"
    return (
        f"Plain alternating steps at these rates {keep}: in the end the distance "
        f"{_pace(own.updates_to_halve)}{_turns(own.period)}; "
        f"{limit}."
        + ("" if found.config.optimizer == "sgd" else " How fast Adam goes there is not told.")
    )


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
        "Eigenvalues of the flow (per row, where both rates are equal)",
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
        "Plain steps at these rates: what shrinks slowest, or grows fastest, in each map",
        ("map", "modulus", "updates to halve", "updates a turn", "stable up to × the rates"),
        [
            (
                name,
                f"{own.modulus:.6f}",
                how_long(own.updates_to_halve)
                if own.updates_to_halve > 0
                else f"doubles in {how_long(own.updates_to_halve)}",
                how_long(own.period),
                number(own.largest_factor) if own.largest_factor else "never",
            )
            for name, own in found.spectrum.steps.items()
        ],
    )


def _spelled(n: int) -> str:
    return _NUMBERS[n] if n < len(_NUMBERS) else count(n)


def _named(found: Dynamics, k: int) -> str:
    return f"the {found.axes.directions[k]}"


def _pace(updates: float) -> str:
    if math.isinf(updates):
        return "neither grows nor dies away"
    verb = "halves" if updates > 0 else "doubles"
    return f"{verb} in {how_long(updates)} updates"


def _turns(updates: float) -> str:
    return "" if math.isinf(updates) else f" and turns once in {how_long(updates)}"


def _complex(value: complex) -> str:
    real = number(value.real)
    return real if value.imag == 0 else f"{real} ± {number(value.imag)} i"
