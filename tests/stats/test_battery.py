"""The battery: the tests it names, one level for all of them, errors of every kind seen."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval import GaussianTarget
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import goodness
from gan_eval.stats.battery.battery import battery
from gan_eval.stats.battery.catalogue import ALL_TESTS, DEFAULT, TESTS
from gan_eval.stats.multiple import adjusted_pvalues
from gan_eval.stats.scaling import ConstantColumnError
from gan_eval.stats.twosample.classical import likelihood_ratio_test

CHAPTER = GaussianTarget.chapter()


def test_each_result_is_that_of_the_test_alone_and_the_adjustment_is_the_corrections() -> None:
    x, y = CHAPTER.sample(60, 1), CHAPTER.sample(50, 2) + np.array([0.0, 0.4])
    found = battery(x, y, permutations=199, rng=3)
    assert tuple(found.results) == DEFAULT
    assert found.results["likelihood_ratio"].statistic == pytest.approx(
        likelihood_ratio_test(x, y).statistic, rel=1e-9
    )
    pvalues = [result.pvalue for result in found.results.values()]
    np.testing.assert_array_equal(list(found.adjusted.values()), adjusted_pvalues(pvalues, "holm"))
    assert found.rejected == tuple(n for n, p in found.adjusted.items() if p <= 0.05)
    assert found.smallest == min(found.adjusted.values())
    for name in ("energy", "hotelling"):
        alone = battery(x, y, tests=[name], permutations=199, rng=3)
        assert alone.results[name].pvalue == found.results[name].pvalue
        assert alone.adjusted[name] == alone.results[name].pvalue


def test_against_a_target_the_known_law_is_tested() -> None:
    x = CHAPTER.sample(80, 4) * 1.2
    found = battery(x, target=CHAPTER, rng=0)
    for name, test in (
        ("likelihood_ratio", goodness.likelihood_ratio_test),
        ("hotelling", goodness.hotelling_test),
        ("covariance", goodness.covariance_test),
    ):
        assert found.results[name].pvalue == test(x, CHAPTER).pvalue
        assert found.results[name].m is None
    beside = battery(x, CHAPTER.sample(70, 5), target=CHAPTER, rng=0)
    assert beside.results["energy"].m == 70
    assert beside.results["likelihood_ratio"].pvalue == found.results["likelihood_ratio"].pvalue


@pytest.mark.parametrize("with_target", [False, True])
def test_an_affine_map_of_everything_changes_no_pvalue(with_target: bool) -> None:
    x, y = CHAPTER.sample(60, 6), CHAPTER.sample(60, 7) * 1.1
    map_, shift = np.array([[3.0, 1e3], [-0.2, 5.0]]), np.array([10.0, -4.0])
    image = GaussianTarget(CHAPTER.A @ map_, CHAPTER.b @ map_ + shift)
    options: dict[str, Any] = {"permutations": 199, "rng": 0}
    before = battery(x, y, target=CHAPTER if with_target else None, **options)
    after = battery(
        x @ map_ + shift, y @ map_ + shift, target=image if with_target else None, **options
    )
    assert set(after.results) == set(before.results)
    # Single columns are not the same after a rotation.
    for name in set(before.results) - {"columns"}:
        assert after.results[name].pvalue == pytest.approx(before.results[name].pvalue, rel=1e-6)


@pytest.mark.thorough
@pytest.mark.statistical
def test_the_whole_battery_keeps_its_level_for_heavy_tails() -> None:
    # 200 pairs of one law, Student's t with 3 degrees of freedom (without MMD-FUSE, the slowest of
    # the tests): at most 5 % of batteries may
    # reject, here at most 5 % + 3.5 standard errors of a binomial (error rate 5e-4).
    rng = np.random.default_rng(8)
    told = [
        battery(
            *rng.standard_t(3, size=(2, 40, 2)), tests=DEFAULT[:5], permutations=99, rng=k
        ).told_apart
        for k in range(200)
    ]
    assert np.mean(told) <= 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize(
    ("error", "seen_by"),
    [
        (lambda z: z + np.array([0.0, 1.0]), {"likelihood_ratio", "hotelling", "mmd", "energy"}),
        (lambda z: z * [1.0, 2.0], {"likelihood_ratio", "covariance", "energy"}),
        (lambda z: np.abs(z) * np.sign(z[:, :1]), {"mmd", "fuse"}),
        (lambda z: np.round(2 * z) / 2, {"fuse"}),
        (lambda z: z * [1.0, 0.0], {"mmd", "energy"}),
    ],
    ids=["shift", "scale", "dependence", "grid", "collapse"],
)
def test_errors_are_seen_by_the_tests_made_for_them(error, seen_by: set[str]) -> None:
    rng = np.random.default_rng(9)
    x, z = rng.normal(size=(2, 300, 2))
    assert seen_by <= set(battery(x, error(z), permutations=199, rng=0).rejected)


def test_what_the_samples_do_not_carry_is_left_out_by_default_and_refused_by_name() -> None:
    x = np.random.default_rng(10).normal(size=(100, 2))
    line = np.column_stack([x[:, 0], x[:, 0]])
    found = battery(x, line, permutations=199, rng=0)
    assert set(found.not_run) == {"likelihood_ratio", "covariance"}
    assert "full rank" in found.not_run["covariance"]
    assert found.told_apart
    assert "not run: y must have a covariance" in repr(found)
    with pytest.raises(UsageError, match="full rank"):
        battery(x, line, tests=["likelihood_ratio"], rng=0)
    few = np.random.default_rng(11).normal(size=(2, 4, 9))
    assert set(battery(*few, permutations=119, rng=0).results) == {
        *("mmd", "energy", "fuse", "columns"),
    }


def test_few_rows_are_only_scaled_so_that_an_error_can_still_be_seen() -> None:
    # Whitened by a covariance of rank n + m − 1 all rows would be equally far from each other.
    x, y = np.random.default_rng(12).normal(size=(2, 15, 20))
    assert "energy" in battery(x, y + 2.0, permutations=199, rng=0).rejected


def test_frame_json_and_text_say_the_same() -> None:
    x, y = CHAPTER.sample(60, 13), CHAPTER.sample(60, 14)
    found = battery(pd.DataFrame(x), pd.DataFrame(y), correction="benjamini-hochberg", rng=0)
    frame, document = found.to_frame(), json.loads(found.to_json())
    assert frame.index.tolist() == list(document["tests"]) == list(DEFAULT)
    assert set(frame["correction"]) == {"benjamini-hochberg"} == {document["correction"]}
    for name, p in found.adjusted.items():
        assert frame.loc[name, "adjusted"] == p == document["tests"][name]["adjusted"]
    assert document["tests"]["covariance"]["confidence_low"] is None
    text = repr(found)
    assert "alpha = 0.05 after Benjamini–Hochberg's correction" in text
    assert all(TESTS[name].title in text for name in DEFAULT)
    with pytest.raises(AttributeError):
        found.alpha = 0.1  # type: ignore[misc]


def test_the_optional_tests_work_on_the_same_whitened_rows() -> None:
    x, y = CHAPTER.sample(60, 16), CHAPTER.sample(60, 17) + CHAPTER.A[1]
    names = ["sliced_wasserstein", "classifier"]
    for target in (None, CHAPTER):
        found = battery(x, y, target=target, tests=names, permutations=99, rng=0)
        assert found.rejected == tuple(names)
        image = x * [1.0, 100.0], y * [1.0, 100.0]
    after = battery(*image, tests=names, permutations=99, rng=0)
    assert after.rejected == tuple(names)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"tests": ["mmd", "nope"]},
            "unknown test 'nope': known are `likelihood_ratio`",
        ),
        ({"tests": []}, "at least one test"),
        ({"tests": ["mmd", "mmd"]}, "each once"),
        ({"tests": 3}, "tests must be a test's name or a list of names, got 3"),
        ({"alpha": 0.0}, "alpha must be above 0 and below 1, got 0.0"),
        ({"alpha": "0.05"}, "alpha must be above 0 and below 1, got '0.05'"),
        ({"alpha": None}, "alpha must be above 0 and below 1, got None"),
        ({"alpha": [0.05]}, "alpha must be above 0 and below 1, got [0.05]"),
        ({"correction": "none"}, "correction must be one of"),
        ({"rng": -1}, "rng must be"),
        ({"device": "nowhere"}, "device must be"),
        ({"target": CHAPTER}, "one column for each of the target's 2 coordinates, got 3"),
    ],
)
def test_misuse_is_refused_in_one_sentence(options: dict, sentence: str) -> None:
    x, y = np.random.default_rng(15).normal(size=(2, 20, 3))
    with pytest.raises(UsageError) as refusal:
        battery(x, y, **options)
    assert sentence in str(refusal.value)


def test_one_sample_and_no_target_is_refused() -> None:
    with pytest.raises(UsageError, match="a second sample or a target"):
        battery([1.0, 2.0, 3.0])


@pytest.mark.parametrize("constant", [0.1, 14.62, 3.7, 1e15])
def test_a_column_without_news_is_set_aside_and_changes_no_pvalue(constant: float) -> None:
    x, y = np.random.default_rng(18).normal(size=(2, 60, 2))
    y[:, 1] += 1.0
    wide = [np.column_stack([z[:, 0], z * 0 + constant, z[:, 1], 2 * z[:, 0]]) for z in (x, y)]
    alone = battery(pd.DataFrame(x, columns=["x1", "x4"]), y, permutations=199, rng=0)
    found = battery(*wide, permutations=199, rng=0)
    assert set(found.set_aside) == {"x2", "x3", "x5"}
    assert found.told_apart
    for name, result in alone.results.items():
        assert found.results[name].pvalue == result.pvalue
    assert found.results["columns"].parameters["column"] == "x4"
    assert found.to_dict()["set_aside"] == dict(found.set_aside)
    assert "column x2 set aside: it is constant at" in repr(found)


def test_every_test_of_the_table_can_be_loaded_and_run() -> None:
    target = GaussianTarget(A=((1.0, 0.0), (0.0, 1.0)), b=(0.0, 0.0))
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((12, 2)), rng.standard_normal((14, 2))
    ring = MixtureTarget.ring()
    for name, test in ALL_TESTS.items():
        known = ring if name in ("mode_shares", "log_density") else target
        result = test.run(x, y, target=known, permutations=3, rng=0)
        assert (result.m is None) == (test.needs == "the target"), name
        assert bool(result.permutations) == bool(test.takes), name
    chosen = [(test.two_samples, test.against_target) for test in TESTS.values()]
    assert {name for names in chosen for name in names if name} <= set(ALL_TESTS)


def test_a_constant_column_is_called_by_its_name() -> None:
    rows = np.random.default_rng(0).standard_normal((20, 3))
    x = pd.DataFrame(rows, columns=["unit", "height", "weight"]).assign(unit=1.0)
    y = x.assign(weight=3.0)
    with pytest.raises(UsageError, match="y must vary in every column, got constant column 'we"):
        likelihood_ratio_test(x.drop(columns="unit"), y.drop(columns="unit"))
    # The unit, constant in both, is set aside first.
    assert "constant column 'weight'" in battery(x, y, rng=0).not_run["likelihood_ratio"]


def test_the_error_of_a_constant_column_crosses_processes() -> None:
    error = ConstantColumnError("x", 1, ["height", "weight"])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
