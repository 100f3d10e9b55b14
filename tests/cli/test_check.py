"""``gan-eval check`` as a user meets it: its answer is its status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .commands import SMALL, gan_eval


@pytest.mark.parametrize(
    ("demand", "status", "word"),
    [
        (("--share", "0.6", "--margin", "0.5"), 0, "Yes"),
        (("--share", "0.7"), 1, "No"),
        # Of one converged of three, Clopper and Pearson's one-sided 95 % bounds are .017 and .865.
        (("--share", "0.01", "--confidence", "0.95"), 0, "Yes"),
        (("--share", "0.3", "--confidence", "0.95"), 3, "Too few trainings to tell"),
        (("--share", "0.9", "--confidence", "0.95"), 1, "No"),
    ],
)
def test_check_answers_by_its_status(
    tmp_path: Path, demand: tuple[str, ...], status: int, word: str
) -> None:
    rows = tmp_path / "rows.csv"
    columns = "seed,verdict,kl,backend,device,config_hash,loss_D,loss_G,worth_kl\n"
    rows.write_text(
        columns
        + "0,converged,0.05,pytorch,cpu,abc,0.69,0.69,50\n"
        + "1,near,0.3,pytorch,cpu,abc,0.69,0.69,10\n"
        + "2,diverged,,pytorch,cpu,abc,,,\n"
    )
    done = gan_eval("check", "--rows", rows, *demand)
    assert done.returncode == status, done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"{word}: ")
    document = json.loads(gan_eval("check", "--rows", rows, *demand, "--json").stdout)
    assert document["passed"] is {0: True, 1: False, 3: None}[status]
    assert document["replicates"] == 3


def test_rows_of_several_cells_are_told_apart_and_those_of_one_have_no_more_columns(
    tmp_path: Path,
) -> None:
    rows = tmp_path / "rows.csv"
    head = "configuration,seed,verdict,kl,backend,device,config_hash,loss_D,loss_G,worth_kl\n"
    line = "{},0,near,0.3,{},cpu,abc,0.69,0.69,10\n"
    rows.write_text(head + line.format("one", "pytorch") + line.format("two", "fused_cpu"))
    table = gan_eval("check", "--rows", rows).stdout
    assert "configuration" in table
    assert "device" not in table
    assert "fused_cpu" in table
    rows.write_text(head + line.format("one", "pytorch"))
    assert "configuration" not in gan_eval("check", "--rows", rows).stdout


def test_each_row_of_a_mixed_run_shows_the_worth_that_decides_there(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(
        "configuration,seed,verdict,kl,backend,device,config_hash,loss_D,loss_G,worth_kl,"
        "worth_energy,yardstick,margin,near_margin,computed_error,worth_energy_how\n"
        "linear,0,near,0.3,fused_cpu,cpu,abc,0.69,0.69,11.5,77.5,kl,0.1,0.5,,\n"
        "curved,0,near,,fused_cpu,cpu,abd,0.69,0.69,,33.5,worth_energy,58,11.5,,sampled\n"
        "curved,1,diverged,,fused_cpu,cpu,abd,,,,,worth_energy,58,11.5,,sampled\n"
    )
    shown = gan_eval("check", "--rows", rows).stdout
    assert [worth in shown for worth in ("11.5", "33.5", "77.5", "nan")] == [
        True,
        True,
        False,
        False,
    ]


def test_check_trains_when_it_is_given_no_rows() -> None:
    done = gan_eval("check", *SMALL, "--replicates", "2", "--margin", "1000", "--share", "1")
    assert done.returncode == 0, done.stderr
    assert "2 of 2 trainings" in done.stdout


def test_a_sequential_check_stops_when_it_is_sure_and_says_after_how_many() -> None:
    arguments = ("check", *SMALL, "--sequential", "--replicates", "200", "--share", "0.5")
    done = gan_eval(*arguments, "--margin", "1000")
    assert done.returncode == 0, done.stderr
    # All converge: e is (1 + s + … + sⁿ) / ((n + 1) sⁿ), at s = ½ from 20 on for n = 7.
    assert "Yes, after 7 trainings: 50 of 50 trainings" in done.stdout
    refused = gan_eval(*arguments, "--margin", "1e-12", "--json")
    assert refused.returncode == 1, refused.stderr
    document = json.loads(refused.stdout)
    assert document["passed"] is False
    assert (document["replicates"], document["decided_after"]) == (50, 7)
    assert document["demand"]["confidence"] == 0.95


def test_a_sequential_check_of_too_few_replicates_could_not_tell() -> None:
    done = gan_eval("check", *SMALL, "--sequential", "--replicates", "3", "--share", "0.5")
    assert done.returncode == 3, done.stderr
    assert done.stdout.splitlines()[-1].startswith("Too few trainings to tell: ")
    refused = gan_eval("check", "--rows", "rows.csv", "--sequential")
    assert refused.returncode == 2
    assert "`--rows`" in refused.stderr
