"""The processes of this machine as the workers of a study; ``dask_cluster`` has those of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gan_eval.runtime.pool import Pool
from gan_eval.study.plan.study import Study
from gan_eval.study.plan.units import Unit
from gan_eval.study.run import unit as work

Lacking = Callable[[Sequence[Unit]], Iterator[Unit]]
"""Gives those of some units that must be trained, each when it is asked for."""


class Processes(Pool):
    """A pool of processes that trains a study's units."""

    @property
    def size(self) -> int:
        return self.workers

    def survey(self, survey: Callable[[], Any], devices: Sequence[str]) -> Any:
        """Ask one process for the installed backends and the machine."""
        return self.call(survey)

    def train(
        self,
        study: Study,
        lacking: Lacking,
        alone: Sequence[Unit],
        rest: Sequence[Unit],
        *,
        versions: Mapping[str, str],
        ahead: bool,
    ) -> Iterator[tuple[Unit, Any]]:
        """Train units; yield each with its ``PackedUnit``, or a ``Failure``, when it has ended.

        ``alone`` are trained one at a time, before the others.
        """
        alone_tasks, tasks = (
            ((work.finish_unit, unit, study) for unit in lacking(units)) for units in (alone, rest)
        )
        for (_, unit, _), outcome in self.run_all(tasks, alone=alone_tasks):
            yield unit, outcome

    def cancel(self) -> None:
        """End the processes at once; the units that they train are lost."""
        self.kill()
