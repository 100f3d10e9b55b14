"""A connection to a Dask scheduler: made, checked, and what is wrong with it in one sentence.

Dask is imported when a connection is made, nowhere else.
"""

from __future__ import annotations

import gc
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from gan_eval.errors import UsageError

if TYPE_CHECKING:
    from distributed import Client

_MUST_AGREE = ("python", "dask", "distributed")
"""Packages of which a client, a scheduler and workers need the same version."""
# What goes wrong is told by us; Dask's logs would say it again, over many lines.
_LOGGERS = ("distributed", "distributed.client", "tornado.application", "asyncio")


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of a scheduler, closed at the end.

    Raises ``UsageError`` where Dask is not installed, nobody answers at the address, or who answers
    is of another version.
    """
    try:
        import distributed
        from distributed.versions import VersionMismatchWarning
    except ModuleNotFoundError as error:
        raise UsageError(
            f"`--scheduler` needs Dask, and {error.name} is not installed: "
            "pip install 'gan-eval[dask]'"
        ) from None
    with _silence():
        try:
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


def _check_versions(client: Client, address: str) -> None:
    try:
        found: Any = client.get_versions()
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
    """What an error says, in one line."""
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
