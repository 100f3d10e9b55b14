"""Why a replicate failed against several modes: where the mass is that a mode lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_eval.distributions.gaussian import Array
from gan_eval.distributions.modes import LOST_SHARE, Modes
from gan_eval.pages.language import N_, _
from gan_eval.pages.numbers import count, number, percent

MODE_CAUSES = (
    N_("lost modes"),
    N_("off the modes"),
    N_("uneven modes"),
    N_("wrong shape"),
)
"""What can be wrong of a generator that is held against several modes."""

MISPLACED = 0.05
"""The share of points in the wrong place up to which each mode counts as having its share."""

_MOST_NAMED = 8
"""Lost modes that a sentence names."""


def mode_cause(row: Mapping[Any, Any], modes: Modes) -> str:
    """Name what is wrong, from the mass that a generator puts on each mode.

    What modes lack of their mass lies either on other modes, which then have too much, or on none.
    The cause is the larger part.

    Parameters
    ----------
    row : mapping
        With ``mode_mass_i``, computed, or, where these are NaN, ``mode_share_i``, of generated
        rows.
    modes : Modes
        Two or more.

    Returns
    -------
    str
        ``"off the modes"`` where more of the missing mass lies on no mode; else ``"lost modes"``
        where a mode has at most a tenth of its mass, and ``"uneven modes"`` where none has so
        little; ``"wrong shape"`` where no mode is lost and at most 5 % of the points are misplaced;
        empty where masses are not known.

    Examples
    --------
    >>> from gan_eval.distributions.mixture import MixtureTarget
    >>> modes = MixtureTarget([0.5, 0.5], [[0.0], [12.0]], [1.0, 1.0]).modes
    >>> [mode_cause({"mode_mass_1": a, "mode_mass_2": b}, modes)
    ...  for a, b in ((0.99, 0.0), (0.3, 0.0), (0.8, 0.19), (0.5, 0.49))]
    ['lost modes', 'off the modes', 'uneven modes', 'wrong shape']
    """
    masses = masses_of(row, len(modes))
    if masses is None:
        return ""
    due = modes.expected
    elsewhere = float(np.maximum(masses - due, 0.0).sum())
    nowhere = float(due.sum() - masses.sum())
    lost = (masses <= LOST_SHARE * due).any()
    if not lost and max(elsewhere, elsewhere + nowhere) <= MISPLACED:
        return "wrong shape"
    if nowhere > elsewhere:
        return "off the modes"
    return "lost modes" if lost else "uneven modes"


def masses_of(row: Mapping[Any, Any], total: int) -> Array | None:
    """Read the mass of each mode from a row, (total,): computed, or of generated rows; None where
    neither is known."""
    for name in ("mode_mass", "mode_share"):
        found = np.array([row.get(f"{name}_{k + 1}", np.nan) for k in range(total)], np.float64)
        if np.isfinite(found).all():
            return found
    # Points so far off that squares are no numbers lie on no mode.
    return np.zeros(total) if row.get("worth_energy") == 0 else None


def mode_sentence(row: Mapping[Any, Any], modes: Modes) -> str:
    """Say in words what is wrong with a replicate's modes, from its row of ``judge``."""
    total, masses = len(modes), masses_of(row, len(modes))
    if masses is None:
        return ""
    due = modes.expected
    lost = np.flatnonzero(masses <= LOST_SHARE * due) + 1
    which = ""
    if 0 < len(lost) < total and len(lost) <= _MOST_NAMED:
        which = f" ({', '.join(map(str, lost))})"
    relative = masses / due
    cause = row["cause"]
    if cause == "off the modes":
        said = _(
            "{off} of its points lie on no mode, of the target’s own {own}; it has lost {lost} of "
            "{total} modes{which}."
        )
        if not len(lost):
            said = _(
                "{off} of its points lie on no mode, of the target’s own {own}; it has all {total} "
                "modes."
            )
    elif cause == "lost modes":
        said = _(
            "It has lost {lost} of {total} modes{which}: what should lie there lies on the others."
        )
    elif cause == "uneven modes":
        said = _(
            "It has all {total} modes, but unevenly: mode {most} has {more} times its share, mode "
            "{least} {less} times."
        )
    else:
        said = _("Each of its {total} modes has about its share: what is wrong is the shape.")
    return said.format(
        off=percent(1 - float(masses.sum())),
        own=percent(1 - float(due.sum())),
        lost=count(len(lost)),
        total=count(total),
        which=which,
        most=int(relative.argmax()) + 1,
        more=number(float(relative.max()), 2),
        least=int(relative.argmin()) + 1,
        less=number(float(relative.min()), 2),
    )
