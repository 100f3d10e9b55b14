"""Results to a page: its sections in order, from cells and provenance, filled into the template."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.pages.blocks import Answer, Block, Card, Paragraph, Section, TableBlock, gallery
from gan_eval.pages.canvas import drawing
from gan_eval.pages.numbers import interval, number, percent, percents, plural, setting
from gan_eval.pages.page import environment, fill
from gan_eval.report import figures, tables, words
from gan_eval.report.agreement import agreement
from gan_eval.report.cells import CellRows, FactCache, cells_of
from gan_eval.report.comparisons import Compared, answer, compare, configurations
from gan_eval.report.embedded import embed
from gan_eval.report.generators import page as outside
from gan_eval.report.learned import drawable, evolution, sample_notes, sample_pictures
from gan_eval.report.losses import MOST_DRAWN, left_out, losses, of_cell
from gan_eval.report.reproduce import reproduce
from gan_eval.runtime.arguments import lower_first, plain
from gan_eval.runtime.files import write_text
from gan_eval.study.plan.study import Study
from gan_eval.study.results.results import Results


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
    provenance = results.provenance
    if outside.is_outside(provenance):
        return outside.assemble(results, facts)
    cells = cells_of(results, facts)
    study = provenance.get("study") or {}
    name = plain(study.get("name", "study"), 80)
    question = plain(study.get("question", Study().question), 200)
    compared = compare(cells, provenance)
    answered = [*answer(compared, cells), words.headline(cells)]
    return fill(
        title=f"{name}: {lower_first(question)}",
        name=name,
        question=question,
        answer=Answer(
            answered[0],
            sentences=[(None, sentence) for sentence in answered[1:]] + _sentences(cells),
            cards=_cards(cells),
        ),
        incomplete=words.completeness(provenance),
        sections=_sections(cells, compared, results, facts, benchmarks),
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
    found: list[tuple[str | None, str]] = [(None, s) for s in words.answer(cells[0])]
    if len(cells) > 1:
        found = [(cell.label, words.opening(cell)) for cell in cells[: words.MANY_CELLS]]
    if (rest := len(cells) - words.MANY_CELLS) > 0:
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
    saw = f"of the {cell.config.n_examples} it saw: " if cell.config else ""
    drawn = f"; {number(chapter)} by the chapter's clock" if math.isfinite(chapter) else ""
    return [
        Card(
            "converged",
            percent(s["converged_share"]),
            f"{cell.within(cell.margin).removeprefix('has ').removeprefix('is ')}; 95 % interval "
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
            f"{saw}efficiency {percent(s['efficiency'])}",
        ),
        Card(
            "told apart after",
            f"{number(s['samples_to_detect'], 2)} samples",
            "by a 5 % likelihood-ratio test with 80 % power (median)",
        ),
        Card("examples/sec", number(speed), f"training clock{drawn}"),
    ]


def _sections(
    cells: Sequence[CellRows],
    compared: Compared | None,
    results: Results,
    facts: FactCache,
    benchmarks: pd.DataFrame | None,
) -> list[Section]:
    provenance = results.provenance
    made = [environment(provenance), reproduce(provenance)]
    timed = [] if benchmarks is None else [benchmarked(benchmarks, results, facts)]
    if not cells:
        return [*timed, *made]
    beside = (words.why(cells), compared and configurations(compared, cells), agreement(cells))
    return [
        verdicts(cells),
        *(section for section in beside if section),
        moments(cells),
        spread(cells),
        samples(cells),
        losses(cells),
        tests(cells, provenance.get("study") or {}),
        critic(cells),
        speed(cells, provenance),
        *timed,
        distances(cells),
        replicates(cells),
        *made,
    ]


_OPEN_ENTRIES = 9
"""Rows of a table of moments up to which it stands open."""

MOST_TABLES = 100
"""Cells that have tables of their own, of moments and of distances."""


def verdicts(cells: Sequence[CellRows]) -> Section:
    first = cells[0]
    text = (
        f"{_margins(first)} Share intervals "
        "are Clopper–Pearson, median intervals come from order statistics; a diverged replicate "
        "counts as an infinite KL. Samples to detect is the number after which a 5 % "
        "likelihood-ratio test tells the median replicate from the truth with 80 % power."
    )
    return Section("verdicts", "Verdicts", [TableBlock(tables.verdicts(cells)), Paragraph(text)])


def _margins(cell: CellRows) -> str:
    if not cell.kl_margins:
        return (
            f"A replicate that {cell.within(cell.margin)} has converged, one that "
            f"{cell.within(cell.near_margin)} is near, the others failed; "
            "diverged means weights that are not finite."
        )
    return (
        f"Margins on KL(q‖p): converged up to {setting(cell.margin)} nats, near up to "
        f"{setting(cell.near_margin)}, failed above; diverged means weights that are not finite. "
        f"Within {setting(cell.margin)} nats the total variation is at most "
        f"{number(min(1.0, math.sqrt(cell.margin / 2)), 2)} (Pinsker)."
    )


def moments(cells: Sequence[CellRows]) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "The target is N(b, AᵀA). The generator is linear, so the mean and the covariance of "
            "what it has learned are exact, not estimated from samples. Ranges are over seeds."
        )
    ]
    made = [tables.moments(cell) for cell in cells[:MOST_TABLES]]
    blocks += [
        TableBlock(table, folded=position > 0 or len(table.rows) > _OPEN_ENTRIES)
        for position, table in enumerate(made)
        if table is not None
    ]
    if missing := made.count(None):
        blocks.append(Paragraph(f"{plural(missing, 'cell')} without stored settings left out."))
    blocks += [*left_out(cells, MOST_TABLES, "without a table here"), *_over_epochs(cells)]
    return Section("moments", "Learned moments against b and AᵀA", blocks)


def _over_epochs(cells: Sequence[CellRows]) -> list[Block]:
    blocks: list[Block] = []
    for position, cell in enumerate(cells[:MOST_DRAWN]):
        if drawable(cell):
            blocks += of_cell(cell, cells)
            if drawing():
                blocks.append(evolution(cell, f"fig-epochs-{position + 1}"))
    return [*blocks, *left_out(cells)] if blocks else []


def spread(cells: Sequence[CellRows]) -> Section:
    text = "Every replicate differs from its neighbours by its seed only."
    drawn = gallery(lambda: figures.kl_spread(cells), lambda: figures.worth_spread(cells))
    return Section("spread", "Spread over seeds", [Paragraph(text), *drawn])


def samples(cells: Sequence[CellRows]) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "Generated points over the rows that the replicate was trained on. The median "
            "replicate is shown, not the best one."
        )
    ]
    for position, cell in enumerate(cells[:MOST_DRAWN]):
        blocks += of_cell(cell, cells)
        blocks += gallery(*sample_pictures(cell, f"fig-samples-{position + 1}"))
        blocks += [Paragraph(note) for note in sample_notes(cell)]
    return Section("samples", "Samples", blocks + left_out(cells))


def tests(cells: Sequence[CellRows], study: Mapping[str, Any]) -> Section:
    median = f"median {number(cells[0].summary['samples_to_detect'], 2)}"
    blocks: list[Block] = [
        Paragraph(
            f"{words.of_tests(cells, study)} Not rejecting is not convergence: it "
            "says that this many samples do not show the difference. The verdict rests on the "
            "exact KL; how many samples do show it is the column “samples to detect” of "
            f"the verdict table ({'one value a cell' if len(cells) > 1 else median})."
        )
    ]
    names = words.tests(cells)
    if any(tables.tested(cell, name)[0] for cell in cells for name in names):
        if said := words.tested(cells):
            blocks.append(Paragraph(said))
        drawn = (partial(figures.pvalues, cells, *named) for named in names.items())
        blocks += gallery(*drawn)
        blocks += [TableBlock(tables.rejections(cells)), Paragraph(words.certificate(names))]
    else:
        blocks.append(Paragraph("No test was run."))
    return Section("tests", "Two-sample tests", blocks)


def critic(cells: Sequence[CellRows]) -> Section:
    text = (
        "The best possible discriminator has the logit ln p(x)/q(x), which is known here. "
        "Both are compared on fresh real and generated samples."
    )
    drawn = gallery(lambda: figures.critic(cells))
    blocks = [Paragraph(text), *drawn, TableBlock(tables.critics(cells))]
    return Section("critic", "The critic against ln p/q", blocks)


def speed(cells: Sequence[CellRows], provenance: Mapping[str, Any]) -> Section:
    workers = provenance.get("workers")
    side = f" on {plural(workers, 'worker')}" if workers else ""
    alone = [np.isfinite(tables.alone(cell)).all() for cell in cells]
    text = "No replicate was timed alone on the machine; all of them trained side by side."
    if any(alone):
        text = (
            "Of the first configuration on each backend and device, one replicate is timed alone "
            "on the machine by both clocks; the others train "
            f"side by side{side}, so their clocks also count each other's load."
        )
        if not all(alone):
            text += " A dash stands where nothing was timed alone."
    drawn = gallery(lambda: figures.speed(cells))
    blocks = [Paragraph(text), *drawn, TableBlock(tables.speeds(cells))]
    return Section("speed", "Examples per second", blocks)


def distances(cells: Sequence[CellRows]) -> Section:
    text = (
        "Two truths: the population N(b, AᵀA), and the Gaussian fitted to the rows that the "
        "replicate saw, which is the best fit to those rows. Divergences are in nats where "
        "they have a unit."
    )
    found = [
        TableBlock(tables.distances(c), folded=i > 0) for i, c in enumerate(cells[:MOST_TABLES])
    ]
    return Section(
        "distances",
        "All distances",
        [Paragraph(text), *found, *left_out(cells, MOST_TABLES, "without a table here")],
    )


def replicates(cells: Sequence[CellRows]) -> Section:
    listed = (tables.first_replicates(cells), tables.worst_replicates(cells))
    blocks = [TableBlock(table, folded=True) for table in listed if table]
    return Section("replicates", "Replicates", blocks)


def benchmarked(table: pd.DataFrame, results: Results, facts: FactCache) -> Section:
    """Benchmarks from ``throughput.read_all``, with the time to quality of the stored epochs."""
    # Imported here: it also makes pages, and most reports have no benchmarks.
    from gan_eval.investigations.speed import page

    known = results.provenance.get("configurations") or []
    labels = {str(c["hash"]): str(c["label"]) for c in known}
    quality = pd.DataFrame(facts.of("quality", lambda: _quality(results)))
    made = page.section(table, quality, labels=labels)
    return replace(made, title="Benchmarks: examples per second")


def _quality(results: Results) -> dict[Any, Any]:
    from gan_eval.judging.time_to_quality import time_to_quality

    known = results.provenance.get("configurations") or []
    sizes = {str(c["hash"]): int(c["config"]["n_examples"]) for c in known}
    epochs = results.epochs
    if not epochs.empty:
        epochs = epochs.loc[epochs["config_hash"].isin(list(sizes))]
    if epochs.empty:
        return {}
    return time_to_quality(epochs, sizes).to_dict("list")
