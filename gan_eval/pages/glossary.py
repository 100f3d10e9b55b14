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
from gan_eval.pages.language import ENGLISH, N_, _, language

TERMS = {
    N_("KL"): N_(
        "KL(q‖p), the Kullback–Leibler divergence: how far the learned distribution q is from "
        "the target p. 0 is equality; less is better."
    ),
    N_("nats"): N_(
        "The unit of KL and of losses: natural logarithms. ln 2 = 0.693 nats is one bit."
    ),
    N_("worth"): N_(
        "The number of real rows that would give as good an estimate of the target as the "
        "generator does. More is better."
    ),
    N_("converged"): N_(
        "The KL of the training's generator is within the margin: it learned the distribution."
    ),
    N_("near"): N_("Not converged, but within the wider of the two margins."),
    N_("diverged"): N_("The training ended with weights that are not finite numbers."),
    N_("replicate"): N_("One GAN, trained from one seed."),
    N_("seed"): N_("The whole number from which every random number of a training follows."),
    N_("target"): N_("The true distribution that the generator is to learn."),
    N_("discriminator"): N_("The network D that is trained to tell real rows from generated ones."),
    N_("generator"): N_("The network G that turns noise into rows."),
    N_("flat"): N_(
        "Said of a discriminator that answers nearly the same to every row, so that the "
        "generator learns next to nothing from it."
    ),
    N_("95 % interval"): N_(
        "A range made by a rule that covers the true value in at least 95 of 100 repetitions."
    ),
    N_("p-value"): N_(
        "The probability, if both distributions are equal, of a result at least as extreme "
        "as this one."
    ),
    N_("power"): N_("The probability that a test rejects where the distributions differ."),
    N_("margin"): N_(
        "The largest distance from the target that still counts as having learned it."
    ),
    N_("backend"): N_(
        "A program that trains: a framework such as PyTorch, or one of this package's own kernels."
    ),
    N_("configuration"): N_("The settings of a GAN and its target."),
    N_("ellipse"): N_("The region that holds 95 % of a Gaussian's rows."),
    N_("median"): N_("The middle value: half of all are below it."),
    N_("coverage"): N_("The share of real rows that have a generated row near them."),
    N_("mode"): N_("A part of the rows around one peak of their density."),
    N_("equilibrium"): N_(
        "The state of the game where the generator is the target and the discriminator answers the "
        "same to every row."
    ),
    N_("held-out rows"): N_("Real rows that the generator has not seen in training."),
}
"""One sentence for each term."""


def words_in(answer: Answer, sections: Sequence[Section]) -> list[tuple[str, str]]:
    """List the terms that a page's prose has, each with its meaning, in alphabetical order.

    Captions of pictures do not count: the list is the same where none are drawn.
    """
    prose = " ".join(_prose(answer, sections))
    # An English plural; whatever other languages put behind a word.
    ending = "(?:e?s)?" if language() == ENGLISH else r"\w{0,6}"
    said = [(_(term), _(meaning)) for term, meaning in TERMS.items()]
    found = [
        (term, meaning)
        for term, meaning in said
        if re.search(rf"\b{re.escape(term)}{ending}\b", prose, re.IGNORECASE)
    ]
    return sorted(found, key=lambda pair: pair[0].lower())


def _prose(answer: Answer, sections: Sequence[Section]) -> Iterator[str]:
    yield answer.headline
    yield from (sentence for __, sentence in answer.sentences)
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
