from __future__ import annotations

import re

import numpy as np
import pytest

from gan_eval.report.cells import cells_of
from gan_eval.report.chosen import chosen
from gan_eval.report.samples import sample_notes, sample_pictures
from gan_eval.training.config import TrainingConfig

from . import synthetic


@pytest.mark.parametrize("d", [1, 2, 3])
def test_every_dimension_is_drawn_and_three_say_that_two_are_shown(d: int) -> None:
    config = TrainingConfig.parse(
        {"target": {"A": np.eye(d).tolist(), "b": [0.0] * d}, "latent_size": d}
    )
    cell = cells_of(synthetic.results(4, configs={"d": config}))[0]
    picks = chosen(cell)
    pictures = [make() for make in sample_pictures(cell, picks, "fig")]
    assert sample_notes(cell, picks) == []
    assert len(pictures) >= 2
    assert all(("the first two coordinates" in p.caption) == (d > 2) for p in pictures)
    assert all(("densities" in p.caption) == (d == 1) for p in pictures)


def test_what_lies_too_far_out_to_draw_is_said() -> None:
    made = synthetic.results(1)
    made.rows.loc[0, ["mean_1", "weight_1_1"]] = 1e200
    (cell,) = cells_of(made)
    picks = chosen(cell)
    assert sample_pictures(cell, picks, "fig") == []
    assert "seed 0" in sample_notes(cell, picks)[0].lower()


def test_without_settings_nothing_is_drawn_and_that_is_said() -> None:
    made = synthetic.results(1, configurations=[])
    (cell,) = cells_of(made)
    picks = chosen(cell)
    assert sample_pictures(cell, picks, "fig") == []
    assert len(sample_notes(cell, picks)) == 1


def test_pictures_side_by_side_have_the_same_axes() -> None:
    cell = cells_of(synthetic.results(21))[0]
    drawn = [str(make().svg) for make in sample_pictures(cell, chosen(cell), "fig")]
    marks = [re.findall(r"<text[^>]*>([^<]*)</text>", svg) for svg in drawn]
    assert len(drawn) == 3
    assert marks[0] == marks[1] == marks[2]
