"""Modes over seeds: means, shares and their intervals, diverged replicates counted as nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval.judging.answer import headline, learned
from gan_eval.judging.modes_summary import mean_interval, modes_summary
from gan_eval.judging.summary import summarise
from gan_eval.stats.shares import share_interval


def rows(found: list[float], **changes: Any) -> pd.DataFrame:
    """Rows of judge, as far as a summary reads them: 2 modes, of which each has so many."""
    n = len(found)
    masses = {1: [0.5] * n, 2: [0.4 if one == 2 else 0.0 for one in found]}
    frame = pd.DataFrame(
        {
            "config_hash": "a",
            "backend": "made",
            "device": "cpu",
            "seed": range(n),
            "verdict": "failed",
            "margin": 58.0,
            "near_margin": 11.5,
            "yardstick": "worth_energy",
            "kl": np.arange(n) / 10,
            "kl_reverse": np.inf,
            "jensen_shannon": 0.1,
            "total_variation": 0.4,
            "worth_energy": 5.0,
            "worth_energy_low": 4.0,
            "worth_energy_high": 6.5,
            "worth_energy_how": "sampled",
            "worth_mmd": 7.0,
            "worth_kl": np.nan,
            "efficiency": np.nan,
            "samples_to_detect": np.nan,
            "loss_D": 0.6,
            "loss_G": 0.7,
            "examples_per_second": 10.0,
            "chapter_examples_per_second": np.nan,
            "kl_how": "computed",
            "computed_error": 1e-7,
            "modes_found": found,
            "high_quality_mass": [0.5 + mass for mass in masses[2]],
            "mode_mass_1": masses[1],
            "mode_mass_2": masses[2],
        }
    )
    return frame.assign(**changes)


def diverged(frame: pd.DataFrame, at: int) -> pd.DataFrame:
    """Let a replicate diverge: it has no numbers."""
    numbers = ["kl", "jensen_shannon", "worth_energy", "modes_found", "high_quality_mass"]
    frame.loc[at, [*numbers, "mode_mass_1", "mode_mass_2"]] = np.nan
    frame.loc[at, "verdict"] = "diverged"
    return frame


def test_means_are_over_the_computed_replicates_and_diverged_ones_have_nothing() -> None:
    frame = diverged(rows([2.0, 1.0, 2.0, 2.0, 1.0, 2.0, 1.0, 2.0]), 0)
    frame.loc[7, ["kl_how"]] = ""
    frame.loc[7, ["kl", "modes_found", "mode_mass_1", "mode_mass_2"]] = np.nan
    found = modes_summary(frame)
    assert found["computed"] == 7
    values = np.array([0, 1, 2, 2, 1, 2, 1.0])
    assert found["modes_found_mean"] == pytest.approx(values.mean())
    half = 2.4469118511 * values.std(ddof=1) / np.sqrt(7)  # Student's t, 6 degrees, 0.975
    assert found["modes_found_mean_low"] == pytest.approx(values.mean() - half)
    assert found["modes_found_mean_high"] == pytest.approx(min(values.mean() + half, 2))
    assert found["mode_mass_1_mean"] == pytest.approx(0.5 * 6 / 7)
    assert found["mode_mass_2_mean"] == pytest.approx(0.4 * 3 / 7)
    assert found["high_quality_mass_mean"] == pytest.approx((0.5 * 6 + 0.4 * 3) / 7)
    assert found["all_modes_share"] == pytest.approx(3 / 7)
    ends = found["all_modes_share_low"], found["all_modes_share_high"]
    assert ends == share_interval(3, 7)


def test_a_summary_has_medians_with_diverged_replicates_at_the_worst() -> None:
    frame = diverged(rows([2.0] * 5), 0)
    cell = summarise(frame).iloc[0]
    # KL of the others: 0.1 … 0.4, and ∞.
    assert cell["kl"] == pytest.approx(0.3)
    assert cell["jensen_shannon"] == pytest.approx(0.1)
    assert cell["worth_energy"] == 5.0
    assert (cell["could_not_tell"], cell["diverged"], cell["failed"]) == (0, 1, 4)
    assert np.isnan(cell["worth_kl"])
    # No narrower than the typical replicate's own.
    assert cell["worth_energy_low"] <= 4.0
    assert cell["worth_energy_high"] >= 6.5


def test_cells_with_and_without_a_closed_form_stand_in_one_summary() -> None:
    first = rows([2.0, 1.0]).assign(configuration="ring")
    second = rows([2.0, 1.0]).assign(configuration="line", worth_kl=3.0, efficiency=0.1)
    second = second.drop(columns=["modes_found", "mode_mass_1", "kl_how", "worth_energy_how"])
    second["computed_error"] = np.nan
    found = summarise(pd.concat([first, second], ignore_index=True)).set_index("configuration")
    assert found.loc["line", "worth_kl"] == 3.0
    assert pd.isna(found["modes_found_mean"]["line"])
    assert pd.isna(found["worth_kl"]["ring"])
    assert found.loc["ring", "modes_found_mean"] == 1.5
    assert found["could_not_tell"].tolist() == [0, 0]


def test_where_nothing_is_computed_there_is_no_number() -> None:
    frame = rows([np.nan] * 3, kl_how="", mode_mass_1=np.nan, mode_mass_2=np.nan)
    found = modes_summary(frame.assign(kl=np.nan, high_quality_mass=np.nan))
    assert found["computed"] == 0
    assert np.isnan([found["modes_found_mean"], found["all_modes_share"]]).all()
    cell = summarise(frame.assign(kl=np.nan)).iloc[0]
    assert np.isnan(cell["kl"])
    assert cell["worth_energy"] == 5.0


def test_an_interval_of_a_mean_covers_it() -> None:
    # Modes found of 8, 20 seeds each: 1,000 intervals at 95 %, fewer than 922 of which cover with
    # probability below 10⁻⁴ at their level.
    rng = np.random.default_rng(0)
    drawn = rng.binomial(8, 0.8, size=(1000, 20))
    covered = sum(low <= 6.4 <= high for low, high in (mean_interval(one, 8.0) for one in drawn))
    assert covered >= 922


def test_values_that_are_all_equal_do_not_make_an_interval_of_no_width() -> None:
    low, high = mean_interval([1.0] * 10, 8.0)
    same = share_interval(10, 10)[0]
    assert (low, high) == (pytest.approx(same), pytest.approx(1 + 7 * (1 - same)))
    assert mean_interval([3.0], 8.0) == (0.0, 8.0)


def test_the_headline_is_by_energy() -> None:
    frame = rows([2.0] * 8)
    assert learned(frame).by == "energy distance"
    assert learned(frame).worth == 5.0
    assert headline(frame, 1000).startswith("No, as far as 8 trainings can tell")


def test_of_a_gaussian_target_no_modes_are_counted() -> None:
    frame = rows([1.0, 1.0, 0.0, 1.0]).drop(columns="mode_mass_2")
    found = modes_summary(frame)
    assert np.isnan([found["modes_found_mean"], found["modes_found_mean_low"]]).all()
    assert np.isnan([found["all_modes_share"], found["all_modes_share_high"]]).all()
    assert found["mode_mass_1_mean"] == 0.5
