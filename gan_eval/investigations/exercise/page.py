"""The files of an exercise: three tables, a document, and a page in the look of the report."""

from __future__ import annotations

from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

from gan_eval.investigations.exercise import figures, tables, words
from gan_eval.investigations.exercise.rejections import OPTIMUM, TESTS
from gan_eval.investigations.exercise.responses import LEARNED, LN2, TRUTH
from gan_eval.investigations.exercise.result import (
    FEWEST_FOR_INTERVAL,
    MEDIANS,
    TOLD_APART,
    Exercise,
    Share,
)
from gan_eval.pages.blocks import (
    Answer,
    Block,
    Card,
    Code,
    Paragraph,
    Section,
    Step,
    TableBlock,
    gallery,
)
from gan_eval.pages.numbers import count, interval, number, percent, percents
from gan_eval.pages.page import environment, fill
from gan_eval.pages.picture import drawing
from gan_eval.runtime.documents import json_ready, json_text
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import check_writable, write_files
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
            headline=words.headline(found),
            sentences=words.answer(found),
            picture=figures.wins(found) if drawing() else None,
            cards=cards(found),
            next_steps=next_steps(found),
        ),
        sections=[
            *(_responses(found), _tests(found), _details(found), _decomposition(found)),
            *(_generators(found), environment(found.provenance)),
        ],
        created=found.provenance["created"],
    )


def cards(found: Exercise) -> list[Card]:
    """List the headline numbers."""
    n = found.settings.config.n_examples
    won, rows = found.wins(n), found.fits(n)
    until = found.rows_until_told_apart(OPTIMUM)
    fresh = found.median(rows, "loss_population")
    form = found.decomposition.shares()["seen"]
    return [
        Card(
            f"generators that win at n = {count(n)}",
            f"{count(round(won.value * len(rows)))} of {count(len(rows))}",
            f"95 % interval {percents(won.low, won.high)}; the GANs were trained on as many rows",
        ),
        Card(
            "best discriminator's loss on new rows",
            number(fresh.value),
            f"median{_interval(fresh)}; a coin has {number(LN2)}",
        ),
        Card(
            f"{percent(TOLD_APART)} told from the truth",
            (
                f"from {number(until.value, 2)} rows"
                if isfinite(until.value)
                else f"above {count(found.settings.test_rows[-1])} rows"
            ),
            f"by the best possible test{_interval(until, 2)}",
        ),
        Card(
            "what the trained discriminator sees",
            percent(form.value),
            "of the distance from the truth; below 0 is worse than a coin"
            + (f"; 95 % interval {percents(*form[1:])}" if words.known(form) else _FEW),
        ),
    ]


_FEW = f"; too few generators for an interval: {FEWEST_FOR_INTERVAL} are needed"


def _interval(share: Share, digits: int = 3) -> str:
    if words.known(share):
        return f"; 95 % interval {interval(share.low, share.high, digits)}"
    return _FEW if isfinite(share.value) else ""


def next_steps(found: Exercise) -> list[Step]:
    """Say what to do with the answer."""
    asked = found.provenance["command"] or "gan-eval exercise"
    steps = []
    if found.answers["not shown"]:
        more = max(4 * found.settings.discriminators, 20, *words.enough(found))
        more = 10 * -(-more // 10)
        fewer = f" --replicates {more}" if found.settings.replicates < more else ""
        steps.append(
            Step(
                "Ask more generators, where it is open:", f"{asked} --discriminators {more}{fewer}"
            )
        )
    if not found.settings.config.remedies:
        mended = "gan-eval exercise --set 'preset=\"mended\"'"
        steps.append(Step("Ask the GAN that is mended, and wins:", mended))
    steps.append(
        Step(
            "Look at what the trained discriminator can see at all:",
            "gan-eval dynamics --html dynamics.html",
        )
    )
    return steps


def _responses(found: Exercise) -> Section:
    blocks: list[Block] = [
        Paragraph(f"{words.best_response(found)} {words.perfect(found)}"),
        *gallery(partial(figures.losses, found, LEARNED), partial(figures.losses, found, TRUTH)),
        TableBlock(tables.responses(found), folded=True),
    ]
    return Section("exercise-responses", "What does the best discriminator see?", blocks)


def _tests(found: Exercise) -> Section:
    return Section(
        "exercise-tests",
        "How many rows until a test tells?",
        [
            Paragraph(words.apart(found)),
            *gallery(partial(figures.told_apart, found)),
            Paragraph(
                "All tests see the same n generated rows of a generator; those that know n real "
                "rows see new ones. The best possible test knows both distributions and rejects "
                "for large Σ ln q/p: no test of its level has more power."
            ),
            TableBlock(tables.told_apart(found), folded=True),
            TableBlock(tables.sizes(found), folded=True),
        ],
    )


def _details(found: Exercise) -> Section:
    error = number(found.responses["loss_population_error"].median(), 1)
    return Section(
        "exercise-details",
        "Other widths, the rows of the training, and how it was fitted",
        [
            Paragraph(" ".join([words.training_rows(found), *words.wider(found)])),
            Paragraph(
                "The generator is frozen. The new discriminator is fitted to all rows at once, "
                "from several random starts, of which the one with the least loss on these rows "
                "is kept. “Late gain” is what the last ten of its steps still took off that loss: "
                "what is reached bounds the least loss of the form from above. The loss on new "
                f"rows is that on the population, to a standard error of about {error} nats "
                "(median). Shares of generators have Clopper–Pearson intervals, each by itself; "
                "the optimum's mean power and the numbers of rows have intervals by bootstrap "
                "over generators."
            ),
        ],
        folded=True,
    )


def _decomposition(found: Exercise) -> Section:
    return Section(
        "exercise-parts",
        "Where is the rest of the distance?",
        [
            Paragraph(words.hidden(found)),
            *gallery(partial(figures.parts, found)),
            TableBlock(tables.decomposition(found)),
            Paragraph(
                "V(D) is a discriminator's loss on the population, D_T the one trained with the "
                "generator, D_n the best response of its form to the training rows and as many "
                "generated ones, D_∞ the best response of its form to the population."
            ),
        ],
        folded=True,
    )


def _generators(found: Exercise) -> Section:
    blocks: list[Block] = [TableBlock(tables.generators(found))]
    if found.provenance["unusable"]:
        left = count(found.provenance["unusable"])
        blocks.append(Paragraph(f"{left} more diverged or have no density, and were left out."))
    if found.provenance["command"]:
        blocks.append(Code("To measure again", found.provenance["command"]))
    return Section("exercise-generators", "Which generators were they?", blocks, folded=True)


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
            "answers": found.answers,
            "answer": [sentence for _, sentence in words.answer(found)] + words.details(found),
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
