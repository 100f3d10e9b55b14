"""Steps of speed: found where they are, and seldom where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.step_tables import drawn, false
from gan_eval.investigations.speed.history import read_history
from gan_eval.investigations.speed.steps import FEWEST_RUNS, STEP_COLUMNS, find_steps
from gan_eval.runtime.errors import UsageError

from .histories import commit, save

ALPHA, HISTORIES = 0.05, 100
MOST_FALSE = ALPHA + 3 * (ALPHA * (1 - ALPHA) / HISTORIES) ** 0.5
"""The share of histories in which a rule of this level may name a step, and three standard errors:
12 %. A rule that keeps its level fails the test with a probability of 0.001."""


@pytest.mark.statistical
@pytest.mark.parametrize(("commits", "runs", "tails"), [(10, 1, None), (5, 3, None), (12, 1, 4)])
def test_histories_without_a_step_have_one_no_oftener_than_the_level(
    commits: int, runs: int, tails: int | None
) -> None:
    """Eight benchmarks whose runs share a load, with normal noise and with heavy tails."""
    assert false(HISTORIES, commits, runs, 0.03, tails) <= MOST_FALSE


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("commits", "runs", "steps", "power"),
    [
        (10, 1, [(8, 1.4)], 0.9),
        (10, 1, [(5, 1.2)], 0.9),
        (4, 3, [(3, 1.2)], 0.85),
        (12, 1, [(5, 1.4), (7, 1 / 1.4)], 0.9),
        (20, 1, [(6, 1.3), (13, 1.3)], 0.9),
    ],
)
def test_steps_are_found_where_they_are(
    commits: int, runs: int, steps: Sequence[tuple[int, float]], power: float
) -> None:
    """Runs differ by 3 %, eight benchmarks; all steps and no other, at their commits, in at least
    this share of 40 histories."""
    generator = np.random.default_rng(0)
    exact, held, named = 0, 0, 0
    for _ in range(40):
        history = drawn(generator, commits, runs, spread=0.03, steps=steps)
        table = find_steps(history).table.sort_values("place")
        mine = table[table["benchmark"] == "b0"]
        exact += list(mine["place"]) == [place for place, _ in steps]
        truth = dict(steps)
        for row in mine[mine["place"].isin(truth)].to_dict("records"):
            held += row["ratio_low"] <= truth[row["place"]] <= row["ratio_high"]
            named += 1
    assert exact / 40 >= power
    assert held / named >= 0.85  # 95 % intervals, of steps that were sought for


@pytest.mark.statistical
def test_what_would_be_seen_is_found_about_as_often_as_said() -> None:
    """Said: 0.8. Of 50 histories with a step of that size, at least 60 % show it."""
    generator = np.random.default_rng(4)
    still = [find_steps(drawn(generator, 12, 1, spread=0.03)).series for _ in range(20)]
    visible = float(np.median([float(one["visible"].iloc[0]) for one in still]))
    shown = [
        find_steps(drawn(generator, 12, 1, spread=0.03, steps=[(6, visible)])).series["steps"][0]
        > 0
        for _ in range(50)
    ]
    assert 0.6 <= np.mean(shown) <= 0.98


def test_one_slow_run_is_no_step_and_two_are() -> None:
    generator = np.random.default_rng(1)
    for slow, found in ((1, 0), (2, 1)):
        history = drawn(generator, 12, 1, 1, spread=0.01, steps=[(12 - slow, 1.5)])
        assert len(find_steps(history).table) == found


def test_figures_of_two_machines_make_no_step(tmp_path: Path) -> None:
    """Half of the runs, the later ones, on a machine that is twice as slow."""
    generator = np.random.default_rng(2)
    for i in range(1, 17):
        seconds = {"x": (0.1 if i < 9 else 0.2) * np.exp(0.01 * generator.standard_normal())}
        name = "A Chip" if i < 9 else "B Chip"
        save(tmp_path, f"{i}.json", seconds, commit(i), i, processor=name)
    found = find_steps(read_history(tmp_path))
    assert found.table.empty
    assert list(found.series["runs"]) == [8, 8]
    assert found.searched == 2


def test_a_step_has_its_commits_its_size_and_what_else_changed(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    for i in range(1, 13):
        noise = np.exp(0.01 * generator.standard_normal(2))
        seconds = {"x": (0.2 if i > 7 else 0.1) * noise[0], "y": 0.1 * noise[1]}
        save(tmp_path, f"{i}.json", seconds, commit(i), i)
    found = find_steps(read_history(tmp_path))
    assert tuple(found.table.columns) == STEP_COLUMNS
    (row,) = found.table.to_dict("records")
    assert (row["before"], row["after"], row["versions"]) == ("0000007", "0000008", "")
    assert (row["runs_before"], row["runs_after"]) == (7, 5)
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
    assert row["ratio"] == pytest.approx(2, rel=0.03)
    assert list(found.series["steps"]) == [1, 0]


@pytest.mark.parametrize(
    ("commits", "runs", "searched"), [(1, 20, 0), (FEWEST_RUNS - 1, 1, 0), (FEWEST_RUNS, 1, 1)]
)
def test_too_few_runs_or_one_commit_are_not_searched(
    commits: int, runs: int, searched: int
) -> None:
    history = drawn(np.random.default_rng(0), commits, runs, 1, spread=0.01)
    assert find_steps(history).searched == searched


def test_runs_that_do_not_differ_at_all_have_no_step() -> None:
    history = drawn(np.random.default_rng(0), 8, 1, 3, spread=0)
    assert find_steps(history).table.empty
    history = drawn(np.random.default_rng(0), 8, 1, 1, spread=0, steps=[(4, 2.0)])
    (row,) = find_steps(history).table.to_dict("records")
    assert row["ratio"] == pytest.approx(2)


@pytest.mark.parametrize("alpha", [0, 1, float("nan"), "x"])
def test_a_level_out_of_range_is_misuse(alpha: Any) -> None:
    history = drawn(np.random.default_rng(0), 8, 1, 1, spread=0.01)
    with pytest.raises(UsageError, match="alpha"):
        find_steps(history, alpha=alpha)
