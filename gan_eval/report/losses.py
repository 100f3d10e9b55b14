"""The section of losses: beside the exact KL over epochs, and the replicate they pass wrongly.

Its figures are of all replicates, and of that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from scipy import stats

from gan_eval.pages.blocks import Block, Heading, Paragraph, Section, Table, TableBlock, gallery
from gan_eval.pages.canvas import COLOURS, Picture, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.numbers import MISSING, count, number, p_value, plural, setting, spread
from gan_eval.report import words
from gan_eval.report.cells import LN_2, NEAR_LN_2, CellRows
from gan_eval.report.learned import seed_of
from gan_eval.report.words import not_shown

MOST_DRAWN = 4
"""Cells whose samples and curves are drawn; beyond, a page would grow past reading."""


def losses(cells: Sequence[CellRows]) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "A perfect generator leaves the discriminator nothing to tell by, so both losses read "
            "ln 2 = 0.693 nats; but a dead discriminator, which answers 1/2 to everything, reads "
            "the same whatever the generator does. " + words.losses(cells)
        ),
        TableBlock(correlation(cells)),
    ]
    for position, cell in enumerate(cells[:MOST_DRAWN]):
        blocks += of_cell(cell, cells)
        blocks += _curves(cell, f"fig-curves-{position + 1}")
    return Section("losses", "Losses beside KL", blocks + left_out(cells))


def _curves(cell: CellRows, identity: str) -> list[Block]:
    if not cell.traced:
        return [Paragraph("No epochs are stored.")]
    blocks = gallery(lambda: losses_of_all(cell, identity), lambda: kl_of_all(cell, identity))
    found = cell.deceptive()
    if not found.size:
        why = f"both losses within {NEAR_LN_2} of ln 2 without having converged"
        return [*blocks, Paragraph(f"No replicate ended with {why}.")]
    row = cell.rows.iloc[found[0]]
    seed = seed_of(row)
    blocks.append(Paragraph(_deceived(cell, row)))
    if not cell.history(seed).empty:
        blocks += gallery(
            lambda: losses_of_one(cell, seed, identity), lambda: kl_of_one(cell, seed, identity)
        )
    return blocks


def _deceived(cell: CellRows, row: pd.Series) -> str:
    """The replicate that the losses pass most wrongly and the law fails, with its numbers."""
    text = (
        f"Seed {seed_of(row)} ends with losses {number(row['loss_D'])} and "
        f"{number(row['loss_G'])}, and KL(q‖p) = {number(row['kl'])} nats: {row['verdict']}."
    )
    if cell.config is not None and cell.config.dimension == 2:
        learned = [row[f"covariance_{entry}"] for entry in ("1_1", "1_2", "2_2")]
        truth = cell.config.truth.covariance
        text += (
            f" Its covariance is {_symmetric(*learned)} where AᵀA is "
            f"{_symmetric(truth[0, 0], truth[0, 1], truth[1, 1])}."
        )
    return text


def _symmetric(a: float, b: float, c: float) -> str:
    return f"[[{number(a)}, {number(b)}], [{number(b)}, {number(c)}]]"


def correlation(cells: Sequence[CellRows]) -> Table:
    """Measure how far the final losses rank the replicates as the exact KL does."""
    return Table(
        "Rank correlation (Spearman, with its p-value) of a replicate's final |loss − ln 2| with "
        "its KL(q‖p), and replicates that end at ln 2",
        ("cell", "|loss_D − ln 2|", "|loss_G − ln 2|", "both at ln 2", "of these not converged"),
        [
            (
                *(cell.label, *(_in_words(cell, name) for name in ("loss_D", "loss_G"))),
                *map(count, cell.passed()),
            )
            for cell in cells
        ],
    )


def _in_words(cell: CellRows, loss: str) -> str:
    """Spearman's correlation of a final |loss − ln 2| with KL, where there is something to rank."""
    distance, kl = np.abs(cell.values(loss) - LN_2), cell.values("kl")
    kept = ~(np.isnan(distance) | np.isnan(kl))
    # Of ranks, since an infinite KL has a rank like any other.
    ranks = [stats.rankdata(values[kept]) for values in (distance, kl)]
    if kept.sum() < 3 or any(np.ptp(each) == 0 for each in ranks):
        return MISSING
    found: Any = stats.spearmanr(*ranks)
    return f"{number(found.statistic, 2)} ({p_value(found.pvalue)}, n = {kept.sum()})"


def of_cell(cell: CellRows, cells: Sequence[CellRows]) -> list[Block]:
    """Give the heading of a cell's part, where there are several cells."""
    return [Heading(cell.label)] if len(cells) > 1 else []


def left_out(
    cells: Sequence[CellRows], most: int = MOST_DRAWN, how: str = "not drawn"
) -> list[Block]:
    """Say how many cells are beyond the first ``most``, if any, and what they are without."""
    rest = len(cells) - most
    return [Paragraph(f"{plural(rest, 'more cell')} {how}.")] if rest > 0 else []


_LOSSES = (("loss_D", "loss-d", "-"), ("loss_G", "loss-g", (0, (5, 2))))
_QUANTILES = (0.05, 0.5, 0.95)


def losses_of_all(cell: CellRows, identity: str) -> Picture:
    """Draw the median and the 5–95 % band of both losses over the replicates, epoch by epoch."""
    with canvas() as (figure, axes):
        bands = {name: _bands(cell, name, first=1) for name, *_ in _LOSSES}
        for name, colour, style in _LOSSES:
            _band(axes, bands[name], colour, style, name)
        ends = (f"{name} {number(of[0.5].iloc[-1])}" for name, of in bands.items())
        _finish_losses(axes)
        return picture(
            figure,
            f"{identity}-losses",
            title=f"Losses over epochs, all replicates: {cell.label}",
            description=f"At the end the medians are {' and '.join(ends)}; ln 2 is 0.693.",
            caption="Losses: median and 5–95 % band over replicates. The dotted line is ln 2."
            + _untraced(cell),
            data=_table(bands),
        )


def kl_of_all(cell: CellRows, identity: str) -> Picture:
    """Draw the median and the 5–95 % band of KL over the replicates, epoch by epoch, with the
    margin."""
    with canvas() as (figure, axes):
        bands = _bands(cell, "kl")
        _band(axes, bands, "learned", "-", "KL(q‖p)")
        _finish_kl(axes, cell.kl_margins[:1])
        diverged = cell.from_epochs(
            "without a finite KL",
            lambda: int(cell.epochs.loc[~np.isfinite(cell.epochs["kl"]), "seed"].nunique()),
        )
        return picture(
            figure,
            f"{identity}-kl",
            title=f"KL over epochs, all replicates: {cell.label}",
            description=f"The median falls from {number(bands[0.5].iloc[0])} to "
            f"{number(bands[0.5].iloc[-1])} nats.",
            caption="The exact KL(q‖p) of the same replicates: median and 5–95 % band."
            + (
                f" The dashed line is the margin, {setting(cell.margin)} nats."
                if cell.kl_margins
                else ""
            )
            + not_shown(
                diverged, cell.replicates, "from the epoch on in which the KL is not finite"
            )
            + _untraced(cell),
            data=_table({"kl": bands}),
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
        _finish_kl(axes, cell.kl_margins[:1])
        end = number(history["kl"].iloc[-1])
        return picture(
            figure,
            f"{identity}-one-kl",
            title=f"KL over epochs of seed {seed}: {cell.label}",
            description=f"It ends at {end} nats"
            + (f", above the margin of {setting(cell.margin)}." if cell.kl_margins else "."),
            caption=f"Seed {seed}: the learned distribution stays {end} nats from the truth."
            + not_shown(len(history) - len(drawable), len(history), "epochs without a finite KL"),
            data=history[["epoch", "kl"]],
        )


def _untraced(cell: CellRows) -> str:
    rest = cell.replicates - cell.traced
    return not_shown(max(rest, 0), cell.replicates, "epochs not stored")


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
    _finish(axes, "loss, nats per example")


def _finish_kl(axes: Axes, margins: Sequence[float]) -> None:
    plain_log_axis(axes, "y")
    dashes = (0, (4, 3))
    for margin in margins:
        axes.axhline(margin, color=COLOURS["ink"], linewidth=1.2, linestyle=dashes, label="margin")
    # Where no KL is finite there is at most the margin to show, and an axis needs some height.
    low, high = axes.dataLim.intervaly
    if margins or 0 < low <= high < np.inf:
        axes.set_autoscaley_on(False)
        axes.set_ylim(min([low, *margins]) / 1.3, max([high, *margins]) * 1.3)
    _finish(axes, "KL(q‖p), nats")


def _finish(axes: Axes, label: str) -> None:
    axes.set(xlabel="epoch", ylabel=label)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    legend_above(axes)
