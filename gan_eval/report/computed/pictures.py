"""Pictures of generators that have no closed form: density, mesh, modes, from epoch to epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval import plots
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.modes import LOST_SHARE, mode_counts
from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count, interval, number, percent
from gan_eval.pages.picture import Picture
from gan_eval.plots.pushforward.density import scale
from gan_eval.plots.pushforward.mesh import mesh_of
from gan_eval.plots.pushforward.modes import columns_of
from gan_eval.plots.pushforward.raster import raster_of, window_of
from gan_eval.report.cells import CellRows
from gan_eval.report.computed.again import Again
from gan_eval.report.figures import MOST_STRIPS
from gan_eval.report.words import not_shown
from gan_eval.study.answer.computed import Modes, modes_of

_COARSE = 130
"""Squares of the small pictures."""
_COUNTED = 20_000
"""Points by which modes are counted from epoch to epoch."""
_MOST_NAMED = 4
"""Modes that a sentence names."""
_MOST_POINTS = 50
"""Squares of a raster's side that stand in the CSV under a picture."""


def in_plane(cell: CellRows) -> bool:
    """Tell whether generated points have two coordinates."""
    return cell.config is not None and cell.config.dimension == 2


def generated(cell: CellRows, found: Again, identity: str) -> Picture | None:
    """Draw the density of a training's points beside the target's, on one scale."""
    if not (in_plane(cell) and found.laws):
        return None
    assert cell.config is not None
    target = cell.config.target.build()
    own, modes = raster_of(found.last, target), modes_of(cell)
    with canvas(2.9) as (figure, axes):
        axes.remove()
        grid = figure.add_gridspec(2, 2, height_ratios=[1, 0.055])
        left = figure.add_subplot(grid[0, 0])
        right = figure.add_subplot(grid[0, 1], sharey=left)
        plots.density(own, target, found=_has(cell, modes, found.seed), ax=left)
        plots.density(target, target, ax=right)
        left.set_title(_("generated"))
        right.set(title=_("target"), ylabel="")
        right.tick_params(labelleft=False)
        scale(figure.add_subplot(grid[1, :]))
        said = _mode_words(cell, modes, found.seed)
        outside = max(1 - own.inside, 0.0)
        lies = _(" {share} of the points lie outside of the picture.")
        return picture(
            figure,
            identity,
            title=_("Density of generated points beside the target’s: {cell}").format(
                cell=cell.label
            ),
            description=_(
                "The training of the median worth, seed {seed}: {words}; shades on one "
                "logarithmic scale."
            ).format(seed=found.seed, words=said),
            caption=_(
                "{cell}, the training of the median worth (seed {seed}): {words}. Each shade is "
                "half a decade"
            ).format(cell=cell.label, seed=found.seed, words=said)
            + (_("; rings are modes, crossed out where they are lost.") if modes else ".")
            + (lies.format(share=percent(outside)) if outside >= 0.0005 else ""),
            data=_densities(own, raster_of(target, target, len(own.density))),
        )


def _densities(own, truth) -> pd.DataFrame:
    step = -(-len(own.density) // _MOST_POINTS)
    x, y = own.places
    at_x, at_y = np.meshgrid(x[::step], y[::step])
    parts = [one.density[::step, ::step].ravel() for one in (own, truth)]
    table = pd.DataFrame(
        {"x_1": at_x.ravel(), "x_2": at_y.ravel(), "generated": parts[0], "target": parts[1]}
    )
    least = 1e-4 * truth.density.max()
    return table.loc[(table["generated"] > least) | (table["target"] > least)]


def _has(cell: CellRows, modes: Modes | None, seed: int) -> NDArray[np.bool_] | None:
    if modes is None:
        return None
    masses = modes.masses[_row(cell, seed)]
    return np.isfinite(masses).all() * (masses > LOST_SHARE * modes.expected)


def _row(cell: CellRows, seed: int) -> int:
    return int(np.flatnonzero(cell.rows["seed"].to_numpy() == seed)[0])


def _mode_words(cell: CellRows, modes: Modes | None, seed: int) -> str:
    at = _row(cell, seed)
    worth = number(cell.rows["worth_energy"].iloc[at], 2)
    if modes is None or not np.isfinite(modes.found[at]):
        return _("worth {count} real rows").format(count=worth)
    return _(
        "{found} of {total} modes, {share} of the points on one, worth {count} real rows"
    ).format(
        found=count(modes.found[at]),
        total=count(modes.total),
        share=percent(modes.quality[at]),
        count=worth,
    )


def folded_mesh(cell: CellRows, found: Again, identity: str) -> Picture | None:
    """Draw the mesh of noise and what the generator makes of it."""
    if not (in_plane(cell) and found.laws) or found.last.latent_size != 2:
        return None
    assert cell.config is not None
    made, window = mesh_of(found.last), window_of(cell.config.target.build())
    with canvas(2.7) as (figure, axes):
        axes.remove()
        left, right = figure.subplots(1, 2)
        plots.mesh(made, plane="noise", ax=left)
        plots.mesh(made, plane="points", ax=right)
        right.set(xlim=window[:2], ylim=window[2:])
        right.get_legend().remove()
        left.set_title(_("noise"), pad=20)
        right.set_title(_("generated points"), pad=20)
        mirrored = _mirrored(found)
        words = (
            _("it folds nowhere")
            if not made.folds
            else _("it mirrors {share} of the noise, and folds it along the thick lines").format(
                share=percent(mirrored)
            )
        )
        lines = [
            pd.DataFrame(line, columns=["z_1", "z_2", "x_1", "x_2"]).assign(fold=at)
            for at, line in enumerate(made.folds, 1)
        ]
        return picture(
            figure,
            identity,
            title=_("The mesh of noise and its image: {cell}").format(cell=cell.label),
            description=_("A square mesh, pushed forward by seed {seed}: {words}.").format(
                seed=found.seed, words=words
            ),
            caption=_(
                "{cell}, seed {seed}: what the generator makes of a square mesh of noise; {words}. "
                "Where lines crowd there are many points, where they run far apart few."
            ).format(cell=cell.label, seed=found.seed, words=words),
            data=pd.concat(lines) if lines else None,
        )


def _mirrored(found: Again) -> float:
    z = np.random.default_rng(0).standard_normal((_COUNTED, 2))
    return float((np.linalg.det(found.last.network.jacobians(z)) < 0).mean())


def evolution(cell: CellRows, found: Again, identity: str) -> Picture | None:
    """Draw the density after some epochs, with the modes that are found by then."""
    if not (in_plane(cell) and len(found.laws) > 1):
        return None
    assert cell.config is not None
    target = cell.config.target.build()
    modes = modes_of(cell)
    rows = []
    with canvas(3.3) as (figure, axes):
        axes.remove()
        across = 3
        down = -(-len(found.laws) // across)
        panels = np.atleast_1d(figure.subplots(down, across, sharex=True, sharey=True)).ravel()
        for panel in panels[len(found.laws) :]:
            panel.remove()
        for panel, epoch, law in zip(panels, found.epochs, found.laws, strict=False):
            has, on = _counted(law, target, modes)
            plots.density(raster_of(law, target, _COARSE), target, found=has, ax=panel)
            panel.set(xlabel="", ylabel="", xticks=[], yticks=[])
            title = _("epoch {epoch}").format(epoch=epoch)
            if has is not None:
                title += f": {int(has.sum())}"
            panel.set_title(title)
            found_here = int(has.sum()) if has is not None else np.nan
            rows.append((found.seed, epoch, found_here, on))
        table = pd.DataFrame(rows, columns=["seed", "epoch", "modes_found", "share_on_modes"])
        said = _evolution_words(table, modes)
        return picture(
            figure,
            identity,
            title=_("The same training from epoch to epoch: {cell}").format(cell=cell.label),
            description=said,
            caption=_("{cell}, seed {seed}. {words}").format(
                cell=cell.label, seed=found.seed, words=said
            ),
            data=table,
        )


def _counted(law, target, modes: Modes | None):
    """Which modes a generator has by ``_COUNTED`` points, and which part of these is on one."""
    if modes is None or not isinstance(target, MixtureTarget):
        return None, math.nan
    shares = mode_counts(law.sample(_COUNTED, 0), target.modes)[:-1] / _COUNTED
    return shares > LOST_SHARE * modes.expected, float(shares.sum())


def _evolution_words(table: pd.DataFrame, modes: Modes | None) -> str:
    first, last = table.iloc[0], table.iloc[-1]
    if modes is None:
        return _("From epoch {first} to epoch {last}.").format(
            first=int(first["epoch"]), last=int(last["epoch"])
        )
    return _(
        "The number behind the epoch counts the modes found, of {total}: {start} at epoch {first}, "
        "{end} at epoch {last} (by {points} points)."
    ).format(
        total=modes.total,
        start=int(first["modes_found"]),
        first=int(first["epoch"]),
        end=int(last["modes_found"]),
        last=int(last["epoch"]),
        points=count(_COUNTED),
    )


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
