"""An address where no Dask scheduler is: one sentence, soon, and nothing after it."""

from __future__ import annotations

import gc
import os
import socket
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from gan_eval.cli.status import status_of
from gan_eval.study.run import dask_connection

from ..cli.commands import started

pytestmark = pytest.mark.skipif(
    find_spec("distributed") is None, reason="the extra dask is not installed"
)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """The socket of a handshake that was given up is left to the garbage collector by Dask."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def silent(_: socket.socket) -> None:
    """Accept, and say nothing."""


def resetting(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def closing(peer: socket.socket) -> None:
    peer.close()


def http(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def ssh(peer: socket.socket) -> None:
    peer.sendall(b"SSH-2.0-OpenSSH_9.0\r\n")


def zeros(peer: socket.socket) -> None:
    peer.sendall(bytes(1000))


def promising(peer: socket.socket) -> None:
    """Promise a message of a thousand bytes, as Dask does, and send one."""
    peer.sendall(struct.pack("<Q", 1000) + b"x")


def echoing(peer: socket.socket) -> None:
    while some := peer.recv(10_000):
        peer.sendall(some)


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server on this machine that answers so, and its address."""
    server, peers = socket.create_server(("127.0.0.1", 0)), []

    def meet(peer: socket.socket) -> None:
        with suppress(OSError):  # the other side has gone
            answer(peer)

    def accept() -> None:
        with suppress(OSError):  # until the server is closed
            while True:
                peers.append(server.accept()[0])
                threading.Thread(target=meet, args=(peers[-1],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
    finally:
        for one in (server, *peers):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def refused(address: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """What is said of an address: status 2, one line, nothing else, nothing written."""
    assert status_of(["run", "--out", str(folder / "a"), "--scheduler", address]) == 2
    stdout, stderr = capfd.readouterr()
    assert stdout == ""
    assert len(stderr.splitlines()) == 1, stderr
    assert not (folder / "a").exists()
    return stderr


@pytest.mark.parametrize(
    "answer", [silent, resetting, closing, http, ssh, zeros, promising, echoing]
)
@pytest.mark.parametrize(
    "scheme",
    ["tcp", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("tls", "ws"))],
)
def test_a_server_that_is_no_scheduler(
    answer: Callable[[socket.socket], None],
    scheme: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dask_connection, "_ANSWER", 0.5)
    with serving(answer) as address:
        address = address.replace("tcp", scheme)
        assert f"there is no Dask scheduler at {address!r}: " in refused(address, tmp_path, capfd)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("tcp://127.0.0.1:9", ""),
        ("127.0.0.1:9", ""),
        ("tcp://[::1]:9", ""),
        ("tcp://::1:9", "ipv6 needs brackets"),
        ("tcp://127.0.0.1", "missing port number"),
        ("tcp://127.0.0.1:99999", "a port is between 1 and 65535, got 99999"),
        ("tcp://127.0.0.1:http", "invalid literal"),
        ("tcp://nohost.invalid:8786", "the name 'nohost.invalid' is not found"),
        (f"tcp://{'x' * 300}:1", "is not found"),
        ("nonsense", "missing port number"),
        ("smoke://x:1", "unknown address scheme 'smoke'"),
        ("http://127.0.0.1:9", "unknown address scheme 'http'"),
        ("", "missing port number"),
    ],
)
def test_an_address_where_nobody_is(
    address: str,
    why: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dask_connection, "_ANSWER", 0.5)
    said = refused(address, tmp_path, capfd)
    assert f"there is no Dask scheduler at {address!r}: " in said
    assert why in said


def test_a_worker_is_no_scheduler(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import distributed

    options: Any = {"processes": False, "protocol": "tcp://", "dashboard_address": "127.0.0.1:0"}
    at: Any = distributed.LocalCluster(n_workers=1, **options)
    with at:
        (worker,) = at.workers.values()
        assert "it is a worker of Dask" in refused(worker.address, tmp_path, capfd)


def test_all_waits_together_leave_some_of_thirty_seconds() -> None:
    assert dask_connection._NAME + dask_connection._ANSWER <= 25


@pytest.mark.thorough
@pytest.mark.parametrize("answer", [silent, closing])
def test_nothing_is_said_after_it_when_the_process_ends(
    answer: Callable[[socket.socket], None], tmp_path: Path
) -> None:
    with serving(answer) as address:
        done = started("run", "--out", "a", "--scheduler", address, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert os.listdir(tmp_path) == []
