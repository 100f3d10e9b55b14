"""A ledger that was damaged is read as it was, or refused in a sentence; and then it is mended."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan_eval.cli.status import status_of
from gan_eval.runtime.errors import UsageError
from gan_eval.study.ledger.blocks import PackedUnit
from gan_eval.study.ledger.ledger import LEDGER_FILE, Ledger
from gan_eval.study.plan.units import ReplicateQuery
from gan_eval.study.results.export import load
from gan_eval.study.results.results import OutputFolder

PAGE = 4096
CELLS = [("alpha", 16), ("beta", 16), ("γ", 16)]
"""Labels, and units of each."""
TOGETHER = 10
REPLICATES = sum(units for _, units in CELLS) * TOGETHER

Damage = Callable[[bytearray, np.random.Generator], None]


def wanted(label: str, units: int) -> ReplicateQuery:
    identity = f'{{"config": "{label}", "code": "torch 2.13.0"}}'
    return ReplicateQuery(label, identity, 0, units * TOGETHER - 1, 0, ("mmd",), False, False)


def fill(path: Path) -> None:
    """Some units of each cell, in turn, with epochs of the first two; and two runs."""
    parts = [wanted(*cell) for cell in CELLS]
    with Ledger(path) as ledger:
        ledger.begin({"provenance": {"study": {"name": "an earlier one"}}}, parts[:1])
        ledger.environment("e1", {"packages": {"torch": "2.13.0"}})
        ledger.environment("e2", {"packages": {"torch": "2.13.0"}, "processor": "x" * 5000})
        ledger.begin({"provenance": {"study": {"name": "this one"}}}, parts)
        for unit in range(max(units for _, units in CELLS)):
            for part in parts:
                store(ledger, part, unit)


@cache
def packed(label: str, unit: int) -> PackedUnit:
    seeds = np.arange(unit * TOGETHER, (unit + 1) * TOGETHER)
    rng = np.random.default_rng([unit, len(label)])
    rows = pd.DataFrame(
        {"seed": seeds, "verdict": "near", "a": rng.random(10), "b": rng.random(10)}
    )
    epochs = pd.DataFrame(
        {"seed": seeds[:2].repeat(3), "epoch": [1, 2, 3] * 2, "kl": rng.random(6)}
    )
    return PackedUnit.of(rows, epochs)


def store(ledger: Ledger, part: ReplicateQuery, unit: int) -> None:
    ledger.store(
        part.identity,
        list(range(unit * TOGETHER, (unit + 1) * TOGETHER)),
        packed(part.label, unit),
        permutations=[0] * TOGETHER,
        tests=("mmd",),
        timed=False,
        environment=f"e{1 + unit % 2}",
    )


def state(folder: Path) -> tuple[str, str, str]:
    """All that a reader is given, to the bit."""
    with Ledger(folder / LEDGER_FILE, read_only=True) as ledger:
        found = ledger.last_run()
        traced = [part.__class__(**(part.__dict__ | {"traced": True})) for part in found["wanted"]]
        epochs = ledger.epochs(traced)
        told = f"{found} {ledger.environments()} {ledger.names(found['wanted'], 'rows')}"
    return load(folder).to_csv(), epochs.to_csv(), told


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, tuple[str, str, str]]:
    folder = tmp_path_factory.mktemp("whole")
    fill(folder / LEDGER_FILE)
    content = (folder / LEDGER_FILE).read_bytes()
    assert len(content) > 15 * PAGE
    found = state(folder)
    assert len(found[0].splitlines()) == REPLICATES + 1
    assert len(found[1].splitlines()) == REPLICATES // TOGETHER * 6 + 1
    return content, found


def flip_a_bit(content: bytearray, rng: np.random.Generator) -> None:
    content[rng.integers(len(content))] ^= 1 << rng.integers(8)


def change_a_byte(content: bytearray, rng: np.random.Generator) -> None:
    content[rng.integers(len(content))] = rng.integers(256)


def zero_a_range(content: bytearray, rng: np.random.Generator) -> None:
    size = int(rng.choice([16, 512, PAGE, 3 * PAGE]))
    first = int(rng.integers(len(content) - size)) // size * size
    content[first : first + size] = bytes(size)


def scribble(content: bytearray, rng: np.random.Generator) -> None:
    size, first = int(rng.integers(1, 600)), int(rng.integers(len(content) - 600))
    content[first : first + size] = rng.bytes(size)


def cut(content: bytearray, rng: np.random.Generator) -> None:
    del content[int(rng.integers(len(content))) :]


def pages(content: bytearray, rng: np.random.Generator) -> tuple[slice, slice]:
    a, b = rng.choice(len(content) // PAGE, 2, replace=False)
    return slice(a * PAGE, (a + 1) * PAGE), slice(b * PAGE, (b + 1) * PAGE)


def swap_pages(content: bytearray, rng: np.random.Generator) -> None:
    a, b = pages(content, rng)
    content[a], content[b] = content[b], content[a]


def double_a_page(content: bytearray, rng: np.random.Generator) -> None:
    a, b = pages(content, rng)
    content[a] = content[b]


DAMAGES: list[Damage] = [
    flip_a_bit,
    change_a_byte,
    zero_a_range,
    scribble,
    cut,
    swap_pages,
    double_a_page,
]


def damaged(folder: Path, content: bytes, turn: int) -> None:
    changed = bytearray(content)
    DAMAGES[turn % len(DAMAGES)](changed, np.random.default_rng(turn))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / LEDGER_FILE).write_bytes(changed)


def mended(folder: Path, expected: tuple[str, str, str]) -> int:
    """Open it for writing: what is left is as it was, the rest can be stored again. How many
    replicates were lost."""
    with Ledger(folder / LEDGER_FILE) as ledger:
        assert ledger.mended is not None
        parts = [wanted(*cell) for cell in CELLS]
        left = sum(len(ledger.finished(part)) for part in parts)
        rows = ledger.rows(parts).to_csv(index=False).splitlines()[1:]
        assert len(rows) == left
        lines = (line.partition(",")[2] for line in expected[0].splitlines())
        assert set(rows) <= set(lines)
        for name in ("e1", "e2"):
            ledger.environment(name, {})
        ledger.begin({"provenance": {"study": {"name": "again"}}}, parts)
        for label, units in CELLS:
            for unit in range(units):
                store(ledger, wanted(label, units), unit)
    assert state(folder)[:2] == expected[:2]
    with sqlite3.connect(folder / LEDGER_FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return REPLICATES - left


def check(folder: Path, whole: tuple[bytes, tuple[str, str, str]], turns: range) -> None:
    same = lost = refused = 0
    for turn in turns:
        damaged(folder, whole[0], turn)
        with contextlib.suppress(UsageError):
            assert state(folder) == whole[1], turn
            same += 1
            continue
        damaged(folder, whole[0], turn)  # what reading leaves, as a log of writing, is none of it
        try:
            lost += mended(folder, whole[1])
        except UsageError:  # SQLite's own head, or its list of tables
            refused += 1
    # Nothing is said of what the damages do; only that each outcome occurs.
    assert same > 0
    assert lost > 0
    assert refused < len(turns) / 2


def test_some_damages(whole: tuple[bytes, tuple[str, str, str]], tmp_path: Path) -> None:
    check(tmp_path / "damaged", whole, range(28))


def test_tables_that_change_places_are_noticed(
    whole: tuple[bytes, tuple[str, str, str]], tmp_path: Path
) -> None:
    """Two tables of the same columns, whose records would pass for each other's."""
    path = tmp_path / LEDGER_FILE
    path.write_bytes(whole[0])
    with sqlite3.connect(path) as connection:
        roots = dict(
            connection.execute(
                "SELECT name, rootpage FROM sqlite_master WHERE name IN ('runs', 'environments')"
            )
        )
    content = bytearray(whole[0])
    a, b = (slice((root - 1) * PAGE, root * PAGE) for root in roots.values())
    content[a], content[b] = content[b], content[a]
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is damaged"):
        state(tmp_path)


@pytest.mark.thorough
def test_a_thousand_damages(whole: tuple[bytes, tuple[str, str, str]], tmp_path: Path) -> None:
    check(tmp_path / "damaged", whole, range(28, 1028))


def test_readers_say_how_many_and_a_run_mends_them(
    whole: tuple[bytes, tuple[str, str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / LEDGER_FILE
    path.write_bytes(whole[0])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE units SET created = 'yesterday' WHERE id IN (3, 7)")
    before = path.read_bytes()
    for command in (["export"], ["check", "--rows"]):
        assert status_of([*command, str(tmp_path)]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert f"is damaged: 20 of {REPLICATES} replicates" in said.err
        assert len(said.err.splitlines()) == 1
    assert path.read_bytes() == before
    mended = OutputFolder(tmp_path).check_ledger()
    assert mended is not None
    assert f"20 of {REPLICATES} replicates" in mended
    assert OutputFolder(tmp_path).check_ledger() is None
    assert len(load(tmp_path)) == REPLICATES - 20
