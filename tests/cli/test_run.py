"""``gan-eval run`` as a user meets it: its files, its workers, its end by Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest

from gan_eval.study.plan.study import Study
from gan_eval.study.results.results import Results
from gan_eval.study.run.execute import run

from .commands import STUDY, gan_eval, started


def test_run_writes_rows_epochs_study_and_report(tmp_path: Path) -> None:
    done = started("run", *STUDY, "--set", "replicates=3", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "reports" / "chapter"
    *_, rows_at, report_at, answered = done.stdout.splitlines()
    assert rows_at.startswith("Rows:")
    assert report_at == f"Report: {folder.relative_to(tmp_path)}/report.html"
    assert answered == Results.load(folder).answer()
    rows = pd.read_csv(folder / "rows.csv")
    assert rows["seed"].tolist() == [0, 1, 2]
    assert rows["chapter_examples_per_second"].notna().tolist() == [True, False, False]
    rows.to_parquet(tmp_path / "rows.parquet")
    epochs = pd.read_csv(folder / "epochs.csv")
    assert len(epochs) == 6
    facts = json.loads((folder / "study.json").read_text())
    assert (facts["planned"], facts["finished"], facts["interrupted"]) == (3, 3, False)
    before = (folder / "report.html").read_bytes()
    again = gan_eval("report", "reports/chapter", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[-1] == answered
    assert (folder / "report.html").read_bytes() == before


@pytest.mark.thorough
def test_workers_do_not_change_the_rows() -> None:
    settings = [*STUDY[1::2], "replicates=4"]
    clocks = ["seconds", "examples_per_second", "chapter_examples_per_second"]
    alone, shared = (
        run(Study.read(None, settings), workers=workers).rows.drop(columns=clocks)
        for workers in (1, 2)
    )
    pd.testing.assert_frame_equal(alone, shared, check_exact=True)


def test_a_study_file_with_a_grid(tmp_path: Path) -> None:
    file = tmp_path / "rates.toml"
    file.write_text(
        'name = "<b>rates</b>/.."\nreplicates = 2\npermutations = 0\n'
        'time_budget = "none"\n'
        "[config]\nepochs = 1\nn_examples = 32\n[grid]\nlearning_rate_D = [0.05, 0.02]\n"
    )
    done = gan_eval("run", file, "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "reports").iterdir()
    assert folder.name == "b-rates-b"
    rows = pd.read_csv(folder / "rows.csv")
    assert sorted(set(rows["configuration"])) == ["learning_rate_D=0.02", "learning_rate_D=0.05"]
    assert "<b>rates</b>" not in (folder / "report.html").read_text()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a POSIX signal")
@pytest.mark.parametrize(
    ("workers", "number", "status"),
    [
        pytest.param("1", signal.SIGINT, 130, marks=pytest.mark.thorough),
        ("2", signal.SIGINT, 130),
        pytest.param("1", signal.SIGTERM, 143, marks=pytest.mark.thorough),
        pytest.param("2", signal.SIGTERM, 143, marks=pytest.mark.thorough),
        pytest.param("2", getattr(signal, "SIGHUP", None), 129, marks=pytest.mark.thorough),
    ],
)
def test_interrupting_a_run_keeps_what_was_finished(
    tmp_path: Path, workers: str, number: signal.Signals, status: int
) -> None:
    import pty

    arguments = ["run", "--set", "replicates=500", "--set", "config.n_examples=64"]
    arguments += ["--set", "backends=['pytorch']", "--set", "time_budget=none"]
    arguments += ["--set", "config.epochs=4", "--workers", workers, "--out", "out"]
    terminal, stderr = pty.openpty()  # the progress bar tells when there is something to keep
    # A job in the background of a script inherits SIGINT ignored, one of `nohup` SIGHUP. What has a
    # handler here is not ignored there; a `preexec_fn` would fork in Python, of which JAX warns
    # where it is loaded.
    before = signal.signal(number, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "gan_eval", *arguments],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=tmp_path,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        )
    finally:
        signal.signal(number, before)
    os.close(stderr)
    shown: list[str] = []

    def watch() -> None:
        with contextlib.suppress(OSError):  # how Linux says that the other end was closed
            while some := os.read(terminal, 4096):
                shown.append(some.decode(errors="replace"))
                if not interrupted and re.search(r"\b([2-9]|\d\d+)/500", "".join(shown)):
                    # A terminal tells everyone of Ctrl-C, `kill` the process that it names.
                    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
                    interrupted.append(True)

    interrupted: list[bool] = []
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        stdout = process.communicate(timeout=600)[0]
    finally:
        # Its processes, too: as long as one holds the terminal, the watcher reads on.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        watcher.join()
        os.close(terminal)
    assert process.returncode == status, (stdout, "".join(shown))
    assert "Traceback" not in "".join(shown)
    kept = pd.read_csv(tmp_path / "out" / "rows.csv")
    assert 2 <= len(kept) < 500
    assert f"Interrupted: {len(kept)} of 500 replicates kept" in stdout
    assert gan_eval("report", "out", cwd=tmp_path).returncode == 0
