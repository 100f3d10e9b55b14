"""Runs of several environments put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gan_eval.cli.status import status_of
from gan_eval.errors import UsageError
from gan_eval.merging import merge
from gan_eval.report import render
from gan_eval.results import Results

from .report import synthetic


def run_of(backend: str, environment: str, **provenance: Any) -> Results:
    made = synthetic.results(6, where=((backend, "cpu"),), **provenance)
    for frame in (made.rows, made.epochs):
        frame["environment"] = environment
    (facts,) = made.provenance["environments"].values()
    made.provenance["environments"] = {environment: facts | {"processor": f"of {environment}"}}
    return made


@pytest.fixture
def apart() -> list[Results]:
    """One run that lacks MXNet, and one that lacks JAX."""
    lacking = {"state": "missing", "remedy": "pip install it"}
    return [
        run_of("jax", "aaaaaaaa", unavailable=[{"name": "mxnet"} | lacking], command="first"),
        run_of("mxnet", "bbbbbbbb", unavailable=[{"name": "jax"} | lacking], command="second"),
    ]


def test_every_row_is_there_once_and_keeps_its_environment(apart: list[Results]) -> None:
    merged = merge(apart)
    rows, provenance = merged.results.rows, merged.results.provenance
    assert merged.left_out == 0
    assert rows.groupby("backend")["environment"].unique().map(list).to_dict() == {
        "jax": ["aaaaaaaa"],
        "mxnet": ["bbbbbbbb"],
    }
    assert len(rows) == 12
    assert set(provenance["environments"]) == {"aaaaaaaa", "bbbbbbbb"}
    assert provenance["command"] == "first\nsecond"
    assert provenance["unavailable"] == []  # each was there in one of them
    columns = [name for name in rows if name != "environment"]
    for one in apart:
        part = rows.loc[rows["backend"] == one.rows["backend"].iloc[0], columns]
        pd.testing.assert_frame_equal(part.reset_index(drop=True), one.rows[columns])
    text = render(merged.results)
    assert "of aaaaaaaa" in text
    assert "of bbbbbbbb" in text


def test_a_replicate_of_two_runs_is_taken_from_the_first(apart: list[Results]) -> None:
    again = run_of("jax", "cccccccc")
    merged = merge([*apart, again])
    assert merged.left_out == 6
    assert len(merged.results.rows) == 12
    assert "cccccccc" not in set(merged.results.rows["environment"])


def test_runs_that_do_not_belong_together_are_refused(apart: list[Results]) -> None:
    apart[1].provenance["study"] = apart[1].provenance["study"] | {"permutations": 7}
    with pytest.raises(UsageError, match="`permutations` is"):
        merge(apart)
    other = run_of("mxnet", "bbbbbbbb")
    other.provenance["configurations"][0]["hash"] = "0" * 16
    with pytest.raises(UsageError, match="is another configuration in each"):
        merge([apart[0], other])


def test_the_command_writes_a_new_folder_and_says_what_it_left_out(
    apart: list[Results], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, one in zip("ab", apart, strict=True):
        one.save(tmp_path / name)
    folders = [str(tmp_path / name) for name in "aba"]
    status = status_of(["report", *folders, "--out", str(tmp_path / "both")])
    assert status == 0
    assert "Left out: 6 replicates" in capsys.readouterr().out
    assert len(Results.load(tmp_path / "both").rows) == 12
    assert status_of(["report", *folders]) == 2
    assert "name it with `--out`" in capsys.readouterr().err
