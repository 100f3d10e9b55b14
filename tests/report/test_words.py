from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from gan_eval.pages.numbers import number
from gan_eval.report import words
from gan_eval.report.cells import CellRows, cells_of
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

from . import synthetic


def _cells(made: Results) -> list[CellRows]:
    return cells_of(made)


def _known(n: int = 40, converged: int = 10) -> Results:
    """``converged`` replicates at KL 0.05 (worth 50) and the rest at 0.2 (worth 12.5)."""
    made = synthetic.results(n)
    rows = made.rows
    good = np.arange(n) < converged
    rows["kl"] = np.where(good, 0.05, 0.2)
    rows["verdict"] = np.where(good, "converged", "near")
    rows["worth_kl"] = np.where(good, 50.0, 12.5)
    return made


def test_the_headline_counts() -> None:
    assert words.headline(_cells(_known())) == "10 of 40 replicates converged."
    assert words.headline(_cells(_known(1, 0))) == "0 of 1 replicate converged."
    assert words.headline([]) == "No replicate finished, so there is nothing to judge."


def test_the_answer_has_margin_interval_median_worth_and_start() -> None:
    cell = _cells(_known())[0]
    share, middle, others = words.answer(cell)
    exact = stats.binomtest(10, 40).proportion_ci(0.95)
    assert "at most 0.1 nats" in share
    assert "25\u202f%" in share
    assert number(100 * exact.low, 2) in share
    assert number(100 * exact.high, 2) in share
    assert "KL(q‖p) = 0.200 nats (95 % interval 0.200\u00a0to\u00a00.200)" in middle
    assert f"down from {number(cell.initial_kl)} at the start" in middle
    assert "worth 12 real samples of the 1000 it saw" in middle
    assert "30 came near (at most 0.5 nats)" in others


def test_few_replicates_have_no_interval() -> None:
    sentences = words.answer(_cells(_known(5, 5))[0])
    assert "too few replicates for an interval: 6 are needed" in sentences[1]
    assert len(sentences) == 2


def test_diverged_replicates_count_as_infinitely_far() -> None:
    made = synthetic.results(9)
    for position in range(5):
        synthetic.spoil(made.rows, position, "diverged")
    cell = _cells(made)[0]
    assert np.isinf(cell.rows["kl"]).sum() == 5
    assert "KL(q‖p) = ∞ nats" in words.answer(cell)[1]
    assert "worth less than one real sample" in words.answer(cell)[1]
    assert "5 diverged" in words.answer(cell)[2]


def test_losses_at_ln_2_are_counted_and_the_worst_is_first() -> None:
    made = synthetic.results(8)
    made.rows[["loss_D", "loss_G"]] = 0.8
    made.rows["verdict"] = "converged"
    assert words.losses(_cells(made)).startswith("No replicate ended with both losses")
    made.rows.loc[[1, 2, 4], ["loss_D", "loss_G"]] = math.log(2) + 0.002
    made.rows.loc[[2, 4], "verdict"] = "failed"
    made.rows.loc[[2, 4], "kl"] = [0.7, 0.9]
    made.rows.loc[5, "loss_D"] = math.log(2)
    cell = _cells(made)[0]
    assert words.losses([cell]).startswith("3 replicates end with both losses within 0.003")
    assert "2 of them have not converged" in words.losses([cell])
    assert cell.rows["seed"].to_numpy()[cell.deceptive()].tolist() == [4, 2]


@pytest.mark.parametrize(
    ("provenance", "sentence"),
    [
        ({"planned": 4, "finished": 4, "interrupted": False}, None),
        ({}, None),
        (
            {"planned": 40, "finished": 12, "interrupted": True},
            "This run was interrupted after 12 of 40 planned replicates: every number below is "
            "about what was finished.",
        ),
        (
            {"interrupted": True},
            "This run was interrupted: every number below is about what was finished.",
        ),
        (
            {"planned": 40, "finished": 12, "study": {"time_budget": 45.0}},
            "Finished 12 of 40 planned replicates: the time budget of 45 s was used up.",
        ),
        ({"planned": 40, "finished": 12}, "Finished 12 of 40 planned replicates."),
        (
            {"planned": 40, "finished": 39, "failures": [{}], "study": {"time_budget": 45.0}},
            "Finished 39 of 40 planned replicates: 1 unit of work failed (listed under "
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
    assert words.headline(grid).endswith("of 8 replicates converged in 4 cells.")
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
    assert words.tested(cells_of(made)).startswith("29 of 40 replicates were tested")


def test_too_few_permutations_to_reject_are_no_sign_of_equality() -> None:
    cells = _cells(_known())
    for permutations, enough in ((18, False), (19, True)):
        said = words.of_tests(cells, {"n_evaluation": 50, "permutations": permutations})
        assert ("19 would be enough" not in said) == enough
