"""A certificate as a section of a report, and as a page of its own."""

from __future__ import annotations

from functools import partial

from gan_eval.investigations.certify import figures, words
from gan_eval.investigations.certify.result import Certificate
from gan_eval.pages.blocks import Block, Code, Paragraph, Section, TableBlock, gallery
from gan_eval.pages.numbers import count, plural
from gan_eval.pages.page import environment, fill

DRAWN = ("shift_minor", "mixture")
"""Paths whose power curves are drawn, where they were measured."""

_HEADLINES = {
    True: "Every claim is kept.",
    False: "Not every claim is kept.",
    None: "It could not be told whether every claim is kept.",
}


def render(certificate: Certificate) -> str:
    """Write one HTML page that needs no network."""
    return fill(
        title="gan_eval: can these p-values be trusted?",
        name="certificate",
        question="Do these tests keep what their p-values promise?",
        headline=_HEADLINES[certificate.passed],
        sentences=[(None, words.verdict(certificate))],
        cards=[],
        sections=[trust(certificate), environment(certificate.provenance)],
        created=certificate.provenance["created"],
    )


def trust(certificate: Certificate) -> Section:
    """Make the section that says how far p-values can be trusted, and why."""
    settings = certificate.settings
    blocks: list[Block] = [
        Paragraph(words.verdict(certificate)),
        TableBlock(words.sizes(certificate)),
        Paragraph(
            f"A size is the share of {count(settings.repetitions)} repetitions with equal "
            "distributions in which a test rejects. It took "
            f"{certificate.provenance['permutations']} permutations "
            "each; a permutation p-value is valid for any number of them. One right case in a "
            "hundred leaves its 99 % band at each level: a case that does is measured again, with "
            "four times the repetitions from other random numbers, and held to a 99.9 % band "
            f"({plural(certificate.second_looks, 'case')} here). Where values tie, a valid test "
            "rejects more rarely than its level."
        ),
    ]
    if certificate.power:
        blocks += [Paragraph(words.power(certificate)), TableBlock(words.told_apart(certificate))]
        drawn = [path for path in DRAWN if path in certificate.paths]
        blocks += gallery(*(partial(figures.power, certificate, path) for path in drawn))
    blocks.append(TableBlock(words.cases(certificate), folded=True))
    if certificate.means:
        blocks.append(TableBlock(words.means(certificate), folded=True))
    if certificate.provenance.get("command"):
        blocks.append(Code("To certify again", str(certificate.provenance["command"])))
    return Section("trust", "Can these p-values be trusted?", blocks)
