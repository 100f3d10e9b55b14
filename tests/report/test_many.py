"""A report of thousands of seeds: small, and nothing left out without a word."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from gan_eval.report import render
from gan_eval.report.verification.verify import verify
from gan_eval.study.results.results import Results

from . import synthetic
from .elements import Element, parse

REPLICATES, TESTED, WORST_SEED = 5000, 30, 4321
HUGE = 100_000


def many(replicates: int = REPLICATES) -> Results:
    """The replicates of a small study many times, with other seeds; epochs of the first 5000."""
    made = synthetic.results(50)
    rows, epochs = (
        pd.concat(
            [frame.assign(seed=frame["seed"] + 50 * i) for i in range(repeats)], ignore_index=True
        )
        for frame, repeats in (
            (made.rows, replicates // 50),
            (made.epochs, min(replicates, REPLICATES) // 50),
        )
    )
    rng = np.random.default_rng(2)
    rows["kl"] *= rng.uniform(0.9, 1.1, replicates)
    rows.loc[rows["seed"] > 0, "chapter_examples_per_second"] = np.nan
    tests = ["mmd_statistic", "mmd_pvalue", "energy_statistic", "energy_pvalue"]
    rows.loc[TESTED:, tests] = np.nan
    rows.loc[:TESTED, ["mmd_pvalue", "energy_pvalue"]] = 0.5
    rows.loc[: TESTED // 3 - 1, "mmd_pvalue"] = 0.01
    rows.loc[TESTED:, tests] = np.nan
    synthetic.spoil(rows, min(WORST_SEED, replicates - 1), "diverged")
    return Results(rows, epochs, made.provenance)


@cache
def page() -> str:
    return render(many())


@cache
def tree() -> Element:
    return parse(page())


def _section(name: str) -> Element:
    (found,) = [e for e in tree().all("section") if e.attributes.get("id") == name]
    return found


def test_the_page_stays_small() -> None:
    assert len(page().encode()) < 3_000_000


def test_a_hundred_thousand_rows_make_a_small_page_that_says_it_does_not_hold_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(many(HUGE)), encoding="utf-8")
    assert path.stat().st_size < 5_000_000
    assert verify(path).passed is None
    text = parse(path.read_text("utf-8")).text
    assert "100 of 100 000 trainings" in text
    assert "95 000 of 100 000 not shown (epochs not stored)" in text


def test_shares_of_rejections_are_of_those_that_were_tested() -> None:
    text = _section("tests").text
    assert "30 of 5000 trainings were tested" in text
    assert "MMD test: 33 % of 30 trainings are rejected" in text
    assert "energy test: 0 % of 30 trainings" in text
    assert "4970 of 5000 not shown (without a test)" in text
    (table,) = [t for t in _section("tests").all("table") if "trainings tested" in t.text]
    entries = [[e.text for e in row.all("th", "td")] for row in table.all("tr")]
    assert [entries[1][2], entries[1][4]] == ["33 %", "30 of 5000"]


def test_what_is_not_listed_or_drawn_is_counted() -> None:
    listed = _section("replicates").text
    assert "100 of 5000 trainings" in listed
    assert "1 of 5000 not shown" in _section("spread").text
    assert "4799 of 4999 not shown" in _section("critic").text
    assert "4800 of 5000 not shown" in _section("speed").text
    assert "150 of the 1000 real rows" in _section("samples").text


def test_a_diverged_seed_beyond_the_limit_is_listed() -> None:
    tables = list(_section("replicates").all("table"))
    assert len(tables) == 2
    first = [e.text for e in list(tables[1].all("tr"))[1].all("th", "td")]
    assert first[1:3] == [str(WORST_SEED), "diverged"]


def test_the_many_columns_of_a_large_dimension_raise_no_warning() -> None:
    """Each is a block of its own, as a frame out of the ledger has them; pandas warns from 100."""
    made = synthetic.results(30, where=(("pytorch", "cpu"), ("jax", "cpu")))
    columns = {name: made.rows[name].to_numpy() for name in made.rows}
    columns |= {f"cov_{i}_{j}": np.ones(len(made.rows)) for i in range(12) for j in range(12)}
    render(Results(pd.DataFrame(columns, copy=False), made.epochs, made.provenance))
