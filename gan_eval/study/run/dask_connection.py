"""A connection to a Dask scheduler: made, checked, and what is wrong with it in one sentence.

Dask is imported when a connection is made, nowhere else.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.installing import advice_here

if TYPE_CHECKING:
    from distributed import Client

_MUST_AGREE = ("python", "dask", "distributed")
"""Packages of which a client, a scheduler and workers need the same version."""
# What goes wrong is told by us; Dask's logs would say it again, over many lines.
_LOGGERS = (
    *("distributed", "distributed.client", "distributed.comm", "distributed.core"),
    *("tornado", "tornado.application", "tornado.general", "asyncio"),
)
_NAME, _ANSWER, _VERSIONS = 5.0, 20.0, 120.0
"""Seconds for a name to be found, for who is there to say what it is, and for a scheduler and its
workers to list their packages."""

Told = TypeVar("Told")


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """Connect to a scheduler; the client is closed at the end.

    Raises ``UsageError`` where Dask is not installed, nobody answers at the address, or who answers
    is of another version.
    """
    try:
        import distributed
        from distributed.versions import VersionMismatchWarning
    except ModuleNotFoundError as error:
        raise UsageError(
            f"`scheduler` needs Dask, and {error.name} is not installed: "
            + advice_here("pip install 'gan-eval[dask]'")
        ) from None
    with _silence():
        try:
            # A client that cannot connect tries for a minute, waits without end for who says
            # nothing, and complains when it is collected. So there is none before that is known.
            _ask(address)
            with _nothing_collected(), warnings.catch_warnings():
                warnings.simplefilter("ignore", VersionMismatchWarning)  # we look ourselves
                client = distributed.Client(address, set_as_default=False)
        except Exception as error:  # Dask and its transports share no type of error
            raise UsageError(f"there is no Dask scheduler at {address!r}: {said(error)}") from None
        try:
            _check_versions(client, address)
            yield client
        finally:
            with _nothing_collected(), suppress(Exception):  # closing what is lost
                client.close(timeout=5)


def _ask(address: str) -> None:
    """Ask who is at an address what it is; raises whatever keeps that from being a scheduler."""
    from distributed.comm.addressing import get_address_host_port, parse_address

    if parse_address(address)[0] == "inproc":  # of this process, which is no server
        return
    host, port = get_address_host_port(address)
    if not 0 < port < 2**16:
        raise ValueError(f"a port is between 1 and {2**16 - 1}, got {port}")
    try:  # here, because a thread of Dask's that waits for a name keeps the process from ending
        _within(_NAME, lambda: socket.getaddrinfo(host, port))
    except (OSError, UnicodeError):
        raise OSError(f"the name {host!r} is not found") from None
    kind = _within(2 * _ANSWER, lambda: asyncio.run(_identity(address)))
    if kind != "Scheduler":
        raise ValueError(f"it is a {str(kind)[:20].lower()} of Dask")


async def _identity(address: str) -> Any:
    """The kind of Dask server that answers."""
    from dask import config
    from distributed import Security
    from distributed.comm.core import CommClosedError, connect
    from distributed.utils import import_term

    # As a client finds out how to connect.
    loader = config.get("distributed.client.security-loader", None)
    security = import_term(loader)({"address": address}) if loader else Security()
    options = security.get_connection_args("client")
    comm = None
    try:
        async with asyncio.timeout(_ANSWER):
            comm = await connect(address, timeout=_ANSWER, **options)
            await comm.write({"op": "identity", "reply": True})
            return (await comm.read())["type"]
    except CommClosedError:
        raise OSError("it closes the connection") from None
    except (TimeoutError, OSError, TypeError):  # the last, of settings of `tls://` that lack
        raise
    except Exception:  # what it says is read as lengths, as names, as anything
        raise ValueError("what answers does not speak Dask's language") from None
    finally:
        if comm is not None:
            comm.abort()


def _within(seconds: float, call: Callable[[], Told]) -> Told:
    """Make a call and return its result; ``TimeoutError`` where it takes longer, and is left to
    itself then."""
    future: Future[Told] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future.result(seconds)


def _check_versions(client: Client, address: str) -> None:
    try:
        found: Any = _within(_VERSIONS, client.get_versions)
    except Exception as error:  # Dask and its transports share no type of error
        raise UsageError(f"the scheduler at {address!r} does not answer: {said(error)}") from None
    here = _versions(found["client"])
    others = {f"the scheduler at {address}": found["scheduler"]}
    others |= {f"the worker at {name}": facts for name, facts in found["workers"].items()}
    for who, facts in others.items():
        # A worker that goes away while it is asked says nothing.
        for package, there in _versions(facts or found["client"]).items():
            if there != here[package]:
                raise UsageError(
                    f"{who} has {package} {there}, this command has {here[package]}: the same "
                    "version is needed on all machines"
                )


def _versions(facts: dict[str, Any]) -> dict[str, str]:
    """The versions that must agree; of Python's the first three numbers."""
    packages = facts["packages"]
    return {name: ".".join(str(packages.get(name)).split(".")[:3]) for name in _MUST_AGREE}


def said(error: BaseException) -> str:
    """Write an error in one line."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Collect what is garbage now, and nothing meanwhile.

    Dask closes a client that is collected, one that could not connect, say; for that it takes the
    lock under which another client starts or ends, and just then it would wait for ever.
    """
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _silence() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
