"""Whether each test tells a generator from the truth, from n rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.random import generator
from gan_eval.stats import goodness, twosample

Array = NDArray[np.floating]

PERMUTATIONS = 99
"""Of MMD, energy and columns, or as many as a level needs; a p-value of permutations is exact for
any number of them."""

REFITS = 39
"""Permutations of the classifier test, each of which fits five classifiers; likewise."""

_Run = Callable[[Array, Array, GaussianTarget, np.random.Generator, float], Any]


@dataclass(frozen=True)
class Test:
    """A test of the exercise.

    Attributes
    ----------
    words : str
        Its name in tables.
    knows : str
        What it is told of the truth: ``"the target"``, or ``"n real rows"``.
    run : callable
        (real, generated, target, rng, alpha) to its result, of which α asks for permutations.
    """

    words: str
    knows: str
    run: _Run

    @property
    def short(self) -> str:
        """The name without what stands beside it."""
        return self.words.partition(",")[0].partition(" (")[0]


def _enough(permutations: int, alpha: float) -> int:
    """So many, or as many more as a p-value needs to come down to α."""
    return max(permutations, math.ceil((1 - 1e-12) / alpha) - 1)


TESTS: dict[str, Test] = {
    "likelihood_ratio": Test(
        "joint likelihood ratio",
        "the target",
        lambda x, y, target, rng, alpha: goodness.likelihood_ratio_test(y, target),
    ),
    "covariance": Test(
        "covariance",
        "the target",
        lambda x, y, target, rng, alpha: goodness.covariance_test(y, target),
    ),
    "hotelling": Test(
        "Hotelling (mean)",
        "the target",
        lambda x, y, target, rng, alpha: goodness.hotelling_test(y, target),
    ),
    "mmd": Test(
        "MMD, whitened by the target",
        "n real rows",
        lambda x, y, target, rng, alpha: twosample.mmd_test(
            x, y, whiten=target, permutations=_enough(PERMUTATIONS, alpha), rng=rng
        ),
    ),
    "energy": Test(
        "energy, whitened by the target",
        "n real rows",
        lambda x, y, target, rng, alpha: twosample.energy_test(
            x, y, whiten=target, permutations=_enough(PERMUTATIONS, alpha), rng=rng
        ),
    ),
    "classifier": Test(
        "classifier (C2ST)",
        "n real rows",
        lambda x, y, target, rng, alpha: twosample.classifier_test(
            x, y, permutations=_enough(REFITS, alpha), rng=rng
        ),
    ),
    "columns": Test(
        "largest column difference",
        "n real rows",
        lambda x, y, target, rng, alpha: twosample.columns_test(
            x, y, permutations=_enough(PERMUTATIONS, alpha), rng=rng
        ),
    ),
}

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
    """Which tests reject which of G generators from n generated rows, shape (tests, G).

    Every test sees the same n generated rows of a generator; those of two samples see n fresh real
    rows beside them. ``law`` is the generators' own, of G laws; ``kind`` and ``seeds`` name the
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
            rng = generator(*case, name)
            pvalue = TESTS[name].run(real, fake, target, rng, alpha).pvalue
            # Not `<=` alone: α and a p-value of permutations may differ by rounding.
            found[i, g] = pvalue <= alpha + 1e-12
    return found
