"""Classifier two-sample test: can a classifier, on rows it has not seen, tell x from y?"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime import arguments
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.threads import in_order
from gan_eval.stats import samples
from gan_eval.stats.permutation.engine import permutation_outcome
from gan_eval.stats.permutation.labels import Array, Labels
from gan_eval.stats.permutation.null import NullLabels
from gan_eval.stats.result import TestResult
from gan_eval.stats.scaling import ColumnScales, constant_columns, squeezed
from gan_eval.stats.twosample import classifiers

if TYPE_CHECKING:
    from torch import Tensor

# Gives the logits (P, N) of P classifiers from (positive, training), both (P, N).
Classifier = Callable[["Tensor", "Tensor"], "Tensor"]

# The default number of permutations of each classifier; every permutation is a full refit.
PERMUTATIONS = {"quadratic": 999, "chapter": 199}
# The features of more directions, 1 + r + r(r + 1) / 2, make matrices too large to refit so often.
LARGEST_DIMENSION = 20
# About this many logits are held at a time, by each thread: what its cache holds.
CHUNK_ENTRIES = 2**16
# Statistics this near are taken to tie. The order of sums changes fits in the last digits, which
# the steps of the chapter's discriminator enlarge; the spread of the null is 1e-3 and more.
TIE_WIDTH = {"quadratic": 1e-9, "chapter": 1e-7}
# A row whose log-odds are this near 0 stands on neither side.
UNDECIDED = 1e-9


def classifier_test(
    x: Any,
    y: Any,
    *,
    classifier: str = "quadratic",
    folds: int = 5,
    groups: Any = None,
    permutations: int | None = None,
    rng: int | np.random.Generator | None = None,
    device: str = "cpu",
) -> TestResult:
    """Test whether two samples come from one distribution, by the cross-validated skill of a
    classifier.

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,)
        NumPy, torch or pandas; at least ``folds`` rows each.
    classifier : {"quadratic", "chapter"}
        Logistic regression on all coordinates, their squares and products, with a small ridge
        (:class:`~gan_eval.stats.twosample.classifiers.QuadraticLogistic`): it contains the optimum
        for any two Gaussians. Or the chapter's discriminator, d → 5 → 3 → 1 with tanh
        (:func:`~gan_eval.stats.twosample.classifiers.fit_chapter`).
    folds : int
        Between 2 and the rows of the smaller sample. Each row is scored by the classifier trained
        on the other folds.
    groups : (list, list), optional
        As in :func:`~gan_eval.stats.twosample.mmd.mmd_test`: whole groups of rows are exchanged.
        Folds do not keep them together, so that the p-value is exact and the skill is flattered.
    permutations : int, optional
        Permutations of the pooled rows, at least 1; default 999 for "quadratic", 199 for
        "chapter". Each costs ``folds`` fits.
    rng : None, int or numpy.random.Generator
        Source of, in this order, the permutations, the order of rows that makes the folds, and the
        initial weights of "chapter". The same seed gives the same p-value.
    device : str
        Torch device that does the arithmetic.

    Returns
    -------
    TestResult
        ``statistic`` is the mean probability that a row is given to its own sample by classifiers
        that have not seen it, both samples weighing half: ½ is chance, 1 is perfect.
        ``estimate`` is ln 2 less their mean log-loss, in nats: in expectation a lower bound of the
        Jensen–Shannon divergence of the two distributions (0 to ln 2), and negative where the
        classifiers do worse than a coin. ``effect_size`` is 2 ``statistic`` − 1.
        ``parameters["accuracy"]`` is the share of rows on the right side of ½, both samples again
        weighing half.

    Raises
    ------
    UsageError
        For input or options that cannot be used.

    Notes
    -----
    Out-of-fold scores depend on the labels through the fits, so permuting labels against fixed
    scores would not be a valid test. Here every permutation refits every fold. Folds are made from
    the labels and one random order of the rows by a fixed rule, the initial weights are the same
    for all, so the statistic is one fixed function of the labels and the p-value is exact.

    The pooled rows are centred and whitened first, which no permutation changes; "quadratic" is
    then unchanged by any invertible affine map of both samples. Constant columns and exact
    combinations of others drop out.

    The mean probability replaces the accuracy of Lopez-Paz & Oquab (2017, eq. 2), which has less
    power because it rounds every probability to 0 or 1 (Kim et al. 2021, section 10), and the
    log-loss, which one confident error in a heavy tail can ruin. At the optimal classifier it is
    ½ + ¼ ∫ (p − q)² / (p + q).

    References
    ----------
    D. Lopez-Paz, M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
    I. Kim, A. Ramdas, A. Singh, L. Wasserman, "Classification accuracy as a proxy for two-sample
    testing", Annals of Statistics 49 (2021) 411–434.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample import classifier_test
    >>> result = classifier_test(x, y, permutations=99, rng=0)
    >>> result.pvalue, result.parameters["accuracy"] > 0.5
    (0.01, True)
    """
    pooled, n, m = samples.pooled_rows(x, y)
    draw = NullLabels.of("permutation", n, m, groups)
    arguments.one_of(classifier, "classifier", tuple(PERMUTATIONS))
    folds = arguments.whole_number(folds, "folds", 2, min(n, m), "the rows of the smaller sample")
    count = PERMUTATIONS[classifier] if permutations is None else permutations
    count = arguments.draw_count(count, "permutations")
    generator = arguments.random_generator(rng)
    device = arguments.torch_device(device)
    start = time.perf_counter()

    points = _uncorrelated(pooled)
    if classifier == "quadratic" and points.shape[1] > LARGEST_DIMENSION:
        raise UsageError(
            f"classifier 'quadratic' takes data of at most {LARGEST_DIMENSION} independent "
            f"columns, got {points.shape[1]}; classifier='chapter' has no such limit"
        )
    labels = np.vstack([np.arange(n + m) < n, draw.of_x(count, generator)])
    order = generator.permutation(n + m)
    model = _model(classifier, points, generator, device)
    skill, loss, accuracy = _skills(model, labels, order, folds, device)

    accuracy, width = float(accuracy[0]), TIE_WIDTH[classifier]
    outcome = permutation_outcome(skill, labels, width, lambda: squeezed(points, pooled))
    return TestResult(
        method="classifier two-sample test",
        statistic=outcome.statistic,
        pvalue=outcome.pvalue,
        null_distribution=outcome.null_distribution,
        estimate=math.log(2) - float(loss[0]),
        n=n,
        m=m,
        dimension=pooled.shape[1],
        seconds=time.perf_counter() - start,
        parameters={"classifier": classifier, "folds": float(folds), "accuracy": accuracy},
        effect_size=2 * outcome.statistic - 1,
        rarest_split=draw.rarest(pooled),
    )


def _model(
    classifier: str, points: Array, generator: np.random.Generator, device: str
) -> Classifier:
    import torch

    # Rows that are all equal leave no direction, and nothing for a discriminator but rounding.
    if classifier == "chapter" and points.shape[1]:
        rows = torch.as_tensor(points, device=device)
        initial = classifiers.initial_parameters(points.shape[1], generator)
        return lambda positive, training: classifiers.fit_chapter(rows, positive, training, initial)
    features = torch.as_tensor(classifiers.quadratic_features(points), device=device)
    regressions = classifiers.QuadraticLogistic(features)
    return lambda positive, training: regressions.fit(positive, training) @ features.T


def _uncorrelated(pooled: Array) -> Array:
    """Return coordinates (N, r) of mean 0 and covariance I, r the rank of the centred rows."""
    pooled = pooled[:, ~constant_columns(pooled)]
    scales = ColumnScales.robust(pooled)
    centred = scales(pooled)
    centred -= centred.mean(axis=0)
    # Columns in units of their own first, or the rank would depend on the units.
    largest = np.abs(centred).max(axis=0)
    left, sizes, axes = np.linalg.svd(centred / largest, full_matrices=False)
    rounding = np.linalg.norm(scales.rounding(pooled), axis=0) / largest
    noise = 2 * np.linalg.norm(axes * rounding, axis=1)
    kept = sizes > np.maximum(max(centred.shape) * np.finfo(np.float64).eps * sizes[:1], noise)
    return left[:, kept] * np.sqrt(len(pooled))


def stratified_folds(labels: Labels, order: NDArray[np.integer], folds: int) -> NDArray[np.intp]:
    """Give every row its fold: deal the rows of each group out in the given order.

    Group x is dealt to folds 0, 1, …, group y to the last, the one before, …, so both groups are
    spread as evenly as can be, and so are the folds.

    Parameters
    ----------
    labels : ndarray of bool, shape (L, N)
    order : ndarray of int, shape (N,)
        A permutation of the rows.
    folds : int

    Returns
    -------
    ndarray of int, shape (L, N)
        0 … folds − 1.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.array([[True, True, True, False, False, False]])
    >>> stratified_folds(labels, np.arange(6), 3).tolist()
    [[0, 1, 2, 2, 1, 0]]
    """
    dealt = labels[:, order]
    rank_x, rank_y = np.cumsum(dealt, axis=1) - 1, np.cumsum(~dealt, axis=1) - 1
    result = np.empty(labels.shape, dtype=np.intp)
    result[:, order] = np.where(dealt, rank_x % folds, folds - 1 - rank_y % folds)
    return result


def _skills(
    model: Classifier, labels: Labels, order: NDArray[np.integer], folds: int, device: str
) -> Array:
    """Mean probability of the own sample, log-loss and accuracy of every labelling: (3, L)."""
    step = max(1, CHUNK_ENTRIES // (folds * labels.shape[1]))
    chunks = [labels[start : start + step] for start in range(0, len(labels), step)]

    def work(chunk: Labels, _: None) -> Array:
        scores = _out_of_fold_scores(model, chunk, stratified_folds(chunk, order, folds), device)
        # The logarithm of the odds that a row's own sample is given.
        own = np.where(chunk, scores, -scores)
        side = np.where(np.abs(own) <= UNDECIDED, 0.5, own > 0)
        measures = np.stack([(1 + np.tanh(own / 2)) / 2, np.logaddexp(0, -own), side])
        in_x, in_y = chunk / chunk.sum(axis=1)[:, None], ~chunk / (~chunk).sum(axis=1)[:, None]
        return np.einsum("kln,ln->kl", measures, (in_x + in_y) / 2)

    return np.concatenate(list(in_order(work, chunks, lambda: None, device=device)), axis=1)


def _out_of_fold_scores(
    model: Classifier, labels: Labels, fold: NDArray[np.intp], device: str
) -> Array:
    """Logarithm of the density ratio x to y at every row, by the fit that did not see it: (L, N).

    A fit's logits also hold the logarithm of the ratio of its class sizes, which is taken off.
    """
    import torch

    count, size = labels.shape
    positive = torch.as_tensor(labels, dtype=torch.float64, device=device)
    held = torch.as_tensor(fold, device=device)[:, None, :]
    number = torch.arange(int(fold.max()) + 1, device=device)[None, :, None]
    training = (held != number).to(torch.float64)
    repeated = positive[:, None, :].expand_as(training)
    logits = model(repeated.reshape(-1, size), training.reshape(-1, size)).reshape(count, -1, size)
    of_x = (training * repeated).sum(dim=2)
    logits = logits - torch.log(of_x / (training.sum(dim=2) - of_x))[:, :, None]
    return logits.gather(1, held)[:, 0].cpu().numpy()
