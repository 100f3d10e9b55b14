"""Figures over trainings: the spread of KL, p-values, the critic, examples per second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gan_eval import plots
from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count, number, percent, setting
from gan_eval.pages.picture import Picture
from gan_eval.plots import marks, spread
from gan_eval.report.cells import CellRows
from gan_eval.report.middles import bounded, medians, middle
from gan_eval.report.tables import alone
from gan_eval.report.words import not_shown
from gan_eval.runtime.arguments import plain

MOST_STRIPS = 12
"""Cells that a strip figure has room for."""

MOST_POINTS, MOST_MARKS = 200, 800
"""Trainings of a cell, and of all cells of a figure, that are drawn one by one; more are thinned
to evenly spaced ranks."""

MARKERS = {"converged": "o", "near": "^", "failed": "s", "diverged": "X"}
"""A verdict is told by its shape as well as by its colour."""


def kl_axis(cells: Sequence[CellRows]) -> str:
    """Label an axis of KL, which may have the margins as dashed lines."""
    dashed = bool(cells[0].kl_margins)
    return _("KL(q‖p), nats (dashed: the margins)") if dashed else _("KL(q‖p), nats")


def kl_spread(cells: Sequence[CellRows]) -> Picture:
    """Draw how the trainings' KL(q‖p) spreads over seeds, with the margins."""
    return _spread(
        cells, plots.kl_spread, "kl", _("KL in nats"),
        title=_("KL divergence of every training"), caption=_margins_told(cells),
    )  # fmt: skip


def _margins_told(cells: Sequence[CellRows]) -> str:
    cell = cells[0]
    if not cell.kl_margins:
        return _("A training that {condition} has learned, wherever it is here.").format(
            condition=cell.within(cell.margin)
        )
    margin, near = map(setting, cell.kl_margins)
    return _(
        "Left of the first dashed line ({margin} nats) a training has learned the distribution, "
        "left of the second ({near}) it is near."
    ).format(margin=margin, near=near)


def worth_spread(cells: Sequence[CellRows]) -> Picture:
    """Draw how the trainings' worth spreads over seeds."""
    return _spread(
        cells, plots.worth_spread, "worth_kl", _("worth"),
        title=_("Worth of every training"),
        caption=_(
            "Worth: the number of real rows to which a Gaussian would have to be fitted to come as "
            "near to the truth."
        ),
    )  # fmt: skip


def _spread(
    cells: Sequence[CellRows], draw: Callable[..., Axes], column: str, name: str, *, title: str,
    caption: str,
) -> Picture:  # fmt: skip
    shown, rest = cells[:MOST_STRIPS], cells[MOST_STRIPS:]
    told = "; ".join(f"{c.label}: {medians([c], name)} {bounded(c, column)}" for c in shown)
    columns = ["seed", "verdict", column]
    keys = ["margin", "near_margin", "efficiency"]
    rows = pd.concat(
        [c.rows[[*columns, *keys]].assign(cell=c.label, yardstick=c.yardstick) for c in shown],
        ignore_index=True,
    )
    if column != "kl":  # diverged: worth no row
        rows[column] = rows[column].fillna(0.0)
    without = int((~(np.isfinite(rows[column]) & (rows[column] > 0))).sum())
    thinned = any(c.replicates > spread.MOST_MARKS for c in shown)
    kept = [_thin(part, column, MOST_POINTS) for _name, part in rows.groupby("cell", sort=False)]
    with canvas(3.0 if len(shown) == 1 else 1.3 + 0.55 * len(shown)) as (figure, axes):
        draw(rows, by="cell", ax=axes)
        return picture(
            figure,
            f"fig-{column.removesuffix('_kl')}",
            title=title,
            description=_("Logarithmic axis. {told}.").format(told=told),
            caption=caption
            + _marks_told(shown, thinned)
            + not_shown(without, len(rows), _("no finite value above 0"))
            + _rest_told(rest),
            data=pd.concat(kept)[["cell", *columns]],
        )  # fmt: skip


def _marks_told(cells: Sequence[CellRows], thinned: bool) -> str:
    if len(cells) == 1:
        return ""
    if thinned:
        return _(" A mark is a training; of many, some at evenly spaced ranks are drawn.")
    return _(" A mark is a training.")


def _rest_told(rest: Sequence[CellRows]) -> str:
    if not rest:
        return ""
    text = n_(" {count} more is in the table.", " {count} more are in the table.", len(rest))
    return text.format(count=count(len(rest)))


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
    bars = np.histogram(closed, edges)[0]
    with canvas(2.6) as (figure, axes):
        axes.bar(
            edges[:-1], bars, np.diff(edges), align="edge", color=COLOURS["learned"],
            edgecolor=COLOURS["surface"],
        )  # fmt: skip
        axes.axhline(
            len(kept) / 20, color=COLOURS["ink"], linewidth=1.2, linestyle=(0, (4, 3)), zorder=3
        )
        axes.set(
            xlim=(0, 1), xlabel=_("p-value of the {test} test").format(test=words),
            ylabel=_("trainings"),
        )  # fmt: skip
        axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
        return picture(
            figure,
            f"fig-{test}",
            title=_("p-values of the {test} test over trainings").format(test=words),
            description=_(
                "Histogram in steps of 0.05: {share} of {count} p-values are at most 0.05; 5 % "
                "would be for a perfect generator."
            ).format(share=percent(rejected), count=len(kept)),
            caption=_(
                "{test} test: {share} of {count} trainings are rejected at the 5 % level (the "
                "first bar). A perfect generator would fill every bar to the dashed line."
            ).format(test=words, share=percent(rejected), count=count(len(kept)))
            + not_shown(len(values) - len(kept), len(values), _("without a test")),
            data=pd.DataFrame({"above": edges[:-1], "up_to": edges[1:], "trainings": bars}),
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
        axes.set(ylim=(-1.05, 1.05), xlabel=_("KL(q‖p), nats"), ylabel=_("correlation with ln p/q"))
        legend_above(axes)
        return picture(
            figure,
            "fig-critic",
            title=_("Correlation of the trained discriminator with the best one, against KL"),
            description=_("Scatter of {count} trainings; correlation: {middle}.").format(
                count=len(kept), middle=middle(correlation, 2)
            ),
            caption=_(
                "A discriminator at 1 ranks every point as the best possible one does; at 0 it "
                "sees nothing of the difference that is left."
            )
            + not_shown(len(rows) - len(drawable), len(rows), _("no density, or no finite KL"))
            + not_shown(len(drawable) - len(kept), len(drawable), _("thinned by rank")),
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
                color=COLOURS["muted"], alpha=0.6, label=_("trainings, side by side"),
            )  # fmt: skip
            clocks = ((_("training clock"), "real", "D"), (_("chapter’s clock"), "learned", "o"))
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
        axes.set_xlabel(_("examples per second"))
        legend_above(axes, columns=1)
        total = sum(cell.replicates for cell in cells)
        told = "; ".join(
            _("{cell}: {training} by the training clock, {chapter} by the chapter’s").format(
                cell=cell.label, training=number(alone(cell)[0]), chapter=number(alone(cell)[1])
            )
            for cell in cells
        )
        return picture(
            figure,
            "fig-speed",
            title=_("Examples per second"),
            description=_("Logarithmic axis. {told}.").format(told=told),
            caption=_(
                "The training clock counts draws and updates; the chapter’s clock also counts "
                "drawing the pictures after each epoch, in the last epoch only, as the chapter "
                "does."
            )
            + _strip_rest(total - drawable, drawable - drawn, cells, rest, _("not timed")),
            data=pd.concat(parts)[["cell", *columns]],
        )


def _jitter(n: int, height: float) -> NDArray[np.floating]:
    """Make offsets that keep neighbours of a sorted strip apart: the golden-ratio sequence."""
    return ((0.5 + np.arange(n) * 0.6180339887) % 1 - 0.5) * height


def _by_verdict(axes: Axes, rows: pd.DataFrame, x: str, y: NDArray) -> None:
    verdicts = rows["verdict"].to_numpy()
    marks.by_kind(axes, rows[x].to_numpy(), y, verdicts, COLOURS, MARKERS)


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
    hidden: int, thinned: int, cells: Sequence[CellRows], rest: Sequence[CellRows], why_hidden: str
) -> str:
    total = sum(cell.replicates for cell in cells)
    why = _("thinned to {most} evenly spaced ranks").format(most=_most(cells))
    return not_shown(hidden, total, why_hidden) + not_shown(thinned, total, why) + _rest_told(rest)


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
