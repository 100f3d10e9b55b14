"""The section that holds the backends of a study against each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np

from gan_eval.pages.blocks import Block, Paragraph, Section, Table, TableBlock
from gan_eval.pages.numbers import count, interval, number, plural, probability
from gan_eval.report.cells import CellRows

MOST_PAIRED = 500
"""Seeds that pairs of backends are compared on; the tests take all pairs of them."""


def agreement(cells: Sequence[CellRows]) -> Section | None:
    """Compare the backends and devices of every configuration that several have trained; None where
    none is."""
    groups: dict[str, dict[str, CellRows]] = {}
    for cell in cells:
        trainer = cell.backend if cell.device == "cpu" else f"{cell.backend} on {cell.device}"
        groups.setdefault(cell.configuration, {})[trainer] = cell
    several = {name: found for name, found in groups.items() if len(found) > 1}
    blocks = [block for pair in several.items() for block in _pairs_of_backends(*pair)]
    return Section("agreement", "Do the backends agree?", blocks) if blocks else None


def _pairs_of_backends(configuration: str, cells: Mapping[str, CellRows]) -> list[Block]:
    # Imported here: a study of one backend compares none.
    from gan_eval.judging import agreement as pairwise

    shared = reduce(np.intersect1d, (cell.rows["seed"].to_numpy() for cell in cells.values()))
    every, kept = len(shared), shared[:MOST_PAIRED]
    if every < pairwise.FEWEST:
        said = (
            f"{configuration}: {', '.join(cells)} share {plural(every, 'seed')}. From "
            f"{pairwise.FEWEST} on they are compared here; `gan-eval conform` compares "
            "them step by step as well."
        )
        return [Paragraph(said)]
    which = f"The same {count(every)} seeds on each, in pairs."
    if every > len(kept):
        which = f"The first {count(len(kept))} of the {count(every)} seeds that all have, in pairs."
    outcomes = {
        name: pairwise.Outcomes.of_rows(cell.rows.loc[cell.rows["seed"].isin(kept)])
        for name, cell in cells.items()
    }
    rows = [
        (
            *(f"{pair.first} and {pair.second}", count(pair.replicates)),
            *(number(math.exp(value)) for value in (medians.first, medians.second)),
            interval(math.exp(medians.low), math.exp(medians.high)),
            *(probability(pair.adjusted[name]) for name in ("mmd", "energy")),
            pair.verdict,
        )
        for pair in pairwise.compare_all(outcomes)
        if (medians := pair.medians) is not None
    ]
    said = (
        f"{which} “The same” is a claim of equivalence: the medians of KL differ by a factor "
        f"of less than {number(math.exp(pairwise.MARGIN))} either way, shown at 5 %, and no "
        "test finds a difference. “Not shown” is neither: more seeds would decide it."
    )
    table = Table(
        f"Backends in pairs: {configuration}; p-values of the learned distributions "
        "exchange pairs and are adjusted by Holm",
        (
            *("backends", "seeds", "median KL of the first", "of the second"),
            *("ratio of medians, 90 % interval", "MMD p", "energy p", "verdict"),
        ),
        rows,
    )
    return [Paragraph(said), TableBlock(table)]
