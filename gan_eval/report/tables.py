"""The tables of the page: plain cells of text, made from rows and summaries, and replicates one by
one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from gan_eval.judging.judge import VERDICTS
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import (
    MISSING,
    count,
    interval,
    median,
    number,
    percent,
    percents,
    plural,
    probability,
    spread,
)
from gan_eval.pages.page import MOST_ROWS
from gan_eval.report.cells import CellRows
from gan_eval.report.words import tests

_DISTANCES = (
    ("kl", "KL(q‖p), nats"),
    ("kl_reverse", "KL(p‖q), nats"),
    ("jeffreys", "Jeffreys, nats"),
    ("bures_wasserstein", "Bures–Wasserstein W₂"),
    ("hellinger", "Hellinger"),
    ("total_variation", "total variation"),
    ("mmd2", "MMD² (Gaussian kernel)"),
    ("energy_distance", "energy distance"),
    ("mahalanobis_error", "Mahalanobis error of the mean"),
    ("covariance_distance", "affine-invariant covariance distance"),
)


def verdicts(cells: Sequence[CellRows]) -> Table:
    """List the verdicts and medians of each cell."""
    return Table(
        "Verdicts by cell: counts, and medians over replicates with 95 % intervals",
        (
            *("cell", "replicates", "converged", "near", "failed", "diverged", "share converged"),
            *("median KL(q‖p), nats", "5–95 % of KL", "worth, real samples", "samples to detect"),
        ),
        [
            (
                cell.label,
                *(count(s[name]) for name in ("replicates", *VERDICTS)),
                f"{percent(s['converged_share'])} "
                f"({percents(s['converged_share_low'], s['converged_share_high'])})",
                _with_interval(cell, "kl"),
                interval(s["kl_q05"], s["kl_q95"]),
                _with_interval(cell, "worth_kl"),
                number(s["samples_to_detect"], 2),
            )
            for cell, s in ((cell, cell.summary) for cell in cells)
        ],
    )


def moments(cell: CellRows) -> Table | None:
    """List every entry of the learned mean and covariance beside b and AᵀA."""
    if cell.config is None:
        return None
    truth = cell.config.truth
    d = cell.config.dimension
    names = [(f"mean {i + 1}", f"mean_{i + 1}", truth.mean[i]) for i in range(d)]
    names += [
        (f"covariance {i + 1}, {j + 1}", f"covariance_{i + 1}_{j + 1}", truth.covariance[i, j])
        for i in range(d)
        for j in range(i, d)
    ]
    lawful, rows = cell.by_kl(), []
    for label, column, value in names:
        learned = cell.values(column)[lawful]
        middle, low, high = (spread(learned, q) for q in (0.5, 0.05, 0.95))
        errors = (learned - value, np.abs(learned - value))
        entries = (label, number(value, 4), number(middle), interval(low, high))
        rows.append((*entries, *(number(median(error)) for error in errors)))
    left = int(cell.summary["diverged"])
    beside = f" (without {count(left)} diverged, which have none)" if left else ""
    return Table(
        f"Learned moments against b and AᵀA: {cell.label}, over {count(cell.replicates - left)} "
        f"replicates{beside}",
        ("entry", "truth", "median learned", "5–95 %", "median error", "median |error|"),
        rows,
    )


def rejections(cells: Sequence[CellRows]) -> Table:
    """List how often each test tells generated from real samples at the 5 % level, of the
    replicates that were tested."""
    rows = []
    for cell in cells:
        for name, words in tests(cells).items():
            n, rejected, middle = tested(cell, name)
            sure = stats.binomtest(rejected, n).proportion_ci(0.95) if n else None
            rows.append(
                (
                    cell.label,
                    words,
                    count(n) if n == cell.replicates else f"{count(n)} of {count(cell.replicates)}",
                    percent(rejected / n) if n else MISSING,
                    percents(sure.low, sure.high) if sure else MISSING,
                    probability(middle),
                )
            )
    return Table(
        "Tests of generated samples at the 5 % level",
        ("cell", "test", "replicates tested", "rejected", "95 % interval", "median p-value"),
        rows,
        words=2,
    )


def tested(cell: CellRows, name: str) -> tuple[int, int, float]:
    """Count the p-values of this test, and those of at most 5 %; compute their median."""
    pvalues = cell.values(f"{name}_pvalue")
    return int((~np.isnan(pvalues)).sum()), int((pvalues <= 0.05).sum()), median(pvalues)


def critics(cells: Sequence[CellRows]) -> Table:
    """Compare the discriminator at the end of training with the best there is."""
    return Table(
        "The trained critic against ln p/q, over replicates where both exist",
        (
            *("cell", "replicates", "median correlation", "5–95 %"),
            *("median mean |error|, nats", "5–95 % of |error|"),
        ),
        [
            (
                cell.label,
                count(_spread(cell, "critic_correlation")[0]),
                *_median_and_range(cell, "critic_correlation"),
                *_median_and_range(cell, "critic_error"),
            )
            for cell in cells
        ],
    )


def speeds(cells: Sequence[CellRows]) -> Table:
    """Examples per second, by both clocks, and as ratios to the chapter's PyTorch loop, or to the
    slowest cell where that was not trained."""
    loops = [cell.backend == "pytorch" for cell in cells]
    speed = [(*alone(cell), _spread(cell, "examples_per_second")[1]) for cell in cells]
    of_base = [values for values, loop in zip(speed, loops, strict=True) if loop or not any(loops)]
    slowest = [
        min(filter(np.isfinite, values), default=np.nan) for values in zip(*of_base, strict=True)
    ]
    to = "the PyTorch loop" if any(loops) else "slowest"

    def ratio(value: float, to: float) -> str:
        return f"{number(value / to)} ×" if np.isfinite(value / to) else MISSING

    return Table(
        "Examples per second: one replicate timed alone on the machine by both clocks, and the "
        "median of all replicates, which train side by side",
        (
            *("cell", "training clock", "chapter's clock", f"training clock, ratio to {to}"),
            *("median side by side", f"side by side, ratio to {to}"),
        ),
        [
            (
                *(cell.label, number(training), number(chapter), ratio(training, slowest[0])),
                *(number(together), ratio(together, slowest[2])),
            )
            for cell, (training, chapter, together) in zip(cells, speed, strict=True)
        ],
    )


def alone(cell: CellRows) -> tuple[float, float]:
    """Medians of the training clock and the chapter's, over the replicates with both."""
    chapter = cell.values("chapter_examples_per_second")
    timed = ~np.isnan(chapter)
    return median(cell.values("examples_per_second")[timed]), median(chapter)


def distances(cell: CellRows) -> Table:
    """List every distance to both truths."""
    return Table(
        f"Distances of the learned distribution to both truths: {cell.label}",
        (
            *("distance", "to N(b, AᵀA), median", "to N(b, AᵀA), 5–95 %"),
            *("to the rows it saw, median", "to the rows it saw, 5–95 %"),
        ),
        [
            (words, *_median_and_range(cell, column), *_median_and_range(cell, f"{column}_rows"))
            for column, words in _DISTANCES
        ],
    )


def _with_interval(cell: CellRows, name: str) -> str:
    low, high = cell.summary[f"{name}_low"], cell.summary[f"{name}_high"]
    known = low != -np.inf and not np.isnan(low)
    return number(cell.summary[name]) + (f" ({interval(low, high)})" if known else "")


def _median_and_range(cell: CellRows, name: str) -> tuple[str, str]:
    _, middle, low, high = _spread(cell, name)
    return number(middle), interval(low, high)


def _spread(cell: CellRows, name: str) -> tuple[int, float, float, float]:
    """Count the replicates that have a value; compute the median, and the 5 % and 95 % quantiles;
    NaN where a column is not there."""
    values = cell.values(name) if name in cell.rows else np.array([])
    low, middle, high = (spread(values, q) for q in (0.05, 0.5, 0.95))
    return int((~np.isnan(values)).sum()), middle, low, high


MOST_SEEDS = 100
"""Replicates of a cell that are listed; all cells together have ``MOST_ROWS``."""

MOST_WORST = 20
"""Failed and diverged replicates that are listed although their seeds are not among the first."""

_NUMBERS = ("kl", "worth_kl", "samples_to_detect", "loss_D", "loss_G")
_LISTED = ("seed", "verdict", *_NUMBERS, "critic_correlation", "examples_per_second")


def _head(cells: Sequence[CellRows]) -> tuple[str, ...]:
    return (
        *("cell", "seed", "verdict", "KL(q‖p)", "worth, real samples", "samples to detect"),
        *("loss_D", "loss_G", *(f"{words} p" for words in tests(cells).values())),
        *("critic correlation", "examples/sec"),
    )


def first_replicates(cells: Sequence[CellRows]) -> Table:
    """List the first replicates of each cell, as many as the page has room for."""
    total, rows = sum(cell.replicates for cell in cells), []
    for cell, shown in zip(cells, _shown(cells), strict=True):
        rows += [_entries(cell, row) for row in cell.rows.iloc[:shown].to_dict("records")]
    which = "All replicates"
    if len(rows) < total:
        each = f"{count(max(_shown(cells)))} seeds"
        each += "" if len(cells) == 1 else " at most of each cell"
        which = f"The first {each}, {count(len(rows))} of {count(total)} replicates"
    return Table(f"{which}; gan-eval export gives every column of every one", _head(cells), rows)


def worst_replicates(cells: Sequence[CellRows]) -> Table | None:
    """List the worst of the failed and diverged replicates that ``first_replicates`` leaves out;
    None without any.

    Diverged ones come first, then the largest KL.
    """
    left = []
    for position, (cell, shown) in enumerate(zip(cells, _shown(cells), strict=True)):
        wrong = cell.rows["verdict"].isin(["failed", "diverged"]).to_numpy(copy=True)
        wrong[:shown] = False
        listed = [*_LISTED, *(name for name in cell.rows if str(name).endswith("_pvalue"))]
        left.append(cell.rows.loc[wrong, listed].assign(_cell=position))
    bad = pd.concat(left, ignore_index=True)
    if bad.empty:
        return None
    order = np.lexsort((bad["seed"], bad["_cell"], -bad["kl"], bad["verdict"] != "diverged"))
    rows = bad.iloc[order[:MOST_WORST]].to_dict("records")
    which = f"The worst {count(len(rows))} of the" if len(rows) < len(bad) else "The"
    return Table(
        f"{which} {plural(len(bad), 'failed or diverged replicate')} with later seeds",
        _head(cells),
        [_entries(cells[row["_cell"]], row) for row in rows],
    )


def _shown(cells: Sequence[CellRows]) -> list[int]:
    """Count the replicates of each cell that are listed."""
    room, shown = MOST_ROWS, []
    each = min(MOST_SEEDS, max(MOST_ROWS // len(cells), 1)) if len(cells) > 1 else MOST_SEEDS
    for cell in cells:
        shown.append(min(each, cell.replicates, room))
        room -= shown[-1]
    return shown


def _entries(cell: CellRows, row: Mapping[Any, Any]) -> list[str]:
    return [
        *(cell.label, str(row["seed"]), str(row["verdict"])),
        *(number(row[name]) for name in _NUMBERS),
        *(probability(row[f"{test}_pvalue"]) for test in tests([cell])),
        number(row["critic_correlation"], 2),
        number(row["examples_per_second"]),
    ]
