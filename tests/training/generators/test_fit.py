"""Whatever a generator from outside does, its fit says so in a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan_eval.training.generators.data import rows_of
from gan_eval.training.generators.fit import fit
from gan_eval.training.generators.settings import FitConfig

HERE = "tests.training.generators.misbehaving"
TARGET = {"mean": [0.0, 1.0], "covariance": [[1.0, 0.3], [0.3, 2.0]]}


def config(name: str, **settings: object) -> FitConfig:
    generator = {"use": f"{HERE}:{name}", "settings": settings}
    return FitConfig.parse({"generator": generator, "target": TARGET, "n_examples": 50})


@pytest.mark.parametrize(
    ("name", "sentence", "diverged"),
    [
        ("Raises", "fit(rows, rng) raised ValueError: no luck today", False),
        ("Leaves", "fit(rows, rng) raised SystemExit: usage: train.py DATA", False),
        ("RaisesLater", "sample(n, rng) raised KeyError: 'gone'", False),
        ("GivesNaN", "3 of 20 generated rows hold values that are not finite", True),
        ("OtherShape", "sample(n, rng) gave shape (20, 1), not (20, 2)", False),
        ("TooFew", "sample(n, rng) gave 10 rows, not 20", False),
        ("Texts", "sample(n, rng) gave <U1 where numbers were expected", False),
        ("SaysOdd", r"raised ValueError: half a pair: \udcff, red: \x1b[31m", False),
        ("RaisesItsOwn", "fit(rows, rng) raised Own", False),
        ("Enormous", "20 of 20 generated rows hold values of more than 1e+150 in size", True),
        ("Masked", "3 of 20 generated rows hold values that are not finite", True),
        ("NeverYields", "steps(rows, rng) yielded no checkpoint", False),
        ("NoMethods", f"the generator '{HERE}:NoMethods' has no method fit(rows, rng)", False),
        ("NoSample", f"the generator '{HERE}:NoSample' has no method sample(n, rng)", False),
    ],
)
def test_what_goes_wrong_is_said(name: str, sentence: str, diverged: bool) -> None:
    found = fit(config(name), 0, 20)
    assert sentence in found.failure
    assert found.diverged is diverged


def test_a_fit_is_a_function_of_its_seed() -> None:
    first, again, other = (fit(config("Honest"), seed, 20).rows for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_settings_reach_the_class_and_unknown_ones_are_refused() -> None:
    rows = fit(config("Honest", noise=0.0), 0, 20).rows
    assert np.allclose(rows, rows_of(config("Honest"), 0, 20).train.mean(axis=0))
    assert "unexpected keyword argument 'loud'" in fit(config("Honest", loud=1), 0, 20).failure


def test_a_generator_may_spoil_the_rows_that_it_is_given() -> None:
    one = config("Overwrites")
    before = rows_of(one, 0, 20).train
    assert fit(one, 0, 20).failure == ""
    assert np.array_equal(rows_of(one, 0, 20).train, before)


def test_checkpoints_are_drawn_from_when_they_are_yielded() -> None:
    found = fit(config("Steps"), 0, 400)
    assert [step.examples for step in found.checkpoints] == [50, 100, 150, 200]
    # The object goes on changing after each yield: its mean falls by 1 from step to step.
    means = np.array([step.rows.mean() for step in found.checkpoints])
    assert np.allclose(np.diff(means), -1, atol=0.3)
    assert np.array_equal(found.rows, found.checkpoints[-1].rows)
    seconds = [step.seconds for step in found.checkpoints]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("count", [999, 1000, 1001, 2500])
def test_of_very_many_checkpoints_some_are_followed_and_the_last_is_judged(count: int) -> None:
    found = fit(config("ManySteps", count=count), 0, 5).checkpoints
    examples = np.array([step.examples for step in found])
    assert 500 <= len(examples) <= 1001
    assert examples[-1] == count
    assert len(set(np.diff(examples[:-1]))) == 1
    assert abs(found[-1].rows.mean()) < 3
    means = np.array([step.rows.mean() for step in found])
    assert np.allclose(means, count - examples, atol=3)


def test_a_table_of_numbers_is_taken_by_its_places() -> None:
    assert np.array_equal(fit(config("Frame"), 0, 20).rows, fit(config("Honest"), 0, 20).rows)


@pytest.mark.parametrize("value", [np.inf, -1e200])
def test_a_table_of_values_that_are_not_finite_is_said(value: float, tmp_path: Path) -> None:
    """Also where another column is of words, so that rows come as a table."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=90), "c": rng.choice(["x", "y"], size=90)})
    table.to_csv(tmp_path / "table.csv", index=False)
    generator = {"use": f"{HERE}:Spoils", "value": value if np.isfinite(value) else None}
    target = {"data": str(tmp_path / "table.csv"), "holdout": 0.4}
    found = fit(FitConfig.parse({"generator": generator, "target": target}), 0, 20)
    assert found.diverged
    assert "1 of 20 generated rows hold values" in found.failure


def test_a_copy_of_the_process_ends() -> None:
    code = (
        "from tests.training.generators.test_fit import config, fit\n"
        "print(len(fit(config('Doubles'), 0, 20).rows), flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    assert done.stdout.split() == [b"20"]


def test_steps_of_a_tensor_library_are_taken() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from gan_eval.training.generators.fit import drawn

    class Tensors:
        def sample(self, n: int, rng: np.random.Generator) -> object:
            return torch.zeros(n, 2, requires_grad=True)

    rows = rows_of(config("Honest"), 0, 20)
    assert drawn(Tensors(), 5, rows, np.random.default_rng(0)).shape == (5, 2)
