"""The section that holds the configurations of a study against its first, and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from gan_eval.pages.blocks import Block, Paragraph, Section, Table, TableBlock, gallery
from gan_eval.pages.canvas import COLOURS, Picture, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.numbers import count, interval, number, percent, percents, plural, probability
from gan_eval.report.cells import CellRows
from gan_eval.report.figures import KL_AXIS, margin_lines
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
    values: list[str]
    """The values of that axis, the reference's first."""


def compare(cells: Sequence[CellRows], provenance: Mapping[str, Any]) -> Compared | None:
    """Compare a study's configurations with its first; None of a single one."""
    order = _order(cells, provenance)
    if len(order) < 2:
        return None
    compared = order[: MOST_COMPARED + 1]
    beside = [cell for cell in cells if cell.configuration in compared]
    most = max(cell.replicates for cell in beside)
    versus, values, references = _references(provenance)
    found = _compare(beside, compared, references)
    return Compared(found, len(order) - len(compared), most, versus, values)


def _references(provenance: Mapping[str, Any]) -> tuple[str, list[str], dict[str, str]]:
    """The axis along which a study compares, if any, its values, and each configuration's
    reference."""
    try:
        study = Study.parse(provenance.get("study") or {})
        if study.versus:
            values = (str(own[study.versus]) for own in study.axis_values().values())
            return study.versus, list(dict.fromkeys(values)), study.references()
    except UsageError:  # of another version
        pass
    return "", [], {}


def answer(compared: Compared | None, cells: Sequence[CellRows]) -> list[str]:
    """Answer in two sentences which configuration ends nearest to the truth, and by how much; none
    where nothing can be compared."""
    if compared is None or compared.found is None or compared.found.pairs.empty:
        return []
    pairs = compared.found.pairs.sort_values("ratio", kind="stable")
    better, worse = (int((pairs["verdict"] == verdict).sum()) for verdict in ("better", "worse"))
    verb = "is" if better == 1 else "are"
    if compared.versus:
        ends = [pairs.iloc[0], pairs.iloc[-1]]
        low, high = (f"{number(row['ratio'])} ({plain(row['configuration'])})" for row in ends)
        first, *others = (f"{plain(compared.versus)} {plain(v)}" for v in compared.values)
        better_with = others[0] if len(others) == 1 else "the others"
        return [
            f"With {better_with}, {count(better)} of {plural(len(pairs), 'configuration')} {verb} "
            f"nearer to the truth than with {first}, {count(worse)} farther.",
            f"The median KL is {low} to {high} times that of its reference.",
        ]
    first, best = compared.found.reference, pairs.iloc[0]
    nearest = str(best["configuration"]) if best["verdict"] == "better" else first
    summary = next(cell.summary for cell in cells if cell.configuration == nearest)
    said = f"The median KL of {plain(nearest)} is {number(summary['kl'])} nats"
    if nearest != first:
        said += f", {number(best['ratio'])} times that of {plain(first)} "
        said += f"({interval(best['ratio_low'], best['ratio_high'])})"
    rest = len(pairs) - better - worse
    return [
        f"Nearest to the truth: {plain(nearest)}, worth {number(summary['worth_kl'], 2)} real "
        "samples.",
        f"{said}. Of {plural(len(pairs), 'other')}, {count(better)} {verb} better than "
        f"{plain(first)}, {count(worse)} worse" + (f", {count(rest)} neither." if rest else "."),
    ]


def configurations(compared: Compared, cells: Sequence[CellRows]) -> Section:
    """Say which configuration is better than the first, and by how much."""
    # Imported here: a study of one configuration compares none.
    from gan_eval.judging.comparisons import FEWEST

    found = compared.found
    blocks: list[Block] = []
    if found is None:
        blocks.append(Paragraph("A seed comes twice in a cell, so nothing is compared here."))
    elif found.pairs.empty:
        said = f"No configuration has {FEWEST} seeds in common with {plain(found.reference)}: more "
        blocks.append(Paragraph(f"{said}replicates would make a comparison possible."))
    else:
        blocks += [
            Paragraph(_answer(found, compared.versus)),
            Paragraph(_method(found, compared.most)),
        ]
        blocks += [TableBlock(_pairs(found)), TableBlock(_aggregates(found))]
        blocks += gallery(lambda: _profiles(found, cells))
        blocks.append(TableBlock(_quantiles(found), folded=True))
        if left := found.left_out:
            names = ", ".join(plain(name) for name in left[:5])
            names += f" and {count(len(left) - 5)} more" if len(left) > 5 else ""
            said = f"Without {FEWEST} seeds in common with the reference: {names}."
            blocks.append(Paragraph(said))
        if rest := compared.rest:
            blocks.append(Paragraph(f"Not compared here: {plural(rest, 'more configuration')}."))
    return Section("configurations", "Which configuration is better?", blocks)


def _compare(
    cells: Sequence[CellRows], order: Sequence[str], references: Mapping[str, str]
) -> Comparisons | None:
    """Compare configurations on the seeds that they share; None where a seed comes twice."""
    from gan_eval.judging.comparisons import compare_configurations

    columns = ["configuration", "backend", "device", "seed", "verdict", "kl"]
    rows = pd.concat([cell.rows[columns] for cell in cells])
    if rows.duplicated(columns[:4]).any():
        return None
    return compare_configurations(
        rows, order=order, references=references, most_seeds=MOST_SEEDS, resamples=_RESAMPLES
    )


def _order(cells: Sequence[CellRows], provenance: Mapping[str, Any]) -> list[str]:
    """The configurations that have rows, in the study's own order."""
    there = list(dict.fromkeys(cell.configuration for cell in cells))
    entries = provenance.get("configurations") or ()
    planned = [str(entry.get("label", entry.get("hash"))) for entry in entries]
    return list(dict.fromkeys([*(n for n in planned if n in there), *there]))


def _answer(found: Comparisons, versus: str) -> str:
    """The section in a few sentences."""
    pairs = found.pairs
    ranked = pairs.sort_values("ratio", kind="stable")
    better, worse = (ranked.loc[ranked["verdict"] == verdict] for verdict in ("better", "worse"))
    best = [f"The best is {_told(better.iloc[0])}."] if len(better) else []
    worst = [f"The worst is {_told(worse.iloc[-1])}."] if len(worse) else []
    which = f"The reference is {plain(found.reference)}, the first configuration."
    if versus:
        which = f"The reference has the first value of {plain(versus)}, and all else the same."
    return (
        f"{which} "
        f"Of {plural(len(pairs), 'comparison')} with it, {count(len(better))} "
        f"{'is' if len(better) == 1 else 'are'} better, {count(len(worse))} worse, and for "
        f"{count(len(pairs) - len(better) - len(worse))} neither is shown. "
        + " ".join(best + worst)
    )


def _told(row: pd.Series) -> str:
    return (
        f"{plain(row['configuration'])}: its median KL is {number(row['ratio'])} times that of the "
        f"reference (95 % interval {interval(row['ratio_low'], row['ratio_high'])}), and it ends "
        f"nearer to the truth on {percent(row['wins'])} of the seeds"
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
    groups = found.quantiles.groupby(["configuration", "backend", "device"], sort=False)
    return Table(
        "Quantiles of KL(q‖p), nats, with 95 % bootstrap intervals",
        ("configuration", "backend", *map(percent, marks)),
        [
            (
                *(plain(name), _where(backend, device)),
                *(_bounded(row, "value") for row in part.to_dict("records")),
            )
            for (name, backend, device), part in groups
        ],
        words=2,
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
            shown = {"color": COLOURS[colour], "linestyle": dashes, "label": plain(name, 30)}
            axes.plot(part["threshold"], part["share"], **shown)
            axes.fill_between(
                part["threshold"], part["share_low"], part["share_high"],
                color=COLOURS[colour], alpha=0.15, linewidth=0,
            )  # fmt: skip
        margin_lines(axes, cells, color=COLOURS["muted"])
        plain_log_axis(axes, "x")
        axes.set(ylim=(0, 1), xlabel=KL_AXIS, ylabel="share within")
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


def _drawn(found: Comparisons) -> list[str]:
    """The reference, the two best of the others and the worst, by the interquartile mean."""
    others = found.aggregates.loc[found.aggregates["configuration"] != found.reference]
    ranked = others.sort_values("iqm", kind="stable")["configuration"].tolist()
    return list(dict.fromkeys([found.reference, *ranked[:2], *ranked[-1:]]))[:_MOST_CURVES]
