"""The answers to the class's questions have the numbers of the grid that they are of."""

from __future__ import annotations

from gan_eval.investigations.lab import Lab, words
from gan_eval.investigations.lab.questions import questions


def test_answers_are_of_this_grid(small: Lab) -> None:
    found = questions(small)
    assert len({question.asked for question in found}) == len(found) >= 5
    settings = small.settings
    alone, rates, seen = (question.answer for question in found[:3])
    for place, answer in (
        (settings.place(whitened=1), alone),
        (settings.place(rate_D=1), rates),
        (settings.place(form=1), seen),
        (small.best, found[-1].answer),
    ):
        assert words.worth(small.cells.iloc[place])[0] in answer
    pairs = [small.worth(settings.place(rate_D=i, rate_G=j)) for i in (0, 1) for j in (0, 1)]
    better = sum(worth > small.worth(settings.chapter) for worth in pairs)
    assert better == 0 or (str(better) if better > 1 else "one of") in rates
