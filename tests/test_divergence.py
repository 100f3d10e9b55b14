"""Divergences between Gaussians: known answers, independent oracles, orientation, limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import integrate, linalg, stats
from scipy.special import gamma

from gan_eval.divergence import (
    affine_invariant_distance,
    bures_wasserstein,
    canonical_pair,
    energy_distance,
    hellinger,
    jeffreys,
    kl,
    log_excess,
    mahalanobis,
    median_distance,
    mmd2,
    total_variation,
)
from gan_eval.errors import UsageError
from gan_eval.gaussian import Gaussian

CHAPTER = Gaussian(np.array([1.0, 2.0]), np.array([[1.0, 2.0], [-0.1, 0.5]]))
INVARIANT = [kl, jeffreys, mahalanobis, affine_invariant_distance, hellinger, total_variation]
METRIC = [bures_wasserstein, mmd2, energy_distance]
EVERY = INVARIANT + METRIC


def line(mean: float, deviation: float) -> Gaussian:
    return Gaussian(np.array([mean]), np.array([[deviation]]))


def diagonal(mean, deviations) -> Gaussian:
    deviations = np.asarray(deviations, dtype=float)
    return Gaussian(
        np.asarray(mean, dtype=float), deviations[..., None] * np.eye(deviations.shape[-1])
    )


def random_law(rng: np.random.Generator, d: int) -> Gaussian:
    return Gaussian(0.5 * rng.normal(size=d), np.eye(d) + 0.4 * rng.normal(size=(d, d)))


def log_density(law: Gaussian, rows: np.ndarray) -> np.ndarray:
    whitened = linalg.solve_triangular(
        linalg.cholesky(law.covariance, lower=True), (rows - law.mean).T, lower=True
    )
    constant = 0.5 * np.linalg.slogdet(2 * np.pi * law.covariance)[1]
    return -0.5 * (whitened**2).sum(axis=0) - constant


# Known answers


def test_known_answers_of_a_shift():
    # Equal covariances, |δ| = 1.5, in two coordinates.
    q = Gaussian(CHAPTER.mean + 1.5 * np.array([0.6, 0.8]) @ CHAPTER.factor, CHAPTER.factor)
    np.testing.assert_allclose(kl(q, CHAPTER), 1.5**2 / 2, rtol=1e-13)
    np.testing.assert_allclose(jeffreys(q, CHAPTER), 1.5**2, rtol=1e-13)
    np.testing.assert_allclose(mahalanobis(q, CHAPTER), 1.5, rtol=1e-13)
    np.testing.assert_allclose(affine_invariant_distance(q, CHAPTER), 0, atol=1e-13)
    np.testing.assert_allclose(hellinger(q, CHAPTER) ** 2, 1 - np.exp(-(1.5**2) / 8), rtol=1e-13)
    np.testing.assert_allclose(
        total_variation(q, CHAPTER), 2 * stats.norm.cdf(0.75) - 1, atol=1e-11
    )
    shift = np.linalg.norm(q.mean - CHAPTER.mean)
    np.testing.assert_allclose(bures_wasserstein(q, CHAPTER), shift, rtol=1e-13)


@pytest.mark.parametrize("d", [1, 2, 5, 20])
@pytest.mark.parametrize("s", [1e-4, 0.3, 0.999, 1.001, 2.0, 1e4])
def test_known_answers_of_a_change_of_scale(d, s):
    q, p = diagonal(np.zeros(d), s * np.ones(d)), diagonal(np.zeros(d), np.ones(d))
    np.testing.assert_allclose(kl(q, p), d * (s**2 - 1 - 2 * np.log(s)) / 2, rtol=1e-9)
    np.testing.assert_allclose(kl(p, q), d * (s**-2 - 1 + 2 * np.log(s)) / 2, rtol=1e-9)
    np.testing.assert_allclose(affine_invariant_distance(q, p), 2 * np.sqrt(d) * abs(np.log(s)))
    np.testing.assert_allclose(
        hellinger(q, p) ** 2, 1 - (2 * s / (1 + s**2)) ** (d / 2), rtol=1e-12, atol=1e-15
    )
    np.testing.assert_allclose(bures_wasserstein(q, p), np.sqrt(d) * abs(s - 1), rtol=1e-12)
    crossing = 2 * d * np.log(s) * s**2 / (s**2 - 1)  # squared radius at which p = q
    exact = abs(stats.chi2.cdf(crossing, d) - stats.chi2.cdf(crossing / s**2, d))
    np.testing.assert_allclose(total_variation(q, p), exact, rtol=0, atol=1e-11)


@pytest.mark.parametrize("exponent", [0.05, 0.5, 1.0, 1.5, 1.95])
@pytest.mark.parametrize("d", [1, 2, 5, 20])
@pytest.mark.parametrize("s", [1e-3, 0.5, 1.5, 1e3])
def test_energy_distance_of_a_change_of_scale_is_of_chi_means(d, s, exponent):
    chi = 2 ** (exponent / 2) * gamma((d + exponent) / 2) / gamma(d / 2)
    across, learned, truth = (
        chi * (variance**0.5) ** exponent for variance in (1 + s**2, 2 * s**2, 2.0)
    )
    found = energy_distance(
        diagonal(np.zeros(d), s * np.ones(d)), diagonal(np.zeros(d), np.ones(d)), exponent
    )
    exact = 2 * across - learned - truth
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-13 * (across + learned + truth))


@pytest.mark.parametrize(("mean", "s"), [(0.3, 0.7), (5.0, 1e-3), (1e4, 2.0), (1e-4, 1.0)])
def test_energy_distance_on_the_line_is_of_folded_normal_means(mean, s):
    def folded(mu: float, sigma: float) -> float:
        tails = mu * (1 - 2 * stats.norm.cdf(-mu / sigma))
        return float(sigma * np.sqrt(2 / np.pi) * np.exp(-(mu**2) / (2 * sigma**2)) + tails)

    terms = 2 * folded(mean, np.hypot(1, s)), folded(0, np.sqrt(2) * s), folded(0, np.sqrt(2))
    found = energy_distance(line(mean, s), line(0.0, 1.0))
    np.testing.assert_allclose(found, terms[0] - terms[1] - terms[2], atol=1e-13 * terms[0])


def test_the_first_answer_of_the_chapter():
    # A dead generator, 0.02 on the diagonal: ½ [tr − 2 + bᵀΣ⁻¹b + ln |Σ| − ln |0.02² I|] with
    # |Σ| = 0.7², tr(Σ⁻¹) = 5.26 / 0.49 and bᵀΣ⁻¹b = 0.49 / 0.49.
    q = diagonal([0.0, 0.0], [0.02, 0.02])
    exact = 0.5 * (0.0004 * 5.26 / 0.49 - 2 + 1 + np.log(0.49) - 4 * np.log(0.02))
    np.testing.assert_allclose(kl(q, CHAPTER), exact, rtol=1e-13)


def test_the_chapters_start_is_about_eight_nats_away():
    weights = 0.02 * np.random.default_rng(0).normal(size=(1000, 3, 2))
    start = kl(Gaussian(weights[:, 0], weights[:, 1:]), CHAPTER)
    assert 7 < np.median(start) < 9


def test_log_excess_is_stable():
    x = np.array([-0.9, -2.1e-3, -1.9e-3, -1e-8, 0.0, 1e-12, 1e-4, 1.9e-3, 2.1e-3, 3.0])
    with mpmath.workdps(50):
        exact = [float(mpmath.mpf(v) - mpmath.log(1 + mpmath.mpf(v))) for v in x]
    np.testing.assert_allclose(log_excess(x), exact, rtol=1e-12)


# Independent oracles


@pytest.mark.parametrize(("mean", "s"), [(0.0, 0.4), (1.0, 1.0), (-2.0, 3.0), (0.7, 0.1)])
def test_quadrature_on_the_line(mean, s):
    q, p = line(2 * mean + 1, 2 * s), line(1.0, 2.0)
    center, width = 2 * mean + 1, 2 * s

    def integral(integrand: Callable[[float], float]) -> float:
        corners = sorted(
            {c + w * k for c, w in ((center, width), (1.0, 2.0)) for k in (-5, -1, 1, 5)}
        )
        reach = 12 * max(width, 2.0)
        return integrate.quad(
            integrand, min(center, 1) - reach, max(center, 1) + reach, points=corners, limit=400
        )[0]

    def learned(x: float) -> float:
        return float(stats.norm.pdf(x, center, width))

    def truth(x: float) -> float:
        return float(stats.norm.pdf(x, 1, 2))

    def gap(x: float, function: Callable[..., Any]) -> float:
        return float(function(x, center, width) - function(x, 1, 2))

    def ratio(x: float) -> float:
        return gap(x, stats.norm.logpdf)

    forward = integral(lambda x: learned(x) * ratio(x))
    backward = integral(lambda x: -truth(x) * ratio(x))
    overlap = integral(lambda x: np.sqrt(learned(x) * truth(x)))
    np.testing.assert_allclose(kl(q, p), forward, rtol=1e-8)
    np.testing.assert_allclose(kl(p, q), backward, rtol=1e-8)
    np.testing.assert_allclose(jeffreys(q, p), forward + backward, rtol=1e-8)
    np.testing.assert_allclose(hellinger(q, p) ** 2, 1 - overlap, rtol=1e-8)
    different = 0.5 * integral(lambda x: abs(learned(x) - truth(x)))
    np.testing.assert_allclose(total_variation(q, p), different, atol=1e-8)
    cumulative = 2 * integral(lambda x: gap(x, stats.norm.cdf) ** 2)
    np.testing.assert_allclose(energy_distance(q, p), cumulative, rtol=1e-8)
    transport = integrate.quad(lambda u: gap(u, stats.norm.ppf) ** 2, 0, 1, limit=400)[0]
    np.testing.assert_allclose(bures_wasserstein(q, p) ** 2, transport, rtol=1e-6)

    def mean_kernel(mu: float, sigma: float) -> float:
        return integral(lambda x: stats.norm.pdf(x, mu, sigma) * np.exp(-(x**2) / (2 * 1.7**2)))

    spread = 2 * np.sqrt(2)
    oracle = mean_kernel(0, spread * s) + mean_kernel(0, spread)
    oracle -= 2 * mean_kernel(2 * mean, 2 * np.hypot(1, s))
    np.testing.assert_allclose(mmd2(q, p, 1.7), oracle, atol=1e-10)


def total_variation_in_the_plane(offset: np.ndarray, scales: np.ndarray) -> float:
    """½ ∫∫ |q − p| in canonical coordinates, the inner integral exact between its sign changes."""

    def inner(x: float) -> float:
        truth = stats.norm.logpdf(x)
        learned = stats.norm.logpdf(x, offset[0], scales[0])
        shift, scale = offset[1], scales[1]
        quadratic = [
            0.5 - 0.5 / scale**2,
            shift / scale**2,
            learned - truth - np.log(scale) - 0.5 * (shift / scale) ** 2,
        ]
        roots = np.roots(quadratic)
        cuts = np.concatenate([[-np.inf], np.sort(roots[np.isreal(roots)].real), [np.inf]])
        below = np.exp(truth) * np.diff(stats.norm.cdf(cuts))
        above = np.exp(learned) * np.diff(stats.norm.cdf(cuts, shift, scale))
        return float(np.abs(above - below).sum())

    corners = sorted(
        {c + w * k for c, w in ((0.0, 1.0), (offset[0], scales[0])) for k in (-3, 0, 3)}
    )
    reach = 9 * max(1.0, scales[0]) + abs(offset[0])
    return 0.5 * integrate.quad(inner, -reach, reach, points=corners, limit=400, epsabs=1e-9)[0]


@pytest.mark.parametrize(
    ("offset", "scales"),
    [
        ([0.5, -0.3], [1.3, 0.7]),
        ([0.0, 1.0], [0.2, 1.0]),  # a pure shift beside a pure scale
        ([3.0, 0.1], [4.0, 3.0]),
        ([0.02, 0.01], [1.01, 0.98]),
    ],
)
def test_total_variation_in_the_plane_by_nested_quadrature(offset, scales):
    offset, scales = np.array(offset), np.array(scales)
    q = Gaussian(offset @ CHAPTER.factor + CHAPTER.mean, np.diag(scales) @ CHAPTER.factor)
    oracle = total_variation_in_the_plane(offset, scales)
    np.testing.assert_allclose(total_variation(q, CHAPTER), oracle, rtol=0, atol=1e-7)


def test_total_variation_of_many_coordinates_that_agree_is_that_of_the_line():
    # The line's exact roots check the contour, which serves d ≥ 2, over nasty pairs.
    rng = np.random.default_rng(5)
    scales = np.exp(rng.uniform(-9.2, 9.2, size=600))
    scales[:200] = np.abs(1 + rng.normal(size=200) * 10 ** rng.uniform(-12, 0, size=200))
    scales[:20] = 1.0
    offset = rng.normal(size=600) * np.exp(rng.uniform(-7, 5, size=600))
    exact = total_variation(diagonal(offset[:, None], scales[:, None]), line(0.0, 1.0))
    zeros, ones = np.zeros((600, 2)), np.ones((600, 2))
    q = diagonal(np.column_stack([zeros, offset]), np.column_stack([ones, scales]))
    found = total_variation(q, diagonal(np.zeros(3), np.ones(3)))
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-11)


@pytest.mark.statistical
@pytest.mark.parametrize("d", [1, 2, 5])
def test_monte_carlo(d):
    # Seven means of 400,000 draws, 4.5 standard errors each: wrong once in 20,000 runs per d.
    rng = np.random.default_rng(d)
    q, p = random_law(rng, d), random_law(rng, d)
    draws = 400_000
    learned, learned_too, truth, truth_too = (
        rng.normal(size=(draws, d)) @ law.factor + law.mean for law in (q, q, p, p)
    )

    def check(values: np.ndarray, exact: np.ndarray) -> None:
        assert abs(values.mean() - exact) < 4.5 * values.std() / np.sqrt(draws)

    ratio = log_density(q, learned) - log_density(p, learned)
    check(ratio, kl(q, p))
    ratio_at_truth = log_density(q, truth) - log_density(p, truth)
    check(-ratio_at_truth, kl(p, q))
    check(np.maximum(-np.expm1(-ratio), 0), total_variation(q, p))
    check(1 - np.exp(0.5 * ratio_at_truth), hellinger(q, p) ** 2)
    distances = [
        np.linalg.norm(difference, axis=1)
        for difference in (learned - truth, learned - learned_too, truth - truth_too)
    ]

    def combine(of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        across, within, within_truth = map(of, distances)
        return 2 * across - within - within_truth

    check(combine(np.asarray), energy_distance(q, p))
    check(combine(np.sqrt), energy_distance(q, p, 0.5))
    check(-combine(lambda r: np.exp(-(r**2) / (2 * 1.3**2))), mmd2(q, p, 1.3))
    # A sample median is normal with variance 1/(4 n f²); f from a narrow window around it.
    median = float(median_distance(p))
    density = (np.abs(distances[2] - median) < 0.05).mean() / 0.1
    assert abs(np.median(distances[2]) - median) < 4.5 / (2 * density * np.sqrt(draws))


@pytest.mark.parametrize("d", [2, 5])
def test_bures_wasserstein_against_matrix_square_roots(d):
    rng = np.random.default_rng(d)
    q, p = random_law(rng, d), random_law(rng, d)
    root = linalg.sqrtm(p.covariance)
    middle = linalg.sqrtm(root @ q.covariance @ root)
    squared = ((q.mean - p.mean) ** 2).sum() + np.trace(p.covariance + q.covariance - 2 * middle)
    np.testing.assert_allclose(bures_wasserstein(q, p) ** 2, squared, rtol=1e-10)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_invariants_against_generalised_eigenvalues(d):
    rng = np.random.default_rng(10 + d)
    q, p = random_law(rng, d), random_law(rng, d)
    eigenvalues = linalg.eigh(q.covariance, p.covariance, eigvals_only=True)
    offset, scales = canonical_pair(q, p)
    np.testing.assert_allclose(scales**2, eigenvalues[::-1], rtol=1e-10)
    exact = np.sqrt((np.log(eigenvalues) ** 2).sum())
    np.testing.assert_allclose(affine_invariant_distance(q, p), exact, rtol=1e-10)
    shift = q.mean - p.mean
    length = np.sqrt(shift @ linalg.solve(p.covariance, shift))
    np.testing.assert_allclose(mahalanobis(q, p), length, rtol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(offset), length, rtol=1e-10)


def test_median_distance_of_known_laws():
    for d in (1, 2, 3, 20, 200):
        exact = 3 * np.sqrt(2 * stats.chi2.median(d))
        found = median_distance(diagonal(np.zeros(d), 3 * np.ones(d)))
        np.testing.assert_allclose(found, exact, rtol=1e-12)
    almost_a_line = median_distance(diagonal(np.zeros(3), [1.0, 1e-8, 1e-8]))
    np.testing.assert_allclose(almost_a_line, np.sqrt(2 * stats.chi2.median(1)), rtol=1e-12)
    # λ₁ χ²₁ + λ₂ χ²₁ by its own quadrature.
    median = float(median_distance(diagonal(np.zeros(2), [1.0, 0.4])))

    def inner(x: float) -> float:
        remainder = max(median**2 / 2 - x**2, 0.0)
        return float(stats.norm.pdf(x) * stats.chi2.cdf(remainder / 0.16, 1))

    edge = median / np.sqrt(2)
    np.testing.assert_allclose(2 * integrate.quad(inner, 0, edge, epsabs=1e-12)[0], 0.5, atol=1e-9)


# Near-singular laws


def exact_by_mpmath(q: Gaussian, p: Gaussian) -> dict[str, float]:
    """KL both ways, squared Hellinger and W₂ by the textbook covariance formulas, in 100 digits."""
    with mpmath.workdps(100):
        factors = [mpmath.matrix(law.factor.tolist()) for law in (q, p)]
        learned, truth = (factor.T * factor for factor in factors)
        shift = mpmath.matrix(q.mean.tolist()) - mpmath.matrix(p.mean.tolist())

        def divergence(a: Any, b: Any) -> Any:
            ratio = mpmath.lu_solve(b, a[:, 0])
            trace = ratio[0] + sum(mpmath.lu_solve(b, a[:, j])[j] for j in range(1, a.rows))
            length = (shift.T * mpmath.lu_solve(b, shift))[0]
            return (trace - a.rows + length + mpmath.log(mpmath.det(b) / mpmath.det(a))) / 2

        middle = (learned + truth) / 2
        length = (shift.T * mpmath.lu_solve(middle, shift))[0]
        overlap = (mpmath.det(learned) * mpmath.det(truth)) ** mpmath.mpf("0.25")
        overlap *= mpmath.exp(-length / 8) / mpmath.sqrt(mpmath.det(middle))
        cross = factors[0] * truth * factors[0].T
        roots = sum(mpmath.sqrt(abs(value)) for value in mpmath.eigsy(cross, eigvals_only=True))
        traces = sum(learned[j, j] + truth[j, j] for j in range(learned.rows))
        transport = (shift.T * shift)[0] + traces - 2 * roots
        return {
            "forward": float(divergence(learned, truth)),
            "backward": float(divergence(truth, learned)),
            "hellinger": float(mpmath.sqrt(1 - overlap)),
            "transport": float(mpmath.sqrt(transport)),
        }


@pytest.mark.parametrize("condition", [1e2, 1e5, 1e8])
@pytest.mark.parametrize("d", [2, 5])
def test_nearly_singular_laws_against_a_hundred_digits(d, condition):
    # The covariances have the squared condition number: at 1e16 a Cholesky factor would not exist.
    rng = np.random.default_rng(d)
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    p = Gaussian(
        rng.normal(size=d),
        rng.normal(size=(d, d)) @ np.diag(np.geomspace(1, 1 / condition, d)) @ turn,
    )
    change = np.eye(d) + 0.3 * rng.normal(size=(d, d))
    q = Gaussian(p.mean + 0.5 * rng.normal(size=d) @ p.factor, change @ p.factor)
    exact = exact_by_mpmath(q, p)
    tolerance = 50 * condition * np.finfo(float).eps
    np.testing.assert_allclose(kl(q, p), exact["forward"], rtol=tolerance)
    np.testing.assert_allclose(kl(p, q), exact["backward"], rtol=tolerance)
    np.testing.assert_allclose(hellinger(q, p), exact["hellinger"], rtol=tolerance)
    np.testing.assert_allclose(bures_wasserstein(q, p), exact["transport"], rtol=1e-12)


def test_units_of_measure_cost_no_digits():
    units = np.array([1e-8, 1e8])
    q = Gaussian(np.array([1.1, 1.7]), CHAPTER.factor + np.array([[0.1, -0.2], [0.3, 0.1]]))
    scaled = [Gaussian(law.mean * units, law.factor * units) for law in (q, CHAPTER)]
    for divergence in INVARIANT:
        np.testing.assert_allclose(divergence(*scaled), divergence(q, CHAPTER), rtol=1e-11)


def test_bures_wasserstein_does_not_cancel_between_close_laws():
    p = diagonal(np.zeros(2), [1.0, 1e-8])
    q = diagonal(np.zeros(2), [1.0, 2e-8])
    np.testing.assert_allclose(bures_wasserstein(q, p), 1e-8, rtol=1e-7)


# Singular, diverged and broadcast laws


FLAT = Gaussian(np.array([0.0, 0.0]), np.array([[1.0, 2.0], [0.5, 1.0]]))


@pytest.mark.parametrize(
    ("divergence", "limit"),
    [
        (kl, np.inf),
        (jeffreys, np.inf),
        (affine_invariant_distance, np.inf),
        (hellinger, 1.0),
        (total_variation, 1.0),
    ],
)
def test_singular_against_regular(divergence, limit):
    point = Gaussian(np.zeros(2), np.zeros((2, 2)))
    thin = Gaussian(np.zeros(2), np.ones((1, 2)))
    for law in (FLAT, point, thin):
        assert divergence(law, CHAPTER) == limit
        assert divergence(CHAPTER, law) == limit


def test_singular_laws_on_one_support_are_compared_within_it():
    # Both live on the line through (1, 2); q is twice as wide and shifted by one deviation of p.
    deviation = np.hypot(1, 0.5) * np.array([1.0, 2.0])
    q = Gaussian(deviation, 2 * FLAT.factor)
    on_the_line = line(1.0, 2.0), line(0.0, 1.0)
    for divergence in INVARIANT:
        expected = divergence(*on_the_line)
        np.testing.assert_allclose(divergence(q, FLAT), expected, rtol=1e-12, atol=1e-11)


def test_singular_laws_on_different_supports():
    parallel = Gaussian(np.array([0.0, 1.0]), FLAT.factor)
    across = Gaussian(np.zeros(2), np.array([[2.0, -1.0], [0.0, 0.0]]))
    for law in (parallel, across):
        assert kl(law, FLAT) == kl(FLAT, law) == np.inf
        assert total_variation(law, FLAT) == hellinger(law, FLAT) == 1.0
    assert mahalanobis(parallel, FLAT) == np.inf
    np.testing.assert_allclose(bures_wasserstein(parallel, FLAT), 1.0)


def test_points_are_as_far_as_they_lie_apart():
    here, there = (Gaussian(np.array([x, 0.0]), np.zeros((2, 2))) for x in (0.0, 3.0))
    np.testing.assert_allclose(bures_wasserstein(here, there), 3.0, rtol=1e-14)
    np.testing.assert_allclose(energy_distance(here, there), 6.0, rtol=1e-13)
    np.testing.assert_allclose(mmd2(here, there, 3.0), 2 - 2 * np.exp(-0.5), rtol=1e-14)
    assert median_distance(here) == 0.0


@pytest.mark.parametrize("divergence", EVERY)
def test_a_law_that_is_not_finite_gives_nan_in_its_place_alone(divergence):
    means = np.tile([1.5, 1.5], (5, 1))
    factors = np.tile(np.eye(2), (5, 1, 1))
    means[1, 0], factors[2, 1, 0], factors[3, 0, 0] = np.nan, np.inf, np.nan
    stack = Gaussian(means, factors)
    for values in (divergence(stack, CHAPTER), divergence(CHAPTER, stack)):
        np.testing.assert_array_equal(np.isnan(values), [False, True, True, True, False])
        np.testing.assert_allclose(values[0], values[4], rtol=1e-13)


@pytest.mark.parametrize("divergence", EVERY)
def test_a_huge_law_neither_warns_nor_raises(divergence):
    for size in (1e30, 1e160, 1e300):
        q = Gaussian(size * CHAPTER.mean, size * CHAPTER.factor)
        assert divergence(q, CHAPTER) >= divergence(
            Gaussian(3 * CHAPTER.mean, 3 * CHAPTER.factor), CHAPTER
        )
        assert divergence(CHAPTER, q) >= 0


@pytest.mark.parametrize("divergence", EVERY)
def test_leading_axes_broadcast(divergence):
    rng = np.random.default_rng(3)
    q = Gaussian(rng.normal(size=(4, 1, 2)), rng.normal(size=(4, 1, 6, 2)))
    p = Gaussian(rng.normal(size=(3, 2)), rng.normal(size=(3, 2, 2)))
    values = divergence(q, p)
    assert values.shape == (4, 3)
    assert values.dtype == np.float64
    one = divergence(Gaussian(q.mean[2, 0], q.factor[2, 0]), Gaussian(p.mean[1], p.factor[1]))
    assert np.shape(one) == ()
    np.testing.assert_allclose(values[2, 1], one, rtol=1e-12)


@pytest.mark.parametrize("divergence", EVERY)
def test_laws_that_cannot_be_compared_are_refused(divergence):
    with pytest.raises(UsageError, match="one dimension"):
        divergence(line(0.0, 1.0), CHAPTER)
    with pytest.raises(UsageError, match="broadcast"):
        divergence(diagonal(np.zeros((3, 2)), np.ones(2)), diagonal(np.zeros((4, 2)), np.ones(2)))


def test_parameters_out_of_range_are_refused():
    for exponent in (0.0, 2.0, np.nan):
        with pytest.raises(UsageError, match="exponent"):
            energy_distance(CHAPTER, CHAPTER, exponent)
    for bandwidth in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(UsageError, match="bandwidth"):
            mmd2(CHAPTER, CHAPTER, bandwidth)


# Properties


@pytest.mark.parametrize("divergence", EVERY)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_zero_at_the_truth_and_worse_further_from_it(divergence, d):
    rng = np.random.default_rng(d)
    p = random_law(rng, d)
    # Not exactly the same object, nor the same factor: a turned one has the same law.
    turned = Gaussian(p.mean, np.linalg.qr(rng.normal(size=(d, d)))[0] @ p.factor)
    np.testing.assert_allclose(
        divergence(turned, p), 0, atol=5e-8 if divergence is hellinger else 1e-11
    )
    steps = np.array([0.0, 0.1, 0.3, 1.0, 2.0])
    shift = rng.normal(size=d)
    shifted = Gaussian(p.mean + steps[:, None] * shift, p.factor)
    grown = Gaussian(p.mean, (1 + steps[:, None, None]) * p.factor)
    shrunk = Gaussian(p.mean, p.factor / (1 + steps[:, None, None]))
    for worse, blind in (
        (shifted, [affine_invariant_distance]),
        (grown, [mahalanobis]),
        (shrunk, [mahalanobis]),
    ):
        if divergence not in blind:
            assert (np.diff(divergence(worse, p)) > 0).all()


@pytest.mark.parametrize("divergence", INVARIANT)
def test_affine_maps_change_nothing(divergence):
    rng = np.random.default_rng(7)
    for d in (1, 2, 5):
        q, p = random_law(rng, d), random_law(rng, d)
        change, shift = rng.normal(size=(d, d)) + 2 * np.eye(d), rng.normal(size=d)
        mapped = [Gaussian(law.mean @ change + shift, law.factor @ change) for law in (q, p)]
        np.testing.assert_allclose(divergence(*mapped), divergence(q, p), rtol=1e-9)


@pytest.mark.parametrize("divergence", METRIC)
def test_rotations_change_nothing(divergence):
    rng = np.random.default_rng(8)
    q, p = random_law(rng, 5), random_law(rng, 5)
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    mapped = [Gaussian(law.mean @ turn - 3, law.factor @ turn) for law in (q, p)]
    np.testing.assert_allclose(divergence(*mapped), divergence(q, p), rtol=1e-10)


def test_symmetric_ones_are_symmetric_and_kl_is_not():
    rng = np.random.default_rng(9)
    q, p = random_law(rng, 3), random_law(rng, 3)
    for divergence in (
        jeffreys,
        affine_invariant_distance,
        hellinger,
        total_variation,
        bures_wasserstein,
        energy_distance,
    ):
        np.testing.assert_allclose(divergence(q, p), divergence(p, q), rtol=1e-10)
    np.testing.assert_allclose(jeffreys(q, p), kl(q, p) + kl(p, q), rtol=1e-12)
    assert abs(kl(q, p) - kl(p, q)) > 0.01


def test_the_inequalities_between_them_hold():
    rng = np.random.default_rng(10)
    q = Gaussian(rng.normal(size=(300, 2)), rng.normal(size=(300, 2, 2)))
    variation, root = total_variation(q, CHAPTER), hellinger(q, CHAPTER)
    assert (root**2 <= variation + 1e-11).all()
    assert (variation <= root * np.sqrt(2 - root**2) + 1e-11).all()  # Le Cam
    assert (variation <= np.sqrt(kl(q, CHAPTER) / 2)).all()  # Pinsker
    widths = np.geomspace(0.5, 8, 300)
    assert (mmd2(q, CHAPTER, widths) <= 4 * variation**2).all()


def test_the_default_bandwidth_is_the_truths_median_distance():
    q = Gaussian(CHAPTER.mean + 0.3, CHAPTER.factor)
    assert mmd2(q, CHAPTER) == mmd2(q, CHAPTER, median_distance(CHAPTER))


@pytest.mark.parametrize("deviation", [1e-6, 0.3, 1.0, 40.0])
def test_a_centred_plane_has_the_energy_distance_of_the_same_plane_in_space(deviation):
    # In the plane by an elliptic integral, in space by quadrature.
    factors = [np.diag([1.0, deviation]), np.diag([0.7, 0.2])]
    plane = [Gaussian(np.zeros(2), factor) for factor in factors]
    space = [Gaussian(np.zeros(3), np.pad(factor, (0, 1))) for factor in factors]
    found, expected = (float(energy_distance(q, p)) for q, p in (plane, space))
    assert found == pytest.approx(expected, abs=1e-13 * (1 + deviation))
