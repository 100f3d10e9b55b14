"""Why trainings fail: in a sentence for the first screen, and in figures for every cell."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gan_eval.judging.causes import CAUSES, FLAT, sentence
from gan_eval.judging.mode_causes import MISPLACED, MODE_CAUSES
from gan_eval.pages.blocks import Block, Paragraph, Section, Table, TableBlock
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count, number, percent, setting
from gan_eval.report.cells import CellRows
from gan_eval.report.chosen import FEW
from gan_eval.report.words import listed
from gan_eval.runtime.arguments import plain
from gan_eval.study.answer.computed import modes_of

EXAMPLES = 3
"""Trainings of each page that are told in words."""

_MOST_CAUSES = 3
"""Causes that the sentence names."""


def _phrases() -> dict[str, str]:
    """How each cause ends the words “54 % …”."""
    return {
        "off centre": _("have their mean in the wrong place"),
        "collapsed": _("have collapsed along one direction"),
        "too narrow": _("are too narrow along one direction"),
        "too wide": _("are too wide along one direction"),
        "lost modes": _("have lost modes, whose mass lies on the others"),
        "off the modes": _("have too many points on no mode"),
        "uneven modes": _("have all modes, but unevenly"),
        "wrong shape": _("have modes of the wrong shape"),
        "diverged": _("diverged"),
    }


def wrong(cell: CellRows) -> pd.DataFrame:
    """The rows of a cell of which it is told what is wrong; none where rows tell of no cause.

    Without a closed form causes are those of modes, and known where the target has several.
    """
    one_mode = not _exact(cell) and modes_of(cell) is None
    if "cause" not in cell.rows or one_mode:
        return cell.rows.iloc[:0]
    return cell.rows.loc[cell.rows["cause"].ne("") & cell.rows["cause"].notna()]


def _exact(cell: CellRows) -> bool:
    return cell.config is None or cell.config.closed_form


def told(cell: CellRows) -> str:
    """Say why trainings of a cell fail, in a sentence or two; empty where none did, or no cause is
    known."""
    rows = wrong(cell)
    if rows.empty:
        return ""
    if len(rows) < FEW:
        first = rows.iloc[0]
        said = sentence(first.to_dict(), cell.config) if cell.config else ""
        return _("Seed {seed}: {words}").format(seed=first["seed"], words=said) if said else ""
    by = rows["cause"].value_counts()
    named = _phrases()
    parts = [
        _("{share} {what}").format(share=percent(n / len(rows)), what=named.get(str(cause), cause))
        for cause, n in by.iloc[:_MOST_CAUSES].items()
    ]
    form = n_(
        "Of the {count} that did not, {causes}.",
        "Of the {count} that did not, {causes}.",
        len(rows),
    )
    if not _exact(cell):
        form = n_(
            "Of the {count} training that did not learn the distribution, {causes}.",
            "Of the {count} trainings that did not learn the distribution, {causes}.",
            len(rows),
        )
    said = form.format(count=count(len(rows)), causes=listed(parts))
    seen, flat = rows["worst_seen"].median(), rows["flat_from"].median()
    if pd.notna(seen) and pd.notna(flat):
        said += " " + _(
            "The typical discriminator sees {seen} of that error and has been flat since epoch "
            "{epoch}: what it does not see, training does not mend."
        ).format(seen=percent(seen), epoch=setting(flat))
    elif pd.notna(seen):
        said += " " + _(
            "The typical discriminator sees {seen} of that error: what it does not see, training "
            "does not mend."
        ).format(seen=percent(seen))
    return said


def section(cells: Sequence[CellRows]) -> Section | None:
    """Count the causes of each cell; None where all have converged, or rows tell of no cause."""
    known = [cell for cell in cells if "cause" in cell.rows]
    blocks = [
        *_by_direction([cell for cell in known if _exact(cell)]),
        *_by_mode([cell for cell in known if not _exact(cell) and modes_of(cell) is not None]),
    ]
    if not blocks:
        return None
    examples = [
        Paragraph(
            _("Seed {seed} of {cell}: {words}").format(
                seed=row["seed"], cell=plain(cell.label), words=words
            )
        )
        for cell in cells[:1]
        for row in wrong(cell).head(EXAMPLES).to_dict("records")
        if cell.config and (words := sentence(row, cell.config))
    ]
    return Section("why", _("Why trainings fail"), [*blocks, *examples], folded=True)


def _by_direction(cells: Sequence[CellRows]) -> list[Block]:
    """The causes of trainings that have a closed form, by their worst direction."""
    if not any(len(wrong(cell)) for cell in cells):
        return []
    table = Table(
        _(
            "Trainings that have not learned the distribution, by what is wrong in their worst "
            "direction"
        ),
        (
            *(_("trained"), _("not learned"), *map(_, CAUSES)),
            *(_("of that error seen (median)"), _("flat since epoch (median)")),
        ),
        [
            (
                *_counts(cell, CAUSES),
                percent(wrong(cell)["worst_seen"].median()),
                number(wrong(cell)["flat_from"].median(), 2),
            )
            for cell in cells
        ],
    )
    said = _(
        "KL is a sum over directions; the worst one is that with the largest share. “Seen” is the "
        "share of its error that the trained discriminator’s last features explain: what they do "
        "not see, a flat discriminator does not answer. A discriminator is flat where its loss "
        "stays within {flat} nats of ln 2. `gan-eval dynamics` says what a discriminator can see "
        "before it is trained."
    ).format(flat=FLAT)
    return [Paragraph(said), TableBlock(table)]


def _by_mode(cells: Sequence[CellRows]) -> list[Block]:
    """The causes of trainings against several modes, by where the mass is that modes lack."""
    if not any(len(wrong(cell)) for cell in cells):
        return []
    causes = (*MODE_CAUSES, "diverged")
    table = Table(
        _("Trainings that have not learned the distribution, by what is wrong with their modes"),
        (_("trained"), _("not learned"), *map(_, causes)),
        [_counts(cell, causes) for cell in cells],
    )
    said = _(
        "What modes lack of their mass lies either on the other modes or on none. “Off the modes” "
        "has more on none, though modes may be lost there, too; “lost modes” and “uneven modes” "
        "have more on the others, with a mode lost or without. Of “wrong shape” each mode has its "
        "share, to {misplaced} of the points."
    ).format(misplaced=percent(MISPLACED))
    return [Paragraph(said), TableBlock(table)]


def _counts(cell: CellRows, causes: Sequence[str]) -> tuple[str, ...]:
    rows = wrong(cell)
    counts = (count(int((rows["cause"] == cause).sum())) for cause in causes)
    return (cell.label, count(len(rows)), *counts)
