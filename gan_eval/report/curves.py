"""Curves over epochs: losses and KL of all trainings of a cell, and of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.language import _
from gan_eval.pages.numbers import number, setting, spread
from gan_eval.pages.picture import Picture
from gan_eval.report.cells import LN_2, CellRows
from gan_eval.report.chosen import FEW
from gan_eval.report.words import listed, not_shown

_LOSSES = (("loss_D", "loss-d", "-"), ("loss_G", "loss-g", (0, (5, 2))))
_QUANTILES = (0.05, 0.5, 0.95)


def losses_of_all(cell: CellRows, identity: str) -> Picture:
    """Draw the median and the 5–95 % band of both losses over the trainings, epoch by epoch; of few
    trainings the losses of each."""
    with canvas() as (figure, axes):
        if seeds := _few(cell):
            found = [cell.curve(seed, ("loss_D", "loss_G")) for seed in seeds]
            for name, colour, style in _LOSSES:
                _lines(axes, found, name, colour, style)
            data = _joined(seeds, found)
            ends = "; ".join(
                _("seed {seed}: {loss_D} and {loss_G}").format(
                    seed=seed,
                    loss_D=number(one["loss_D"].iloc[-1]),
                    loss_G=number(one["loss_G"].iloc[-1]),
                )
                for seed, one in zip(seeds, found, strict=True)
            )
            caption = _("Losses of {which}. The dotted line is ln 2.").format(which=_named(seeds))
        else:
            bands = {name: _bands(cell, name, first=1) for name, *_rest in _LOSSES}
            for name, colour, style in _LOSSES:
                _band(axes, bands[name], colour, style, name)
            data = _table(bands)
            ends = listed([f"{name} {number(of[0.5].iloc[-1])}" for name, of in bands.items()])
            caption = _("Losses: median and 5–95 % band over trainings. The dotted line is ln 2.")
        _finish_losses(axes)
        return picture(
            figure,
            f"{identity}-losses",
            title=_("Losses over epochs, all trainings: {cell}").format(cell=cell.label),
            description=_("At the end: {ends}; ln 2 is 0.693.").format(ends=ends),
            caption=caption + _untraced(cell),
            data=data,
        )


def kl_of_all(cell: CellRows, identity: str) -> Picture:
    """Draw the median and the 5–95 % band of KL over the trainings, epoch by epoch, with the
    margin; of few trainings the KL of each."""
    with canvas() as (figure, axes):
        if seeds := _few(cell):
            found = [cell.curve(seed, ("kl",)) for seed in seeds]
            _lines(axes, found, "kl", "learned", "-")
            data, caption = _joined(seeds, found), _("The exact KL(q‖p) of the same trainings.")
            ends = "; ".join(
                _("seed {seed}: {kl}").format(seed=seed, kl=number(one["kl"].iloc[-1]))
                for seed, one in zip(seeds, found, strict=True)
            )
        else:
            bands = _bands(cell, "kl")
            _band(axes, bands, "learned", "-", "KL(q‖p)")
            data = _table({"kl": bands})
            caption = _("The exact KL(q‖p) of the same trainings: median and 5–95 % band.")
            ends = _("the median falls from {start} to {end} nats").format(
                start=number(bands[0.5].iloc[0]), end=number(bands[0.5].iloc[-1])
            )
        _finish_kl(axes, cell.kl_margins[:1])
        diverged = cell.from_epochs(
            "without a finite KL",
            lambda: int(cell.epochs.loc[~np.isfinite(cell.epochs["kl"]), "seed"].nunique()),
        )
        if cell.kl_margins:
            caption += _(" Below the dashed line, {margin} nats, it is learned.").format(
                margin=setting(cell.margin)
            )
        why = _("from the epoch on in which the KL is not finite")
        return picture(
            figure,
            f"{identity}-kl",
            title=_("KL over epochs, all trainings: {cell}").format(cell=cell.label),
            description=_("At the end: {ends}.").format(ends=ends),
            caption=caption + not_shown(diverged, cell.replicates, why) + _untraced(cell),
            data=data,
        )


def modes_of_all(cell: CellRows, identity: str) -> Picture | None:
    """Draw the median and the 5–95 % band of the modes found over the trainings, over the epochs in
    which they were counted; None where they were not."""

    def found() -> dict[str, list[Any]]:
        if "modes_found" not in cell.epochs:
            return {"epoch": []}
        counted = cell.epochs.dropna(subset=["modes_found"])
        groups = [(epoch, part) for epoch, part in counted.groupby("epoch")["modes_found"]]
        by_quantile = {str(q): [float(spread(v, q)) for _, v in groups] for q in _QUANTILES}
        return {"epoch": [int(cast("Any", epoch)) for epoch, _ in groups], **by_quantile}

    told = cell.from_epochs("bands of modes_found", found)
    if len(told["epoch"]) < 2:
        return None
    bands = {q: pd.Series(told[str(q)], told["epoch"], dtype=np.float64) for q in _QUANTILES}
    with canvas() as (figure, axes):
        _band(axes, bands, "learned", "-", _("modes found"))
        axes.set_ylim(bottom=0)
        _finish(axes, _("modes found"))
        return picture(
            figure,
            f"{identity}-modes",
            title=_("Modes found over epochs, all trainings: {cell}").format(cell=cell.label),
            description=_("The median goes from {start} to {end}.").format(
                start=number(bands[0.5].iloc[0]), end=number(bands[0.5].iloc[-1])
            ),
            caption=_(
                "The modes that the same trainings have, counted by a few hundred points: median "
                "and 5–95 % band."
            )
            + _untraced(cell),
            data=_table({"modes_found": bands}),
        )


def losses_of_one(cell: CellRows, seed: int, identity: str) -> Picture:
    """Draw both losses of one training."""
    history = cell.curve(seed, ("loss_D", "loss_G"))
    history = history.loc[history["epoch"] > 0]
    last = history.iloc[-1]
    with canvas() as (figure, axes):
        for name, colour, style in _LOSSES:
            axes.plot(
                history["epoch"], history[name], color=COLOURS[colour], linestyle=style, label=name
            )
        _finish_losses(axes)
        return picture(
            figure,
            f"{identity}-one-losses",
            title=_("Losses over epochs of seed {seed}: {cell}").format(seed=seed, cell=cell.label),
            description=_("They end at {loss_D} and {loss_G}.").format(
                loss_D=number(last["loss_D"]), loss_G=number(last["loss_G"])
            ),
            caption=_("Seed {seed}: both losses settle at ln 2, as at an equilibrium.").format(
                seed=seed
            ),
            data=history[["epoch", "loss_D", "loss_G"]],
        )


def kl_of_one(cell: CellRows, seed: int, identity: str) -> Picture:
    """Draw the KL of one training over the band of all."""
    history = cell.curve(seed, ("kl",))
    drawable = history.loc[np.isfinite(history["kl"]) & (history["kl"] > 0)]
    with canvas() as (figure, axes):
        if not _few(cell):
            _fill(axes, _bands(cell, "kl"), "muted", _("5–95 % of all"))
        axes.plot(
            drawable["epoch"], drawable["kl"], color=COLOURS["learned"],
            label=_("seed {seed}").format(seed=seed),
        )  # fmt: skip
        _finish_kl(axes, cell.kl_margins[:1])
        end = number(history["kl"].iloc[-1])
        why = _("epochs without a finite KL")
        return picture(
            figure,
            f"{identity}-one-kl",
            title=_("KL over epochs of seed {seed}: {cell}").format(seed=seed, cell=cell.label),
            description=_("It ends at {kl} nats.").format(kl=end),
            caption=_(
                "Seed {seed}: the learned distribution stays {kl} nats from the truth."
            ).format(seed=seed, kl=end)
            + not_shown(len(history) - len(drawable), len(history), why),
            data=history[["epoch", "kl"]],
        )


def _few(cell: CellRows) -> list[int]:
    """The seeds whose epochs are stored where they are too few for a median; none else."""
    if cell.traced >= FEW:
        return []
    return [int(seed) for seed in np.unique(cell.epochs["seed"].to_numpy())]


def _lines(
    axes: Axes, found: Sequence[pd.DataFrame], name: str, colour: str, style: str | tuple
) -> None:
    for one in found:
        drawable = one.loc[np.isfinite(one[name]) & (one[name] > 0)]
        axes.plot(
            drawable["epoch"], drawable[name], color=COLOURS[colour], linestyle=style,
            label="KL(q‖p)" if name == "kl" else name,
        )  # fmt: skip


def _joined(seeds: Sequence[int], found: Sequence[pd.DataFrame]) -> pd.DataFrame:
    parts = [one.assign(seed=seed) for seed, one in zip(seeds, found, strict=True)]
    return pd.concat(parts, ignore_index=True)


def _named(seeds: Sequence[int]) -> str:
    return listed([_("seed {seed}").format(seed=seed) for seed in seeds])


def _untraced(cell: CellRows) -> str:
    rest = cell.replicates - cell.traced
    return not_shown(max(rest, 0), cell.replicates, _("epochs not stored"))


def _bands(cell: CellRows, column: str, first: int = 0) -> dict[float, pd.Series]:
    """Quantiles over replicates by epoch; infinite values count, NaN counts as infinite."""

    def found() -> dict[str, list[Any]]:
        epochs = cell.epochs.loc[cell.epochs["epoch"] >= first]
        groups = list(epochs.fillna({column: np.inf}).groupby("epoch")[column])
        by_quantile = {str(q): [float(spread(v, q)) for _, v in groups] for q in _QUANTILES}
        return {"epoch": [int(cast("Any", epoch)) for epoch, _ in groups], **by_quantile}

    told = cell.from_epochs(f"bands of {column}", found)
    return {q: pd.Series(told[str(q)], told["epoch"], dtype=np.float64) for q in _QUANTILES}


def _table(bands: Mapping[str, dict[float, pd.Series]]) -> pd.DataFrame:
    columns = {
        f"{name}_q{100 * q:02.0f}": values for name, of in bands.items() for q, values in of.items()
    }
    return pd.DataFrame(columns).rename_axis("epoch").reset_index()


def _band(
    axes: Axes, bands: dict[float, pd.Series], colour: str, style: str | tuple, label: str
) -> None:
    _fill(axes, bands, colour, None)
    middle = _finite(bands[0.5])
    axes.plot(middle.index, middle, color=COLOURS[colour], linestyle=style, label=label)


def _fill(axes: Axes, bands: dict[float, pd.Series], colour: str, label: str | None) -> None:
    low = _finite(bands[0.05])
    # A band that has no upper end goes on to the top of what is drawn.
    high = bands[0.95].loc[low.index]
    finite = _finite(high)
    top = max(finite.max() if len(finite) else 1.0, low.max() if len(low) else 1.0)
    axes.fill_between(
        low.index, low, high.where(np.isfinite(high), top), color=COLOURS[colour], alpha=0.2,
        linewidth=0, label=label,
    )  # fmt: skip


def _finite(values: pd.Series) -> pd.Series:
    return values.loc[np.isfinite(values)]


def _finish_losses(axes: Axes) -> None:
    axes.axhline(LN_2, color=COLOURS["ink"], linewidth=1.2, linestyle=":", label="ln 2")
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.5), max(high, 0.9))
    _finish(axes, _("loss, nats per example"))


def _finish_kl(axes: Axes, margins: Sequence[float]) -> None:
    plain_log_axis(axes, "y")
    dashes = (0, (4, 3))
    for margin in margins:
        axes.axhline(
            margin, color=COLOURS["ink"], linewidth=1.2, linestyle=dashes, label=_("margin")
        )
    # Where no KL is finite there is at most the margin to show, and an axis needs some height.
    low, high = axes.dataLim.intervaly
    if margins or 0 < low <= high < np.inf:
        axes.set_autoscaley_on(False)
        axes.set_ylim(min([low, *margins]) / 1.3, max([high, *margins]) * 1.3)
    _finish(axes, _("KL(q‖p), nats"))


def _finish(axes: Axes, label: str) -> None:
    axes.set(xlabel=_("epoch"), ylabel=label)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    legend_above(axes)
