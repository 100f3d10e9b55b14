"""Commands as a user gives them, and what comes back: stdout, stderr and status."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest

from gan_eval.cli import main

SMALL = ("--set", "epochs=1", "--set", "n_examples=64")
STUDY = (
    *("--set", "config.epochs=1", "--set", "config.n_examples=64", "--set", "permutations=19"),
    *("--set", 'backends=["pytorch"]'),
    *("--set", "time_budget=none"),  # however busy the machine is
)


def gan_eval(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """In this process, which has imported what a command needs."""
    stdout, stderr = io.StringIO(), io.StringIO()
    words = [str(argument) for argument in arguments]
    with (
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
        pytest.raises(SystemExit) as end,
    ):
        main(words)
    assert end.value.code is None or isinstance(end.value.code, int)
    return subprocess.CompletedProcess(
        words, end.value.code or 0, stdout.getvalue(), stderr.getvalue()
    )


def started(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """In a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "gan_eval", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=600,
        check=False,
    )


def refused(*arguments: str | Path, cwd: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Run what must be refused: status 2, one line on stderr, nothing on stdout or on disk."""
    before = sorted(cwd.rglob("*"))
    with contextlib.chdir(cwd), pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    assert end.value.code == 2
    stdout, stderr = capsys.readouterr()
    assert stdout == ""
    assert len(stderr.splitlines()) == 1, stderr
    assert sorted(cwd.rglob("*")) == before
    return stderr
