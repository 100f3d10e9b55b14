"""The table of benchmarks against files that pytest-benchmark really wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks import clock
from benchmarks.conftest import schedule
from gan_eval.investigations.speed import benchmarks
from gan_eval.runtime.errors import UsageError

ROOT = Path(__file__).parents[3]

TRIVIAL = """
import pytest

@pytest.mark.benchmark(group="sums")
@pytest.mark.parametrize("n", [10, 20])
def test_sum(benchmark, n):
    benchmark.pedantic(sum, args=(range(n),), rounds=4, iterations=1)
    benchmark.extra_info.update(
        examples=n, unit="numbers", backend="plain", threads=1,
        environment={"processor": "A Chip", "cores": 2, "gpus": ["X", "Y"],
                     "packages": {"numpy": "2.0"}},
    )

def test_foreign(benchmark):
    benchmark.pedantic(sum, args=([],), rounds=2)
"""


def with_statistics(**changed: object) -> str:
    """A file with one benchmark that has these of its statistics."""
    stats = {"median": 1.0, "iqr": 0.1, "min": 0.9, "max": 1.2, "rounds": 9} | changed
    benchmark = {"name": "x", "fullname": "x", "group": None, "params": None, "stats": stats}
    benchmark |= {"extra_info": {"examples": "many", "threads": [1], "backend": {"a": 1}}}
    machine = {"python_version": "3.11.7"}
    document = {"benchmarks": [benchmark], "machine_info": machine, "datetime": "2026-01-01"}
    return json.dumps(document)


def run_pytest(folder: Path, *arguments: str, status: int = 0) -> str:
    """What pytest prints in a fresh process; the assertion holds that it ends with this status."""
    # pytest-xdist, which switches benchmarks off, may have started this process.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JSON of three trivial benchmarks, two with this project's facts and one without."""
    folder = tmp_path_factory.mktemp("trivial")
    (folder / "test_trivial.py").write_text(TRIVIAL)
    (folder / "pytest.ini").write_text("[pytest]\n")
    run_pytest(folder, "--benchmark-json=found.json")
    return folder / "found.json"


def test_one_row_a_benchmark_with_the_files_own_statistics(file: Path) -> None:
    table = benchmarks.read(file)
    written = {b["name"]: b["stats"] for b in json.loads(file.read_text())["benchmarks"]}
    assert list(table.columns) == list(benchmarks.COLUMNS)
    assert list(table["name"]) == ["test_sum[10]", "test_sum[20]", "test_foreign"]
    for _, row in table.iterrows():
        stats = written[row["name"]]
        assert row["median_seconds"] == stats["median"] > 0
        assert row["iqr_seconds"] == stats["iqr"]
        assert row["min_seconds"] == stats["min"]
        assert row["rounds"] == stats["rounds"]
    assert list(table["rounds"]) == [4, 4, 2]


def test_facts_and_provenance_come_from_extra_info(file: Path) -> None:
    table = benchmarks.read(file)
    row = table.iloc[1]
    assert (row["group"], row["parameters"], row["unit"]) == ("sums", "n=20", "numbers")
    assert row["examples_per_second"] == pytest.approx(20 / row["median_seconds"], rel=1e-12)
    assert (row["machine"], row["cores"], row["gpus"]) == ("A Chip", 2, "X, Y")
    assert row["packages"] == "numpy 2.0"
    assert row["python"] == ".".join(map(str, sys.version_info[:3]))
    assert pd.Timestamp(row["measured"]).tzinfo is not None


def test_a_benchmark_of_another_project_has_its_times_and_no_examples(file: Path) -> None:
    row = benchmarks.read(file).iloc[2]
    assert pd.isna(row["examples_per_second"])
    assert pd.isna(row["examples"])
    assert row["parameters"] == ""
    assert row["packages"] == ""


def test_the_table_survives_a_csv(file: Path, tmp_path: Path) -> None:
    table = benchmarks.read(file)
    table.to_csv(tmp_path / "table.csv", index=False)
    again = pd.read_csv(tmp_path / "table.csv")
    assert list(again["examples_per_second"][:2]) == list(table["examples_per_second"][:2])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "there is no file"),
        ("{", "is not valid JSON: Expecting property name"),
        ("[1]", "is not a file of pytest-benchmark"),
        ("{}", "is not a file of pytest-benchmark"),
        ('{"benchmarks": [{"name": "x"}]}', "is not a file of pytest-benchmark"),
        ('{"benchmarks": 3}', "is not a file of pytest-benchmark"),
        ("null", "is not a file of pytest-benchmark"),
        ("[" * 100_000, "is not a file of pytest-benchmark"),
        (f'{{"benchmarks": {"9" * 5000}}}', "is not a file of pytest-benchmark"),
        (with_statistics(median=float("nan")), "is not a file of pytest-benchmark"),
        (with_statistics(median=-1), "is not a file of pytest-benchmark"),
        (with_statistics(rounds=1e400), "is not a file of pytest-benchmark"),
        (with_statistics(iqr=None), "is not a file of pytest-benchmark"),
    ],
)
def test_what_is_not_pytest_benchmarks_is_refused_in_one_sentence(
    tmp_path: Path, text: Any, sentence: str
) -> None:
    path = tmp_path / "file.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=sentence) as refusal:
        benchmarks.read(path)
    assert "file.json" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_another_project_notes_under_our_names_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file.json").write_text(with_statistics())
    (row,) = benchmarks.read(tmp_path / "file.json").to_dict("records")
    assert row["median_seconds"] == 1
    assert all(pd.isna(row[name]) for name in ("examples", "threads", "examples_per_second"))
    assert row["backend"] == "{'a': 1}"


@pytest.mark.thorough
@pytest.mark.parametrize("arguments", [("--collect-only",), ("-k", "test_judge"), ("-k", "cuda")])
def test_a_session_that_times_nothing_ends_well(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """All deselected (pytest's status 5), all skipped, or nothing run."""
    storage = f"--benchmark-storage=file://{tmp_path}"
    file = "benchmarks/test_twosample.py"
    run_pytest(ROOT, file, storage, *arguments, status=5 if "test_judge" in arguments else 0)
    assert list(tmp_path.rglob("*.json")) == []


@pytest.mark.parametrize(
    ("seconds", "rounds", "iterations"),
    [(10.0, 10, 1), (0.15, 10, 1), (0.05, 30, 1), (0.01, 60, 1), (1e-3, 60, 5), (1e-6, 60, 5000)],
)
def test_short_calls_have_more_rounds_and_several_calls_in_one(
    seconds: float, rounds: int, iterations: int
) -> None:
    assert schedule(seconds) == (rounds, iterations)


def test_the_benchmarks_clock_counts_sleep_and_work_and_no_more_than_the_wall_clock() -> None:
    wall, began, worked = time.perf_counter(), clock.seconds(), time.thread_time()
    time.sleep(0.05)
    sum(range(1_000_000))
    worked, found = time.thread_time() - worked, clock.seconds() - began
    assert 0.05 + 0.9 * worked <= found <= time.perf_counter() - wall


def test_benchmarks_save_json_and_table_without_being_asked(tmp_path: Path) -> None:
    """The real conftest on its fastest benchmark; only the place differs from a plain call."""
    storage = f"--benchmark-storage=file://{tmp_path}"
    printed = run_pytest(ROOT, "benchmarks/test_draws.py", storage, "--benchmark-min-rounds=70")
    (saved,) = tmp_path.rglob("*.json")
    table = pd.read_csv(saved.with_suffix(".csv"))
    assert list(table["examples"]) == [1000, 100_000]
    assert all(value > 0 for value in table["examples_per_second"])
    assert list(table["rounds"]) == [70, 70]
    assert set(table["unit"]) == {"training examples"}
    assert "examples per second" in printed
    assert '"node"' not in saved.read_text()
