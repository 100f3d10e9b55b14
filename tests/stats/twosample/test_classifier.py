"""Classifier tests against slow fits and a transparent permutation test; their validity."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate, special, stats

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.permutation.labels import permutation_labels
from gan_eval.stats.twosample import classifiers
from gan_eval.stats.twosample.classifier import classifier_test, stratified_folds
from tests.stats.twosample import oracles
from tests.stats.twosample.slow_classifier import (
    slow_folds,
    slow_logistic,
    slow_quadratic_features,
    slow_skill,
)


def samples(
    n: int, m: int, d: int, shift: float = 0.0, *, integer: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([n, m, d])
    x, y = rng.standard_normal((n, d)), 1.2 * rng.standard_normal((m, d)) + shift
    return (np.round(x), np.round(y)) if integer else (x, y)


def cauchy(rows: int) -> np.ndarray:
    return np.random.default_rng(9).standard_cauchy((rows, 2))


@pytest.mark.parametrize("points", [samples(40, 1, 3)[0], cauchy(60), np.eye(8, 2)])
@pytest.mark.parametrize("block", [2**23, 30])
def test_fits_equal_those_of_scipy(points, block, monkeypatch):
    """Also where Newton's plain steps diverge (tails) and where the classes separate."""
    monkeypatch.setattr(classifiers, "PRODUCT_ENTRIES", block)
    rng = np.random.default_rng(3)
    features = classifiers.quadratic_features(points)
    positive = rng.random((5, len(points))) < 0.5
    positive[0] = points[:, 0] > np.median(points[:, 0]) + 1e-3
    training = rng.random((5, len(points))) < 0.8
    training[:, :2], positive[1:, 0], positive[1:, 1] = True, True, False
    found = classifiers.QuadraticLogistic(torch.from_numpy(features)).fit(
        torch.from_numpy(positive).double(), torch.from_numpy(training).double()
    )
    for beta, labels, seen in zip(found.numpy(), positive, training, strict=True):
        expected = slow_logistic(features[seen], labels[seen], classifiers.RIDGE)
        np.testing.assert_allclose(features @ beta, features @ expected, atol=1e-5)


def test_the_features_hold_the_log_ratio_of_any_two_gaussians():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((50, 3))
    laws = [
        stats.multivariate_normal(rng.normal(size=3), factor @ factor.T + np.eye(3))
        for factor in rng.standard_normal((2, 3, 3))
    ]
    ratio = laws[0].logpdf(points) - laws[1].logpdf(points)
    features = classifiers.quadratic_features(points)
    assert features.shape == (50, 1 + 3 + 6)
    fitted, *_ = np.linalg.lstsq(features, ratio, rcond=None)
    np.testing.assert_allclose(features @ fitted, ratio, atol=1e-10)


@pytest.mark.parametrize(("n", "m", "d", "folds"), [(9, 9, 1, 3), (12, 7, 2, 5), (6, 16, 3, 2)])
@pytest.mark.parametrize("integer", [False, True])
def test_pvalues_equal_a_transparent_permutation_test(n, m, d, folds, integer):
    x, y = samples(n, m, d, integer=integer)
    pooled = np.concatenate([x, y])
    rng = np.random.default_rng(4)
    labels = permutation_labels(n, m, 19, rng)
    order = rng.permutation(n + m)
    features = slow_quadratic_features(pooled)
    null = np.array([slow_skill(features, row, order, folds) for row in labels])
    observed = slow_skill(features, np.arange(n + m) < n, order, folds)
    found = classifier_test(x, y, folds=folds, permutations=19, rng=4)
    assert found.statistic == pytest.approx(observed, abs=1e-7)
    np.testing.assert_allclose(found.null_distribution, null, atol=1e-7)
    at_least = np.count_nonzero(null >= observed - 1e-7)
    assert found.pvalue == (1 + at_least) / 20


def test_the_discriminators_equal_those_of_torch():
    """One net at a time, with autograd and torch's Adam."""
    rng = np.random.default_rng(2)
    points = rng.standard_normal((30, 4))
    positive, training = rng.random((3, 30)) < 0.5, rng.random((3, 30)) < 0.7
    start = classifiers.initial_parameters(4, rng)
    found = classifiers.fit_chapter(
        torch.from_numpy(points),
        torch.from_numpy(positive).double(),
        torch.from_numpy(training).double(),
        start,
    )
    rows = torch.from_numpy(points)
    for logits, labels, seen in zip(found, positive, training, strict=True):
        net = torch.nn.Sequential(
            torch.nn.Linear(4, 5, dtype=torch.float64),
            torch.nn.Tanh(),
            torch.nn.Linear(5, 3, dtype=torch.float64),
            torch.nn.Tanh(),
            torch.nn.Linear(3, 1, dtype=torch.float64),
        )
        arrays = [array for layer in start for array in layer]
        with torch.no_grad():
            for parameter, array in zip(net.parameters(), arrays, strict=True):
                parameter.copy_(torch.from_numpy(array).reshape(parameter.shape))
        adam = torch.optim.Adam(net.parameters(), lr=classifiers.LEARNING_RATE)
        loss = torch.nn.BCEWithLogitsLoss()
        for _ in range(classifiers.STEPS):
            adam.zero_grad()
            loss(net(rows[seen])[:, 0], torch.from_numpy(labels[seen]).double()).backward()
            adam.step()
        np.testing.assert_allclose(logits.numpy(), net(rows)[:, 0].detach().numpy(), atol=1e-8)


def test_folds_deal_out_both_groups_evenly():
    labels = permutation_labels(23, 41, 50, np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(64)
    folds = stratified_folds(labels, order, 5)
    for row, fold in zip(labels, folds, strict=True):
        np.testing.assert_array_equal(fold, slow_folds(row, order, 5))
        for group in (row, ~row, np.ones(64, dtype=bool)):
            sizes = np.bincount(fold[group], minlength=5)
            assert sizes.max() - sizes.min() <= 1 + group.all()


@pytest.mark.parametrize("classifier", ["quadratic", "chapter"])
def test_neither_chunks_nor_threads_change_the_result(classifier, monkeypatch):
    x, y = samples(30, 20, 2, 0.3)
    options = {"classifier": classifier, "permutations": 60, "rng": 3}
    monkeypatch.setattr("gan_eval.stats.twosample.classifier.CHUNK_ENTRIES", 2500)
    whole, threads = classifier_test(x, y, **options), torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            again = classifier_test(x, y, **options)
            np.testing.assert_array_equal(again.null_distribution, whole.null_distribution)
    finally:
        torch.set_num_threads(threads)
    monkeypatch.setattr("gan_eval.stats.twosample.classifier.CHUNK_ENTRIES", 2**20)
    at_once = classifier_test(x, y, **options)
    np.testing.assert_allclose(at_once.null_distribution, whole.null_distribution, atol=1e-8)
    assert at_once.pvalue == whole.pvalue


def test_affine_maps_change_nothing():
    x, y = samples(40, 25, 3, 0.2)
    matrix = np.array([[1e3, 2.0, 0.0], [0.1, 0.5, 0.0], [7.0, 0.0, 1e-3]])
    plain, mapped = (
        classifier_test(x @ m + shift, y @ m + shift, permutations=99, rng=1)
        for m, shift in ((np.eye(3), 0.0), (matrix, 100.0))
    )
    assert mapped.pvalue == plain.pvalue
    np.testing.assert_allclose(mapped.null_distribution, plain.null_distribution, atol=1e-7)
    assert mapped.estimate == pytest.approx(plain.estimate, abs=1e-7)


@pytest.mark.parametrize("classifier", ["quadratic", "chapter"])
def test_constant_and_repeated_columns_drop_out(classifier):
    x, y = samples(20, 25, 2, 0.4)
    wide = [np.column_stack([r, np.full(len(r), 3.7), r @ [2.0, -1.0]]) for r in (x, y)]
    found = classifier_test(*wide, classifier=classifier, permutations=19, rng=1)
    assert found.dimension == 4
    if classifier == "quadratic":
        plain = classifier_test(x, y, permutations=19, rng=1)
        assert found.statistic == pytest.approx(plain.statistic, abs=1e-9)
        assert found.pvalue == plain.pvalue


@pytest.mark.parametrize("classifier", ["quadratic", "chapter"])
def test_identical_rows_give_p_one(classifier):
    found = classifier_test(
        np.ones((8, 2)), np.ones((9, 2)), classifier=classifier, permutations=19, rng=0
    )
    assert found.pvalue == 1
    assert found.statistic == pytest.approx(0.5, abs=1e-12)
    assert found.parameters["accuracy"] == pytest.approx(0.5, abs=1e-12)


@pytest.mark.statistical
def test_what_the_figures_estimate():
    """N(0, 1) against N(1, 2²), 20,000 rows each, by quadrature; 5 standard errors.

    The fit costs about q / N = 1e-4 nats, which is added. Fails less than once in 10⁵.
    """
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=20_000), 1 + 2 * rng.normal(size=20_000)
    found = classifier_test(x, y, permutations=1, rng=0)

    def p(t: float) -> float:
        return float(stats.norm.pdf(t))

    def q(t: float) -> float:
        return float(stats.norm.pdf(t, 1, 2))

    def integral(function) -> float:
        return integrate.quad(function, -15, 20, points=[-2, 0, 2], limit=200)[0]

    divergence = integral(
        lambda t: (
            (special.rel_entr(p(t), (p(t) + q(t)) / 2) + special.rel_entr(q(t), (p(t) + q(t)) / 2))
            / 2
        )
    )
    skill = 0.5 + integral(lambda t: (p(t) - q(t)) ** 2 / (p(t) + q(t))) / 4
    accuracy = 0.5 + integral(lambda t: abs(p(t) - q(t))) / 4
    # Every figure is a mean over 40,000 rows of a quantity of deviation at most ½.
    band = 5 * 0.5 / math.sqrt(40_000)
    assert found.estimate == pytest.approx(divergence, abs=band)
    assert found.statistic == pytest.approx(skill, abs=band)
    assert found.parameters["accuracy"] == pytest.approx(accuracy, abs=band)
    assert found.effect_size == pytest.approx(2 * found.statistic - 1)
    assert 0 < found.estimate < divergence + band


@pytest.mark.parametrize("classifier", ["quadratic", "chapter"])
@pytest.mark.statistical
def test_farther_gives_larger_statistic_and_smaller_p(classifier):
    rng = np.random.default_rng(11)
    x, noise = rng.standard_normal((80, 2)), rng.standard_normal((60, 2))
    found = [
        classifier_test(x, noise + shift, classifier=classifier, permutations=99, rng=3)
        for shift in (0.0, 0.6, 1.2, 3.0)
    ]
    for values in ([f.statistic for f in found], [f.estimate for f in found]):
        assert values == sorted(values)
    pvalues = [f.pvalue for f in found]
    assert pvalues == sorted(pvalues, reverse=True)
    assert pvalues[0] > 0.05
    assert pvalues[-1] == 1 / 100


@pytest.mark.statistical
def test_errors_of_shape_alone_are_seen():
    """Equal means and variances, another correlation; two clusters for the discriminator."""
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((150, 2)), rng.standard_normal((150, 2))
    turned = y @ np.linalg.cholesky([[1, 0.6], [0.6, 1]]).T
    assert classifier_test(x, turned, permutations=99, rng=1).pvalue == 0.01
    clusters = y * 0.3 + np.sign(rng.standard_normal((150, 1))) * np.array([0.95, 0])
    found = classifier_test(x, clusters, classifier="chapter", permutations=99, rng=1)
    assert found.pvalue == 0.01


@pytest.mark.parametrize(
    ("classifier", "n", "m", "repetitions"),
    [("quadratic", 12, 12, 200), ("quadratic", 5, 20, 200), ("chapter", 8, 8, 60)],
)
@pytest.mark.statistical
def test_pvalues_are_uniform_under_the_null(classifier, n, m, repetitions):
    """p takes the values k/20; chi-squared over 5 classes at level 1e-4 for each of the 3 cases."""
    rng = np.random.default_rng([n, m])
    counts = np.zeros(5, dtype=int)
    for _ in range(repetitions):
        found = classifier_test(
            *(rng.normal(size=(rows, 1)) for rows in (n, m)),
            classifier=classifier,
            folds=2,
            permutations=19,
            rng=rng,
        )
        counts[(round(found.pvalue * 20) - 1) // 4] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize(("classifier", "repetitions"), [("quadratic", 200), ("chapter", 60)])
@pytest.mark.statistical
def test_heavy_ties_are_never_anticonservative(classifier, repetitions):
    """Pairs of coin flips, n = 8 against 12.

    The count of p ≤ α may exceed its expectation only by the binomial's upper 1e-4 point, at two
    levels: failure probability of a right test below 4e-4 in all.
    """
    rng = np.random.default_rng(21)
    pvalues = np.array(
        [
            classifier_test(
                *(rng.integers(0, 2, (rows, 2)) for rows in (8, 12)),
                classifier=classifier,
                folds=2,
                permutations=19,
                rng=rng,
            ).pvalue
            for _ in range(repetitions)
        ]
    )
    for alpha in (0.05, 0.1):
        count = np.count_nonzero(pvalues <= alpha + 1e-12)
        assert count <= stats.binom.isf(1e-4, repetitions, alpha)


def test_defaults_and_what_is_returned():
    x, y = samples(12, 14, 1, 2.0)
    found = classifier_test(x, y, rng=1)
    assert found.permutations == 999
    assert found.parameters["classifier"] == "quadratic"
    assert found.pvalue == oracles.permutation_pvalue(found.statistic, found.null_distribution)
    again = classifier_test(x, y, rng=1)
    np.testing.assert_array_equal(again.null_distribution, found.null_distribution)
    assert classifier_test(x, y, classifier="chapter", rng=1).permutations == 199


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (2, {"classifier": "forest"}, "classifier must be one of quadratic, chapter, got 'forest'"),
        (2, {"folds": 7}, r"folds must be between 2 and the rows of the smaller sample \(6\), got"),
        (2, {"folds": 1}, r"folds must be between 2 and the rows of the smaller sample"),
        (2, {"folds": 2.5}, "folds must be a whole number, got 2.5"),
        (2, {"permutations": 0}, "permutations must be between 1 and 1000000, got 0"),
        (2, {"device": "abacus"}, "device must be one that torch can use here"),
        (25, {}, "classifier 'quadratic' takes data of at most 20 independent columns, got 21"),
    ],
)
def test_what_is_refused(columns, options, message):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, columns)), rng.standard_normal((16, columns))
    with pytest.raises(UsageError, match=message):
        classifier_test(x, y, **options)
