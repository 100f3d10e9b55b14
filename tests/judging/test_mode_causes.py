"""What is wrong with a generator's modes: planted errors have their names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gan_eval as ge
from gan_eval.judging.causes import sentence
from gan_eval.judging.mode_causes import MODE_CAUSES, masses_of, mode_cause, mode_sentence
from tests.judging.computed.made import made

MODES = ge.MixtureTarget.ring().modes
DUE = MODES.expected
PAIR = {
    "components": [
        {"mean": [-3.0, 0.0], "standard_deviation": 0.5, "weight": 0.5},
        {"mean": [3.0, 0.0], "standard_deviation": 0.5, "weight": 0.5},
    ]
}


def row(masses: Any, name: str = "mode_mass") -> dict[str, Any]:
    return {f"{name}_{k + 1}": mass for k, mass in enumerate(masses)}


def test_masses_have_the_causes_that_they_were_made_with() -> None:
    on_one = np.eye(8)[2] * DUE.sum()
    without_two = np.where(np.arange(8) < 2, 0.0, DUE * 8 / 6)
    uneven = DUE * np.where(np.arange(8) < 4, 1.5, 0.5)
    for masses, cause in (
        (on_one, "lost modes"),
        (without_two, "lost modes"),
        (uneven, "uneven modes"),
        (DUE * 0.4, "off the modes"),
        (DUE * 0.05, "off the modes"),
        (np.zeros(8), "off the modes"),
        (DUE, "wrong shape"),
        (DUE * 0.96, "wrong shape"),
    ):
        assert mode_cause(row(masses), MODES) == cause
        assert mode_cause(row(masses, "mode_share"), MODES) == cause


@pytest.mark.parametrize("kept", [0.05, 0.2, 0.8])
def test_the_cause_is_where_more_of_the_missing_mass_lies(kept: float) -> None:
    """One mode is gone; a part of its mass lies on another, the rest on none."""
    masses = DUE.copy()
    masses[0], masses[1] = 0.0, DUE[1] + kept * DUE[0]
    assert mode_cause(row(masses), MODES) == ("lost modes" if kept > 0.5 else "off the modes")
    # It is lost either way, and the sentence says so.
    said = mode_sentence(row(masses) | {"cause": mode_cause(row(masses), MODES)}, MODES)
    assert "lost 1 of 8 modes (1)" in said


def test_masses_are_computed_else_counted_else_unknown() -> None:
    computed, counted = row(DUE), row(np.zeros(8), "mode_share")
    found = masses_of(computed | counted, 8)
    assert found is not None
    np.testing.assert_array_equal(found, DUE)
    found = masses_of(row(np.full(8, np.nan)) | counted, 8)
    assert found is not None
    assert not found.any()
    assert masses_of({}, 8) is None
    assert mode_cause({}, MODES) == ""
    assert mode_cause({"worth_energy": 0.0}, MODES) == "off the modes"


def test_rows_of_known_generators_have_their_causes() -> None:
    """On one mode, between the two, wide over both, and diverged."""
    laws = [
        (0.5 * np.eye(2), [3.0, 0.0]),
        (0.3 * np.eye(2), [0.0, 0.0]),
        (np.diag([8.0, 8.0]), [0.0, 0.0]),
        (np.diag([np.nan, 0.5]), [0.0, 0.0]),
    ]
    for computed in (0, 4):
        gans = made([[law] for law in laws], target=PAIR)
        rows = ge.judge(gans, permutations=0, computed=computed)
        assert rows["cause"].tolist() == [
            "lost modes",
            "off the modes",
            "off the modes",
            "diverged",
        ]
        said = [sentence(one, gans.config) for one in rows.to_dict("records")]
        assert "1 of 2 modes (1)" in said[0]
        assert "2 of 2 modes" in said[1]
        assert "lost" in said[2]  # either mode has a thirtieth of its mass
        assert all(said)


def test_a_generator_that_is_right_or_has_one_mode_to_meet_has_no_cause() -> None:
    """Of a Gaussian target the modes say nothing, however wrong the generator is."""
    split = np.array([[1.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, -1.0]])
    curved = [(split, np.zeros(4)), (9 * split.T, np.zeros(2))]
    gans = made([curved], generator_widths=(4,), generator_activation="relu")
    rows = ge.judge(gans, permutations=0)
    assert (rows["verdict"][0], rows["cause"][0]) == ("failed", "")
    assert sentence(rows.iloc[0].to_dict(), gans.config) == ""


def test_every_cause_has_a_sentence() -> None:
    for cause in MODE_CAUSES:
        assert "{" not in mode_sentence(row(DUE) | {"cause": cause}, MODES)
