"""A verdict is an equivalence claim: what the interval does not settle is not told."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval import Margins
from gan_eval.judging.generators.verdict import verdict_of
from gan_eval.training.config import ENERGY_CONVERGED, ENERGY_NEAR


def by_energy(value: float, low: float, high: float, margins: Margins | None = None) -> str:
    ends = {"worth_energy": value, "worth_energy_low": low, "worth_energy_high": high}
    return verdict_of(ends, margins or Margins(worth=50, near_worth=10))["verdict"]


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (80, 50, 200, "converged"),
        (np.inf, 60, np.inf, "converged"),
        (80, 49, 200, "could_not_tell"),
        (np.inf, 49, np.inf, "could_not_tell"),
        (30, 20, 49, "near"),
        (12, 8, 20, "near"),
        (8, 5, 12, "failed"),
        (np.nan, np.nan, np.nan, "could_not_tell"),
    ],
)
def test_energy_decides_by_its_interval(
    value: float, low: float, high: float, verdict: str
) -> None:
    assert by_energy(value, low, high) == verdict


def test_exact_kl_decides_where_it_is_known() -> None:
    row = {"kl": 0.05, "kl_how": "exact", "worth_kl": 40.0}
    row |= {"worth_energy": 5.0, "worth_energy_low": 4.0, "worth_energy_high": 6.0}
    found = verdict_of(row, Margins())
    assert (found["verdict"], found["yardstick"], found["margin"]) == ("converged", "kl", 0.1)
    found = verdict_of(row, Margins(worth=41))
    assert (found["verdict"], found["yardstick"], found["margin"]) == ("near", "worth_kl", 41)
    found = verdict_of(row, Margins(yardstick="energy"))
    assert (found["verdict"], found["yardstick"]) == ("failed", "worth_energy")
    assert (found["margin"], found["near_margin"]) == (ENERGY_CONVERGED, ENERGY_NEAR)
    sampled = row | {"kl_how": ""}
    assert verdict_of(sampled, Margins())["yardstick"] == "worth_energy"


def test_what_has_no_rows_has_no_result() -> None:
    assert verdict_of({}, Margins(), failure="it raised")["verdict"] == "no_result"
    assert verdict_of({}, Margins(), failure="NaN", diverged=True)["verdict"] == "diverged"
