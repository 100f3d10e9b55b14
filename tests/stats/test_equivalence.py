"""The equivalence claim: who passes, how often the truth fails, and that both are as stated."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq

from gan_eval import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import goodness
from gan_eval.stats.battery.equivalence import ACCEPTABLE, equivalence, failure_probability
from gan_eval.stats.goodness.stein import shape_test

CHAPTER = GaussianTarget.chapter()


def test_the_bounds_are_the_ends_of_the_likelihood_ratios_interval() -> None:
    x = CHAPTER.sample(120, 0)
    found = equivalence(x, CHAPTER, margin=0.2, confidence_level=0.9, shape_alpha=None)
    test = goodness.likelihood_ratio_test(x, CHAPTER, confidence_level=0.8)
    assert (found.lower, found.upper) == test.confidence_interval
    assert found.estimate == test.estimate
    assert found.passed is (found.upper <= 0.2)


@pytest.mark.statistical
@pytest.mark.parametrize(("n", "margin"), [(60, 0.1), (100, 0.1), (30, 0.3)])
def test_the_truth_fails_as_often_as_is_said(n: int, margin: float) -> None:
    # 400 samples; the band is 3.5 standard errors of a binomial (error rate 5e-4), and 1.5 % for
    # the simulation behind what is said.
    rng = np.random.default_rng(n)
    failed = [
        not equivalence(CHAPTER.sample(n, rng), CHAPTER, margin=margin).passed for _ in range(400)
    ]
    stated = failure_probability(n, 2, margin, 0.95)
    assert abs(np.mean(failed) - stated) <= 0.015 + 3.5 * np.sqrt(stated * (1 - stated) / 400)


def passing(law: str, change: str, n: int, d: int, margin: float, samples: int) -> float:
    """The share of samples that are shown, of a law whose moments lie exactly at the margin."""
    target = GaussianTarget(np.eye(d), np.zeros(d))
    rng = np.random.default_rng([n, d])

    def excess(scale: float) -> float:
        return d * (scale**2 - 1 - 2 * np.log(scale)) / 2 - margin

    scale = {"shift": 1.0, "wide": brentq(excess, 1, 9), "narrow": brentq(excess, 0.01, 1)}[change]
    shift = np.sqrt(2 * margin) * np.eye(d)[0] if change == "shift" else 0.0
    return float(
        np.mean(
            [
                equivalence(
                    scale * standard_rows(law, rng, n, d) + shift, target, margin=margin
                ).passed
                for _ in range(samples)
            ]
        )
    )


def standard_rows(law: str, rng: np.random.Generator, n: int, d: int) -> NDArray[np.float64]:
    """Rows of mean 0 and covariance I: Gaussian, Student's t, lognormal with σ = ½."""
    z = rng.standard_normal((n, d))
    if law == "lognormal":
        return (np.exp(z / 2) - np.exp(1 / 8)) / np.sqrt(np.exp(1 / 2) - np.exp(1 / 4))
    if law == "gaussian":
        return z
    freedom = float(law.removeprefix("t"))
    return z / np.sqrt(rng.chisquare(freedom, (n, 1)) / (freedom - 2))


@pytest.mark.statistical
@pytest.mark.parametrize("law", ["gaussian", "t4", "lognormal"])
def test_a_law_at_the_margin_seldom_passes(law: str) -> None:
    # 5 % may pass; 300 samples, 3.5 standard errors (error rate 5e-4). Without the variance of the
    # rows and the shape, 23 % of the samples of t4 do.
    assert passing(law, "wide", 150, 2, 0.1, 300) <= 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.thorough
@pytest.mark.statistical
@pytest.mark.parametrize("change", ["shift", "wide", "narrow"])
@pytest.mark.parametrize("law", ["gaussian", "t4", "t5", "t8", "lognormal"])
@pytest.mark.parametrize(("n", "d"), [(150, 1), (60, 2), (150, 2), (300, 5)])
def test_no_law_at_the_margin_passes_often(law: str, change: str, n: int, d: int) -> None:
    # 600 samples, 3.5 standard errors (error rate 5e-4 each).
    assert passing(law, change, n, d, 0.1, 600) <= 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / 600)


@pytest.mark.parametrize("n", [100, 400, 3000])
def test_the_right_moments_and_the_wrong_shape_do_not_pass(n: int) -> None:
    rng = np.random.default_rng(n)
    place, noise = rng.integers(8, size=n) * np.pi / 4, rng.standard_normal((n, 2))
    # Eight modes on a ring, with the target's mean and covariance.
    ring = np.sqrt(2 * 0.96) * np.column_stack([np.cos(place), np.sin(place)]) + 0.2 * noise
    # Two modes with the target's moments, whose KL is 0.51 nats.
    modes = noise * [np.sqrt(0.19), 1.0]
    modes[:, 0] += 0.9 * rng.choice([-1, 1], n)
    for rows in (ring, modes):
        found = equivalence(CHAPTER.transform(rows), CHAPTER, margin=0.3)
        assert found.upper <= 0.3
        assert found.misshapen
        assert not found.passed
        assert equivalence(CHAPTER.transform(rows), CHAPTER, margin=0.3, shape_alpha=None).passed


@pytest.mark.statistical
def test_gaussian_rows_fail_by_their_shape_as_often_as_is_said() -> None:
    # 500 samples at each size; ranks among 500 values are exactly uniform. 3.5 standard errors.
    rng = np.random.default_rng(9)
    for n, d in ((8, 2), (40, 3)):
        change = rng.standard_normal((d, d))
        pvalues = np.array(
            [shape_test(rng.standard_normal((n, d)) @ change + 7).pvalue for _ in range(500)]
        )
        for level in (0.01, 0.1):
            # The null of 499 draws is shared by all: its own error comes on top.
            error = np.sqrt(level * (1 - level) * (1 / 500 + 1 / 500))
            assert abs(np.mean(pvalues <= level) - level) <= 3.5 * error


def test_the_shape_is_the_same_in_all_units() -> None:
    rng = np.random.default_rng(10)
    rows = rng.standard_t(5, (120, 2))
    moved = rows @ [[1e3, 20.0], [0.0, 1e-4]] + [5.0, -7.0]
    assert shape_test(moved).pvalue == shape_test(rows).pvalue
    assert shape_test(moved).statistic == pytest.approx(shape_test(rows).statistic, rel=1e-6)


def test_more_rows_and_a_wider_margin_make_the_truth_fail_less() -> None:
    by_rows = [failure_probability(n, 2, 0.1, 0.95) for n in (20, 50, 100, 400)]
    by_margin = [failure_probability(50, 2, margin, 0.95) for margin in (0.05, 0.1, 0.5)]
    for values in (by_rows, by_margin):
        assert values == sorted(values, reverse=True)
        assert values[0] > values[-1]


def test_the_rows_needed_are_the_least() -> None:
    found = equivalence(CHAPTER.sample(30, 2), CHAPTER)
    needed = found.rows_needed()
    assert failure_probability(needed, 2, 0.1, 0.95) <= ACCEPTABLE
    assert failure_probability(needed - 1, 2, 0.1, 0.95) > ACCEPTABLE


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"margin": 0.0}, "margin must be"),
        ({"margin": float("nan")}, "margin must be"),
        ({"shape_alpha": 0.2}, "shape_alpha must be at most 0.1, or None, got 0.2"),
        ({"shape_alpha": 0.0}, "shape_alpha must be"),
        ({"confidence_level": 0.5}, "confidence_level must be above 0.5 and below 1, got 0.5"),
        ({"confidence_level": 1.0}, "confidence_level must be above 0.5 and below 1, got 1.0"),
    ],
)
def test_misuse_is_refused(options: dict[str, float], sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        equivalence(CHAPTER.sample(30, 3), CHAPTER, **options)
    assert sentence in str(refusal.value)
