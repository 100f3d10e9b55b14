"""Rows of outside generators in files: saved, loaded, exported and merged."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gan_eval.cli.tables import print_entrants
from gan_eval.judging.acceptance import Demand, answer
from gan_eval.report.sentence import sentence
from gan_eval.runtime.errors import UsageError
from gan_eval.study.results.export import export
from gan_eval.study.results.merge import merge
from gan_eval.study.results.reading import POINTS
from gan_eval.study.results.results import Results

from ..report import synthetic as built_in
from ..report.generators import synthetic


def test_rows_come_back_from_csv_without_the_points_of_pictures(tmp_path: Path) -> None:
    made = synthetic.results()
    made.save(tmp_path)
    back = Results.load(tmp_path)
    wanted = made.rows.drop(columns=list(POINTS))
    pd.testing.assert_frame_equal(back.rows, wanted, check_dtype=False)
    pd.testing.assert_frame_equal(back.epochs, made.epochs, check_dtype=False)
    assert back.provenance == made.provenance
    assert export(tmp_path, tmp_path / "all.csv") == len(wanted)
    assert list(pd.read_csv(tmp_path / "all.csv")) == list(wanted)


def test_a_verdict_of_outside_is_none_of_the_built_in_generator(tmp_path: Path) -> None:
    made = built_in.results(2)
    made.rows.loc[0, "verdict"] = "no_result"
    made.save(tmp_path)
    with pytest.raises(UsageError, match="no_result"):
        Results.load(tmp_path)
    made.rows.drop(columns="kl").assign(verdict="near").to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(UsageError, match="'kl'"):
        Results.load(tmp_path)


def test_two_runs_of_outside_generators_are_merged() -> None:
    made = synthetic.results()
    first = made.rows["seed"] < 4
    parts = [
        Results(made.rows[part].reset_index(drop=True), made.epochs, made.provenance)
        for part in (first, ~first)
    ]
    merged, left_out = merge(parts)
    assert left_out == 0
    keys = ["configuration", "backend", "device", "seed"]
    wanted = made.rows.sort_values(keys).reset_index(drop=True)
    pd.testing.assert_frame_equal(merged.rows, wanted, check_like=True)


def test_runs_of_other_kinds_or_targets_are_not_merged() -> None:
    made = synthetic.results(2)
    with pytest.raises(UsageError, match="merged"):
        merge([made, built_in.results(2)])
    other = synthetic.results(2)
    other.provenance["study"] |= {"target": {"preset": "grid25"}}
    with pytest.raises(UsageError, match="`target`"):
        merge([made, other])


def test_results_are_told_in_a_line_a_cell_and_drawn() -> None:
    made = synthetic.results()
    assert "width = 64 on RingGAN/cpu: 8 of 10 converged, median worth" in repr(made)
    (axes,) = made.plot().axes
    assert "worth" in axes.get_xlabel()


def test_the_terminal_has_the_entrants_and_its_last_sentence_the_answer(
    capsys: pytest.CaptureFixture,
) -> None:
    print_entrants(synthetic.results())
    lines = capsys.readouterr().out.splitlines()
    assert sum("gaussian_fit" in line for line in lines) == 1
    assert sentence(synthetic.results()).startswith("RingGAN learned ring8 in 0 of 10 trainings")


def test_no_share_is_told_of_replicates_whose_kl_is_not_known() -> None:
    with pytest.raises(UsageError, match=r"not known of 50 of 50"):
        answer(synthetic.results().rows.drop(columns="kl", errors="ignore"), Demand())
