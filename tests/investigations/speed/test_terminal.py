"""The table that a run of the benchmarks ends with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gan_eval.investigations.speed.benchmarks import COLUMNS, read
from gan_eval.investigations.speed.terminal import WIDTH, summary

from .test_benchmarks import run_pytest
from .test_slowdown import document, noisy


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    """A loop, two others that train, one with a single round, and what trains nothing."""
    rounds = {"loop": noisy(0.2, 0), "quick": noisy(0.0004, 1), "once": [0.01]}
    rounds |= {
        "wild": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
        "read " + "a long name " * 9: noisy(1, 3),
    }
    found: dict[str, Any] = document(rounds)
    noted = [benchmark["extra_info"] for benchmark in found["benchmarks"]]
    noted[1] |= {"backend": "fused_cpu", "replicates": 2048}
    noted[2] |= {"backend": "jax"}
    noted[3] |= {"backend": "mxnet"}
    noted[4] |= {"unit": "rows", "backend": None}
    (tmp_path / "run.json").write_text(json.dumps(found))
    return read(tmp_path / "run.json")


def test_who_is_fastest_stands_first_and_all_lines_fit(table: pd.DataFrame) -> None:
    lines = summary(table, {"no GPU here": 4, "not installed": 1}, ["Written: x.json"])
    assert max(map(len, lines[:-1])) <= WIDTH
    names = [line.split("  ")[0] for line in lines if line.startswith("train, ")]
    assert [name.split(", ")[1] for name in names] == ["fused_cpu", "jax", "pytorch", "mxnet"]
    (fused,) = [line for line in lines if line.startswith("train, fused_cpu")]
    numbers = [float(n) for n in re.findall(r"\d+(?:\.\d+)?", fused.partition("at once")[2])]
    rate, sure, times, low, high = numbers
    row = table.iloc[1]
    assert rate == pytest.approx(row["examples_per_second"] / 1e6, rel=0.01)
    half = (row["rate_high"] - row["rate_low"]) / 2 / row["examples_per_second"]
    assert sure == pytest.approx(100 * half, rel=0.06)
    assert low < times < high
    assert times == pytest.approx(row["times_the_loop"], rel=0.01)


def test_what_is_doubtful_is_marked(table: pd.DataFrame) -> None:
    lines = summary(table)
    once, wild = (next(x for x in lines if x.startswith(f"train, {n}")) for n in ("jax", "mxnet"))
    assert once.endswith("1 round")
    assert wild.endswith("*")
    assert any(line.startswith("* ") for line in lines)


def test_the_last_sentence_names_the_fastest_or_that_nothing_was_timed(table: pd.DataFrame) -> None:
    assert "fused_cpu" in summary(table)[-1]
    nothing = summary(pd.DataFrame(columns=list(COLUMNS)), {"no GPU here": 4})
    assert len(nothing) == 2
    assert "4 benchmarks" in nothing[0]


def test_seconds_of_a_call_stand_where_a_file_knows_no_examples(tmp_path: Path) -> None:
    found: dict[str, Any] = document({"slow": noisy(2, 0), "quick": noisy(0.1, 1)})
    for benchmark in found["benchmarks"]:
        benchmark["extra_info"] = {}
    (tmp_path / "run.json").write_text(json.dumps(found))
    lines = summary(read(tmp_path / "run.json"))
    assert [line.split()[0] for line in lines[1:3]] == ["quick", "slow"]


def test_a_part_of_the_benchmarks_ends_with_the_table_too(tmp_path: Path) -> None:
    """The real conftest; here on the fastest benchmark, and on those of a GPU that is not there."""
    root = Path(__file__).parents[3]
    storage = f"--benchmark-storage=file://{tmp_path}"
    file = "benchmarks/test_draws.py"
    printed = run_pytest(root, file, storage, "-k", "1000-", "-q", status=5).splitlines()
    assert "Nothing was timed." in printed
    printed = run_pytest(root, file, storage, "-k", "1000]", "-q").splitlines()
    assert any(line.startswith("draws of an epoch, 1000 examples") for line in printed)
    assert not any("StdDev" in line for line in printed)
