"""A certificate as a page: the answer, then power and sizes, and every case for who asks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from gan_eval.investigations.certify import figures, tables, words
from gan_eval.investigations.certify.alternatives import CHAPTER, GRID, RING
from gan_eval.investigations.certify.result import Certificate
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
from gan_eval.pages.numbers import count, number, percent, percents, plural, setting
from gan_eval.pages.page import environment, fill
from gan_eval.pages.picture import drawing

DRAWN: Mapping[str, tuple[str, ...]] = {
    CHAPTER: ("shift_minor", "mixture"),
    RING: ("modes_lost", "wide", "moved"),
    GRID: ("modes_lost", "wide", "moved"),
}
"""Paths from each truth whose power curves are drawn, where they were measured."""


def render(certificate: Certificate) -> str:
    """Write one HTML page that needs no network."""
    return fill(
        title="gan_eval: can these p-values be trusted?",
        name="certificate",
        question=words.QUESTION,
        answer=Answer(
            headline=words.headline(certificate),
            sentences=words.answer(certificate),
            picture=figures.sizes(certificate) if drawing() else None,
            cards=cards(certificate),
            next_steps=next_steps(certificate),
        ),
        sections=[
            *([power(certificate)] if certificate.power else []),
            *(cases(certificate), environment(certificate.provenance)),
        ],
        created=certificate.provenance["created"],
    )


def cards(certificate: Certificate) -> list[Card]:
    """List the headline numbers."""
    alpha = words.level(certificate)
    low, high = words.sizes(certificate, alpha)
    good = sum(case.passed for case in certificate.sizes)
    band = words.allowed(certificate, alpha)
    found = [
        Card(
            "cases as claimed",
            f"{count(good)} of {count(len(certificate.sizes))}",
            f"{plural(len(certificate.tests), 'test')}, "
            f"{count(certificate.settings.repetitions)} trials a case",
        ),
        Card(
            f"rejected at {setting(100 * alpha)} %",
            percents(low, high) if low < high else percent(low),
            f"smallest and largest case; chance allows {percents(*band)}",
        ),
        Card(
            "measured again",
            count(certificate.second_looks),
            "cases whose first look left its 99 % band",
        ),
    ]
    if best := words.smallest(certificate):
        _, name, kl, optimum = best
        found.append(
            Card(
                "smallest KL told apart",
                f"{number(kl, 2)} nats",
                f"by {certificate.tests[name].words}; the best possible test {number(optimum, 2)}",
            )
        )
    return found


def next_steps(certificate: Certificate) -> list[Step]:
    """Say what to do with the answer."""
    target = certificate.settings.target
    certify = f"gan-eval certify --tests {','.join(certificate.tests)}"
    at = f"{certify} --n 50 --dimension 3"
    use, own = "gan-eval compare REAL.csv GENERATED.csv", "rows and columns"
    if target != CHAPTER:
        certify += f" --target {target}"
        at = f"{certify} --n 50"
        use, own = f"gan-eval compare GENERATED.csv --target {target}", "rows"
    if certificate.passed is None:
        rows = 10 * max(certificate.settings.sizes[0])
        return [
            Step(
                "Give the tests rows enough to reject:",
                f"{certify} --n {rows}",
            )
        ]
    steps = [
        Step(
            f"Certify at your own numbers of {own}:",
            at,
        )
    ]
    if certificate.passed:
        steps.append(Step("Use the tests on your rows:", use))
    else:
        steps.append(Step("Do not use p-values of what is named above before it is mended."))
    return steps


def power(certificate: Certificate) -> Section:
    """Make the section that says what the tests see, beside the best possible one."""
    drawn = [path for path in DRAWN[certificate.settings.target] if path in certificate.paths]
    return Section(
        "power",
        "What do they see?",
        [
            *gallery(*(partial(figures.power, certificate, path) for path in drawn)),
            Paragraph(words.measured(certificate)),
            TableBlock(tables.told_apart(certificate)),
            TableBlock(tables.strengths(certificate), folded=True),
        ],
    )


def cases(certificate: Certificate) -> Section:
    """Make the section with every count behind the answer."""
    blocks: list[Block] = [
        TableBlock(tables.sizes(certificate)),
        Paragraph(
            f"A size is the share of {count(certificate.settings.repetitions)} repetitions with "
            "equal distributions in which a test rejects. It took "
            f"{certificate.provenance['permutations']} permutations each; a permutation p-value "
            "is valid for any number of them."
        ),
        TableBlock(tables.cases(certificate), folded=True),
    ]
    if certificate.means:
        blocks.append(TableBlock(tables.means(certificate), folded=True))
    if certificate.provenance.get("command"):
        blocks.append(Code("To certify again", str(certificate.provenance["command"])))
    return Section("trust", "Can these p-values be trusted? Every case", blocks, folded=True)
