"""The ground-truth bench for generative models.

>>> import gan_eval as ge
>>> gans = ge.train(ge.TrainingConfig(epochs=2), seeds=range(3), backend="fused_cpu")
>>> rows = ge.judge(gans, tested=0)
>>> list(rows["seed"])
[0, 1, 2]

A name is loaded when it is used: importing this package loads no framework and no heavy library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_eval import plots
    from gan_eval.comparison import Comparison, compare
    from gan_eval.comparison.ranking import Ranking, rank
    from gan_eval.comparison.tracker import Tracker
    from gan_eval.distributions.divergences import kl
    from gan_eval.distributions.gaussian import Gaussian
    from gan_eval.distributions.mixture import MixtureTarget
    from gan_eval.distributions.pushforward import Pushforward
    from gan_eval.distributions.student_t import StudentTTarget
    from gan_eval.distributions.target import GaussianTarget
    from gan_eval.investigations.dynamics import dynamics
    from gan_eval.judging.answer import headline
    from gan_eval.judging.judge import judge
    from gan_eval.judging.summary import summarise
    from gan_eval.report.run import run
    from gan_eval.runtime.errors import UsageError
    from gan_eval.stats.battery.battery import BatteryResult, battery
    from gan_eval.stats.sketch import Sketch
    from gan_eval.stats.twosample import TestResult, energy_test, mmd_test
    from gan_eval.study.plan.study import Study
    from gan_eval.study.results.export import load
    from gan_eval.study.results.results import Results
    from gan_eval.training.backends import backend, backends
    from gan_eval.training.config import Margins, TrainingConfig
    from gan_eval.training.run import train
    from gan_eval.training.trained import TrainedGANs

__all__ = [
    "BatteryResult",
    "Comparison",
    "Gaussian",
    "GaussianTarget",
    "Margins",
    "MixtureTarget",
    "Pushforward",
    "Ranking",
    "Results",
    "Sketch",
    "StudentTTarget",
    "Study",
    "TestResult",
    "Tracker",
    "TrainedGANs",
    "TrainingConfig",
    "UsageError",
    "backend",
    "backends",
    "battery",
    "compare",
    "dynamics",
    "energy_test",
    "headline",
    "judge",
    "kl",
    "load",
    "mmd_test",
    "plots",
    "rank",
    "run",
    "summarise",
    "train",
]

_NAMES = {
    "stats.battery.battery": ("BatteryResult", "battery"),
    "comparison": ("Comparison", "compare"),
    "comparison.ranking": ("Ranking", "rank"),
    "comparison.tracker": ("Tracker",),
    "distributions.gaussian": ("Gaussian",),
    "distributions.target": ("GaussianTarget",),
    "distributions.mixture": ("MixtureTarget",),
    "distributions.pushforward": ("Pushforward",),
    "distributions.student_t": ("StudentTTarget",),
    "training.config": ("Margins", "TrainingConfig"),
    "study.results.results": ("Results",),
    "study.plan.study": ("Study",),
    "stats.sketch": ("Sketch",),
    "stats.twosample": ("TestResult", "energy_test", "mmd_test"),
    "training.trained": ("TrainedGANs",),
    "runtime.errors": ("UsageError",),
    "training.backends": ("backend", "backends"),
    "investigations.dynamics": ("dynamics",),
    "judging.answer": ("headline",),
    "judging.judge": ("judge",),
    "distributions.divergences": ("kl",),
    "study.results.export": ("load",),
    "report.run": ("run",),
    "judging.summary": ("summarise",),
    "training.run": ("train",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("gan-eval")
    if name == "plots":
        return import_module("gan_eval.plots")
    if name in _HOMES:
        return getattr(import_module(f"gan_eval.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'gan_eval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
