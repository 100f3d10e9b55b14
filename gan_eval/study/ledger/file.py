"""The file of a ledger: its tables, how it is made, opened and known again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from pathlib import Path

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import new_beside
from gan_eval.study.ledger.blocks import DamagedBlockError
from gan_eval.study.ledger.integrity import digest, examine, rebuild, writable

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


LEDGER_FILE = "ledger.sqlite"
"""The name of the ledger in the folder of a run."""

_APPLICATION = 0x67616E65  # "gane", SQLite's mark of whose file it is
_VERSION = 3
_PATIENCE = 60.0
"""Seconds that a writer waits for others."""
_CLOSED_TO_US = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
)
"""The messages of SQLite about a journal that it can neither undo nor delete."""

_SCHEMA = f"""
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
CREATE TABLE identities (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE layouts (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE environments (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, facts TEXT NOT NULL, digest INTEGER NOT NULL
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, created TEXT NOT NULL, document TEXT NOT NULL, digest INTEGER NOT NULL
);
CREATE TABLE units (
    id INTEGER PRIMARY KEY, identity INTEGER NOT NULL, environment TEXT NOT NULL,
    created TEXT NOT NULL, rows_layout INTEGER NOT NULL, rows BLOB NOT NULL,
    epochs_layout INTEGER NOT NULL, epochs BLOB NOT NULL, traced INTEGER NOT NULL,
    lines BLOB NOT NULL, digest INTEGER NOT NULL
);
CREATE TABLE replicates (
    identity INTEGER NOT NULL, seed INTEGER NOT NULL, permutations INTEGER NOT NULL,
    tests INTEGER NOT NULL, timed INTEGER NOT NULL, traced INTEGER NOT NULL,
    unit INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (identity, seed, permutations, tests, timed, traced)
) WITHOUT ROWID;
CREATE TABLE claims (identity TEXT, seed INTEGER, run INTEGER, PRIMARY KEY (identity, seed));
CREATE TABLE total (
    records INTEGER NOT NULL, replicates INTEGER NOT NULL, digests INTEGER NOT NULL,
    digest INTEGER NOT NULL
);
INSERT INTO total VALUES (0, 0, 0, {digest(0, 0, 0)});
"""


def connect(name: str) -> sqlite3.Connection:
    """Connect by SQLite's name of a file (a URI); every transaction waits for the disk."""
    # Transactions are begun and ended by us.
    connection = sqlite3.connect(name, uri=True, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def empty(name: str) -> sqlite3.Connection:
    """Make a ledger with nothing in it, where there was no file or an empty one."""
    connection = connect(name)
    connection.executescript(_SCHEMA)
    return connection


def create(path: Path) -> None:
    """Make an empty ledger in one step: there is none, or a whole one, whoever else makes it."""
    with new_beside(path) as (partial, descriptor):
        os.close(descriptor)
        empty(f"{partial.absolute().as_uri()}?mode=rw").close()
        try:
            os.link(partial, path)  # unlike a renaming, it never replaces what another one made
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            if not path.exists():
                partial.replace(path)


def open_to_write(path: Path, stack: ExitStack) -> tuple[sqlite3.Connection, str | None]:
    """Open a connection that writes, with a rollback journal whatever other tools have set; the
    file is made if there is none. And what was damaged and is mended, if anything was."""
    real = Path(os.path.realpath(path))
    if not real.exists():
        create(real)
    connection = _connection(path, real, stack)
    if _has_write_ahead_log(connection):
        with suppress(sqlite3.OperationalError):  # where somebody else reads now
            connection.execute("PRAGMA journal_mode = DELETE")
    condition = examine(connection)
    if condition.whole and writable(connection):
        return connection, None
    with closing(empty("")) as fresh:  # a temporary file
        rebuild(connection, condition, fresh)
    return connection, condition.sentence()


def open_to_read(path: Path, stack: ExitStack) -> sqlite3.Connection:
    """Open a connection that changes nothing; only a killed process's half transaction is undone.

    In the file itself; where that is closed to this user, in a copy that goes with the stack.
    ``UsageError`` where anything is damaged.
    """
    connection = _undone(path, Path(os.path.realpath(path)), stack)
    connection.execute("PRAGMA query_only = ON")
    condition = examine(connection)
    if not condition.whole:
        raise UsageError(
            f"{str(path)!r} {condition.sentence()}; `gan-eval run` into its folder keeps what is "
            "left and trains the rest again"
        )
    return connection


def _undone(path: Path, real: Path, stack: ExitStack) -> sqlite3.Connection:
    with ExitStack() as opened:
        try:
            # Not `mode=ro`, which undoes nothing. What is read-only is opened as that all the same.
            connection = _connection(path, real, opened)
        except sqlite3.OperationalError as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            if code not in _CLOSED_TO_US or not os.access(real, os.R_OK):
                raise
        else:
            stack.push(opened.pop_all())
            return connection
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gan-eval-")))
    try:
        for name in (real.name, f"{real.name}-journal", f"{real.name}-wal"):
            if (real.parent / name).exists():
                shutil.copyfile(real.parent / name, folder / name)
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} is in the middle of a transaction and closed to this user, and a copy "
            f"of it cannot be made in {str(folder.parent)!r}: {error.strerror or error}"
        ) from None
    return _connection(path, folder / real.name, stack)


def _connection(path: Path, real: Path, stack: ExitStack) -> sqlite3.Connection:
    """A connection to a file that a user knows by its path; ``UsageError`` where it is no ledger,
    or not one that this version reads."""
    if not real.exists():
        raise UsageError(f"there is no file {str(path)!r}")
    if not real.is_file():
        raise UsageError(f"{str(path)!r} is not a file, so it is no ledger")
    connection = stack.enter_context(closing(connect(f"{real.absolute().as_uri()}?mode=rw")))
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION:
        raise UsageError(f"{str(path)!r} is no ledger of gan-eval")
    if version != _VERSION:
        earlier = ("an earlier", ": `gan-eval run … --fresh` puts it aside")
        which, remedy = earlier if version < _VERSION else ("a later", "")
        raise UsageError(
            f"{str(path)!r} was written by {which} gan-eval (its format is {version}, this "
            f"one reads {_VERSION}){remedy}"
        )
    # While a transaction reads, nobody can be in the middle of writing the file itself. Reading
    # the schema finds out most files of which a part is missing, the size the others.
    connection.execute("BEGIN")
    tables = _tables(connection)
    pages, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
    )
    there = real.stat().st_size
    connection.execute("COMMIT")
    if there < pages * size and not _has_write_ahead_log(connection):
        raise DamagedBlockError(f"it has {there:,} of {pages * size:,} bytes")
    if not _expected_tables() <= tables:
        raise DamagedBlockError("its tables are not those of a ledger")
    return connection


def _has_write_ahead_log(connection: sqlite3.Connection) -> bool:
    return connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def _tables(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    return set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


@cache
def _expected_tables() -> set[tuple[str, ...]]:
    with closing(empty(":memory:")) as connection:
        return _tables(connection)
