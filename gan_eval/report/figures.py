"""Figures over replicates: the spread of KL, p-values, the critic, examples per second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gan_eval.pages.canvas import COLOURS, Picture, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.numbers import count, median, number, percent, setting
from gan_eval.report.cells import CellRows
from gan_eval.report.tables import alone
from gan_eval.report.words import not_shown
from gan_eval.runtime.arguments import plain

MOST_STRIPS = 12
"""Cells that a strip figure has room for."""

MOST_POINTS, MOST_MARKS = 400, 1600
"""Replicates of a cell, and of all cells of a figure, that are drawn one by one; more are thinned
to evenly spaced ranks."""

KL_AXIS = "KL(q‖p), nats (dashed: the margins)"

MARKERS = {"converged": "o", "near": "^", "failed": "s", "diverged": "X"}
"""A verdict is told by its shape as well as by its colour."""


def kl_spread(cells: Sequence[CellRows]) -> Picture:
    """Draw each replicate's KL(q‖p) on a logarithmic axis, with the margins."""
    return _spread(
        *(cells, "kl", "KL in nats", "no finite positive KL"),
        axis=KL_AXIS if cells[0].kl_margins else "KL(q‖p), nats",
        title="KL divergence of every replicate",
        caption="One mark a replicate; the bar is the median with its 95 % interval."
        + _margins_told(cells[0]),
    )


def _margins_told(cell: CellRows) -> str:
    if not cell.kl_margins:
        return f" A replicate that {cell.within(cell.margin)} has converged, wherever it is here."
    margin, near = map(setting, cell.kl_margins)
    return (
        f" Left of the first dashed line ({margin} nats) a replicate has converged, left of the "
        f"second ({near}) it is near."
    )


def worth_spread(cells: Sequence[CellRows]) -> Picture:
    """Draw each replicate's worth on a logarithmic axis."""
    return _spread(
        *(cells, "worth_kl", "worth", "worth no sample, or diverged"),
        axis="worth, real samples",
        title="Worth of every replicate",
        caption="The number of real samples from which the maximum-likelihood Gaussian comes "
        "as near to the truth at its median: half of such fits come nearer.",
    )


def _spread(
    cells: Sequence[CellRows], column: str, name: str, why: str, axis: str, title: str, caption: str
) -> Picture:
    """Draw a column in a strip for each cell."""
    cells, rest = cells[:MOST_STRIPS], cells[MOST_STRIPS:]
    medians = "; ".join(f"{c.label}: median {name} {number(c.summary[column])}" for c in cells)
    with canvas(_strip_height(cells)) as (figure, axes):
        hidden, thinned, shown = _strips(axes, cells, column)
        if column == "kl":
            margin_lines(axes, cells, color=COLOURS["ink"], zorder=1)
        axes.set_xlabel(axis)
        return picture(
            figure,
            f"fig-{column.removesuffix('_kl')}",
            title=title,
            description=f"Logarithmic axis. {medians}.",
            caption=caption + _strip_rest(hidden, thinned, cells, rest, why),
            data=shown,
        )


def margin_lines(axes: Axes, cells: Sequence[CellRows], **style: Any) -> None:
    """Draw the margins on KL across the picture."""
    for value in sorted({margin for c in cells for margin in c.kl_margins}):
        axes.axvline(value, linewidth=1, linestyle=(0, (4, 3)), **style)


def pvalues(cells: Sequence[CellRows], test: str, words: str) -> Picture | None:
    """Draw the distribution of a test's p-values over the replicates; None where it was not run."""
    column = f"{test}_pvalue"
    values = np.concatenate([cell.values(column) for cell in cells])
    kept = values[~np.isnan(values)]
    if not kept.size:
        return None
    rejected = float((kept <= 0.05).mean())
    # Bars closed on the right, so that the first one is what is rejected at 5 %.
    closed, edges = np.maximum(kept - 1e-9, 0), np.linspace(0, 1, 21)
    bars, _ = np.histogram(closed, edges)
    with canvas(2.6) as (figure, axes):
        sns.histplot(
            x=closed, bins=edges.tolist(), ax=axes, alpha=1, color=COLOURS["learned"],
            edgecolor=COLOURS["surface"],
        )  # fmt: skip
        axes.axhline(
            len(kept) / 20, color=COLOURS["ink"], linewidth=1.2, linestyle=(0, (4, 3)), zorder=3
        )
        axes.set(xlim=(0, 1), xlabel=f"p-value of the {words} test", ylabel="replicates")
        axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
        return picture(
            figure,
            f"fig-{test}",
            title=f"p-values of the {words} test over replicates",
            description=f"Histogram in steps of 0.05: {percent(rejected)} of {len(kept)} p-values "
            "are at most 0.05; 5 % would be for a perfect generator.",
            caption=f"{words} test: {percent(rejected)} of {count(len(kept))} replicates are "
            "rejected at the 5 % level (the first bar). A perfect generator would fill every bar "
            "to the dashed line."
            + not_shown(len(values) - len(kept), len(values), "without a test"),
            data=pd.DataFrame({"above": edges[:-1], "up_to": edges[1:], "replicates": bars}),
        )


def critic(cells: Sequence[CellRows]) -> Picture | None:
    """Draw the critic's correlation with ln p/q against KL; None where there is none."""
    columns = ["seed", "verdict", "kl", "critic_correlation"]
    rows = pd.concat([cell.rows[columns].assign(cell=cell.label) for cell in cells])
    drawable = _drawable(rows.dropna(subset=["critic_correlation"]), "kl")
    if drawable.empty:
        return None
    kept = _thin(drawable, "kl", MOST_POINTS)
    correlation = kept["critic_correlation"].to_numpy()
    with canvas() as (figure, axes):
        _by_verdict(axes, kept, "kl", correlation)
        plain_log_axis(axes, "x")
        axes.axhline(0, color=COLOURS["muted"], linewidth=1)
        axes.set(ylim=(-1.05, 1.05), xlabel="KL(q‖p), nats", ylabel="correlation with ln p/q")
        legend_above(axes)
        return picture(
            figure,
            "fig-critic",
            title="Correlation of the trained critic with the best critic, against KL",
            description=f"Scatter of {len(kept)} replicates; the median correlation is "
            f"{number(median(correlation), 2)}.",
            caption="A critic at 1 ranks every point as the best possible one does; at 0 it sees "
            "nothing of the difference that is left."
            + not_shown(len(rows) - len(drawable), len(rows), "no density, or no finite KL")
            + not_shown(len(drawable) - len(kept), len(drawable), "thinned by rank"),
            data=kept[["cell", *columns]],
        )


def speed(cells: Sequence[CellRows]) -> Picture | None:
    """Examples per second of every cell by both clocks; None where nothing was timed."""
    cells, rest = cells[:MOST_STRIPS], cells[MOST_STRIPS:]
    with canvas(_strip_height(cells)) as (figure, axes):
        drawable = drawn = 0
        parts, columns = [], ["seed", "examples_per_second", "chapter_examples_per_second"]
        for y, cell in enumerate(cells):
            timed = _drawable(cell.rows[columns], "examples_per_second")
            each = _thin(timed, "examples_per_second", _most(cells))
            parts.append(each.assign(cell=cell.label))
            drawable, drawn = drawable + len(timed), drawn + len(each)
            axes.scatter(
                each["examples_per_second"], y + 0.1 + _jitter(len(each), 0.4), s=12,
                color=COLOURS["muted"], alpha=0.6, label="replicates, side by side",
            )  # fmt: skip
            clocks = (("training clock", "real", "D"), ("chapter's clock", "learned", "o"))
            for value, (label, colour, marker) in zip(alone(cell), clocks, strict=True):
                if np.isfinite(value):
                    axes.scatter(
                        [value], [y + 0.1], s=55, color=COLOURS[colour], marker=marker, zorder=4,
                        label=label,
                    )  # fmt: skip
        if not drawn:
            return None
        _cell_axis(axes, cells)
        plain_log_axis(axes, "x")
        axes.set_xlabel("examples per second")
        legend_above(axes, columns=1)
        total = sum(cell.replicates for cell in cells)
        words = "; ".join(
            f"{cell.label}: {number(alone(cell)[0])} by the training clock, "
            f"{number(alone(cell)[1])} by the chapter's"
            for cell in cells
        )
        return picture(
            figure,
            "fig-speed",
            title="Examples per second by cell",
            description=f"Logarithmic axis. {words}.",
            caption="The training clock counts draws and updates; the chapter's clock also counts "
            "drawing the pictures after each epoch, in the last epoch only, as the chapter does."
            + _strip_rest(total - drawable, drawable - drawn, cells, rest, "not timed"),
            data=pd.concat(parts)[["cell", *columns]],
        )


def _strips(axes: Axes, cells: Sequence[CellRows], column: str) -> tuple[int, int, pd.DataFrame]:
    """One strip a cell from the top; returns how many marks have no place, how many are thinned
    away, and those that are drawn."""
    hidden = thinned = 0
    parts = []
    for y, cell in enumerate(cells):
        drawable = _drawable(cell.rows[["seed", "verdict", column]], column)
        shown = _thin(drawable, column, _most(cells))
        hidden += len(cell.rows) - len(drawable)
        thinned += len(drawable) - len(shown)
        parts.append(shown.assign(cell=cell.label, _y=y + 0.05 + _jitter(len(shown), 0.5)))
        low, middle, high = (cell.summary[column + end] for end in ("_low", "", "_high"))
        if np.isfinite([low, high]).all() and low > 0:
            axes.plot([low, high], [y + 0.42] * 2, color=COLOURS["ink"], linewidth=2.2)
        if np.isfinite(middle) and middle > 0:
            axes.plot(
                [middle], [y + 0.42], "|", color=COLOURS["ink"], markersize=9, markeredgewidth=2
            )
    rows = pd.concat(parts)
    if not rows.empty:
        _by_verdict(axes, rows, column, rows["_y"].to_numpy())
        legend_above(axes)
    _cell_axis(axes, cells)
    plain_log_axis(axes, "x")
    return hidden, thinned, rows[["cell", "seed", "verdict", column]]


def _jitter(n: int, height: float) -> NDArray[np.floating]:
    """Make offsets that keep neighbours of a sorted strip apart: the golden-ratio sequence."""
    return ((0.5 + np.arange(n) * 0.6180339887) % 1 - 0.5) * height


def _by_verdict(axes: Axes, rows: pd.DataFrame, x: str, y: NDArray) -> None:
    verdicts = rows["verdict"].to_numpy()
    order = [verdict for verdict in MARKERS if verdict in set(verdicts)]
    sns.scatterplot(
        x=rows[x].to_numpy(), y=y, hue=verdicts, style=verdicts, hue_order=order, style_order=order,
        palette=COLOURS, markers=MARKERS, s=30, linewidth=0.4, edgecolor=COLOURS["surface"],
        ax=axes, zorder=3,
    )  # fmt: skip


def _cell_axis(axes: Axes, cells: Sequence[CellRows]) -> None:
    """Room for one strip a cell, each under its label where there are several."""
    axes.set_ylim(len(cells) - 0.45, -0.55)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("")
    if len(cells) > 1:
        for y, cell in enumerate(cells):
            axes.text(
                0, y - 0.36, plain(cell.label, 48), transform=axes.get_yaxis_transform(),
                va="center", fontsize=9, color=COLOURS["muted"],
                # So that no line of a margin crosses the letters.
                bbox={"facecolor": COLOURS["surface"], "edgecolor": "none", "pad": 1},
            )  # fmt: skip


def _strip_height(cells: Sequence[CellRows]) -> float:
    return 2.4 if len(cells) == 1 else 0.9 + 0.85 * len(cells)


def _strip_rest(
    hidden: int, thinned: int, cells: Sequence[CellRows], rest: Sequence[CellRows], why: str
) -> str:
    total = sum(cell.replicates for cell in cells)
    more = f" {count(len(rest))} more cells are in the table." if rest else ""
    thin = not_shown(thinned, total, f"cells are thinned to {_most(cells)} evenly spaced ranks")
    return not_shown(hidden, total, why) + thin + more


def _drawable(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows that have a place on a logarithmic axis."""
    return rows.loc[np.isfinite(rows[column]) & (rows[column] > 0)]


def _most(cells: Sequence[CellRows]) -> int:
    """Count the replicates of each cell that are drawn."""
    return min(MOST_POINTS, MOST_MARKS // len(cells))


def _thin(rows: pd.DataFrame, column: str, most: int) -> pd.DataFrame:
    """The rows sorted by a column, at most so many of them at evenly spaced ranks."""
    ordered = rows.sort_values(by=[column, "seed"], kind="stable")
    if len(ordered) <= most:
        return ordered
    return ordered.iloc[np.linspace(0, len(ordered) - 1, most).round().astype(int)]
