"""Goodness of fit: does one sample come from the known target?

Each test takes a sample of shape (n, d) and a
:class:`~gan_eval.distributions.target.GaussianTarget` and gives a
:class:`~gan_eval.stats.twosample.TestResult`. Some share their names with tests of two samples;
write ``goodness.energy_test``. ``energy_test``, ``kernel_stein_test``, ``log_density_test`` and
``mode_shares_test`` take any other target too, and ``one_sample_tests`` runs all that one allows.
"""

from __future__ import annotations

from gan_eval.stats.goodness.density import log_density_test
from gan_eval.stats.goodness.energy import energy_test
from gan_eval.stats.goodness.general import one_sample_tests
from gan_eval.stats.goodness.mmd import mmd_test
from gan_eval.stats.goodness.moments import covariance_test, hotelling_test, likelihood_ratio_test
from gan_eval.stats.goodness.shares import mode_shares_test
from gan_eval.stats.goodness.stein import kernel_stein_test

__all__ = [
    "covariance_test",
    "energy_test",
    "hotelling_test",
    "kernel_stein_test",
    "likelihood_ratio_test",
    "log_density_test",
    "mmd_test",
    "mode_shares_test",
    "one_sample_tests",
]
