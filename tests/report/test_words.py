from __future__ import annotations

import math

import numpy as np
import pytest

from gan_eval.report import words
from gan_eval.report.cells import CellRows, cells_of
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

from . import synthetic


def _cells(made: Results) -> list[CellRows]:
    return cells_of(made)


def test_losses_at_ln_2_are_counted_and_the_worst_is_first() -> None:
    made = synthetic.results(8)
    made.rows[["loss_D", "loss_G"]] = 0.8
    made.rows["verdict"] = "converged"
    (cell,) = _cells(made)
    assert cell.passed() == (0, 0)
    nothing = words.losses(cell)
    made.rows.loc[[1, 2, 4], ["loss_D", "loss_G"]] = math.log(2) + 0.002
    made.rows.loc[[2, 4], "verdict"] = "failed"
    made.rows.loc[[2, 4], "kl"] = [0.7, 0.9]
    made.rows.loc[5, "loss_D"] = math.log(2)
    (cell,) = _cells(made)
    assert cell.passed() == (3, 2)
    assert words.losses(cell) != nothing
    assert words.losses(cell).startswith("3 of 8 ")
    assert "; 2 of them" in words.losses(cell)
    assert cell.rows["seed"].to_numpy()[cell.deceptive()].tolist() == [4, 2]


@pytest.mark.parametrize(
    ("provenance", "sentence"),
    [
        ({"planned": 4, "finished": 4, "interrupted": False}, None),
        ({}, None),
        (
            {"planned": 40, "finished": 12, "interrupted": True},
            "This run was interrupted after 12 of 40 planned trainings: every number below is "
            "about what was finished.",
        ),
        (
            {"interrupted": True},
            "This run was interrupted: every number below is about what was finished.",
        ),
        (
            {"planned": 40, "finished": 12, "study": {"time_budget": 45.0}},
            "Finished 12 of 40 planned trainings: the time budget of 45 s was used up.",
        ),
        ({"planned": 40, "finished": 12}, "Finished 12 of 40 planned trainings."),
        (
            {"planned": 40, "finished": 39, "failures": [{}], "study": {"time_budget": 45.0}},
            "Finished 39 of 40 planned trainings: 1 unit of work failed (listed under "
            "Environment).",
        ),
    ],
)
def test_what_is_missing_is_said(provenance: dict, sentence: str | None) -> None:
    assert words.completeness(provenance) == sentence


def test_cells_are_labelled_by_what_differs() -> None:
    two = {"a": TrainingConfig(), "b": TrainingConfig(batch_size=4)}
    both = (("pytorch", "cpu"), ("jax", "cpu"))
    assert [c.label for c in _cells(synthetic.results(2))] == ["made up"]
    assert [c.label for c in _cells(synthetic.results(2, configs=two))] == ["a", "b"]
    assert [c.label for c in _cells(synthetic.results(2, where=both))] == [
        "pytorch on cpu",
        "jax on cpu",
    ]
    grid = _cells(synthetic.results(2, configs=two, where=both))
    assert grid[0].label == "a · pytorch on cpu"
    assert len({cell.label for cell in grid}) == 4
    assert all(cell.config == two[cell.configuration] for cell in grid)
    assert all(len(cell.epochs) == 2 * 21 for cell in grid)


def test_a_label_that_csv_reads_as_missing_comes_from_the_provenance() -> None:
    made = synthetic.results(2, configs={"NA": TrainingConfig()})
    made.rows["configuration"] = made.epochs["configuration"] = np.nan
    cell = _cells(made)[0]
    assert cell.configuration == "NA"
    assert len(cell.epochs) == 2 * 21


def test_how_many_were_tested_is_said_where_not_all_were() -> None:
    made = synthetic.results(40)
    synthetic.spoil(made.rows, 3, "diverged")
    assert words.tested(cells_of(made)) == ""
    made.rows.loc[30:, ["mmd_pvalue", "energy_pvalue"]] = np.nan
    assert words.tested(cells_of(made)).startswith("29 of 40 trainings were tested")


def test_too_few_permutations_to_reject_are_no_sign_of_equality() -> None:
    cells = _cells(synthetic.results(4))
    for permutations, enough in ((18, False), (19, True)):
        said = words.of_tests(cells, {"n_evaluation": 50, "permutations": permutations})
        assert ("19 would be enough" not in said) == enough
