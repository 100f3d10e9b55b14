"""Results to a page where a generator has hidden layers, or the target is a mixture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from gan_eval.pages.blocks import Answer, Block, Paragraph, Section, TableBlock, gallery
from gan_eval.pages.language import _
from gan_eval.pages.numbers import count
from gan_eval.pages.picture import Picture, drawing
from gan_eval.report import curves, tables, why, words
from gan_eval.report.cells import CellRows
from gan_eval.report.computed import answer, compared, over_seeds, pictures
from gan_eval.report.computed import tables as own_tables
from gan_eval.report.computed.again import Again, again
from gan_eval.report.lead import leading
from gan_eval.report.losses import left_out, of_cell
from gan_eval.report.speed import speed
from gan_eval.study.answer.computed import is_computed, modes_of
from gan_eval.study.answer.sentence import of_cells

MOST_DRAWN = 5
"""Cells that have pictures of their own."""

_MOST_OPEN = 12
"""Rows up to which a table stands open."""


def parts(cells: Sequence[CellRows], provenance: Mapping[str, Any]) -> tuple[Answer, list[Section]]:
    """Write the first screen of such a study, and its sections but for its environment: what a
    reader wants to see first, then, folded, what some ask for."""
    first = answer.answer(cells, of_cells(cells, provenance), provenance)
    taken = first.picture.identity if first.picture else ""
    lead = leading(cells)
    drawn = [(cell, again(cell)) for cell in cells[:MOST_DRAWN]] if drawing() else []
    own = [(cell, found) for cell, found in drawn if found is not None]
    made = (
        compared.section(cells) if len(cells) > 1 else None,
        _generated(cells, own, taken),
        _modes(cells),
        why.section(cells),
        _evolution(own),
        _spread(cells, taken),
        _losses(lead),
        _meshes(own),
        _distances(cells),
        _tests(cells, provenance.get("study") or {}),
        _critic(cells),
        speed(cells, provenance),
        _replicates(cells),
    )
    return first, [section for section in made if section is not None]


Drawn = Sequence[tuple[CellRows, Again]]


def _many(
    own: Drawn, draw: Callable[[CellRows, Again, str], Picture | None], name: str, taken: str = ""
) -> list[Block]:
    """The pictures of cells, but for the one that stands on the first screen."""
    named = [(cell, found, f"{name}-{cell.position + 1}") for cell, found in own]
    return gallery(*(partial(draw, *one) for one in named if one[-1] != taken))


def _generated(cells: Sequence[CellRows], own: Drawn, taken: str) -> Section | None:
    blocks = _many(own, pictures.generated, "fig-density", taken)
    blocks += [Paragraph(found.why) for _cell, found in own if found.why]
    blocks += [
        Paragraph(
            _("Points of {cell} have more than two coordinates or one: they are not drawn.").format(
                cell=cell.label
            )
        )
        for cell in cells
        if cell.config is not None and not pictures.in_plane(cell)
    ]
    if not blocks:
        return None
    text = _(
        "The typical training of each, that of the median worth: where its points lie, and where "
        "the target’s do. All shades are on one scale."
    )
    blocks = [Paragraph(text), *blocks, *left_out(cells, MOST_DRAWN)]
    return Section("samples", _("What they generate"), blocks)


def _modes(cells: Sequence[CellRows]) -> Section | None:
    shown = [cell for cell in cells if modes_of(cell) is not None]
    if not shown:
        return None
    text = _(
        "A mode is lost where a generator has at most a tenth of the mass there that the target "
        "has. Trainings of one configuration differ by their seed only."
    )
    blocks: list[Block] = [Paragraph(text)]
    for cell in shown[:MOST_DRAWN]:
        place = cell.position + 1
        blocks += of_cell(cell, shown)
        blocks += gallery(
            partial(over_seeds.masses, cell, f"fig-masses-{place}"),
            partial(over_seeds.found_histogram, cell, f"fig-found-{place}"),
        )
    blocks += left_out(shown, MOST_DRAWN)
    return Section("modes", _("Which modes are lost, and how often?"), blocks)


def _evolution(own: Drawn) -> Section | None:
    blocks = _many(own, pictures.evolution, "fig-evolution")
    if not blocks:
        return None
    text = _(
        "The same trainings from the start on. Shades are those of the pictures above, in coarser "
        "squares."
    )
    many = len(own) > 1
    return Section(
        "epochs", _("From the first epoch to the last"), [Paragraph(text), *blocks], folded=many
    )


def _meshes(own: Drawn) -> Section | None:
    blocks = _many(own, pictures.folded_mesh, "fig-mesh")
    if not blocks:
        return None
    text = _(
        "A generator maps the plane of noise into the plane of points. Where it turns the plane "
        "over, its image is folded: both sides lie over one another, and the density has an edge. "
        "A continuous map cannot leave the space between two modes empty; it can only run through "
        "it fast."
    )
    title = _("How the plane of noise is stretched and folded")
    return Section("mesh", title, [Paragraph(text), *blocks], folded=True)


def _spread(cells: Sequence[CellRows], taken: str) -> Section | None:
    if taken == "fig-worth" or not any("worth_energy" in cell.rows for cell in cells):
        return None
    text = _(
        "Worth by energy: how many real rows lie, as a sample, as near to the truth as what the "
        "generator makes. A training is worth no more than it has learned, whatever its losses."
    )
    return Section(
        "spread",
        _("From seed to seed"),
        [Paragraph(text), *gallery(lambda: over_seeds.worths(cells))],
        folded=len(cells) > 1,
    )


def _losses(lead: CellRows) -> Section:
    said = _(
        "A perfect generator leaves the discriminator nothing to tell by, so both losses read "
        "ln 2 = 0.693 nats. But a discriminator that answers 1/2 to everything reads the same, "
        "whatever the generator does."
    )
    if lead.config is not None and lead.config.loss != "cross_entropy":
        said = _("The losses are those of {loss}, which read otherwise than the chapter’s.").format(
            loss=lead.config.loss
        )
    none = "" if lead.at_ln_2().size else f" {words.losses(lead)}"
    blocks: list[Block] = [Paragraph(f"{said}{none}")]
    if lead.traced:
        blocks += gallery(
            lambda: curves.losses_of_all(lead, "fig-curves-1"),
            lambda: curves.modes_of_all(lead, "fig-curves-1"),
        )
    else:
        blocks.append(Paragraph(_("No epochs are stored.")))
    return Section("losses", _("The losses do not tell"), blocks)


def _distances(cells: Sequence[CellRows]) -> Section:
    text = _(
        "Of two coordinates of noise and of points the distances are computed from both densities, "
        "with the error stated in the last row. KL may be infinite: KL(p‖q) where the target has "
        "mass at which no point can be, KL(q‖p) where points lie on lines. Jensen–Shannon and "
        "total variation are always finite. Energy distance and MMD² are estimated from generated "
        "points. A dash: could not be computed."
    )
    listed = [
        TableBlock(own_tables.measures(cell), folded=at > 0) for at, cell in enumerate(cells[:100])
    ]
    notes = [Paragraph(one) for one in _not_measured(cells)]
    blocks = [Paragraph(text), *listed, *left_out(cells, 100), *notes]
    if any(not is_computed(cell) for cell in cells):
        blocks.append(
            Paragraph(
                _(
                    "Means, covariances and their ellipses are told of studies whose generators "
                    "are all linear."
                )
            )
        )
    return Section("distances", _("All distances"), blocks, folded=True)


def _not_measured(cells: Sequence[CellRows]) -> list[str]:
    """The reasons why something was not measured, each once, with how often it stands."""
    said = []
    for cell in cells:
        if "not_measured" not in cell.rows:
            continue
        given = cell.rows["not_measured"].dropna().astype(str)
        for reason, often in given[given != ""].value_counts().items():
            said.append(
                _("{cell}, {count} of {all} trainings: {why}.").format(
                    cell=cell.label,
                    count=count(often),
                    all=count(cell.replicates),
                    why=str(reason).rstrip("."),
                )
            )
    return said[:12]


def _tests(cells: Sequence[CellRows], study: Mapping[str, Any]) -> Section:
    text = _(
        "{tests} Not rejecting is not convergence: it says that this many samples do not show the "
        "difference. The verdict rests on the worth by energy."
    ).format(tests=words.of_tests(cells, study))
    blocks: list[Block] = [Paragraph(text)]
    names = words.tests(cells)
    if any(tables.tested(cell, name)[0] for cell in cells for name in names):
        blocks += [TableBlock(tables.rejections(cells)), Paragraph(words.certificate(names))]
    else:
        blocks = [Paragraph(_("No test was run."))]
    return Section("tests", _("Two-sample tests"), blocks, folded=True)


def _critic(cells: Sequence[CellRows]) -> Section | None:
    if not any(
        "critic_correlation" in cell.rows and cell.rows["critic_correlation"].notna().any()
        for cell in cells
    ):
        return None
    text = _(
        "The best possible discriminator has the logit ln p(x)/q(x), which is known here. Both are "
        "compared on fresh real and generated samples."
    )
    blocks = [Paragraph(text), TableBlock(tables.critics(cells))]
    return Section("critic", _("The discriminator against ln p/q"), blocks, folded=True)


def _replicates(cells: Sequence[CellRows]) -> Section:
    block = TableBlock(own_tables.replicates(cells))
    return Section("replicates", _("Training by training"), [block], folded=True)
