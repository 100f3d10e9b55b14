"""The worker's side of Dask: it runs tasks as bytes, one at a time, by the code that was asked for.

It says what it did by what it returns: whatever a Dask future raises is then a matter of the
machines, not of a task.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from gan_eval.runtime import pool, threads

if TYPE_CHECKING:
    from gan_eval.study.ledger.blocks import PackedUnit
    from gan_eval.study.plan.study import Study
    from gan_eval.study.plan.units import Unit

# Frameworks share settings among the threads of a process, so a worker of several threads trains
# one unit at a time as well.
_ALONE = threading.Lock()


@dataclass(frozen=True)
class Refusal:
    """A worker will not run a task, because it would not give the same numbers."""

    message: str


class _Call:
    """A call that is made when it is unpickled, and becomes what it returns."""

    def __init__(self, task: bytes) -> None:
        self.task = task

    def __reduce__(self) -> tuple[Any, ...]:
        return run, (self.task,)


def packed(function: Callable[..., Any], arguments: tuple[Any, ...], count: int) -> bytes:
    """Pack a task of ``count`` threads, which ``pickle.loads`` runs.

    Dask is handed a function of Python's own and bytes: a scheduler or worker without this package
    can read that, where it would break off the connection over a name that it cannot import.
    """
    return pickle.dumps(_Call(pickle.dumps((function, arguments, count))))


def run(task: bytes) -> Any:
    """Run a task: its result, a ``pool.Failure`` where it raised, or a ``Refusal``."""
    try:
        function, arguments, count = pickle.loads(task)
    except Exception as error:  # other code can fail to unpickle in any way
        return Refusal(f"runs another gan-eval than this command: {error}")
    with _ALONE, threads.allow(count):
        return pool.outcome(lambda: function(*arguments))


def finish_unit(
    unit: Unit, study: Study, code: str, finish: Callable[[Unit, Study], PackedUnit]
) -> PackedUnit | Refusal:
    """Train one unit and say what this machine is, if its code is the code that was asked for."""
    here = _code_of(unit)
    if here != code:
        return Refusal(
            f"would train by other code ({here}) than this command asks for ({code}): the same "
            "gan-eval and the same libraries are needed on all machines"
        )
    return replace(finish(unit, study), environment=_environment(threads.allowed()))


def _code_of(unit: Unit) -> str:
    from gan_eval.study.plan.units import fit_version, version_of_fit
    from gan_eval.training.generators.settings import FitConfig

    if isinstance(unit.config, FitConfig):
        return fit_version(version_of_fit(unit.config))
    return _code(unit.backend)


@cache
def _code(name: str) -> str:
    from gan_eval.study.plan.units import code_version
    from gan_eval.training.backends import backend

    return code_version(name, backend(name).version())


@cache
def _environment(_: int) -> dict[str, Any]:
    """Describe the environment of this process with so many threads."""
    import torch  # noqa: F401  (only a loaded PyTorch is asked for GPUs)

    from gan_eval.runtime.provenance import environment

    return environment()
