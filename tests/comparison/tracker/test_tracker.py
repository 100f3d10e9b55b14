"""A training followed: what is logged, what is refused, and what is said of it."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gan_eval as ge
from gan_eval.comparison.tracker import Tracker
from gan_eval.comparison.tracker import real as real_module
from gan_eval.comparison.tracker import tracker as tracker_module
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.worth import worth

REAL = np.random.default_rng(0).normal([1.0, 2.0], [1.0, 3.0], size=(1500, 2))


def rows(seed: int, n: int = 300, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng([seed, 1]).normal([1.0 + shift, 2.0], [1.0, 3.0], size=(n, 2))


def test_a_checkpoint_is_worth_what_worth_says() -> None:
    tracker = ge.Tracker(REAL, betting=0)
    logged = tracker.log(1, rows(1, shift=0.4))
    exact = worth(REAL, rows(1, shift=0.4))
    assert logged["gan_eval/worth_energy"] == pytest.approx(exact.value, rel=0.1)
    assert logged["gan_eval/worth_energy_low"] == pytest.approx(exact.low, rel=0.1)
    assert logged["gan_eval/worth_energy_high"] == pytest.approx(exact.high, rel=0.15)
    assert logged["gan_eval/energy_distance"] == pytest.approx(exact.distance, rel=0.1)
    assert all(type(value) is float for value in logged.values())
    by_mmd = worth(REAL, rows(1, shift=0.4), by="mmd")
    assert tracker.frame["worth_mmd"][0] == pytest.approx(by_mmd.value, rel=0.1)
    assert logged["gan_eval/mmd2"] == pytest.approx(by_mmd.distance, rel=0.1)


def test_the_best_of_a_training_that_overshoots() -> None:
    tracker = Tracker(REAL)
    for step, shift in enumerate([2.0, 1.0, 0.5, 0.0, 0.5, 1.0]):
        tracker.log(step, rows(step, shift=shift))
    assert tracker.best().step == 3
    assert tracker.best().not_told_apart == (3,)
    assert list(tracker.frame["step"]) == [0, 1, 2, 3, 4, 5]
    assert len(tracker) == 6


def test_a_generator_that_is_far_off_is_measured_by_pairs() -> None:
    """Features end at some thousand times the spread; distances do not."""
    tracker = Tracker(REAL)
    logged = tracker.log(1, rows(1) + np.array([1e6, 0.0]))
    assert logged["gan_eval/energy_distance"] == pytest.approx(2e6, rel=0.05)
    logged = tracker.log(2, rows(1) + np.array([1e12, 0.0]))
    assert logged["gan_eval/energy_distance"] == pytest.approx(2e12, rel=0.05)


def test_rows_that_are_none_are_logged_as_such() -> None:
    tracker = Tracker(REAL)
    logged = tracker.log(1, np.full((50, 2), np.nan))
    assert all(np.isnan(value) for value in logged.values())
    assert tracker.frame["note"][0] == "50 of 50 rows have NaN in column x1"
    assert repr(tracker).endswith("step 1, has no result: 50 of 50 rows have NaN in column x1.")
    with pytest.raises(UsageError, match="no checkpoint with a result was logged"):
        tracker.best()
    with pytest.raises(UsageError, match="no checkpoint with a result was logged"):
        tracker.plot()
    tracker.log(2, rows(2))
    tracker.log(3, np.full((50, 2), np.inf))
    assert tracker.best().step == 2
    assert "The last, step 3, has no result: column x1 holds infinite values" in repr(tracker)


@pytest.mark.parametrize(
    ("step", "samples", "said"),
    [
        (7, REAL, "`step` must be another than those logged, got 7 again"),
        (True, REAL, "`step` must be a finite number, got True"),
        ("8", REAL, "`step` must be a finite number, got '8'"),
        (8, REAL[:3], "`samples` must have at least 4 rows, got 3"),
        (8, REAL[:, :1], "`samples` must have the 2 columns of the real rows, got 1"),
        (8, 3.0, "`samples` must be an array, a DataFrame or the path of a file"),
    ],
)
def test_what_is_refused_is_not_logged(step: object, samples: object, said: str) -> None:
    tracker = Tracker(REAL)
    tracker.log(7, rows(0))
    with pytest.raises(UsageError, match=said):
        tracker.log(step, samples)  # type: ignore[arg-type]
    assert len(tracker) == 1
    tracker.log(2, rows(1))  # an earlier step may come later


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"real": REAL[:3]}, "`real` must have at least 4 rows, got 3"),
        ({"real": REAL, "holdout": REAL[:3]}, "`holdout` must have at least 4 rows, got 3"),
        ({"real": REAL, "holdout": REAL * np.nan}, "`holdout` cannot be compared with the other"),
        ({"real": None}, "a tracker needs `real` rows, or a `target`"),
        ({"real": REAL, "betting": 1.5}, "`betting` must be above 0 and below 1"),
        ({"real": REAL[:, :1], "target": "ring8"}, "`target` has 2 coordinates, but the real rows"),
        ({"real": REAL, "target": "ring9"}, "ring8"),
        ({"real": REAL, "alpha": 2}, "`alpha` must be above 0 and below 1"),
        ({"real": REAL, "seed": -1}, "`seed` must be a whole number of at least 0"),
        ({"real": REAL, "sed": 1}, "did you mean `seed`"),
        ({"real": np.zeros((9, 1))}, "no column can be compared"),
    ],
)
def test_arguments_that_cannot_be_used(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Tracker(**arguments)  # type: ignore[arg-type]


def test_real_rows_are_files_frames_and_targets(tmp_path: Path) -> None:
    frame = pd.DataFrame(REAL, columns=["a", "b"])
    frame.to_csv(tmp_path / "real.csv", index=False)
    expected = Tracker(REAL).log(1, rows(1, shift=0.3))
    for real in (frame, tmp_path / "real.csv", str(tmp_path / "real.csv")):
        found = Tracker(real).log(1, rows(1, shift=0.3))
        assert found == pytest.approx(expected, rel=1e-6)
    one = Tracker(frame, columns=["b"]).log(1, rows(1, shift=5.0)[:, 1])
    assert one["gan_eval/worth_energy_high"] == np.inf
    tracker = Tracker(ge.GaussianTarget.chapter())
    assert tracker.rows == 10_000
    logged = tracker.log(1, ge.GaussianTarget.chapter())  # which gives rows when asked
    assert logged["gan_eval/worth_energy_low"] > 100
    assert tracker.frame["rows"][0] == 1000


def test_a_checkpoints_rows_are_a_file_too(tmp_path: Path) -> None:
    np.save(tmp_path / "step.npy", rows(1))
    first, second = Tracker(REAL), Tracker(REAL)
    assert first.log(1, tmp_path / "step.npy") == second.log(1, rows(1))
    assert np.isnan(first.log(2, rows(1) + 1j)["gan_eval/mmd2"])
    assert first.frame["note"][1] == "column x1 holds complex numbers"


def test_a_holdout_is_what_distances_are_to() -> None:
    """A generator that gives back its training rows looks right against these alone."""
    train, unseen = REAL[:60], REAL[60:]
    copies = np.random.default_rng(0).choice(train, size=1000)
    fooled, told = Tracker(train), Tracker(train, holdout=unseen)
    assert told.rows == len(unseen) - len(unseen) // 3
    assert fooled.log(1, copies)["gan_eval/worth_energy_high"] == np.inf
    assert told.log(1, copies)["gan_eval/worth_energy_high"] < 200


def test_more_rows_than_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (tracker_module, real_module):
        monkeypatch.setattr(module, "MOST_ROWS", 500)
    tracker = Tracker(REAL)
    assert tracker.notes == ("Distances are to 500 of 1000 real rows.",)
    assert tracker.log(1, rows(0, 900))["gan_eval/worth_energy_low"] > 50


def test_it_says_where_it_stands() -> None:
    tracker = Tracker(REAL)
    assert repr(tracker) == "Tracker: 0 checkpoints against 1000 real rows of 2 columns."
    assert tracker.frame.empty
    tracker.log(10, rows(1, shift=1.0))
    tracker.log(20, REAL)
    said = repr(tracker).splitlines()
    assert said[1].startswith("The last, step 20, is worth at least ")
    assert said[2].startswith("1 of 2 checkpoints told apart from the real rows by bets, each at ")
    assert said[2].endswith(" real rows are left to bet on.")
    assert said[3].startswith("Step 20 of 2 checkpoints is nearest, worth at least ")
    assert "<pre>Tracker: 2 checkpoints" in tracker._repr_html_()


def test_it_goes_on_after_a_pickle() -> None:
    tracker = Tracker(REAL)
    tracker.log(1, rows(1, shift=1.0))
    again = pickle.loads(pickle.dumps(tracker))
    assert again.log(2, rows(2)) == tracker.log(2, rows(2))
    assert again.best().not_told_apart == tracker.best().not_told_apart == (2,)


def test_the_seed_says_it_all() -> None:
    first, second, other = (Tracker(REAL, seed=s).log(1, rows(1)) for s in (0, 0, 1))
    assert first == second
    assert first != other


def test_each_real_row_is_bet_on_once_and_then_it_cannot_be_told() -> None:
    """A third of 1,500 rows is kept: 500; what is far off uses some 20, what is near a tenth."""
    tracker = Tracker(REAL)
    tracker.log(0, rows(0, shift=9.0))
    tracker.log(1, rows(1))
    found = tracker.frame
    assert found["state"].tolist() == ["told_apart", "not_told_apart_yet"]
    assert 10 < found["bets"][0] < 30
    assert found["bets"][1] == 50
    assert found["log_e"][0] >= np.log(20) > found["log_e"][1]
    for step in range(2, 14):
        tracker.log(step, rows(step))
    found = tracker.frame
    assert found["bets"].sum() == 500
    assert found["state"].iloc[-1] == "could_not_tell"
    assert found["bets"].iloc[-1] == 0
    assert np.isnan(found["log_e"].iloc[-1])
    assert "; 0 real rows are left to bet on." in repr(tracker)


def test_as_many_may_be_bet_on_as_told() -> None:
    tracker = Tracker(REAL)
    tracker.log(1, rows(1, 600), bets=200)
    tracker.log(2, rows(2, 600), bets=1)
    tracker.log(3, rows(3, 600), bets=10_000)
    assert tracker.frame["bets"].tolist() == [200, 1, 299]
    assert tracker.frame["state"].iloc[-1] == "could_not_tell"
    with pytest.raises(UsageError, match="`bets` must be a whole number of at least 1, got 0"):
        tracker.log(4, rows(4), bets=0)


def test_without_rows_to_bet_on_it_cannot_be_told() -> None:
    for real, betting in ((REAL, 0), (REAL[:60], 1 / 3)):
        tracker = Tracker(real, betting=betting)
        logged = tracker.log(1, rows(1, shift=9.0))
        assert np.isnan(logged["gan_eval/log_e"])
        assert tracker.frame["state"].tolist() == ["could_not_tell"]
    assert "No real rows are kept to bet on" in tracker.notes[0]


def test_a_target_gives_the_odds() -> None:
    """Bets at a known density are on the generated rows alone, and see a wrong scale at once."""
    ring = MixtureTarget.ring()
    for tracker in (
        Tracker(ring),
        Tracker(target="ring8"),
        Tracker(ring.sample(500, 3), target=ring),
    ):
        tracker.log(1, ring.sample(1000, 1))
        tracker.log(2, ring.sample(1000, 2) * 1.05)
        assert tracker.frame["state"].tolist() == ["not_told_apart_yet", "told_apart"]
        assert tracker.frame["bets"].tolist() == [1000, 256]
    assert tracker.rows == 500  # none is kept
    assert "bets at the odds of MixtureTarget" in repr(tracker)


@pytest.mark.statistical
def test_right_checkpoints_are_seldom_told_apart() -> None:
    """Of 60 right ones at most 8 are, at α = 0.05 (more by chance: below 0.004)."""
    told = 0
    for seed in range(6):
        rng = np.random.default_rng([seed, 9])
        tracker = Tracker(rng.normal(size=(1500, 2)))
        for step in range(10):
            tracker.log(step, rng.normal(size=(100, 2)), bets=50)
        told += (tracker.frame["state"] == "told_apart").sum()
    assert told <= 8


def test_a_density_that_fails_leaves_nothing_logged() -> None:
    class Broken:
        """A target that has a density of its first rows only."""

        asked = 0

        def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
            return rng.normal(size=(n, 2))

        def log_density(self, x: np.ndarray) -> np.ndarray:
            self.asked += 1
            return np.full(len(x), 0.0 if self.asked == 1 else np.nan)

    tracker = Tracker(REAL, target=Broken())
    with pytest.raises(UsageError, match="no NaN"):
        tracker.log(1, rows(1))
    assert len(tracker) == 0
    assert repr(tracker).startswith("Tracker: 0 checkpoints")


def test_what_is_masked_is_missing() -> None:
    tracker = Tracker(rows(0, 500))
    masked = np.ma.masked_array(rows(1, 50), mask=np.zeros((50, 2), bool))
    assert tracker.log(1, masked)["gan_eval/worth_energy_low"] > 0
    masked[:3, 1] = np.ma.masked
    assert np.isnan(tracker.log(2, masked)["gan_eval/mmd2"])
    assert tracker.frame["note"][1] == "3 of 50 rows have NaN in column x2"
    holes = np.ma.masked_array(rows(2, 500), mask=rows(3, 500) > 1)
    with_holes = Tracker(holes).log(1, np.ma.masked_array(rows(4, 300), mask=rows(5, 300) > 1))
    without = Tracker(holes).log(1, rows(4, 300))
    assert with_holes["gan_eval/worth_energy_low"] > without["gan_eval/worth_energy_low"]
