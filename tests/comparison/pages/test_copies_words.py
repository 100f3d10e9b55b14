"""Copies in words: the held-out test where there is one, and a warning without it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gan_eval.comparison.copies import find_copies
from gan_eval.comparison.held_out import CopyVerdict
from gan_eval.comparison.pages import copies_words as words

RNG = np.random.default_rng


def test_copies_are_said_and_only_they() -> None:
    rng = RNG(0)
    real, held_out, fresh = rng.normal(size=(3, 200, 2))
    for held, copied, verdict, said in (
        (held_out, True, CopyVerdict.COPIES, "copies training rows"),
        (held_out, False, CopyVerdict.NO_COPIES_SHOWN, None),
        (None, True, CopyVerdict.COPIES, "has 50 rows that equal"),
        (None, False, CopyVerdict.NO_COPIES_SHOWN, None),
    ):
        generated = np.concatenate([real[:50], fresh]) if copied else fresh
        found = find_copies(real, generated, rng, held_out=held)
        assert found.verdict == verdict
        assert bool(words.phrases(found)) == copied
        assert said is None or words.phrases(found)[0].startswith(said)
        assert words.sentence(found)
        assert json.dumps(found.to_dict(), allow_nan=False)
        if (tested := found.held_out) is not None:
            for made in (words.held_out_table(tested), words.pairs_table(tested)):
                assert all(len(row) == len(made.head) for row in made.rows)


def test_near_copies_are_a_warning_without_held_out_rows() -> None:
    rng = RNG(1)
    real = rng.normal(size=(200, 3))
    found = find_copies(real, real + 1e-6, rng)
    assert found.verdict == CopyVerdict.COPIES
    assert words.phrases(found) == ["has 200 near copies of real rows"]
    assert "held-out real rows would say" in words.sentence(found)


def test_too_few_rows_cannot_tell() -> None:
    found = find_copies(np.zeros((2, 1)), np.ones((2, 1)), RNG(0))
    assert found.verdict == CopyVerdict.COULD_NOT_TELL
    assert "cannot be told" in words.sentence(found)


@pytest.mark.parametrize("embedded", [False, True])
def test_units_matter_only_where_rows_are_embedded(embedded: bool) -> None:
    # The second column decides which row is near, in its own units and not in others'.
    rng = RNG(2)
    real, held_out, generated = rng.normal(size=(3, 300, 2)) * [1e4, 1.0]
    generated[:, 1] = real[:, 1] + 1e-4 * rng.normal(size=300)
    generated[:, 0] = real[:, 0] + 500 * rng.normal(size=300)
    found = find_copies(real, generated, rng, held_out=held_out, embedded=embedded)
    assert found.held_out is not None
    assert (found.held_out.pvalue <= 0.01) is not embedded
