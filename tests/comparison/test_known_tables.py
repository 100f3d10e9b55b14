"""Tables that everybody knows: halves of one are not told apart, its classes are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

import gan_eval as ge
from gan_eval.comparison.columns.prepare import prepare
from gan_eval.comparison.held_out import CopyVerdict
from gan_eval.comparison.reading import table_of

from . import tables

TABLES = ("iris", "wine", "breast_cancer", "diabetes")
MIXED = {"customers": tables.customers, "machines": tables.machines}


def load(name: str) -> tuple[pd.DataFrame, pd.Series]:
    """The columns, and the class of each row (for diabetes: whether it fared worse than most)."""
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    rows, answer = bunch.data, bunch.target
    return rows, answer if answer.nunique() < 5 else answer > answer.median()


def split(rows: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    order = np.random.default_rng(seed).permutation(len(rows))
    return rows.iloc[order[: len(rows) // 2]], rows.iloc[order[len(rows) // 2 :]]


@pytest.mark.thorough
@pytest.mark.statistical
@pytest.mark.parametrize("name", TABLES)
def test_halves_of_one_table_are_seldom_told_apart(name: str) -> None:
    # At a true rate of 5 % more than 20 of 200 have a probability of 0.001.
    rows = load(name)[0]
    told = [
        ge.battery(*split(rows, seed), permutations=199, rng=seed).told_apart for seed in range(200)
    ]
    assert sum(told) <= 20


@pytest.mark.parametrize("name", TABLES)
def test_classes_are_told_apart(name: str) -> None:
    rows, answer = load(name)
    first = answer == answer.unique()[0]
    assert ge.compare(rows[first], rows[~first], tests=["energy"], permutations=199).told_apart


@pytest.mark.parametrize("name", TABLES)
def test_a_gaussian_fit_has_the_moments_and_misses_the_shape(name: str) -> None:
    # None of these tables is Gaussian, and no test of moments can see that of a fit.
    rows = load(name)[0]
    fitted = ge.GaussianTarget.fit(rows.to_numpy(np.float64)).sample(4 * len(rows), 1)
    tests = ["hotelling", "covariance", "fuse", "columns"]
    found = ge.compare(rows, fitted, tests=tests, permutations=199)
    assert set(found.tests.rejected) == {"fuse", "columns"}


@pytest.mark.thorough
@pytest.mark.statistical
@pytest.mark.parametrize("name", MIXED)
def test_halves_of_a_mixed_table_are_seldom_told_apart(name: str) -> None:
    # As for numbers: more than 20 of 200 have a probability of 0.001.
    rows, told = MIXED[name](240, 0), 0
    for seed in range(200):
        one, other = split(rows, seed)
        made = prepare(table_of(one, "real"), table_of(other, "generated"))
        found = ge.battery(made.real, made.generated, permutations=199, rng=seed)
        told += found.told_apart
    assert told <= 20


@pytest.mark.parametrize(("name", "column", "level"), [
    ("customers", "region", "west"), ("machines", "type", "B")
])  # fmt: skip
def test_a_mixed_table_without_a_level_is_told_apart(name: str, column: str, level: str) -> None:
    real, generated = MIXED[name](900, 1), MIXED[name](900, 2)
    generated = generated[generated[column] != level]
    found = ge.compare(real, generated, tests=["energy", "columns"], permutations=199)
    assert found.told_apart
    (row,) = found.columns[found.columns["column"] == column].to_dict("records")
    assert row["adjusted"] <= 0.05


def test_a_species_that_is_not_generated_is_named_as_a_lost_mode() -> None:
    rows, species = load("iris")
    found = ge.compare(rows, rows[species != 0], tests=["energy"], permutations=199)
    assert found.told_apart
    assert found.modes is not None
    (lost,) = found.modes.lost
    assert 45 <= lost.real <= 50
    assert "loses 1 of 2 modes" in repr(found)


def test_a_generator_that_copies_is_found_by_held_out_rows_and_one_that_does_not_is_not() -> None:
    rows = load("breast_cancer")[0]
    training, held_out = split(rows, 0)
    rng = np.random.default_rng(1)
    copied = (
        training.sample(200, random_state=1)
        + 1e-3 * rng.normal(size=(200, 30)) * rows.std(axis=0).to_numpy()
    )
    # It knows both parts alike.
    fitted = ge.GaussianTarget.fit(rows.to_numpy(np.float64)).sample(200, 2)
    settings = {"tests": ["hotelling"], "permutations": 199, "holdout": held_out}
    found = ge.compare(training, copied, **settings)
    assert found.copies.verdict == CopyVerdict.COPIES
    assert "copies training rows" in repr(found)
    honest = ge.compare(training, fitted, **settings)
    assert honest.copies.verdict == CopyVerdict.NO_COPIES_SHOWN
