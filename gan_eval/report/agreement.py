"""The backends of a study held against each other: a line for each on the first screen, and the
section that has the figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from gan_eval.pages.blocks import Block, Paragraph, Section, Table, TableBlock
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count, interval, number, probability
from gan_eval.report.cells import CellRows

if TYPE_CHECKING:
    from gan_eval.judging.agreement import DistributionAgreement

MOST_PAIRED = 500
"""Seeds that pairs of backends are compared on; the tests take all pairs of them."""

MOST_TOLD = 3
"""Backends that have a line of their own."""


@dataclass(frozen=True)
class Backends:
    """A comparison of the backends and devices that have trained one configuration, in pairs.

    ``shared`` counts the seeds that all have; ``kept`` of them are compared, none where they are
    too few.
    """

    configuration: str
    cells: Mapping[str, CellRows]
    shared: int
    kept: int
    pairs: Sequence[DistributionAgreement] = ()


def backends(cells: Sequence[CellRows]) -> list[Backends]:
    """Compare the backends and devices of every configuration that several have trained."""
    groups: dict[str, dict[str, CellRows]] = {}
    for cell in cells:
        groups.setdefault(cell.configuration, {})[trainer(cell)] = cell
    return [_compared(name, found) for name, found in groups.items() if len(found) > 1]


def trainer(cell: CellRows) -> str:
    """Name the backend of a cell, and its device where that is not the CPU."""
    return cell.backend if cell.device == "cpu" else f"{cell.backend} on {cell.device}"


def _compared(configuration: str, cells: Mapping[str, CellRows]) -> Backends:
    # Imported here: a study of one backend compares none.
    from gan_eval.judging import agreement as pairwise

    shared = reduce(np.intersect1d, (cell.rows["seed"].to_numpy() for cell in cells.values()))
    if len(shared) < pairwise.FEWEST:
        return Backends(configuration, cells, len(shared), 0)
    kept = shared[:MOST_PAIRED]
    outcomes = {
        name: pairwise.Outcomes.of_rows(cell.rows.loc[cell.rows["seed"].isin(kept)])
        for name, cell in cells.items()
    }
    pairs = pairwise.compare_all(outcomes)
    return Backends(configuration, cells, len(shared), len(kept), pairs)


def told(lead: CellRows, groups: Sequence[Backends]) -> list[str]:
    """Say of each other backend that trained the leading configuration whether it agrees with the
    leading one, in a sentence each."""
    here = next((group for group in groups if group.configuration == lead.configuration), None)
    if here is None:
        return []
    others = [(name, cell) for name, cell in here.cells.items() if cell is not lead]
    said = [_told(name, cell, lead, here) for name, cell in others[:MOST_TOLD]]
    if (rest := len(others) - MOST_TOLD) > 0:
        said.append(
            n_(
                "{count} more backend is in the table.", "{count} more backends are in the table.",
                rest,
            ).format(count=count(rest))
        )  # fmt: skip
    return said


def _told(name: str, cell: CellRows, lead: CellRows, here: Backends) -> str:
    from gan_eval.judging import agreement as pairwise

    who = _("PyTorch’s loop") if name == "pytorch" else f"`{name}`"
    learned = n_(
        "{some} of {n} training learned", "{some} of {n} trainings learned", cell.replicates
    )
    learned = learned.format(some=count(cell.summary["converged"]), n=count(cell.replicates))
    names = {name, trainer(lead)}
    verdict = next((p.verdict for p in here.pairs if {p.first, p.second} == names), None)
    if verdict is None:
        return _(
            "{who}: {learned}; {fewest} or more seeds in common would be needed to compare."
        ).format(who=who, learned=learned, fewest=pairwise.FEWEST)
    seeds = cell.rows["seed"]
    same = lead.rows.loc[lead.rows["seed"].isin(seeds), "verdict"].eq("converged")
    there = _("{some} of {n} from the same seeds with `{lead}`").format(
        some=count(int(same.sum())), n=count(len(same)), lead=trainer(lead)
    )
    texts = {
        pairwise.SAME: _("{who} agrees: {learned}, {there}."),
        pairwise.DIFFERENT: _("{who} differs: {learned}, {there}."),
    }
    unsure = _(
        "{who} shows no difference: {learned}, {there}; too few seeds to show that they agree."
    )
    return texts.get(verdict, unsure).format(who=who, learned=learned, there=there)


def section(groups: Sequence[Backends]) -> Section | None:
    """Write the figures of each comparison; None without any."""
    blocks = [block for group in groups for block in _blocks(group)]
    return Section("agreement", _("Do the backends agree?"), blocks, True) if blocks else None


def _blocks(group: Backends) -> list[Block]:
    from gan_eval.judging import agreement as pairwise

    if not group.kept:
        said = _(
            "{configuration}: {backends} have {seeds} seeds in common. From {fewest} on they are "
            "compared here; `gan-eval conform` compares them step by step as well."
        )
        return [
            Paragraph(
                said.format(
                    configuration=group.configuration,
                    backends=", ".join(group.cells),
                    seeds=count(group.shared),
                    fewest=pairwise.FEWEST,
                )
            )
        ]
    which = _("The same {count} seeds on each, in pairs.").format(count=count(group.shared))
    if group.shared > group.kept:
        which = _("The first {kept} of the {count} seeds that all have, in pairs.").format(
            kept=count(group.kept), count=count(group.shared)
        )
    rows = [
        (
            *(_("{a} and {b}").format(a=pair.first, b=pair.second), pair.verdict),
            interval(math.exp(medians.low), math.exp(medians.high)),
            *(number(math.exp(value)) for value in (medians.first, medians.second)),
            count(pair.replicates),
            *(probability(pair.adjusted[name]) for name in ("mmd", "energy")),
        )
        for pair in group.pairs
        if (medians := pair.medians) is not None
    ]
    said = _(
        "{which} “The same” is a claim of equivalence: the medians of KL differ by a factor of "
        "less than {factor} either way, shown at 5 %, and no test finds a difference. “Not shown” "
        "is neither: more seeds would decide it."
    )
    median = _("median KL of the first")
    if any(pair.by == pairwise.ENERGY for pair in group.pairs):
        said = _(
            "{which} “The same” is a claim of equivalence: the medians of the energy distance "
            "differ by a factor of less than {factor} either way, shown at 5 %, and no test finds "
            "a difference. “Not shown” is neither: more seeds would decide it."
        )
        median = _("median energy distance of the first")
    said = said.format(which=which, factor=number(math.exp(pairwise.MARGIN)))
    table = Table(
        _(
            "Backends in pairs: {configuration}; p-values of the learned distributions exchange "
            "pairs and are adjusted by Holm"
        ).format(configuration=group.configuration),
        (
            *(_("backends"), _("verdict"), _("ratio of medians, 90 % interval")),
            *(median, _("of the second"), _("seeds")),
            *(_("MMD p"), _("energy p")),
        ),
        rows,
        words=2,
    )
    return [Paragraph(said), TableBlock(table)]
