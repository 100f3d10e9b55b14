"""The tables of the page: plain cells of text, made from rows and summaries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gan_eval.judging.verdicts import VERDICTS
from gan_eval.pages.blocks import Table
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import (
    MISSING,
    count,
    median,
    number,
    percent,
    percents,
    probability,
)
from gan_eval.report.cells import CellRows
from gan_eval.report.chosen import FEW
from gan_eval.report.middles import bounded, ends, medians, middle
from gan_eval.report.words import tests
from gan_eval.stats.shares import share_interval

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
    """List the share, the medians and the counts of verdicts of each cell."""
    return Table(
        _("Every configuration and backend; in brackets 95 % intervals over seeds"),
        (
            *(_("trained"), _("learned"), medians(cells, _("KL, nats"))),
            *(_("worth, real rows"), _("trainings")),
            *(_("converged"), _("near"), _("failed"), _("diverged")),
        ),
        [
            (
                *(cell.label, share(cell)),
                *(bounded(cell, "kl"), bounded(cell, "worth_kl", 2)),
                *(count(cell.summary[name]) for name in ("replicates", *VERDICTS)),
            )
            for cell in cells
        ],
    )


def share(cell: CellRows) -> str:
    """Write the share that has learned the distribution with its interval; the count of few."""
    s = cell.summary
    if cell.replicates < FEW:
        return _("{some} of {all}").format(some=count(s["converged"]), all=count(cell.replicates))
    bounds = percents(s["converged_share_low"], s["converged_share_high"])
    return f"{percent(s['converged_share'])} ({bounds})"


def further(cells: Sequence[CellRows]) -> Table:
    """List what else is known of each cell: how far trainings spread, and how soon they are told
    apart."""
    return Table(
        _("How far the trainings spread, and from how many samples a test tells them apart"),
        (
            *(_("trained"), _("5–95 % of KL, nats"), medians(cells, _("samples to detect"))),
            medians(cells, _("efficiency")),
        ),
        [
            (
                *(cell.label, ends(cell.values("kl"))),
                middle(cell.values("samples_to_detect"), 2),
                percent(cell.summary["efficiency"]) if cell.replicates >= FEW else MISSING,
            )
            for cell in cells
        ],
    )


def moments(cell: CellRows) -> Table | None:
    """List every entry of the learned mean and covariance beside b and AᵀA."""
    if cell.config is None:
        return None
    truth = cell.config.truth
    d = cell.config.dimension
    names = [(_("mean {i}").format(i=i + 1), f"mean_{i + 1}", truth.mean[i]) for i in range(d)]
    names += [
        (
            _("covariance {i}, {j}").format(i=i + 1, j=j + 1),
            f"covariance_{i + 1}_{j + 1}",
            truth.covariance[i, j],
        )
        for i in range(d)
        for j in range(i, d)
    ]
    lawful, rows = cell.by_kl(), []
    for label, column, value in names:
        learned = cell.values(column)[lawful]
        errors = (learned - value, np.abs(learned - value))
        entries = (label, number(value, 4), middle(learned), ends(learned))
        rows.append((*entries, *(middle(error) for error in errors)))
    left = int(cell.summary["diverged"])
    text = n_(
        "Learned moments against b and AᵀA: {cell}, over {count} training",
        "Learned moments against b and AᵀA: {cell}, over {count} trainings",
        cell.replicates - left,
    ).format(cell=cell.label, count=count(cell.replicates - left))
    if left:
        text += _(" (without {count} diverged, which have none)").format(count=count(left))
    return Table(
        text,
        (
            *(_("entry"), _("truth"), medians([cell], _("learned")), _("5–95 %")),
            *(medians([cell], _("error")), medians([cell], _("|error|"))),
        ),
        rows,
    )


def rejections(cells: Sequence[CellRows]) -> Table:
    """List how often each test tells generated from real samples at the 5 % level, of the
    trainings that were tested."""
    rows = []
    for cell in cells:
        for name, words in tests(cells).items():
            n, rejected = tested(cell, name)
            sure = share_interval(rejected, n) if n else None
            some = _("{some} of {all}").format(some=count(n), all=count(cell.replicates))
            rows.append(
                (
                    *(cell.label, words, percent(rejected / n) if n else MISSING),
                    percents(*sure) if sure else MISSING,
                    count(n) if n == cell.replicates else some,
                    pvalue(cell, name),
                )
            )
    return Table(
        _("Tests of generated samples at the 5 % level"),
        (
            *(_("trained"), _("test"), _("rejected"), _("95 % interval")),
            *(_("trainings tested"), medians(cells, _("p-value"))),
        ),
        rows,
        words=2,
    )


def tested(cell: CellRows, name: str) -> tuple[int, int]:
    """Count the p-values of this test, and those of at most 5 %."""
    pvalues = cell.values(f"{name}_pvalue")
    return int((~np.isnan(pvalues)).sum()), int((pvalues <= 0.05).sum())


def pvalue(cell: CellRows, name: str) -> str:
    """Write the median p-value of a test; of few trainings their p-values."""
    values = cell.values(f"{name}_pvalue")
    kept = values[~np.isnan(values)]
    if 0 < kept.size < FEW:
        return _(" and ").join(map(probability, np.sort(kept)))
    return probability(median(kept))


def critics(cells: Sequence[CellRows]) -> Table:
    """Compare the discriminator at the end of training with the best there is."""
    correlation, error = "critic_correlation", "critic_error"
    return Table(
        _("The trained discriminator against ln p/q, over trainings where both exist"),
        (
            *(_("trained"), medians(cells, _("correlation")), _("5–95 %")),
            *(medians(cells, _("mean |error|, nats")), _("5–95 % of |error|"), _("trainings")),
        ),
        [
            (
                *(cell.label, middle(_of(cell, correlation)), ends(_of(cell, correlation))),
                *(middle(_of(cell, error)), ends(_of(cell, error))),
                count((~np.isnan(_of(cell, correlation))).sum()),
            )
            for cell in cells
        ],
    )


def speeds(cells: Sequence[CellRows]) -> Table:
    """Examples per second, by both clocks, and as ratios to the chapter's PyTorch loop, or to the
    slowest cell where that was not trained."""
    loops = [cell.backend == "pytorch" for cell in cells]
    speed = [(*alone(cell), median(_of(cell, "examples_per_second"))) for cell in cells]
    of_base = [values for values, loop in zip(speed, loops, strict=True) if loop or not any(loops)]
    slowest = [
        min(filter(np.isfinite, values), default=np.nan) for values in zip(*of_base, strict=True)
    ]

    def ratio(value: float, to: float) -> str:
        return f"{number(value / to)} ×" if np.isfinite(value / to) else MISSING

    return Table(
        _(
            "Examples per second: one training timed alone on the machine by both clocks, and all "
            "trainings, which run side by side"
        ),
        (
            *(_("trained"), _("training clock"), _("times the PyTorch loop")),
            *(_("chapter’s clock"), medians(cells, _("side by side"))),
            _("side by side, times the PyTorch loop"),
        )
        if any(loops)
        else (
            *(_("trained"), _("training clock"), _("times the slowest")),
            *(_("chapter’s clock"), medians(cells, _("side by side"))),
            _("side by side, times the slowest"),
        ),
        [
            (
                *(cell.label, number(training), ratio(training, slowest[0]), number(chapter)),
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
        _("Distances of the learned distribution to both truths: {cell}").format(cell=cell.label),
        (
            *(_("distance"), medians([cell], _("to N(b, AᵀA)")), _("to N(b, AᵀA), 5–95 %")),
            *(medians([cell], _("to the rows it saw")), _("to the rows it saw, 5–95 %")),
        ),
        [
            (
                *(_(words), middle(_of(cell, column)), ends(_of(cell, column))),
                *(middle(_of(cell, f"{column}_rows")), ends(_of(cell, f"{column}_rows"))),
            )
            for column, words in _DISTANCES
        ],
    )


def _of(cell: CellRows, name: str) -> NDArray[np.float64]:
    """A column; no values where it is not there."""
    return cell.values(name) if name in cell.rows else np.array([])
