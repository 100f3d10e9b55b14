"""The words that a page explains: on hover and on focus, and in a list at its end.

docs/glossary.md has them all, with where each is met.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from gan_eval.pages.blocks import (
    Answer,
    Code,
    Paragraph,
    Section,
    TableBlock,
)

TERMS = {
    "KL": "KL(q‖p), the Kullback–Leibler divergence: how far the learned distribution q is from "
    "the target p. 0 is equality; less is better.",
    "nats": "The unit of KL and of losses: natural logarithms. ln 2 = 0.693 nats is one bit.",
    "worth": "The number of real rows that would give as good an estimate of the target as the "
    "generator does. More is better.",
    "converged": "The KL of the training's generator is within the margin: it learned the "
    "distribution.",
    "near": "Not converged, but within the wider of the two margins.",
    "diverged": "The training ended with weights that are not finite numbers.",
    "replicate": "One GAN, trained from one seed.",
    "seed": "The whole number from which every random number of a training follows.",
    "target": "The true distribution that the generator is to learn.",
    "discriminator": "The network D that is trained to tell real rows from generated ones.",
    "generator": "The network G that turns noise into rows.",
    "flat": "Said of a discriminator that answers nearly the same to every row, so that the "
    "generator learns next to nothing from it.",
    "95 % interval": "A range made by a rule that covers the true value in at least 95 of 100 "
    "repetitions.",
    "p-value": "The probability, if both distributions are equal, of a result at least as extreme "
    "as this one.",
    "power": "The probability that a test rejects where the distributions differ.",
    "margin": "The largest distance from the target that still counts as having learned it.",
    "backend": "A program that trains: a framework such as PyTorch, or one of this package's own "
    "kernels.",
    "configuration": "The settings of a GAN and its target.",
    "ellipse": "The region that holds 95 % of a Gaussian's rows.",
    "median": "The middle value: half of all are below it.",
    "coverage": "The share of real rows that have a generated row near them.",
    "mode": "A part of the rows around one peak of their density.",
    "held-out rows": "Real rows that the generator has not seen in training.",
}
"""One sentence for each term."""

_WORDS = {term: re.compile(rf"\b{re.escape(term)}(?:s|es)?\b", re.IGNORECASE) for term in TERMS}


def words_in(answer: Answer, sections: Sequence[Section]) -> list[tuple[str, str]]:
    """List the terms that a page's prose has, each with its meaning, in alphabetical order.

    Captions of pictures do not count: the list is the same where none are drawn.
    """
    prose = " ".join(_prose(answer, sections))
    found = [(term, meaning) for term, meaning in TERMS.items() if _WORDS[term].search(prose)]
    return sorted(found, key=lambda pair: pair[0].lower())


def _prose(answer: Answer, sections: Sequence[Section]) -> Iterator[str]:
    yield answer.headline
    yield from (sentence for _, sentence in answer.sentences)
    yield from (step.text for step in answer.next_steps)
    for section in sections:
        yield from _texts(section.blocks)


def _texts(blocks: Iterable[object]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield block.text
        elif isinstance(block, TableBlock):
            yield block.table.caption
        elif isinstance(block, Code):
            yield block.label
