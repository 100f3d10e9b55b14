"""The sections that hold the configurations of a study against its first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from gan_eval.pages.blocks import Block, Paragraph, Section, Table, TableBlock, gallery
from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.numbers import count, interval, number, percent, percents, plural, probability
from gan_eval.pages.picture import Picture
from gan_eval.report.cells import CellRows
from gan_eval.report.configurations import table
from gan_eval.report.figures import kl_axis, margin_lines
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import UsageError
from gan_eval.study.plan.study import Study

if TYPE_CHECKING:
    from gan_eval.judging.comparisons import Comparisons

MOST_COMPARED = 40
"""Configurations beside the reference; of a larger study the first ones."""

MOST_SEEDS = 1000
"""Common seeds that are compared."""

_RESAMPLES = 1000

_MOST_CURVES = 4
"""Performance profiles in the figure: the reference, the two best and the worst of the others."""

_LINES = (
    ("real", "solid"),
    ("learned", (0, (5, 2))),
    ("converged", (0, (1, 1.5))),
    ("failed", (0, (5, 2, 1, 2))),
)
"""Colour and dashes of each curve, so that they differ without colour as well."""


class Compared(NamedTuple):
    """A comparison of a study's configurations with its first."""

    found: Comparisons | None
    """None where a seed comes twice in a cell."""
    rest: int
    """Configurations that are not compared."""
    most: int
    """The most replicates of a cell."""
    versus: str
    """The axis along which they are compared; empty where all are with the first."""
    references: dict[str, str]
    """The reference of each configuration; empty where all have the first."""


def compare(cells: Sequence[CellRows], provenance: Mapping[str, Any]) -> Compared | None:
    """Compare a study's configurations with its first; None of a single one."""
    order = _order(cells, provenance)
    if len(order) < 2:
        return None
    compared = order[: MOST_COMPARED + 1]
    beside = [cell for cell in cells if cell.configuration in compared]
    most = max(cell.replicates for cell in beside)
    versus, references = _references(provenance)
    found = _compare(beside, compared, references)
    return Compared(found, len(order) - len(compared), most, versus, references)


def _references(provenance: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The axis along which a study compares, if any, and each configuration's reference."""
    try:
        study = Study.parse(provenance.get("study") or {})
        if study.versus:
            return study.versus, study.references()
    except UsageError:  # of another version
        pass
    return "", {}


def configurations(compared: Compared, cells: Sequence[CellRows]) -> Section:
    """List the configurations, the best first, with what each is worth and how it stands to the
    study's first; how that is told is the section ``method``."""
    # Imported here: a study of one configuration compares none.
    from gan_eval.judging.comparisons import FEWEST

    found, title = compared.found, "Which configuration is better?"
    if found is None:
        said = "A seed comes twice in a cell, so nothing is compared here."
        return Section("configurations", title, [Paragraph(said)])
    blocks: list[Block] = []
    if found.pairs.empty:
        said = f"No configuration has {FEWEST} seeds in common with {plain(found.reference)}: more "
        blocks.append(Paragraph(f"{said}seeds would make a comparison possible."))
    else:
        blocks.append(Paragraph(_answer(found, compared.versus)))
    blocks += table.blocks(found, cells, compared.versus, compared.references)
    if not found.pairs.empty:
        blocks += gallery(lambda: _profiles(found, cells))
    if left := [name for name in found.left_out if name != found.reference]:
        names = "; ".join(plain(name) for name in left[:5])
        names += f" and {count(len(left) - 5)} more" if len(left) > 5 else ""
        said = f"Without {FEWEST} seeds in common with the reference: {names}."
        blocks.append(Paragraph(said))
    if rest := compared.rest:
        blocks.append(Paragraph(f"Not compared here: {plural(rest, 'more configuration')}."))
    return Section("configurations", title, blocks)


def method(compared: Compared) -> Section | None:
    """Say how configurations are compared, with all intervals; None where nothing is."""
    found = compared.found
    if found is None or found.pairs.empty:
        return None
    blocks = [
        Paragraph(_method(found, compared.most)),
        TableBlock(_pairs(found)),
        TableBlock(_aggregates(found)),
        TableBlock(_quantiles(found), folded=True),
    ]
    return Section("comparison", "How configurations are compared", blocks, folded=True)


def _compare(
    cells: Sequence[CellRows], order: Sequence[str], references: Mapping[str, str]
) -> Comparisons | None:
    """Compare configurations on the seeds that they share; None where a seed comes twice."""
    from gan_eval.judging.comparisons import compare_configurations

    columns = ["configuration", "backend", "device", "seed", "verdict", "kl"]
    rows = pd.concat([cell.rows[[*columns, "worth_kl"]] for cell in cells])
    if rows.duplicated(columns[:4]).any():
        return None
    options: dict[str, Any] = {"order": order, "references": references}
    options |= {"most_seeds": MOST_SEEDS, "resamples": _RESAMPLES}
    found = compare_configurations(rows, column="kl", **options)
    if len({cell.config.dimension for cell in cells if cell.config}) < 2 or found.pairs.empty:
        return found
    # In more dimensions a KL is larger for the same worth: there seeds are held against each other
    # by their worth.
    with np.errstate(divide="ignore"):
        errors = 1.0 / rows["worth_kl"].fillna(0.0)
    by_worth = compare_configurations(rows.assign(error=errors), column="error", **options).pairs
    names = ["wins", "wins_low", "wins_high", "pvalue", "adjusted", "verdict"]
    return replace(found, pairs=found.pairs.assign(**{name: by_worth[name] for name in names}))


def _order(cells: Sequence[CellRows], provenance: Mapping[str, Any]) -> list[str]:
    """The configurations that have rows, in the study's own order."""
    there = list(dict.fromkeys(cell.configuration for cell in cells))
    entries = provenance.get("configurations") or ()
    planned = [str(entry.get("label", entry.get("hash"))) for entry in entries]
    return list(dict.fromkeys([*(n for n in planned if n in there), *there]))


def _answer(found: Comparisons, versus: str) -> str:
    """The section in a sentence."""
    verdicts = found.pairs["verdict"]
    better, worse = (int((verdicts == verdict).sum()) for verdict in ("better", "worse"))
    which = f"the first, {plain(found.reference)}"
    if versus:
        which = f"the one that has the first value of {plain(versus)} and all else the same"
    rest = len(found.pairs) - better - worse
    return (
        f"Of {plural(len(found.pairs), 'comparison')} with {which}, "
        f"{count(better) if better else 'none'} {'are' if better > 1 else 'is'} better, "
        f"{count(worse) if worse else 'none'} worse"
        + (f", and for {count(rest)} neither is shown." if rest else ".")
    )


def _method(found: Comparisons, every: int) -> str:
    most = int(found.pairs["seeds"].max())
    which = f" The first {count(most)} seeds are compared." if every > most else ""
    return (
        "Seed by seed: from one seed all configurations see the same random numbers, wherever they "
        "draw the same thing. A configuration is better, or worse, where an exact sign test over "
        f"the common seeds says so at {percent(found.alpha)}, adjusted by {found.correction} over "
        "the whole table. Intervals of ratios, improvements, quantiles and means are percentile "
        f"bootstraps over seeds ({count(found.resamples)} resamples), each for itself; a diverged "
        f"replicate counts as an infinite KL.{which}"
    )


def _pairs(found: Comparisons) -> Table:
    several = len(found.pairs[["backend", "device"]].drop_duplicates()) > 1
    return Table(
        f"Configurations against their reference, on common seeds; p-values adjusted by "
        f"{found.correction}",
        (
            "configuration",
            *(("backend",) if several else ()),
            *("verdict", "median KL", "of the reference", "ratio of medians (95 %)", "seeds"),
            *("nearer to the truth on (95 %)", "adjusted p"),
        ),
        [
            (
                plain(row["configuration"]),
                *([_where(row["backend"], row["device"])] if several else ()),
                *(row["verdict"], number(row["median"]), number(row["median_reference"])),
                _bounded(row, "ratio"),
                *(count(row["seeds"]), _bounded(row, "wins", share=True)),
                probability(row["adjusted"]),
            )
            for row in found.pairs.to_dict("records")
        ],
        words=3 if several else 2,
    )


def _aggregates(found: Comparisons) -> Table:
    return Table(
        "Aggregates over all backends and devices (Agarwal et al. 2021): interquartile mean of KL, "
        "and the probability that a replicate is nearer to the truth than one of the reference, "
        "with stratified bootstrap intervals",
        (
            *("configuration", "replicates", "interquartile mean of KL (95 %)"),
            *("median KL (95 %)", "probability of improvement (95 %)"),
        ),
        [
            (
                *(plain(row["configuration"]), count(row["replicates"])),
                *(_bounded(row, name) for name in ("iqm", "median")),
                "the reference"
                if np.isnan(row["improvement"])
                else _bounded(row, "improvement", share=True),
            )
            for row in found.aggregates.to_dict("records")
        ],
    )


def _quantiles(found: Comparisons) -> Table:
    marks = list(dict.fromkeys(found.quantiles["quantile"]))
    several = len(found.quantiles[["backend", "device"]].drop_duplicates()) > 1
    groups = found.quantiles.groupby(["configuration", "backend", "device"], sort=False)
    return Table(
        "Quantiles of KL(q‖p), nats; the median with its 95 % bootstrap interval",
        ("configuration", *(("backend",) if several else ()), *map(percent, marks)),
        [
            (
                plain(name),
                *([_where(backend, device)] if several else ()),
                *(
                    _bounded(row, "value") if row["quantile"] == 0.5 else number(row["value"])
                    for row in part.to_dict("records")
                ),
            )
            for (name, backend, device), part in groups
        ],
        words=2 if several else 1,
    )


def _where(backend: object, device: object) -> str:
    return f"{plain(backend, 40)} on {plain(device, 20)}"


def _bounded(row: Mapping[Any, Any], name: str, share: bool = False) -> str:
    """Write an estimate with its interval, as percentages if it is a share."""
    value, low, high = (row[name + end] for end in ("", "_low", "_high"))
    if share:
        return f"{percent(value)} ({percents(low, high)})"
    return f"{number(value)} ({interval(low, high)})"


def _profiles(found: Comparisons, cells: Sequence[CellRows]) -> Picture | None:
    """Performance profiles of a few configurations: how large a share is within each KL."""
    if found.profiles.empty:
        return None
    others = found.aggregates.loc[found.aggregates["configuration"] != found.reference]
    ranked = others.sort_values("iqm", kind="stable")["configuration"].tolist()
    names = list(dict.fromkeys([found.reference, *ranked[:2], *ranked[-1:]]))[:_MOST_CURVES]
    with canvas(3.0) as (figure, axes):
        for name, (colour, dashes) in zip(names, _LINES, strict=False):
            part = found.profiles.loc[found.profiles["configuration"] == name]
            shown = {"color": COLOURS[colour], "linestyle": dashes, "label": plain(name, 48)}
            axes.plot(part["threshold"], part["share"], **shown)
            axes.fill_between(
                part["threshold"], part["share_low"], part["share_high"],
                color=COLOURS[colour], alpha=0.15, linewidth=0,
            )  # fmt: skip
        margin_lines(axes, cells, color=COLOURS["muted"])
        plain_log_axis(axes, "x")
        axes.set(ylim=(0, 1), xlabel=kl_axis(cells), ylabel="share within")
        legend_above(axes, columns=1)
        kept = found.profiles.loc[found.profiles["configuration"].isin(names)]
        columns = ["configuration", "threshold", "share", "share_low", "share_high"]
        rest = len(set(found.profiles["configuration"])) - len(names)
        more = f" The tables have {plural(rest, 'more configuration')}." if rest else ""
        medians = found.aggregates.set_index("configuration")["median"]
        halves = (f"{plain(n)}: half within {number(medians.get(n, np.nan))}" for n in names)
        return picture(
            figure,
            "fig-profiles",
            title="Performance profiles of configurations",
            description="The share of replicates within each KL, on a logarithmic axis. "
            f"{'; '.join(halves)}.",
            caption="The share of replicates that end within each KL of the truth; further to the "
            f"left is better. Bands: pointwise {100 * found.confidence:g} % bootstrap "
            f"intervals.{more}",
            data=kept.assign(configuration=kept["configuration"].map(plain))[columns],
        )
