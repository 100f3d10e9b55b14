"""Rows of generators with hidden layers, and of mixtures: known generators in, known rows out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.judging.computed.rows import WORTH_ROWS, columns
from gan_eval.judging.computed_columns import filled, without_closed_form
from gan_eval.judging.judge import judge
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.spreadsheet import write_csv
from gan_eval.stats.worth import worth
from gan_eval.study.results.reading import read_rows
from gan_eval.training.config import Margins, TrainingConfig
from gan_eval.training.draws import initial_layers
from gan_eval.training.rows import evaluation_rows

from .made import made, random_generators

CHAPTER = GaussianTarget.chapter()
PAIR = {
    "components": [
        {"mean": [-3.0, 0.0], "standard_deviation": 0.5, "weight": 0.5},
        {"mean": [3.0, 0.0], "standard_deviation": 0.5, "weight": 0.5},
    ]
}
"""Two round modes."""

# relu(z) − relu(−z) = z: hidden layers that change nothing.
SPLIT = np.array([[1.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, -1.0]])


def identity(matrix: object, bias: object) -> list:
    """Make a relu generator that is the linear one z A + b."""
    return [(SPLIT, np.zeros(4)), (SPLIT.T @ np.asarray(matrix), bias)]


def test_hidden_layers_that_change_nothing_have_the_rows_of_a_linear_generator() -> None:
    A, b = CHAPTER.A, CHAPTER.b
    laws = [(A, b), (A, b + 0.5), (2 * A, b)]
    critic = initial_layers(1, (2, 2), (2, 5, 3, 1), scale=1.0)[1]
    curved = made(
        [identity(*law) for law in laws],
        critic,
        generator_widths=(4,),
        generator_activation="relu",
    )
    linear = made([[law] for law in laws], critic)
    found, exact = (judge(one, permutations=0) for one in (curved, linear))
    for name in ("kl", "kl_reverse", "jeffreys", "hellinger", "total_variation"):
        error = found["computed_error"].max() + 1e-6
        np.testing.assert_allclose(found[name], exact[name], atol=error, rtol=1e-6, err_msg=name)
    for name in ("mean_1", "mean_error_2", "covariance_1_2", "covariance_error_2_2"):
        np.testing.assert_allclose(found[name], exact[name], atol=1e-12, err_msg=name)
    for name in ("mahalanobis_error", "covariance_distance"):
        np.testing.assert_allclose(found[name], exact[name], atol=1e-11, err_msg=name)
    np.testing.assert_allclose(found["critic_error"], exact["critic_error"], atol=1e-3)
    # Of the truth itself ln p/q is rounding.
    first, second = (one["critic_correlation"][1:] for one in (found, exact))
    np.testing.assert_allclose(first, second, atol=1e-6)
    # The population's worth lies within what 1,000 rows say of it, at 95 % each.
    for by in ("energy", "mmd"):
        low, high = found[f"worth_{by}_low"], found[f"worth_{by}_high"]
        # The first is the truth to rounding: it has no bound above.
        assert high[0] == np.inf
        within = (low <= exact[f"worth_{by}"]) & (exact[f"worth_{by}"] <= high)
        assert within[1:].all()
    # A Gaussian is one mode.
    assert found["modes_found"].tolist() == [1.0, 1.0, 1.0]
    assert found["mode_mass_1"][0] == pytest.approx(1 - np.exp(-4.5), abs=1e-6)
    assert found["kl_how"].tolist() == ["computed"] * 3
    assert set(exact) < set(found)


def test_a_linear_generator_against_a_mixture() -> None:
    """On one mode, on both as a wide cloud, and diverged."""
    rows = judge(
        made(
            [
                [(0.5 * np.eye(2), [3.0, 0.0])],
                [(np.diag([3.0, 0.5]), [0.0, 0.0])],
                [(np.diag([np.nan, 0.5]), [0.0, 0.0])],
            ],
            target=PAIR,
        ),
        permutations=0,
    )
    # One of two modes exactly: q/p = 2 wherever q is.
    assert rows["kl"][0] == pytest.approx(np.log(2), abs=1e-6)
    assert rows["total_variation"][0] == pytest.approx(0.5, abs=1e-6)
    jensen = 0.5 * np.log(4 / 3) + 0.5 * (0.5 * np.log(2 / 3) + 0.5 * np.log(2))
    assert rows["jensen_shannon"][0] == pytest.approx(jensen, abs=1e-6)
    assert rows["mode_mass_1"][0] == pytest.approx(0.0, abs=1e-6)
    assert rows["mode_mass_2"][0] == pytest.approx(1 - np.exp(-4.5), abs=1e-6)
    assert rows["modes_found"].tolist()[:2] == [1.0, 2.0]
    assert rows["modes_kept"][0] == 1.0
    assert rows["modes_lost"][0] == "mode 1 at (-3, 0)"
    assert rows["verdict"].tolist() == ["failed", rows["verdict"][1], "diverged"]
    assert rows["weight_1_1"].tolist()[:2] == [0.5, 3.0]
    diverged = rows.iloc[2]
    assert (diverged["cause"], diverged["kl_how"], diverged["worth_energy_how"]) == (
        "diverged",
        "computed",
        "sampled",
    )
    assert np.isnan([diverged["kl"], diverged["worth_energy"], diverged["modes_found"]]).all()


def test_worth_is_that_of_generated_rows_against_the_mixture_itself() -> None:
    gans = random_generators(2, target="ring8", generator_widths=(6,))
    rows = judge(gans, permutations=0, computed=0)
    target = MixtureTarget.ring()
    for r in range(2):
        found = worth(target, gans.generate(r, WORTH_ROWS))
        assert rows["worth_energy"][r] == found.value
        assert (rows["worth_energy_low"][r], rows["worth_energy_high"][r]) == (
            found.low,
            found.high,
        )
        assert rows["energy_distance"][r] == found.distance


def test_a_generator_that_is_right_converges_and_its_verdict_is_by_energy() -> None:
    gans = made(
        [identity(CHAPTER.A, CHAPTER.b)] * 5, generator_widths=(4,), generator_activation="relu"
    )
    rows = judge(gans, permutations=0, computed=0)
    assert set(rows["verdict"]) == {"converged"}
    assert set(rows["yardstick"]) == {"worth_energy"}
    assert set(rows["margin"]) == {58.0}
    strict = judge(gans, margins=Margins(worth=1e5), permutations=0, computed=0)
    assert set(strict["verdict"]) == {"could_not_tell"}


def test_only_the_first_replicates_are_computed_and_only_the_first_tested() -> None:
    gans = random_generators(3, target=PAIR, generator_widths=(4,), generator_activation="relu")
    rows = judge(gans, permutations=99, tested=1, computed=2)
    assert rows["kl_how"].tolist() == ["computed", "computed", ""]
    assert rows["kl"].isna().tolist() == [False, False, True]
    assert rows["mean_1"].isna().tolist() == [False, False, True]
    assert rows["mode_mass_2"].isna().tolist() == [False, False, True]
    for name in ("mmd_pvalue", "energy_pvalue", "mode_shares_pvalue", "log_density_pvalue"):
        assert rows[name].isna().tolist() == [False, True, True], name
    assert rows["worth_energy"].notna().all()
    assert rows["modes_kept"].notna().all()
    # The same numbers whatever else is asked for.
    alone = judge(gans, permutations=0, computed=0)
    same = ["worth_energy", "worth_mmd_low", "modes_kept", "high_quality_share", "verdict"]
    pd.testing.assert_frame_equal(rows[same], alone[same])


def test_the_rows_are_the_same_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    gans = random_generators(4, target=PAIR, generator_widths=(4,), generator_activation="relu")
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("GAN_EVAL_THREADS", threads)
        found.append(judge(gans, permutations=0))
    pd.testing.assert_frame_equal(*found, check_exact=True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"latent_size": 3, "target": "ring8"}, "maps 3 to 2"),
        (
            {"target": {"components": [{"mean": [0.0] * 3, "standard_deviation": 1.0}]}},
            "maps 2 to 3",
        ),
    ],
)
def test_where_distances_cannot_be_computed_the_row_says_why_once(settings, said) -> None:
    gans = random_generators(2, generator_widths=(5,), **settings)
    rows = judge(gans, permutations=99, tested=1)
    assert rows["not_measured"].str.endswith(said).all()
    assert rows["not_measured"].str.count("maps").tolist() == [1, 1]
    assert rows[["kl", "jensen_shannon", "modes_found"]].isna().all(axis=None)
    assert (rows["kl_how"] == "").all()
    assert rows["worth_energy"].notna().all()
    assert set(rows["verdict"]) <= {"failed", "near", "could_not_tell", "converged"}
    assert rows["energy_pvalue"].notna().tolist() == [True, False]


def test_a_generator_of_one_point_is_singular_and_infinitely_far() -> None:
    # relu of z − 100 is 0 but for a mass of 10⁻²⁰⁰⁰: one point.
    rows = judge(
        made(
            [[(np.eye(2), [-100.0, -100.0]), (np.eye(2), [3.0, 0.0])]],
            target=PAIR,
            generator_widths=(2,),
            generator_activation="relu",
        ),
        permutations=0,
    )
    assert rows["singular_mass"][0] == pytest.approx(1.0)
    assert rows["kl"][0] == np.inf
    assert rows["mode_mass_2"][0] == pytest.approx(1.0)
    assert rows["verdict"][0] == "failed"
    assert rows["total_variation"][0] == pytest.approx(1.0)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("target", ["ring8", "gaussian"])
@pytest.mark.parametrize("scale", [1e-100, 1e6, 1e160, 3e307])
def test_points_of_any_size_have_a_verdict(scale: float, target: str, activation: str) -> None:
    """No weight is infinite, so they have not diverged: they have failed, with a worth of 0."""
    settings = {"target": target} if target == "ring8" else {}
    gans = random_generators(
        1, scale=2.0, generator_widths=(3,), generator_activation=activation, **settings
    )
    gans = replace(gans, weights=gans.weights * scale, biases=gans.biases * scale)
    row = judge(gans, permutations=19).iloc[0]
    assert row["verdict"] == "failed"
    assert row["worth_energy"] < (1e-3 if scale > 1 else 10)
    computed = row["kl_how"] == "computed"
    assert (row["not_measured"] == "") == computed
    if activation == "relu":
        assert computed == (1e-60 < scale < 1e60)
    if computed:
        assert row["total_variation"] == pytest.approx(1, abs=1e-6)
        assert row["jensen_shannon"] == pytest.approx(np.log(2), abs=1e-5)


def test_columns_are_those_that_are_named_and_texts_are_never_missing() -> None:
    for target in ("ring8", PAIR, "chapter"):
        gans = random_generators(
            1,
            generator_widths=(3,),
            target={"preset": target} if isinstance(target, str) else target,
        )
        rows = judge(gans, permutations=0, computed=0)
        names = list(rows.columns)
        first, last = names.index("yardstick") + 1, names.index("loss_D")
        assert names[first:last] == columns(gans.config)
        pd.testing.assert_frame_equal(filled(rows), rows, check_dtype=False)
        assert without_closed_form(rows).all()
    plain = judge(made([[(CHAPTER.A, CHAPTER.b)]]), permutations=0)
    assert not without_closed_form(plain).any()


def test_rows_are_written_and_read_back_bit_for_bit(tmp_path: Path) -> None:
    gans = random_generators(3, target=PAIR, generator_widths=(4,), generator_activation="relu")
    rows = judge(gans, permutations=99, tested=1, computed=2)
    with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        write_csv(rows, file)
    pd.testing.assert_frame_equal(
        read_rows(tmp_path / "rows.csv"), rows, check_exact=True, check_dtype=False
    )


def test_computed_must_be_a_count() -> None:
    gans = random_generators(1, target=PAIR, generator_widths=(2,))
    with pytest.raises(UsageError, match="`computed` must be at least 0, got -1"):
        judge(gans, computed=-1)


def test_the_modes_that_are_computed_are_those_that_rows_show() -> None:
    gans = random_generators(
        3, scale=1.5, target="grid25", generator_widths=(8,), generator_activation="leaky_relu"
    )
    rows = judge(gans, permutations=0)
    target = MixtureTarget.grid()
    for r in range(3):
        drawn = gans.pushforward(r).sample(100_000, 5)
        apart = target.mahalanobis(drawn)
        near = apart.min(axis=1) <= 3
        shares = np.bincount(apart.argmin(axis=1)[near], minlength=25) / len(drawn)
        masses = rows.loc[r, [f"mode_mass_{k + 1}" for k in range(25)]].to_numpy(np.float64)
        # 75 counts: five standard errors are left once in twenty thousand runs.
        assert (np.abs(shares - masses) <= 5 * np.sqrt(masses / len(drawn)) + 1e-4).all()
        assert rows["high_quality_mass"][r] == pytest.approx(masses.sum(), abs=1e-9)


def test_real_rows_of_the_tests_are_those_of_the_mixture() -> None:
    config = TrainingConfig(target="ring8")
    real = evaluation_rows(config, 3, 200)
    assert (MixtureTarget.ring().mahalanobis(real).min(axis=1) < 6).all()
