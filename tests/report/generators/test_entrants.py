"""Entrants: their order, labels and columns."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.report.generators.entrants import entrants_of, named_tests, target_words
from gan_eval.study.results.results import Results

from . import synthetic


def test_own_ones_stand_first_in_the_order_of_the_study() -> None:
    made = synthetic.results()
    shuffled = made.rows.sample(frac=1, random_state=1)
    found = entrants_of(Results(shuffled, made.epochs, made.provenance))
    assert [one.label for one in found] == [
        *("RingGAN · width = 16", "RingGAN · width = 64"),
        *("gaussian_fit", "bootstrap", "real_rows"),
    ]
    assert [one.own for one in found] == [True, True, False, False, False]
    assert sum(one.replicates for one in found) == len(made.rows)
    assert [one.epochs["seed"].nunique() for one in found] == [8, 10, 10, 10, 10]


def test_a_name_tells_its_setting_only_where_there_are_several() -> None:
    found = entrants_of(synthetic.one_setting())
    assert found[0].label == "RingGAN"


def test_tests_are_those_of_the_battery() -> None:
    assert list(named_tests(entrants_of(synthetic.results()))) == ["mmd", "energy"]


def test_a_column_that_is_not_there_is_nan_or_empty() -> None:
    one = entrants_of(synthetic.results())[0]
    assert np.isnan(one.values("kl")).all()
    assert set(one.texts("kl_how")) == {""}
    assert one.only("margin") == synthetic.MARGIN
    assert np.isnan(one.only("worth_energy"))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("ring8", "ring8"),
        ({"preset": "grid25"}, "grid25"),
        ({"data": "tables/iris.csv", "holdout": 0.3}, "iris.csv"),
        ({"components": [{}, {}]}, "a mixture of 2 Gaussians"),
        ({"mean": [0], "covariance": [[1]]}, "a Gaussian"),
        ({"mean": [0], "covariance": [[1]], "degrees_of_freedom": 3}, "a Student t distribution"),
        (None, "the target"),
    ],
)
def test_a_target_is_named_by_its_settings(target: object, words: str) -> None:
    assert target_words({"target": target}) == words
