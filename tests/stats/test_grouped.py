"""Tests of rows that depend on each other, by whole groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.battery.battery import battery
from gan_eval.stats.battery.catalogue import DEFAULT, TESTS
from gan_eval.stats.result import Verdict
from gan_eval.stats.twosample.permuted_moments import hotelling_permutation_test


def people(
    count: int, generator: np.random.Generator, rows: Any = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of persons, each nearly the same as the person's others."""
    person = np.repeat(np.arange(count), rows)
    level = generator.normal(size=(count, 2))
    return level[person] + 0.1 * generator.normal(size=(len(person), 2)), person


@pytest.mark.thorough
def test_whole_groups_hold_the_level_where_rows_do_not():
    """300 repetitions at 5 %: 15 ± 3.8 rejections, of rows alone more than half."""
    rejected = np.zeros(2)
    for seed in range(300):
        generator = np.random.default_rng([3, seed])
        (x, of_x), (y, of_y) = people(10, generator), people(12, generator)
        for i, groups in enumerate((None, (of_x, of_y))):
            found = hotelling_permutation_test(x, y, groups=groups, permutations=39, rng=seed)
            rejected[i] += found.pvalue <= 0.05
    assert rejected[0] > 100
    assert rejected[1] < 34


def test_every_test_of_two_samples_takes_groups():
    generator = np.random.default_rng(0)
    (x, of_x), (y, of_y) = people(12, generator), people(12, generator)
    alone = battery(x, y, tests=list(TESTS), permutations=199, rng=0)
    grouped = battery(x, y, tests=list(TESTS), permutations=199, rng=0, groups=(of_x, of_y))
    assert alone.told_apart
    assert not grouped.told_apart
    for name, found in grouped.results.items():
        # Folds are drawn after the labels, of which groups take another number.
        if name != "classifier":
            assert found.statistic == alone.results[name].statistic
        assert found.confidence_interval is None
        assert found.null_distribution.std() > alone.results[name].null_distribution.std()
    assert grouped.to_dict()["groups"] == {"x": 12, "y": 12, "exchanged": 24, "left_out": 0}
    assert "groups" not in alone.to_dict()


def test_groups_of_other_sizes_could_not_be_told():
    generator = np.random.default_rng(0)
    (x, of_x), (y, of_y) = people(20, generator, 5), people(20, generator, 7)
    found = battery(x, y + 5, permutations=99, rng=0, groups=(of_x, of_y))
    assert found.verdict == Verdict.COULD_NOT_TELL
    assert "groups" in found.why_not


def test_few_groups_could_not_be_told():
    generator = np.random.default_rng(0)
    (x, of_x), (y, of_y) = people(3, generator, 50), people(3, generator, 50)
    found = battery(x, y + 50, permutations=199, rng=0, groups=(of_x, of_y))
    assert found.verdict == Verdict.COULD_NOT_TELL
    (x, of_x), (y, of_y) = people(8, generator, 50), people(8, generator, 50)
    assert battery(x, y + 50, permutations=199, rng=0, groups=(of_x, of_y)).told_apart


def test_groups_of_many_sizes_are_thinned_by_the_seed():
    generator = np.random.default_rng(0)
    x, of_x = people(30, generator, generator.integers(2, 40, 30))
    y, of_y = people(30, generator, generator.integers(2, 40, 30))
    frames = [pd.DataFrame(rows, columns=["a", "b"]) for rows in (x, y)]
    names = ([f"p{i}" for i in of_x], [f"p{i}" for i in of_y])
    found = [
        battery(*pair, tests=["mmd", "hotelling"], permutations=99, rng=4, groups=groups)
        for pair, groups in ((frames, names), ((x, y), (of_x, of_y)), ((x.tolist(), y), names))
    ]
    assert found[0].adjusted == found[1].adjusted == found[2].adjusted
    how = found[0].grouped
    assert how is not None
    result = found[0].results["mmd"]
    assert how.left_out == len(x) + len(y) - result.n - (result.m or 0) > 0
    assert how.exchanged > 50


def test_groups_need_two_samples():
    x = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(UsageError, match="where there is a target"):
        battery(x, target=(np.zeros(2), np.eye(2)), groups=(range(30), range(30)))


def test_each_test_is_announced():
    generator, titles = np.random.default_rng(0), []
    battery(*generator.normal(size=(2, 30, 2)), permutations=9, rng=0, progress=titles.append)
    assert titles == [TESTS[name].title for name in DEFAULT]
