"""An interrupted certification goes on: the same certificate, and nothing measured twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_eval.cli import main
from gan_eval.investigations.certify import (
    TESTS,
    Certificate,
    Settings,
    Subject,
    certify,
    checkpoint,
    closed_form,
    power,
    size,
)
from gan_eval.investigations.certify.checkpoint import Checkpoint, beside
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.pool import Progress

from ...disk import full_disk

CHEAP = ("classical_hotelling", "box_m")
SMALL = Settings(sizes=((8, 6),), dimensions=(1,), repetitions=300, power_repetitions=20, seed=3)


class EnoughError(Exception):
    """Stops a certification in its middle, as Ctrl-C would."""


def units(file: Path) -> list[str]:
    records = [json.loads(line) for line in file.read_text().splitlines()[1:] if line]
    return [json.dumps(record["unit"]) for record in records]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Certificate, str]:
    """A certificate, and all the lines of its checkpoint."""
    file = tmp_path_factory.mktemp("whole") / "new" / "c.part"
    certificate = certify(CHEAP, SMALL, workers=1, checkpoint=Checkpoint(file))
    assert certificate.provenance["units_reused"] == 0
    assert len(set(units(file))) == len(units(file)) == certificate.provenance["units"]
    return certificate, file.read_text()


def test_a_damaged_line_is_measured_again(
    tmp_path: Path, uninterrupted: tuple[Certificate, str]
) -> None:
    whole, text = uninterrupted
    head, *lines = [line for line in text.splitlines() if line]
    bad = [line.partition('"found": ')[0] + '"found": {}}' for line in lines[:2]]
    deep = "[" * 200_000, '{"unit": ' + "9" * 5000 + ', "found": 1}'
    file = tmp_path / "c.part"
    file.write_text("\n".join([head, *bad, *deep, *lines[2:]]))
    again = certify(CHEAP, SMALL, workers=1, checkpoint=Checkpoint(file))
    assert again.provenance["units_reused"] == len(lines) - 2
    assert (again.sizes, again.power, again.means) == (whole.sizes, whole.power, whole.means)


def test_it_goes_on_to_the_same_certificate(
    tmp_path: Path, uninterrupted: tuple[Certificate, str]
) -> None:
    whole, text = uninterrupted
    file = tmp_path / "c.part"

    def stop(progress: Progress) -> None:
        if progress.finished == 5:
            raise EnoughError

    with pytest.raises(EnoughError):
        certify(CHEAP, SMALL, workers=1, checkpoint=Checkpoint(file), on_progress=stop)
    assert len(units(file)) == 5
    found = certify(CHEAP, SMALL, workers=1, checkpoint=Checkpoint(file))
    assert found.provenance["units_reused"] == 5
    assert (found.sizes, found.power) == (whole.sizes, whole.power)
    assert file.read_text() == text


def test_all_is_found_again_but_by_other_code(
    tmp_path: Path, uninterrupted: tuple[Certificate, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, text = uninterrupted
    file = tmp_path / "c.part"
    file.write_text(text)
    again = certify(CHEAP, SMALL, workers=1, checkpoint=Checkpoint(file))
    assert again.provenance["units_reused"] == whole.provenance["units"]
    assert (again.sizes, again.power) == (whole.sizes, whole.power)
    unit = (power.measure, None, "scale", 8, 6, 1, 0.05, 20, 3, "chapter")
    assert Checkpoint(file).find(unit)[0]
    monkeypatch.setattr(checkpoint, "source_version", lambda _: "of another version")
    assert not Checkpoint(file).find(unit)[0]


def test_what_was_cut_off_is_measured_again(
    tmp_path: Path, uninterrupted: tuple[Certificate, str]
) -> None:
    whole, text = uninterrupted
    file = tmp_path / "c.part"
    file.write_text(text[: len(text) - 40])
    for missing in (1, 0):
        found = certify(CHEAP, SMALL, workers=1, checkpoint=Checkpoint(file))
        assert found.provenance["units_reused"] == whole.provenance["units"] - missing
        assert found.power == whole.power


@pytest.mark.parametrize(
    "unit",
    [
        (size.count, TESTS["mmd"], "integers", 5, 4, 1, 0, "first", range(20, 40), (0.05, 0.1)),
        (power.measure, TESTS["hotelling"], "shift_minor", 9, 8, 2, 0.05, 20, 0),
        (power.measure, None, "rotation", 9, 8, 1, 0.05, 20, 0),  # no such path in one dimension
        (size.count, TESTS["mode_shares"], "ring8", 5, 4, 2, 0, "first", range(5), (0.05, 0.1)),
        (power.measure, TESTS["log_density"], "wide", 9, 8, 2, 0.05, 20, 0, "grid25"),
        (closed_form.measure, "mmd2", "shift_major", 9, 8, 2, 30, 0, "second"),
    ],
)
def test_every_kind_of_unit_comes_back_as_it_was(tmp_path: Path, unit: tuple[Any, ...]) -> None:
    file = tmp_path / "c.part"
    function, *arguments = unit
    outcome = function(*arguments)
    assert Checkpoint(file).find(unit) == (False, None)
    Checkpoint(file).keep(unit, outcome)
    assert Checkpoint(file).find(unit) == (True, outcome)
    assert Checkpoint(file).find((*unit[:-1], "another")) == (False, None)


def uniform(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> float:
    return float(rng.uniform())


def test_a_test_from_outside_is_not_kept(tmp_path: Path) -> None:
    """Its code may change under the same name."""
    file = tmp_path / "c.part"
    subject = Subject("mmd", "mine", uniform, {"normal": "exact"})
    certify([subject], SMALL, workers=1, checkpoint=Checkpoint(file))
    found = certify([subject], SMALL, workers=1, checkpoint=Checkpoint(file)).provenance
    assert all('"optimum"' in unit or "null" in unit for unit in units(file))
    assert found["units_reused"] == len(units(file)) < found["units"]


@pytest.mark.parametrize("text", ["a file of somebody's\n", '{"format": 1}\n', "\x00\xff"])
def test_another_file_is_refused_and_stays(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "c.json"
    beside(out).write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match=r"c\.json\.part"):
        Checkpoint(beside(out))
    with pytest.raises(SystemExit) as end:
        main(["certify", "--tests", "mmd", "--out", str(out)])
    assert end.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert beside(out).read_text(encoding="latin-1") == text


def test_a_full_disk_leaves_nothing_half_written_and_what_it_left_is_gone_on_with(
    tmp_path: Path,
) -> None:
    file = tmp_path / "c.part"
    unit = (power.measure, None, "scale", 9, 8, 2, 0.05, 20, 0)
    outcome = unit[0](*unit[1:])
    with full_disk(), pytest.raises(UsageError, match=r"c\.part' cannot be written"):
        Checkpoint(file).keep(unit, outcome)
    assert not list(tmp_path.iterdir())
    file.write_text("")  # as an earlier version left it
    assert Checkpoint(file).find(unit) == (False, None)
    Checkpoint(file).keep(unit, outcome)
    with full_disk(file.stat().st_size + 5), pytest.raises(UsageError, match="cannot be written"):
        Checkpoint(file).keep((*unit[:-1], 1), outcome)
    assert Checkpoint(file).find(unit) == (True, outcome)
    assert Checkpoint(file).find((*unit[:-1], 1)) == (False, None)


def test_a_link_in_the_place_of_the_checkpoint_is_not_followed(tmp_path: Path) -> None:
    file, precious = tmp_path / "c.part", tmp_path / "precious"
    unit = (power.measure, None, "scale", 9, 8, 2, 0.05, 20, 0)
    file.symlink_to(precious)
    with pytest.raises(UsageError, match="is a symbolic link"):
        Checkpoint(file)
    file.unlink()
    kept = Checkpoint(file)
    kept.keep(unit, None)
    file.rename(precious)
    file.symlink_to(precious)
    before = precious.read_text()
    with pytest.raises(UsageError, match="cannot be written"):
        kept.keep(unit, None)
    assert precious.read_text() == before


KILLED = """
import os, signal, sys
from gan_eval.investigations.certify.checkpoint import Checkpoint
from gan_eval.cli import main
keep, kept = Checkpoint.keep, []
def last(self, *unit):
    keep(self, *unit)
    kept.append(unit)
    if len(kept) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
Checkpoint.keep = last
main(sys.argv[1:])
"""
"""The command, killed when it has kept its third unit."""


@pytest.mark.thorough
def test_the_command_goes_on_after_a_kill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "c.json"
    arguments = [
        *("certify", "--tests", "classical_hotelling", "--n", "8", "--dimension", "2"),
        *("--repetitions", "1000", "--workers", "1", "--out", str(out)),
    ]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists()
    before = len(units(beside(out)))
    assert before == 3
    with pytest.raises(SystemExit) as end:
        main(arguments)
    stdout = capsys.readouterr().out
    assert end.value.code == 0
    assert f"Kept from an interrupted run: {before} units of work." in stdout
    assert Certificate.load(out).provenance["units_reused"] == before
    assert not beside(out).exists()
