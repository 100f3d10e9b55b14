"""The judge: known laws in, known rows out; a diverged replicate keeps its row."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval.distributions import divergences
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.likelihood_ratio import worth_kl
from gan_eval.distributions.target import GaussianTarget
from gan_eval.judging.judge import epochs, judge
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.battery.battery import battery
from gan_eval.stats.battery.catalogue import TESTS
from gan_eval.training import draws
from gan_eval.training.config import Margins, TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.trained import TrainedGANs

CHAPTER = GaussianTarget.chapter()


def made(
    laws: Sequence[tuple[Any, Any]], critic: Sequence[Layer] | None = None, **settings: Any
) -> TrainedGANs:
    """Replicates whose generators were not trained but given, as (weight, bias)."""
    config = TrainingConfig.parse({"epochs": 1} | settings)
    R = len(laws)
    W = np.array([law[0] for law in laws], dtype=float)
    b = np.array([law[1] for law in laws], dtype=float)
    layers = critic or draws.initial_layers(0, (2, 2), config.discriminator_sizes, scale=1.0)[1]
    return TrainedGANs(
        config=config,
        backend="made",
        device="cpu",
        seeds=np.arange(R),
        weights=np.repeat(W[:, None], 2, axis=1),
        biases=np.repeat(b[:, None], 2, axis=1),
        discriminator=[Layer(np.array([w] * R), np.array([v] * R)) for w, v in layers],
        loss_D=np.full((R, 1), np.log(2)),
        loss_G=np.full((R, 1), np.log(2)),
        seconds=np.full((R, 1), 0.5),
        chapter_seconds=np.full((R, 1), np.nan),
    )


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Exact truth, a rotated factor of it, a shift, a wrong covariance, a singular law, NaN."""
    A, b = CHAPTER.A, CHAPTER.b
    rotation = np.array([[0.0, 1.0], [-1.0, 0.0]])
    return judge(
        made(
            [
                (A, b),
                (rotation @ A, b),
                (A, b + np.array([0.5, 0.0])),
                (2 * A, b),
                ([[1.0, 2.0], [0.0, 0.0]], b),
                (A, [np.nan, 0.0]),
                (A, [np.inf, 0.0]),
            ]
        ),
        permutations=199,
    )


def test_one_row_a_replicate_in_order_with_its_verdict(rows: pd.DataFrame) -> None:
    assert rows["seed"].tolist() == list(range(7))
    assert rows["verdict"].tolist() == [
        "converged",
        "converged",
        "failed",
        "failed",
        "failed",
        "diverged",
        "diverged",
    ]


def test_the_truth_is_at_distance_zero_whatever_its_factor(rows: pd.DataFrame) -> None:
    for name in ("kl", "jeffreys", "hellinger", "bures_wasserstein", "total_variation"):
        assert rows[name][:2].abs().max() < 1e-6
    assert (rows["worth_kl"][:2] > 1e6).all()
    assert (rows["samples_to_detect"][:2] > 1e6).all()


def test_jeffreys_is_the_sum_of_both_kl(rows: pd.DataFrame) -> None:
    for end in ("", "_rows"):
        both = rows[f"kl{end}"] + rows[f"kl_reverse{end}"]
        np.testing.assert_array_equal(rows[f"jeffreys{end}"], both)


def test_moments_are_named_by_their_entries(rows: pd.DataFrame) -> None:
    assert rows["mean_1"][2] == pytest.approx(1.5)
    assert rows["mean_error_1"][2] == pytest.approx(0.5)
    assert rows["covariance_1_2"][3] == pytest.approx(4 * 1.95)
    assert rows["covariance_error_2_2"][3] == pytest.approx(3 * 4.25)
    assert "covariance_2_1" not in rows
    np.testing.assert_allclose(
        rows.loc[0, ["weight_1_1", "weight_1_2", "weight_2_1", "weight_2_2"]].astype(float),
        CHAPTER.A.ravel(),
    )


def test_distances_are_those_of_the_closed_forms(rows: pd.DataFrame) -> None:
    # 2A scales every whitened direction by 2: KL = Σ ½(4 − 1 − ln 4), and ln 4 twice.
    assert rows["kl"][3] == pytest.approx(3 - np.log(4))
    assert rows["covariance_distance"][3] == pytest.approx(np.sqrt(2) * np.log(4))
    shift = CHAPTER.whiten(CHAPTER.b[None] + np.array([0.5, 0.0]))[0]
    assert rows["mahalanobis_error"][2] == pytest.approx(np.linalg.norm(shift))
    assert rows["kl"][2] == pytest.approx(shift @ shift / 2)
    assert rows["kl"][4] == np.inf
    assert rows["worth_kl"][4] == pytest.approx(2)
    assert rows["worth_kl"][3] == pytest.approx(float(worth_kl(rows["kl"][3], 2)))
    assert (rows["efficiency"] == rows["worth_kl"] / 1000)[:5].all()


def test_the_other_truth_is_the_fit_to_the_rows_that_were_seen(rows: pd.DataFrame) -> None:
    trained = made([(CHAPTER.A, CHAPTER.b)])
    seen = trained.training_rows(0)
    fit = Gaussian.from_moments(seen.mean(axis=0), np.cov(seen.T, bias=True))
    assert rows["kl_rows"][0] == pytest.approx(float(divergences.kl(CHAPTER.law, fit)), rel=1e-9)
    assert rows["kl_rows"][0] > 0
    own = judge(made([(fit.factor, fit.mean)]), permutations=0)
    assert own["kl_rows"][0] < 1e-9 < own["kl"][0]


def test_a_diverged_replicate_keeps_its_row_without_numbers(rows: pd.DataFrame) -> None:
    for name in ("kl", "worth_kl", "critic_correlation", "mmd_pvalue"):
        assert rows[name][5:].isna().all(), name
        assert rows[name][2:4].notna().all(), name


def test_a_wrong_law_is_rejected_and_the_truth_is_not(rows: pd.DataFrame) -> None:
    assert rows["mmd_pvalue"][0] > 0.05
    assert rows["mmd_pvalue"][3] == rows["energy_pvalue"][3] == 1 / 200


def test_the_critic_is_held_against_the_log_ratio() -> None:
    # A linear critic can be ln p/q exactly where q is p shifted: ln p/q is linear then.
    b = CHAPTER.b + np.array([0.5, 0.2])
    shift = CHAPTER.whiten(b[None])[0]
    slope = -np.linalg.solve(CHAPTER.A, shift)
    offset = shift @ shift / 2 - slope @ CHAPTER.b
    exact = Layer(slope[:, None], np.array([offset]))
    dead = Layer(np.zeros((2, 1)), np.zeros(1))
    found = {
        name: judge(made([(CHAPTER.A, b)], [layer], discriminator_widths=[]), permutations=0).iloc[
            0
        ]
        for name, layer in (
            ("exact", exact),
            ("opposite", Layer(-exact.weight, exact.bias)),
            ("dead", dead),
        )
    }
    assert found["exact"]["critic_correlation"] == pytest.approx(1)
    assert found["exact"]["critic_error"] == pytest.approx(0, abs=1e-9)
    assert found["opposite"]["critic_correlation"] == pytest.approx(-1)
    assert np.isnan(found["dead"]["critic_correlation"])
    assert found["dead"]["critic_error"] > 0.1


def test_margins_move_the_verdict() -> None:
    trained = made([(1.2 * CHAPTER.A, CHAPTER.b)])
    kl = float(judge(trained, permutations=0)["kl"][0])
    for margins, verdict in (
        (Margins(converged=1.01 * kl, near=2 * kl), "converged"),
        (Margins(converged=0.99 * kl, near=1.01 * kl), "near"),
        (Margins(converged=0.5 * kl, near=0.99 * kl), "failed"),
    ):
        assert judge(trained, margins=margins, permutations=0)["verdict"][0] == verdict


def test_judging_again_gives_the_same_rows(rows: pd.DataFrame) -> None:
    trained = made([(CHAPTER.A, CHAPTER.b), (2 * CHAPTER.A, CHAPTER.b)])
    pd.testing.assert_frame_equal(judge(trained, permutations=99), judge(trained, permutations=99))


def test_replicates_are_judged_alike_together_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    laws: list[Any] = [
        (CHAPTER.A * (1 + 0.2 * rng.standard_normal((2, 2))), CHAPTER.b + 0.1 * r) for r in range(9)
    ]
    laws[4] = (CHAPTER.A, [np.nan, 0.0])
    trained = made(laws)
    together = judge(trained, permutations=0)
    monkeypatch.setattr("gan_eval.judging.closed_form._TOGETHER", 2)
    monkeypatch.setattr("gan_eval.judging.evaluation._TOGETHER", 1)
    monkeypatch.setenv("GAN_EVAL_THREADS", "1")
    in_parts = judge(trained, permutations=0)
    pd.testing.assert_frame_equal(in_parts, together, rtol=1e-12, atol=0)
    monkeypatch.setenv("GAN_EVAL_THREADS", "3")
    pd.testing.assert_frame_equal(judge(trained, permutations=0), in_parts, check_exact=True)
    alone = pd.concat([judge(trained.take(slice(r, r + 1)), permutations=0) for r in range(9)])
    pd.testing.assert_frame_equal(alone.reset_index(drop=True), together, rtol=1e-12, atol=0)


def test_only_the_first_replicates_are_tested() -> None:
    laws = [(CHAPTER.A, CHAPTER.b), (CHAPTER.A, [np.nan, 0.0]), *[(2 * CHAPTER.A, CHAPTER.b)] * 3]
    trained = made(laws)
    every = judge(trained, permutations=19)
    some = judge(trained, permutations=19, tested=3)
    tests = ["mmd_statistic", "mmd_pvalue", "energy_statistic", "energy_pvalue"]
    assert every[tests].notna().all(axis=1).tolist() == [True, False, True, True, True]
    assert some[tests].isna().all(axis=1).tolist() == [False, True, False, True, True]
    # Those that are tested have what they would have had, bit for bit.
    pd.testing.assert_frame_equal(some[tests][:3], every[tests][:3], check_exact=True)
    pd.testing.assert_frame_equal(some.drop(columns=tests), every.drop(columns=tests))
    assert judge(trained, permutations=19, tested=0)[tests].isna().all(axis=None)
    pd.testing.assert_frame_equal(judge(trained, permutations=19, tested=99), every)
    with pytest.raises(UsageError, match="did you mean `mmd`"):
        judge(trained, tests=["mdm"])
    with pytest.raises(UsageError, match="tested"):
        judge(trained, tested=-1)


def test_the_tests_that_are_named_are_those_of_the_battery_whichever_others_are_run() -> None:
    trained = made([(CHAPTER.A, CHAPTER.b), (CHAPTER.A, CHAPTER.b + np.array([0.0, 0.5]))])
    row = judge(trained, permutations=199, n_evaluation=100, tests=list(TESTS)).iloc[1]
    real = CHAPTER.transform(draws.evaluation_real(1, 100, 2))
    expected = battery(
        trained.generate(1, 100),
        real,
        target=CHAPTER,
        tests=list(TESTS),
        permutations=199,
        rng=draws.permutation_tests(1),
    )
    for name, result in expected.results.items():
        assert row[f"{name}_statistic"] == result.statistic, name
        assert row[f"{name}_pvalue"] == result.pvalue, name
    # A shift of half a unit is for all but the test of covariances to see.
    seen = [name for name in TESTS if row[f"{name}_pvalue"] <= 0.05]
    assert set(seen) >= {"likelihood_ratio", "hotelling", "mmd", "energy"}
    alone = judge(trained, permutations=199, n_evaluation=100, tests=["energy"]).iloc[1]
    assert alone["energy_pvalue"] == row["energy_pvalue"]
    assert [name for name in alone.index if name.endswith("_pvalue")] == ["energy_pvalue"]


def test_a_test_that_cannot_be_computed_has_no_pvalue() -> None:
    """The likelihood ratio of fewer rows than columns, and any test of rows beyond its limit."""
    many = {"target": {"A": np.eye(12).tolist(), "b": [0.0] * 12}, "latent_size": 12}
    layers = draws.initial_layers(0, (12, 12), (12, 5, 3, 1), scale=1.0)[1]
    trained = made([(np.eye(12), np.zeros(12))], layers, **many)
    rows = judge(trained, permutations=19, n_evaluation=10, tests=["likelihood_ratio", "mmd"])
    assert rows["likelihood_ratio_pvalue"].isna().all()
    assert rows["mmd_pvalue"].between(1 / 20, 1).all()
    huge = judge(made([(1e200 * CHAPTER.A, CHAPTER.b)]), permutations=19, n_evaluation=20)
    assert huge[["mmd_statistic", "mmd_pvalue", "energy_pvalue"]].isna().all(axis=None)


def test_epochs_hold_the_start_and_every_end() -> None:
    trained = made([(CHAPTER.A, CHAPTER.b), (2 * CHAPTER.A, CHAPTER.b)])
    frame = epochs(trained)
    assert frame["epoch"].tolist() == [0, 1, 0, 1]
    assert frame["loss_D"].isna().tolist() == [True, False, True, False]
    assert frame["kl"][3] == pytest.approx(3 - np.log(4))
    assert frame["covariance_1_2"][3] == pytest.approx(4 * 1.95)


def test_epochs_of_a_sparse_history_are_those_that_were_traced() -> None:
    whole = replace(
        made([(CHAPTER.A, CHAPTER.b), (2 * CHAPTER.A, CHAPTER.b)], epochs=4),
        weights=np.arange(40.0).reshape(2, 5, 2, 2),
        biases=np.arange(20.0).reshape(2, 5, 2),
        loss_D=np.arange(8.0).reshape(2, 4),
        loss_G=-np.arange(8.0).reshape(2, 4),
        seconds=np.arange(1.0, 9.0).reshape(2, 4),
        chapter_seconds=np.full((2, 4), np.nan),
    )
    kept = np.array([0, 3, 4])
    sparse = replace(
        whole,
        weights=whole.weights[:, kept],
        biases=whole.biases[:, kept],
        loss_D=whole.loss_D[:, kept[1:] - 1],
        loss_G=whole.loss_G[:, kept[1:] - 1],
        kept_epochs=kept,
    )
    every = epochs(whole)
    expected = every.loc[every["epoch"].isin(kept)].reset_index(drop=True)
    pd.testing.assert_frame_equal(epochs(sparse), expected)


@pytest.mark.parametrize("d", [1, 3])
def test_other_dimensions_have_their_columns(d: int) -> None:
    A = np.tril(np.ones((d, d)))
    frame = judge(
        made(
            [(A, np.ones(d))],
            [Layer(np.ones((d, 1)), np.zeros(1))],
            latent_size=d,
            discriminator_widths=[],
            target={"A": A.tolist(), "b": [1.0] * d},
        ),
        permutations=19,
    )
    assert frame["verdict"][0] == "converged"
    assert f"covariance_{d}_{d}" in frame
    assert frame.shape[0] == 1
