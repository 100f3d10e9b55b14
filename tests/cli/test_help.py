"""``--help``, what it costs, and the shell's completion of commands and options."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer.main

from gan_eval.cli import app

from .commands import gan_eval

COMMANDS = [[], *([name] for name in typer.main.get_group(app).commands)]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_on_80_columns_and_cuts_nothing(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = gan_eval(*command, "--help")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    usage, *lines = done.stdout.splitlines()
    assert not [line for line in lines if line.endswith("...")], usage
    assert "<bool>" not in done.stdout
    options = done.stdout.partition("Options:")[2]
    assert "<list" not in options, usage
    assert "completion" not in done.stdout
    assert not command or "Example:\n    gan-eval " in done.stdout


def test_help_is_rendered_without_what_takes_long_to_load() -> None:
    script = (
        "import sys; from gan_eval.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"pydantic", "rich.markdown", "rich.console", "numpy", "jinja2"}


def test_a_shell_is_told_what_may_come_next() -> None:
    def completed(line: str, word: int) -> list[str]:
        asked = {"_GAN_EVAL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(word)}
        done = subprocess.run(
            [sys.executable, "-m", "gan_eval"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **asked},
        )
        return done.stdout.split()

    assert completed("gan-eval co", 1) == ["compare", "conform"]
    assert "--replicates" in completed("gan-eval train --", 2)


def test_the_script_of_a_shells_completion_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gan_eval", "--show-completion", "bash"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "_GAN_EVAL_COMPLETE=complete_bash" in done.stdout
