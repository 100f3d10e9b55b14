"""Markdown and JUnit XML of a comparison: what they say, and that no name breaks them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import gan_eval as ge
from gan_eval.comparison.pages.outputs import junit, markdown, ranking_markdown

from ...cli.commands import gan_eval, refused

NASTY = "a|b<script>`x`_*[y](z)\n&"


def table(seed: int, n: int, shift: float = 0.0) -> pd.DataFrame:
    rows = np.random.default_rng(seed).normal(size=(n, 2)) + shift
    return pd.DataFrame(rows, columns=[NASTY, "plain"])


def compared(shift: float = 0.0, n: int = 60) -> ge.Comparison:
    return ge.compare(table(0, n), table(1, n, shift), tests=["energy", "covariance"])


def cases(found: ge.Comparison) -> tuple[ElementTree.Element, dict[str, list[str]]]:
    root = ElementTree.fromstring(junit(found).encode())
    assert root.tag == "testsuites"
    (suite,) = root
    outcomes = {one.attrib["name"]: [child.tag for child in one] for one in suite}
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[name]) == sum(tag in tags for tags in outcomes.values())
    assert int(suite.attrib["tests"]) == len(outcomes) == len(suite)
    for one in suite:
        assert {"name", "classname", "time"} <= set(one.attrib)
    return suite, outcomes


def test_a_test_that_rejects_has_failed() -> None:
    _, outcomes = cases(compared(2.0))
    assert outcomes["energy, whitened"] == ["failure"]
    assert outcomes["covariance"] == []
    _, outcomes = cases(compared())
    assert set(map(tuple, outcomes.values())) <= {(), ("skipped",)}


def test_an_answer_that_cannot_be_given_is_an_error() -> None:
    found = ge.compare(table(0, 3), table(1, 3, 9.0), tests=["energy"])
    _, outcomes = cases(found)
    assert outcomes["energy, whitened"] == ["error"]


def test_copies_are_a_failure() -> None:
    real = table(0, 200)
    _, outcomes = cases(ge.compare(real, real.iloc[:150], tests=["energy"]))
    assert outcomes["copies"] == ["failure"]


def test_tables_of_markdown_have_as_many_cells_in_every_row() -> None:
    text = markdown(compared(2.0))
    assert text.startswith("### No: told apart")
    blocks = [part.splitlines() for part in text.split("\n\n") if part.startswith("| ")]
    assert len(blocks) == 2
    for lines in blocks:
        widths = {len(line.replace("\\|", "").split("|")) for line in lines}
        assert len(widths) == 1
    assert "<script>" not in text
    assert "\\<script\\>" in text
    assert "[y](z)" not in text


def test_a_ranking_has_its_summary() -> None:
    tables = {NASTY: table(1, 80), "far": table(2, 80, 1.0)}
    text = ranking_markdown(ge.rank(table(0, 80), tables))
    assert "is nearer, worth " in text.splitlines()[0]
    assert "<script>" not in text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i, name in enumerate(["real", "a", "b"]):
        pd.DataFrame(np.random.default_rng(i).normal(i, 1, (60, 2))).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    return tmp_path


def test_the_summary_of_a_step_is_appended_to(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = folder / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    options = ("--permutations", "199", "--markdown", "--junit", "j.xml")
    done = gan_eval("compare", "real.csv", "b.csv", *options, cwd=folder)
    assert done.returncode == 1
    assert done.stdout.startswith("### No: told apart")
    ranked = gan_eval("rank", "real.csv", "a.csv", "b.csv", "--markdown", cwd=folder)
    assert ranked.returncode == 0
    assert summary.read_text() == f"before\n{done.stdout}\n{ranked.stdout}\n"
    assert ElementTree.parse(folder / "j.xml").getroot().tag == "testsuites"


def test_outputs_are_checked_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options, sentence in (
        (("--junit", "a.csv"), "`--junit` would replace"),
        (("--markdown", "--json"), "only one of"),
    ):
        said = refused("compare", "real.csv", "a.csv", *options, cwd=folder, capsys=capsys)
        assert sentence in said
