"""The ground-truth bench for generative models.

Importing this package loads no framework and no heavy library; a name is loaded when it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_eval.distributions.gaussian import Gaussian
    from gan_eval.distributions.target import GaussianTarget
    from gan_eval.runtime.errors import UsageError
    from gan_eval.stats.twosample import energy_test, mmd_test
    from gan_eval.study.plan.study import Study
    from gan_eval.study.results.export import load
    from gan_eval.study.results.results import Results
    from gan_eval.training.backends import backend, catalogue
    from gan_eval.training.config import Margins, TrainingConfig
    from gan_eval.training.trained import TrainedGANs

__all__ = [
    "Gaussian",
    "GaussianTarget",
    "Margins",
    "Results",
    "Study",
    "TrainedGANs",
    "TrainingConfig",
    "UsageError",
    "backend",
    "catalogue",
    "energy_test",
    "load",
    "mmd_test",
]

_HOMES = {
    "Gaussian": "distributions.gaussian",
    "GaussianTarget": "distributions.target",
    "Margins": "training.config",
    "Results": "study.results.results",
    "Study": "study.plan.study",
    "TrainedGANs": "training.trained",
    "TrainingConfig": "training.config",
    "UsageError": "runtime.errors",
    "backend": "training.backends",
    "catalogue": "training.backends",
    "energy_test": "stats.twosample",
    "load": "study.results.export",
    "mmd_test": "stats.twosample",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("gan-eval")
    if name in _HOMES:
        return getattr(import_module(f"gan_eval.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'gan_eval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
