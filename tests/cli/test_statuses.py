"""Every exit status of every command, as docs/commands.md has them in one table."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gan_eval.cli import app, main
from gan_eval.cli.status import Ended, Status, status_of
from gan_eval.investigations import exercise
from gan_eval.investigations.certify import run as certifying
from gan_eval.investigations.certify.result import Certificate, shipped
from gan_eval.investigations.conformance import run as conforming
from gan_eval.investigations.conformance.stepwise import StageAgreement
from gan_eval.runtime.errors import UsageError
from gan_eval.study.plan.study import Study
from gan_eval.study.plan.units import Unit
from gan_eval.study.run import execute as work
from gan_eval.training.backends import Availability

from ..docs.pages import section, table_rows
from ..investigations.speed.test_slowdown import document, noisy
from .commands import SMALL, STUDY

NEEDED = {
    "check": ["--rows", "rows.csv"],
    "compare": ["a.csv", "b.csv"],
    "export": ["out"],
    "rank": ["a.csv", "b.csv", "c.csv"],
    "report": ["out"],
    "throughput": ["new.json"],
    "verify": ["report.html"],
}
"""What a command cannot do without."""
COMMANDS = sorted(str(info.name or info.callback.__name__) for info in app.registered_commands)  # type: ignore[union-attr]


def documented() -> set[tuple[int, str]]:
    """Statuses with their commands, from the table."""
    found = set()
    _, _, *rows = table_rows(section("commands", "## Exit statuses"))
    for status, commands, _ in rows:
        names = COMMANDS if commands == "every one" else commands.replace("`", "").split(", ")
        found |= {(int(status), name) for name in names}
    return found


# --- What every command may come to -------------------------------------------------------------


RAISED: list[tuple[BaseException, int, str]] = [
    (UsageError("`x` must be 1, got 2"), 2, "`x` must be 1, got 2"),
    (OSError(28, "No space left on device"), 2, "No space left on device"),
    (FileNotFoundError(2, "No such file or directory", "gone.csv"), 2, "'gone.csv': No such"),
    (MemoryError(), 70, "more memory than the machine has: the traceback is in "),
    (RecursionError("too deep"), 70, "(RecursionError): the traceback is in "),
    (KeyError("x"), 70, "(KeyError): the traceback is in "),
    (EOFError(), 70, "(EOFError): the traceback is in "),
    (SystemExit("a library's own"), 70, "(SystemExit): the traceback is in "),
    (BaseException("panic"), 70, "(BaseException): the traceback is in "),
    (KeyboardInterrupt(), 130, "interrupted"),
    (Ended("ended by SIGTERM"), 130, "ended by SIGTERM"),  # `main` knows the signal's number
]


@pytest.mark.parametrize("command", COMMANDS)
def test_whatever_is_raised_has_its_status_and_one_sentence(
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    (info,) = (
        one
        for one in app.registered_commands
        if one.callback is not None and command in (one.name, one.callback.__name__)
    )
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for error, status, sentence in RAISED:

        @functools.wraps(info.callback)  # type: ignore[arg-type]  (for its parameters)
        def fail(error: BaseException = error, **_: Any) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(info, "callback", fail)
            assert status_of([command, *NEEDED.get(command, [])]) == status
        stdout, stderr = capsys.readouterr()
        assert stdout == ""
        assert stderr.startswith("gan-eval: ")
        assert len(stderr.splitlines()) == 1
        assert sentence in stderr
        kept = list(tmp_path.iterdir())
        assert len(kept) == (status == 70)
        for file in kept:
            assert str(file) in stderr
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
            assert type(error).__name__ in file.read_text()
            assert "Traceback" in file.read_text()
            file.unlink()


def test_a_traceback_that_cannot_be_written_is_no_other_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    monkeypatch.setattr("gan_eval.study.plan.ready.names", lambda: 1 / 0)
    assert status_of(["studies"]) == 70
    assert "its traceback could not be written" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_misuse_of_every_command_is_status_2(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of([command, *NEEDED.get(command, []), "--no-such-option"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


# --- Their answers --------------------------------------------------------------------------------

Files = Callable[..., None]


def _tables(shift: float, rows: int) -> None:
    rng = np.random.default_rng(3)
    for name, mean in (("a.csv", 0.0), ("b.csv", shift)):
        values = rng.normal(mean, 1, (rows, 2))
        np.savetxt(name, values, delimiter=",", header="x,y", comments="")


def _rows() -> None:
    columns = "seed,verdict,kl,backend,device,config_hash,loss_D,loss_G,worth_kl\n"
    row = "{},converged,0.05,pytorch,cpu,abc,0.69,0.69,50\n"
    Path("rows.csv").write_text(columns + "".join(row.format(seed) for seed in range(3)))


def _benchmarks(rounds: int, times: float) -> None:
    for name, factor, seed in (("old.json", 1, 1), ("new.json", times, 2)):
        found = document({"loop": noisy(0.2 * factor, seed, rounds)})
        Path(name).write_text(json.dumps(found))


def _run(patch: pytest.MonkeyPatch, *arguments: str) -> None:
    command = ["run", *STUDY, "--set", "replicates=2", "--set", "name=x", "--workers", "1"]
    assert status_of([*command, "--out", "out", *arguments]) == 0


def _half_failing(patch: pytest.MonkeyPatch) -> None:
    whole = work.train_unit

    def train(unit: Unit, study: Study) -> Any:
        if unit.seeds[0] == 1:
            raise RuntimeError("this seed is not to be had")
        return whole(unit, study)

    patch.setattr(work, "train_unit", train)


def _few_numbers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("gan_eval.report.embedded.MOST_NUMBERS", 0)


def _changed() -> None:
    page = Path("out/report.html").read_text("utf-8")
    forged = re.sub(r'(<h2 id="answer"[^>]*>[^<\d]*)\d', r"\g<1>9", page)
    assert forged != page
    Path("report.html").write_text(forged, "utf-8")


def _certificate(patch: pytest.MonkeyPatch, change: Callable[[Certificate], Certificate]) -> None:
    found = replace(shipped(), provenance={**shipped().provenance, "units_reused": 0})
    patch.setattr(certifying, "certify", lambda *_, **__: change(found))


def _faulty(certificate: Certificate) -> Certificate:
    case = certificate.sizes[0]
    always = replace(case.first, rejections=tuple(case.first.repetitions for _ in case.alphas))
    return replace(certificate, sizes=(replace(case, first=always, second=None),))


def _mute(certificate: Certificate) -> Certificate:
    """As if it had been asked at a level that no permutation test with its few rows can reach."""
    case = next(case for case in certificate.sizes if case.claim == "valid")
    never = replace(
        case.first,
        rejections=tuple(0 for _ in case.alphas),
        histogram=(*[0] * 99, case.first.repetitions),
    )
    tests = {case.test: certificate.tests[case.test]}
    sizes = (replace(case, first=never, second=None),)
    return replace(certificate, tests=tests, sizes=sizes, power=(), means=())


def _conformance(patch: pytest.MonkeyPatch, *differences: float) -> None:
    compared = tuple(
        Availability(name, "installed", ("cpu",)) for name in ("a", "b")[: len(differences) + 1]
    )
    stages = tuple(StageAgreement("s", "a", "b", {"x": d}, 0.1, 1, 1) for d in differences)
    told = {"replicates": 0, "threads": 1, "seconds": 1.0}
    found = conforming.Conformance(compared, (), stages, (), told)
    patch.setattr("gan_eval.investigations.conformance.conform", lambda *_, **__: found)


def _exercise(patch: pytest.MonkeyPatch, *, answered: bool) -> None:
    found = SimpleNamespace(answered=answered, save=lambda _: [], document=dict)
    patch.setattr(exercise, "exercise", lambda *_, **__: found)


def _lab(patch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(save=lambda _: None, document=dict)
    patch.setattr("gan_eval.investigations.lab.lab", lambda *_, **__: found)


CASES: list[tuple[int, list[str], Callable[[pytest.MonkeyPatch], object]]] = [
    (0, ["train", *SMALL], lambda _: None),
    (0, ["report", "out"], _run),
    (0, ["export", "out"], _run),
    (0, ["studies"], lambda _: None),
    (0, ["dynamics", "--discriminators", "2"], lambda _: None),
    (0, ["lab", "--json"], _lab),
    (0, ["backends"], lambda _: None),
    (
        0,
        ["run", *STUDY, "--set", "replicates=2", "--workers", "1", "--out", "out"],
        _half_failing,
    ),
    (0, ["check", "--rows", "rows.csv"], lambda _: _rows()),
    (1, ["check", "--rows", "rows.csv", "--margin", "0.01"], lambda _: _rows()),
    (
        3,
        ["check", "--rows", "rows.csv", "--share", "0.9", "--confidence", "0.95"],
        lambda _: _rows(),
    ),
    (0, ["compare", "a.csv", "b.csv"], lambda _: _tables(0, 30)),
    (1, ["compare", "a.csv", "b.csv"], lambda _: _tables(3, 30)),
    (3, ["compare", "a.csv", "b.csv"], lambda _: _tables(9, 3)),
    (0, ["rank", "a.csv", "a.csv", "b.csv"], lambda _: _tables(3, 30)),
    (3, ["rank", "a.csv", "b.csv", "b.csv"], lambda _: _tables(3, 30)),
    (0, ["throughput", "new.json", "--against", "old.json"], lambda _: _benchmarks(20, 1)),
    (1, ["throughput", "new.json", "--against", "old.json"], lambda _: _benchmarks(20, 3)),
    (3, ["throughput", "new.json", "--against", "old.json"], lambda _: _benchmarks(2, 10)),
    (0, ["certify"], lambda patch: _certificate(patch, lambda found: found)),
    (1, ["certify"], lambda patch: _certificate(patch, _faulty)),
    (3, ["certify"], lambda patch: _certificate(patch, _mute)),
    (0, ["conform"], lambda patch: _conformance(patch, 0.01)),
    (1, ["conform"], lambda patch: _conformance(patch, 0.5)),
    (3, ["conform"], lambda patch: _conformance(patch)),
    (0, ["exercise", "--json"], lambda patch: _exercise(patch, answered=True)),
    (3, ["exercise", "--json"], lambda patch: _exercise(patch, answered=False)),
    (0, ["verify", "out/report.html"], _run),
    (1, ["verify", "report.html"], lambda patch: (_run(patch), _changed())),
    (3, ["verify", "out/report.html"], lambda patch: (_few_numbers(patch), _run(patch))),
]


@pytest.mark.parametrize(
    ("status", "arguments", "prepare"),
    CASES,
    ids=[f"{words[0]}-{status}" for status, words, _ in CASES],
)
def test_an_answer_has_its_status(
    status: int,
    arguments: list[str],
    prepare: Callable[[pytest.MonkeyPatch], object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    with contextlib.chdir(tmp_path):
        prepare(monkeypatch)
        capsys.readouterr()
        assert status_of(arguments) == status
    stdout, stderr = capsys.readouterr()
    assert stdout
    assert stderr == ""
    if prepare is _half_failing:
        assert "1 of 2 replicates could not be trained" in stdout


def test_the_table_has_these_statuses_and_no_other() -> None:
    answers = {(status, arguments[0]) for status, arguments, _ in CASES}
    everyone = set(Status) - {Status.YES, Status.NO, Status.COULD_NOT_TELL}
    expected = answers | {(status.value, name) for status in everyone for name in COMMANDS}
    assert documented() == expected


def test_a_run_without_any_replicate_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("no seed is to be had")

    monkeypatch.setattr(work, "train_unit", fail)
    command = ["run", *STUDY, "--set", "replicates=2", "--workers", "1"]
    with pytest.raises(SystemExit) as end:
        main([*command, "--out", str(tmp_path / "out")])
    assert end.value.code == 2
    assert capsys.readouterr().err == ("gan-eval: nothing could be trained: no seed is to be had\n")
