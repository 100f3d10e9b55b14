"""How KL and worth spread over seeds: what share of trainings ends how far, by configuration."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gan_eval.judging.answer import FEWEST
from gan_eval.pages.canvas import COLOURS, plain_log_axis
from gan_eval.pages.language import N_, _
from gan_eval.pages.numbers import count, percent, plural, setting
from gan_eval.plots import marks
from gan_eval.plots.axes import DASHED, drawn, given
from gan_eval.runtime.arguments import instance_of, plain
from gan_eval.runtime.errors import UsageError

MOST_STRIPS = 12
"""Configurations that a picture has room for."""
MOST_MARKS = 250
"""Trainings of a configuration drawn one by one; more are thinned to evenly spaced ranks."""
MOST_RUGS = 60
"""Trainings up to which each also has a mark on the axis under their curve."""
FEW = 8
"""Trainings up to which each is a mark and no curve is drawn through them."""


@drawn
def kl_spread(rows: pd.DataFrame, *, by: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw how the KL of trainings spreads over seeds, with the margins.

    Of one configuration the share of trainings that end at most so far from the truth, with the
    share below each margin; of several a strip for each, over one axis, with a violin where there
    are more than 8 trainings. Fewer than 6 trainings have marks and no share.

    Parameters
    ----------
    rows : DataFrame
        As from ``gan_eval.judge``: ``kl`` in nats, and ``margin`` and ``near_margin`` where KL
        decided. A KL that is not finite counts, and has no mark; trainings whose KL was not
        computed are left out.
    by : str, optional
        The column that names the configuration.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    >>> import gan_eval as ge
    >>> gans = ge.train(ge.TrainingConfig(epochs=3), seeds=range(20), backend="fused_cpu")
    >>> ax = ge.plots.kl_spread(ge.judge(gans, permutations=0))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('KL(q‖p) of at most so many nats', 'share of 20 trainings')
    """
    margins = _margins(rows)
    axes = _spread(given(ax), _known(rows), "kl", by, margins, below=True)
    axes.set_xlabel("KL(q‖p) of at most so many nats" if _alone(rows, by) else _("KL(q‖p), nats"))
    return axes


@drawn
def worth_spread(rows: pd.DataFrame, *, by: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw how the worth of trainings, in real rows, spreads over seeds.

    Of one configuration the share of trainings that are worth at least so many real rows; of
    several a strip for each, over one axis.

    Parameters
    ----------
    rows : DataFrame
        As from ``gan_eval.judge``: ``worth_kl`` in rows, or ``worth_energy`` where that is not
        known of any. A training that is worth no row counts, and has no mark. With
        ``efficiency`` a line stands at the rows that a training saw.
    by : str, optional
        The column that names the configuration.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Examples
    --------
    >>> import gan_eval as ge
    >>> gans = ge.train(ge.TrainingConfig(epochs=3), seeds=range(20), backend="fused_cpu")
    >>> ax = ge.plots.worth_spread(ge.judge(gans, permutations=0))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('worth at least so many real rows', 'share of 20 trainings')
    """
    instance_of(rows, "rows", pd.DataFrame)
    lines: dict[float, str] = {}
    if {"efficiency", "worth_kl"} <= set(rows.columns):
        seen = (rows["worth_kl"] / rows["efficiency"].where(rows["efficiency"] > 0)).dropna()
        if len(seen) and np.ptp(seen.round()) == 0:
            lines = {
                round(float(seen.iloc[0])): _("worth the {count} rows it saw").format(
                    count=count(seen.iloc[0])
                )
            }
    column = "worth_kl"
    if "worth_energy" in rows and ("worth_kl" not in rows or rows["worth_kl"].isna().all()):
        column = "worth_energy"
    axes = _spread(given(ax), rows, column, by, lines, below=False)
    axes.set_xlabel(
        "worth at least so many real rows" if _alone(rows, by) else _("worth, real rows")
    )
    return axes


def _known(rows: pd.DataFrame) -> pd.DataFrame:
    """Take the trainings whose KL is known; of one that diverged it is infinite."""
    if "kl" not in rows or "verdict" not in rows:
        return rows
    known = rows[rows["kl"].notna() | rows["verdict"].eq("diverged")]
    if known.empty and len(rows):
        raise UsageError("`rows` must have a training whose KL is known; draw `worth_spread`")
    return known


def _alone(rows: pd.DataFrame, by: str | None) -> bool:
    """Say whether shares are drawn: of one configuration, with enough trainings to have some."""
    return (by is None or rows[by].nunique() == 1) and len(rows) >= FEWEST


def _margins(rows: pd.DataFrame) -> dict[float, str]:
    instance_of(rows, "rows", pd.DataFrame)
    if "margin" not in rows or (rows.get("yardstick", pd.Series("kl")) != "kl").any():
        return {}
    found = {}
    for column, name in (("margin", N_("converged")), ("near_margin", N_("near"))):
        if column in rows and rows[column].nunique() == 1:
            found[float(rows[column].iloc[0])] = _(name)
    return found


def _spread(
    axes: Axes, rows: pd.DataFrame, column: str, by: str | None, lines: dict[float, str],
    *, below: bool,
) -> Axes:  # fmt: skip
    for name in (column, *([by] if by else [])):
        if name not in rows:
            raise UsageError(f"`rows` must have the column {name}")
    if rows.empty:
        raise UsageError("`rows` must have a training, got none")
    groups = (
        {f"{len(rows)} trainings": rows} if by is None else dict(iter(rows.groupby(by, sort=False)))
    )
    for value in lines:
        axes.axvline(value, color=COLOURS["ink"], linewidth=1.1, linestyle=DASHED, zorder=1)
    if _alone(rows, by):
        (part,) = groups.values()
        _shares(axes, part[column].to_numpy(dtype=np.float64), lines, below=below)
    else:
        values = {str(k): v[column].to_numpy(np.float64) for k, v in groups.items()}
        _strips(axes, values, lines, worst=np.inf if below else 0.0)
    return axes


def _shares(axes: Axes, values: NDArray[np.float64], lines: dict[float, str], below: bool) -> None:
    """Draw the share of trainings below (or at least) each value."""
    values = np.where(np.isnan(values), np.inf if below else 0.0, values)
    placed = values[np.isfinite(values) & (values > 0)]
    n = len(values)
    if len(placed):
        low, high = _limits(placed, lines)
        # What has no place on the axis stays in the share: it lies outside of the limits.
        if below:
            told = np.clip(np.where(values > 0, values, low / 2), low / 2, 2 * high)
        else:
            told = np.clip(values, low / 2, 2 * high)
        marks.shares(axes, told, below=below, color=COLOURS["learned"], linewidth=2)
        if n <= MOST_RUGS:
            marks.rug(axes, placed, 0.035, color=COLOURS["learned"], alpha=0.6, linewidth=1)
        axes.set_xlim(low, high)
    plain_log_axis(axes, "x")
    axes.set_ylim(-0.02, 1.02)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    # Under a curve that rises there is room on the right, over one that falls above.
    for place, (value, name) in enumerate(sorted(lines.items())):
        share = float(np.mean(values <= value) if below else np.mean(values >= value))
        axes.plot([value], [share], "o", color=COLOURS["ink"], markersize=5, zorder=4)
        words = f"below {setting(value)}: {name}" if below else name
        axes.annotate(
            f"{percent(share)} {words}",
            (value, 0.03 + 0.09 * place if below else 0.97), (4 if below else -4, 0),
            ha="left" if below else "right", va="bottom" if below else "top",
            textcoords="offset points", fontsize=8, color=COLOURS["ink"], in_layout=False,
            bbox={"facecolor": COLOURS["surface"], "edgecolor": "none", "pad": 1, "alpha": 0.8},
        )  # fmt: skip
    axes.set_ylabel(f"share of {count(n)} {'training' if n == 1 else 'trainings'}")


def _row_name(name: object, limit: int = 40) -> str:
    """A row's name in at most ``limit`` characters; of settings the names are cut, not the values.

    >>> _row_name("learning_rate_D=0.05, learning_rate_G=0.005")
    'learni…rate_D=0.05, learni…rate_G=0.005'
    """
    whole = plain(name, 10 * limit)
    parts = [part.partition("=") for part in whole.split(", ")]
    if len(whole) > limit and all(sign for _, sign, _ in parts):
        values = sum(len(value) + 1 for *_, value in parts) + 2 * (len(parts) - 1)
        if (room := (limit - values) // len(parts)) >= 6:
            return ", ".join(f"{plain(key, room)}={value}" for key, _, value in parts)
    return plain(name, limit)


def _strips(
    axes: Axes, groups: dict[str, NDArray[np.float64]], lines: dict[float, str], worst: float
) -> None:
    """Draw a strip for each configuration: its spread, its trainings, and its median."""
    names = list(groups)[:MOST_STRIPS]
    placed = {k: v[np.isfinite(v) & (v > 0)] for k, v in groups.items() if k in names}
    everything = np.concatenate(list(placed.values()))
    axes.set_xscale("log")
    if len(everything):
        axes.set_xlim(*_limits(everything, lines))
    for place, name in enumerate(names):
        values = placed[name]
        if len(values) > FEW:
            marks.violin(
                axes, values, place, 0.8, color=COLOURS["learned"], alpha=0.25, linewidth=0
            )
        points = np.sort(values)
        if len(points) > MOST_MARKS:
            ranks = np.linspace(0, len(points) - 1, MOST_MARKS).round().astype(int)
            points = points[ranks]
        offsets = ((0.5 + np.arange(len(points)) * 0.6180339887) % 1 - 0.5) * 0.3
        axes.scatter(
            points,
            place + offsets,
            s=9 if len(everything) > FEW else 40,
            color=COLOURS["learned"],
            alpha=0.6,
            linewidth=0,
            zorder=3,
        )
        # The median of all, those without a mark among them.
        whole = np.sort(np.where(np.isnan(groups[name]), worst, groups[name]))
        middle = whole[(len(whole) - 1) // 2]
        if len(whole) > 2 and np.isfinite(middle) and middle > 0:
            axes.plot(
                [middle] * 2, [place - 0.32, place + 0.32], color=COLOURS["ink"], linewidth=2.2
            )
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [_row_name(name) for name in names])
    axes.set_ylabel("")
    if (more := len(groups) - len(names)) > 0:
        axes.annotate(
            f"{plural(more, 'more configuration')} not drawn", (0.0, 0.0), (3, 3),
            xycoords="axes fraction", textcoords="offset points", fontsize=8,
            color=COLOURS["muted"],
        )  # fmt: skip
    axes.grid(visible=False, axis="y")
    plain_log_axis(axes, "x")
    for place, (value, name) in enumerate(sorted(lines.items())):
        left = place == 0
        axes.annotate(
            name, (value, 1), (3 if place else -3, 2), xycoords=axes.get_xaxis_transform(),
            ha="right" if left else "left", textcoords="offset points", fontsize=8,
            color=COLOURS["muted"], in_layout=False,
        )  # fmt: skip


def _limits(values: NDArray[np.float64], lines: dict[float, str]) -> tuple[float, float]:
    ends = [*np.quantile(values, [0.0, 1.0]), *lines]
    return float(min(ends)) / 1.3, float(max(ends)) * 1.3
