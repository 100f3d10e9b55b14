"""The equivalence claim: who passes, how often the truth fails, and that both are as stated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from gan_eval import GaussianTarget, goodness
from gan_eval.equivalence import ACCEPTABLE, equivalence, failure_probability
from gan_eval.errors import UsageError

CHAPTER = GaussianTarget.chapter()


def test_the_bounds_are_the_ends_of_the_likelihood_ratios_interval() -> None:
    x = CHAPTER.sample(120, 0)
    found = equivalence(x, CHAPTER, margin=0.2, confidence_level=0.9)
    test = goodness.likelihood_ratio_test(x, CHAPTER, confidence_level=0.8)
    assert (found.lower, found.upper) == test.confidence_interval
    assert found.estimate == test.estimate
    assert found.shown is (found.upper <= 0.2)


@pytest.mark.statistical
@pytest.mark.parametrize(("n", "margin"), [(60, 0.1), (100, 0.1), (30, 0.3)])
def test_the_truth_fails_as_often_as_is_said(n: int, margin: float) -> None:
    # 600 samples; the band is 3.5 standard errors of a binomial (error rate 5e-4), and 1 % for the
    # approximation of the interval.
    rng = np.random.default_rng(n)
    failed = [
        not equivalence(CHAPTER.sample(n, rng), CHAPTER, margin=margin).shown for _ in range(600)
    ]
    stated = failure_probability(n, 2, margin, 0.95)
    assert abs(np.mean(failed) - stated) <= 0.01 + 3.5 * np.sqrt(stated * (1 - stated) / 600)


@pytest.mark.statistical
@pytest.mark.parametrize("kind", ["shift", "wide", "narrow"])
def test_a_law_at_the_margin_seldom_passes(kind: str) -> None:
    # A law whose KL is exactly the margin may pass in 5 % of samples; 600 samples, 3.5 standard
    # errors (error rate 5e-4) and 2 % for the approximation of the interval.
    margin, rng = 0.1, np.random.default_rng(1)

    def excess(scale: float) -> float:
        return scale**2 - 1 - 2 * np.log(scale) - margin

    scale = {"shift": 1.0, "wide": brentq(excess, 1, 9), "narrow": brentq(excess, 0.01, 1)}[kind]
    shift = np.sqrt(2 * margin) * CHAPTER.A[1] if kind == "shift" else 0.0
    passed = []
    for _ in range(600):
        x = (CHAPTER.sample(150, rng) - CHAPTER.b) * scale + CHAPTER.b + shift
        passed.append(equivalence(x, CHAPTER, margin=margin).shown)
    assert np.mean(passed) <= 0.05 + 0.02 + 3.5 * np.sqrt(0.05 * 0.95 / 600)


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
        ({"confidence_level": 0.5}, "confidence_level must be above 0.5 and below 1, got 0.5"),
        ({"confidence_level": 1.0}, "confidence_level must be above 0.5 and below 1, got 1.0"),
    ],
)
def test_misuse_is_refused(options: dict[str, float], sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        equivalence(CHAPTER.sample(30, 3), CHAPTER, **options)
    assert sentence in str(refusal.value)
