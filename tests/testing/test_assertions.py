"""``assert_same_distribution`` of anyone's tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan_eval import GaussianTarget
from gan_eval.testing import assert_same_distribution


def people(seed: int, n: int, red: float = 0.3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"age": rng.normal(40, 9, n), "colour": np.where(rng.random(n) < red, "red", "blue")}
    )
    frame.loc[rng.random(n) < 0.1, "age"] = np.nan
    return frame


def test_tables_with_categories_and_holes_are_told_apart_by_name() -> None:
    assert not assert_same_distribution(people(0, 80), people(1, 70), tests=["energy"]).told_apart
    with pytest.raises(AssertionError, match="do not come from one distribution") as error:
        assert_same_distribution(people(0, 80), people(1, 70, red=0.9), tests=["energy"])
    first = str(error.value).partition("what differs most")[2].splitlines()[1]
    assert first.startswith("  column colour: ")


def test_few_rows_do_not_pass_silently() -> None:
    with pytest.raises(AssertionError, match="could not tell x from y"):
        assert_same_distribution(people(0, 4), people(1, 3), tests=["energy"])


def test_files_samplers_and_targets(tmp_path: Path) -> None:
    target, path = GaussianTarget.chapter(), tmp_path / "rows.csv"
    names = pd.Index(["a", "b"])
    pd.DataFrame(target.sample(90, 0), columns=names).to_csv(path, index=False)
    assert_same_distribution(path, target, tests=["energy"])
    assert_same_distribution(target, target.sample(90, 1), tests=["likelihood_ratio"])
    with pytest.raises(AssertionError):
        assert_same_distribution(path, target.sample(90, 1) + 3, tests=["energy"])
