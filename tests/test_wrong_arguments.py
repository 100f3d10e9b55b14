"""The face refuses what is not of the right kind in one sentence that names the argument."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gan_eval as ge

wrong: Any = ge  # the face without its types: these calls are mistakes
CONFIG = ge.TrainingConfig(epochs=1, n_examples=16)
TARGET = ge.GaussianTarget.chapter()


@pytest.fixture(scope="module")
def gans() -> ge.TrainedGANs:
    return ge.train(CONFIG, seeds=range(2), backend="fused_cpu")


@pytest.mark.parametrize(
    "seeds", [3, [], range(0), [1.5], [-1], range(-1, 3), [[1]], [[1], [2, 3]], "12", [2**64], None]
)
def test_seeds_are_whole_numbers(seeds: Any) -> None:
    with pytest.raises(ge.UsageError, match=r"`seeds` must be one or more whole numbers .* got "):
        wrong.train(CONFIG, seeds=seeds, backend="fused_cpu")


@pytest.mark.parametrize("seeds", [(7,), [7], range(7, 8), np.array([7]), pd.Series([7])])
def test_a_sequence_of_any_kind_gives_the_seeds(seeds: Any) -> None:
    assert ge.train(CONFIG, seeds=seeds, backend="fused_cpu").seeds.tolist() == [7]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda g: wrong.train({}), "`config` must be a TrainingConfig, got dict"),
        (lambda g: wrong.train(CONFIG, every=0), "`every` must be a whole number of at least 1"),
        (lambda g: wrong.train(CONFIG, backend=None), "`backend` must be a str, got NoneType"),
        (lambda g: wrong.backend(3), "`backend` must be a str, got int"),
        (lambda g: wrong.judge(CONFIG), "`trained` must be a TrainedGANs, from `gan_eval.train`"),
        (lambda g: wrong.judge(g, margins=0.1), "`margins` must be a Margins, got float"),
        (lambda g: wrong.summarise(g), "`rows` must be a DataFrame, from `judge` or `load`, got"),
        (lambda g: wrong.summarise(pd.DataFrame({"seed": [1]})), "lacks config_hash, backend"),
        (lambda g: wrong.run("chapter", folder="a"), "`study` must be a Study, got str"),
        (lambda g: wrong.run(ge.Study(), folder=3), "`folder` must be a path, got 3"),
        (lambda g: wrong.load(3), "`folder` must be a path, got 3"),
        (lambda g: wrong.TrainingConfig(5), "TrainingConfig takes settings by name, got 5"),
        (lambda g: wrong.Margins(0.5, 0.1), "Margins takes settings by name, got 0.5"),
        (lambda g: wrong.kl(g, TARGET), "got TrainedGANs"),
        (lambda g: wrong.rank(g, [g, g]), "`generated` must be a mapping of names to tables"),
        (lambda g: wrong.battery([[1.0]], TARGET), "got a GaussianTarget: give it as `target`"),
        (lambda g: g.generate(2, 5), "replicate must be between 0 and 1, got 2"),
        (lambda g: g.generate(0, -5), "n must be a whole number of at least 0, got -5"),
        (lambda g: TARGET.sample(-1, 0), "n must be a whole number of at least 0, got -1"),
        (lambda g: wrong.GaussianTarget.chapter().sample(2.5, 0), "n must be a whole number"),
        (lambda g: TARGET.sample(1, -1), "rng must be None, a seed of at least 0"),
    ],
)
def test_one_sentence_names_the_argument(
    gans: ge.TrainedGANs, call: Callable[[ge.TrainedGANs], Any], sentence: str
) -> None:
    with pytest.raises(ge.UsageError) as caught:
        call(gans)
    assert sentence in str(caught.value)


@pytest.mark.thorough
def test_a_script_without_the_guard_is_told_of_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import gan_eval as ge\n"
        "study = ge.Study(backends=['fused_cpu'], replicates=2, permutations=0)\n"
        "ge.run(study, folder='out', workers=2)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert done.stderr.splitlines()[-1].endswith(
        'under `if __name__ == "__main__":`, or with `workers=1`'
    )
