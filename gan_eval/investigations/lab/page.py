"""The lab as one offline page, which a class moves."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from gan_eval.distributions.gaussian import RADIUS
from gan_eval.investigations.lab import embedded, figures, marks, questions, words
from gan_eval.investigations.lab.result import Lab
from gan_eval.pages.blocks import Answer, Block, Code, Moving, Paragraph, Section
from gan_eval.pages.numbers import count, plural, setting
from gan_eval.pages.page import environment, fill, template

_HERE = Path(__file__).parent


class _Card(NamedTuple):
    label: str
    value: str
    interval: str


def render(lab: Lab, command: str = "") -> str:
    """Write the page: controls and what they move, at the chapter's setting, then questions."""
    return fill(
        title="gan_eval: the lab",
        name="lab",
        question=words.QUESTION,
        answer=Answer(words.headline(lab, lab.settings.chapter), moving=_moving(lab)),
        sections=[_how(lab, command), environment(lab.provenance)],
        created=lab.provenance.get("created"),
    )


def _moving(lab: Lab) -> Moving:
    settings, at = lab.settings, lab.settings.chapter
    pictures = figures.pictures(lab, at)
    data = embedded.payload(lab) | {
        "boxes": {p.identity: {"across": p.box.across, "up": p.box.up} for p in pictures},
        "points": marks.POINTS,
        "radius": RADIUS,
        "top": figures.TOP,
    }
    html = template(_HERE, "lab.html.j2").render(
        headline=words.headline(lab, at),
        unpinned=words.PARTS["unpinned"],
        controls=settings.controls,
        cards=_cards(lab),
        pictures=pictures,
        verdicts=words.verdicts(lab.cells.iloc[at]),
        questions=questions.questions(lab),
        last=len(settings.law_epochs) - 1,
        epoch=words.PARTS["epoch"].format(
            epoch=settings.epochs, kl=words.kl(lab.cells.iloc[at])[0]
        ),
        data=embedded.script_json(data),
    )
    return Moving(Markup(html), _source("lab.css"), _source("lab.js"))


def _cards(lab: Lab) -> list[_Card]:
    cell, margin = lab.cells.iloc[lab.settings.chapter], setting(words.MARGIN)
    rows = count(words.n_examples(lab))
    return [
        _Card(f"learned it: KL at most {margin}", *words.share(cell)),
        _Card("KL of the typical one, 0 is perfect", *words.kl(cell)),
        _Card(f"its worth in real rows, of {rows}", *words.worth(cell)),
    ]


def _how(lab: Lab, command: str) -> Section:
    settings = lab.settings
    blocks: list[Block] = [
        Paragraph(
            f"Nothing is trained in this page. Before, {count(settings.trainings)} GANs were: "
            f"{settings.replicates} at each of {count(settings.places)} settings, from the same "
            f"{settings.replicates} seeds, so that two settings differ by nothing else. Each was "
            f"trained for {plural(settings.epochs, 'epoch')} by the chapter's rules and then held "
            "against the truth, which is known here exactly."
        ),
        Paragraph(
            "Intervals are at 95 %: of the share by Clopper and Pearson, of a median by order "
            "statistics. They say how sure the numbers are of other seeds. The numbers are those "
            "of `gan_eval.judge` and `gan_eval.summarise`; the pictures are drawn to half a "
            "percent of KL."
        ),
        Paragraph(
            "The worth is the number of real rows to which one would have to fit a Gaussian to "
            "come as close to the truth as the typical training did."
        ),
    ]
    if typed := command or str(lab.provenance.get("command") or ""):
        blocks.append(Code("To make it again", typed))
    return Section("how", "How was this made?", blocks, folded=True)


def _source(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
