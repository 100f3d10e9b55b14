"""The cache of machine code: two at once, read-only, truncated, none at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gan_eval.fused import cache

PROGRAM = """
import numpy as np
from gan_eval.backends import backend
from gan_eval.config import TrainingConfig
trained = backend("fused_cpu").train(TrainingConfig(epochs=1, n_examples=40), range(3))
print(trained.weights.sum().hex())
"""


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"GAN_EVAL_CACHE": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_that_compile_at_the_same_moment_both_work(tmp_path: Path) -> None:
    both = [start(tmp_path / "new" / "folder") for _ in range(2)]
    ended = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert ended[0][0] == ended[1][0]
    (kept,) = (tmp_path / "new" / "folder").iterdir()  # and no half of a file
    assert kept.suffix == ".o"
    again, said = start(tmp_path / "new" / "folder").communicate()
    assert again == ended[0][0]
    assert said == "", "what is in the cache is not compiled again"
    assert "compiling" in ended[0][1] or "compiling" in ended[1][1]


@pytest.mark.parametrize("content", [b"", b"x" * 100, None], ids=["empty", "other", "truncated"])
def test_a_file_that_is_not_whole_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setenv("GAN_EVAL_CACHE", str(tmp_path))
    assert cache.kept("name", lambda: b"code" * 100) == b"code" * 100
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1] if content is None else content)
    assert cache.kept("name", lambda: b"new") == b"new"
    assert cache.kept("name", lambda: b"not asked") == b"new"


def test_a_folder_that_cannot_be_written_costs_compiling_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file stands where the folder would be; permissions do not stop root.
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_EVAL_CACHE", str(tmp_path / "file" / "folder"))
    made: list[int] = []
    for _ in range(2):
        assert cache.kept("name", lambda: (made.append(1), b"code")[1]) == b"code"
    assert len(made) == 2


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_EVAL_CACHE", str(tmp_path))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "replace", full)
    assert cache.kept("name", lambda: b"code") == b"code"
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAN_EVAL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    if sys.platform == "linux":
        assert cache.folder() == Path("/somewhere/gan_eval")
