"""The file of a ledger: its tables, how it is made, opened and known again."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from gan_eval.blocks import DamagedBlockError
from gan_eval.errors import UsageError

LEDGER_FILE = "ledger.sqlite"
"""What it is called in the folder of a run."""

_APPLICATION = 0x67616E65  # "gane", SQLite's mark of whose file it is
_VERSION = 2
_PATIENCE = 60.0
"""Seconds that a writer waits for others."""

SCHEMA = f"""
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
CREATE TABLE identities (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE layouts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE environments (name TEXT PRIMARY KEY, facts TEXT NOT NULL);
CREATE TABLE runs (id INTEGER PRIMARY KEY, created TEXT NOT NULL, document TEXT NOT NULL);
CREATE TABLE units (
    id INTEGER PRIMARY KEY, environment TEXT NOT NULL, created TEXT NOT NULL,
    rows_layout INTEGER NOT NULL, rows BLOB NOT NULL,
    epochs_layout INTEGER, epochs BLOB, traced INTEGER NOT NULL
);
CREATE TABLE replicates (
    identity INTEGER NOT NULL, seed INTEGER NOT NULL, permutations INTEGER NOT NULL,
    tests INTEGER NOT NULL, timed INTEGER NOT NULL, traced INTEGER NOT NULL,
    unit INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (identity, seed, permutations, tests, timed, traced)
) WITHOUT ROWID;
CREATE TABLE claims (identity TEXT, seed INTEGER, run INTEGER, PRIMARY KEY (identity, seed));
"""


def connect(name: str) -> sqlite3.Connection:
    """A connection by SQLite's name of a file (a URI); every transaction waits for the disk."""
    # Transactions are begun and ended by us.
    connection = sqlite3.connect(name, uri=True, timeout=_PATIENCE, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def create(path: Path) -> None:
    """Make an empty ledger in one step: there is none, or a whole one, whoever else makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        connection = connect(partial.absolute().as_uri())
        try:
            connection.executescript(SCHEMA)
        finally:
            connection.close()
        with suppress(FileExistsError):
            _name_it(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _name_it(partial: Path, path: Path) -> None:
    try:
        os.link(partial, path)  # unlike a renaming, it never replaces what another process made
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if not path.exists():
            partial.replace(path)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """``UsageError`` where an open file is no ledger, or not one that this version reads."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION:
        raise UsageError(f"{str(path)!r} is no ledger of gan-eval")
    if version > _VERSION:
        raise UsageError(
            f"{str(path)!r} was written by a later gan-eval (its format is {version}, this "
            f"one reads {_VERSION})"
        )
    if version < _VERSION:
        raise UsageError(
            f"{str(path)!r} was written by an earlier gan-eval (its format is {version}, this "
            f"one reads {_VERSION}): `--fresh` puts it aside"
        )
    # While a transaction reads, nobody can be in the middle of writing the file itself. Reading
    # the schema finds out most files of which a part is missing, the size the others.
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM identities").fetchone()
    pages, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
    )
    there = path.stat().st_size
    connection.execute("COMMIT")
    if there < pages * size:
        raise DamagedBlockError(f"it has {there:,} of {pages * size:,} bytes")
