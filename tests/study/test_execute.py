"""A study: which seeds are tested, and what a budget of time leaves of them."""

from __future__ import annotations

import pytest

from gan_eval.study.plan.study import FEW, MANY, Study
from gan_eval.study.plan.units import Unit
from gan_eval.study.run.execute import run, train_unit
from gan_eval.training.config import TrainingConfig

TESTS = ["mmd_statistic", "mmd_pvalue", "energy_statistic", "energy_pvalue"]


@pytest.mark.parametrize(
    ("seeds", "tested"),
    [((7, 8, 9), [7, 8, 9]), ((9, 10, 11), [9, 10]), ((11, 12), [])],
)
def test_the_first_seeds_of_a_cell_are_tested(seeds: tuple[int, ...], tested: list[int]) -> None:
    config = TrainingConfig(epochs=1, n_examples=32)
    study = Study(first_seed=7, replicates=9, tested=4, n_evaluation=20, permutations=19)
    rows, _ = train_unit(Unit("a", config, "pytorch", "cpu", seeds), study)
    assert rows["seed"].tolist() == list(seeds)
    has = rows[TESTS].notna()
    assert rows.loc[has.all(axis=1), "seed"].tolist() == tested
    assert rows.loc[has.any(axis=1), "seed"].tolist() == tested


def test_the_main_job_tests_all_seeds_of_a_loop() -> None:
    assert Study().tested == FEW


def test_a_fast_backend_gets_thousands_of_seeds_unless_a_number_was_given() -> None:
    assert Study(first_seed=5).seeds(1) == range(5, 5 + FEW)
    assert Study(first_seed=5).seeds(1024) == range(5, 5 + MANY)
    assert Study(replicates=7).seeds(1) == Study(replicates=7).seeds(1024) == range(7)


def test_however_late_it_is_every_backend_makes_its_first_call() -> None:
    """Of the first configuration: the timed seed, and as many seeds as go into one call."""
    settings = {
        "replicates": 1100,
        "backends": ["fused_cpu", "pytorch"],
        "time_budget": 1e-9,
        "permutations": 0,
        "n_evaluation": 20,
        "config": {"epochs": 1, "n_examples": 16},
        "grid": {"dialect": ["pytorch", "mxnet"]},
    }
    found = run(Study.parse(settings), workers=1)
    seeds = found.rows.groupby(["configuration", "backend"])["seed"].agg(list).to_dict()
    assert seeds == {
        ("dialect=pytorch", "fused_cpu"): [*range(1025)],
        ("dialect=pytorch", "pytorch"): [0, 1],
    }
    assert (found.provenance["planned"], found.provenance["finished"]) == (4400, 1027)
    assert not found.provenance["interrupted"]
