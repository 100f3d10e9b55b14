"""The chapter's picture of one training and of several: panels, titles, which one is shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import gan_eval as ge
from gan_eval.distributions.gaussian import ellipse
from gan_eval.plots.chapter import judged, middle, outcome, points

GANS = ge.train(ge.TrainingConfig(epochs=3, n_examples=200), seeds=range(7), backend="fused_cpu")
ROWS = judged(GANS)


def title(figure) -> str:
    return figure.get_suptitle().replace("\n", " ")


def test_one_training_has_its_outcome_as_the_title_and_its_own_ellipse() -> None:
    figure = ge.plots.chapter(GANS, replicate=4)
    assert title(figure).startswith(outcome(ROWS.iloc[4]))
    assert "seed 4" in title(figure)
    plane, losses, kl = figure.axes
    learned = np.column_stack(plane.lines[1].get_data())
    law = GANS.law()
    np.testing.assert_allclose(learned, ellipse(ge.Gaussian(law.mean[4], law.factor[4])))
    np.testing.assert_allclose(np.asarray(losses.lines[0].get_ydata()), GANS.loss_D[4])
    assert np.asarray(kl.lines[0].get_ydata())[-1] == pytest.approx(ROWS["kl"].iloc[4])


def test_of_several_the_one_of_median_kl_is_below_their_spread() -> None:
    figure = ge.plots.chapter(GANS)
    ranked = ROWS.sort_values("kl").iloc[3]
    assert f"seed {ranked['seed']}" in title(figure)
    assert len(figure.axes) == 6
    last = np.asarray(figure.axes[-1].lines[0].get_ydata())[-1]
    assert last == pytest.approx(ranked["kl"])
    assert GANS.plot().get_suptitle() == figure.get_suptitle()


def test_two_have_no_median_and_what_is_not_finite_is_furthest() -> None:
    assert middle(pd.Series([3.0, 1.0])) == 0
    assert middle(pd.Series([3.0, np.nan, 1.0])) == 0
    assert middle(pd.Series([np.nan, np.nan, 1.0, 2.0])) == 3
    assert "the first" in title(ge.plots.chapter(GANS.take(slice(0, 2))))


def test_the_outcome_has_kl_verdict_and_worth() -> None:
    row = pd.Series({"kl": 1.45, "verdict": "failed", "worth_kl": 2.9, "efficiency": 0.0029})
    assert outcome(row) == "KL 1.45 nats · failed · worth 2.9 of 1000 real rows"
    lost = pd.Series({"kl": np.nan, "verdict": "diverged", "worth_kl": np.nan, "efficiency": 0.0})
    assert outcome(lost) == "KL – nats · diverged"


@pytest.mark.parametrize(
    "settings",
    [
        {"target": {"A": [[2.0]], "b": [1.0]}},
        {"target": {"A": np.eye(3).tolist(), "b": [0.0, 0.0, 1.0]}, "latent_size": 3},
        {"learning_rate_D": 1e30, "learning_rate_G": 1e30},
    ],
)
def test_one_dimension_three_and_what_diverged_are_drawn(settings: dict) -> None:
    config = ge.TrainingConfig.parse({"epochs": 2, "n_examples": 60, **settings})
    gans = ge.train(config, seeds=range(3), backend="fused_cpu")
    assert len(ge.plots.chapter(gans).axes) == 6


def test_the_same_latent_makes_the_points_of_every_epoch() -> None:
    one = GANS.take(slice(2, 3))
    real, generated = points(one, 1)
    np.testing.assert_array_equal(real, one.training_rows(0)[:100])
    moved = points(one, 3)[1]
    z, *_ = np.linalg.lstsq(one.weights[0, 1].T, (generated - one.biases[0, 1]).T, rcond=None)
    np.testing.assert_allclose(z.T @ one.weights[0, 3] + one.biases[0, 3], moved, atol=1e-8)


RING: dict = {"target": "ring8", "epochs": 3, "n_examples": 200}


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_a_generator_with_hidden_layers_shows_points_its_density_and_worth(activation: str) -> None:
    config = ge.TrainingConfig.parse(
        RING | {"generator_widths": [6, 5], "generator_activation": activation}
    )
    gans = ge.train(config, range(7), backend="pytorch:batched")
    figure = ge.plots.chapter(gans, replicate=2)
    plane, density, losses, worth = figure.axes
    # Real rows and generated ones, each as they are, and a cross in each mode: no ellipse.
    generated, real = (np.asarray(plane.collections[at].get_offsets()) for at in (1, 0))
    np.testing.assert_allclose(generated, gans.generate(2, 400), rtol=1e-12)
    np.testing.assert_allclose(real, gans.training_rows(2)[:400])
    (modes,) = plane.lines
    centres = np.column_stack(modes.get_data())
    np.testing.assert_allclose(np.hypot(*centres.T), np.ones(8), rtol=1e-12)
    assert density.get_aspect() == 1
    np.testing.assert_allclose(np.asarray(losses.lines[0].get_ydata()), gans.loss_D[2])
    assert list(np.asarray(worth.lines[0].get_xdata())) == [0, 1, 2, 3]
    row = judged(gans.take(slice(2, 3))).iloc[0]
    assert title(figure).startswith(outcome(row))
    assert "by energy distance" in outcome(row)

    several = ge.plots.chapter(gans)
    assert len(several.axes) == 6
    rows = judged(gans, computed=0)
    order = np.argsort(-rows["worth_energy"].to_numpy(), kind="stable")
    assert f"(seed {order[3]})" in title(several)


def test_a_mixture_has_no_ellipse_and_a_linear_generator_has_its_own() -> None:
    gans = ge.train(ge.TrainingConfig.parse(RING), [3], backend="fused_cpu")
    plane = gans.plot().axes[0]
    law = gans.law()
    outline = ellipse(ge.Gaussian(law.mean[0], law.factor[0]))
    drawn = [np.column_stack(line.get_data()) for line in plane.lines]
    assert [len(line) for line in drawn] == [8, len(outline)]
    np.testing.assert_allclose(drawn[1], outline)
