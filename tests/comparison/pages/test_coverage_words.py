"""Coverage in words, as a table and as a picture."""

from __future__ import annotations

import numpy as np

from gan_eval.comparison.pages import coverage_words as words
from gan_eval.stats.coverage import coverage

RNG = np.random.default_rng


def test_what_is_wrong_is_said_with_its_expectation() -> None:
    rng = RNG(0)
    real = rng.normal(size=(200, 3))
    real[:80] += 8
    missing = coverage(real, rng.normal(size=(200, 3)), rng=rng)
    (said,) = words.phrases(missing)
    assert said.startswith("misses a part of the real rows (coverage 0.6")
    junk = coverage(rng.normal(size=(200, 3)), real, rng=rng)
    assert "no real ones (precision 0." in words.sentence(junk)
    alike = coverage(rng.normal(size=(200, 3)), rng.normal(size=(150, 3)), rng=rng)
    assert words.phrases(alike) == []
    assert "coverage 0.9" in words.sentence(alike)


def test_the_table_has_the_four_measures() -> None:
    found = coverage(RNG(0).normal(size=(50, 2)), RNG(1).normal(size=(50, 2)), rng=RNG(2))
    made = words.table(found)
    assert len(made.rows) == 4
    assert all(len(row) == len(made.head) for row in made.rows)


def test_the_picture_marks_the_uncovered_rows() -> None:
    for d in (1, 2, 5):
        rng = RNG(d)
        real = rng.normal(size=(100, d))
        real[:30] += 9
        generated = rng.normal(size=(90, d))
        found = coverage(real, generated, permutations=9, rng=rng)
        drawn = words.draw(found, real, generated)
        assert drawn.csv is not None
        assert drawn.csv.count("not covered") == len(found.uncovered) >= 29
    found = coverage(np.zeros((20, 3)), np.zeros((20, 3)), permutations=9, rng=RNG(0))
    assert words.draw(found, np.zeros((20, 3)), np.zeros((20, 3))).svg
