"""A unit of work, done: trained by its backend, judged and packed; and this machine's processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pandas as pd

from gan_eval.judging import judge
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.pool import Pool
from gan_eval.study.ledger.blocks import PackedUnit
from gan_eval.study.plan.study import Study
from gan_eval.study.plan.units import Unit
from gan_eval.training.backends import backend
from gan_eval.training.drawing import ChapterDrawing


def finish_unit(unit: Unit, study: Study) -> PackedUnit:
    """Train and judge one unit, and pack what the ledger stores of it."""
    return PackedUnit.of(*train_unit(unit, study))


def train_unit(unit: Unit, study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and judge one unit: its rows, and the epochs of those of its seeds that are traced."""
    trainer = backend(unit.backend)
    drawing = None
    if unit.timed:
        # The first call of a framework pays for its start; the clocks are read on the second.
        warm = unit.config.model_copy(update={"epochs": 1})
        trainer.train(warm, unit.seeds, unit.device)
        drawing = ChapterDrawing(unit.config, unit.seeds[0])
    trained = trainer.train(unit.config, unit.seeds, unit.device, drawing)
    tested, traced = (
        sum(seed < study.first_seed + count for seed in unit.seeds)
        for count in (study.tested, study.traced)
    )
    rows = judge.judge(
        trained,
        margins=study.margins,
        n_evaluation=study.n_evaluation,
        permutations=study.permutations,
        tests=study.tests,
        tested=tested,
    )
    return rows, judge.epochs(trained.take(slice(traced))) if traced else pd.DataFrame()


Lacking = Callable[[Sequence[Unit]], Iterator[Unit]]
"""Gives those of some units that must be trained, each when it is asked for."""


class Processes(Pool):
    """A pool of processes that trains a study's units."""

    @property
    def size(self) -> int:
        return self.workers

    def survey(self, survey: Callable[[], Any], devices: Sequence[str]) -> Any:
        """Ask one process for the installed backends and the machine."""
        try:
            return self.call(survey)
        except BrokenProcessPool:  # the first process: a script that lacks the guard ends here
            raise UsageError(
                "no worker process could be started: a script must make this call under "
                '`if __name__ == "__main__":`, or with `workers=1`'
            ) from None

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
            ((finish_unit, unit, study) for unit in lacking(units)) for units in (alone, rest)
        )
        for (_, unit, _), outcome in self.run_all(tasks, alone=alone_tasks):
            yield unit, outcome

    def cancel(self) -> None:
        """End the processes at once; the units that they train are lost."""
        self.kill()
