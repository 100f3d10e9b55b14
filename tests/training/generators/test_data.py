"""The rows of a replicate: drawn or split by the seed, and brought to one form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval import TrainingConfig, UsageError
from gan_eval.training.generators.data import gaussian_of, rows_of
from gan_eval.training.generators.settings import FitConfig
from gan_eval.training.rows import training_rows


def fit_config(target: Any, **settings: Any) -> FitConfig:
    return FitConfig.parse({"generator": "bootstrap", "target": target, **settings})


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"id": range(200), "a": rng.normal(size=200), "b": rng.normal(size=200)})
    frame["sort"] = rng.choice(["x", "y", "z"], size=200)
    frame.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def test_a_gaussian_target_has_the_rows_of_the_built_in_gan() -> None:
    chapter = {"A": [[1.0, 2.0], [-0.1, 0.5]], "b": [1.0, 2.0]}
    rows = rows_of(fit_config(chapter, n_examples=30), 7, 10)
    assert np.array_equal(rows.train, training_rows(TrainingConfig(n_examples=30), 7))
    assert rows.real.shape == (10, 2)
    assert rows.target.mean.tolist() == [1.0, 2.0]


def test_training_real_and_fresh_rows_are_other_draws() -> None:
    rows = rows_of(fit_config("ring8"), 0, 1000)
    parts = [{tuple(row) for row in part} for part in (rows.train, rows.real, rows.fresh)]
    assert [len(part) for part in parts] == [1000, 1000, 1000]
    assert len(set.union(*parts)) == 3000


def test_a_file_is_split_by_the_seed_into_three_parts(table: Path) -> None:
    one = fit_config({"data": str(table), "columns": ["a", "b"], "holdout": 0.3})
    rows, again, other = rows_of(one, 0, 500), rows_of(one, 0, 500), rows_of(one, 1, 500)
    whole = {tuple(row) for row in pd.read_csv(table)[["a", "b"]].to_numpy()}
    parts = [rows.train, rows.real.frame.to_numpy(), rows.fresh]
    assert [len(part) for part in parts] == [140, 40, 20]
    assert {tuple(row) for part in parts for row in part} == whole
    assert rows.split == again.split != other.split
    assert np.array_equal(rows.train, again.train)


def test_an_index_is_handed_to_no_generator_and_words_come_as_a_frame(table: Path) -> None:
    rows = rows_of(fit_config({"data": str(table)}), 0, 500)
    assert list(rows.train.columns) == ["a", "b", "sort"]
    train, real, generated = rows.mixed(rows.train.sample(30, random_state=0))
    assert (len(train), len(real), len(generated)) == (140, 40, 30)
    assert train.category_names == real.category_names == generated.category_names == ("sort",)
    assert train.levels == generated.levels


def test_kinds_of_columns_are_those_of_the_training_part(table: Path) -> None:
    rows = rows_of(fit_config({"data": str(table)}), 0, 500)
    odd = rows.train.head(20).assign(a="word")
    with pytest.raises(UsageError, match="'a'"):
        rows.mixed(odd)


@pytest.mark.parametrize(
    ("target", "part"),
    [
        ({"data": "no-such.csv"}, "No such file"),
        ({"data": "x.csv", "holdout": 1.0}, "less than 1"),
        ({"data": "x.csv", "seperator": ";"}, "separator"),
        ({"data": "x.csv", "preset": "ring8"}, "has no 'preset'"),
        ({"data": "x.csv", "kinds": {"a": "nmber"}}, "number"),
        ("ring9", "ring8"),
        ({}, "must name"),
        (3, "must be a distribution"),
    ],
)
def test_a_target_that_cannot_be_is_refused(target: Any, part: str) -> None:
    with pytest.raises(UsageError, match=part):
        rows_of(fit_config(target), 0, 10)


def test_a_file_without_anything_to_learn_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"k": [1] * 90}).to_csv(tmp_path / "constant.csv", index=False)
    with pytest.raises(UsageError, match="no column whose values differ"):
        rows_of(fit_config({"data": str(tmp_path / "constant.csv")}), 0, 20)


@pytest.mark.parametrize(
    "law", [(np.full(2, np.nan), np.eye(2)), (np.zeros(2), np.full((2, 2), np.inf))]
)
def test_a_distribution_of_no_numbers_is_refused(law: Any) -> None:
    with pytest.raises(UsageError, match="finite"):
        gaussian_of(law)


def test_a_file_that_is_too_small_says_what_it_lacks(tmp_path: Path) -> None:
    pd.DataFrame({"a": np.arange(12) ** 1.5}).to_csv(tmp_path / "few.csv", index=False)
    with pytest.raises(UsageError, match="12 rows"):
        rows_of(fit_config({"data": str(tmp_path / "few.csv"), "columns": ["a"]}), 0, 10)
