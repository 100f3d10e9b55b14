"""Pictures of all trainings that have no closed form, over seeds: modes and worth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval import plots
from gan_eval.distributions.modes import LOST_SHARE
from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count, interval, number, percent
from gan_eval.pages.picture import Picture
from gan_eval.plots.pushforward.modes import columns_of
from gan_eval.report.cells import CellRows
from gan_eval.report.figures import MOST_STRIPS
from gan_eval.report.words import not_shown
from gan_eval.study.answer.computed import modes_of

_MOST_NAMED = 4
"""Modes that a sentence names."""


def masses(cell: CellRows, identity: str) -> Picture | None:
    """Draw the mass of each mode in each training; None where the target has no modes."""
    modes = modes_of(cell)
    if modes is None:
        return None
    shown = columns_of(modes.masses, modes.expected)
    with canvas(1.5 + 0.085 * modes.total) as (figure, axes):
        plots.mode_masses(modes.masses, modes.expected, ax=axes)
        often = (modes.masses[np.isfinite(modes.found)] <= LOST_SHARE * modes.expected).mean(axis=0)
        said = _("no training has lost a mode")
        if often.max() > 0:
            said = _most_lost(often)
        seeds = cell.rows["seed"].to_numpy()[shown]
        table = pd.DataFrame(
            modes.masses[shown], columns=[f"mode_{j}" for j in range(1, modes.total + 1)]
        )
        table.insert(0, "seed", seeds)
        return picture(
            figure,
            identity,
            title=_("The mass of each mode over seeds: {cell}").format(cell=cell.label),
            description=_("{lost} of {count} trainings lost a mode or more; {words}.").format(
                lost=count(modes.lost), count=count(modes.known), words=said
            ),
            caption=_(
                "{cell}: a column is a training, a row a mode; the colour says how much of the "
                "mass it has that it should have (a tenth or less: lost). {words}."
            ).format(cell=cell.label, words=said[:1].upper() + said[1:])
            + not_shown(modes.known - len(shown), len(cell.rows), _("evenly spaced ranks are"))
            + not_shown(len(cell.rows) - modes.known, len(cell.rows), _("modes not known")),
            data=table,
        )


def _most_lost(often: NDArray[np.float64]) -> str:
    """Say which modes are lost in the most trainings, by the share in which each is."""
    worst = np.flatnonzero(often == often.max())
    share = percent(float(often.max()))
    if len(worst) == len(often):
        if often.max() == 1:
            return _("all modes are lost in every training")
        return _("each mode is lost in {share} of the trainings").format(share=share)
    if len(worst) == 1:
        return _("mode {mode} is lost most often, in {share} of the trainings").format(
            mode=worst[0] + 1, share=share
        )
    if len(worst) <= _MOST_NAMED:
        return _("modes {modes} are lost most often, each in {share} of the trainings").format(
            modes=", ".join(str(mode + 1) for mode in worst), share=share
        )
    return _("{count} modes are lost most often, each in {share} of the trainings").format(
        count=count(len(worst)), share=share
    )


def found_histogram(cell: CellRows, identity: str) -> Picture | None:
    """Draw how many trainings find so many modes."""
    modes = modes_of(cell)
    if modes is None:
        return None
    low, high = modes.bounds()
    with canvas(2.3) as (figure, axes):
        plots.modes_found(modes.found, modes.total, interval=(low, high), ax=axes)
        known = modes.found[np.isfinite(modes.found)].astype(int)
        counts = np.bincount(known, minlength=modes.total + 1)
        bounds = ""
        if np.isfinite(low):
            bounds = _(" (the bar is its 95 % interval over seeds, {bounds})").format(
                bounds=interval(low, high, modes.digits)
            )
        all_ = n_(
            "{count} of {all} training has all {total}",
            "{count} of {all} trainings have all {total}",
            len(known),
        ).format(count=count(counts[-1]), all=count(len(known)), total=count(modes.total))
        return picture(
            figure,
            identity,
            title=_("Modes found by each training: {cell}").format(cell=cell.label),
            description=_("On average {modes}; {all}.").format(modes=modes.told(), all=all_),
            caption=_("{cell}: {all}; the mean is {mean}{bounds}.").format(
                cell=cell.label, all=all_, mean=number(modes.mean, modes.digits), bounds=bounds
            ),
            data=pd.DataFrame({"modes_found": np.arange(modes.total + 1), "trainings": counts}),
        )


def by_cell(cells: Sequence[CellRows]) -> Picture | None:
    """Draw the modes that trainings find, a strip for each cell, with the mean and its interval."""
    told = [(cell, modes) for cell in cells if (modes := modes_of(cell)) is not None]
    if not told:
        return None
    with canvas(0.9 + 0.5 * len(told)) as (figure, axes):
        parts = []
        for y, (cell, modes) in enumerate(told):
            known = modes.found[np.isfinite(modes.found)].astype(int)
            counts = np.bincount(known, minlength=modes.total + 1)
            for n in np.flatnonzero(counts):
                axes.bar(
                    n, -0.72 * counts[n] / counts.max(), 0.8, bottom=y + 0.36,
                    color=COLOURS["learned"], alpha=0.4,
                )  # fmt: skip
            low, high = modes.bounds()
            if np.isfinite(low):
                axes.plot([low, high], [y, y], color=COLOURS["ink"], linewidth=2.2)
            axes.plot([modes.mean], [y], "D", color=COLOURS["ink"], markersize=5, label=_("mean"))
            parts.append((cell.label, modes.mean, low, high, modes.lost, modes.known))
        most = max(modes.total for _cell, modes in told)
        axes.set(xlim=(-0.6, most + 0.6), ylim=(len(told) - 0.4, -0.6), xlabel=_("modes found"))
        axes.set_yticks(range(len(told)), [cell.label[:40] for cell, _modes in told])
        axes.grid(visible=False, axis="y")
        legend_above(axes)
        words = "; ".join(f"{cell.label}: {modes.told()}" for cell, modes in told)
        return picture(
            figure,
            "fig-modes-found",
            title=_("Modes found, by configuration"),
            description=f"{words}.",
            caption=_(
                "Bars: how many trainings find so many modes. Diamonds: the mean, with its 95 % "
                "interval over seeds."
            ),
            data=pd.DataFrame(parts, columns=["cell", "mean", "low", "high", "lost", "trainings"]),
        )


def worths(cells: Sequence[CellRows]) -> Picture | None:
    """Draw the worth by energy of every training, with a strip for each cell."""
    shown = [cell for cell in cells if "worth_energy" in cell.rows][:MOST_STRIPS]
    if not shown:
        return None
    rows = pd.concat(
        [cell.rows[["seed", "verdict", "worth_energy"]].assign(cell=cell.label) for cell in shown],
        ignore_index=True,
    ).rename(columns={"worth_energy": "worth_kl"})
    rows["worth_kl"] = rows["worth_kl"].mask(rows["verdict"].eq("diverged"), 0.0).fillna(0.0)
    without = int((~(np.isfinite(rows["worth_kl"]) & (rows["worth_kl"] > 0))).sum())
    with canvas(3.0 if len(shown) == 1 else 1.3 + 0.55 * len(shown)) as (figure, axes):
        plots.worth_spread(rows, by="cell", ax=axes)
        return picture(
            figure,
            "fig-worth",
            title=_("Worth by energy of every training"),
            description=_("Logarithmic axis, {count} trainings.").format(count=count(len(rows))),
            caption=_("Worth by energy distance; further to the right is better.")
            + not_shown(without, len(rows), _("no finite value above 0")),
            data=rows.rename(columns={"worth_kl": "worth_energy"}),
        )
