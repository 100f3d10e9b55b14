"""All tests of one sample that a target allows, in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gan_eval.distributions.protocol import TargetLike
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import draw_count, random_generator
from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.goodness.density import log_density_test
from gan_eval.stats.goodness.energy import energy_test
from gan_eval.stats.goodness.mmd import mmd_test
from gan_eval.stats.goodness.moments import covariance_test, hotelling_test, likelihood_ratio_test
from gan_eval.stats.goodness.shares import mode_shares_test
from gan_eval.stats.goodness.stein import kernel_stein_test
from gan_eval.stats.result import TestResult
from gan_eval.stats.samples import against

MOST_ROWS = 500
"""Rows that tests of pairs of rows look at, evenly spaced: their time grows with the square."""


def one_sample_tests(
    rows: Any,
    target: TargetLike,
    *,
    resamples: int = 999,
    rng: int | np.random.Generator | None = None,
) -> dict[str, TestResult]:
    """Run every test of one sample that a target allows.

    Parameters
    ----------
    rows : array of shape (n, d), or (n,)
        NumPy, torch or pandas; at least 2 rows.
    target : GaussianTarget, Gaussian, (mean, covariance), MixtureTarget, StudentTTarget, or an \
object with ``sample(n, rng)`` and ``log_density(x)``
        One object for many calls (:func:`~gan_eval.distributions.protocol.as_target`): for an
        integer ``rng`` the null of a target and n is then simulated once.
    resamples : int
        Samples drawn from the target, at least 1.
    rng : None, int or numpy.random.Generator
        Source of the draws; the same seed gives the same p-values.

    Returns
    -------
    dict of str to TestResult
        Of a Gaussian target ``likelihood_ratio``, ``hotelling`` and ``covariance``, whose
        p-values are exact, where n > d; of one that tells two modes or more ``mode_shares``; of
        all ``log_density`` and ``energy``; of one with a score ``kernel_stein``. p-values are
        each test's own, not corrected for their number. A test that these rows cannot be put to
        is not among them.

    Raises
    ------
    UsageError
        For input or options that cannot be used.

    Examples
    --------
    >>> from gan_eval.distributions.mixture import MixtureTarget
    >>> target = MixtureTarget.ring()
    >>> rows = target.sample(200, 1)
    >>> lost = rows[target.mahalanobis(rows)[:, 0] > 10]
    >>> found = one_sample_tests(lost, target, resamples=199, rng=0)
    >>> {name: result.pvalue <= 0.05 for name, result in found.items()}
    {'mode_shares': True, 'log_density': False, 'energy': True, 'kernel_stein': False}
    """
    x, truth = against(rows, target)
    resamples = draw_count(resamples, "resamples")
    random_generator(rng)
    few = x
    if len(x) > MOST_ROWS:
        few = x[np.linspace(0, len(x) - 1, MOST_ROWS).round().astype(np.intp)]
    drawn: dict[str, Any] = {"resamples": resamples, "rng": rng}
    tests: dict[str, Callable[[], TestResult]] = {}
    if isinstance(truth, GaussianTarget):
        gaussian = truth
        if len(x) > truth.dimension:
            tests |= {
                "likelihood_ratio": lambda: likelihood_ratio_test(x, gaussian),
                "hotelling": lambda: hotelling_test(x, gaussian),
                "covariance": lambda: covariance_test(x, gaussian),
            }
        tests["mmd"] = lambda: mmd_test(few, gaussian, **drawn)
    if len(getattr(truth, "modes", None) or ()) > 1:
        tests["mode_shares"] = lambda: mode_shares_test(x, truth, **drawn)
    tests["log_density"] = lambda: log_density_test(x, truth, **drawn)
    tests["energy"] = lambda: energy_test(few, truth, **drawn)
    if hasattr(truth, "score"):
        tests["kernel_stein"] = lambda: kernel_stein_test(few, truth, **drawn)
    found = {}
    for name, test in tests.items():
        try:
            found[name] = test()
        except CannotTestError:
            continue
    return found
