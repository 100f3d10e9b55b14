from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from gan_eval.distributions import distances
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.investigations.certify import closed_form
from gan_eval.investigations.certify.gaussian import chapter
from gan_eval.runtime.documents import restored

pytestmark = pytest.mark.statistical


@pytest.mark.parametrize("statistic", closed_form.STATISTICS)
@pytest.mark.parametrize("path", closed_form.ALTERNATIVES)
@pytest.mark.parametrize(("n", "m", "d"), [(20, 20, 2), (10, 40, 3)])
def test_means_meet_the_closed_form(statistic: str, path: str, n: int, m: int, d: int) -> None:
    """150 repetitions inside 3.3 standard errors: a right statistic fails one of 16 with
    probability 0.02; seeds are fixed, so it does so always or never."""
    found = closed_form.measure(statistic, path, n, m, d, 150, 0)
    assert found is not None
    assert abs(found.deviation) < 3.3
    assert found.error < 0.2 * max(found.expectation, 0.1)


def test_the_bias_of_the_v_statistic_is_that_of_its_diagonal() -> None:
    """One coordinate: E|X − X'| = 2σ/√π, so that under equal laws the mean is 2σ/√π (1/n + 1/m)."""
    p = chapter(1).law
    sigma = float(np.sqrt(p.covariance[0, 0]))
    expected = 2 * sigma / np.sqrt(np.pi) * (1 / 20 + 1 / 50)
    assert closed_form.expected_energy(p, p, 20, 50) == pytest.approx(expected, rel=1e-9)
    q = Gaussian(p.mean + 1.0, p.factor)
    many = closed_form.expected_energy(q, p, 10**9, 10**9)
    assert many == pytest.approx(float(distances.energy_distance(q, p)), rel=1e-7)


def test_a_case_survives_json_with_its_second_look() -> None:
    case = closed_form.MeanCase("mmd2", "null", 0.0, 5, 6, 2, 0.5, 100, 30.0, 40.0)
    assert case.mean == pytest.approx(0.8)
    assert case.error == pytest.approx(np.sqrt((40 - 9) / 99 / 100))
    assert not case.passed
    both = closed_form.MeanCase("mmd2", "null", 0.0, 5, 6, 2, 0.5, 100, 30.0, 40.0, case)
    assert restored(closed_form.MeanCase, asdict(both)) == both
    calm = closed_form.MeanCase("mmd2", "null", 0.0, 5, 6, 2, 0.5, 400, 0.1, 40.0)
    again = closed_form.MeanCase("mmd2", "null", 0.0, 5, 6, 2, 0.5, 100, 30.0, 40.0, calm)
    assert again.passed
    assert again.mean == calm.mean
