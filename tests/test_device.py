"""The script that checks and times a GPU: its parts, its lines, its verdicts.

It is run here on what there is: Numba's simulator for ``fused_cuda``, the CPU for PyTorch.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.device import __main__ as script
from benchmarks.device.parts import MINUTES, PARTS
from benchmarks.device.record import DEVICE, JAX, WHOLE, Line, Record, read, rounds
from benchmarks.device.report import as_text, document, verdicts
from benchmarks.device.trainings import CASES, OF_FRAMEWORKS, apart, backend, difference
from gan_eval.training.config import TrainingConfig

ROOT = Path(__file__).parents[1]


def run(out: Path, *options: str, **settings: str) -> tuple[int, dict[str, Any]]:
    """The script in a process of its own; its exit status, and what it stored."""
    command = [sys.executable, "-m", "benchmarks.device", "--out", str(out), "--quick", *options]
    ended = subprocess.run(
        command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False
    )
    stored = out / "device.json"
    assert stored.exists(), ended.stdout + ended.stderr
    return ended.returncode, json.loads(stored.read_text(encoding="utf-8"))


def names(found: dict[str, Any], kind: str) -> list[str]:
    return [line["name"] for line in found["lines"] if line["kind"] == kind]


def test_a_record_keeps_every_line_and_what_was_raised(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    one, other = Record(path, "one"), Record(path, "other")
    one.check("close", 1e-12, 1e-9)
    other.check("far", 1e-3, 1e-9)
    other.check("nan", float("nan"), 1e-9)
    one.figure("speed", [3.0, 1.0, 2.0], "seconds")
    with one.trying("what breaks"):
        raise RuntimeError("an illegal\n address")
    with path.open("a", encoding="utf-8") as file:
        file.write('{"part": "cut o')
    found = read(path)
    assert [line.holds for line in found] == [True, False, False, False, False]
    assert (found[3].value, found[3].lowest, found[3].highest) == (2.0, 1.0, 3.0)
    assert (found[4].kind, found[4].note) == ("failed", "RuntimeError: an illegal address")


def test_a_difference_is_relative_to_the_largest_number_and_never_hides_a_nan() -> None:
    b = np.array([4.0, -0.5])
    assert apart(b, b) == 0
    assert apart(b + np.array([0, 2e-6]), b) == pytest.approx(5e-7)
    assert np.isnan(apart(np.array([np.nan, 0]), b))
    assert np.isnan(apart(b, b * np.nan))


def test_trainings_differ_by_what_was_changed_in_them() -> None:
    config = TrainingConfig(epochs=1, n_examples=16, dtype="float64")
    trainer = backend("fused_cpu")
    ours, theirs = trainer.train(config, [1, 2]), trainer.train(config, [1, 2])
    assert difference(ours, theirs) == 0
    layer = ours.discriminator[1]
    layer.bias[1, 0] += 0.1 * np.abs(layer.bias).max()
    assert difference(ours, theirs) > 0.05


def test_the_parts_fit_the_time_and_the_cases_are_the_tests() -> None:
    # What starts and ends a process is in each part's own seconds.
    assert sum(part.seconds for part in PARTS.values()) <= 60 * MINUTES < 600
    assert set(OF_FRAMEWORKS) <= set(CASES)


def test_rounds_do_not_count_the_first_call() -> None:
    called: list[int] = []
    assert len(rounds(lambda: called.append(1), 3)) == 3
    assert len(called) == 4


def figure(trainer: str, rate: float) -> Line:
    return Line("speed", "figure", trainer, rate, facts={"trainer": trainer, "replicates": 7})


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], ["could not tell"] * 4),
        ([figure(WHOLE, 1.1e10), figure(DEVICE, 2e10), figure(JAX, 5e8)], ["pass"] * 3),
        ([figure(WHOLE, 9e9), figure(DEVICE, 2e10), figure(JAX, 5e8)], ["miss", "pass", "miss"]),
        # JAX at its best counts, and ours at its best.
        (
            [figure(WHOLE, r) for r in (1.0, 2e10)]
            + [figure(DEVICE, 1.0)]
            + [figure(JAX, r) for r in (2e9, 1.0)],
            ["pass", "miss", "miss"],
        ),
    ],
)
def test_verdicts_on_speed(lines: list[Line], expected: list[str]) -> None:
    found = [verdict for _, verdict, _ in verdicts(lines)]
    assert found[-len(expected) :] == expected


def test_verdicts_on_checks() -> None:
    right = Line("chapter", "check", "a", 0.0, limit=0.0)
    wrong = Line("chapter", "check", "b", 1.0, limit=0.5)
    failed = Line("chapter", "failed", "c", note="why")
    for lines, expected in (([right], "pass"), ([right, wrong], "miss"), ([right, failed], "miss")):
        assert verdicts(lines)[0][1] == expected
    told = as_text([right, wrong, failed, figure(WHOLE, 1e9)])
    assert "1,000,000,000" in told
    assert "why" in told
    assert json.dumps(document([right, wrong], "command", 0.0))


def test_a_part_that_takes_too_long_is_ended_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "GRACE", 0.0)
    monkeypatch.chdir(ROOT)
    options = script.parser().parse_args(["--out", str(tmp_path), "--quick", "--device", "cpu"])
    assert isinstance(options, argparse.Namespace)
    lines = tmp_path / "device.jsonl"
    script._run(PARTS["tests"], options, lines, 0.1)
    script._run(PARTS["tests"], options, lines, -1.0)
    assert [(line.part, line.kind) for line in read(lines)] == [("tests", "left out")] * 2


def test_fused_cuda_in_the_simulator_agrees(tmp_path: Path) -> None:
    pytest.importorskip("numba.cuda", reason="numba-cuda is not installed")
    status, found = run(tmp_path, "--only", "chapter", NUMBA_ENABLE_CUDASIM="1")
    assert status == 3  # right as far as it was looked at; how fast is not known
    checks = [line for line in found["lines"] if line["kind"] == "check"]
    assert len(checks) == 6
    assert all(line["value"] <= line["limit"] for line in checks)
    assert [line["verdict"] for line in found["acceptance"]] == ["pass"] + ["could not tell"] * 3
    assert found["command"].startswith("python -m benchmarks.device --out")


@pytest.mark.thorough
def test_all_parts_on_a_machine_without_a_gpu(tmp_path: Path) -> None:
    pytest.importorskip("numba.cuda", reason="numba-cuda is not installed")
    status, found = run(tmp_path, "--device", "cpu", NUMBA_ENABLE_CUDASIM="1")
    assert status == 1  # a simulator is slow
    assert names(found, "failed") == []
    assert found["acceptance"][0]["verdict"] == "pass"
    assert {line["part"] for line in found["lines"]} == set(PARTS)
    assert found["environment"]["python"]
    measured = {line["facts"].get("trainer") for line in found["lines"] if line["kind"] == "figure"}
    assert {WHOLE, DEVICE, "pytorch:batched"} <= measured


@pytest.mark.thorough
def test_where_there_is_no_gpu_every_path_is_left_out(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    status, found = run(tmp_path, NUMBA_ENABLE_CUDASIM="0")
    assert status == 3
    assert names(found, "check") == []
    assert all("CPU's part" in name for name in names(found, "figure"))
    assert {"tests of two samples", "pytorch:batched"} <= set(names(found, "left out"))
