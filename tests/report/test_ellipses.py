"""The ellipses: at the end of training, and of the epochs that are stored, against the target."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from gan_eval.distributions.gaussian import ellipse
from gan_eval.pages.blocks import SliderFigure
from gan_eval.report import ellipses
from gan_eval.report.cells import CellRows, cells_of
from gan_eval.study.results.results import Results
from gan_eval.training.config import TargetConfig, TrainingConfig

from . import synthetic


def _cell(replicates: int = 21, **configs: TrainingConfig) -> CellRows:
    return cells_of(synthetic.results(replicates, configs=configs or None))[0]


def _made(cell: CellRows) -> SliderFigure:
    assert ellipses.drawable(cell)
    return ellipses.evolution(cell, "fig-x")


def test_it_has_the_median_a_good_and_a_bad_training_of_every_epoch() -> None:
    cell = _cell()
    trace = json.loads(_made(cell).trace)
    by_kl = cell.rows["seed"].to_numpy()[cell.by_kl()].tolist()
    assert trace["epochs"] == list(range(21))
    for law, rank in zip(trace["laws"], (10, 1, 19), strict=True):
        history = cell.history(by_kl[rank])
        columns = ["mean_1", "mean_2", "covariance_1_1", "covariance_1_2", "covariance_2_2", "kl"]
        np.testing.assert_allclose(law, history[columns], rtol=1e-5)


def test_the_outline_is_the_ellipse_that_holds_95_percent() -> None:
    truth = TrainingConfig().truth
    outline = ellipses._outline(ellipses._of_law(truth))
    gap = outline - truth.mean
    radius = np.einsum("ij,jk,ik->i", gap, np.linalg.inv(truth.covariance), gap)
    np.testing.assert_allclose(radius, 5.991464547, rtol=1e-9)  # χ² of 2, 95 %
    np.testing.assert_allclose(outline.max(axis=0), ellipse(truth).max(axis=0), rtol=2e-3)


def test_the_drawn_paths_lie_where_the_axes_say() -> None:
    """The path's extremes, through the axes' places, are mean ± radius · standard deviation."""
    made = _made(_cell())
    trace = json.loads(made.trace)
    paths = re.findall(r'class="law" d="M (.*?) Z"', str(made.picture.svg))
    assert len(paths) == 3
    for path, law in zip(paths, trace["laws"], strict=True):
        places = np.array([list(map(float, p.split())) for p in path.split(" L ")])
        for axis, name, variance in ((0, "across", 2), (1, "up", 4)):
            zero, one = trace[name]
            data = (places[:, axis] - zero) / one
            reach = ellipses.RADIUS * np.sqrt(law[-1][variance])
            assert data.max() == pytest.approx(law[-1][axis] + reach, abs=0.02)
            assert data.min() == pytest.approx(law[-1][axis] - reach, abs=0.02)


def test_the_table_is_the_last_epoch() -> None:
    made = _made(_cell())
    assert made.last == 20
    assert made.table.rows[0][1:] == ("1.00", "2.00", "1.01", "1.95", "4.25", "0")
    assert [row[0].split(":")[0].split(" (")[0] for row in made.table.rows[1:]] == [
        *("median", "good", "bad")
    ]


def test_one_replicate_is_drawn_once_and_what_is_not_finite_is_a_dash() -> None:
    cell = _cell(1)
    cell.epochs.loc[cell.epochs["epoch"] == 20, ["mean_1", "kl"]] = [np.nan, np.inf]
    made = _made(cell)
    (law,) = json.loads(made.trace)["laws"]
    assert law[-1][0] is None
    assert law[-1][-1] == np.inf
    assert made.table.rows[1][1] == "–"
    assert made.table.rows[1][-1] == "∞"
    assert 'class="law" d=""' in str(made.picture.svg)


def test_a_law_of_nothing_is_a_point() -> None:
    points = ellipses._outline(np.array([1.0, 2.0, 0.0, 0.0, 0.0]))
    np.testing.assert_array_equal(points, np.tile([1.0, 2.0], (61, 1)))


def test_one_dimension_no_epochs_and_no_settings_have_none() -> None:
    target = TargetConfig.model_validate({"A": [[2.0]], "b": [1.0]})
    line = TrainingConfig(target=target, latent_size=1)
    assert not ellipses.drawable(_cell(3, line=line))
    made = synthetic.results(3)
    bare = Results(made.rows, made.epochs.iloc[:0], made.provenance)
    assert not ellipses.drawable(cells_of(bare)[0])
    made = synthetic.results(3)
    made.provenance["configurations"] = []
    assert not ellipses.drawable(cells_of(made)[0])


def test_the_last_epoch_has_the_ellipses_of_the_rows() -> None:
    cell = _cell()
    made = ellipses.last_epoch(cell, "fig-y")
    assert made is not None
    assert made.csv is not None
    table = pd.read_csv(io.StringIO(made.csv)).set_index("distribution")
    truth = TrainingConfig().truth
    assert list(table.loc["the truth", ["mean_1", "mean_2"]]) == truth.mean.tolist()
    by_kl = cell.rows.iloc[cell.by_kl()]
    for position, rank in enumerate((10, 1, 19), 1):
        row, drawn = by_kl.iloc[rank], table.iloc[position]
        assert str(row["seed"]) in str(drawn.name)
        np.testing.assert_allclose(drawn["covariance_1_2"], row["covariance_1_2"], rtol=1e-5)
        np.testing.assert_allclose(drawn["kl"], row["kl"], rtol=1e-5)


def test_the_last_epoch_needs_no_epochs_but_two_dimensions_and_a_finite_law() -> None:
    made = synthetic.results(3)
    bare = Results(made.rows, made.epochs.iloc[:0], made.provenance)
    assert ellipses.last_epoch(cells_of(bare)[0], "fig-y") is not None
    target = TargetConfig.model_validate({"A": [[2.0]], "b": [1.0]})
    line = TrainingConfig(target=target, latent_size=1)
    assert ellipses.last_epoch(_cell(3, line=line), "fig-y") is None
    for position in range(3):
        synthetic.spoil(made.rows, position, "diverged")
    assert ellipses.last_epoch(cells_of(made)[0], "fig-y") is None
