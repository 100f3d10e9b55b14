"""What a unit costs to pack, to store and to read, and a report of a thousand rows to write.

A million rows, and their memory: ``python -m benchmarks.ledger_scale``.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.conftest import Measure
from gan_eval import report
from gan_eval.study.ledger.blocks import PackedUnit
from gan_eval.study.ledger.ledger import LEDGER_FILE, Ledger
from gan_eval.study.plan.study import Study
from gan_eval.study.plan.units import ReplicateQuery, Unit
from gan_eval.study.results.results import Results
from gan_eval.study.run import execute
from gan_eval.study.run import execute as work

BACKEND = "fused_cpu"
SEEDS = range(1024)
STUDY = Study(
    name="cost",
    replicates=len(SEEDS),
    backends=(BACKEND,),
    permutations=0,
    traced=64,
    time_budget=None,
)
UNIT = Unit("cost", STUDY.configurations()["cost"], BACKEND, "cpu", SEEDS)
FACTS = {"unit": "replicates", "device": "cpu", "replicates": len(SEEDS), "threads": 1}


@pytest.fixture(scope="module")
def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    return work.train_unit(UNIT, STUDY)


def wanted(first: int, last: int) -> ReplicateQuery:
    return ReplicateQuery("cost", "x", first, last, 0, STUDY.tests, timed=False, traced=False)


@pytest.mark.benchmark(group="ledger")
def test_pack(measure: Measure, frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    unit = measure(lambda: PackedUnit.of(*frames), examples=len(SEEDS), **FACTS)
    assert unit.traced == 64


@pytest.mark.benchmark(group="ledger")
def test_store(measure: Measure, frames: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path) -> None:
    """A transaction and its claim, on this disk, of ever new seeds."""
    unit, turns = PackedUnit.of(*frames), itertools.count()

    with Ledger(tmp_path / LEDGER_FILE) as ledger:

        def store() -> int:
            first = next(turns) * len(SEEDS)
            ledger.claim("x", first, 1)
            return ledger.store(
                "x",
                range(first, first + len(SEEDS)),
                unit,
                permutations=[0] * len(SEEDS),
                tests=STUDY.tests,
                timed=False,
                environment="e",
            )

        assert measure(store, examples=len(SEEDS), **FACTS) == len(SEEDS)
        there = ledger.finished(wanted(0, 10**9))
    assert len(there) % len(SEEDS) == 0


@pytest.mark.benchmark(group="ledger")
def test_read(measure: Measure, frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    with Ledger(None) as ledger:
        ledger.store(
            "x",
            SEEDS,
            PackedUnit.of(*frames),
            permutations=[0] * len(SEEDS),
            tests=STUDY.tests,
            timed=False,
            environment="e",
        )
        found = measure(lambda: ledger.rows([wanted(0, len(SEEDS))]), examples=len(SEEDS), **FACTS)
    assert found["kl"].tolist() == frames[0]["kl"].tolist()


@pytest.mark.benchmark(group="report")
def test_report(measure: Measure, tmp_path: Path) -> None:
    results = execute.run(STUDY, store=tmp_path / LEDGER_FILE, workers=1)
    assert isinstance(results, Results)
    page = tmp_path / "report.html"
    measure(lambda: report.write(results, page), examples=len(SEEDS), **FACTS)
    assert page.stat().st_size > 100_000
