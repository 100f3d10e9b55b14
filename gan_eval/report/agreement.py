"""The section that says whether backends came to the same, from the rows of a study."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from gan_eval.pages.blocks import Block, Paragraph, Section, Table, TableBlock
from gan_eval.pages.numbers import count, interval, number, plural, probability
from gan_eval.report.cells import CellRows

MOST_SEEDS = 500
"""Seeds that pairs of backends are compared on; the tests take all pairs of them."""


def agreement(cells: Sequence[CellRows]) -> Section | None:
    """Compare the backends and devices of every configuration that several have trained; None where
    none is."""
    groups: dict[str, dict[str, CellRows]] = {}
    for cell in cells:
        trainer = cell.backend if cell.device == "cpu" else f"{cell.backend} on {cell.device}"
        groups.setdefault(cell.configuration, {})[trainer] = cell
    several = {name: found for name, found in groups.items() if len(found) > 1}
    if not several:
        return None
    blocks: list[Block] = []
    for configuration, found in several.items():
        blocks += _blocks(configuration, found)
    return Section("agreement", "Do the backends agree?", blocks)


def _blocks(configuration: str, cells: Mapping[str, CellRows]) -> list[Block]:
    # Imported here: a study of one backend compares none.
    from gan_eval.investigations.conformance import distribution

    every, found = _compare(cells)
    if every < distribution.FEWEST:
        return [
            Paragraph(
                f"{configuration}: {', '.join(cells)} share {plural(every, 'seed')}. From "
                f"{distribution.FEWEST} on they are compared here; `gan-eval conform` compares "
                "them step by step as well."
            )
        ]
    which = f"The same {count(every)} seeds on each, in pairs."
    if every > MOST_SEEDS:
        which = (
            f"The first {count(MOST_SEEDS)} of the {count(every)} seeds that all have, in pairs."
        )
    margin = math.exp(distribution.MARGIN)
    rows = [
        (
            f"{first} and {second}",
            count(replicates),
            *(number(math.exp(value)) for value in medians[:2]),
            interval(math.exp(medians[2]), math.exp(medians[3])),
            *(probability(pvalue) for pvalue in pvalues),
            verdict,
        )
        for first, second, replicates, medians, pvalues, verdict in found
    ]
    return [
        Paragraph(
            f"{which} “The same” is a claim of equivalence: the medians of KL differ by a factor "
            f"of less than {number(margin)} either way, shown at 5 %, and no test finds a "
            "difference. “Not shown” is neither: more seeds would decide it."
        ),
        TableBlock(
            Table(
                f"Backends in pairs: {configuration}; p-values of the learned distributions "
                "exchange pairs and are adjusted by Holm",
                (
                    *("backends", "seeds", "median KL of the first", "of the second"),
                    *("ratio of medians, 90 % interval", "MMD p", "energy p", "verdict"),
                ),
                rows,
            )
        ),
    ]


def _compare(cells: Mapping[str, CellRows]) -> tuple[int, list[tuple[Any, ...]]]:
    """Count the seeds that all have, and give for each pair: both names, replicates, ln of both
    medians and of the interval of their ratio, adjusted p-values of both tests, and the verdict."""
    from gan_eval.investigations.conformance import distribution
    from gan_eval.investigations.conformance.outcomes import Outcomes

    seeds = [cell.rows["seed"].to_numpy() for cell in cells.values()]
    shared = reduce(np.intersect1d, seeds[1:], np.unique(seeds[0]))
    if len(shared) < distribution.FEWEST:
        return len(shared), []
    kept = shared[:MOST_SEEDS]
    pairs = distribution.compare_all(
        {
            name: Outcomes.of_rows(cell.rows.loc[cell.rows["seed"].isin(kept)])
            for name, cell in cells.items()
        }
    )
    found = []
    for one in pairs:
        assert one.medians is not None
        medians = [one.medians.first, one.medians.second, one.medians.low, one.medians.high]
        pvalues = [one.adjusted[name] for name in ("mmd", "energy")]
        found.append((one.first, one.second, one.replicates, medians, pvalues, one.verdict))
    return len(shared), found
