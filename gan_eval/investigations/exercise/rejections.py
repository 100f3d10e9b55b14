"""The tests of the exercise: does each tell a generator from the truth, from n rows?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.random import generator
from gan_eval.stats.battery.catalogue import ALL_TESTS, TARGET, Test

Array = NDArray[np.floating]

PERMUTATIONS = 99
"""The permutations of MMD, energy and columns, or as many as a level needs; a p-value of
permutations is exact for any number of them."""

REFITS = 39
"""Permutations of the classifier test, each of which fits five classifiers; likewise."""

TESTS: Mapping[str, Test] = {
    "likelihood_ratio": ALL_TESTS["target_likelihood_ratio"],
    "covariance": ALL_TESTS["target_covariance"],
    "hotelling": ALL_TESTS["target_hotelling"],
    "mmd": ALL_TESTS["mmd_by_target"],
    "energy": ALL_TESTS["energy_by_target"],
    "classifier": ALL_TESTS["classifier"],
    "columns": ALL_TESTS["columns"],
}
"""The tests of the exercise, by the names in its files."""

OPTIMUM = "optimum"
"""The name under which the best possible test stands among the others."""


def rejections(
    target: GaussianTarget,
    law: Gaussian,
    seeds: list[int],
    kind: str,
    n: int,
    alpha: float,
    names: Sequence[str] = tuple(TESTS),
) -> NDArray[np.bool_]:
    """Test each of G generators by n generated rows: which tests reject, shape (tests, G).

    Every test sees the same n generated rows of a generator; those of two samples see n fresh real
    rows beside them. ``law`` has the G generators' distributions; ``kind`` and ``seeds`` name the
    random numbers. A test has its own, so that its answer does not depend on which others are run.
    """
    found = np.empty((len(names), len(seeds)), dtype=bool)
    for g, seed in enumerate(seeds):
        case = (seed, "exercise", "tests", kind, n)
        data = generator(*case)
        real = target.sample(n, data)
        latent = data.standard_normal((n, law.factor.shape[-2]))
        fake = latent @ law.factor[g] + law.mean[g]
        for i, name in enumerate(names):
            test, few = TESTS[name], REFITS if name == "classifier" else PERMUTATIONS
            pvalue = test.run(
                *((fake,) if test.needs == TARGET else (real, fake)),
                target=target,
                # As many more as a p-value needs to come down to α.
                permutations=max(few, math.ceil((1 - 1e-12) / alpha) - 1),
                rng=generator(*case, name),
            ).pvalue
            # Not `<=` alone: α and a p-value of permutations may differ by rounding.
            found[i, g] = pvalue <= alpha + 1e-12
    return found
