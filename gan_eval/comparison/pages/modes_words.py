"""Modes in words, as a table and as a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from gan_eval.comparison.modes import Mode, Modes, State
from gan_eval.distributions.modes import LOST_SHARE
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import count, p_value, percent, percents, plural
from gan_eval.pages.picture import Picture
from gan_eval.runtime.arguments import plain

MOST = 20
"""Modes that the picture and the table have, at most; the most unequal ones."""

_SAID = {
    State.LOST: "lost",
    State.INVENTED: "invented",
    State.RARER: "too few",
    State.COMMONER: "too many",
    State.KEPT: "no difference shown",
}
_LONG = 60
_OF_ALL = re.compile(r" \(all: [^)]*\)|, all: [^)]*(?=\))")


def phrases(modes: Modes, names: Sequence[str] = ()) -> list[str]:
    """Say what is wrong, each in the words that follow “it”: none where nothing is shown.

    ``names`` are those of :func:`~gan_eval.comparison.modes.describe`.
    """
    said = []
    total = len(modes.found)
    for verb, some in (("loses", modes.lost), ("invents", modes.invented)):
        if some:
            first = _named(some[0], names)
            more = f", and {len(some) - 1} more" if len(some) > 1 else ""
            said.append(f"{verb} {len(some)} of {plural(total, 'mode')} ({first}{more})")
    unequal = [one for one in modes.found if one.state in (State.RARER, State.COMMONER)]
    if unequal and not said:
        first = max(unequal, key=lambda one: abs(one.real_share - one.generated_share))
        said.append(f"weighs its modes wrongly ({_named(first, names)})")
    elif modes.differ and not said:
        said.append(f"weighs its modes wrongly ({p_value(modes.pvalue)})")
    return said


def sentence(modes: Modes, names: Sequence[str] = ()) -> str:
    """Say which modes are lost or invented, or that there is but one."""
    if len(modes.found) == 1:
        return (
            "Only one mode is found, as of one cloud of rows: none can be lost, whatever else "
            "differs."
        )
    if said := phrases(modes, names):
        return f"The generated sample {' and '.join(said)}."
    return (
        f"Each of {plural(len(modes.found), 'mode')} is there, and their shares are not shown to "
        f"differ ({p_value(modes.pvalue)})."
    )


def table(modes: Modes, names: Sequence[str] = ()) -> Table:
    """Set the share of each mode among real rows beside that among generated ones."""
    shown = _shown(modes)
    left = f" The {len(shown)} most unequal." if len(shown) < len(modes.found) else ""
    caption = (
        f"Modes of {count(len(modes.real_rows))} real and {count(len(modes.generated_rows))} "
        f"generated rows, shares with 95 % intervals, p-values adjusted by Holm.{left}"
    )
    head = ("mode", "where", "real", "generated", "adjusted", "so")
    rows = [
        (
            str(one.number),
            plain(names[one.number - 1], _LONG) if names else "",
            f"{percent(one.real_share)} ({percents(*one.real_interval)})",
            f"{percent(one.generated_share)} ({percents(*one.generated_interval)})",
            p_value(one.adjusted),
            _SAID[one.state],
        )
        for one in shown
    ]
    return Table(caption, head, rows, words=2)


def draw(modes: Modes, names: Sequence[str] = ()) -> Picture:
    """Draw the shares of each mode with their intervals."""
    # Imported here: whoever wants the words needs nothing that draws.
    from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture

    shown = _shown(modes)
    labels = [f"{one.number}{_where(one, names)}" for one in shown]
    drawn = []
    with canvas(1.2 + 0.34 * len(shown)) as (figure, axes):
        for side, colour, marker, offset in (
            ("real", "real", "o", -0.14),
            ("generated", "learned", "^", 0.14),
        ):
            for place, one in enumerate(shown):
                share = getattr(one, f"{side}_share")
                low, high = getattr(one, f"{side}_interval")
                drawn.append((one.number, side, share, low, high))
                axes.plot([low, high], [place + offset] * 2, color=COLOURS[colour], linewidth=1.4)
                axes.plot(
                    [share], [place + offset], color=COLOURS[colour], marker=marker, markersize=5,
                    linestyle="none", label=side if place == 0 else None,
                )  # fmt: skip
        axes.set(xlabel="share of rows", ylabel="mode", xlim=(0, None))
        axes.set_yticks(range(len(shown)), labels)
        axes.invert_yaxis()
        legend_above(axes, columns=2)
        return picture(
            figure,
            "fig-modes",
            title="Shares of the modes among real and generated rows",
            description=sentence(modes, names),
            caption="Shares of the modes, with 95 % intervals. Lost: of the generated rows at most "
            f"{percent(LOST_SHARE)} of the share of the real ones.",
            data=pd.DataFrame(drawn, columns=["mode", "sample", "share", "low", "high"]),
        )


def _shown(modes: Modes) -> list[Mode]:
    if len(modes.found) <= MOST:
        return list(modes.found)
    unequal = sorted(modes.found, key=lambda one: -abs(one.real_share - one.generated_share))
    return sorted(unequal[:MOST], key=lambda one: one.number)


def _where(mode: Mode, names: Sequence[str]) -> str:
    return f": {plain(names[mode.number - 1], 24)}" if names and names[mode.number - 1] else ""


def _named(mode: Mode, names: Sequence[str]) -> str:
    """Name a mode by where it is, without where all rows are, which the table has."""
    own = _OF_ALL.sub("", names[mode.number - 1]) if names else ""
    where = plain(own, _LONG)
    shares = f"{percent(mode.generated_share)} of the rows instead of {percent(mode.real_share)}"
    return f"{where}: {shares}" if where else f"mode {mode.number}: {shares}"
