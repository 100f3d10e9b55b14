"""The tests that are certified, each as a function of x, y and random numbers to a p-value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.protocol import Target
from gan_eval.investigations.certify.alternatives import (
    CHAPTER,
    GRID,
    INTEGERS,
    LAWS_OF,
    NORMAL,
    PATHS,
    RING,
    paths_of,
)
from gan_eval.stats.battery.catalogue import ALL_TESTS, TARGET

Array = NDArray[np.floating]
Test = Callable[..., float]

PERMUTATIONS = 99
"""The permutations of each permutation test, or the draws of each bootstrap. A p-value by
permutation is valid for every number of them, because the observed labels are exchangeable with
those drawn; few are taken because repetitions decide how sharply a size is measured. 100 is a
multiple of 1/α for all α."""

EXACT, VALID = "exact", "valid"
"""The claims that theory makes about p-values where both distributions are equal: they are uniform,
or never too small, since ties make them larger."""

MIXTURES = {RING: EXACT, GRID: EXACT}
ANY_LAW = {NORMAL: EXACT, INTEGERS: VALID, **MIXTURES}
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
        (x, y, rng) to a p-value, x of shape (n, d), y of shape (m, d); where it ``knows_target``,
        with the truth as ``target`` too. To be run in several processes it must be one that a
        process can import.
    claims : mapping
        Law of the data (``alternatives.LAWS``) to what theory says there: ``EXACT`` or ``VALID``.
        Under a distribution that is not named the test promises nothing, and nothing is measured.
    sees : tuple of str
        The paths (``alternatives.PATHS``) along which its power has to rise.
    statistic : str or None
        Its statistic in ``closed_form.STATISTICS``, where there is a closed form of its mean.
    knows_target : bool
        Whether it needs the distribution of x.
    """

    name: str
    words: str
    test: Test
    claims: Mapping[str, str] = field(default_factory=lambda: dict(ANY_LAW))
    sees: tuple[str, ...] = tuple(PATHS)
    statistic: str | None = None
    knows_target: bool = False

    def pvalue(self, x: Array, y: Array, rng: np.random.Generator, target: Target) -> float:
        """Compute its p-value for two samples, of which x comes from ``target``."""
        return self.test(x, y, rng, **({"target": target} if self.knows_target else {}))


def _pvalue(
    x: Array, y: Array, rng: np.random.Generator, *, name: str, target: Target | None = None
) -> float:
    test = ALL_TESTS[name]
    samples = (y,) if test.needs == TARGET else (x, y)
    return test.run(*samples, target=target, permutations=PERMUTATIONS, rng=rng).pvalue


def _knows_target(name: str) -> bool:
    test = ALL_TESTS[name]
    return test.needs == TARGET or test.options.get("whiten") == "target"


_MEANS = ("shift_major", "shift_minor")
_COVARIANCES = ("scale", "rotation", "correlation")

_GAUSSIAN = paths_of(CHAPTER)
# With the median distance as bandwidth, two modes a deviation from the mean are one.
_NO_MIXTURE = tuple(path for path in _GAUSSIAN if path != "mixture")

# A mode that is narrow beside the distance of the modes is a point to a test whose bandwidth, or
# whose unit of distance, is that distance: it sees how many rows are there and not where in it.
_LOST = ("modes_lost",)

_CLAIMS: Mapping[str, dict[str, Any]] = {
    "mmd": {"statistic": "mmd2", "sees": _GAUSSIAN + _LOST},
    "energy": {"statistic": "energy_distance", "sees": _GAUSSIAN + _LOST},
    "mmd_whitened": {"sees": _NO_MIXTURE + _LOST},
    "energy_whitened": {"sees": _GAUSSIAN + _LOST},
    "mmd_fuse": {"sees": _GAUSSIAN + _LOST},
    "mmd_agg": {"sees": _GAUSSIAN + _LOST},
    # They whiten by a Gaussian.
    "mmd_by_target": {"claims": {NORMAL: EXACT, INTEGERS: VALID}, "sees": _NO_MIXTURE},
    "energy_by_target": {"claims": {NORMAL: EXACT, INTEGERS: VALID}, "sees": _GAUSSIAN},
    "sliced_wasserstein": {"sees": _GAUSSIAN + _LOST},
    "likelihood_ratio": {"sees": _MEANS + _COVARIANCES + _LOST},
    "hotelling": {"sees": _MEANS + _LOST},
    "covariance": {"sees": _COVARIANCES + _LOST},
    "classifier": {"sees": _MEANS + _COVARIANCES + _LOST},
    "columns": {
        # A difference of distribution functions is a whole number over nm, which ties often.
        "claims": dict.fromkeys(ANY_LAW, VALID),
        # Of the correlation alone single columns show nothing.
        "sees": tuple(path for path in _GAUSSIAN if path != "correlation") + _LOST,
    },
    "classical_likelihood_ratio": {"claims": GAUSSIAN_ONLY, "sees": _MEANS + _COVARIANCES},
    "classical_hotelling": {"claims": GAUSSIAN_ONLY, "sees": _MEANS},
    "box_m": {"claims": GAUSSIAN_ONLY, "sees": _COVARIANCES},
    "target_likelihood_ratio": {"claims": GAUSSIAN_ONLY, "sees": _MEANS + _COVARIANCES},
    "target_hotelling": {"claims": GAUSSIAN_ONLY, "sees": _MEANS},
    "target_covariance": {"claims": GAUSSIAN_ONLY, "sees": _COVARIANCES},
    "target_mmd": {"claims": GAUSSIAN_ONLY, "sees": _GAUSSIAN},
    "target_energy": {"claims": GAUSSIAN_ONLY | MIXTURES, "sees": _GAUSSIAN + _LOST},
    "kernel_stein": {"claims": GAUSSIAN_ONLY | MIXTURES, "sees": (*_GAUSSIAN, "moved")},
    # Of each row it has one number, whose mean is right where mean and covariance are.
    "log_density": {
        "claims": GAUSSIAN_ONLY | MIXTURES,
        "sees": (*_MEANS, *_COVARIANCES, "wide", "narrow", "moved", "scattered"),
    },
    "mode_shares": {"claims": MIXTURES, "sees": ("modes_lost", "weights")},
}
"""The claims of tests that are not exact for every distribution or do not see every path."""

TESTS: Mapping[str, Subject] = {
    name: Subject(
        name,
        test.title,
        partial(_pvalue, name=name),
        knows_target=_knows_target(name),
        **_CLAIMS[name],
    )
    for name, test in ALL_TESTS.items()
}
"""Every test that can be certified, by name."""

JUDGE = ("mmd_by_target", "energy_by_target", "mmd", "energy", "mmd_whitened", "energy_whitened")
"""The tests behind the p-values of ``judge``, whitened by the target, and their other
coordinates."""

ONE_SAMPLE = ("mode_shares", "log_density", "target_energy", "kernel_stein")
"""The tests behind the p-values of a generator that is held against a mixture
(:func:`~gan_eval.judging.generators.measures.one_sample_names`)."""


def judges(target: str) -> tuple[str, ...]:
    """Name the tests by which generators are judged against a truth."""
    return JUDGE if target == CHAPTER else ONE_SAMPLE


def claiming(target: str) -> tuple[str, ...]:
    """Name the tests that promise something of data from a truth."""
    laws = LAWS_OF[target]
    return tuple(name for name, test in TESTS.items() if set(laws) & set(test.claims))
