"""The sentence that answers which generator is nearest, and what to do next."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.comparison.ranking import Ranking, rank, words


def table(seed: int, shift: float = 0.0, n: int = 200) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 2)) + shift


def ranking(**shifts: float) -> Ranking:
    return rank(table(0), {name: table(i, s) for i, (name, s) in enumerate(shifts.items(), 1)})


def test_the_best_of_several_is_named_with_the_next() -> None:
    found = ranking(far=2.0, good=0.0, middle=1.0)
    said = words.headline(found)
    assert said.startswith("good is nearest of 3, worth ")
    assert "; the next, middle, is worth " in said
    assert "far" not in said
    assert words.ties(found) == [1]


def test_ties_are_named_and_what_is_further_too() -> None:
    found = ranking(b=0.0, a=0.02, far=3.0)
    assert found.best is None
    said = words.headline(found)
    assert said.startswith("No single one is shown to be nearest: ")
    assert said.endswith(" are not told apart; far is further.")
    assert set(words.ties(found)) == {0, 1}


def test_many_ties_are_counted() -> None:
    said = words.headline(ranking(**{f"g{i}": 0.0 for i in range(7)}))
    assert "and 4 more are not told apart." in said


@pytest.mark.parametrize("shifts", [{"a": 0.0, "b": 2.0}, {"a": 0.0, "b": 0.01}])
def test_there_is_something_to_do_next(shifts: dict[str, float]) -> None:
    found = ranking(**shifts)
    steps = words.next_steps(found)
    assert len(steps) == 2 + (found.best is None)
    assert not any(step.command for step in steps)  # these are no files
