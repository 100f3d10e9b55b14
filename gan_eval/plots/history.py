"""A training epoch by epoch: both losses, and beside them the exact KL, or worth by energy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gan_eval.judging import judge
from gan_eval.judging.answer import FEWEST
from gan_eval.judging.computed.epochs import ROWS
from gan_eval.pages.canvas import COLOURS, legend_above, plain_log_axis
from gan_eval.pages.numbers import setting
from gan_eval.plots.axes import DASHED, drawn, given
from gan_eval.runtime.errors import UsageError
from gan_eval.training.config import ENERGY_CONVERGED, ENERGY_NEAR
from gan_eval.training.trained import TrainedGANs

LN_2 = float(np.log(2))

_LOSSES = (("loss_D", "D", "loss-d", "-"), ("loss_G", "G", "loss-g", (0, (5, 2))))
_QUANTILES = (0.05, 0.5, 0.95)

History = TrainedGANs | pd.DataFrame
"""Trained GANs, or the rows of ``judging.judge.epochs``: ``epoch``, ``loss_D``, ``loss_G``, ``kl``,
and ``seed`` where there are several trainings."""


@drawn
def losses(
    history: History, *, ln_2: bool | None = None, upto: int | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the losses of D and G over whole epochs, and ln 2 where D cannot tell.

    Of several trainings their median and the band of their middle 90 %; of fewer than 6 a line
    each.

    Parameters
    ----------
    history : TrainedGANs or DataFrame
        A table has the columns ``epoch``, ``loss_D`` and ``loss_G``, and ``seed`` where there are
        several trainings.
    ln_2 : bool, optional
        Draw ln 2 = 0.693, what both losses read where D answers 1/2 to everything. By default where
        the GANs' loss is cross-entropy.
    upto : int, optional
        The epoch up to which the curves go; the axes are those of all.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    >>> import gan_eval as ge
    >>> gans = ge.train(ge.TrainingConfig(epochs=3), backend="fused_cpu")
    >>> ax = ge.plots.losses(gans)
    >>> ax.lines[0].get_xdata().tolist()
    [1, 2, 3]
    """
    axes, table = given(ax), _table(history, ("loss_D", "loss_G"))
    if ln_2 is None:
        ln_2 = not isinstance(history, TrainedGANs) or history.config.loss in (
            "cross_entropy",
            "relativistic",
        )
    table = table.loc[table["epoch"] > 0]
    tops = [LN_2] if ln_2 else []
    for column, name, colour, dashes in _LOSSES:
        for one in _few(table) or [table]:
            epochs, bands = _bands(one, column)
            tops += [float(v) for v in bands[np.isfinite(bands)]]
            _band(axes, epochs, bands, COLOURS[colour], dashes, f"loss of {name}", upto)
    if ln_2:
        axes.axhline(
            LN_2, color=COLOURS["ink"], linewidth=1.2, linestyle=":", label="ln 2: D cannot tell"
        )
    if tops:
        low, high = min([0.5, *tops]), max([0.9, *tops])
        axes.set_ylim(low - 0.04 * (high - low), high + 0.04 * (high - low))
    _whole_epochs(axes, table)
    axes.set_ylabel("loss, nats per example")
    legend_above(axes, columns=2)
    return axes


@drawn
def kl_over_epochs(
    history: History,
    *,
    margins: Sequence[float] = (0.1, 0.5),
    upto: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the exact KL(q‖p) over whole epochs, from before the first on, with the margins.

    Of several trainings their median and the band of their middle 90 %; of fewer than 6 a line
    each.

    Parameters
    ----------
    history : TrainedGANs or DataFrame
        A table has the columns ``epoch`` and ``kl``, and ``seed`` where there are several
        trainings. A KL that is not finite leaves a gap.
    margins : sequence of float
        In nats: up to which a training has converged, and is near. Empty where none decides.
    upto : int, optional
        The epoch up to which the curve goes; the axes are those of all.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    >>> import gan_eval as ge
    >>> gans = ge.train(ge.TrainingConfig(epochs=3), backend="fused_cpu")
    >>> ax = ge.plots.kl_over_epochs(gans)
    >>> ax.lines[0].get_xdata().tolist()
    [0, 1, 2, 3]
    """
    axes, table = given(ax), _table(history, ("kl",))
    if table["kl"].isna().all():
        raise UsageError(
            "`history` must have an epoch with a KL, which is known where a linear generator is "
            "held against a Gaussian; draw `worth_over_epochs`"
        )
    epochs, bands = _bands(table, "kl")
    few = _few(table)
    for one in few:
        _band(axes, *_bands(one, "kl"), COLOURS["learned"], "-", "KL(q‖p)", upto)
    if not few:
        _band(axes, epochs, bands, COLOURS["learned"], "-", "KL(q‖p)", upto)
    drawn_kl = table["kl"].to_numpy(dtype=np.float64) if few else bands
    usable = [float(v) for v in drawn_kl[np.isfinite(drawn_kl) & (drawn_kl > 0)]] + list(margins)
    if usable:
        axes.set_ylim(min(usable) / 1.4, max(usable) * 1.4)
    plain_log_axis(axes, "y")
    _lines(axes, margins, "below", at="top")
    _whole_epochs(axes, table)
    axes.set_ylabel("KL(q‖p), nats")
    return axes


@drawn
def worth_over_epochs(
    history: History,
    *,
    margins: Sequence[float] = (ENERGY_CONVERGED, ENERGY_NEAR),
    upto: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the worth in real rows, by energy distance, over whole epochs, with the margins.

    Of trainings that have no closed form. It is measured by 300 generated rows, which cannot tell
    more than about 300 real ones from the truth: there the curve ends. Of several trainings their
    median and the band of their middle 90 %; of fewer than 6 a line each.

    Parameters
    ----------
    history : TrainedGANs or DataFrame
        A table has the columns ``epoch`` and ``worth_energy``, and ``seed`` where there are several
        trainings; epochs that were not measured are left out.
    margins : sequence of float
        In real rows: from which on a training has converged, and is near. Empty where none decides.
    upto : int, optional
        The epoch up to which the curve goes; the axes are those of all.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    >>> import gan_eval as ge
    >>> config = ge.TrainingConfig(target="ring8", generator_widths=(8,), epochs=3)
    >>> ax = ge.plots.worth_over_epochs(ge.train(config))
    >>> ax.lines[0].get_xdata().tolist()
    [0, 1, 2, 3]
    """
    axes, table = given(ax), _table(history, ("worth_energy",))
    table = table.dropna(subset=["worth_energy"])
    table = table.assign(worth_energy=table["worth_energy"].clip(upper=ROWS))
    if table.empty:
        raise UsageError("`history` must have an epoch with a worth, got none")
    colour, label = COLOURS["learned"], "worth by energy distance"
    for one in _few(table) or [table]:
        _band(axes, *_bands(one, "worth_energy"), colour, "-", label, upto)
    values = table["worth_energy"].to_numpy(dtype=np.float64)
    usable = [*values[values > 0].tolist(), *margins, ROWS]
    axes.set_ylim(max(min(usable), 0.01) / 1.4, ROWS * 1.4)
    plain_log_axis(axes, "y")
    _lines(axes, margins, "above", at="bottom")
    _whole_epochs(axes, table)
    axes.set_ylabel(f"worth, real rows (at most {ROWS})")
    return axes


def _lines(axes: Axes, margins: Sequence[float], side: str, *, at: str) -> None:
    """Draw the margins from which on a training has converged, and is near."""
    for margin, name in zip(margins, ("converged", "near"), strict=False):
        axes.axhline(margin, color=COLOURS["ink"], linewidth=1.1, linestyle=DASHED)
        axes.annotate(
            f"{name} {side} {setting(margin)}", (1, margin), (-3, -3 if at == "top" else 3),
            ha="right", va=at, xycoords=axes.get_yaxis_transform(), textcoords="offset points",
            fontsize=8, color=COLOURS["muted"],
        )  # fmt: skip


def _table(history: Any, columns: tuple[str, ...]) -> pd.DataFrame:
    if isinstance(history, TrainedGANs):
        return judge.epochs(history)
    if not isinstance(history, pd.DataFrame):
        raise UsageError(
            f"`history` must be a TrainedGANs or a table of epochs, got {type(history).__name__}"
        )
    if missing := [name for name in ("epoch", *columns) if name not in history]:
        raise UsageError(f"`history` must have the column {missing[0]}")
    return history


def _few(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Part a table by seeds where these are several and too few for a median."""
    if "seed" not in table or not 1 < table["seed"].nunique() < FEWEST:
        return []
    return [one for _, one in table.groupby("seed")]


def _bands(table: pd.DataFrame, column: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The epochs, and of each the 5 % quantile, median and 95 % over the trainings, (E, 3).

    By ranks: what is not finite is above everything.
    """
    epochs = np.unique(table["epoch"].to_numpy())
    values = table[column].to_numpy(dtype=np.float64)
    values = np.where(np.isnan(values), np.inf, values)
    by_epoch = [np.sort(values[(table["epoch"] == epoch).to_numpy()]) for epoch in epochs]
    found = [[v[round(q * (len(v) - 1))] for q in _QUANTILES] for v in by_epoch]
    return epochs, np.array(found, dtype=np.float64).reshape(-1, 3)


def _band(
    axes: Axes, epochs: NDArray[Any], bands: NDArray[np.float64], colour: str, dashes: Any,
    label: str, upto: int | None,
) -> None:  # fmt: skip
    shown = slice(None) if upto is None else epochs <= upto
    x, (low, middle, high) = epochs[shown], bands[shown].T
    if (np.isfinite(bands) & (bands != bands[:, [1]])).any():
        top = np.where(np.isfinite(high), high, np.nanmax(bands[np.isfinite(bands)]))
        axes.fill_between(x, low, top, where=np.isfinite(low), color=colour, alpha=0.2, linewidth=0)
    axes.plot(
        x, np.where(np.isfinite(middle), middle, np.nan), color=colour, linestyle=dashes,
        label=label, marker="o" if len(epochs) < 3 else None, markersize=4,
    )  # fmt: skip
    if upto is not None and len(x) and np.isfinite(middle[-1]):
        axes.plot(x[-1:], middle[-1:], "o", color=colour, markersize=6)


def _whole_epochs(axes: Axes, table: pd.DataFrame) -> None:
    first, last = (int(found(table["epoch"])) for found in (min, max))
    axes.set_xlim(first, max(last, first + 1))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("epoch")
