"""Energy, MMD and Stein tests of one sample against the known target."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import gamma, hyp1f1

from gan_eval import Gaussian, GaussianTarget, UsageError
from gan_eval.distributions import distances
from gan_eval.stats import goodness
from gan_eval.stats.goodness.bootstrap import discrepancy
from gan_eval.stats.goodness.energy import DistanceKernel
from gan_eval.stats.goodness.mmd import GaussianKernel
from gan_eval.stats.goodness.stein import SteinKernel
from tests.stats.goodness.oracles import stein_discrepancy, stein_kernel, wild_null

TESTS = [goodness.energy_test, goodness.mmd_test, goodness.kernel_stein_test]
CHAPTER = GaussianTarget.chapter()
UNEVEN = (1.0, 0.4, 3.0)
KERNELS = [
    DistanceKernel(UNEVEN, 1.0),
    DistanceKernel(UNEVEN, 0.4),
    DistanceKernel(UNEVEN, 1.8),
    GaussianKernel(UNEVEN, 0.9),
    SteinKernel(UNEVEN, 0.8),
]


@pytest.fixture
def x() -> np.ndarray:
    return CHAPTER.sample(12, 7) * 1.1


@pytest.mark.parametrize("d", [1, 2, 10, 60])
@pytest.mark.parametrize("exponent", [0.2, 1.0, 1.9])
def test_mean_distance_is_that_of_the_noncentral_chi(d, exponent):
    """E|x − Y|^α = 2^{α/2} Γ((d+α)/2) / Γ(d/2) · ₁F₁(−α/2; d/2; −|x|²/2) for Y ~ N(0, I)."""
    rows = np.zeros((9, d))
    rows[1:, 0] = np.geomspace(1e-4, 15, 8)
    ratio = math.exp(math.lgamma((d + exponent) / 2) - math.lgamma(d / 2))
    exact = 2 ** (exponent / 2) * ratio * hyp1f1(-exponent / 2, d / 2, -(rows[:, 0] ** 2) / 2)
    kernel = DistanceKernel((1.0,) * d, exponent)
    assert -kernel.mean(rows) == pytest.approx(exact, rel=1e-12)
    assert -kernel.grand_mean == pytest.approx(
        2**exponent * gamma((d + exponent) / 2) / gamma(d / 2), rel=1e-12
    )
    # One row far off changes the grid, and nothing else.
    far = np.concatenate([rows, np.full((1, d), 1e9)])
    assert kernel.mean(far)[:-1] == pytest.approx(kernel.mean(rows), rel=1e-12)
    assert kernel.mean(far)[-1] == pytest.approx(-((1e9 * np.sqrt(d)) ** exponent), rel=1e-12)


@pytest.mark.statistical
@pytest.mark.parametrize("kernel", KERNELS)
def test_expectations_meet_simulation(kernel):
    """200,000 draws, 4.5 standard errors: a right kernel fails once in 10,000."""
    rng = np.random.default_rng(5)
    draws, others = rng.standard_normal((2, 200_000, 3)) * UNEVEN
    rows = np.array([[0.0, 0.0, 0.0], [1.0, -0.3, 2.0], [0.2, 1.5, -7.0]])
    values = kernel.entries(rows, draws)
    error = values.std(axis=1) / np.sqrt(len(draws))
    assert (np.abs(values.mean(axis=1) - kernel.mean(rows)) < 4.5 * error).all()
    means = kernel.mean(others)
    assert abs(means.mean() - kernel.grand_mean) <= 4.5 * means.std() / np.sqrt(len(others))


@pytest.mark.parametrize("kernel", KERNELS)
def test_discrepancy_is_the_mean_over_pairs(kernel):
    """Over more rows than a block holds."""
    rows = np.random.default_rng(6).standard_normal((270, 3)) * 1.2
    matrix = kernel.entries(rows, rows)
    np.testing.assert_allclose(np.diag(matrix), kernel.diagonal(rows), rtol=1e-12)
    means = kernel.mean(rows)
    centred = matrix - means[:, None] - means + kernel.grand_mean
    off = centred[~np.eye(270, dtype=bool)]
    result = discrepancy(kernel, rows)
    assert result.unbiased == pytest.approx(off.mean(), rel=1e-9, abs=1e-12)
    assert result.biased == pytest.approx(centred.mean(), rel=1e-9)
    assert result.diagonal == pytest.approx(np.diag(centred).mean(), rel=1e-11)


@pytest.mark.statistical
@pytest.mark.parametrize("whiten", [True, False])
def test_estimates_meet_the_closed_form_between_gaussians(whiten):
    """Mean over 300 samples, within 4 standard errors of ``gan_eval.distributions.divergences``'s
    value."""
    rng = np.random.default_rng(15)
    law = GaussianTarget([[1.0, 1.5], [0.3, 0.5]], [1.3, 2.0])
    q, p = law.law, CHAPTER.law
    if whiten:
        q = Gaussian(CHAPTER.whiten(q.mean[None])[0], np.linalg.solve(CHAPTER.A.T, law.A.T).T)
        p = Gaussian(np.zeros(2), np.eye(2))
    samples = [law.sample(30, rng) for _ in range(300)]
    options = {"whiten": whiten, "resamples": 1, "rng": 0}
    # The V-statistic of the energy exceeds its population value by E|X − X'| / n.
    energies = [goodness.energy_test(x, CHAPTER, **options).estimate for x in samples]
    within = float(-DistanceKernel(tuple(np.linalg.svd(q.factor)[1].tolist()), 1.0).grand_mean)
    energy = float(distances.energy_distance(q, p)) + within / 30
    assert np.mean(energies) == pytest.approx(energy, abs=4 * np.std(energies) / np.sqrt(300))
    squares = [goodness.mmd_test(x, CHAPTER, bandwidth=0.8, **options).estimate for x in samples]
    expected = float(distances.mmd2(q, p, 0.8))
    assert np.mean(squares) == pytest.approx(expected, abs=4 * np.std(squares) / np.sqrt(300))


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_stein_kernel_is_the_definition(scale):
    """Against numerical derivatives of the inverse multiquadric."""
    rng = np.random.default_rng(8)
    kernel = SteinKernel(UNEVEN, scale)
    rows = rng.standard_normal((6, 3)) * 2
    precision = np.diag(1 / np.array(UNEVEN) ** 2)
    slow = [[stein_kernel(p, q, precision, scale) for q in rows] for p in rows]
    np.testing.assert_allclose(kernel.entries(rows, rows), slow, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("whiten", [True, False])
def test_stein_statistic_is_the_definition(whiten, x):
    points = CHAPTER.whiten(x) if whiten else x - CHAPTER.mean
    precision = np.eye(2) if whiten else np.linalg.inv(CHAPTER.covariance)
    result = goodness.kernel_stein_test(x, CHAPTER, whiten=whiten, resamples=1)
    assert result.statistic == pytest.approx(stein_discrepancy(points, precision, 1.0), rel=1e-6)


def test_the_wild_bootstrap_weighs_pairs_by_signs(x):
    result = goodness.kernel_stein_test(x, CHAPTER, null="wild", resamples=50, rng=3)
    signs = np.random.default_rng(3).integers(0, 2, size=(50, len(x)), dtype=np.int8) * 2 - 1
    rows = np.asarray(CHAPTER.whiten(x), dtype=np.float64)
    null = wild_null(SteinKernel((1.0, 1.0), 1.0).entries(rows, rows), signs.astype(float))
    assert result.null_distribution == pytest.approx(null, rel=1e-9)
    exceeding = np.count_nonzero(np.array(null) >= result.statistic)
    assert result.pvalue == (1 + exceeding) / 51


def test_signs_that_agree_tie_with_the_statistic():
    """Of two rows' four sign patterns two give the statistic itself, to the last digit."""
    x = np.array([[0.3, 1.0], [0.2, 0.8]])
    result = goodness.kernel_stein_test(x, CHAPTER, null="wild", resamples=400, rng=0)
    ties = np.count_nonzero(result.null_distribution == result.statistic)
    assert 150 < ties < 250


@pytest.mark.parametrize("test", TESTS)
def test_the_null_is_made_of_the_targets_own_samples(test):
    """Not whitened, drawn in the target's own axes: the same law as sampling the target."""
    generator = np.random.default_rng(4)
    deviations = np.linalg.svd(CHAPTER.A)[1]
    result = test(CHAPTER.sample(9, 0), CHAPTER, whiten=False, resamples=3, rng=4)
    turned = GaussianTarget(np.diag(deviations), [0.0, 0.0])
    for value in result.null_distribution:
        draw = generator.standard_normal((9, 2)) * deviations
        extra = {"bandwidth": result.parameters["bandwidth"]} if test is goodness.mmd_test else {}
        again = test(draw, turned, whiten=False, resamples=1, **extra)
        assert again.statistic == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("test", TESTS)
def test_a_seed_fixes_the_pvalue_and_a_remembered_null_changes_nothing(test, x):
    first = test(x, CHAPTER, resamples=30, rng=5)
    again = test(x, CHAPTER, resamples=30, rng=5)
    fresh = test(x, CHAPTER, resamples=30, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(first.null_distribution, again.null_distribution)
    np.testing.assert_array_equal(first.null_distribution, fresh.null_distribution)
    assert first.pvalue == again.pvalue == fresh.pvalue
    again.null_distribution[:] = np.inf
    assert test(x, CHAPTER, resamples=30, rng=5).pvalue == first.pvalue


@pytest.mark.parametrize("test", TESTS)
def test_affine_maps_of_sample_and_target_change_nothing(test, x):
    matrix, shift = np.array([[3.0, -1.0], [0.01, 0.02]]), np.array([50.0, -7.0])
    moved = GaussianTarget(CHAPTER.A @ matrix, CHAPTER.b @ matrix + shift)
    before = test(x, CHAPTER, resamples=99, rng=0)
    after = test(x @ matrix + shift, moved, resamples=99, rng=0)
    assert after.pvalue == before.pvalue
    assert after.statistic == pytest.approx(before.statistic, rel=1e-8)


@pytest.mark.parametrize("test", TESTS)
def test_turning_and_moving_changes_nothing_without_whitening(test, x):
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    moved = GaussianTarget(CHAPTER.A @ turn, CHAPTER.b @ turn + 5)
    before = test(x, CHAPTER, whiten=False, resamples=1, rng=0)
    after = test(x @ turn + 5, moved, whiten=False, resamples=1, rng=0)
    assert after.statistic == pytest.approx(before.statistic, rel=1e-9)


@pytest.mark.statistical
@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("d", [1, 2, 10])
def test_pvalues_are_uniform_under_the_target(test, d):
    """1,000 samples of 20 rows, 19 draws each: p takes 20 values, all equally likely.

    χ² at 0.001; and sizes at .05 and .1 inside their 99 % bands. The seed is fixed.
    """
    generator = np.random.default_rng(d)
    target = GaussianTarget(np.eye(d) * 2, np.ones(d))
    pvalues = np.array(
        [
            test(target.sample(20, generator), target, resamples=19, rng=generator).pvalue
            for _ in range(1000)
        ]
    )
    counts = np.bincount(np.rint(20 * pvalues).astype(int), minlength=21)[1:]
    assert stats.chisquare(counts).pvalue > 0.001
    for level in (0.05, 0.1):
        low, high = stats.binom.interval(0.99, 1000, level)
        assert low <= np.count_nonzero(pvalues <= level + 1e-9) <= high


@pytest.mark.thorough
@pytest.mark.statistical
def test_the_wild_bootstrap_keeps_its_level_for_large_samples():
    """400 samples of 200 rows; 99 % bands at three levels."""
    generator = np.random.default_rng(21)
    pvalues = np.array(
        [
            goodness.kernel_stein_test(
                CHAPTER.sample(200, generator), CHAPTER, null="wild", resamples=99, rng=generator
            ).pvalue
            for _ in range(400)
        ]
    )
    for level in (0.01, 0.05, 0.1):
        low, high = stats.binom.interval(0.99, 400, level)
        assert low <= np.count_nonzero(pvalues <= level + 1e-9) <= high


@pytest.mark.parametrize("test", TESTS)
def test_effects_rise_with_the_distance(test):
    rng = np.random.default_rng(16)
    samples = [CHAPTER.sample(60, rng) for _ in range(10)]
    effects, pvalues = [], []
    for size in (0.0, 0.5, 1.0, 2.0):
        results = [test(x + size * CHAPTER.A[1], CHAPTER, resamples=99, rng=0) for x in samples]
        effects.append(np.median([result.effect_size for result in results]))
        pvalues.append(np.median([result.pvalue for result in results]))
    assert (np.diff(effects) > 0).all()
    assert abs(effects[0]) < 0.05
    assert effects[-1] < 1
    assert (np.diff(pvalues) <= 0).all()
    assert pvalues[-1] == 0.01


def test_whitening_sees_the_minor_axis():
    """A shift of 0.5 along it: seen whitened, lost in the major axis's noise in raw units."""
    axes = np.linalg.svd(CHAPTER.A)
    x = CHAPTER.sample(100, 17) + 0.5 * axes[1][1] * axes[2][1]
    for test in TESTS[:2]:
        assert test(x, CHAPTER, rng=0, resamples=199).pvalue <= 0.01
        assert test(x, CHAPTER, rng=0, resamples=199, whiten=False).pvalue > 0.1


def test_a_wrong_shape_is_seen_by_kernels_and_not_by_moments():
    """Four clusters with the target's mean and covariance."""
    rng = np.random.default_rng(18)
    signs = np.where(rng.random((400, 2)) < 0.5, -1.0, 1.0)
    x = CHAPTER.transform(0.9 * signs + np.sqrt(1 - 0.81) * rng.standard_normal((400, 2)))
    assert goodness.likelihood_ratio_test(x, CHAPTER).pvalue > 0.01
    for test in TESTS:
        assert test(x, CHAPTER, resamples=99, rng=0).pvalue <= 0.03


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("factor", [1e-8, 1e8, 1e100])
def test_far_from_the_target_numbers_stay_finite(test, factor, x):
    result = test((x - 1) * factor, CHAPTER, resamples=19, rng=0)
    assert np.isfinite([result.statistic, result.effect_size]).all()
    assert result.pvalue == 0.05


@pytest.mark.parametrize(
    ("test", "options", "sentence"),
    [
        (goodness.energy_test, {"exponent": 2}, "exponent must be between 0 and 2"),
        (goodness.energy_test, {"resamples": 0}, "resamples must be between 1 and 1000000"),
        (goodness.energy_test, {"rng": -1}, "rng must be"),
        (goodness.mmd_test, {"bandwidth": "mean"}, "bandwidth must be a number above 0"),
        (goodness.mmd_test, {"bandwidth": 0.0}, "bandwidth must be a finite number above 0"),
        (goodness.mmd_test, {"resamples": 2.5}, "resamples must be a whole number"),
        (goodness.kernel_stein_test, {"null": "permutation"}, "null must be one of parametric"),
        (goodness.kernel_stein_test, {"scale": -1.0}, "scale must be a finite number above 0"),
    ],
)
def test_unusable_options_are_refused_in_one_sentence(test, options, sentence, x):
    with pytest.raises(UsageError, match=sentence) as caught:
        test(x, CHAPTER, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("test", TESTS)
def test_unusable_samples_are_refused(test):
    for rows in (np.zeros((5, 3)), np.zeros((1, 2)), [["a", "b"]] * 3):
        with pytest.raises(UsageError, match="x must"):
            test(rows, CHAPTER)
