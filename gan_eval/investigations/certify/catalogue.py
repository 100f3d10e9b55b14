"""The tests that are certified, each as a function of x, y and random numbers to a p-value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.certify.alternatives import PATHS
from gan_eval.investigations.certify.laws import INTEGERS, NORMAL, truth

Array = NDArray[np.floating]
Test = Callable[[Array, Array, np.random.Generator], float]

PERMUTATIONS = 99
"""Of each permutation test, or draws of each bootstrap. A p-value by permutation is valid for
every number of them, because the observed labels are exchangeable with those drawn; few are taken
because repetitions decide how sharply a size is measured. 100 is a multiple of 1/α for all α."""

EXACT, VALID = "exact", "valid"
CLAIMS = {
    EXACT: "p-values are uniform",
    VALID: "p-values are never too small; ties make them larger",
}
"""What theory says of the p-values when both laws are equal."""

ANY_LAW = {NORMAL: EXACT, INTEGERS: VALID}
GAUSSIAN_ONLY = {NORMAL: EXACT}


@dataclass(frozen=True)
class Subject:
    """A test to be certified.

    Attributes
    ----------
    name : str
    words : str
        The test in words.
    test : callable
        (x, y, rng) to a p-value, x of shape (n, d), y of shape (m, d). To be run in several
        processes it must be one that a process can import.
    claims : mapping
        Law of the data (``laws.LAWS``) to what theory says there: ``EXACT`` or ``VALID``. Under a
        law that is not named the test promises nothing, and nothing is measured.
    sees : tuple of str
        The paths (``alternatives.PATHS``) along which its power has to rise.
    statistic : str or None
        Its statistic in ``closed_form.STATISTICS``, where there is a closed form of its mean.
    """

    name: str
    words: str
    test: Test
    claims: Mapping[str, str] = field(default_factory=lambda: dict(ANY_LAW))
    sees: tuple[str, ...] = tuple(PATHS)
    statistic: str | None = None


def _permuted(x: Array, y: Array, rng: np.random.Generator, *, name: str, **options: Any) -> float:
    module, _, function = name.rpartition(".")
    test = getattr(import_module(f"gan_eval.stats.twosample.{module}"), function)
    return test(x, y, permutations=PERMUTATIONS, rng=rng, **options).pvalue


def _whitened_by_target(
    x: Array, y: Array, rng: np.random.Generator, *, name: str, **options: Any
) -> float:
    return _permuted(x, y, rng, name=name, whiten=truth(x.shape[1]), **options)


def _classical(x: Array, y: Array, rng: np.random.Generator, *, name: str) -> float:
    from gan_eval.stats.twosample import classical

    return getattr(classical, name)(x, y).pvalue


def _target_exact(x: Array, y: Array, rng: np.random.Generator, *, name: str) -> float:
    from gan_eval.stats import goodness

    return getattr(goodness, name)(y, truth(y.shape[1])).pvalue


def _target_bootstrap(
    x: Array, y: Array, rng: np.random.Generator, *, name: str, **options: Any
) -> float:
    from gan_eval.stats import goodness

    test = getattr(goodness, name)
    return test(y, truth(y.shape[1]), resamples=PERMUTATIONS, rng=rng, **options).pvalue


_MEANS = ("shift_major", "shift_minor")
_COVARIANCES = ("scale", "rotation", "correlation")

_ALL = (
    Subject(
        "mmd",
        "MMD, raw coordinates",
        partial(_permuted, name="mmd.mmd_test"),
        statistic="mmd2",
    ),
    Subject(
        "energy",
        "energy, raw coordinates",
        partial(_permuted, name="energy.energy_test"),
        statistic="energy_distance",
    ),
    Subject(
        "mmd_whitened",
        "MMD, whitened by the pooled rows",
        partial(_permuted, name="mmd.mmd_test", whiten="pooled"),
        # With the median distance as bandwidth, two modes a deviation from the mean are one.
        sees=tuple(path for path in PATHS if path != "mixture"),
    ),
    Subject(
        "energy_whitened",
        "energy, whitened by the pooled rows",
        partial(_permuted, name="energy.energy_test", whiten="pooled"),
    ),
    Subject(
        "mmd_fuse",
        "MMD-FUSE, whitened by the pooled rows",
        partial(_permuted, name="mmd.mmd_test", whiten="pooled", bandwidth="fuse"),
    ),
    Subject(
        "mmd_agg",
        "MMDAgg, whitened by the pooled rows",
        partial(_permuted, name="mmd.mmd_test", whiten="pooled", bandwidth="agg"),
    ),
    Subject(
        "mmd_by_target",
        "MMD, whitened by the known target",
        partial(_whitened_by_target, name="mmd.mmd_test"),
        sees=tuple(path for path in PATHS if path != "mixture"),
    ),
    Subject(
        "energy_by_target",
        "energy, whitened by the known target",
        partial(_whitened_by_target, name="energy.energy_test"),
    ),
    Subject(
        "sliced_wasserstein",
        "sliced Wasserstein, raw coordinates",
        partial(_permuted, name="sliced_wasserstein.sliced_wasserstein_test"),
    ),
    Subject(
        "likelihood_ratio",
        "likelihood ratio by permutation",
        partial(_permuted, name="permuted_moments.likelihood_ratio_permutation_test"),
        sees=_MEANS + _COVARIANCES,
    ),
    Subject(
        "hotelling",
        "Hotelling's T² by permutation",
        partial(_permuted, name="permuted_moments.hotelling_permutation_test"),
        sees=_MEANS,
    ),
    Subject(
        "covariance",
        "Box's M by permutation",
        partial(_permuted, name="permuted_moments.box_m_permutation_test"),
        sees=_COVARIANCES,
    ),
    Subject(
        "classifier",
        "classifier with quadratic features",
        partial(_permuted, name="classifier.classifier_test"),
        sees=_MEANS + _COVARIANCES,
    ),
    Subject(
        "columns",
        "largest column difference",
        partial(_permuted, name="columns.columns_test"),
        # A difference of distribution functions is a whole number over nm, which ties often.
        {NORMAL: VALID, INTEGERS: VALID},
        # Of the correlation alone single columns show nothing.
        sees=tuple(path for path in PATHS if path != "correlation"),
    ),
    Subject(
        "classical_likelihood_ratio",
        "likelihood ratio by its Gaussian law",
        partial(_classical, name="likelihood_ratio_test"),
        GAUSSIAN_ONLY,
        _MEANS + _COVARIANCES,
    ),
    Subject(
        "classical_hotelling",
        "Hotelling's T² by its Gaussian law",
        partial(_classical, name="hotelling_test"),
        GAUSSIAN_ONLY,
        _MEANS,
    ),
    Subject(
        "box_m",
        "Box's M by its Gaussian law",
        partial(_classical, name="box_m_test"),
        GAUSSIAN_ONLY,
        _COVARIANCES,
    ),
    Subject(
        "target_likelihood_ratio",
        "likelihood ratio against the known target",
        partial(_target_exact, name="likelihood_ratio_test"),
        GAUSSIAN_ONLY,
        _MEANS + _COVARIANCES,
    ),
    Subject(
        "target_hotelling",
        "Hotelling's T² against the known target",
        partial(_target_exact, name="hotelling_test"),
        GAUSSIAN_ONLY,
        _MEANS,
    ),
    Subject(
        "target_covariance",
        "covariance against the known target",
        partial(_target_exact, name="covariance_test"),
        GAUSSIAN_ONLY,
        _COVARIANCES,
    ),
    Subject(
        "target_mmd",
        "MMD to the known target",
        partial(_target_bootstrap, name="mmd_test"),
        GAUSSIAN_ONLY,
    ),
    Subject(
        "target_energy",
        "energy to the known target",
        partial(_target_bootstrap, name="energy_test"),
        GAUSSIAN_ONLY,
    ),
    Subject(
        "kernel_stein",
        "kernel Stein against the known target",
        partial(_target_bootstrap, name="kernel_stein_test"),
        GAUSSIAN_ONLY,
    ),
)

TESTS: Mapping[str, Subject] = {subject.name: subject for subject in _ALL}
"""Every test that can be certified, by name."""

JUDGE = (
    "mmd_by_target",
    "energy_by_target",
    "mmd",
    "energy",
    "mmd_whitened",
    "energy_whitened",
)
"""Those behind the p-values of ``judge``, whitened by the target, and their other coordinates."""
