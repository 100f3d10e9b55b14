"""An exercise as one offline HTML page, in the look of the report."""

from __future__ import annotations

from gan_eval.investigations.exercise import figures, tables, words
from gan_eval.investigations.exercise.population import LN2
from gan_eval.investigations.exercise.rejections import OPTIMUM
from gan_eval.investigations.exercise.responses import LEARNED, TRUTH
from gan_eval.investigations.exercise.result import TOLD_APART, Exercise, Share
from gan_eval.pages.blocks import Block, Card, Code, Gallery, Paragraph, Section, TableBlock
from gan_eval.pages.numbers import count, interval, number, percent, percents
from gan_eval.pages.page import environment, fill


def render(found: Exercise) -> str:
    """Write the page: the answer, then what it rests on."""
    return fill(
        title="gan_eval: does the generator win?",
        name="the chapter's exercise",
        question=words.QUESTION,
        headline=words.headline(found),
        sentences=[(None, sentence) for sentence in words.answer(found)],
        cards=cards(found),
        sections=[*parts(found), environment(found.provenance)],
        created=found.provenance["created"],
    )


def cards(found: Exercise) -> list[Card]:
    """List the headline numbers."""
    n = found.settings.config.n_examples
    won, rows = found.wins(n), found.fits(n)
    until = found.rows_until_told_apart(OPTIMUM)
    seen, fresh = (found.median(rows, c) for c in ("loss_in_sample", "loss_population"))
    form = found.decomposition.shares()["seen"]
    return [
        Card(
            f"the generator wins at n = {count(n)}",
            percent(won.value),
            f"of {count(len(rows))} generators; 95 % interval {percents(won.low, won.high)}",
        ),
        Card(
            "loss of the best response, rows it saw",
            number(seen.value),
            f"median; {_interval(seen)}",
        ),
        Card(
            "the same on fresh rows",
            number(fresh.value),
            f"{_interval(fresh)}; a coin has {number(LN2)}",
        ),
        Card(
            f"{percent(TOLD_APART)} told apart from",
            f"{number(until.value, 2)} rows",
            f"by the best possible test; 95 % interval {interval(until.low, until.high, 2)}",
        ),
        Card(
            "of the distance, seen",
            percent(form[0]),
            f"by the trained discriminator; 95 % interval {percents(*form[1:])}",
        ),
    ]


def _interval(median: Share) -> str:
    if tables.known(median):
        return f"95 % interval {interval(median.low, median.high)}"
    return "too few generators for an interval: 6 are needed"


def parts(found: Exercise) -> list[Section]:
    """List the sections, which another page may take in."""
    return [_tests(found), _responses(found), _decomposition(found), _generators(found)]


def _tests(found: Exercise) -> Section:
    return Section(
        "exercise-tests",
        "How many rows until a test tells?",
        [
            Gallery([figures.told_apart(found)]),
            TableBlock(tables.told_apart(found)),
            Paragraph(
                "All tests see the same n generated rows of a generator; those that know n real "
                "rows see fresh ones. The best possible test knows both distributions and rejects "
                "for large Σ ln q/p: no test of its level has more power. Shares have "
                "Clopper–Pearson intervals, the optimum's mean power and the numbers of rows have "
                "intervals by bootstrap over generators."
            ),
            TableBlock(tables.sizes(found), folded=True),
        ],
    )


def _responses(found: Exercise) -> Section:
    blocks: list[Block] = [
        Gallery([figures.losses(found, LEARNED), figures.losses(found, TRUTH)]),
        Gallery([figures.wins(found)]),
        TableBlock(tables.responses(found)),
        Paragraph(
            "The generator is frozen, and a new discriminator is fitted to n real and n generated "
            "rows, all at once, from several random starts, of which the one with the least loss "
            "on these rows is kept. “Late gain” is what the last ten of its steps still took off "
            "that loss: what is reached bounds the least loss of the class from above. The loss "
            "on fresh rows is that on the population, to a standard error of about "
            f"{number(found.responses['loss_population_error'].median(), 1)} nats (median)."
        ),
    ]
    return Section("exercise-responses", "What does the best response see?", blocks)


def _decomposition(found: Exercise) -> Section:
    return Section(
        "exercise-parts",
        "Where is the rest of the distance?",
        [
            Gallery([figures.parts(found)]),
            TableBlock(tables.decomposition(found)),
            Paragraph(
                "V(D) is a discriminator's loss on the population, D_T the one trained with the "
                "generator, D_n the best response of its form to the training rows and as many "
                "generated ones, D_∞ the best response of its form to the population."
            ),
        ],
    )


def _generators(found: Exercise) -> Section:
    blocks: list[Block] = [TableBlock(tables.generators(found), folded=True)]
    if found.provenance["unusable"]:
        left = count(found.provenance["unusable"])
        blocks.append(Paragraph(f"{left} more diverged or have no density, and were left out."))
    if found.provenance["command"]:
        blocks.append(Code("To measure again", found.provenance["command"]))
    return Section("exercise-generators", "Which generators were they?", blocks)
