"""What the package ships about the cost of its tests, and how a report shows it."""

from __future__ import annotations

import subprocess
import sys

from gan_eval.report import cost, render

from . import synthetic
from .elements import parse


def test_the_shipped_rows_span_the_sizes_and_meet_the_promised_bounds():
    """Seconds against seconds of one measurement, and megabytes: what docs/speed.md promises."""
    rows = cost.measured()
    drawn = [row for row in rows if row["permutations"] == cost.PERMUTATIONS]
    assert {100, 1000, 1_000_000} <= {row["n"] for row in drawn if row["method"] == "auto"}
    many = {(r["test"], r["method"], r["n"]): r for r in rows if r["permutations"] == 1000}
    small, large = (many["mmd_test", "auto", n] for n in (1000, 50_000))
    assert large["seconds"] <= 60 * small["seconds"]
    assert all(row["peak_mb"] < 1000 for row in many.values())
    (largest,) = (r for r in drawn if (r["test"], r["n"]) == ("mmd_test", 1_000_000))
    assert largest["peak_mb"] < 4000


def test_a_report_with_tests_draws_them_and_says_where_they_come_from():
    page = parse(render(synthetic.results(8)))
    text = page.text
    assert "What a test costs" in text
    assert "Measured once, not in this run" in text
    for column in ("seconds", "peak-mb"):
        identities = {element.attributes.get("id") for element in page.all()}
        assert f"fig-cost-{column}-title" in identities


def test_the_benchmark_measures_one_point():
    command = [sys.executable, "-m", "benchmarks.cost_against_n", "one", "energy_test", "exact"]
    done = subprocess.run([*command, "50", "19"], capture_output=True, text=True, check=True)
    assert '"n": 50, "permutations": 19' in done.stdout
