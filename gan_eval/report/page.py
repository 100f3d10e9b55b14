"""Results to a page: its sections in order, from cells and provenance, filled into the template."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from gan_eval.pages.blocks import Answer, Block, Paragraph, Section, TableBlock, gallery
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count, number, setting
from gan_eval.pages.page import environment, fill
from gan_eval.pages.picture import drawing
from gan_eval.report import figures, lead, tables, why, words
from gan_eval.report.agreement import Backends, backends, section
from gan_eval.report.cells import CellRows, FactCache, cells_of, is_outside
from gan_eval.report.chosen import Chosen, chosen, deceiving
from gan_eval.report.configurations import axes
from gan_eval.report.configurations.comparisons import Compared, compare, configurations, method
from gan_eval.report.ellipses import drawable, evolution
from gan_eval.report.embedded import embed
from gan_eval.report.losses import MOST_DRAWN, left_out, losses, more_losses, of_cell
from gan_eval.report.replicates import first_replicates, worst_replicates
from gan_eval.report.reproduce import reproduce
from gan_eval.report.samples import sample_notes, sample_pictures
from gan_eval.report.speed import speed
from gan_eval.runtime.arguments import lower_first, plain
from gan_eval.runtime.files import write_text
from gan_eval.study.answer.computed import is_computed
from gan_eval.study.answer.sentence import of_cells
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
    if is_outside(provenance):
        from gan_eval.report.generators import page as outside  # with the tests and all of compare

        return outside.assemble(results, facts)
    cells = cells_of(results, facts)
    study = provenance.get("study") or {}
    name = plain(study.get("name", "study"), 80)
    question = plain(_(study.get("question", Study().question)), 200)
    if any(map(is_computed, cells)):
        from gan_eval.report.computed.page import parts  # with what trains and draws generators

        answer, sections = parts(cells, provenance)
        timed = [] if benchmarks is None else [benchmarked(benchmarks, results, facts)]
        ends = (environment(provenance), reproduce(provenance))
        sections = [*sections, *timed, *map(folded, ends)]
    else:
        compared = compare(cells, provenance)
        groups = backends(cells)
        answer = _answer(cells, compared, groups, provenance)
        sections = _sections(cells, compared, groups, results, facts, benchmarks)
    return fill(
        title=f"{name}: {lower_first(question)}",
        name=name,
        question=question,
        answer=answer,
        incomplete=words.completeness(provenance),
        sections=sections,
        created=provenance.get("created"),
    )


def _answer(
    cells: Sequence[CellRows],
    compared: Compared | None,
    groups: Sequence[Backends],
    provenance: Mapping[str, Any],
) -> Answer:
    if compared is not None and (found := axes.answer(cells, compared, provenance)):
        return found
    said = of_cells(cells, provenance)
    return lead.answer(said, cells, groups, provenance) if cells else lead.nothing(said, provenance)


def write(results: Results, path: str | Path, benchmarks: pd.DataFrame | None = None) -> Path:
    """Render the report into a file, whole or not at all, and return its path.

    Raises
    ------
    UsageError
        Where the file cannot be written.
    """
    write_text(path, render(results, benchmarks))
    return Path(path)


def _sections(
    cells: Sequence[CellRows],
    compared: Compared | None,
    groups: Sequence[Backends],
    results: Results,
    facts: FactCache,
    benchmarks: pd.DataFrame | None,
) -> list[Section]:
    """The sections in order: what a reader wants to see first, then, folded, what some ask for."""
    provenance = results.provenance
    made = [environment(provenance), reproduce(provenance)]
    timed = [] if benchmarks is None else [benchmarked(benchmarks, results, facts)]
    if not cells:
        return [*timed, *(folded(section) for section in made)]
    first = lead.leading(cells)
    own = [losses(first), *epochs(first), samples(first)]
    shown = [own[0], *own[1:-1], spread(cells), own[-1]]
    if compared is not None:
        shown = [configurations(compared, cells), spread(cells), *map(folded, own)]
    details = (why.section(cells), compared and method(compared), section(groups))
    return [
        *shown,
        *timed,
        *(section for section in details if section),
        verdicts(cells),
        moments(cells, first),
        more_samples(cells, first),
        more_losses(cells, first),
        tests(cells, provenance.get("study") or {}),
        critic(cells),
        speed(cells, provenance),
        distances(cells),
        replicates(cells),
        *map(folded, made),
    ]


def folded(section: Section) -> Section:
    """Fold a section away behind its heading."""
    return replace(section, folded=True)


MOST_TABLES = 100
"""Cells that have tables of their own, of moments and of distances."""


def epochs(first: CellRows) -> list[Section]:
    """Let a slider move what the chosen trainings have learned; none where nothing is stored."""
    if not drawable(first):
        return []
    text = _("Move the slider: what these trainings had learned after each epoch, over the truth.")
    moved = [evolution(first, "fig-epochs-1")] if drawing() else []
    return [Section("epochs", _("From the first epoch to the last"), [Paragraph(text), *moved])]


def spread(cells: Sequence[CellRows]) -> Section:
    """Show how far trainings differ that differ by their seed only, and where backends stand."""
    text = _("All trainings of a row have the same settings, and differ by their seed only.")
    drawn = gallery(lambda: figures.kl_spread(cells), lambda: figures.worth_spread(cells))
    table = TableBlock(tables.verdicts(cells), folded=len(cells) > _MOST_OPEN)
    return Section("spread", _("From seed to seed"), [Paragraph(text), *drawn, table])


_MOST_OPEN = 12
"""Rows up to which the table of verdicts stands open."""


def samples(first: CellRows) -> Section:
    """Show points of the median and of a bad training of the leading cell."""
    picks = _sampled(first)
    blocks = gallery(*sample_pictures(first, picks, "fig-samples-1"))
    blocks += [Paragraph(note) for note in sample_notes(first, picks)]
    return Section("samples", _("What they generate"), blocks)


def _sampled(cell: CellRows) -> list[Chosen]:
    """The median training and the worst of those that are chosen, each once."""
    picks = chosen(cell)
    return list({pick.seed: pick for pick in (picks[:1] + picks[-1:])}.values())


def verdicts(cells: Sequence[CellRows]) -> Section:
    """Say what the verdicts mean, and list what is known of each cell besides."""
    text = f"{_margins(cells[0])} " + _(
        "Intervals of shares are Clopper–Pearson’s, those of medians come from order "
        "statistics; a diverged training counts as an infinite KL. Samples to detect is the "
        "number after which a 5 % likelihood-ratio test tells the generator from the truth "
        "with 80 % power."
    )
    blocks = [Paragraph(text), TableBlock(tables.further(cells))]
    return Section("verdicts", _("What the verdicts mean"), blocks, folded=True)


def _margins(cell: CellRows) -> str:
    if not cell.kl_margins:
        return _(
            "A training that {condition} has converged: it has learned the distribution. One that "
            "{wider} is near, the others failed; diverged means weights that are not finite."
        ).format(condition=cell.within(cell.margin), wider=cell.within(cell.near_margin))
    return _(
        "A training has converged, that is learned the distribution, with a KL(q‖p) of up to "
        "{margin} nats; it is near up to {near}, and failed above; diverged means weights that are "
        "not finite. Within {margin} nats the total variation is at most {variation} (Pinsker)."
    ).format(
        margin=setting(cell.margin),
        near=setting(cell.near_margin),
        variation=number(min(1.0, math.sqrt(cell.margin / 2)), 2),
    )


def moments(cells: Sequence[CellRows], first: CellRows) -> Section:
    """List learned means and covariances, and let a slider move those of the other cells."""
    text = _(
        "The target is N(b, AᵀA). The generator is linear, so the mean and the covariance of what "
        "it has learned are exact, not estimated from samples. Ranges are over seeds."
    )
    blocks: list[Block] = [Paragraph(text)]
    made = [tables.moments(cell) for cell in cells[:MOST_TABLES]]
    blocks += [TableBlock(table, folded=at > 0) for at, table in enumerate(filter(None, made))]
    if missing := made.count(None):
        left = n_(
            "{count} without stored settings left out.",
            "{count} without stored settings left out.",
            missing,
        )
        blocks.append(Paragraph(left.format(count=count(missing))))
    blocks += left_out(cells, MOST_TABLES)
    for position, cell in enumerate(cells[:MOST_DRAWN]):
        if cell.configuration != first.configuration and drawable(cell):
            blocks += of_cell(cell, cells)
            blocks += [evolution(cell, f"fig-epochs-{position + 1}")] if drawing() else []
    return Section("moments", _("Learned mean and covariance"), blocks, folded=True)


def more_samples(cells: Sequence[CellRows], first: CellRows) -> Section:
    """Show points of the trainings that losses pass wrongly, and of the other cells."""
    blocks: list[Block] = []
    for position, cell in enumerate(cells[:MOST_DRAWN]):
        shown = {pick.seed for pick in _sampled(cell)} if cell is first else set()
        picks = [] if cell.configuration == first.configuration else _sampled(cell)
        shown |= {pick.seed for pick in picks}
        picks += [pick for pick in deceiving(cell) if pick.seed not in shown]
        if picks:
            blocks += of_cell(cell, cells)
            blocks += gallery(*sample_pictures(cell, picks, f"fig-more-samples-{position + 1}"))
            blocks += [Paragraph(note) for note in sample_notes(cell, picks)]
    return Section("samples-more", _("More samples"), blocks + left_out(cells), folded=True)


def tests(cells: Sequence[CellRows], study: Mapping[str, Any]) -> Section:
    """Say how often two-sample tests reject what was generated."""
    text = _(
        "{tests} Not rejecting is not convergence: it says that this many samples do not show the "
        "difference. The verdict rests on the exact KL; how many samples do show it is told as "
        "“samples to detect”."
    ).format(tests=words.of_tests(cells, study))
    blocks: list[Block] = [Paragraph(text)]
    names = words.tests(cells)
    if any(tables.tested(cell, name)[0] for cell in cells for name in names):
        if said := words.tested(cells):
            blocks.append(Paragraph(said))
        drawn = (partial(figures.pvalues, cells, *named) for named in names.items())
        blocks += gallery(*drawn)
        blocks += [TableBlock(tables.rejections(cells)), Paragraph(words.certificate(names))]
    else:
        blocks.append(Paragraph(_("No test was run.")))
    return Section("tests", _("Two-sample tests"), blocks, folded=True)


def critic(cells: Sequence[CellRows]) -> Section:
    """Hold the trained discriminators against the best possible one."""
    text = _(
        "The best possible discriminator has the logit ln p(x)/q(x), which is known here. Both are "
        "compared on fresh real and generated samples."
    )
    drawn = gallery(lambda: figures.critic(cells))
    blocks = [Paragraph(text), *drawn, TableBlock(tables.critics(cells))]
    return Section("critic", _("The discriminator against ln p/q"), blocks, folded=True)


def distances(cells: Sequence[CellRows]) -> Section:
    """List every distance of every cell to both truths."""
    text = _(
        "Two truths: the population N(b, AᵀA), and the Gaussian fitted to the rows that the "
        "training saw, which is the best fit to those rows. Divergences are in nats where they "
        "have a unit."
    )
    found = [
        TableBlock(tables.distances(c), folded=i > 0) for i, c in enumerate(cells[:MOST_TABLES])
    ]
    blocks = [Paragraph(text), *found, *left_out(cells, MOST_TABLES)]
    return Section("distances", _("All distances"), blocks, folded=True)


def replicates(cells: Sequence[CellRows]) -> Section:
    """List trainings one by one."""
    listed = (first_replicates(cells), worst_replicates(cells))
    blocks = [TableBlock(table) for table in listed if table]
    return Section("replicates", _("Training by training"), blocks, folded=True)


def benchmarked(table: pd.DataFrame, results: Results, facts: FactCache) -> Section:
    """Benchmarks from ``throughput.read_all``, with the time to quality of the stored epochs."""
    # Imported here: it also makes pages, and most reports have no benchmarks.
    from gan_eval.investigations.speed import page

    known = results.provenance.get("configurations") or []
    labels = {str(c["hash"]): str(c["label"]) for c in known}
    quality = pd.DataFrame(facts.of("quality", lambda: _quality(results)))
    made = page.section(table, quality, labels=labels)
    return folded(replace(made, title=_("Benchmarks: examples per second")))


def _quality(results: Results) -> dict[Any, Any]:
    from gan_eval.judging.time_to_quality import time_to_quality, with_kl

    known = results.provenance.get("configurations") or []
    sizes = {str(c["hash"]): int(c["config"]["n_examples"]) for c in known}
    epochs = results.epochs
    if not epochs.empty:
        epochs = with_kl(epochs.loc[epochs["config_hash"].isin(list(sizes))])
    if epochs.empty:
        return {}
    return time_to_quality(epochs, sizes).to_dict("list")
