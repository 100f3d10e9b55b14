"""The tests that are certified, each as a function of x, y and random numbers to a p-value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.certify.alternatives import INTEGERS, NORMAL, PATHS, truth
from gan_eval.stats.battery.catalogue import ALL_TESTS, TARGET

Array = NDArray[np.floating]
Test = Callable[[Array, Array, np.random.Generator], float]

PERMUTATIONS = 99
"""The permutations of each permutation test, or the draws of each bootstrap. A p-value by
permutation is valid for every number of them, because the observed labels are exchangeable with
those drawn; few are taken because repetitions decide how sharply a size is measured. 100 is a
multiple of 1/α for all α."""

EXACT, VALID = "exact", "valid"
"""The claims that theory makes about p-values where both distributions are equal: they are uniform,
or never too small, since ties make them larger."""

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
        Law of the data (``alternatives.LAWS``) to what theory says there: ``EXACT`` or ``VALID``.
        Under a distribution that is not named the test promises nothing, and nothing is measured.
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


def _pvalue(x: Array, y: Array, rng: np.random.Generator, *, name: str) -> float:
    test = ALL_TESTS[name]
    samples = (y,) if test.needs == TARGET else (x, y)
    return test.run(*samples, target=truth(y.shape[1]), permutations=PERMUTATIONS, rng=rng).pvalue


_MEANS = ("shift_major", "shift_minor")
_COVARIANCES = ("scale", "rotation", "correlation")

# With the median distance as bandwidth, two modes a deviation from the mean are one.
_NO_MIXTURE = tuple(path for path in PATHS if path != "mixture")

_CLAIMS: Mapping[str, dict[str, Any]] = {
    "mmd": {"statistic": "mmd2"},
    "energy": {"statistic": "energy_distance"},
    "mmd_whitened": {"sees": _NO_MIXTURE},
    "mmd_by_target": {"sees": _NO_MIXTURE},
    "likelihood_ratio": {"sees": _MEANS + _COVARIANCES},
    "hotelling": {"sees": _MEANS},
    "covariance": {"sees": _COVARIANCES},
    "classifier": {"sees": _MEANS + _COVARIANCES},
    "columns": {
        # A difference of distribution functions is a whole number over nm, which ties often.
        "claims": {NORMAL: VALID, INTEGERS: VALID},
        # Of the correlation alone single columns show nothing.
        "sees": tuple(path for path in PATHS if path != "correlation"),
    },
    "classical_likelihood_ratio": {"claims": GAUSSIAN_ONLY, "sees": _MEANS + _COVARIANCES},
    "classical_hotelling": {"claims": GAUSSIAN_ONLY, "sees": _MEANS},
    "box_m": {"claims": GAUSSIAN_ONLY, "sees": _COVARIANCES},
    "target_likelihood_ratio": {"claims": GAUSSIAN_ONLY, "sees": _MEANS + _COVARIANCES},
    "target_hotelling": {"claims": GAUSSIAN_ONLY, "sees": _MEANS},
    "target_covariance": {"claims": GAUSSIAN_ONLY, "sees": _COVARIANCES},
    "target_mmd": {"claims": GAUSSIAN_ONLY},
    "target_energy": {"claims": GAUSSIAN_ONLY},
    "kernel_stein": {"claims": GAUSSIAN_ONLY},
}
"""The claims of tests that are not exact for every distribution or do not see every path."""

TESTS: Mapping[str, Subject] = {
    name: Subject(name, test.title, partial(_pvalue, name=name), **_CLAIMS.get(name, {}))
    for name, test in ALL_TESTS.items()
}
"""Every test that can be certified, by name."""

JUDGE = ("mmd_by_target", "energy_by_target", "mmd", "energy", "mmd_whitened", "energy_whitened")
"""The tests behind the p-values of ``judge``, whitened by the target, and their other
coordinates."""
