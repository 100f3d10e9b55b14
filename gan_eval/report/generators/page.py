"""Results of outside generators to a page: its answer, its tables and pictures, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from gan_eval.pages.blocks import (
    Answer,
    Block,
    Heading,
    Paragraph,
    Section,
    TableBlock,
    gallery,
)
from gan_eval.pages.numbers import plural
from gan_eval.pages.page import environment, fill
from gan_eval.pages.picture import Picture, drawing
from gan_eval.report.cells import FactCache
from gan_eval.report.generators import answer, figures, listed, samples, tables, words
from gan_eval.report.generators.entrants import Entrant, entrants_of
from gan_eval.report.reproduce import reproduce
from gan_eval.report.words import completeness
from gan_eval.runtime.arguments import lower_first, plain
from gan_eval.study.results.results import Results


def assemble(results: Results, facts: FactCache) -> str:
    """Write the page of a study of outside generators, without its data.

    Parameters
    ----------
    results : Results
        Of a study whose ``provenance["study"]["generator"]`` is not None.
    facts : FactCache
        What rests on checkpoints is kept here, so that ``verify`` has it.
    """
    entrants = entrants_of(results, facts)
    provenance = results.provenance
    study = provenance.get("study") or {}
    name, question = plain(study.get("name", "study"), 80), plain(answer.question(study), 200)
    return fill(
        title=f"{name}: {lower_first(question)}",
        name=name,
        question=question,
        answer=Answer(
            answer.headline(entrants, study),
            sentences=words.answers(entrants),
            picture=_beside(entrants),
            cards=words.cards(entrants),
            next_steps=answer.next_steps(entrants, provenance),
        ),
        incomplete=completeness(provenance),
        sections=_sections(entrants, provenance),
        created=provenance.get("created"),
    )


def _leading(entrants: Sequence[Entrant]) -> Entrant | None:
    """Choose the own entrant whose rows stand beside the headline: what learned most often."""
    drawn = [one for one in samples.sampled(entrants)[0] if one.own]
    return max(drawn, key=lambda one: one.summary["converged_share"], default=None)


def _beside(entrants: Sequence[Entrant]) -> Picture | None:
    """Draw rows of the leading entrant over real ones; where none are stored, the worths."""
    if not drawing() or not entrants:
        return None
    leading = _leading(entrants)
    made = None if leading is None else samples.sample_pictures(entrants).get(leading.position)
    return figures.worth_spread(entrants) if made is None else made()


def _sections(entrants: Sequence[Entrant], provenance: Mapping[str, Any]) -> list[Section]:
    made = [environment(provenance), reproduce(provenance)]
    if not entrants:
        return made
    own = [entrant for entrant in entrants if entrant.own]
    found = (
        _side_by_side(entrants),
        _in_words(entrants),
        *_rows(entrants),
        _spread(entrants),
        _checkpoints(own),
        _modes(own),
        _tests(entrants),
        _failures(entrants),
        _computed(entrants),
        _replicates(entrants),
    )
    sections = [*(section for section in found if section), *made]
    return sorted(sections, key=lambda section: section.folded)


def _side_by_side(entrants: Sequence[Entrant]) -> Section:
    text = (
        "Baselines stand beside the study's own generators: the Gaussian fit (a Gaussian with the "
        "mean and the covariance of the training rows), the bootstrap (training rows drawn again, "
        "a copier) and the real rows themselves (fresh rows of the truth, the best that can be)."
    )
    few = entrants[:_MOST_TOLD]
    listed = (tables.entrants(entrants), tables.rows_of(entrants), tables.seconds(entrants))
    folded = [TableBlock(table, folded=True) for table in listed if table is not None]
    blocks: list[Block] = [TableBlock(tables.brief(few)), Paragraph(text), *folded]
    if (more := len(entrants) - len(few)) > 0:
        blocks.insert(1, Paragraph(f"{plural(more, 'more entrant')} in the folded table."))
    return Section("entrants", "Who took part, and how did each do?", blocks)


def _in_words(entrants: Sequence[Entrant]) -> Section:
    """A paragraph for each entrant."""
    blocks: list[Block] = []
    for entrant in entrants[:_MOST_TOLD]:
        blocks += [Heading(entrant.label), Paragraph(" ".join(words.told(entrant)))]
    if (more := len(entrants) - _MOST_TOLD) > 0:
        blocks.append(Paragraph(f"{plural(more, 'more entrant')} in the table of all."))
    return Section("told", "In words", blocks, folded=True)


_MOST_TOLD = 12
"""Entrants that have a row of the first table, and a paragraph of their own."""

_MOST_OPEN = 4
"""Pictures of rows that stand unfolded."""


def _rows(entrants: Sequence[Entrant]) -> list[Section]:
    drawn, stored = samples.sampled(entrants)
    if not drawn:
        said = "No generated rows are stored with these results."
        return [Section("samples", "Generated rows", [Paragraph(said)], folded=True)]
    text = (
        "Generated rows over real rows of the first seed that gave some, on shared axes that fit "
        "the real rows; of more than two columns the first two with numbers."
    )
    leading = _leading(entrants)
    makers = [
        make
        for position, make in samples.sample_pictures(entrants).items()
        if leading is None or position != leading.position
    ]
    blocks: list[Block] = [Paragraph(text), *gallery(*makers[:_MOST_OPEN])]
    folded = gallery(*makers[_MOST_OPEN:])
    if lacking := len(entrants) - stored:
        blocks.append(Paragraph(f"Of {plural(lacking, 'entrant')} no generated rows are stored."))
    if (rest := stored - len(drawn)) > 0:
        blocks.append(Paragraph(f"{plural(rest, 'more entrant')} not drawn."))
    made = [Section("samples", "What do the rows look like?", blocks)]
    if folded:
        made.append(Section("more-samples", "Generated rows of more entrants", folded, folded=True))
    return made


def _spread(entrants: Sequence[Entrant]) -> Section | None:
    made = figures.worth_spread if _leading(entrants) is not None else lambda _: None
    blocks = gallery(lambda: made(entrants))
    text = (
        "Replicates of an entrant differ by their seed only, which also draws the training rows. "
        "The worth of a generator is the number of real rows that lie, as a sample, as near to the "
        "truth as its distribution does; it grows without bound as the generator comes near. It is "
        "∞ where no distance is seen in so many rows: the lower end of its interval then says what "
        "is sure."
    )
    return Section("spread", "How much does the seed matter?", [*blocks, Paragraph(text)])


def _checkpoints(own: Sequence[Entrant]) -> Section | None:
    shown = [entrant for entrant in own if len(set(figures.curves(entrant)["examples"])) > 1]
    if not shown:
        return None
    text = "A generator with `steps` is judged at each checkpoint, by as many rows every time."
    drawn = (partial(figures.checkpoints, entrant) for entrant in shown[: figures.MOST_CURVES])
    blocks: list[Block] = [Paragraph(text), *gallery(*drawn)]
    if (rest := len(shown) - figures.MOST_CURVES) > 0:
        blocks.append(Paragraph(f"{plural(rest, 'more entrant')} not drawn."))
    title = "When in the training is it good?"
    return Section("checkpoints", title, blocks, folded=len(shown) > 1)


def _modes(own: Sequence[Entrant]) -> Section | None:
    shown = [one for one in own if any(str(name).startswith("mode_share_") for name in one.rows)]
    shown = [one for one in shown if any(one.has(name) for name in _shares(one))]
    if not shown:
        return None
    drawn = (partial(figures.mode_shares, entrant) for entrant in shown[: figures.MOST_CURVES])
    text = "The target's modes are known, so each generated row near one is counted to it."
    blocks: list[Block] = [Paragraph(text), *gallery(*drawn)]
    if (rest := len(shown) - figures.MOST_CURVES) > 0:
        blocks.append(Paragraph(f"{plural(rest, 'more entrant')} not drawn."))
    return Section("modes", "Which modes are lost?", blocks, folded=len(shown) > 1)


def _shares(entrant: Entrant) -> list[str]:
    return [str(name) for name in entrant.rows if str(name).startswith("mode_share_")]


def _tests(entrants: Sequence[Entrant]) -> Section | None:
    table = tables.rejections(entrants)
    if table is None:
        return None
    text = (
        "Not rejecting is not learning: it says that so many rows do not show the difference. A "
        "perfect generator is rejected in 5 % of its trainings, up to chance, and so are the real "
        "rows."
    )
    blocks = [TableBlock(table), Paragraph(text)]
    return Section("tests", "Which tests tell them from real rows?", blocks, folded=True)


def _failures(entrants: Sequence[Entrant]) -> Section | None:
    table = listed.failures(entrants)
    if table is None:
        return None
    many = len(table.rows) > _MOST_TOLD
    return Section("failures", "What failed?", [TableBlock(table, folded=many)])


def _computed(entrants: Sequence[Entrant]) -> Section | None:
    table = listed.computed(entrants)
    if table is None:
        return None
    text = (
        "Exact: from the distributions themselves, with no error of sampling. Sampled: estimated "
        "from generated rows against real ones. Known: the target's own modes. Found: peaks of "
        "the real rows."
    )
    blocks = [TableBlock(table), Paragraph(text)]
    return Section("computed", "How was it computed?", blocks, folded=True)


def _replicates(entrants: Sequence[Entrant]) -> Section:
    return Section(
        "replicates", "Every training", [TableBlock(listed.replicates(entrants))], folded=True
    )
