"""The likelihood ratio that learns: its level, its stopping time, and its oracles."""

from __future__ import annotations

from copy import deepcopy
from math import log
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from gan_eval.distributions.divergences import kl
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.student_t import StudentTTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.samples import Array
from gan_eval.stats.sequential import LikelihoodEProcess, State
from gan_eval.stats.sequential.predictive import GaussianPredictive

from .nulls import assert_level

TRUTH = GaussianTarget.chapter()


def mixture(means: Any, deviation: float, weights: Any) -> MixtureTarget:
    """Round Gaussians at some means (k, d), of one deviation."""
    shares = np.asarray(weights) / np.sum(weights)
    return MixtureTarget(shares, means, deviation**2 * np.eye(np.shape(means)[1]))


def ring(deviation: float = 0.1, radius: float = 2.0, lost: float = 0.0) -> MixtureTarget:
    """Eight modes on a circle; of the first, so much is lost."""
    whole = MixtureTarget.ring(8, radius, deviation)
    return mixture(whole.means, deviation, [1 - lost + 1e-12, *np.ones(7)])


class HeavyTails:
    """Student's t with 5 degrees of freedom in one dimension; it states no moments."""

    dimension, modes = 1, None

    def sample(self, n: int, rng: int) -> Array:
        return np.random.default_rng(rng).standard_t(5, size=(n, 1))

    def log_density(self, x: Array) -> Array:
        return np.asarray(stats.t.logpdf(x[:, 0], 5))


def mass(process: LikelihoodEProcess, target: Any, points: Array, cell: float) -> float:
    """Integrate p(x) e(…, x) / e(…) over the next row x: the expectation of the next factor."""
    total = 0.0
    for point, below in zip(points, target.log_density(points), strict=True):
        after = deepcopy(process)
        total += np.exp(after.update(point) - process.log_e + below) * cell
    return total


@pytest.mark.parametrize("family", ["gaussian", "moved", "weights", "modes", "auto"])
def test_the_next_factor_has_expectation_1_whatever_was_learned(family: str) -> None:
    """An oracle of validity itself: q̂ₜ₋₁ integrates to 1 after rows of another law."""
    target = mixture([[-2.0], [1.0]], 0.5, [1, 3])
    process = LikelihoodEProcess(target, family=family)
    process.update(mixture([[-1.0], [1.5]], 0.8, [1, 1]).sample(40, 0))
    points = np.linspace(-30, 30, 601)[:, None]
    assert mass(process, target, points, points[1, 0] - points[0, 0]) == pytest.approx(1, abs=1e-4)


def test_the_next_factor_has_expectation_1_in_the_plane() -> None:
    target = ring(0.5)
    process = LikelihoodEProcess(target)
    process.update(ring(0.7, 1.5, 0.9).sample(60, 0))
    side = np.linspace(-7, 7, 29)
    points = np.stack(np.meshgrid(side, side), axis=2).reshape(-1, 2)
    assert mass(process, target, points, (side[1] - side[0]) ** 2) == pytest.approx(1, abs=0.02)


def test_the_gaussian_family_is_the_marginal_likelihood_of_its_prior() -> None:
    """Murphy 2007, eq. 266, of all rows at once."""
    n, d = 50, 3
    rows = np.random.default_rng(0).normal(0.3, 1.5, (n, d))
    fitted = GaussianPredictive(1, d)
    found = fitted.log_densities(rows[:, None], np.ones((n, 1))).sum()
    mean = rows.mean(axis=0)
    scatter = (rows - mean).T @ (rows - mean) + n / (n + 1) * np.outer(mean, mean) + np.eye(d)
    first, last = d + 2, d + 2 + n

    def log_gamma(a: float) -> float:
        """ln Γ_d(a), without the power of π that it has in common."""
        return float(special.gammaln(a - np.arange(d) / 2).sum())

    expected = log_gamma(last / 2) - log_gamma(first / 2) - n * d / 2 * log(np.pi)
    expected -= last / 2 * np.linalg.slogdet(scatter)[1] + d / 2 * log(1 + n)
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_known_alternative_gives_the_likelihood_ratio() -> None:
    other = GaussianTarget(TRUTH.A * 1.1, [1.0, 2.2])
    rows = other.sample(100, 3)
    law: Any = stats.multivariate_normal
    ratios = law(other.mean, other.covariance).logpdf(rows)
    ratios -= law(TRUTH.mean, TRUTH.covariance).logpdf(rows)
    process = LikelihoodEProcess(TRUTH, q=other)
    assert process.update(rows) == pytest.approx(ratios.sum(), abs=1e-9)
    assert process.log_e_max == pytest.approx(max(0.0, ratios.cumsum().max()), abs=1e-9)


@pytest.mark.parametrize("target", [TRUTH, ring(), HeavyTails()], ids=["chapter", "ring", "t"])
def test_rows_in_blocks_and_one_by_one_give_the_same(target: Any) -> None:
    rows = 1.02 * target.sample(600, 1)
    whole, single, some = (LikelihoodEProcess(target) for _ in range(3))
    whole.update(rows)
    for row in rows:
        single.update(row)
    for part in np.split(rows, [1, 7, 7, 300]):
        some.update(part)
    for one in (single, some):
        assert one.log_e == pytest.approx(whole.log_e, abs=1e-9)
        assert one.log_e_max == pytest.approx(whole.log_e_max, abs=1e-9)
        assert one.rows == whole.rows == 600


def test_a_long_table_is_worked_off_in_blocks_and_gives_the_same() -> None:
    rows = ring().sample(12_000, 1)
    whole, halves = LikelihoodEProcess(ring()), LikelihoodEProcess(ring())
    whole.update(rows)
    for part in np.split(rows, [7, 8000, 8500, 11_000]):
        halves.update(part)
    assert halves.log_e_max == pytest.approx(whole.log_e_max, abs=1e-9)


def null_streams(n: int, rows: int) -> Any:
    for target, family in ((TRUTH, "auto"), (ring(), "weights"), (HeavyTails(), "auto")):
        for seed in range(n // 3):
            process = LikelihoodEProcess(target, family=family)
            process.update(target.sample(rows, seed))
            yield process


def test_of_the_target_itself_few_streams_are_ever_rejected() -> None:
    assert_level(null_streams(600, 100))


@pytest.mark.thorough
@pytest.mark.parametrize("family", ["known", "auto"])
def test_of_ten_thousand_null_streams_few_are_ever_rejected(family: str) -> None:
    """A known q is near p, where the level is used up."""
    near = GaussianTarget(TRUTH.A, [1.1, 2.1])
    streams = (
        LikelihoodEProcess(TRUTH, near if family == "known" else None) for _ in range(10_000)
    )

    def followed() -> Any:
        for seed, process in enumerate(streams):
            process.update(TRUTH.sample(1000, seed))
            yield process

    assert_level(followed())


@pytest.mark.thorough
def test_of_ten_thousand_null_streams_of_modes_few_are_ever_rejected() -> None:
    target = ring()

    def followed() -> Any:
        for seed in range(10_000):
            process = LikelihoodEProcess(target)
            process.update(target.sample(300, seed))
            yield process

    assert_level(followed())


def alternatives() -> list[GaussianTarget]:
    """A shift, a scale and a correlation at 0.03 to 0.06 nats from the truth."""
    turned = TRUTH.A @ [[1.0, 0.15], [0.0, 1.0]]
    return [
        GaussianTarget(TRUTH.A, [1.2, 2.2]),
        GaussianTarget(TRUTH.A * 1.17, TRUTH.b),
        GaussianTarget(turned, TRUTH.b),
    ]


@pytest.mark.parametrize("number", range(3))
def test_it_stops_as_soon_as_theory_allows(number: int) -> None:
    """Over 60 streams: within 10 % of ln(1/α)/KL with q, and 1.3 of the learned bound without."""
    other, alpha = alternatives()[number], 1e-6
    divergence = float(kl(other, TRUTH))
    known, learned = [], []
    for seed in range(60):
        rows = other.sample(6000, seed)
        for times, q in ((known, other), (learned, None)):
            process = LikelihoodEProcess(TRUTH, q)
            process.update(rows)
            times.append(process.stopped_at(alpha))
    theory = -log(alpha) / divergence
    error = np.std(known) / len(known) ** 0.5
    assert abs(np.mean(known) - theory) < 0.1 * theory + 2 * error
    n = np.mean(learned)
    assert n <= 1.3 * (-log(alpha) + 5 / 2 * log(n)) / divergence


def test_a_lost_mode_is_found_in_a_hundred_rows_or_so() -> None:
    times = []
    for seed in range(10):
        process = LikelihoodEProcess(ring())
        process.update(ring(lost=1.0).sample(500, seed))
        times.append(process.stopped_at(0.05) or np.inf)
    assert np.median(times) <= 200


def test_tails_that_are_moved_are_found() -> None:
    target = HeavyTails()
    process = LikelihoodEProcess(target)
    process.update(target.sample(2000, 0) + 0.3)
    assert process.state(1e-6) is State.TOLD_APART


@pytest.mark.parametrize("freedom", [1.0, 2.0, 3.0])
def test_a_student_t_keeps_its_level_and_is_told_apart_when_moved(freedom: float) -> None:
    target = StudentTTarget(freedom, [0.0, 1.0], [[1.0, 0.5], [0.5, 2.0]])
    process = LikelihoodEProcess(target)
    process.update(target.sample(3000, 1))
    assert not process.rejected(0.05)
    process = LikelihoodEProcess(target)
    process.update(target.sample(3000, 1) + (np.array([1.0, 0.0]) if freedom > 2 else 0.0))
    assert process.rejected(0.05) == (freedom > 2)


@pytest.mark.parametrize("rows", [np.zeros((50, 2)), np.tile([1e100, 0.0], (3, 1))])
def test_hard_rows_are_told_apart(rows: Array) -> None:
    for target in (TRUTH, ring()):
        process = LikelihoodEProcess(target)
        process.update(rows)
        assert process.rejected(1e-9)


def test_a_row_that_the_target_cannot_give_decides_for_ever() -> None:
    class Uniform:
        dimension = 1

        def sample(self, n: int, rng: int) -> Array:
            return np.random.default_rng(rng).random((n, 1))

        def log_density(self, x: Array) -> Array:
            return np.where((x[:, 0] >= 0) & (x[:, 0] <= 1), 0.0, -np.inf)

    process = LikelihoodEProcess(Uniform())
    process.update(Uniform().sample(100, 0))
    assert not process.rejected(0.05)
    assert process.update([1.5]) == np.inf
    assert process.update([0.5]) == np.inf
    assert process.state(1e-9) is State.TOLD_APART


def test_what_cannot_be_used_is_refused_in_one_sentence() -> None:
    with pytest.raises(UsageError, match="`family`"):
        LikelihoodEProcess(TRUTH, family="kernel")
    with pytest.raises(UsageError, match="modes"):
        LikelihoodEProcess(TRUTH, family="weights")
    with pytest.raises(UsageError, match="`q`"):
        LikelihoodEProcess(TRUTH, q="ring")
    with pytest.raises(UsageError, match="`target`"):
        LikelihoodEProcess("ring")
    with pytest.raises(UsageError, match="`rows`"):
        LikelihoodEProcess(TRUTH).update([[1.0, np.nan]])
