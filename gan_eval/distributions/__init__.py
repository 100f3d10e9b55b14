"""Targets, and how far one Gaussian is from another in closed form.

Names are loaded when they are used: some of them import SciPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_eval.distributions.distances import (
        bures_wasserstein,
        energy_distance,
        median_distance,
        mmd2,
    )
    from gan_eval.distributions.divergences import (
        CanonicalPair,
        affine_invariant_distance,
        canonical_pair,
        hellinger,
        jeffreys,
        jensen_shannon,
        kl,
        mahalanobis,
        total_variation,
    )
    from gan_eval.distributions.gaussian import Gaussian, ellipse
    from gan_eval.distributions.likelihood_ratio import (
        median_kl_of_fit,
        samples_to_detect,
        worth_kl,
    )
    from gan_eval.distributions.mixture import MixtureTarget
    from gan_eval.distributions.protocol import Modes, Target, as_target
    from gan_eval.distributions.pushforward import ComputedMeasures, Pushforward
    from gan_eval.distributions.student_t import StudentTTarget
    from gan_eval.distributions.target import GaussianTarget

__all__ = [
    "CanonicalPair",
    "ComputedMeasures",
    "Gaussian",
    "GaussianTarget",
    "MixtureTarget",
    "Modes",
    "Pushforward",
    "StudentTTarget",
    "Target",
    "affine_invariant_distance",
    "as_target",
    "bures_wasserstein",
    "canonical_pair",
    "ellipse",
    "energy_distance",
    "hellinger",
    "jeffreys",
    "jensen_shannon",
    "kl",
    "mahalanobis",
    "median_distance",
    "median_kl_of_fit",
    "mmd2",
    "samples_to_detect",
    "total_variation",
    "worth_kl",
]

_MODULES = (
    *("gaussian", "target", "divergences", "distances", "likelihood_ratio"),
    *("mixture", "student_t", "protocol", "pushforward"),
)


def __getattr__(name: str) -> Any:
    for module in _MODULES if name in __all__ else ():
        found = import_module(f"gan_eval.distributions.{module}")
        if hasattr(found, name):
            return getattr(found, name)
    raise AttributeError(f"module 'gan_eval.distributions' has no attribute {name!r}")
