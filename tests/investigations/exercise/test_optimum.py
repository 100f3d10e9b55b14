"""The best possible test's power: known answers, and the sample sizes of
gan_eval.distributions.likelihood_ratio."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, norm

from gan_eval.distributions.affinity import samples_of_pair
from gan_eval.investigations.exercise.rejections import optimal_power


@pytest.mark.parametrize("alpha", [0.05, 0.2])
@pytest.mark.parametrize(("shift", "n"), [(0.1, 10), (0.1, 500), (1.0, 5), (0.5, 20)])
def test_of_a_shift_it_is_the_normal_formula(shift, n, alpha):
    exact = norm.sf(norm.isf(alpha) - np.sqrt(n) * shift)
    found = optimal_power(np.array([[shift, 0.0]]), np.ones((1, 2)), n, alpha)[0]
    assert found == pytest.approx(exact, abs=0.005)


@pytest.mark.parametrize(("scale", "n"), [(1.1, 50), (0.8, 20), (2.0, 5), (0.5, 3)])
def test_of_a_scale_it_is_the_chi_squared_formula(scale, n):
    if scale > 1:
        exact = chi2.sf(chi2.isf(0.05, n) / scale**2, n)
    else:
        exact = chi2.cdf(chi2.ppf(0.05, n) / scale**2, n)
    found = optimal_power(np.zeros((1, 1)), np.array([[scale]]), n, 0.05)[0]
    assert found == pytest.approx(exact, abs=0.005)


def test_it_reaches_80_percent_at_the_samples_to_detect():
    """At the n that the saddlepoint formula gives, and not one sample earlier."""
    rng = np.random.default_rng(1)
    offset, scales = rng.normal(size=(8, 2)) / 6, np.exp(rng.normal(size=(8, 2)) / 6)
    for o, s in zip(offset, scales, strict=True):
        n = int(samples_of_pair(o, s))
        assert optimal_power(o[None], s[None], n, 0.05)[0] > 0.795
        assert optimal_power(o[None], s[None], n - 1, 0.05)[0] < 0.805


def test_of_the_truth_it_is_the_level_and_it_rises_with_the_rows():
    truth = np.zeros((1, 2)), np.ones((1, 2))
    assert optimal_power(*truth, 50, 0.05)[0] == 0.05
    pair = np.array([[0.1, -0.1]]), np.array([[1.2, 0.9]])
    power = [optimal_power(*pair, n, 0.05)[0] for n in (2, 10, 50, 250)]
    assert (np.diff(power) > 0).all()
