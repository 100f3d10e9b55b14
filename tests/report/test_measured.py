"""Benchmarks in a report: shown beside the time to quality, and recomputed by ``verify``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gan_eval.cli.status import status_of
from gan_eval.investigations.speed import benchmarks, formats
from gan_eval.judging.time_to_quality import time_to_quality
from gan_eval.pages.numbers import count
from gan_eval.pages.picture import undrawn
from gan_eval.report import render
from gan_eval.report.verification.verify import verify

from ..investigations.speed.test_slowdown import document, noisy
from . import synthetic
from .elements import Element, parse


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = document({"loop": noisy(0.2, 0), "fused": noisy(0.001, 1)})
    found["benchmarks"][1]["extra_info"] |= {"backend": "fused_cpu", "replicates": 2048}
    path = tmp_path / "speed.json"
    path.write_text(json.dumps(found))
    return path


def _section(html: str) -> Element:
    (found,) = [e for e in parse(html).all("section") if e.attributes.get("id") == "throughput"]
    return found


def test_the_command_puts_benchmarks_into_the_report(file: Path, tmp_path: Path) -> None:
    synthetic.results(3).save(tmp_path / "run")
    assert status_of(["report", str(tmp_path / "run"), "--benchmarks", str(file)]) == 0
    html = (tmp_path / "run" / "report.html").read_text("utf-8")
    found = _section(html)
    assert "Benchmarks: examples per second" in found.text
    assert [f.attributes["id"] for f in found.all("figure")] == ["fig-throughput"]
    quality = found.text.partition("Time until KL(q‖p) ≤ 0.1 nats")[2]
    assert "made up" in quality
    assert status_of(["verify", str(tmp_path / "run" / "report.html")]) == 0


def test_its_numbers_are_recomputed(file: Path, tmp_path: Path) -> None:
    made, table = synthetic.results(12), benchmarks.read_all([file])
    with undrawn():
        html = render(made, table)
    (size,) = {c["config"]["n_examples"] for c in made.provenance["configurations"]}
    reached = time_to_quality(made.epochs, size)["reached"].iloc[0]
    (row,) = [r for r in _section(html).all("tr") if "made up" in r.text]
    head = [e.text for e in next(_section(html).all("thead")).all("th")]
    assert [e.text for e in row.all("th", "td")][head.index("reached")] == count(reached)
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    assert verify(path).mismatches == []
    rate = formats.rate(table["examples_per_second"].max())
    other = f"{int(rate[0]) % 9 + 1}{rate[1:]}"
    path.write_text(html.replace(f"<bdi>{rate}</bdi>", f"<bdi>{other}</bdi>", 1), "utf-8")
    (mismatch,) = verify(path).mismatches
    assert (mismatch.says, mismatch.should) == (other, rate)
    assert "column “per second”" in mismatch.where


def test_a_file_that_is_no_benchmark_is_misuse(tmp_path: Path) -> None:
    synthetic.results(1).save(tmp_path / "run")
    (tmp_path / "other.json").write_text("{}")
    given = ["--benchmarks", str(tmp_path / "other.json")]
    assert status_of(["report", str(tmp_path / "run"), *given]) == 2
    assert not (tmp_path / "run" / "report.html").exists()


def test_a_report_of_nothing_finished_has_its_benchmarks_too(file: Path) -> None:
    with undrawn():
        html = render(synthetic.without_replicates(), benchmarks.read_all([file]))
    assert "speed.json" not in _section(html).text  # one file needs no column for it
    assert "fused_cpu" in _section(html).text
