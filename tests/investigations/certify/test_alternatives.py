from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.presets import PRESETS, preset
from gan_eval.investigations.certify.alternatives import (
    LAWS,
    LAWS_OF,
    PATHS,
    draw,
    paths_of,
    target_of,
    truth,
)
from gan_eval.investigations.certify.gaussian import chapter


def test_integers_tie() -> None:
    values = draw("integers", 1000, 2, np.random.default_rng(0))
    assert set(np.unique(values)) == {0.0, 1.0, 2.0}


@pytest.mark.parametrize("target", ["ring8", "grid25"])
def test_rows_of_a_mixture_are_its_presets(target: str) -> None:
    expected = preset(target).sample(30, np.random.default_rng(1))
    np.testing.assert_array_equal(draw(target, 30, 2, np.random.default_rng(1)), expected)
    # One object, so that what tests remember of a target is found again.
    assert truth(2, target) is truth(2, target)


def test_every_preset_is_a_truth_with_laws_and_paths() -> None:
    assert set(LAWS_OF) == set(PRESETS)
    assert [law for laws in LAWS_OF.values() for law in laws] == list(LAWS)
    assert all(target_of(law) == target for target, laws in LAWS_OF.items() for law in laws)
    assert set(paths_of("chapter")) | set(paths_of("ring8")) == set(PATHS)
    assert paths_of("ring8") == paths_of("grid25")
    assert truth(3, "chapter") is chapter(3)
