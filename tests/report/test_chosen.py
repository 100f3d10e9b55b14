"""The trainings that stand for others: by their rank among all, each once, none called a median of
two."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_eval.report.cells import cells_of
from gan_eval.report.chosen import FEW, chosen, deceiving, learned_law
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

from . import synthetic


def _ordered(replicates: int) -> Results:
    made = synthetic.results(replicates)
    made.rows["kl"] = np.arange(replicates, 0, -1) / 10  # the last seed is the best
    made.rows["verdict"] = "failed"
    made.rows[["loss_D", "loss_G"]] = 0.8
    return made


def test_a_median_a_good_and_a_bad_one_are_chosen() -> None:
    (cell,) = cells_of(_ordered(41))
    assert [pick.seed for pick in chosen(cell)] == [20, 38, 2]
    assert [int(cell.rows["seed"].iloc[pick.position]) for pick in chosen(cell)] == [20, 38, 2]
    (few,) = cells_of(_ordered(5))
    assert [pick.seed for pick in chosen(few)] == [2, 4, 0]


@pytest.mark.parametrize("replicates", range(1, FEW))
def test_few_trainings_stand_for_themselves(replicates: int) -> None:
    (cell,) = cells_of(_ordered(replicates))
    assert sorted(pick.seed for pick in chosen(cell)) == list(range(replicates))
    assert {pick.words for pick in chosen(cell)} == {""}


def test_of_stored_epochs_those_nearest_to_the_ranks_of_all_are_chosen() -> None:
    made = _ordered(41)
    stored = made.epochs.loc[made.epochs["seed"] >= 24]  # the better half
    (cell,) = cells_of(Results(made.rows, stored, made.provenance))
    assert [pick.seed for pick in chosen(cell)] == [24, 38]


def test_the_most_deceptive_one_is_found() -> None:
    made = _ordered(21)
    assert deceiving(cells_of(made)[0]) == []
    made.rows.loc[[3, 7], ["loss_D", "loss_G"]] = math.log(2)
    assert [pick.seed for pick in deceiving(cells_of(made)[0])] == [3]


def test_diverged_trainings_are_never_chosen() -> None:
    made = synthetic.results(3)
    for position in range(3):
        synthetic.spoil(made.rows, position, "diverged")
    assert chosen(cells_of(made)[0]) == []


def test_the_law_is_that_of_the_stored_moments() -> None:
    config = TrainingConfig(latent_size=3)
    cell = cells_of(synthetic.results(2, configs={"wide": config}))[0]
    row = cell.rows.iloc[1]
    law = learned_law(config, row)
    np.testing.assert_allclose(law.covariance[0, 1], row["covariance_1_2"], rtol=1e-12)
    np.testing.assert_allclose(law.mean, [row["mean_1"], row["mean_2"]])
