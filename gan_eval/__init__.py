"""The ground-truth bench for generative models.

Importing this package loads no framework and no heavy library; a name is loaded when it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_eval.backends import backend, catalogue
    from gan_eval.config import Margins, TrainingConfig
    from gan_eval.errors import UsageError
    from gan_eval.export import load
    from gan_eval.gaussian import Gaussian
    from gan_eval.plan import Study
    from gan_eval.results import Results
    from gan_eval.target import GaussianTarget
    from gan_eval.trained import TrainedGANs
    from gan_eval.twosample import energy_test, mmd_test

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
    "Gaussian": "gaussian",
    "GaussianTarget": "target",
    "Margins": "config",
    "Results": "results",
    "Study": "plan",
    "TrainedGANs": "trained",
    "TrainingConfig": "config",
    "UsageError": "errors",
    "backend": "backends",
    "catalogue": "backends",
    "energy_test": "twosample",
    "load": "export",
    "mmd_test": "twosample",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("gan-eval")
    if name in _HOMES:
        return getattr(import_module(f"gan_eval.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'gan_eval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
