"""A comparison as one offline HTML page, in the look of the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gan_eval.comparison.pages import answer as answers
from gan_eval.comparison.pages import (
    copies_words,
    coverage_words,
    figures,
    modes_words,
    power_words,
    tables,
    words,
    worth_words,
)
from gan_eval.comparison.pages.cards import cards
from gan_eval.pages.blocks import (
    Answer,
    Block,
    DefinitionList,
    Gallery,
    Paragraph,
    Section,
    Table,
    TableBlock,
)
from gan_eval.pages.numbers import (
    count,
    plural,
    setting,
)
from gan_eval.pages.page import fill, head
from gan_eval.pages.picture import Picture
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.provenance import environment
from gan_eval.stats.multiple import CORRECTIONS
from gan_eval.stats.result import Verdict

if TYPE_CHECKING:
    from gan_eval.comparison.comparison import Comparison

QUESTION = "Do the two samples come from one distribution?"

MOST_SHOWN = 8
"""Columns, sets of missing ones and notes that stand unfolded."""

MOST_ROWS = 500
"""Columns that the page lists, folded away."""

MOST_PATTERNS = 20
"""Sets of columns missing together that the page lists."""


def render(found: Comparison) -> str:
    """Write the page; the same comparison gives the same text, byte for byte, on one machine."""
    name = " and ".join(plain(Path(side.source).name, 40) for side in (found.real, found.generated))
    beside, others = figures.pictures(found)
    return fill(
        title=f"{name}: do they come from one distribution?",
        name=name,
        question=QUESTION,
        answer=_answer(found, beside),
        sections=_sections(found, others, beside.identity),
    )


def answer(found: Comparison) -> str:
    """Write the head of the page, for a notebook."""
    more = "Columns: `.to_frame()`. Pictures: `.plot()`. All of it as a page: `.save(path)`."
    return head(question=QUESTION, answer=_answer(found, None), more=more)


def _answer(found: Comparison, beside: Picture | None) -> Answer:
    says = [answers.verdict, words.worst_column, words.worst_direction, answers.meaning]
    if found.verdict == Verdict.COULD_NOT_TELL:  # the headline has the verdict
        says = says[1:]
    return Answer(
        headline=answers.headline(found),
        sentences=[(None, said) for say in says if (said := say(found))],
        picture=beside,
        cards=cards(found),
        next_steps=answers.next_steps(found),
    )


def _sections(found: Comparison, pictures: list[Picture], drawn: str) -> list[Section]:
    """Put what the answer rests on first, and fold away what is for whoever asks."""
    sections = [
        _columns(found, pictures),
        _modes(found),
        _coverage(found, drawn),
        _copies(found),
        _tests(found),
        _power(found),
        _worth(found),
        _distances(found),
        _directions(found),
        _data(found),
        _method(found),
    ]
    made = [section for section in sections if section is not None]
    return sorted(made, key=lambda section: section.folded)


def _tests(found: Comparison) -> Section:
    text = (
        "Likelihood ratio, Hotelling and covariance look at means and covariances, the largest "
        "column difference at single columns, the others at the whole distribution. All p-values "
        "come by permutation of the pooled rows and are exact whatever the distributions are, "
        "provided that rows are independent."
    )
    blocks = [TableBlock(tables.tests_table(found)), Paragraph(text)]
    return Section("tests", "Which tests tell them apart?", blocks)


def _distances(found: Comparison) -> Section:
    text = (
        "The Fréchet distance sees means and covariances. With the columns as they are it has "
        "their units, squared, and is ruled by the widest of them; in standard deviations all "
        "weigh alike. The bias of small samples has been taken off; FID's formula leaves it in. "
    )
    blocks = [
        TableBlock(tables.distances_table(found)),
        Paragraph((text + tables.below_zero(found)).rstrip()),
    ]
    return Section("distances", "How far apart are they?", blocks, folded=True)


def _worth(found: Comparison) -> Section | None:
    if not found.worth:
        return None
    text = (
        "A table of N real rows is itself some distance from the truth; the generator is worth the "
        "N at which that distance is the generator's. Training rows, if these are the real rows, "
        "make it look better than it is."
    )
    blocks = [
        *(Paragraph(worth_words.sentence(one)) for one in found.worth),
        TableBlock(worth_words.table(found.worth)),
        Paragraph(text),
    ]
    return Section("worth", "How many real rows is the generator worth?", blocks, folded=True)


def _power(found: Comparison) -> Section | None:
    strength = found.measures.power
    if strength is None:
        return None
    blocks = [Paragraph(power_words.sentence(strength)), TableBlock(power_words.table(strength))]
    return Section("power", "What would have been found?", blocks, folded=found.told_apart)


def _coverage(found: Comparison, drawn: str) -> Section | None:
    """Show coverage, with its picture where that does not stand beside the answer."""
    if found.coverage is None:
        return None
    blocks: list[Block] = [
        Paragraph(coverage_words.sentence(found.coverage)),
        TableBlock(coverage_words.table(found.coverage)),
    ]
    if drawn != coverage_words.PICTURE:
        blocks.append(Gallery([figures.coverage(found)]))
    folded = not answers.missed(found) or drawn != coverage_words.PICTURE
    return Section("coverage", "Are parts of the real rows missed?", blocks, folded)


def _modes(found: Comparison) -> Section | None:
    modes, names = found.modes, found.measures.mode_names
    if modes is None:
        return None
    blocks: list[Block] = [Paragraph(modes_words.sentence(modes, names))]
    if len(modes.found) > 1:
        blocks += [
            TableBlock(modes_words.table(modes, names)),
            Gallery([modes_words.draw(modes, names)]),
        ]
    return Section("modes", "Is a mode lost or invented?", blocks, not modes_words.phrases(modes))


def _columns(found: Comparison, pictures: list[Picture]) -> Section:
    """List the columns that differ most; fold away the others, and the means and deviations."""
    total, shown = len(found.columns), min(MOST_SHOWN, len(found.columns))
    blocks: list[Block] = [TableBlock(tables.columns_table(found, shown, moments=False))]
    if pictures:
        blocks.append(Gallery(pictures))
    blocks += [
        Paragraph(
            "These p-values are a family of their own, to say where a difference lies; the tests "
            "decide whether there is one."
        ),
        *_holes(found),
        TableBlock(tables.columns_table(found, MOST_ROWS), folded=True),
    ]
    if total > MOST_ROWS:
        more = f"{count(total - MOST_ROWS)} more columns differ less; the JSON lists all."
        blocks.append(Paragraph(more))
    return Section("columns", "Which columns differ?", blocks)


def _holes(found: Comparison) -> list[TableBlock]:
    many = len(found.missing) > MOST_SHOWN
    table = tables.missing_table(found, MOST_PATTERNS)
    return [TableBlock(table, folded=many)] if len(found.missing) else []


def _directions(found: Comparison) -> Section | None:
    table = tables.directions_table(found)
    if table is None:
        return None
    blocks = [
        TableBlock(table),
        Paragraph(
            "The first row is the sum of columns whose means lie furthest apart; the others are "
            "those whose variances (generated over real) are most unequal, the generalised "
            "eigenvalues of the two covariances. “By chance” is what Gaussian samples of one "
            "distribution and of these sizes exceed in 1 of 20 pairs."
        ),
    ]
    return Section("directions", "In which directions do they differ?", blocks, folded=True)


def _copies(found: Comparison) -> Section:
    text = (
        "Expected is what as many fresh rows would do: for copies by the share of the real rows "
        "that equal another of them (a table of small integers repeats itself), for repeats by the "
        "other sample. A near copy lies much nearer to one real row than to any other: its two "
        "distances have a ratio that only 1 in 100 real rows reach. A generator that repeats what "
        "it was trained on passes every test of equal distributions."
    )
    tested = found.copies.held_out
    blocks: list[Block] = [Paragraph(copies_words.sentence(found.copies))]
    if tested is not None:
        blocks.append(TableBlock(copies_words.held_out_table(tested)))
        blocks.append(TableBlock(copies_words.pairs_table(tested), folded=True))
    blocks += [TableBlock(tables.copies_table(found)), Paragraph(text)]
    shown = copies_words.phrases(found.copies) or words.repeats(found) or tested is not None
    return Section("copies", "Are rows copied?", blocks, folded=not shown)


def _data(found: Comparison) -> Section:
    told = words.rows(found)
    few, rest = told[:MOST_SHOWN], told[MOST_SHOWN:]
    blocks: list[Block] = [Paragraph(sentence) for sentence in few]
    if rest:
        caption = f"{plural(len(rest), 'more note')} on rows and columns"
        blocks.append(TableBlock(Table(caption, ("note",), [(one,) for one in rest]), folded=True))
    return Section("data", "What was compared?", blocks)


def _method(found: Comparison) -> Section:
    facts = environment()
    pairs = [
        ("Level", setting(found.tests.alpha)),
        ("Correction", CORRECTIONS[found.tests.correction]),
        ("Permutations", count(found.permutations)),
        ("Seed", str(found.seed)),
        ("Python", facts["python"]),
        ("Packages", ", ".join(f"{name} {of}" for name, of in facts["packages"].items())),
    ]
    return Section("method", "How was it done?", [DefinitionList(pairs)], folded=True)
