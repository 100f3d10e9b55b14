"""The classifier test written out slowly: features, folds, fits by SciPy."""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, special

from gan_eval.stats.twosample import classifiers


def slow_logistic(features: np.ndarray, positive: np.ndarray, ridge: float) -> np.ndarray:
    """Coefficients by SciPy's trust-region Newton method."""
    penalty = np.full(features.shape[1], ridge)
    penalty[0] = 0
    sign = np.where(positive, 1.0, -1.0)

    def objective(beta: np.ndarray) -> float:
        return np.logaddexp(0, -sign * (features @ beta)).sum() + penalty @ beta**2 / 2

    def gradient(beta: np.ndarray) -> np.ndarray:
        return -features.T @ (sign * special.expit(-sign * (features @ beta))) + penalty * beta

    def hessian(beta: np.ndarray) -> np.ndarray:
        p = special.expit(features @ beta)
        return (features.T * (p * (1 - p))) @ features + np.diag(penalty)

    start = np.zeros(features.shape[1])
    found = optimize.minimize(
        objective, start, jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-9}
    )
    return found.x


def slow_quadratic_features(rows: np.ndarray) -> np.ndarray:
    """Whitened by the root of the pooled covariance, which differs from ours by a rotation."""
    centred = rows - rows.mean(0)
    values, axes = np.linalg.eigh(np.cov(rows.T, bias=True).reshape(rows.shape[1], -1))
    z = centred @ axes / np.sqrt(values) @ axes.T
    columns = [np.ones(len(z)), *z.T]
    d = z.shape[1]
    for i in range(d):
        for j in range(i, d):
            product = z[:, i] * z[:, j] * (1 if i == j else math.sqrt(2))
            columns.append(product - product.mean())
    return np.stack(columns, axis=1)


def slow_folds(labels: np.ndarray, order: np.ndarray, folds: int) -> np.ndarray:
    fold, seen_x, seen_y = np.empty(len(labels), dtype=int), 0, 0
    for row in order:
        if labels[row]:
            fold[row] = seen_x % folds
            seen_x += 1
        else:
            fold[row] = folds - 1 - seen_y % folds
            seen_y += 1
    return fold


def slow_skill(features: np.ndarray, labels: np.ndarray, order: np.ndarray, folds: int) -> float:
    fold = slow_folds(labels, order, folds)
    own = np.empty(len(labels))
    for k in range(folds):
        seen = fold != k
        beta = slow_logistic(features[seen], labels[seen], classifiers.RIDGE)
        offset = math.log(labels[seen].sum() / (~labels[seen]).sum())
        log_odds = features[~seen] @ beta - offset
        own[~seen] = special.expit(np.where(labels[~seen], log_odds, -log_odds))
    return float(own[labels].mean() + own[~labels].mean()) / 2
