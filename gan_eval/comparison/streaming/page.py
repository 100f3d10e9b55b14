"""A streamed comparison as one offline HTML page, in the look of the report."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from gan_eval.comparison.pages.page import MOST_ROWS, MOST_SHOWN, QUESTION
from gan_eval.comparison.streaming import words
from gan_eval.pages.blocks import (
    Answer,
    Block,
    Card,
    DefinitionList,
    Paragraph,
    Section,
    Step,
    TableBlock,
)
from gan_eval.pages.numbers import count, interval, number, plural, probability, setting
from gan_eval.pages.page import fill, head
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.provenance import environment
from gan_eval.stats.multiple import CORRECTIONS

if TYPE_CHECKING:
    from gan_eval.comparison.streaming.result import StreamedComparison


def render(found: StreamedComparison) -> str:
    """Write the page."""
    sides = found.real, found.generated
    name = " and ".join(plain(Path(side.source).name, 40) for side in sides)
    return fill(
        title=f"{name}: do they come from one distribution?",
        name=name,
        question=QUESTION,
        answer=_answer(found),
        sections=_sections(found),
    )


def answer(found: StreamedComparison) -> str:
    """Write the head of the page, for a notebook."""
    more = "Columns: `.to_frame()`. All of it as a page: `.save(path)`."
    return head(question=QUESTION, answer=_answer(found), more=more)


def _answer(found: StreamedComparison) -> Answer:
    says = (words.worth_sentence(found), words.meaning(found), words.not_done())
    return Answer(
        headline=words.headline(found),
        sentences=[(None, said) for said in says if said],
        cards=_cards(found),
        next_steps=_steps(found),
    )


def _cards(found: StreamedComparison) -> list[Card]:
    cards = [
        Card(
            "smallest adjusted p-value",
            probability(found.smallest),
            f"{CORRECTIONS[found.correction]} over {plural(len(found.tests), 'test')}, level "
            f"{setting(found.alpha)}",
        ),
        Card(
            "rows",
            count(found.real.rows + found.generated.rows),
            f"{count(found.real.rows)} real, {count(found.generated.rows)} generated",
        ),
    ]
    one = found.worth
    if one is not None:
        open_ended = one.high == float("inf")
        value = f"at least {number(one.low, 2)}" if open_ended else number(one.value, 2)
        ends = "no upper end can be told" if open_ended else interval(one.low, one.high, 2)
        cards.insert(0, Card("worth, real rows", value, f"by MMD²; interval: {ends}"))
    if name := words.differing(found):
        row = found.columns[found.columns["column"] == name].iloc[0]
        lowest = min(row[["adjusted", "missing_adjusted"]].dropna())
        cards.append(
            Card(
                "most different column",
                plain(name, words.SHORT),
                f"adjusted p = {probability(lowest)}",
            )
        )
    return cards


def _steps(found: StreamedComparison) -> list[Step]:
    names = " ".join(shlex.quote(side.source) for side in (found.real, found.generated))
    steps = []
    if found.told_apart and (name := words.differing(found)) and len(found.columns) > 1:
        steps.append(
            Step(
                "See whether the other columns are right: leave out the one that differs most.",
                f"gan-eval compare {names} --stream --exclude {shlex.quote(name)}"
                if plain(name, 200) == name
                else "",
            )
        )
    steps.append(
        Step(
            "Look for copies, lost modes and missed parts in a part of the rows, such as one file "
            "of each side, by `--no-stream`."
        )
    )
    return steps


def _sections(found: StreamedComparison) -> list[Section]:
    sections = [
        _columns(found),
        _tests(found),
        Section("data", "What was compared?", [Paragraph(said) for said in words.rows(found)]),
        _method(found),
    ]
    return sorted(sections, key=lambda section: section.folded)


def _columns(found: StreamedComparison) -> Section:
    blocks: list[Block] = [TableBlock(one) for one in words.columns_tables(found, MOST_SHOWN)]
    if (table := words.quantiles_table(found, MOST_SHOWN)) is not None:
        blocks.append(TableBlock(table))
    blocks.append(
        Paragraph(
            "These p-values are a family of their own, to say where a difference lies; the tests "
            "decide whether there is one. Kolmogorov–Smirnov is the largest difference of the two "
            "distribution functions, total variation half the sum of the differences of all "
            "shares; what stands behind ± is the error of the sketch, or of a shift its standard "
            "error."
        )
    )
    if len(found.columns) > MOST_SHOWN:
        tables = words.columns_tables(found, MOST_ROWS)
        blocks += [TableBlock(one, folded=True) for one in tables if len(one.rows) > MOST_SHOWN]
    return Section("columns", "Which columns differ?", blocks)


def _tests(found: StreamedComparison) -> Section:
    blocks: list[Block] = [TableBlock(words.tests_table(found))]
    if said := words.blocks(found):
        blocks.append(Paragraph(said))
    return Section("tests", "Which tests tell them apart?", blocks)


def _method(found: StreamedComparison) -> Section:
    facts = environment()
    pairs = [
        ("Level", setting(found.alpha)),
        ("Correction", CORRECTIONS[found.correction]),
        ("Permutations", count(found.permutations)),
        ("Seed", str(found.seed)),
        ("Python", facts["python"]),
        ("Packages", ", ".join(f"{name} {of}" for name, of in facts["packages"].items())),
    ]
    return Section("method", "How was it done?", [DefinitionList(pairs)], folded=True)
