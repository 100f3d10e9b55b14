"""The files of an exercise: three tables, a document, and a page in the look of the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gan_eval.investigations.exercise import figures, words
from gan_eval.investigations.exercise.rejections import OPTIMUM, TESTS
from gan_eval.investigations.exercise.responses import LEARNED, LN2, TRUTH
from gan_eval.investigations.exercise.result import MEDIANS, TOLD_APART, Exercise, Share
from gan_eval.pages.blocks import Answer, Block, Card, Code, Gallery, Paragraph, Section, TableBlock
from gan_eval.pages.numbers import count, interval, number, percent, percents
from gan_eval.pages.page import environment, fill
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import check_writable, json_ready, json_text, write_files
from gan_eval.runtime.spreadsheet import csv_text

DOCUMENT = "exercise.json"

PAGE = "exercise.html"

TABLES = ("generators", "tests", "responses")
"""Each written as NAME.csv."""


def render(found: Exercise) -> str:
    """Write the page: the answer, then what it rests on."""
    return fill(
        title="gan_eval: does the generator win?",
        name="the chapter's exercise",
        question=words.QUESTION,
        answer=Answer(
            words.headline(found),
            sentences=[(None, sentence) for sentence in words.answer(found)],
            cards=cards(found),
        ),
        sections=[
            *(_tests(found), _responses(found), _decomposition(found), _generators(found)),
            environment(found.provenance),
        ],
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
            percent(form.value),
            f"by the trained discriminator; 95 % interval {percents(*form[1:])}",
        ),
    ]


def _interval(median: Share) -> str:
    if words.known(median):
        return f"95 % interval {interval(median.low, median.high)}"
    return "too few generators for an interval: 6 are needed"


def _tests(found: Exercise) -> Section:
    return Section(
        "exercise-tests",
        "How many rows until a test tells?",
        [
            Gallery([figures.told_apart(found)]),
            TableBlock(words.told_apart(found)),
            Paragraph(
                "All tests see the same n generated rows of a generator; those that know n real "
                "rows see fresh ones. The best possible test knows both distributions and rejects "
                "for large Σ ln q/p: no test of its level has more power. Shares have "
                "Clopper–Pearson intervals, the optimum's mean power and the numbers of rows have "
                "intervals by bootstrap over generators."
            ),
            TableBlock(words.sizes(found), folded=True),
        ],
    )


def _responses(found: Exercise) -> Section:
    blocks: list[Block] = [
        Gallery([figures.losses(found, LEARNED), figures.losses(found, TRUTH)]),
        Gallery([figures.wins(found)]),
        TableBlock(words.responses(found)),
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
            TableBlock(words.decomposition(found)),
            Paragraph(
                "V(D) is a discriminator's loss on the population, D_T the one trained with the "
                "generator, D_n the best response of its form to the training rows and as many "
                "generated ones, D_∞ the best response of its form to the population."
            ),
        ],
    )


def _generators(found: Exercise) -> Section:
    blocks: list[Block] = [TableBlock(words.generators(found), folded=True)]
    if found.provenance["unusable"]:
        left = count(found.provenance["unusable"])
        blocks.append(Paragraph(f"{left} more diverged or have no density, and were left out."))
    if found.provenance["command"]:
        blocks.append(Code("To measure again", found.provenance["command"]))
    return Section("exercise-generators", "Which generators were they?", blocks)


def document(found: Exercise) -> dict[str, Any]:
    """Put settings, answer, the numbers behind it and provenance together, ready for JSON."""
    settings = found.settings

    def by_rows(name: str, kind: str) -> dict[int, Any]:
        return {n: found.told_apart(name, n, kind)._asdict() for n in settings.test_rows}

    tests = {
        name: {
            "told_apart": by_rows(name, LEARNED),
            "rows_until_told_apart": found.rows_until_told_apart(name)._asdict(),
        }
        | ({} if name == OPTIMUM else {"size": by_rows(name, TRUTH)})
        for name in (*TESTS, OPTIMUM)
    }
    discriminators = [
        {"generator": case["kind"]}
        | {name: case[name] for name in ("source", "widths", "n")}
        | {name: found.median(found.fits(**case), name)._asdict() for name in MEDIANS}
        | {"generator_wins": found.wins(**case)._asdict()}
        for case in found.cases
    ]
    shares = found.decomposition.shares()
    return json_ready(
        {
            "settings": settings.document(),
            "headline": words.headline(found),
            "answer": words.answer(found),
            "tests": tests,
            "discriminators": discriminators,
            "decomposition": {
                "jensen_shannon": float(found.decomposition.divergence.mean()),
                "shares": {name: share._asdict() for name, share in shares.items()},
            },
            "provenance": found.provenance,
        }
    )


def save(found: Exercise, folder: Path) -> list[Path]:
    """Write the tables, the document and the page; returns their paths."""
    texts = {f"{name}.csv": csv_text(getattr(found, name)) for name in TABLES}
    texts[DOCUMENT] = json_text(document(found)) + "\n"
    texts[PAGE] = render(found)
    write_files({folder / name: text for name, text in texts.items()})
    return [folder / name for name in texts]


def check_folder(folder: Path) -> None:
    """Raise ``UsageError`` where files cannot be written, or would replace somebody's."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{str(folder)!r} is a file, a folder is needed for the results")
    names = [*(f"{name}.csv" for name in TABLES), DOCUMENT, PAGE]
    for name in names:
        check_writable(folder / name)
    if not (folder / DOCUMENT).exists():
        for name in names:
            if (folder / name).exists():
                raise UsageError(
                    f"{str(folder)!r} has a {name} that gan-eval did not write: name another folder"
                )
