"""Two-sample tests: do x and y come from one distribution?

Each test takes two samples of shapes (n, d) and (m, d) and gives a :class:`TestResult`. They share
one permutation engine that knows nothing of kernels. torch does the arithmetic and is imported
with the first call, not with this package.
"""

from __future__ import annotations

from gan_eval.stats.permutation.labels import permutation_labels
from gan_eval.stats.result import TestResult
from gan_eval.stats.twosample.classifier import classifier_test
from gan_eval.stats.twosample.columns import columns_test
from gan_eval.stats.twosample.energy import energy_distance, energy_test
from gan_eval.stats.twosample.frechet import FrechetDistance, frechet_distance
from gan_eval.stats.twosample.mmd import mmd2, mmd_test
from gan_eval.stats.twosample.sliced_wasserstein import sliced_wasserstein, sliced_wasserstein_test

__all__ = [
    "FrechetDistance",
    "TestResult",
    "classifier_test",
    "columns_test",
    "energy_distance",
    "energy_test",
    "frechet_distance",
    "mmd2",
    "mmd_test",
    "permutation_labels",
    "sliced_wasserstein",
    "sliced_wasserstein_test",
]
