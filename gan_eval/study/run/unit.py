"""One unit of work, done: its seeds trained by their backend, judged, and packed."""

from __future__ import annotations

import pandas as pd

from gan_eval.judging import judge
from gan_eval.study.ledger.packed import PackedUnit
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
