"""The result object: readable, tabular, and JSON that any parser reads."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from gan_eval import GaussianTarget
from gan_eval.stats import goodness
from gan_eval.stats.battery.battery import BatteryResult, battery
from gan_eval.stats.battery.equivalence import equivalence
from gan_eval.stats.twosample import TestResult, energy_test, frechet_distance, mmd_test


@pytest.fixture
def result() -> TestResult:
    rng = np.random.default_rng(0)
    return mmd_test(rng.normal(size=(9, 2)), rng.normal(size=(7, 2)), permutations=19, rng=0)


def test_repr_is_one_readable_line(result):
    text = repr(result)
    assert "\n" not in text
    for part in ("MMD permutation test", "kernel=gaussian", "from 19 permutations", "n = 9, m = 7"):
        assert part in text


@pytest.mark.parametrize(
    ("pvalue", "text"), [(0.0, "p < 1e-300"), (0.99999, "p > 0.9999"), (1.0, "p = 1,")]
)
def test_a_p_value_that_underflows_or_rounds_is_not_shown_as_0_or_1(result, pvalue, text):
    # The laws here are known exactly, and their tails end below what float64 holds.
    assert text in repr(dataclasses.replace(result, pvalue=pvalue, null_distribution=np.empty(0)))


def test_exact_laws_that_underflow_print_a_bound_and_export_a_number():
    far = GaussianTarget.chapter().sample(2000, 0) * 3
    found = goodness.likelihood_ratio_test(far, GaussianTarget.chapter())
    assert "p < 1e-300" in repr(found)
    assert json.loads(found.to_json())["pvalue"] == found.pvalue < 1e-300


def test_it_is_frozen(result):
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.pvalue = 0.0


def test_series_make_a_table(result):
    other = energy_test([1.0, 2.0], [3.0, 5.0], permutations=5, rng=0)
    table = pd.DataFrame([result.to_series(), other.to_series()])
    assert list(table["n"]) == [9, 2]
    assert table.loc["MMD permutation test", "pvalue"] == result.pvalue
    assert table.loc["energy permutation test", "exponent"] == 1.0


def test_json_holds_the_scalars_and_on_request_the_null(result):
    record = json.loads(result.to_json())
    assert record["statistic"] == result.statistic
    assert record["bandwidth"] == result.parameters["bandwidth"]
    assert "null_distribution" not in record
    full = json.loads(result.to_json(null_distribution=True))
    assert full["null_distribution"] == result.null_distribution.tolist()


def test_json_is_nan_safe(result):
    broken = dataclasses.replace(
        result,
        statistic=float("nan"),
        estimate=float("inf"),
        null_distribution=np.array([1.0, np.nan]),
    )

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    record = json.loads(broken.to_json(null_distribution=True), parse_constant=refuse)
    assert record["statistic"] is None
    assert record["estimate"] is None
    assert record["null_distribution"] == [1.0, None]


def test_every_result_fits_a_screen_a_notebook_and_a_table() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
    wide = np.hstack([x, np.repeat(x[:, :1], 40, axis=1)])
    results = [
        mmd_test(x, y, permutations=19, rng=0),
        frechet_distance(x, y, bootstrap=19, rng=0),
        equivalence(GaussianTarget.chapter().sample(50, 0), GaussianTarget.chapter()),
        battery(x, y, permutations=19, rng=0),
        # A column is set aside for each of its copies; without rows there is nothing to test.
        battery(wide, wide[::-1], permutations=19, rng=0),
        battery(x[:2, :1], x[:2, :1], permutations=19, rng=0),
    ]
    for found in results:
        assert len(repr(found).splitlines()) <= 15
        assert "<table" in found._repr_html_()
        table = found.to_frame() if isinstance(found, BatteryResult) else found.to_series()
        assert len(table) or not found.results
        json.loads(found.to_json())
