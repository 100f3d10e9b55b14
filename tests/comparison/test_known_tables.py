"""Tables that everybody knows: halves of one are not told apart, its classes are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

import gan_eval as ge

TABLES = ("iris", "wine", "breast_cancer", "diabetes")


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
