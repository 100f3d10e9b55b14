"""Questions for a class, what to look at, and answers with the numbers of this very grid."""

from __future__ import annotations

from typing import NamedTuple

from gan_eval.investigations.lab import words
from gan_eval.investigations.lab.result import Lab
from gan_eval.pages.numbers import number, percent


class Question(NamedTuple):
    """A question, what to look at, and what this grid says."""

    asked: str
    look: str
    answer: str


def questions(lab: Lab) -> list[Question]:
    """Ask, from the question that a class can answer first to the one that takes longest."""
    at = lab.settings.place
    asked = [
        (
            "Which remedy alone helps most?",
            "the worth, with one switch on at a time, from the chapter's setting.",
            f"Worth in rows, each alone: {_alone(lab)}. Without any it is {_worth(lab, at())}.",
        ),
        (
            "Why does a larger rate of the discriminator not help?",
            "the dots and the ellipses while only the discriminator's rate moves up. Then move the "
            "generator's rate.",
            f"{_rates(lab)}. Each net answers the other at every step. A discriminator that jumps "
            "gives directions that the next step takes back; one that is slow does not notice in "
            f"which direction the generator runs away. {_pairs(lab)}",
        ),
        (
            "What does the chapter's discriminator not see?",
            "the bad training's ellipse, across its narrow side. Pin 5-3, then take 16.",
            f"The typical training is worth {_worth(lab, at())} rows with 5-3 and "
            f"{_worth(lab, at(form=1))} with 16. An ellipse can be wrong in five ways: its place "
            "(two), its length, its width and its tilt. A last layer of three units sees three of "
            "them at most.",
        ),
        (
            "Do the losses tell whether it is learning?",
            "the losses near ln 2, where D only guesses, and KL beside them.",
            f"{_losses(lab)} Where both stand at ln 2 = 0.69, D can no longer tell: either because "
            "there is nothing to tell, or because it does not see it.",
        ),
        (
            "The quadratic discriminator contains the answer. Does it do best?",
            "the typical ellipse over the epochs with quadratic; then switch the penalty on, or "
            "whitened rows, or falling rates with them.",
            f"Alone it is worth {_worth(lab, at(form=2))} rows: it sees everything, but the game "
            "turns around the truth without coming to rest. With the penalty it is worth "
            f"{_worth(lab, at(form=2, penalty=1))}, with whitened rows "
            f"{_worth(lab, at(form=2, whitened=1))}, with whitened rows and falling rates "
            f"{_worth(lab, at(form=2, whitened=1, decay=1))}.",
        ),
        (
            "Is more always better?",
            "16, whitened rows and falling rates; then every other switch as well.",
            f"The two are worth {_worth(lab, at(form=1, whitened=1, decay=1))} rows, all five "
            f"{_worth(lab, at(form=1, whitened=1, decay=1, average=1, momentum=1, penalty=1))}.",
        ),
        (
            "Who finds the best setting?",
            "the list of the best settings that you have found.",
            f"{words.setting(lab.settings, lab.best)}: {_worth(lab, lab.best)} rows. The next "
            "ones are closer to it than the intervals are wide, so that other seeds may put them "
            "in another order; and the best of many looks a little better than it is.",
        ),
    ]
    return [Question(*one) for one in asked]


def _worth(lab: Lab, place: int) -> str:
    return words.worth(lab.cells.iloc[place])[0]


def _alone(lab: Lab) -> str:
    """List the switches by what each alone is worth."""
    found = [
        (lab.worth(place), control.label.lower(), _worth(lab, place))
        for control in lab.settings.controls
        if control.is_switch
        for place in [lab.settings.place(**{control.name: 1})]
    ]
    return ", ".join(f"{label} {text}" for _, label, text in sorted(found, reverse=True))


def _rates(lab: Lab) -> str:
    """List what each rate of the discriminator is worth, all else as in the chapter."""
    rates = lab.settings.controls[0]
    found = [
        f"{_worth(lab, lab.settings.place(rate_D=i))} at {choice.words}"
        for i, choice in enumerate(rates.choices)
    ]
    return f"Worth in rows by its rate: {', '.join(found)}"


def _pairs(lab: Lab) -> str:
    """Count the pairs of rates that do better than the chapter's, all else as there."""
    settings = lab.settings
    first, second, *_ = settings.controls
    worths = [
        lab.worth(settings.place(rate_D=i, rate_G=j))
        for i in range(len(first.choices))
        for j in range(len(second.choices))
    ]
    better = sum(worth > lab.worth(settings.chapter) for worth in worths)
    said = f"{better} of them are" if better > 1 else "one of them is" if better else "none is"
    return (
        f"Of the {len(worths)} pairs of rates {said} worth more than the chapter's; the best is "
        f"worth {number(max(worths), 2)} rows."
    )


def _losses(lab: Lab) -> str:
    """Show two settings whose losses end alike and whose worths do not."""
    ends = lab.traces.losses[:, -1]
    settings = lab.settings
    one, other = settings.chapter, settings.place(form=1, whitened=1, decay=1)
    said = [
        f"{words.setting(settings, place)} ends with losses of {ends[place, 0]:.2f} and "
        f"{ends[place, 1]:.2f}, and {percent(lab.cells['converged_share'].iloc[place])} learned it"
        for place in (one, other)
    ]
    return f"{said[0]}; {said[1]}."
