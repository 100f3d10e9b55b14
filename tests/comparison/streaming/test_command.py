"""``gan-eval compare`` of folders as a user meets it: when it streams, what it says and refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gan_eval import comparison
from gan_eval.cli import main
from gan_eval.comparison.streaming import options, run
from gan_eval.comparison.streaming.result import StreamedComparison
from gan_eval.runtime.errors import UsageError

from ...cli.commands import refused
from ...report.elements import parse
from . import files


def command(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as end:
        main(["compare", *map(str, arguments)])
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files.write(tmp_path / "real", files.mixed(3000, 0), 2)
    files.write(tmp_path / "same", files.mixed(3000, 1))
    shifted = files.mixed(3000, 2)
    files.write(tmp_path / "other", shifted.assign(a=shifted["a"] + 0.3))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_status_is_that_of_a_comparison(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("real", "same", "--workers", "1") == 0
    assert "Not told apart by 3000 rows each" in capsys.readouterr().out.splitlines()[-1]
    page = folder / "page.html"
    assert command("real", "other", "--stream", "--workers", "1", "--html", page) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("No: told apart")
    assert "column a differs most" in last
    shown = parse(page.read_text("utf-8"))
    assert shown is not None
    assert last in page.read_text("utf-8")
    files.write(folder / "few", files.mixed(5, 3))
    assert command("few", "few", "--stream", "--workers", "1") == 3


def test_json_and_markdown_have_the_answer(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("real", "other", "--stream", "--workers", "1", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["columns_sketched"]) == ("told_apart", ["a", "b"])
    assert told["real"]["rows"] == 3000
    assert {row["column"] for row in told["columns"]} == {"a", "b", "colour", "member"}
    assert command("real", "other", "--stream", "--workers", "1", "--markdown") == 1
    assert capsys.readouterr().out.startswith("### No: told apart")


def test_many_rows_are_streamed_by_themselves(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(options, "MOST_IN_MEMORY", 5999)
    monkeypatch.setattr(run, "side_by_side", lambda _: 1)
    assert command("real", "same") == 0
    assert "more than 5999 rows" in capsys.readouterr().out
    assert options.by_itself("real", "same", {"sample": None})
    for given in ({"sample": 100}, {"holdout": "real"}, {"na": ("x",)}, {"junit": "x.xml"}):
        assert not options.by_itself("real", "same", given)
    monkeypatch.setattr(options, "MOST_IN_MEMORY", 6000)
    assert not options.by_itself("real", "same", {})


@pytest.mark.parametrize(
    "given",
    [
        ("--holdout", "real"),
        ("--sample", "100"),
        ("--tests", "energy"),
        ("--missing", "drop"),
        ("--no-header",),
        ("--fail-on-copies",),
        ("--junit", "x.xml"),
        ("--no-stream", "--checkpoint", "state"),
        ("--workers", "2", "--scheduler", "tcp://localhost:1"),
    ],
)
def test_what_a_stream_has_not_is_refused(
    folder: Path, given: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    stream = () if "--no-stream" in given else ("--stream",)
    said = refused("compare", "real", "same", *stream, *given, cwd=folder, capsys=capsys)
    assert given[-2 if len(given) > 1 else 0].removeprefix("--no-").strip("-") in said
    assert not (folder / "state").exists()


def test_compare_has_it_too(folder: Path) -> None:
    found = comparison.compare("real", "other", stream=True, workers=1, exclude=["colour"])
    assert isinstance(found, StreamedComparison)
    assert found.told_apart
    assert "colour" not in set(found.to_frame()["column"])
    assert "told apart" in repr(found)
    assert "told apart" in found._repr_html_()
    with pytest.raises(UsageError, match="`group`"):
        comparison.compare("real", "other", stream=True, group="a")
    with pytest.raises(UsageError, match="`worker`"):
        comparison.compare("real", "other", stream=True, worker=1)


def test_ctrl_c_keeps_the_state(folder: Path) -> None:
    state = folder / "state"
    code = (
        "import gan_eval.comparison.streaming.passes as p, time\n"
        "whole = p.read_unit\n"
        "p.read_unit = lambda *a: (time.sleep(1), whole(*a))[1]\n"
        "from gan_eval.cli import main\n"
        f"main(['compare', 'real', 'same', '--workers', '1', '--checkpoint', {str(state)!r}])\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 100
    while not (state / "state.npz").exists():
        assert time.monotonic() < deadline
        assert child.poll() is None
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    out, error = child.communicate()
    assert child.returncode == 130
    assert "Traceback" not in error
    assert str(state) in out
    assert command("real", "same", "--workers", "1", "--checkpoint", state) == 0
