from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from gan_eval.distributions.likelihood_ratio import samples_to_detect
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.investigations.certify import power
from gan_eval.investigations.certify.alternatives import paths_of
from gan_eval.investigations.certify.catalogue import ONE_SAMPLE, TESTS
from gan_eval.investigations.certify.gaussian import GAUSSIAN_PATHS, chapter
from gan_eval.investigations.certify.mixtures import Changed
from gan_eval.runtime.documents import restored

from .paths import at

pytestmark = pytest.mark.statistical


def curve(rejections: tuple[int, ...], repetitions: int = 200) -> power.PowerCurve:
    kl = tuple(0.01 * 2.0**j for j in range(len(rejections)))
    return power.PowerCurve(
        "t", "scale", 200, 200, 2, 0.05, repetitions, kl, (0.0,) * len(kl), rejections
    )


@pytest.mark.parametrize("path", ["shift_major", "shift_minor"])
def test_the_optimum_of_a_shift_is_its_closed_form(path: str) -> None:
    """Φ(|δ|√m − z); 8000 repetitions, five standard errors with the threshold's own: 1e-5."""
    found = power.measure(None, path, 50, 40, 2, 0.05, 400, 0)
    assert found is not None
    assert found.repetitions == 8000
    exact = ndtr(np.array(found.strengths) * 40**0.5 - ndtri(0.95))
    np.testing.assert_allclose(found.strengths, np.sqrt(2 * np.array(found.kl)))
    np.testing.assert_allclose(found.power, exact, atol=5 * 0.5 * (2 / 8000) ** 0.5)


@pytest.mark.parametrize("path", ["scale", "rotation", "correlation"])
def test_the_optimum_has_80_percent_power_where_samples_to_detect_says(path: str) -> None:
    """The saddlepoint's n, at which power passes 0.8; five standard errors."""
    law = at(GAUSSIAN_PATHS[path], 0.05, chapter(2))[1]
    assert isinstance(law, GaussianTarget)
    n = int(samples_to_detect(law.law, chapter(2).law))
    rejected = power._optimum(law, chapter(2), n, 0.05, 10_000, 0, ("here", path))
    assert rejected / 10_000 == pytest.approx(0.8, abs=0.015 + 5 * 0.4 * (2 / 10_000) ** 0.5)


def test_the_crossing_is_interpolated_and_its_interval_holds_it() -> None:
    found = curve((10, 20, 100, 200))
    low, high = found.kl[2], found.kl[3]
    value, lower, upper = found.told_apart()
    a, b = ndtri(100.5 / 201), ndtri(200.5 / 201)
    assert value == pytest.approx(low * (high / low) ** ((ndtri(0.8) - a) / (b - a)))
    assert low < lower < value < upper < high
    assert curve((10, 12, 9)).told_apart() == (np.inf, np.inf, np.inf)
    assert curve((190, 200)).told_apart()[0] == pytest.approx(found.kl[0])


def test_falling_and_flat_curves_are_told_from_rising_ones() -> None:
    assert curve((10, 20, 100, 200)).oriented
    assert curve((12, 9, 100, 195)).oriented
    assert not curve((10, 12, 9, 11)).oriented
    assert not curve((10, 150, 100, 200)).oriented
    assert curve((10, 150, 100, 200)).falls


def test_curves_survive_json() -> None:
    found = curve((1, 2, 3))
    assert restored(power.PowerCurve, json.loads(json.dumps(asdict(found)))) == found


def test_a_test_along_a_path_draws_on_what_is_stated_and_stops_when_all_reject() -> None:
    found = power.measure(TESTS["target_likelihood_ratio"], "scale", 40, 40, 2, 0.05, 40, 3)
    again = power.measure(TESTS["target_likelihood_ratio"], "scale", 40, 40, 2, 0.05, 40, 3)
    assert found == again
    assert found is not None
    assert found.rejections[-1] == 40
    assert max(found.rejections[:-1]) < 40
    assert found.oriented
    assert power.measure(TESTS["mmd"], "rotation", 10, 10, 1, 0.05, 20, 0) is None


@pytest.mark.parametrize("target", ["ring8", "grid25"])
def test_the_optimum_of_moved_modes_is_that_of_a_shift(target: str) -> None:
    """Which mode a row is of is known for certain; as above."""
    found = power.measure(None, "moved", 50, 40, 2, 0.05, 100, 0, target)
    assert found is not None
    exact = ndtr(np.array(found.strengths) * 40**0.5 - ndtri(0.95))
    np.testing.assert_allclose(found.strengths, np.sqrt(2 * np.array(found.kl)))
    np.testing.assert_allclose(found.power, exact, atol=5 * 0.5 * (2 / 2000) ** 0.5)


def test_the_optimum_keeps_its_level_where_ln_q_over_p_ties() -> None:
    """One of 25 modes lost: of m = 20 rows of the truth, 0.96^20 = 0.44 lie in the others, and all
    of these tie. It rejects a share of them: 0.05 / 0.44 of all samples of q."""
    p = MixtureTarget.grid()
    q = Changed(p, (0.0, *[1 / 24] * 24))
    rejected = power._optimum(q, p, 20, 0.05, 4000, 0, ("ties",))
    assert rejected / 4000 == pytest.approx(0.05 / 0.96**20, abs=0.01)


def test_a_stronger_departure_from_a_mixture_is_found_more_often() -> None:
    """Along a path that a test is built to see, and along one that it cannot; 20 repetitions."""
    seen = power.measure(TESTS["mode_shares"], "modes_lost", 20, 20, 2, 0.05, 20, 0, "ring8")
    blind = power.measure(TESTS["log_density"], "modes_lost", 20, 20, 2, 0.05, 20, 0, "ring8")
    assert seen is not None
    assert blind is not None
    assert seen.oriented
    assert seen.power[-1] == 1
    assert seen.power[0] <= 0.5
    assert blind.power.max() <= 0.35


@pytest.mark.thorough
@pytest.mark.parametrize("target", ["ring8", "grid25"])
@pytest.mark.parametrize("name", ONE_SAMPLE)
def test_every_one_sample_test_sees_what_it_claims_to_see(name: str, target: str) -> None:
    for path in set(TESTS[name].sees) & set(paths_of(target)):
        found = power.measure(TESTS[name], path, 100, 100, 2, 0.05, 40, 0, target)
        assert found is not None
        assert found.oriented, path


def test_the_grid_is_in_units_of_one_over_the_samples() -> None:
    assert power.grid(200, 200)[:2] == (0.005, 0.01)
    assert power.grid(20, 500)[0] == pytest.approx(520 / 20_000)
