"""MMD-FUSE, MMDAgg and the wild bootstrap against slow transcriptions, and under the null."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.permutation.labels import Labels, swapped_pair_labels
from gan_eval.stats.result import TestResult
from gan_eval.stats.twosample import mmd_test, permutation_labels
from tests.stats.twosample.oracles import Array, permutation_pvalue
from tests.stats.twosample.slow_aggregated import agg, fuse, matrices, unbiased


def samples(n: int, m: int, d: int, shift: float, *, integer: bool = False) -> tuple[Array, Array]:
    rng = np.random.default_rng([n, m, d])
    x, y = rng.standard_normal((n, d)), rng.standard_normal((m, d)) + shift
    return (np.round(x), np.round(y)) if integer else (x, y)


CASES = [
    (12, 12, 1, 0.0, ("gaussian", "laplace")),
    (9, 24, 2, 0.6, ("gaussian", "laplace_l1")),
    (20, 13, 9, 0.3, ("inverse_multiquadric",)),
    (16, 16, 2, 1.5, ("gaussian", "laplace")),
]


def take(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send small samples where only large ones go, with factors that leave much in doubt."""
    if path != "float64":
        for module in ("permutation.engine", "twosample.mmd_aggregated"):
            monkeypatch.setattr(f"gan_eval.stats.{module}.FLOAT64_ROWS", 0)
    if path == "rough factors":
        monkeypatch.setattr("gan_eval.stats.twosample.mmd_aggregated.ACCEPTED_SHARE", 1.0)
        monkeypatch.setattr("gan_eval.stats.permutation.lowrank_path.ACCEPTED_SHARE", 0.05)


def observed_and(labels: Labels, n: int) -> Labels:
    return np.concatenate([np.arange(labels.shape[1])[None] < n, labels])


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("path", ["float64", "float32", "rough factors"])
@pytest.mark.parametrize(("n", "m", "d", "shift", "names"), CASES)
def test_fuse_equals_a_transcription(n, m, d, shift, names, path, integer, monkeypatch):
    take(path, monkeypatch)
    x, y = samples(n, m, d, shift, integer=integer)
    result = mmd_test(x, y, kernel=names, bandwidth="fuse", permutations=60, rng=5)
    labels = permutation_labels(n, m, 60, np.random.default_rng(5))
    kernels = matrices(np.concatenate([x, y]), names, "fuse")
    observed, *null = (fuse(kernels, row) for row in observed_and(labels, n))
    assert result.pvalue == permutation_pvalue(observed, np.array(null))
    if path != "rough factors":
        assert result.statistic == pytest.approx(observed, rel=1e-9, abs=1e-12)
        np.testing.assert_allclose(result.null_distribution, null, atol=1e-4 * float(np.std(null)))
        mean = np.mean([unbiased(kernel, np.arange(n + m) < n) for kernel in kernels])
        assert result.estimate == pytest.approx(mean, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("path", ["float64", "float32", "rough factors"])
@pytest.mark.parametrize(("n", "m", "d", "shift", "names"), CASES)
def test_agg_equals_a_transcription(n, m, d, shift, names, path, integer, monkeypatch):
    take(path, monkeypatch)
    x, y = samples(n, m, d, shift, integer=integer)
    result = mmd_test(x, y, kernel=names, bandwidth="agg", permutations=60, rng=5)
    labels = permutation_labels(n, m, 120, np.random.default_rng(5))
    kernels = matrices(np.concatenate([x, y]), names, "agg")
    pvalue, bisected, without_order = agg(kernels, observed_and(labels, n))
    assert result.pvalue == pvalue
    assert bisected == without_order
    if bisected:
        assert result.pvalue <= 0.05
    at_least = np.count_nonzero(result.null_distribution >= result.statistic)
    assert result.pvalue == (1 + at_least) / 61


def test_the_defaults_are_ten_gaussian_and_ten_laplace_kernels():
    x, y = samples(12, 12, 2, 0.4)
    for bandwidth in ("fuse", "agg"):
        default = mmd_test(x, y, bandwidth=bandwidth, permutations=50, rng=1)
        named = mmd_test(
            x, y, kernel=("gaussian", "laplace"), bandwidth=bandwidth, permutations=50, rng=1
        )
        assert default.statistic == named.statistic
        assert default.pvalue == named.pvalue
        assert default.parameters["kernel"] == "gaussian+laplace"


@pytest.mark.parametrize("bandwidth", ["fuse", "agg"])
def test_blocks_that_are_not_kept_give_the_same(bandwidth, monkeypatch):
    x, y = samples(40, 25, 2, 0.3)
    kept = mmd_test(x, y, bandwidth=bandwidth, permutations=50, rng=1)
    for module in ("permutation.dense", "twosample.mmd_aggregated"):
        monkeypatch.setattr(f"gan_eval.stats.{module}.STORED_ENTRIES", 64)
    monkeypatch.setattr("gan_eval.stats.permutation.dense.WIDTH", 16)
    refilled = mmd_test(x, y, bandwidth=bandwidth, permutations=50, rng=1)
    assert refilled.statistic == pytest.approx(kept.statistic, rel=1e-10)
    assert refilled.pvalue == kept.pvalue


@pytest.mark.parametrize("bandwidth", ["fuse", "agg"])
def test_identical_rows_give_p_one(bandwidth):
    result = mmd_test(np.ones((8, 2)), np.ones((5, 2)), bandwidth=bandwidth, permutations=50)
    assert result.pvalue == 1.0


# --- The wild bootstrap -----------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ["unbiased", "biased"])
@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize(("n", "d", "shift"), [(5, 1, 0.0), (20, 2, 0.4), (33, 9, 0.2)])
def test_the_wild_bootstrap_equals_signs_on_the_pairs(n, d, shift, integer, estimator):
    """Σ_{i ≠ j} ε_i ε_j h_ij, h_ij = k(x_i,x_j) + k(y_i,y_j) − k(x_i,y_j) − k(y_i,x_j)."""
    x, y = samples(n, n, d, shift, integer=integer)
    result = mmd_test(
        x, y, bandwidth=1.1, estimator=estimator, null="wild", permutations=200, rng=8
    )
    labels = swapped_pair_labels(n, 200, np.random.default_rng(8))
    assert labels[0, :n].all()
    assert (labels[:, :n] != labels[:, n:]).all()
    signs = np.where(labels[:, :n], 1.0, -1.0)
    xx, yy, xy = (
        np.exp(-cdist(a, b, "sqeuclidean") / (2 * 1.1**2)) for a, b in ((x, x), (y, y), (x, y))
    )
    h = xx + yy - xy - xy.T
    np.fill_diagonal(h, 0)
    observed, *null = ((row @ h @ row) / (n * (n - 1)) for row in signs)
    assert result.pvalue == permutation_pvalue(observed, np.array(null))


def test_wild_signs_are_fair_and_independent():
    """20,000 draws of 6 signs: chi-squared over all 64 at level 1e-4, seed fixed."""
    labels = swapped_pair_labels(6, 20_000, np.random.default_rng(1))[1:, :6]
    counts = np.bincount(labels @ (1 << np.arange(6)), minlength=64)
    assert stats.chisquare(counts).pvalue > 1e-4


# --- Under the null and beside it -------------------------------------------------------------

VARIANTS: dict[str, dict[str, Any]] = {
    "fuse": {"bandwidth": "fuse"},
    "agg": {"bandwidth": "agg"},
    "wild": {"null": "wild"},
    "fuse, wild": {"bandwidth": "fuse", "null": "wild"},
    "pooled": {"whiten": "pooled"},
}


def run_variant(variant: str, x: Any, y: Any, permutations: int, rng: Any) -> TestResult:
    return mmd_test(x, y, permutations=permutations, rng=rng, **VARIANTS[variant])


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.statistical
def test_pvalues_are_uniform_under_the_null(variant):
    """200 repetitions, 12 rows each, 49 permutations: p takes the values k/50.

    Chi-squared over 5 classes at level 1e-4 for each of 5 variants: a right test fails one of them
    with probability below 5e-4. Seeds are fixed, so it does so always or never.
    """
    rng = np.random.default_rng(17)
    counts = np.zeros(5, dtype=int)
    for _ in range(200):
        x, y = rng.standard_normal((12, 2)), rng.standard_normal((12, 2))
        counts[(round(run_variant(variant, x, y, 49, rng).pvalue * 50) - 1) // 10] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.statistical
def test_heavy_ties_are_never_anticonservative(variant):
    """Three values in each of two columns, 10 rows each, 200 repetitions.

    The count of p ≤ α may exceed 200α only by the binomial's upper 1e-4 point, for each of two
    levels and five variants: failure probability of a right test below 1e-3.
    """
    rng = np.random.default_rng(23)
    pvalues = np.array(
        [
            run_variant(
                variant, rng.integers(0, 3, (10, 2)), rng.integers(0, 3, (10, 2)), 39, rng
            ).pvalue
            for _ in range(200)
        ]
    )
    for alpha in (0.05, 0.1):
        assert np.count_nonzero(pvalues <= alpha + 1e-12) <= stats.binom.isf(1e-4, 200, alpha)


@pytest.mark.statistical
def test_the_wild_bootstrap_holds_for_dependent_pairs():
    """x_i and y_i correlated by 0.9 but exchangeable: the signs stay exact, 300 repetitions.

    The number of p ≤ 0.1 lies in the binomial's central 1 − 2e-4: error rate 2e-4, seed fixed.
    Permuting all labels takes the pairs apart and rejects far too seldom here.
    """
    rng = np.random.default_rng(29)
    rejections = {"wild": 0, "permutation": 0}
    for _ in range(300):
        common = rng.standard_normal((20, 1)) * 3
        x, y = common + rng.standard_normal((20, 1)), common + rng.standard_normal((20, 1))
        for null in rejections:
            rejections[null] += mmd_test(x, y, null=null, permutations=49, rng=rng).pvalue <= 0.1
    low, high = stats.binom.ppf([1e-4, 1 - 1e-4], 300, 0.1)
    assert low <= rejections["wild"] <= high
    assert rejections["permutation"] < low


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.statistical
def test_farther_gives_larger_statistic_and_smaller_p(variant):
    rng = np.random.default_rng(11)
    x, noise = rng.standard_normal((60, 2)), rng.standard_normal((60, 2))
    results = [run_variant(variant, x, noise + shift, 199, 3) for shift in (0.0, 0.6, 1.5)]
    statistics = [result.statistic for result in results]
    pvalues = [result.pvalue for result in results]
    assert statistics == sorted(statistics)
    assert pvalues == sorted(pvalues, reverse=True)
    assert pvalues[0] > 0.05
    assert pvalues[-1] == 1 / 200


@pytest.mark.statistical
def test_aggregation_sees_what_one_bandwidth_smooths_away():
    """One of four narrow clusters far apart is twice as wide in y (Biggs et al. 2023, §5).

    Of 8 pairs of 200 rows the median heuristic rejects at 5 % in at most 2, the aggregated tests
    in at least 4; seeds are fixed.
    """
    centres = 20.0 * np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]])
    rejections = {"median": 0, "fuse": 0, "agg": 0}
    for seed in range(8):
        rng = np.random.default_rng([31, seed])
        pair = []
        for last in (1.0, 3.0):
            where = rng.integers(0, 4, 200)
            noise = rng.standard_normal((200, 2))
            pair.append(centres[where] + noise * np.where(where == 3, last, 1.0)[:, None])
        for bandwidth in rejections:
            result = mmd_test(*pair, bandwidth=bandwidth, permutations=99, rng=seed)
            rejections[bandwidth] += result.pvalue <= 0.05
    assert rejections["median"] <= 2
    assert min(rejections["fuse"], rejections["agg"]) >= 4


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"null": "wild"}, "null='wild' exchanges row i of x with row i of y and needs as many"),
        ({"null": "bootstrap"}, "null must be one of permutation, wild, got 'bootstrap'"),
        (
            {"bandwidth": "fuse", "kernel": "polynomial"},
            "kernel with bandwidth='fuse' must be of gaussian, laplace",
        ),
        ({"bandwidth": "agg", "kernel": ()}, "kernel must name at least one kernel, each once"),
        ({"bandwidth": "agg", "kernel": ["laplace"] * 2}, "kernel must name at least one kernel"),
        ({"kernel": ("gaussian", "laplace")}, "kernel must be one name unless bandwidth is 'fuse'"),
        (
            {"bandwidth": "agg", "estimator": "biased"},
            "estimator must be 'unbiased' with bandwidth='agg', got 'biased'",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(options, sentence):
    x, y = samples(5, 6, 2, 0.0)
    with pytest.raises(UsageError) as refusal:
        mmd_test(x, y, **options)
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)
