"""Worth: known answers, plain sums, the interval's coverage, orientation, targets."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from scipy.stats import binom

from gan_eval.comparison.pages.worth_words import sentence, table
from gan_eval.distributions.distances import energy_distance, median_distance, mmd2
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import worth as module
from gan_eval.stats.kernels.kernels import median_bandwidth
from gan_eval.stats.mixed import MixedRows
from gan_eval.stats.worth import BY, worth


@pytest.mark.parametrize("by", BY)
def test_it_is_the_spread_over_the_distance_without_bias(by: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 2)), rng.normal(0.5, 1.0, size=(20, 2))
    apart = {"xy": cdist(x, y), "xx": pdist(x), "yy": pdist(y)}
    if by == "mmd":
        width = median_bandwidth(x)
        apart = {name: 1 - np.exp(-((d / width) ** 2) / 2) for name, d in apart.items()}
    xy, xx, yy = (part.mean() for part in apart.values())
    found = worth(x, y, by=by, whiten=False)
    assert found.distance == pytest.approx(2 * xy - xx - yy)
    assert found.value == pytest.approx(xx / (2 * xy - xx - yy))
    assert found.low == pytest.approx(xx / found.distance_high)
    assert (found.n, found.m, found.how) == (30, 20, "sampled")


@pytest.mark.parametrize("by", BY)
def test_real_rows_are_worth_at_least_a_number(by: str) -> None:
    """A wrong upper limit in 1 of 40 pairs: of 40 no more than 5 (1 in 2,000)."""
    rng = np.random.default_rng(1)
    found = [worth(*rng.normal(size=(2, 300, 3)), by=by) for _ in range(40)]
    assert sum(math.isfinite(one.high) for one in found) <= 5
    assert all(one.low > 15 for one in found)
    assert sentence(found[0]).count("at least") == math.isinf(found[0].high)


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("rows", [20, 50, 100, 200])
def test_rows_drawn_from_a_few_real_ones_are_worth_these(by: str, rows: int) -> None:
    """D² has mean spread / rows; the mean of 20 pairs is within 4 standard errors of that."""
    rng = np.random.default_rng(rows)
    shares = []
    for _ in range(20):
        real, few = rng.normal(size=(800, 3)), rng.normal(size=(rows, 3))
        found = worth(real, few[rng.integers(rows, size=800)], by=by)
        shares.append(rows * found.distance / found.spread)
    error = np.std(shares, ddof=1) / np.sqrt(len(shares))
    assert abs(np.mean(shares) - 1) < 4 * error
    assert error < 0.2


@pytest.mark.parametrize("by", BY)
def test_a_gaussian_of_larger_covariance_is_worth_the_closed_form(by: str) -> None:
    """One interval in 20 misses: of 20 no more than 5 do (1 in 3,000)."""
    d, misses = 4, 0
    truth, larger = (np.zeros(d), np.eye(d)), (np.zeros(d), 1.1 * np.eye(d))
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = math.sqrt(1.1) * rng.normal(size=(600, d))
        found = worth(truth, rows, by=by)
        if by == "energy":
            exact = math.sqrt(2) * 2 * math.gamma(2.5) / math.gamma(2.0) / math.sqrt(2)
            exact *= math.sqrt(2) / energy_distance(larger, truth)
        else:
            width = float(median_distance(truth))
            exact = (1 - (1 + 2 / width**2) ** (-d / 2)) / mmd2(larger, truth)
        misses += not found.low <= exact <= found.high
        assert found.n == 0
    assert misses <= 5


def test_a_fit_is_worth_more_than_its_rows() -> None:
    """In the plane about 1.5 times as many, by the closed form and by rows alike."""
    rng = np.random.default_rng(0)
    n, truth = 100, Gaussian(np.zeros(2), np.eye(2))
    spread = 2 * math.gamma(1.5) / math.gamma(1.0)
    exact, sampled = [], []
    for seed in range(60):
        fit = Gaussian.fit(rng.normal(size=(n, 2)))
        exact.append(float(energy_distance(fit, truth)))
        if seed < 15:
            rows = fit.mean + rng.normal(size=(500, len(fit.factor))) @ fit.factor
            found = worth(truth, rows)
            sampled.append(found.distance - exact[-1])
    assert 1.25 < spread / np.mean(exact) / n < 1.75
    error = np.std(sampled, ddof=1) / math.sqrt(len(sampled))
    assert abs(np.mean(sampled)) < 4 * error


@pytest.mark.parametrize("by", BY)
def test_a_target_has_the_expectations_that_many_rows_approach(by: str) -> None:
    rng = np.random.default_rng(0)
    target = GaussianTarget(A=((1.0, 2.0), (-0.1, 0.5)), b=(1.0, 2.0))
    rows = np.asarray(target.sample(300, rng)) * [1.3, 1.0]
    exact = worth(target, rows, by=by)
    sampled = worth(np.asarray(target.sample(6000, rng)), rows, by=by)
    assert sampled.spread == pytest.approx(exact.spread, rel=0.03)
    assert sampled.distance == pytest.approx(exact.distance, rel=0.25)
    raw = worth(target, rows, by=by, whiten=False)
    assert raw.value != pytest.approx(exact.value)


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize(("shift", "ratio"), [(0.0, 1), (0.3, 1), (0.0, 4)])
def test_the_interval_holds_the_distance(by: str, shift: float, ratio: int) -> None:
    """At least 93 %: of 200 intervals fewer than 175 hold it in 1 of 1,000 runs if that is so."""
    assert _held(by, 60, 60 * ratio, 2, shift, 200) >= binom.ppf(0.001, 200, 0.93)


@pytest.mark.thorough
@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("d", [2, 10])
@pytest.mark.parametrize("shift", [0.0, 0.2, 1.0])
@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 500), (500, 50), (500, 500)])
def test_the_interval_holds_the_distance_at_many_sizes(
    by: str, d: int, shift: float, n: int, m: int
) -> None:
    """As above, of 300, in 1 of 10,000 runs."""
    assert _held(by, n, m, d, shift, 300) >= binom.ppf(1e-4, 300, 0.93)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_so_does_that_of_rows_in_blocks(shift: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PAIRS", 2_000)  # 7 blocks of 17 rows
    assert _held("energy", 120, 120, 2, shift, 200) >= binom.ppf(0.001, 200, 0.93)


def _held(by: str, n: int, m: int, d: int, shift: float, count: int) -> int:
    truth, other = (np.zeros(d), np.eye(d)), (shift * np.eye(d)[0], np.eye(d))
    held = 0
    for seed in range(count):
        rng = np.random.default_rng([seed, n, m, d])
        x, y = rng.normal(size=(n, d)), other[0] + rng.normal(size=(m, d))
        found = worth(x, y, by=by, whiten=False)
        if by == "energy":
            exact = energy_distance(other, truth)
        else:
            exact = mmd2(other, truth, bandwidth=median_bandwidth(x))
        held += bool(found.distance_low <= exact <= found.distance_high)
    return held


def test_rows_of_numbers_and_categories_have_a_worth() -> None:
    rng = np.random.default_rng(0)

    def rows(share: float) -> MixedRows:
        codes = (rng.random((400, 1)) < share).astype(np.intp)
        return MixedRows(rng.normal(size=(400, 2)), codes, ("a", "b"), ("c",), (("no", "yes"),))

    real = rows(0.5)
    assert worth(real, rows(0.5)).value > 4 * worth(real, rows(0.9)).value > 0


def test_rows_that_all_coincide_have_no_noise() -> None:
    found = worth(np.zeros((9, 1)), np.ones((9, 1)), whiten=False)
    assert (found.value, found.low, found.high, found.distance) == (0.0, 0.0, 0.0, 2.0)


def test_what_is_infinite_is_none_in_json() -> None:
    rng = np.random.default_rng(3)
    found = worth(*rng.normal(size=(2, 50, 1)))
    assert found.to_dict()["high"] is None
    assert len(table([found]).rows[0]) == len(table([found]).head)


@pytest.mark.parametrize(
    ("real", "generated", "options"),
    [
        (np.zeros((3, 1)), np.zeros((9, 1)), {}),
        (np.zeros((9, 1)), np.zeros((9, 2)), {}),
        (np.zeros((9, 1)), np.zeros((9, 1)), {"by": "kl"}),
        (np.zeros((9, 1)), np.zeros((9, 1)), {"confidence_level": 1.0}),
    ],
)
def test_what_cannot_be_used_is_refused(real: object, generated: object, options: dict) -> None:
    with pytest.raises(UsageError):
        worth(real, generated, **options)
