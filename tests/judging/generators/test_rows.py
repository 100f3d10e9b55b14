"""The chapter's GAN through the door for anyone's generator, and generators that fail."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval import GaussianTarget, Margins, TrainingConfig, judge, train
from gan_eval.distributions.pushforward import Pushforward
from gan_eval.judging.generators.rows import judge_fits
from gan_eval.training.generators.chapter import ChapterGAN
from gan_eval.training.generators.settings import FitConfig

HERE = "tests.training.generators.misbehaving"


def judged(
    generator: Any, seeds: range, target: Any = "ring8", n: int = 200, **settings: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    config = FitConfig.parse({"generator": generator, "target": target, "n_examples": n})
    chosen: dict[str, Any] = {"permutations": 99, "tests": ("energy",), "tested": 1}
    chosen |= {"n_evaluation": 100, "margins": Margins(), "shown": True, "seconds": None}
    return judge_fits(config, "it", seeds, **chosen | settings)


@pytest.mark.parametrize("preset", [{}, {"preset": "mended"}], ids=["chapter", "mended"])
def test_the_chapters_gan_gives_the_rows_of_the_built_in_one(preset: dict[str, str]) -> None:
    """From the same rows and draws: the whole training, and every exact column."""
    settings = {"epochs": 2, **preset}
    gans = train(TrainingConfig.parse(settings | {"n_examples": 200}), range(2))
    known = judge(gans, permutations=0)
    rows, epochs = judged(
        {"use": "chapter", **settings}, range(2), GaussianTarget.chapter(), permutations=0
    )
    of_the_fit = ("seconds", "_rows", "critic", "margin")
    exact = [
        name
        for name in known.columns
        if name in rows and known[name].dtype == float and not any(o in name for o in of_the_fit)
    ]
    exact = [name for name in exact if known[name].notna().all()]
    assert {"kl", "worth_kl", "worth_energy", "covariance_1_2", "total_variation"} <= set(exact)
    for name in exact:
        np.testing.assert_allclose(rows[name], known[name], rtol=1e-12, atol=1e-12, err_msg=name)
    assert rows["verdict"].tolist() == known["verdict"].tolist()
    assert set(rows["kl_how"]) == {"exact"}
    last = epochs[epochs["examples"] == 400]
    np.testing.assert_allclose(last["kl"], known["kl"], rtol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "leaky_relu"])
def test_the_built_in_gan_with_hidden_layers_is_that_of_its_backend(activation: str) -> None:
    """The same rows, draws and layers; told by samples, and no Gaussian is claimed."""
    settings = {"epochs": 2, "generator_widths": [5], "generator_activation": activation}
    config = TrainingConfig.parse(settings | {"n_examples": 200, "target": "ring8"})
    gans = train(config, [1])
    gan = ChapterGAN(**settings).fit(gans.training_rows(0), np.random.default_rng(1))
    assert gan.trained is not None
    for ours, theirs in zip(gan.trained.generator(0), gans.generator(0), strict=True):
        np.testing.assert_array_equal(ours.weight, theirs.weight)
        np.testing.assert_array_equal(ours.bias, theirs.bias)
    law = gan.distribution()
    assert isinstance(law, Pushforward)
    np.testing.assert_array_equal(law.layers[0][0], gans.hidden[0].weight[0, -1])
    np.testing.assert_array_equal(gan.sample(9, np.random.default_rng(2)), law.sample(9, 2))


def test_the_built_in_gan_with_hidden_layers_is_followed_by_samples_and_its_density() -> None:
    settings = {"epochs": 3, "generator_widths": [5], "generator_activation": "leaky_relu"}
    rows, epochs = judged({"use": "chapter", "init_scale": 0.5, **settings}, range(2))
    assert set(rows["worth_energy_how"]) == {"sampled"}
    assert set(rows["kl_how"]) == {"sampled"}
    assert set(rows["failure"]) == {""}
    assert (rows["kl_low"] > 0).all()
    assert epochs.groupby("seed")["examples"].apply(list).tolist() == [[200, 400, 600]] * 2
    assert epochs["worth_energy"].notna().all()
    # Of relu, which puts some of its points on lines, there is no density to tell.
    flat = {"use": "chapter", "epochs": 1, "generator_widths": [1], "generator_activation": "relu"}
    assert "kl" not in judged(flat, range(1))[0]


def test_a_target_without_a_closed_form_is_judged_by_rows() -> None:
    rows, epochs = judged({"use": f"{HERE}:Honest"}, range(2))
    assert set(rows["worth_energy_how"]) == {"sampled"}
    assert set(rows["yardstick"]) == {"worth_energy"}
    assert "kl" not in rows
    # One blob of unit spread beside a ring of radius 1: far away, by energy and by its modes.
    assert (rows["worth_energy_high"] < 58).all()
    assert not rows["verdict"].eq("converged").any()
    assert (rows["high_quality_share"] < 0.1).all()
    assert rows["energy_pvalue"].notna().tolist() == [True, False]
    assert len(json.loads(rows["sample_rows"].iloc[0])) == 100
    assert rows["sample_rows"].iloc[1] == ""
    assert epochs.groupby("seed").size().tolist() == [1, 1]


@pytest.mark.parametrize(
    ("name", "part", "verdict"),
    [
        ("Raises", "no luck today", "no_result"),
        ("GivesNaN", "not finite", "diverged"),
        ("OtherShape", "shape", "no_result"),
    ],
)
def test_a_failure_is_a_row(name: str, part: str, verdict: str) -> None:
    rows, epochs = judged({"use": f"{HERE}:{name}"}, range(2))
    good, _ = judged({"use": f"{HERE}:Honest"}, range(1))
    assert rows["verdict"].tolist() == [verdict] * 2
    assert rows["failure"].str.contains(part).all()
    assert list(rows.columns) == list(good.columns)
    assert rows[["worth_energy", "energy_pvalue", "copies_exact", "modes"]].isna().all().all()
    assert len(epochs) == 2


@pytest.mark.parametrize(
    ("name", "part"), [("Hangs", "no result within 3 s"), ("Dies", "status 7")]
)
def test_a_fit_that_hangs_or_dies_is_a_row_and_the_next_one_is_fitted(name: str, part: str) -> None:
    rows, _ = judged({"use": f"{HERE}:{name}"}, range(1), seconds=3.0)
    assert part in rows["failure"].iloc[0]
    rows, _ = judged({"use": f"{HERE}:Honest"}, range(1), seconds=300.0)
    assert rows["failure"].tolist() == [""]


def test_what_runs_in_this_process_has_a_time_limit_too() -> None:
    from gan_eval.training.generators import loading
    from tests.training.generators.misbehaving import Hangs

    rows, _ = judged(loading.name_of(Hangs()), range(1), seconds=0.5)
    assert "no result within 0.5 s" in rows["failure"].iloc[0]


def test_checkpoints_come_nearer() -> None:
    target = {"mean": [0.0, 0.0], "covariance": [[1.0, 0.0], [0.0, 1.0]]}
    rows, epochs = judged({"use": f"{HERE}:Steps"}, range(1), target, n=500)
    assert epochs["examples"].tolist() == [500, 1000, 1500, 2000]
    assert epochs["worth_energy"].is_monotonic_increasing
    assert epochs["worth_energy"].iloc[-1] == pytest.approx(rows["worth_energy"].iloc[0])
    assert rows["examples"].tolist() == [2000]


def test_a_generator_that_tells_its_density_has_a_kl_from_rows() -> None:
    target = {"mean": [0.0, 0.0], "covariance": [[1.0, 0.0], [0.0, 1.0]]}
    rows, _ = judged({"use": f"{HERE}:Told", "noise": 1.2}, range(3), target, n_evaluation=1000)
    # N(0, 1.44 I) from N(0, I) in the plane: 1.44 − 1 − ln 1.44, and as much for the mean's error.
    true = 0.44 - np.log(1.44)
    assert (rows["kl_low"] - 0.01 < true).all()
    assert (rows["kl_high"] > true).all()
    assert set(rows["kl_how"]) == {"sampled"}
    assert set(rows["yardstick"]) == {"worth_energy"}
    assert rows["log_likelihood"].between(-3.5, -2.5).all()


@pytest.mark.parametrize(
    ("wrong", "part"), [("raises", "no density today"), ("shape", "gave shape (100, 1)")]
)
def test_a_density_that_cannot_be_used_is_said_and_the_rest_is_measured(
    wrong: str, part: str
) -> None:
    rows, _ = judged({"use": f"{HERE}:Told", "wrong": wrong}, range(1))
    assert part in rows["not_measured"].iloc[0]
    assert rows["failure"].tolist() == [""]
    assert "log_likelihood" not in rows
    assert rows["worth_energy"].notna().all()


def test_a_checkpoint_without_rows_is_a_row_and_the_end_is_judged() -> None:
    rows, epochs = judged({"use": f"{HERE}:Recovers"}, range(1))
    assert rows["failure"].tolist() == [""]
    assert epochs["worth_energy"].isna().tolist() == [True, False]
    rows, epochs = judged({"use": f"{HERE}:Recovers", "ends": False}, range(1))
    assert rows["verdict"].tolist() == ["diverged"]
