"""Files are written whole or not at all, and nothing but a file is replaced."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import check_outputs, check_writable, replacing, write_files, write_text

from ..disk import full_disk

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes, modes and links as on POSIX")

Write = Callable[[Path], None]


def one(path: Path) -> None:
    write_text(path, "new")


def several(path: Path) -> None:
    write_files({path: lambda file: file.write("new")})


def binary(path: Path) -> None:
    with replacing(path, "wb") as file:
        file.write(b"new")


@pytest.fixture(params=[one, several, binary])
def write(request: pytest.FixtureRequest) -> Write:
    return request.param


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_has_the_mode_of_the_mask_and_its_folder_is_made(
    write: Write, tmp_path: Path
) -> None:
    before = os.umask(0o027)
    try:
        check_writable(tmp_path / "a" / "b" / "file")
        assert names(tmp_path) == []
        write(tmp_path / "a" / "b" / "file")
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "b" / "file").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "a" / "b" / "file").stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode(write: Write, tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(mode)
    write(path)
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert names(tmp_path) == ["file"]


def test_a_link_stays_and_what_it_leads_to_is_replaced(write: Write, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "file").write_text("old")
    (tmp_path / "first").symlink_to("second")
    (tmp_path / "second").symlink_to("far/file")
    (tmp_path / "dangling").symlink_to("far/other")
    for name in ("first", "dangling"):
        check_writable(tmp_path / name)
        write(tmp_path / name)
        assert (tmp_path / name).is_symlink()
    assert (tmp_path / "far" / "file").read_text() == "new"
    assert names(tmp_path / "far") == ["file", "other"]
    (tmp_path / "loop").symlink_to("loop")
    for attempt in (check_writable, write):
        with pytest.raises(UsageError, match="cannot be written"):
            attempt(tmp_path / "loop")


def test_a_pipe_is_written_into_and_stays(write: Write, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        read: list[bytes] = []
        reader = threading.Thread(
            target=lambda got=read: got.append((tmp_path / "pipe").read_bytes())
        )
        check_writable(tmp_path / name)  # returns, with nobody at the other end
        reader.start()
        write(tmp_path / name)
        reader.join()
        assert read == [b"new"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert names(tmp_path) == ["link", "pipe"]


def test_a_device_is_written_into_and_stays(write: Write, tmp_path: Path) -> None:
    """Devices of our own; (1, 3) swallows everything and (1, 7) is always full, as Linux has it."""
    try:
        for name, minor in (("null", 3), ("full", 7)):
            os.mknod(tmp_path / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        os.close(os.open(tmp_path / "null", os.O_WRONLY))
    except OSError:
        pytest.skip("devices can be made and opened by root alone, or not even by it")
    write(tmp_path / "null")
    with pytest.raises(UsageError, match="No space left on device"):
        write(tmp_path / "full")
    for name in ("null", "full"):
        assert stat.S_ISCHR((tmp_path / name).stat().st_mode)
    assert names(tmp_path) == ["full", "null"]


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("into", ["pipe", "file"])
def test_standard_output_is_gone_on_with(name: str, into: str, tmp_path: Path) -> None:
    if not os.path.exists(name):
        pytest.skip(f"there is no {name} here")
    script = (
        "import sys; from gan_eval.runtime.files import check_writable, write_text;"
        "print('before');"
        f"check_writable({name!r}); write_text({name!r}, 'new\\n'); print('after')"
    )
    with (tmp_path / "out").open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=subprocess.PIPE if into == "pipe" else file
        )
    got = done.stdout if into == "pipe" else (tmp_path / "out").read_bytes()
    assert got == b"before\nnew\nafter\n"
    assert names(tmp_path) == ["out"]


def test_what_is_no_file_is_refused(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    monkeypatch.chdir(tmp_path)  # a socket's name must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        bad = ["folder", "socket", "file/below", "file/far/below", "n" * 300]
        for attempt in (check_writable, write):
            for name in bad:
                with pytest.raises(UsageError) as raised:
                    attempt(tmp_path / name)
                assert name in str(raised.value)
    assert names(tmp_path) == ["file", "folder", "socket"]
    assert (tmp_path / "file").read_text() == "old"


def test_planted_links_are_not_followed(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under every name that could be foreseen, and even under the one that is drawn."""
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "out").mkdir()
    for name in (".file.partial", f".file.{os.getpid()}.partial", "file.part"):
        (tmp_path / "out" / name).symlink_to(tmp_path / "precious")
    planted = names(tmp_path / "out")
    write(tmp_path / "out" / "file")
    assert names(tmp_path / "out") == sorted([*planted, "file"])
    monkeypatch.setattr("secrets.token_hex", lambda _: "drawn")
    (tmp_path / "out" / ".drawn.partial").symlink_to(tmp_path / "precious")
    with pytest.raises(UsageError, match="cannot be written"):
        write(tmp_path / "out" / "file")
    assert (tmp_path / "precious").read_text() == "precious"


def test_what_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    for failure in (KeyboardInterrupt, OSError(28, "No space left on device")):

        def fail(file: object, failure: Any = failure) -> None:
            raise failure

        def alone(fail: Callable[[object], None] = fail) -> None:
            with replacing(tmp_path / "a") as file:
                file.write("new")
                fail(file)

        with pytest.raises((KeyboardInterrupt, UsageError)):
            alone()
        with pytest.raises((KeyboardInterrupt, UsageError)):
            write_files({tmp_path / "a": lambda file: file.write("new"), tmp_path / "b": fail})
        assert names(tmp_path) == ["a"]
        assert (tmp_path / "a").read_text() == "old"


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text("old")
    a, b, c = (tmp_path / name for name in "abc")

    def binary() -> None:
        with replacing(b, "wb") as file:
            for _ in range(20):
                file.write(b"x" * 1000)

    both = {a: "x", c: lambda file: file.write("x" * 20_000)}
    with full_disk(10_000):
        for write in (lambda: write_text(a, "x" * 20_000), binary, lambda: write_files(both)):
            with pytest.raises(UsageError, match="cannot be written: File too large"):
                write()
    assert names(tmp_path) == ["a", "b", "c"]
    assert {(tmp_path / name).read_text() for name in "abc"} == {"old"}


@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write anywhere")
def test_what_is_closed_to_this_user_is_refused_before_any_work(
    write: Write, tmp_path: Path
) -> None:
    closed, file = tmp_path / "closed", tmp_path / "file"
    closed.mkdir(mode=0o500)
    file.write_text("old")
    file.chmod(0o400)
    for attempt in (check_writable, write):
        for path in (closed / "new", closed / "far" / "new", file):
            with pytest.raises(UsageError, match="permission denied"):
                attempt(path)


def test_text_without_a_form_in_utf8_is_written_out(tmp_path: Path) -> None:
    write_text(tmp_path / "file", "a\ud800\r\n")
    assert (tmp_path / "file").read_bytes() == b"a\\ud800\r\n"


def test_no_output_takes_the_place_of_an_input_or_of_another_output(tmp_path: Path) -> None:
    read, new = tmp_path / "read.csv", tmp_path / "new"
    read.write_text("old")
    (tmp_path / "link").symlink_to(read)
    (tmp_path / "folder").mkdir()
    for replaced in (read, tmp_path / "link", tmp_path / "folder" / ".." / "read.csv"):
        with pytest.raises(UsageError, match=r"`--html` would replace .*, which is read"):
            check_outputs({"--csv": new, "--html": replaced}, [read])
    with pytest.raises(UsageError, match=r"`--html` would replace .*, which `--csv` writes"):
        check_outputs({"--csv": new, "--html": tmp_path / "folder" / ".." / "new"}, [read])
    check_outputs({"--csv": new, "--html": None, "--out": tmp_path / "other"}, [read])
    check_outputs({"--csv": Path("/dev/null"), "--html": Path("/dev/null")}, [Path("/dev/null")])
    assert read.read_text() == "old"
