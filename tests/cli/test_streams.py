"""Standard output and error that are closed, full, narrow, or read by someone who goes away."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_eval.cli import main, status
from gan_eval.cli.status import lasting_streams
from gan_eval.runtime.errors import UsageError

ENCODINGS = ["ascii", "latin-1", "cp1252", "utf-8"]
posix = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@contextlib.contextmanager
def written_to(below: io.RawIOBase | io.BytesIO, encoding: str = "utf-8") -> Iterator[None]:
    """Have this below standard output, as Python opens it for a pipe or a file."""
    buffer: Any = io.BufferedWriter(below) if isinstance(below, io.RawIOBase) else below
    stream = io.TextIOWrapper(buffer, encoding)
    before, sys.stdout = sys.stdout, stream
    try:
        yield
    finally:
        sys.stdout = before
        with contextlib.suppress(OSError, ValueError):
            stream.detach()


class Failing(io.RawIOBase):
    """A file that cannot be written to, for this reason."""

    def __init__(self, error: OSError) -> None:
        self.error, self.asked = error, 0

    def writable(self) -> bool:
        return True

    def write(self, _: Any) -> int:
        self.asked += 1
        raise self.error


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_an_encoding_lacks_is_spelled(encoding: str) -> None:
    text = "KL(q‖p) ≤ 0.1 nats² – “AᵀA” … ∞ × √2 → é 丠 \udcff"
    below = io.BytesIO()
    with written_to(below, encoding), lasting_streams():
        print(text)
    said = below.getvalue().decode(encoding)
    if encoding == "ascii":
        expected = 'KL(q||p) <= 0.1 nats2 - "ATA" ... inf x sqrt2 -> e \\u4e20 \\udcff'
        assert said == expected + os.linesep
    if encoding == "utf-8":
        assert said == text.replace("\udcff", "\\udcff") + os.linesep


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_reader_that_goes_away_is_nobodys_fault(lines: int) -> None:
    below = Failing(BrokenPipeError(32, "Broken pipe"))
    with written_to(below), lasting_streams():
        for _ in range(lines):
            print("a line of some length")
    assert below.asked == 1


def test_a_full_disk_is_told_once() -> None:
    below = Failing(OSError(28, "No space left on device"))
    with written_to(below), lasting_streams():
        print("a line")
        with pytest.raises(UsageError, match="standard output cannot be written: No space left"):
            sys.stdout.flush()
        print("another one")
        sys.stdout.flush()
    assert below.asked == 1


def test_an_output_that_fails_is_status_2_whatever_the_answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n2\n3\n")
    file = str(tmp_path / "a.csv")
    with (
        written_to(Failing(OSError(28, "No space left on device"))),
        pytest.raises(SystemExit) as end,
    ):
        main(["compare", file, file])
    assert end.value.code == 2
    assert capsys.readouterr().err == (
        "gan-eval: standard output cannot be written: No space left on device\n"
    )
    with written_to(Failing(BrokenPipeError(32, "Broken pipe"))), pytest.raises(SystemExit) as end:
        main(["compare", file, file])
    assert end.value.code == 3
    assert capsys.readouterr().err == ""


def test_an_error_that_cannot_be_told_keeps_its_status() -> None:
    before, sys.stderr = (
        sys.stderr,
        io.TextIOWrapper(io.BufferedWriter(Failing(OSError(28, "No space left on device")))),
    )
    try:
        with pytest.raises(SystemExit) as end:
            main(["train", "--set", "nothing=1"])
        sys.stderr.detach()
    finally:
        sys.stderr = before
    assert end.value.code == 2


def test_a_sentence_of_thousands_of_digits_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert status.status_of(["train", "--seed", "9" * 5000]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--seed" in line
    assert len(line) < 2100


# --- As a shell sets them up ----------------------------------------------------------------------


def shell(script: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """In a process of its own, with ``gan-eval`` behind the name G."""
    return subprocess.run(
        ["bash", "-c", f'G() {{ "{sys.executable}" -m gan_eval "$@"; }}; {script}'],
        capture_output=True,
        cwd=cwd,
        timeout=600,
        check=False,
        env=os.environ | environment,
    )


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name, mean in (("a", 0), ("b", 3)):
        names = ",".join(f"a column – {i}" for i in range(12))
        values = rng.normal(mean, 1, (40, 12))
        file = tmp_path / f"{name}.csv"
        np.savetxt(file, values, delimiter=",", header=names, comments="", encoding="utf-8")
    return tmp_path


@posix
@pytest.mark.thorough
@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("G compare a.csv b.csv | head -1; exit ${PIPESTATUS[0]}", 1, b""),
        ("G compare a.csv b.csv --json | head -1; exit ${PIPESTATUS[0]}", 1, b""),
        ("G compare a.csv b.csv | true; exit ${PIPESTATUS[0]}", 1, b""),
        ("G compare a.csv b.csv > /dev/full", 2, b"No space left on device"),
        ("G compare a.csv b.csv >&-", 2, b"standard output is closed"),
        ("G compare a.csv b.csv 2>&- > out", 1, b""),
        ("G compare a.csv b.csv 2> /dev/full > out", 1, b""),
        ("G compare a.csv absent.csv 2> /dev/full", 2, b""),
        ("G compare a.csv absent.csv 2>&-", 2, b""),
        ("G compare a.csv absent.csv >&- 2>&-", 2, b""),
        ("G compare a.csv b.csv <&- > out", 1, b""),
        ("G --help | true; exit ${PIPESTATUS[0]}", 0, b""),
        ("G studies chapter > /dev/full", 2, b"No space left on device"),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_shell(script: str, code: int, said: bytes, unbuffered: str, tables: Path) -> None:
    done = shell(script, tables, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == bool(said), done.stderr


@posix
@pytest.mark.thorough
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_terminal_of_another_encoding(encoding: str, tables: Path) -> None:
    done = shell("G compare a.csv b.csv", tables, PYTHONIOENCODING=encoding)
    assert done.returncode == 1, done.stderr
    assert done.stderr == b""
    assert "told apart" in done.stdout.decode(encoding)


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of its own is POSIX's")
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_progress_on_a_terminal_of_another_encoding(encoding: str, tmp_path: Path) -> None:
    import pty

    master, slave = pty.openpty()
    command = ["exercise", "--replicates", "2", "--discriminators", "2", "--restarts", "1"]
    sizes = ["--test-rows", "10", "--fit-rows", "10", "--set", "epochs=1", "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gan_eval", *command, *sizes, "--set", "n_examples=20"],
        stdout=slave,
        stderr=slave,
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": encoding, "TERM": "xterm", "COLUMNS": "90"},
    )
    os.close(slave)
    said = b""
    with contextlib.suppress(OSError):  # how Linux says that the other end was closed
        while some := os.read(master, 4096):
            said += some
    os.close(master)
    assert process.wait(timeout=600) in (0, 3), said.decode(encoding)
    assert "winning" in said.decode(encoding) or "wins" in said.decode(encoding)
