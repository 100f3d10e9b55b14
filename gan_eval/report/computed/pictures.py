"""Pictures of one training that has no closed form: density, mesh, modes, from epoch to epoch."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval import plots
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.modes import LOST_SHARE, mode_counts
from gan_eval.pages.canvas import canvas, picture
from gan_eval.pages.language import _
from gan_eval.pages.numbers import count, number, percent
from gan_eval.pages.picture import Picture
from gan_eval.plots.pushforward.density import scale
from gan_eval.plots.pushforward.mesh import mesh_of
from gan_eval.plots.pushforward.raster import raster_of, window_of
from gan_eval.report.cells import CellRows
from gan_eval.report.computed.again import Again
from gan_eval.study.answer.computed import Modes, modes_of

_COARSE = 130
"""Squares of the small pictures."""
_COUNTED = 20_000
"""Points by which modes are counted from epoch to epoch."""
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
