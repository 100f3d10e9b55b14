from __future__ import annotations

import math

import numpy as np
import pytest

from gan_eval.report.cells import cells_of
from gan_eval.report.learned import chosen, learned_law, sample_notes, sample_pictures, seed_of
from gan_eval.training.config import TrainingConfig

from . import synthetic


def test_the_median_a_bad_one_and_the_deceptive_one_are_chosen() -> None:
    made = synthetic.results(21)
    made.rows["kl"] = np.arange(21, 0, -1) / 10  # seed 20 is the best
    made.rows["verdict"] = "failed"
    made.rows[["loss_D", "loss_G"]] = 0.8
    made.rows.loc[3, ["loss_D", "loss_G"]] = math.log(2)
    picks = chosen(cells_of(made)[0])
    assert [seed_of(row) for _, row in picks] == [10, 1, 3]
    made.rows.loc[1, ["loss_D", "loss_G"]] = math.log(2)
    picks = chosen(cells_of(made)[0])
    assert [seed_of(row) for _, row in picks] == [10, 1]
    assert picks[1][0] == "a bad one, at the 95 % rank of KL; losses at ln 2, distribution wrong"


def test_diverged_replicates_are_never_chosen() -> None:
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


@pytest.mark.parametrize("d", [1, 2, 3])
def test_every_dimension_is_drawn_and_three_say_that_two_are_shown(d: int) -> None:
    config = TrainingConfig.parse(
        {"target": {"A": np.eye(d).tolist(), "b": [0.0] * d}, "latent_size": d}
    )
    cell = cells_of(synthetic.results(4, configs={"d": config}))[0]
    pictures = [make() for make in sample_pictures(cell, "fig")]
    assert sample_notes(cell) == []
    assert len(pictures) >= 2
    assert all(("the first two coordinates" in p.caption) == (d > 2) for p in pictures)
    assert all(("densities" in p.caption) == (d == 1) for p in pictures)


def test_what_lies_too_far_out_to_draw_is_said() -> None:
    made = synthetic.results(1)
    made.rows.loc[0, ["mean_1", "weight_1_1"]] = 1e200
    (cell,) = cells_of(made)
    assert sample_pictures(cell, "fig") == []
    assert sample_notes(cell)[0].startswith("Seed 0 (the median replicate")


def test_without_settings_nothing_is_drawn_and_that_is_said() -> None:
    made = synthetic.results(1, configurations=[])
    (cell,) = cells_of(made)
    assert sample_pictures(cell, "fig") == []
    assert "settings of this cell are not stored" in sample_notes(cell)[0]
