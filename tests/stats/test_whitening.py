"""Whitening: what it gives, that no affine map changes it, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.scaling import Whitening, whitening
from gan_eval.stats.twosample import energy_distance, energy_test, mmd2, mmd_test

CHAPTER = GaussianTarget.chapter()
MAPS = [
    (np.diag([1000.0, 1e-3]), np.array([5.0, -7.0])),
    (np.array([[0.0, 1.0], [1.0, 0.0]]), np.zeros(2)),
    (np.array([[2.0, -1.0], [1.9, 0.3]]), np.array([1e3, 0.0])),
]
TESTS = {
    "mmd": (mmd_test, {}),
    "laplace_l1": (mmd_test, {"kernel": "laplace_l1"}),
    "polynomial": (mmd_test, {"kernel": "polynomial"}),
    "fuse": (mmd_test, {"bandwidth": "fuse"}),
    "agg": (mmd_test, {"bandwidth": "agg"}),
    "wild": (mmd_test, {"null": "wild"}),
    "energy": (energy_test, {}),
}


def samples(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    return CHAPTER.sample(n, 1), CHAPTER.sample(m, 2) + np.array([0.1, 0.0])


def test_pooled_rows_have_covariance_one():
    pooled = np.concatenate(samples(40, 25))
    white = Whitening.pooled(pooled)(pooled)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(2), atol=1e-12)


def test_the_target_whitens_as_it_says():
    rows = np.asarray(CHAPTER.sample(30, 0), dtype=np.float64)
    np.testing.assert_allclose(whitening(rows, CHAPTER)(rows), CHAPTER.whiten(rows), atol=1e-12)
    assert energy_distance(rows, rows[:7], whiten=CHAPTER) == pytest.approx(
        energy_distance(CHAPTER.whiten(rows), CHAPTER.whiten(rows[:7])), rel=1e-10
    )
    assert mmd2(rows, rows[:7], bandwidth=1.0, whiten=CHAPTER) == pytest.approx(
        mmd2(CHAPTER.whiten(rows), CHAPTER.whiten(rows[:7]), bandwidth=1.0), rel=1e-10
    )


@pytest.mark.parametrize(("matrix", "offset"), MAPS)
def test_pooled_coordinates_are_the_same_after_an_affine_map(matrix, offset):
    pooled = np.concatenate(samples(40, 25))
    mapped = pooled @ matrix + offset
    np.testing.assert_allclose(
        Whitening.pooled(mapped)(mapped), Whitening.pooled(pooled)(pooled), atol=1e-8
    )


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize(("matrix", "offset"), MAPS)
@pytest.mark.parametrize("by", ["pooled", "target"])
def test_the_pvalue_is_the_same_after_an_affine_map(name, matrix, offset, by):
    test, options = TESTS[name]
    x, y = samples(40, 40 if name == "wild" else 25)
    mapped_target = GaussianTarget(CHAPTER.A @ matrix, CHAPTER.b @ matrix + offset)
    before, after = ("pooled", "pooled") if by == "pooled" else (CHAPTER, mapped_target)
    first = test(x, y, whiten=before, permutations=199, rng=3, **options)
    second = test(
        x @ matrix + offset, y @ matrix + offset, whiten=after, permutations=199, rng=3, **options
    )
    assert first.pvalue == second.pvalue
    assert 0.005 < first.pvalue < 1
    assert first.statistic == pytest.approx(second.statistic, rel=1e-6)
    assert first.parameters["whiten"] == by


@pytest.mark.parametrize("test", [mmd_test, energy_test])
def test_the_pvalue_is_the_same_above_the_rows_of_the_median(test):
    """The rows that stand for all in the median are chosen by their coordinates."""
    x, y = samples(1100, 1000)
    matrix, offset = MAPS[2]
    first = test(x, y, whiten="pooled", permutations=99, rng=3)
    second = test(x @ matrix + offset, y @ matrix + offset, whiten="pooled", permutations=99, rng=3)
    assert first.pvalue == second.pvalue
    assert first.statistic == pytest.approx(second.statistic, rel=1e-6)


def test_raw_coordinates_are_not_invariant():
    x, y = samples(40, 25)
    matrix, _ = MAPS[0]
    raw = mmd_test(x, y, permutations=199, rng=3)
    assert raw.pvalue != mmd_test(x @ matrix, y @ matrix, permutations=199, rng=3).pvalue
    assert raw.parameters["whiten"] == "none"


def test_ties_of_whitened_integers_still_count():
    """Coin flips in both columns: whitened, each statistic has few values, and ties must count."""
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 2, (30, 2)), rng.integers(0, 2, (20, 2))
    raw, white = (
        energy_test(x, y, whiten=by, permutations=500, rng=2)
        for by in (None, GaussianTarget(np.diag([0.3, 0.3]), [0.1, 0.7]))
    )
    # The same distances, all in another unit.
    assert raw.pvalue == white.pvalue
    np.testing.assert_array_equal(
        raw.null_distribution >= raw.statistic, white.null_distribution >= white.statistic
    )


@pytest.mark.statistical
def test_an_error_along_the_minor_axis_is_seen_whitened_and_missed_raw():
    """The chapter's target, 300 rows each, mean shifted by 0.4 standard deviations: 30 pairs.

    By simulation the raw energy test rejects at 5 % in less than a quarter of the pairs and the
    whitened one in more than nine of ten.
    """
    direction = np.linalg.eigh(CHAPTER.covariance)
    shift = 0.4 * np.sqrt(direction[0][0]) * direction[1][:, 0]
    rejections = {"raw": 0, "white": 0}
    for seed in range(30):
        rng = np.random.default_rng([1, seed])
        x, y = CHAPTER.sample(300, rng), CHAPTER.sample(300, rng) + shift
        for name, by in (("raw", None), ("white", CHAPTER)):
            pvalue = energy_test(x, y, whiten=by, permutations=99, rng=seed).pvalue
            rejections[name] += pvalue <= 0.05
    assert rejections["raw"] <= 15 < 24 <= rejections["white"]


@pytest.mark.parametrize(
    ("x", "by", "sentence"),
    [
        (np.ones((5, 2)), "pooled", "whiten='pooled' needs columns"),
        (np.arange(10.0)[:, None] * [1.0, 2.0], "pooled", "whiten='pooled' needs columns"),
        (np.eye(6)[:2], "pooled", "whiten='pooled' needs columns"),
        (np.ones((5, 3)), CHAPTER, "whiten must be a target of as many columns as the samples"),
        (
            np.ones((5, 2)),
            "target",
            "whiten must be None, 'pooled', a GaussianTarget or (mean, covariance), got",
        ),
        (
            np.ones((5, 2)),
            True,
            "whiten must be None, 'pooled', a GaussianTarget or (mean, covariance), got True",
        ),
    ],
)
def test_what_cannot_whiten_is_refused_in_a_sentence(x, by, sentence):
    for test in (mmd_test, energy_test, mmd2, energy_distance):
        with pytest.raises(UsageError) as refusal:
            test(x, x, whiten=by)
        assert str(refusal.value).startswith(sentence)
        assert "\n" not in str(refusal.value)
