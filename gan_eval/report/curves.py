"""Figures over epochs: the losses beside the exact KL, for all replicates and for one."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gan_eval.pages.canvas import (
    COLOURS,
    Picture,
    canvas,
    legend_above,
    picture,
    plain_log_axis,
)
from gan_eval.pages.numbers import number, setting, spread
from gan_eval.report.cells import LN_2, CellRows
from gan_eval.report.words import not_shown

_LOSSES = (("loss_D", "loss-d", "-"), ("loss_G", "loss-g", (0, (5, 2))))
_QUANTILES = (0.05, 0.5, 0.95)


def losses_of_all(cell: CellRows, identity: str) -> Picture:
    """Draw the median and the 5–95 % band of both losses over the replicates, epoch by epoch."""
    with canvas() as (figure, axes):
        ends, drawn = [], {}
        for name, colour, style in _LOSSES:
            bands = _bands(cell, name, first=1)
            drawn |= _columns(bands, name)
            _band(axes, bands, colour, style, name)
            ends.append(f"{name} {number(bands[0.5].iloc[-1])}")
        _finish_losses(axes)
        return picture(
            figure,
            f"{identity}-losses",
            title=f"Losses over epochs, all replicates: {cell.label}",
            description=f"At the end the medians are {' and '.join(ends)}; ln 2 is 0.693.",
            caption="Losses: median and 5–95 % band over replicates. The dotted line is ln 2."
            + _untraced(cell),
            data=_by_epoch(drawn),
        )


def kl_of_all(cell: CellRows, identity: str) -> Picture:
    """Draw the median and the 5–95 % band of KL over the replicates, epoch by epoch, with the
    margin."""
    with canvas() as (figure, axes):
        bands = _bands(cell, "kl")
        _band(axes, bands, "learned", "-", "KL(q‖p)")
        _finish_kl(axes, cell)
        diverged = cell.from_epochs("without a finite KL", lambda: _diverged(cell.epochs))
        return picture(
            figure,
            f"{identity}-kl",
            title=f"KL over epochs, all replicates: {cell.label}",
            description=f"The median falls from {number(bands[0.5].iloc[0])} to "
            f"{number(bands[0.5].iloc[-1])} nats.",
            caption="The exact KL(q‖p) of the same replicates: median and 5–95 % band. The dashed "
            f"line is the margin, {setting(cell.margin)} nats."
            + not_shown(
                diverged, cell.replicates, "from the epoch on in which the KL is not finite"
            )
            + _untraced(cell),
            data=_by_epoch(_columns(bands, "kl")),
        )


def losses_of_one(cell: CellRows, seed: int, identity: str) -> Picture:
    """Draw both losses of one replicate."""
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
            title=f"Losses over epochs of seed {seed}: {cell.label}",
            description=f"They end at {number(last['loss_D'])} and {number(last['loss_G'])}.",
            caption=f"Seed {seed}: both losses settle at ln 2, as at an equilibrium.",
            data=history[["epoch", "loss_D", "loss_G"]],
        )


def kl_of_one(cell: CellRows, seed: int, identity: str) -> Picture:
    """Draw the KL of one replicate over the band of all."""
    history = cell.curve(seed, ("kl",))
    drawable = history.loc[np.isfinite(history["kl"]) & (history["kl"] > 0)]
    with canvas() as (figure, axes):
        bands = _bands(cell, "kl")
        _fill(axes, bands, "muted", "5–95 % of all")
        axes.plot(drawable["epoch"], drawable["kl"], color=COLOURS["learned"], label=f"seed {seed}")
        _finish_kl(axes, cell)
        end = number(history["kl"].iloc[-1])
        return picture(
            figure,
            f"{identity}-one-kl",
            title=f"KL over epochs of seed {seed}: {cell.label}",
            description=f"It ends at {end} nats, above the margin of {setting(cell.margin)}.",
            caption=f"Seed {seed}: the learned distribution stays {end} nats from the truth."
            + not_shown(len(history) - len(drawable), len(history), "epochs without a finite KL"),
            data=history[["epoch", "kl"]],
        )


def _untraced(cell: CellRows) -> str:
    rest = cell.replicates - cell.traced
    return not_shown(max(rest, 0), cell.replicates, "epochs not stored")


def _diverged(epochs: pd.DataFrame) -> int:
    return int(epochs.loc[~np.isfinite(epochs["kl"]), "seed"].nunique())


def _bands(cell: CellRows, column: str, first: int = 0) -> dict[float, pd.Series]:
    """Quantiles over replicates by epoch; infinite values count, NaN counts as infinite."""

    def found() -> dict[str, list[Any]]:
        epochs = cell.epochs.loc[cell.epochs["epoch"] >= first]
        groups = list(epochs.fillna({column: np.inf}).groupby("epoch")[column])
        by_quantile = {str(q): [float(spread(v, q)) for _, v in groups] for q in _QUANTILES}
        return {"epoch": [int(cast("Any", epoch)) for epoch, _ in groups], **by_quantile}

    told = cell.from_epochs(f"bands of {column}", found)
    return {q: pd.Series(told[str(q)], told["epoch"], dtype=np.float64) for q in _QUANTILES}


def _columns(bands: dict[float, pd.Series], name: str) -> dict[str, pd.Series]:
    return {f"{name}_q{100 * q:02.0f}": values for q, values in bands.items()}


def _by_epoch(columns: dict[str, pd.Series]) -> pd.DataFrame:
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
    axes.set(xlabel="epoch", ylabel="loss, nats per example")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    legend_above(axes)


def _finish_kl(axes: Axes, cell: CellRows) -> None:
    plain_log_axis(axes, "y")
    axes.axhline(
        cell.margin, color=COLOURS["ink"], linewidth=1.2, linestyle=(0, (4, 3)), label="margin"
    )
    # Where no KL is finite there is only the margin to show, and an axis needs some height.
    low, high = axes.dataLim.intervaly
    axes.set_autoscaley_on(False)
    axes.set_ylim(min(low, cell.margin) / 1.3, max(high, cell.margin) * 1.3)
    axes.set(xlabel="epoch", ylabel="KL(q‖p), nats")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    legend_above(axes)
