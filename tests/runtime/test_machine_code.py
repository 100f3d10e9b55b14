"""The cache of machine code: two at once, read-only, truncated, none at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gan_eval.runtime import machine_code

PROGRAM = """
import numpy as np
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig
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
    assert machine_code.kept("name", lambda: b"code" * 100, "a test") == b"code" * 100
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1] if content is None else content)
    assert machine_code.kept("name", lambda: b"new", "a test") == b"new"
    assert machine_code.kept("name", lambda: b"not asked", "a test") == b"new"


def test_a_folder_that_cannot_be_written_costs_compiling_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file stands where the folder would be; permissions do not stop root.
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_EVAL_CACHE", str(tmp_path / "file" / "folder"))
    made: list[int] = []
    for _ in range(2):
        found = machine_code.kept("name", lambda: (made.append(1), b"code")[1], "a test")
        assert found == b"code"
    assert len(made) == 2


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_EVAL_CACHE", str(tmp_path))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(machine_code.os, "replace", full)
    assert machine_code.kept("name", lambda: b"code", "a test") == b"code"
    assert list(tmp_path.iterdir()) == []


POSIX = pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner here")
ROOT = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files away"
)


def planted(folder: Path) -> Path:
    """A whole file of the cache, which says "foreign"."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "name.o"
    path.write_bytes(hashlib.sha256(b"foreign").digest() + b"foreign")
    path.chmod(0o600)
    return path


def made_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setenv("GAN_EVAL_CACHE", str(folder))
    return machine_code.kept("name", lambda: b"ours", "a test")


@POSIX
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o1777])
def test_code_in_a_folder_that_others_can_write_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = planted(tmp_path / "cache")
    assert made_in(tmp_path / "cache", monkeypatch) == b"foreign", "as it is, it would be taken"
    path.parent.chmod(mode)
    before = path.read_bytes()
    if mode & 0o1000:
        # Only owners can replace a file in such a folder, so an own file there can be trusted …
        assert made_in(tmp_path / "cache", monkeypatch) == b"foreign"
        path.unlink()  # … but a missing one could be planted next time
    assert made_in(tmp_path / "cache", monkeypatch) == b"ours"
    assert str(path.parent) in caplog.text
    assert not path.exists() or path.read_bytes() == before


@POSIX
def test_code_under_a_folder_that_others_can_write_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(tmp_path / "open" / "cache")
    (tmp_path / "open").chmod(0o777)  # "cache" could be renamed and another put there
    assert made_in(tmp_path / "open" / "cache", monkeypatch) == b"ours"
    (tmp_path / "open").chmod(0o1777)
    assert made_in(tmp_path / "open" / "cache", monkeypatch) == b"foreign"


@POSIX
def test_a_file_that_others_can_write_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(tmp_path).chmod(0o666)
    assert made_in(tmp_path, monkeypatch) == b"ours"
    assert made_in(tmp_path, monkeypatch) == b"ours", "and it was replaced"
    assert (tmp_path / "name.o").stat().st_mode & 0o077 == 0


@ROOT
@pytest.mark.parametrize("whose", ["file", "folder", "above"])
def test_code_of_another_user_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    path = planted(tmp_path / "above" / "folder")
    given = {"file": path, "folder": path.parent, "above": path.parent.parent}[whose]
    os.chown(given, 65534, 65534)
    assert made_in(path.parent, monkeypatch) == b"ours"


@POSIX
def test_a_link_to_a_folder_of_others_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(tmp_path / "cache")
    (tmp_path / "cache").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "cache")
    assert made_in(tmp_path / "link", monkeypatch) == b"ours"


@POSIX
def test_a_new_folder_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0)
    try:
        made_in(tmp_path / "a" / "b", monkeypatch)
    finally:
        os.umask(before)
    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        assert folder.stat().st_mode & 0o077 == 0
    assert machine_code.kept("name", lambda: b"not asked", "a test") == b"ours"


@pytest.mark.parametrize("home", ["", None, "relative"])
def test_an_account_without_a_home_works_without_a_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    for name in ("GAN_EVAL_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    if hasattr(os, "getuid"):
        import pwd

        def nobody(uid: int) -> None:
            raise KeyError(uid)

        monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.chdir(tmp_path)
    assert machine_code.kept("name", lambda: b"ours", "a test") == b"ours"
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAN_EVAL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    if sys.platform == "linux":
        assert machine_code.folder() == Path("/somewhere/gan_eval")


def test_code_that_writes_machine_code_has_another_name_where_a_byte_of_it_changes(
    tmp_path: Path,
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "inner" / "b.py").write_text("y = 1")
    before = machine_code.compiler(tmp_path)
    (tmp_path / "notes.txt").write_text("no code")
    assert machine_code.compiler(tmp_path) == before
    (tmp_path / "inner" / "b.py").write_text("y = 2")
    assert machine_code.compiler(tmp_path) != before
