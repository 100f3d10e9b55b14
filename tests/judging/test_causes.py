"""Why a replicate failed: planted errors are found, and what a critic can see of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import gan_eval as ge
from gan_eval.judging.causes import sentence
from gan_eval.training.draws import Layer
from gan_eval.training.trained import TrainedGANs

CHAPTER = ge.TrainingConfig(epochs=1, n_examples=16)
A = np.array(CHAPTER.target.A)


def planted(weight: np.ndarray, bias: np.ndarray, config: ge.TrainingConfig = CHAPTER) -> pd.Series:
    """The row of a generator x = z W + b, its discriminator as it was trained."""
    trained = ge.train(config, [0])
    weights, biases = trained.weights.copy(), trained.biases.copy()
    weights[0, -1], biases[0, -1] = weight, bias
    rows = ge.judge(replace(trained, weights=weights, biases=biases), permutations=0)
    return rows.iloc[0]


def along(row: pd.Series, functional: np.ndarray) -> float:
    """|cosine| between a row's worst direction and a functional."""
    found = np.array([row["worst_direction_1"], row["worst_direction_2"]])
    assert np.linalg.norm(found) == pytest.approx(1)
    return abs(float(found @ functional) / float(np.linalg.norm(functional)))


@pytest.mark.parametrize(
    ("scale", "cause"), [(0.01, "collapsed"), (0.5, "too narrow"), (3.0, "too wide")]
)
@pytest.mark.parametrize("axis", [0, 1])
def test_a_planted_scale_is_found_in_its_direction(scale: float, cause: str, axis: int) -> None:
    stretch = np.eye(2)
    stretch[axis, axis] = scale
    # z D A is N(0, AᵀD²A): along the functional w with A w = e_axis the scale is that entry.
    row = planted(stretch @ A, np.array(CHAPTER.target.b))
    assert row["cause"] == cause
    assert row["worst_ratio"] == pytest.approx(scale, rel=1e-6)
    assert row["worst_share"] == pytest.approx(1)
    assert along(row, np.linalg.solve(A, np.eye(2)[axis])) == pytest.approx(1, abs=1e-9)


def test_a_planted_mean_is_found_in_its_direction() -> None:
    row = planted(A, np.array(CHAPTER.target.b) + np.array([0.0, -2.0]) @ A)
    assert row["cause"] == "off centre"
    assert abs(row["worst_shift"]) == pytest.approx(2)
    assert row["kl"] == pytest.approx(2)


def test_a_rank_that_is_missing_is_a_collapse() -> None:
    config = CHAPTER.model_copy(update={"latent_size": 1})
    row = planted(A[:1], np.array(CHAPTER.target.b), config)
    assert (row["cause"], row["worst_ratio"], row["worst_share"]) == ("collapsed", 0, 1)


def test_what_has_converged_or_diverged_says_so() -> None:
    row = planted(A, np.array(CHAPTER.target.b))
    assert row["cause"] == "" == sentence(row.to_dict(), CHAPTER)
    lost = planted(np.full((2, 2), np.nan), np.array(CHAPTER.target.b))
    assert lost["cause"] == "diverged"
    assert np.isnan(lost["worst_ratio"])


def test_a_sentence_has_the_numbers() -> None:
    row = planted(np.diag([1.0, 0.5]) @ A, np.array(CHAPTER.target.b)).to_dict()
    assert "0.5 times" in sentence(row, CHAPTER)


def seen(config: ge.TrainingConfig, scale: float, shift: float = 0.0) -> float:
    A = np.array(config.target.A)
    moved = np.array(config.target.b) + np.array([shift, 0.0]) @ A
    return planted(np.diag([scale, 1.0]) @ A, moved, config)["worst_seen"]


def test_a_linear_critic_sees_means_and_no_variances() -> None:
    linear = CHAPTER.model_copy(update={"discriminator_widths": ()})
    assert seen(linear, 1.0, 3.0) == pytest.approx(1, abs=1e-9)
    # On 500 rows two features explain by chance about 2/499 of what they do not see.
    assert seen(linear, 0.3) < 0.03


@pytest.mark.parametrize("standardise", ["none", "columns", "whiten"])
def test_the_quadratic_form_sees_everything(standardise: str) -> None:
    settings = {"discriminator_form": "quadratic", "standardise": standardise}
    config = CHAPTER.model_copy(update=settings)
    assert seen(config, 0.3) == pytest.approx(1, abs=1e-9)
    assert seen(config, 1.0, 3.0) == pytest.approx(1, abs=1e-9)


def flat(losses: list[float], **settings: object) -> float:
    config = CHAPTER.model_copy(update={"epochs": len(losses), **settings})
    trained: TrainedGANs = ge.train(config, [0])
    rows = ge.judge(replace(trained, loss_D=np.array([losses])), permutations=0)
    return float(rows["flat_from"].iloc[0])


def test_flat_is_from_the_last_epoch_that_is_not() -> None:
    ln2 = float(np.log(2))
    assert flat([0.5, ln2, 0.6, ln2, ln2 + 0.005]) == 4
    assert flat([ln2, ln2, ln2]) == 1
    assert np.isnan(flat([ln2, ln2, 0.6]))
    assert np.isnan(flat([ln2, ln2], loss="hinge"))


def test_an_average_stands_beside_its_last_generator() -> None:
    config = ge.TrainingConfig(epochs=2, n_examples=64, generator_average="half")
    trained = ge.train(config, [0, 1])
    rows = ge.judge(trained, permutations=0)
    assert trained.averaging is not None
    last = trained.averaging.last
    expected = ge.kl(ge.Gaussian(last.bias, last.weight), config.truth)
    np.testing.assert_allclose(rows["kl_last"], expected)
    without = ge.train(ge.TrainingConfig(epochs=2, n_examples=64), [0, 1])
    np.testing.assert_array_equal(without.weights[:, -1], last.weight)
    assert ge.judge(without, permutations=0)["kl_last"].isna().all()


def test_a_critic_in_units_is_that_of_the_rows_in_them() -> None:
    """The closed form of the critic's columns against the logits, row by row."""
    config = ge.TrainingConfig(epochs=2, n_examples=64, standardise="whiten", dtype="float64")
    for form in ("mlp", "quadratic"):
        trained = ge.train(config.model_copy(update={"discriminator_form": form}), [3])
        assert trained.units is not None
        x = np.array([[1.0, 2.0], [0.0, 3.0], [-2.0, 1.0]])
        u = np.linalg.solve(trained.units.factor[0].T, (x - trained.units.center[0]).T).T
        if form == "quadratic":
            square = (u**2 - 1) / np.sqrt(2)
            u = np.column_stack([u, square[:, 0], u[:, 0] * u[:, 1], square[:, 1]])
        for layer in trained.discriminator[:-1]:
            u = np.tanh(u @ layer.weight[0] + layer.bias[0])
        last: Layer = trained.discriminator[-1]
        expected = (u @ last.weight[0] + last.bias[0])[:, 0]
        np.testing.assert_allclose(trained.critic(0, x), expected, rtol=1e-10)


@pytest.mark.parametrize("loss", ["hinge", "least_squares", "relativistic"])
def test_only_cross_entropy_has_a_critic_that_should_be_the_log_ratio(loss: str) -> None:
    rows = ge.judge(ge.train(ge.TrainingConfig.parse({"loss": loss, "epochs": 2}), [0]))
    assert rows["critic_error"].isna().all()
    assert rows["critic_correlation"].notna().all()
