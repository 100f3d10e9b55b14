"""Epochs of trainings without a closed form: known generators in, known worth and modes out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.judging.computed.epochs import MOST_EPOCHS, ROWS, columns
from gan_eval.judging.judge import epochs
from gan_eval.stats.worth import worth

from .made import made, random_generators

RING = MixtureTarget.ring()
ON_ONE = [(np.diag([0.01, 0.01]), [1.0, 0.0])]
"""A linear generator that is the ring's first mode."""


def test_a_mode_is_found_and_its_worth_is_that_of_the_same_rows() -> None:
    gans = made([ON_ONE], target="ring8")
    found = epochs(gans)
    assert found["modes_found"].tolist() == [1.0, 1.0, 1.0]
    # P(χ²₂ ≤ 9) = 0.989 of the rows.
    assert found["high_quality_share"][0] == pytest.approx(0.989, abs=0.03)
    assert found["mode_share_1"][0] == found["high_quality_share"][0]
    assert (found[[f"mode_share_{k}" for k in range(2, 9)]] == 0).all(axis=None)
    direct = worth(RING, gans.generate(0, ROWS))
    assert found["energy_distance"][2] == pytest.approx(direct.distance, rel=1e-9)
    assert found["worth_energy"][2] == pytest.approx(direct.value, rel=1e-9)
    assert found["kl"].isna().all()
    # Its moments are known: it is linear.
    assert found["mean_1"].tolist() == [1.0, 1.0, 1.0]


def test_a_gaussian_is_one_mode_in_the_coordinates_of_the_target() -> None:
    target = GaussianTarget.chapter()
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(2, 3)), np.zeros(3)), (rng.normal(size=(3, 2)), target.b)]
    gans = made([layers], generator_widths=(3,), generator_activation="relu")
    found = epochs(gans)
    direct = worth(target, gans.generate(0, ROWS))
    assert found["energy_distance"][0] == pytest.approx(direct.distance, rel=1e-9)
    assert columns(gans.config)[-1] == "mode_share_1"
    assert found[["mean_1", "covariance_1_2"]].isna().all(axis=None)


def test_of_long_trainings_so_many_epochs_are_measured_the_ends_among_them() -> None:
    gans = random_generators(2, target="ring8", generator_widths=(3,), epochs=50)
    found = epochs(gans).groupby("seed")["worth_energy"].apply(lambda x: x.notna().to_numpy())
    for measured in found:
        assert measured.sum() == MOST_EPOCHS
        assert (measured[0], measured[-1], measured.size) == (True, True, 51)
        assert np.ptp(np.diff(np.flatnonzero(measured))) <= 1


def test_a_replicate_that_diverges_has_no_measure_from_there_on() -> None:
    gans = random_generators(2, target="ring8", generator_widths=(3,))
    biases = gans.biases.copy()
    biases[1, 2:] = np.nan
    found = epochs(replace(gans, biases=biases))
    measured = found["worth_energy"].notna().tolist()
    assert measured == [True, True, True, True, True, False]


def test_epochs_of_a_closed_form_have_no_such_column() -> None:
    target = GaussianTarget.chapter()
    found = epochs(made([[(target.A, target.b)]]))
    assert not set(found) & {"worth_energy", "modes_found", "mode_share_1"}
    assert isinstance(found, pd.DataFrame)
    assert (found["kl"].abs() < 1e-12).all()
