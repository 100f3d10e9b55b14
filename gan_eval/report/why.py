"""Why trainings fail: in a sentence for the first screen, and in figures for every cell."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gan_eval.judging.causes import CAUSES, FLAT, sentence
from gan_eval.pages.blocks import Paragraph, Section, Table, TableBlock
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count, number, percent, setting
from gan_eval.report.cells import CellRows
from gan_eval.report.chosen import FEW
from gan_eval.report.words import listed
from gan_eval.runtime.arguments import plain

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
        "diverged": _("diverged"),
    }


def wrong(cell: CellRows) -> pd.DataFrame:
    """The rows of a cell that have not converged; none where rows tell of no cause."""
    if "cause" not in cell.rows:
        return cell.rows.iloc[:0]
    return cell.rows.loc[cell.rows["cause"].ne("") & cell.rows["cause"].notna()]


def told(cell: CellRows) -> str:
    """Say why trainings of a cell fail, in a sentence or two; empty where none did, or no cause is
    known."""
    rows = wrong(cell)
    if rows.empty:
        return ""
    if len(rows) < FEW:
        first = rows.iloc[0]
        known = cell.config is not None
        said = sentence(first.to_dict(), cell.config.dimension) if cell.config and known else ""
        return _("Seed {seed}: {words}").format(seed=first["seed"], words=said) if said else ""
    by = rows["cause"].value_counts()
    named = _phrases()
    parts = [
        _("{share} {what}").format(share=percent(n / len(rows)), what=named.get(str(cause), cause))
        for cause, n in by.iloc[:_MOST_CAUSES].items()
    ]
    said = n_(
        "Of the {count} that did not, {causes}.",
        "Of the {count} that did not, {causes}.",
        len(rows),
    ).format(count=count(len(rows)), causes=listed(parts))
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
    lost = {cell.label: wrong(cell) for cell in cells if "cause" in cell.rows}
    if not any(len(rows) for rows in lost.values()):
        return None
    table = Table(
        _(
            "Trainings that have not learned the distribution, by what is wrong in their worst "
            "direction"
        ),
        (
            *(_("trained"), _("not learned"), *map(_, CAUSES)),
            *(_("of that error seen (median)"), _("flat since epoch (median)")),
        ),
        [_entries(label, rows) for label, rows in lost.items()],
    )
    said = _(
        "KL is a sum over directions; the worst one is that with the largest share. “Seen” is the "
        "share of its error that the trained discriminator’s last features explain: what they do "
        "not see, a flat discriminator does not answer. A discriminator is flat where its loss "
        "stays within {flat} nats of ln 2. `gan-eval dynamics` says what a discriminator can see "
        "before it is trained."
    ).format(flat=FLAT)
    examples = [
        Paragraph(
            _("Seed {seed} of {cell}: {words}").format(
                seed=row["seed"], cell=plain(cell.label), words=words
            )
        )
        for cell in cells[:1]
        for row in wrong(cell).head(EXAMPLES).to_dict("records")
        if cell.config and (words := sentence(row, cell.config.dimension))
    ]
    return Section(
        "why", _("Why trainings fail"), [Paragraph(said), TableBlock(table), *examples], folded=True
    )


def _entries(label: str, rows: pd.DataFrame) -> tuple[str, ...]:
    return (
        *(label, count(len(rows))),
        *(count(int((rows["cause"] == cause).sum())) for cause in CAUSES),
        *(percent(rows["worst_seen"].median()), number(rows["flat_from"].median(), 2)),
    )
