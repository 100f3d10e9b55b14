"""Planted faults are found, and a right test beside them is not accused.

Seeds are fixed. A right test is accused with probability below 2e-4 a null case: its first look
must fall outside a 99 % band and its second outside a 99.9 % band.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from gan_eval.investigations.certify import Certificate, Settings, certify, closed_form
from gan_eval.investigations.certify.alternatives import PATHS
from gan_eval.investigations.certify.catalogue import Subject, Test

from . import faulty

pytestmark = pytest.mark.statistical

SMALL = Settings(sizes=((10, 12),), dimensions=(1,), repetitions=400, power_repetitions=20)
LARGE = Settings(sizes=((60, 300),), dimensions=(1,), repetitions=100, power_repetitions=40)


def certified(test: Test, settings: Settings) -> Certificate:
    """A test of means sees shifts only."""
    return certify([Subject("means", "means", test, sees=("shift_major",))], settings, workers=1)


def found(test: Test, settings: Settings) -> str:
    certificate = certified(test, settings)
    assert not certificate.passed
    return "\n".join(certificate.faults)


@pytest.mark.parametrize("settings", [SMALL, LARGE], ids=["small", "large"])
def test_a_right_test_is_not_accused(settings: Settings) -> None:
    certificate = certified(faulty.mean_test, settings)
    assert certificate.faults == ()
    assert {case.law for case in certificate.sizes} == {"normal", "integers"}


def test_a_strict_count_is_found_by_its_size_under_ties() -> None:
    faults = found(faulty.strict, SMALL)
    assert "means (integers, n = 10, m = 12, d = 1): rejects too often at 0.05" in faults
    assert "p-values are too small" in faults
    assert "means (normal" not in faults


def test_a_count_without_the_observed_labels_is_found_by_pvalues_of_0() -> None:
    assert "p-values are 0, above 1 or NaN" in found(faulty.without_the_observed, SMALL)


def test_rows_permuted_within_their_groups_are_found() -> None:
    faults = found(faulty.within_groups, LARGE)
    assert "means (normal, n = 60, m = 300, d = 1): rejects too rarely at 0.05" in faults
    assert "p-values are not uniform" in faults
    assert "means (shift_major, n = 60, m = 300): power does not rise" in faults


def test_a_test_turned_round_is_found_by_its_power_alone() -> None:
    certificate = certified(faulty.backwards, LARGE)
    assert all(case.passed for case in certificate.sizes if case.law == "normal")
    (fault,) = [f for f in certificate.faults if "shift_major" in f]
    assert "power does not rise" in fault


def test_a_test_that_knows_the_labels_beats_the_optimum_and_is_found() -> None:
    """p = 0.01 whatever the data: impossible power at the smallest distances."""
    certificate = certified(_always, replace(LARGE, sizes=((100, 100),)))
    assert any("more power than the best possible test" in fault for fault in certificate.faults)


def _always(x: object, y: object, rng: object) -> float:
    return 0.01


@pytest.mark.parametrize("path", ["null", "shift_minor"])
def test_a_diagonal_left_in_the_unbiased_statistic_is_found_by_its_mean(path: str) -> None:
    """Its permutation p-values are right: the diagonal adds the same to every permutation."""
    arguments = ("mmd2", path, 15, 25, 2, 400, 0, "first")
    wrong = closed_form.measure(*arguments, faulty.with_diagonal)
    right = closed_form.measure(*arguments, faulty.without_diagonal)
    ours = closed_form.measure(*arguments)
    assert wrong is not None
    assert right is not None
    assert ours is not None
    assert not wrong.passed
    assert wrong.deviation > 10
    assert right.passed
    assert ours.passed
    assert ours.mean == pytest.approx(right.mean, abs=1e-12)


def test_a_forgotten_factor_is_found_by_its_mean() -> None:
    wrong = closed_form.measure(
        "energy_distance", "shift_major", 15, 25, 2, 200, 0, "first", faulty.half_energy
    )
    assert wrong is not None
    assert wrong.deviation < -10


def test_every_path_is_known_to_the_catalogue() -> None:
    from gan_eval.investigations.certify import TESTS

    assert all(set(subject.sees) <= set(PATHS) for subject in TESTS.values())
