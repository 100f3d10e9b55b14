"""Tests of one sample against targets that are not Gaussian: definitions, level, what each sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import betabinom, kstest

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.protocol import as_target
from gan_eval.distributions.student_t import StudentTTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.goodness import energy_test, kernel_stein_test
from gan_eval.stats.goodness.density import log_density_test
from gan_eval.stats.goodness.general import one_sample_tests
from gan_eval.stats.goodness.shares import mode_shares_test

RING = MixtureTarget.ring()
N = 200


class Plain:
    """A Gaussian of a user's, which is not known to be one."""

    law_of = GaussianTarget([[2.0, 0.0], [0.0, 0.5]], [1.0, -1.0])

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        return self.law_of.sample(n, rng)

    def log_density(self, x: Any) -> Any:
        return self.law_of.log_density(x)

    def score(self, x: Any) -> Any:
        return self.law_of.score(x)


class Uniform:
    """A target whose density is the same everywhere in its support."""

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        return rng.random((n, 1))

    def log_density(self, x: Any) -> Any:
        return np.where((x[:, 0] >= 0) & (x[:, 0] <= 1), 0.0, -np.inf)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_stein_by_a_given_score_is_the_closed_form_of_a_gaussian(scale: float) -> None:
    x = Plain.law_of.sample(60, 3) + 0.2
    found, exact = (
        kernel_stein_test(x, target, scale=scale, whiten=False, resamples=19)
        for target in (Plain(), Plain.law_of)
    )
    assert found.statistic == pytest.approx(exact.statistic, rel=1e-10)
    assert found.effect_size == pytest.approx(exact.effect_size, rel=1e-10)
    assert (found.n, found.dimension) == (60, 2)


def test_stein_of_a_mixture_of_one_is_that_of_the_gaussian_in_white_coordinates() -> None:
    one = MixtureTarget([1.0], [Plain.law_of.mean], Plain.law_of.covariance)
    x = Plain.law_of.sample(60, 3) + 0.2
    found, exact = (kernel_stein_test(x, t, resamples=19) for t in (one, Plain.law_of))
    assert found.statistic == pytest.approx(exact.statistic, rel=1e-9)


@pytest.mark.statistical
def test_energy_by_draws_is_near_the_closed_form_of_a_gaussian() -> None:
    # Both expectations are means over 1,000 draws: the estimate is off by about 0.01.
    x = Plain.law_of.sample(300, 3) + 0.5
    found, exact = (energy_test(x, t, whiten=False, resamples=19) for t in (Plain(), Plain.law_of))
    assert found.estimate == pytest.approx(exact.estimate, abs=0.05)
    assert exact.estimate > 0.1


def test_the_log_density_of_a_gaussian_has_its_law_in_closed_form() -> None:
    target = GaussianTarget.chapter()
    pvalues = [log_density_test(target.sample(5, seed), target).pvalue for seed in range(400)]
    assert kstest(pvalues, "uniform").pvalue > 0.001
    found = log_density_test(target.sample(50, 1), target)
    assert found.permutations == 0
    # By simulation, as of any other target.
    one = MixtureTarget([1.0], [target.mean], target.covariance)
    drawn = log_density_test(target.sample(50, 1), one, resamples=4999, rng=0)
    assert drawn.pvalue == pytest.approx(found.pvalue, abs=0.04)
    assert drawn.estimate == pytest.approx(found.estimate, abs=0.04)


def test_the_estimate_of_the_log_density_has_its_sign() -> None:
    target = StudentTTarget(5, [0.0, 0.0], np.eye(2))
    rows = target.sample(400, 1)
    wide, narrow = (log_density_test(f * rows, target, resamples=99, rng=0) for f in (1.5, 0.6))
    assert wide.estimate < -0.1 < 0.1 < narrow.estimate
    assert wide.pvalue == narrow.pvalue == 0.01


def test_rows_outside_of_the_support_are_rejected_and_a_flat_density_is_not_tested() -> None:
    target = as_target(Uniform())
    outside = log_density_test([[0.5], [1.5], [0.2]], target, resamples=99, rng=0)
    assert (outside.pvalue, outside.estimate) == (0.01, -np.inf)
    with pytest.raises(CannotTestError, match="the same everywhere"):
        log_density_test([[0.5], [0.1]], target, resamples=99, rng=0)
    found = one_sample_tests(np.linspace(0.01, 0.99, 50), target, resamples=99, rng=0)
    assert list(found) == ["energy"]
    assert found["energy"].pvalue > 0.5  # evener than chance


def test_shares_are_pearsons_where_modes_are_far_apart() -> None:
    rows = RING.sample(N, 1)
    counts = np.bincount(RING.mahalanobis(rows).argmin(axis=1), minlength=8)
    found = mode_shares_test(rows, RING, resamples=19, rng=0)
    assert found.statistic == pytest.approx(((counts - N / 8) ** 2 / (N / 8)).sum())
    assert found.estimate == pytest.approx(np.abs(counts / N - 1 / 8).sum() / 2)
    with pytest.raises(CannotTestError, match="two modes"):
        mode_shares_test(rows, GaussianTarget.chapter())


SAMPLES = {
    "the target": RING,
    "a mode lost": MixtureTarget(np.full(7, 1 / 7), RING.means[1:], RING.covariances[0]),
    "modes too wide": MixtureTarget.ring(standard_deviation=0.013),
    "modes moved": MixtureTarget(
        RING.weights, RING.means + np.array([0.005, 0]), RING.covariances[0]
    ),
}


def rates(name: str, repetitions: int) -> dict[str, int]:
    """How often each test rejects at 0.05, by one null of 999 draws."""
    generator = np.random.default_rng(5)
    counts: dict[str, int] = {}
    for _ in range(repetitions):
        rows = SAMPLES[name].sample(N, generator)
        for test, found in one_sample_tests(rows, RING, rng=0).items():
            counts[test] = counts.get(test, 0) + (found.pvalue <= 0.05)
    return counts


@pytest.mark.statistical
def test_the_level_on_the_ring_is_as_stated() -> None:
    """All samples share a null of 999 draws, so that counts follow the beta-binomial law exactly;
    each lies outside of its central 99.8 % once in 500."""
    low, high = betabinom(400, 50, 950).ppf([0.001, 0.999])
    counts = rates("the target", 400)
    assert set(counts) == {"mode_shares", "log_density", "energy", "kernel_stein"}
    assert all(low <= count <= high for count in counts.values()), (counts, low, high)


@pytest.mark.parametrize(
    ("name", "seen", "blind"),
    [
        ("a mode lost", ["mode_shares", "energy"], ["log_density", "kernel_stein"]),
        ("modes too wide", ["log_density"], ["mode_shares"]),
        ("modes moved", ["kernel_stein"], ["mode_shares"]),
    ],
)
def test_what_one_test_misses_another_sees(name: str, seen: list[str], blind: list[str]) -> None:
    """Of 40 samples; a blind test, of level 0.05, rejects 12 or more once in 10⁶."""
    counts = rates(name, 40)
    assert all(counts[test] >= 38 for test in seen), counts
    assert all(counts[test] < 12 for test in blind), counts


@pytest.mark.parametrize(
    "target",
    [StudentTTarget(1.0, [0.0, 5.0], np.eye(2)), as_target(Plain()), MixtureTarget.grid()],
    ids=["heavy tails", "given", "grid"],
)
def test_every_target_keeps_its_level_and_sees_a_shift(target: Any) -> None:
    """Of 40 samples of 50 rows, with one null of 99; 12 or more once in 10⁴."""
    counts: dict[str, int] = {}
    generator = np.random.default_rng(1)
    for _ in range(40):
        for test, found in one_sample_tests(
            target.sample(50, generator), target, resamples=99, rng=0
        ).items():
            counts[test] = counts.get(test, 0) + (found.pvalue <= 0.05)
    assert all(count < 12 for count in counts.values()), counts
    moved = one_sample_tests(target.sample(50, 0) + 1.5, target, resamples=99, rng=0)
    assert min(found.pvalue for found in moved.values()) == 0.01


def test_a_gaussian_keeps_its_closed_forms() -> None:
    target = GaussianTarget.chapter()
    found = one_sample_tests(target.sample(100, 0), target, resamples=99, rng=0)
    assert list(found) == [
        *("likelihood_ratio", "hotelling", "covariance", "mmd", "log_density", "energy"),
        "kernel_stein",
    ]
    assert [name for name, result in found.items() if not result.permutations] == [
        *("likelihood_ratio", "hotelling", "covariance", "log_density"),
    ]
    few = one_sample_tests(target.sample(2, 0), target, resamples=99, rng=0)
    assert "hotelling" not in few
    assert "log_density" in few


@pytest.mark.parametrize("target", [RING, as_target(Plain())], ids=["ring", "given"])
def test_a_seed_fixes_the_pvalues_and_a_remembered_null_changes_nothing(target: Any) -> None:
    x = target.sample(60, 9)
    first, again = (one_sample_tests(x, target, resamples=49, rng=4) for _ in range(2))
    for name, result in first.items():
        assert again[name].pvalue == result.pvalue
        np.testing.assert_array_equal(again[name].null_distribution, result.null_distribution)
    fresh = one_sample_tests(x, target, resamples=49, rng=np.random.default_rng(4))
    assert {name: one.statistic for name, one in fresh.items()} == {
        name: one.statistic for name, one in first.items()
    }


def test_many_rows_are_thinned_where_pairs_count() -> None:
    found = one_sample_tests(RING.sample(1200, 0), RING, resamples=19, rng=0)
    all_rows, few = ("mode_shares", "log_density"), ("energy", "kernel_stein")
    assert {found[name].n for name in all_rows} == {1200}
    assert {found[name].n for name in few} == {500}


def test_what_cannot_be_tested_is_refused() -> None:
    with pytest.raises(UsageError, match="x must have one column for each of the target's 2"):
        one_sample_tests(np.zeros((5, 3)), RING)
    with pytest.raises(UsageError, match="needs a target with a score"):
        kernel_stein_test([[0.5], [0.2]], Uniform())
    with pytest.raises(UsageError, match="`target` must be"):
        one_sample_tests(np.zeros((5, 2)), "ring8")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError, match="resamples"):
        one_sample_tests(RING.sample(5, 0), RING, resamples=0)
