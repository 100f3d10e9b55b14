"""Whatever ends a command, its workers end with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="processes are looked up as Linux shows them"
)

ENDS = [signal.SIGKILL, signal.SIGTERM]
TASKS = ("--set", "config.n_examples=64", "--set", "backends=['pytorch']")


def running() -> dict[int, int]:
    """The parent of every process that has not ended."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                found[int(folder.name)] = int(parent)
    return found


def below(parent: int) -> set[int]:
    """The processes that a process has started, and theirs."""
    everyone, found = running(), {parent}
    while more := {one for one, above in everyone.items() if above in found} - found:
        found |= more
    return found - {parent}


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for what happens as soon as the machine gets round to it."""
    deadline = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)


@contextlib.contextmanager
def started(arguments: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, of which nothing is left."""
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, *arguments], stdout=said, stderr=said, start_new_session=True
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    """End a process, wait until none that it started is left, and say how it ended."""
    workers = below(process.pid)
    assert workers
    process.send_signal(number)
    status = process.wait(timeout=600)
    deadline = time.monotonic() + 600
    while left := workers & set(running()):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    return status


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize(("kind", "count"), [("pool", 5), ("watched", 1)])
def test_workers_end_in_whatever_they_do(
    kind: str, count: int, number: signal.Signals, tmp_path: Path
) -> None:
    """Asleep, in native code, and with workers of their own."""
    folder = tmp_path / "workers"
    folder.mkdir()
    with started(["-m", "tests.cli.abandoned", kind, str(folder)], tmp_path) as process:
        wait_until(lambda: len(list(folder.iterdir())) == count, process)
        assert end(process, number) == -number


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.thorough)]
)
@pytest.mark.parametrize(
    "arguments",
    [
        ("run", *TASKS, "--set", "time_budget=none", "--set", "replicates=100000"),
        pytest.param(("certify", "--tests", "energy"), marks=pytest.mark.thorough),
        pytest.param(("exercise",), marks=pytest.mark.thorough),
        pytest.param(
            ("conform", "--backend", "pytorch,fused_cpu", "--replicates", "4000"),
            marks=pytest.mark.thorough,
        ),
    ],
    ids=["run", "certify", "exercise", "conform"],
)
def test_the_workers_of_a_command_end_with_it(
    arguments: tuple[str, ...], number: signal.Signals, tmp_path: Path
) -> None:
    out = ("--out", str(tmp_path / "out")) if arguments[0] in ("run", "exercise") else ()
    command = ["-m", "gan_eval", *arguments, "--workers", "2", *out]
    with started(command, tmp_path) as process:
        # Two workers, and what keeps track of what they share.
        wait_until(lambda: len(below(process.pid)) >= 3, process)
        status = end(process, number)
    assert status == (143 if number == signal.SIGTERM else -signal.SIGKILL)
    if number == signal.SIGTERM:  # what is killed cannot see to a worker that it has half started
        assert "Traceback" not in (tmp_path / "said").read_text()
