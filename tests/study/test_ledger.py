"""What is stored once comes back as it was; what a study wants and does not have is trained."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval.study.ledger.blocks import PackedUnit
from gan_eval.study.ledger.ledger import LEDGER_FILE, Ledger
from gan_eval.study.plan import units
from gan_eval.study.plan.study import Study
from gan_eval.study.plan.units import ReplicateQuery, queries
from gan_eval.study.results.export import load
from gan_eval.study.results.results import Results
from gan_eval.study.run import execute
from gan_eval.study.run import execute as work

from .tables import assert_same, counted, installed, small, without_clocks


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    return counted(monkeypatch)


def run(settings: Study, folder: Path, **options: Any) -> Results:
    return execute.run(settings, store=folder / LEDGER_FILE, workers=1, **options)


def part(first: int, last: int, **changes: Any) -> ReplicateQuery:
    known = {"permutations": 0, "tests": ("mmd", "energy"), "timed": False, "traced": False}
    return ReplicateQuery(
        **({"label": "a", "identity": "x", "first": first, "last": last} | known | changes)
    )


def rows_of(seeds: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"seed": seeds, "verdict": "near", "kl": np.sqrt(seeds)})


def store(ledger: Ledger, seeds: list[int], environment: str = "e", **changes: Any) -> int:
    told = {"permutations": [0] * len(seeds), "tests": ("mmd", "energy"), "timed": False} | changes
    unit = PackedUnit.of(rows_of(seeds), pd.DataFrame())
    return ledger.store("x", seeds, unit, environment=environment, **told)


def test_a_replicate_is_there_once_and_the_first_stays(tmp_path: Path) -> None:
    with Ledger(tmp_path / LEDGER_FILE) as ledger:
        assert store(ledger, [0, 1, 2], "first") == 3
        assert store(ledger, [0, 1, 2], "again") == 0
        assert store(ledger, [2, 3], "second") == 1
        found = ledger.rows([part(0, 9)])
    assert found["seed"].tolist() == [0, 1, 2, 3]
    assert found["kl"].tolist() == np.sqrt([0, 1, 2, 3]).tolist()
    assert found["environment"].tolist() == ["first", "first", "first", "second"]
    # A unit of which nothing was new leaves nothing.
    with sqlite3.connect(tmp_path / LEDGER_FILE) as connection:
        assert connection.execute("SELECT count(*) FROM units").fetchone() == (2,)


def test_the_largest_seed_is_stored() -> None:
    with Ledger(None) as ledger:
        store(ledger, [2**63 - 1])
        assert ledger.finished(part(2**63 - 5, 2**63 - 1)).tolist() == [2**63 - 1]


def test_what_is_read_is_what_was_asked_for_and_not_more() -> None:
    rows = rows_of([5]).assign(
        mmd_pvalue=0.25, chapter_examples_per_second=7.0, chapter_seconds=1.0
    )
    with Ledger(None) as ledger:
        told = {
            "permutations": [99],
            "tests": ("mmd", "energy"),
            "timed": True,
            "environment": "e",
        }
        ledger.store("x", [5], PackedUnit.of(rows, pd.DataFrame()), **told)
        assert ledger.finished(part(0, 9, permutations=99, timed=True)).tolist() == [5]
        assert ledger.finished(part(0, 9, permutations=19)).tolist() == []
        fewer, others = (
            part(0, 9, permutations=99, tests=tests) for tests in (("energy",), ("mmd", "fuse"))
        )
        assert ledger.finished(fewer).tolist() == [5]
        assert ledger.finished(others).tolist() == []
        assert "mmd_pvalue" not in ledger.rows([fewer])
        assert ledger.names([fewer], "rows") == list(ledger.rows([fewer]))
        assert ledger.finished(part(0, 9, traced=True)).tolist() == []
        assert ledger.finished(part(0, 9, identity="other")).tolist() == []
        (less,) = ledger.rows([part(0, 9)]).to_dict("records")
        (more,) = ledger.rows([part(0, 9, permutations=99, timed=True)]).to_dict("records")
    assert np.isnan([less["mmd_pvalue"], less["chapter_examples_per_second"]]).all()
    assert (more["mmd_pvalue"], more["chapter_examples_per_second"]) == (0.25, 7.0)
    assert less["kl"] == more["kl"]


@pytest.mark.usefixtures("trained")
def test_rows_and_epochs_are_those_that_were_judged_bit_for_bit(tmp_path: Path) -> None:
    settings = small(permutations=19, tested=3, grid={"latent_size": [2, 3]})
    planned = units.units(units.cells(settings, installed()))
    results = run(settings, tmp_path)
    direct = [work.train_unit(unit, settings) for unit in planned]
    for got, frames in zip((results.rows, results.epochs), zip(*direct, strict=True), strict=True):
        expected = pd.concat([frame for frame in frames if len(frame)])
        order = [name for name in ("config_hash", "seed", "epoch") if name in expected]
        both = [f.sort_values(order, ignore_index=True) for f in (got, expected)]
        names = [name for name in without_clocks(got) if name in expected]
        assert set(names) == set(without_clocks(expected))
        for name in names:
            one, other = (f[name].to_numpy() for f in both)
            if one.dtype == np.float64:
                one, other = one.view(np.int64), other.view(np.int64)
            assert (one == other).all(), name
    assert results.rows["mmd_pvalue"].notna().sum() == 6
    assert results.rows["weight_3_1"].notna().sum() == 40
    assert results.epochs["seed"].max() == 19
    assert results.rows["chapter_examples_per_second"].notna().sum() == 1


def test_nothing_is_trained_twice(trained: list[int], tmp_path: Path) -> None:
    first = run(small(), tmp_path)
    assert sorted(trained) == sorted([*range(40)] * 2)
    trained.clear()
    again = run(small(name="under another name"), tmp_path)
    assert trained == []
    assert again.provenance["reused"] == 80
    pd.testing.assert_frame_equal(again.rows, first.rows)
    pd.testing.assert_frame_equal(again.epochs, first.epochs)


def test_a_changed_study_reuses_what_still_fits(trained: list[int], tmp_path: Path) -> None:
    run(small(), tmp_path / "a")
    changes = [
        ({"replicates": 44}, 2 * 4),  # more seeds
        ({"replicates": 20}, 0),  # fewer
        (
            {"grid": {"learning_rate_D": [0.02, 0.03]}},
            41,
        ),  # a new configuration; the first is timed
        ({"first_seed": 30, "replicates": 10, "traced": 0}, 1),  # its first seed is timed
        ({"permutations": 19, "tested": 3}, 2 * 3),  # the tests of three seeds
        ({"permutations": 19, "tested": 5}, 2 * 2),
        ({"permutations": 29, "tested": 2}, 2 * 2),  # other permutations
        ({"permutations": 19, "tested": 4, "tests": ["hotelling", "energy"]}, 2 * 4),  # other tests
        ({"permutations": 19, "tested": 4, "tests": ["hotelling"]}, 0),  # fewer
        ({"traced": 25}, 2 * 5),  # more epochs
        ({"margins": {"converged": 0.2}}, 80),  # other verdicts
        ({"n_evaluation": 30}, 80),
        ({}, 0),
    ]
    for at, (change, expected) in enumerate(changes):
        trained.clear()
        got = run(small(**change), tmp_path / "a")
        assert len(trained) == expected, change
        if at not in (3, 6, 7, 8, 9):  # the rest differ from these in nothing that is read
            continue
        fresh = run(small(**change), tmp_path / str(at))
        for one, other in ((got.rows, fresh.rows), (got.epochs, fresh.epochs)):
            # What was trained is the same to the bit. The judge's last bit depends on which
            # replicates it sees together.
            names = [name for name in one if str(name).startswith(("weight", "loss", "mean_1"))]
            pd.testing.assert_frame_equal(one[names], other[names], check_exact=True)
            one, other = without_clocks(one), without_clocks(other)
            pd.testing.assert_frame_equal(one, other, rtol=1e-9, atol=1e-12)


def test_other_code_does_not_mix_with_what_is_stored(
    trained: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(small(), tmp_path)
    trained.clear()
    monkeypatch.setattr("gan_eval.study.plan.units.code_version", lambda *_: "another")
    assert len(run(small(), tmp_path).rows) == 80
    assert len(trained) == 80
    monkeypatch.undo()


def test_what_a_study_wants_covers_its_seeds_once() -> None:
    for traced, tested, replicates in [(0, 0, 1), (1, 1, 1), (5, 3, 10), (3, 5, 4), (9, 9, 9)]:
        settings = small(traced=traced, tested=tested, replicates=replicates, permutations=9)
        (cell, *_) = units.cells(settings, installed())
        parts = queries(cell, settings)
        told = {seed: p for p in parts for seed in range(p.first, p.last + 1)}
        assert sorted(told) == list(range(replicates))
        assert sum(p.last - p.first + 1 for p in parts) == replicates
        for seed, p in told.items():
            expected = (9 * (seed < tested), seed == 0, seed < traced)
            assert (p.permutations, p.timed, p.traced) == expected


def write(folder: Path, turn: int) -> None:
    """One of several processes that store the same seeds, in an order of its own."""
    rng = np.random.default_rng(turn)
    with Ledger(folder / LEDGER_FILE) as ledger:
        for first in rng.permutation(60):
            store(ledger, list(range(int(first), int(first) + 3)), f"process {turn}")


def test_several_processes_write_at_once_and_double_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write, args=(tmp_path, turn)) for turn in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(600)
        assert process.exitcode == 0
    with Ledger(tmp_path / LEDGER_FILE, read_only=True) as ledger:
        rows = ledger.rows([part(0, 99)])
    assert rows["seed"].tolist() == list(range(62))
    assert rows["kl"].tolist() == np.sqrt(np.arange(62)).tolist()
    with sqlite3.connect(tmp_path / LEDGER_FILE) as connection:
        counted = connection.execute("SELECT count(*), count(DISTINCT seed) FROM replicates")
        assert counted.fetchone() == (62, 62)


def test_a_run_leaves_to_the_end_what_another_run_has_taken_on(
    trained: list[int], tmp_path: Path
) -> None:
    settings = small(grid={})
    run(settings.model_copy(update={"replicates": 1}), tmp_path)
    (cell,) = units.cells(settings, installed())
    (first, *_) = queries(cell, settings)
    with Ledger(tmp_path / LEDGER_FILE) as ledger:
        assert ledger.claim(first.identity, 1, 99)
        assert not ledger.claim(first.identity, 1, 100)
    trained.clear()
    run(settings, tmp_path)
    assert sorted(trained) == list(range(1, 40))
    assert trained[-16:] == list(range(1, 17))


def test_the_last_study_is_what_is_loaded(trained: list[int], tmp_path: Path) -> None:
    run(small(), tmp_path)
    shorter = run(small(replicates=7, name="shorter", grid={}), tmp_path)
    assert trained
    found = load(tmp_path)
    assert found["configuration"].unique().tolist() == ["shorter"]
    pd.testing.assert_frame_equal(found, shorter.rows)
    run(small(), tmp_path)
    assert len(load(tmp_path)) == 80


def test_an_interrupted_run_keeps_what_was_finished(trained: list[int], tmp_path: Path) -> None:
    def interrupt(progress: execute.Progress) -> None:
        if progress.finished > 20:
            raise KeyboardInterrupt

    stopped = run(small(), tmp_path / "a", on_progress=interrupt)
    assert stopped.provenance["interrupted"]
    assert 20 < len(stopped.rows) < 80
    whole = run(small(), tmp_path / "a")
    assert not whole.provenance["interrupted"]
    assert sorted(trained) == sorted([*range(40)] * 2)
    run(small(), tmp_path / "b")
    assert_same(tmp_path / "a", tmp_path / "b")
