"""Intervals of rates, and ratios to the chapter's loop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval.investigations.speed.benchmarks import read
from gan_eval.investigations.speed.rates import FEWEST_ROUNDS, median_interval
from gan_eval.training.config import TrainingConfig

from .test_slowdown import document, noisy


@pytest.mark.statistical
@pytest.mark.parametrize("rounds", [6, 10, 37, 60])
def test_the_interval_of_a_median_holds_it_as_often_as_it_says(rounds: int) -> None:
    """Exponential rounds, far from normal; of 2000 intervals at least 95 % less 3 standard errors
    hold the median of a block, which differs from that of a round."""
    generator = np.random.default_rng(rounds)
    block = max(1, round(rounds / 12))
    truth = float(np.median(np.median(generator.exponential(size=(200_000, block)), axis=1)))
    held = 0
    for _ in range(2000):
        low, high = median_interval(generator.exponential(size=rounds))
        held += low <= truth <= high
    assert held / 2000 >= 0.95 - 3 * (0.95 * 0.05 / 2000) ** 0.5


def test_few_rounds_have_no_interval_and_the_median_is_always_inside() -> None:
    generator = np.random.default_rng(0)
    assert np.isnan(median_interval(generator.exponential(size=FEWEST_ROUNDS - 1))).all()
    for rounds in range(FEWEST_ROUNDS, 80):
        seconds = generator.lognormal(size=rounds)
        low, high = median_interval(seconds)
        assert low <= np.median(seconds) <= high


def loops(tmp_path: Path, hashes: dict[str, str | None], **noted: Any) -> pd.DataFrame:
    """A file of trainings by these configurations: the loop takes 0.2 s, all others 0.001 s."""
    rounds = {name: noisy(0.2 if "loop" in name else 0.001, i) for i, name in enumerate(hashes)}
    found = document(rounds)
    for benchmark, (name, value) in zip(found["benchmarks"], hashes.items(), strict=True):
        benchmark["extra_info"] |= {"config_hash": value, **noted}
        if "loop" not in name:
            benchmark["extra_info"] |= {"backend": "fused_cpu", "replicates": 64}
    (tmp_path / "loops.json").write_text(json.dumps(found))
    return read(tmp_path / "loops.json").set_index("name")


def test_a_training_is_held_against_the_loop_of_its_own_configuration(tmp_path: Path) -> None:
    """Larger batches make a loop faster, and their trainings no nearer to the chapter's loop."""
    chapter, short = TrainingConfig().hash, TrainingConfig(epochs=2).hash
    large = TrainingConfig(batch_size=512).hash
    table = loops(tmp_path, {"loop": short, "fused": chapter, "large": large, "other": "unknown"})
    rates = table["examples_per_second"]
    assert table.loc["fused", "times_the_loop"] == pytest.approx(rates["fused"] / rates["loop"])
    assert table.loc["loop", "times_the_loop"] == 1
    assert table.loc[["large", "other"], "times_the_loop"].isna().all()
    columns = ["times_the_loop", "times_low", "times_high"]
    ratio, low, high = (float(table[name]["fused"]) for name in columns)
    assert low < ratio < high < 1.1 * low
    assert low > 190
    both = loops(tmp_path, {"loop": short, "loop of large": large, "large": large})
    rates = both["examples_per_second"]
    of_large = rates["large"] / rates["loop of large"]
    assert both.loc["large", "times_the_loop"] == pytest.approx(of_large)


def test_configurations_that_no_file_notes_are_taken_for_one(tmp_path: Path) -> None:
    table = loops(tmp_path, {"loop": None, "fused": None})
    assert table.loc["fused", "times_the_loop"] == pytest.approx(200, rel=0.1)
    # Without raw rounds there is a ratio, and nothing that says how sure it is.
    found = json.loads((tmp_path / "loops.json").read_text())
    for benchmark in found["benchmarks"]:
        del benchmark["stats"]["data"]
    (tmp_path / "loops.json").write_text(json.dumps(found))
    bare = read(tmp_path / "loops.json").set_index("name")
    assert bare["times_the_loop"].equals(table["times_the_loop"])
    assert bare[["rate_low", "rate_high", "times_low", "times_high"]].isna().all(axis=None)
