"""Several tests on the same data: p-values adjusted so that the whole family keeps its level."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_eval.runtime.arguments import one_of
from gan_eval.runtime.errors import UsageError

CORRECTIONS = {"holm": "Holm", "benjamini-hochberg": "Benjamini–Hochberg"}
"""The corrections by name, and as they are written beside p-values."""


def adjusted_pvalues(pvalues: ArrayLike, correction: str = "holm") -> NDArray[np.float64]:
    """Adjusted p-values: a test is rejected at level α where its adjusted p-value is at most α.

    Parameters
    ----------
    pvalues : array_like, shape (k,)
        In any order, each between 0 and 1.
    correction : {"holm", "benjamini-hochberg"}
        ``"holm"`` bounds by α the probability of any false rejection, however the tests depend on
        each other (Holm 1979): the i-th smallest p-value is multiplied by k − i + 1, and none may
        fall below the one before it. ``"benjamini-hochberg"`` bounds by α the expected share of
        false rejections among the rejections, for independent or positively dependent tests
        (Benjamini & Hochberg 1995; SciPy's ``false_discovery_control``).

    Returns
    -------
    ndarray, shape (k,), float64
        In the order of ``pvalues``, at most 1.

    Raises
    ------
    UsageError
        For an unknown correction, or p-values that are not between 0 and 1.

    Examples
    --------
    >>> adjusted_pvalues([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    >>> adjusted_pvalues([0.01, 0.04, 0.03], "benjamini-hochberg").round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    known_correction(correction)
    values = np.asarray(pvalues, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise UsageError(f"pvalues must be a row of numbers between 0 and 1, got {pvalues!r}")
    if values.size == 0:
        return values.copy()
    if correction == "benjamini-hochberg":
        from scipy.stats import false_discovery_control  # it takes half a second to import

        return np.asarray(false_discovery_control(values), dtype=np.float64)
    order = np.argsort(values, kind="stable")
    raised = values[order] * np.arange(values.size, 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return adjusted


def rejected(adjusted: ArrayLike, alpha: float) -> NDArray[np.bool_]:
    """Tell which adjusted p-values are at most α, up to rounding: 7 · (1/140) is 0.05.

    Examples
    --------
    >>> rejected([0.01, 0.05, 0.2], 0.05).tolist()
    [True, True, False]
    """
    return np.asarray(adjusted, dtype=np.float64) <= alpha * (1 + 1e-12)


def could_reject(least: ArrayLike, alpha: float) -> NDArray[np.bool_]:
    """Tell which tests could be rejected at level ``alpha`` together, if their p-values came out
    least.

    The others can be left out of the family, where they would only cost: whether one is left out
    depends on no p-value, so those that stay keep the level under either correction. Tarone's rule
    (Biometrics 46, 1990): the smallest K for which at most K tests can reach ``alpha``/K, and these
    tests.

    Parameters
    ----------
    least : array_like, shape (k,)
        The least p-value that each test can have, whatever its data.
    alpha : float

    Returns
    -------
    ndarray of bool, shape (k,)

    Examples
    --------
    >>> could_reject([0.001, 0.04, 0.3], 0.05).tolist()
    [True, False, False]
    """
    values = np.asarray(least, dtype=np.float64)
    for size in range(1, values.size + 1):
        able = rejected(values, alpha / size)
        if able.sum() <= size:
            return able
    return np.zeros(values.size, dtype=bool)


def known_correction(correction: str) -> str:
    """Return ``correction`` where it is one of ``CORRECTIONS``; else ``UsageError``.

    Examples
    --------
    >>> known_correction("holm")
    'holm'
    """
    return one_of(correction, "correction", tuple(CORRECTIONS))
