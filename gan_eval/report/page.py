"""Results to a page: its sections in order, filled into the template."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gan_eval.pages.blocks import Card, Section
from gan_eval.pages.environment import environment
from gan_eval.pages.numbers import interval, number, percent, percents, setting
from gan_eval.pages.page import fill
from gan_eval.report import (
    agreement,
    configurations,
    losses,
    sections,
    tables,
    words,
)
from gan_eval.report import (
    speed as measured,
)
from gan_eval.report.cells import CellRows, FactCache, cells_of
from gan_eval.report.embedded import embed
from gan_eval.runtime.files import write_text
from gan_eval.runtime.text import plain
from gan_eval.study.results.results import Results

_HERE = Path(__file__).parent


def render(results: Results, benchmarks: pd.DataFrame | None = None) -> str:
    """Write the whole report as one HTML document that fetches nothing and holds its data.

    The same results give the same text, byte for byte. Names are escaped; whatever is not drawn
    or listed is counted where it is missing.

    Parameters
    ----------
    results : Results
    benchmarks : DataFrame, optional
        From ``throughput.read_all``, shown beside.
    """
    facts = FactCache()
    return embed(assemble(results, facts, benchmarks), results, facts, benchmarks)


def assemble(results: Results, facts: FactCache, benchmarks: pd.DataFrame | None = None) -> str:
    """Write the report without its data; numbers that rest on epochs come from the facts."""
    cells = cells_of(results, facts)
    provenance = results.provenance
    study = provenance.get("study") or {}
    name = plain(study.get("name", "study"), 80)
    return fill(
        title=f"{name}: did the GAN learn the distribution?",
        name=name,
        question="Did the GAN learn the distribution?",
        headline=words.headline(cells),
        incomplete=words.completeness(provenance),
        sentences=_sentences(cells),
        cards=_cards(cells),
        sections=_sections(cells, results, provenance, facts, benchmarks),
        created=provenance.get("created"),
    )


def write(results: Results, path: str | Path, benchmarks: pd.DataFrame | None = None) -> Path:
    """Render the report into a file, whole or not at all, and return its path.

    Raises
    ------
    UsageError
        Where the file cannot be written.
    """
    write_text(path, render(results, benchmarks))
    return Path(path)


def _sentences(cells: Sequence[CellRows]) -> list[tuple[str | None, str]]:
    """The answer below the headline, each sentence with the cell it is about, if it is one's."""
    if not cells:
        return []
    if len(cells) == 1:
        found: list[tuple[str | None, str]] = [(None, s) for s in words.answer(cells[0])]
    else:
        found = [(cell.label, words.opening(cell)) for cell in cells[: words.MANY_CELLS]]
        if len(cells) > words.MANY_CELLS:
            rest = len(cells) - words.MANY_CELLS
            found.append((None, f"{rest} more cells are in the verdict table."))
    return [*found, (None, words.losses(cells))]


def _cards(cells: Sequence[CellRows]) -> list[Card]:
    """The headline numbers of a study with one cell; several cells are compared in the table."""
    if len(cells) != 1:
        return []
    cell, s = cells[0], cells[0].summary
    training, chapter = tables.alone(cell)
    speed = training if math.isfinite(training) else s["examples_per_second"]
    known = s["kl_low"] != -math.inf
    return [
        Card(
            "converged",
            percent(s["converged_share"]),
            f"KL(q‖p) ≤ {setting(cell.margin)} nats; 95 % interval "
            + percents(s["converged_share_low"], s["converged_share_high"]),
        ),
        Card(
            "median KL(q‖p)",
            f"{number(s['kl'])} nats",
            f"95 % interval {interval(s['kl_low'], s['kl_high'])}" if known else "no interval",
        ),
        Card(
            "worth",
            f"{number(s['worth_kl'], 2)} real samples",
            f"of the {cell.config.n_examples} it saw: efficiency {percent(s['efficiency'])}"
            if cell.config
            else f"efficiency {percent(s['efficiency'])}",
        ),
        Card(
            "told apart after",
            f"{number(s['samples_to_detect'], 2)} samples",
            "by a 5 % likelihood-ratio test with 80 % power (median)",
        ),
        Card(
            "examples/sec",
            number(speed),
            f"training clock; {number(chapter)} by the chapter's clock"
            if math.isfinite(chapter)
            else "training clock",
        ),
    ]


def _sections(
    cells: Sequence[CellRows],
    results: Results,
    provenance: Mapping[str, Any],
    facts: FactCache,
    benchmarks: pd.DataFrame | None,
) -> list[Section]:
    made = [environment(provenance), sections.reproduce(provenance)]
    timed = [] if benchmarks is None else [measured.section(benchmarks, results, facts)]
    if not cells:
        return [*timed, *made]
    study = provenance.get("study") or {}
    beside = configurations.configurations(cells, provenance)
    compared = agreement.agreement(cells)
    return [
        sections.verdicts(cells),
        *([beside] if beside else []),
        *([compared] if compared else []),
        sections.moments(cells),
        sections.spread(cells),
        sections.samples(cells),
        losses.losses(cells),
        sections.tests(cells, study),
        sections.critic(cells),
        sections.speed(cells, provenance),
        *timed,
        sections.distances(cells),
        sections.replicates(cells),
        *made,
    ]
