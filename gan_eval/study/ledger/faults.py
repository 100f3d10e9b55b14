"""Errors of a stored file, each told in one sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gan_eval.runtime.errors import UsageError
from gan_eval.study.ledger.blocks import DamagedBlockError

_NEVER_MIND = "nothing that was stored before is lost"


@contextmanager
def as_usage_error(path: Path | None) -> Iterator[None]:
    """Turn SQLite, disk and decoding errors into one ``UsageError`` that names the file and the
    remedy."""
    name = "the ledger" if path is None else repr(str(path))
    try:
        yield
    except sqlite3.Error as error:
        raise UsageError(f"{name} {_said(error)}") from None
    except DamagedBlockError as error:
        raise UsageError(f"{name} is damaged: {error}; {_HOW_ON}") from None
    except UnicodeDecodeError:  # of what SQLite says of its tables, quoting them
        raise UsageError(f"{name} is damaged: its tables have no names; {_HOW_ON}") from None
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror or error}") from None


_HOW_ON = "`gan-eval run … --fresh` puts it aside and begins anew"


def _said(error: sqlite3.Error) -> str:
    # The low byte is the kind, the rest the detail.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return f"cannot be written: the disk is full; {_NEVER_MIND}"
    if code == sqlite3.SQLITE_IOERR:
        return f"cannot be read or written: {error} (a full disk, as a rule); {_NEVER_MIND}"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return "cannot be written: it is read-only"
    if code == sqlite3.SQLITE_CANTOPEN:
        return "cannot be opened: its folder or the file is not there, or closed to this user"
    if code == sqlite3.SQLITE_NOTADB:
        return "is no ledger of gan-eval"
    if code == sqlite3.SQLITE_CORRUPT:
        return f"is damaged, as if it had been cut off: {error}; {_HOW_ON}"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "is held by another process that does not let go"
    return f"is not a usable ledger: {error}; {_HOW_ON}"
