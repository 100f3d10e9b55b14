"""The check of a ledger against what was stored: a digest of every record, checked when it is
opened, and what can be kept of a damaged one.

A unit's record holds everything that is known of its replicates. Beside the records stands, in
``total``, how many there are and the sum of their digests, so that one that has vanished is missed.
The table ``replicates`` is an index that follows from the units: it is held against them, in its
order, since it is searched by bisection.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Lines = NDArray[np.int64]
"""The facts known about the replicates of a unit, shape (replicates, 6): seed, permutations, tests
(as bits), timed, traced, position in the unit."""

_BITS = 62
"""The bits of a digest: sums of two of them are still integers of SQLite."""
_MASK = 2**_BITS - 1

# Each with all that its digest covers, and the digest at the end.
_RECORDS = {
    "units": (
        "SELECT u.id, u.identity, u.environment, u.created, u.rows_layout, u.rows, "
        "u.epochs_layout, u.epochs, u.traced, u.lines, i.text, r.text, e.text, u.digest "
        "FROM units u LEFT JOIN identities i ON i.id = u.identity "
        "LEFT JOIN layouts r ON r.id = u.rows_layout "
        "LEFT JOIN layouts e ON e.id = u.epochs_layout WHERE u.id = ?"
    ),
    "runs": "SELECT id, created, document, digest FROM runs WHERE id = ?",
    "environments": "SELECT id, name, facts, digest FROM environments WHERE id = ?",
}
_COLUMNS = {"units": 10, "runs": 3, "environments": 3}
"""Columns of each table before its digest."""

_AT_ONCE = 20_000
_MOST_SOUGHT = 10**6
_MIXERS = np.random.default_rng(62).integers(2**62, 2**63, 8, dtype=np.uint64) | np.uint64(1)


@dataclass
class Condition:
    """A condition that the records of a ledger are in."""

    whole: bool = True
    stored: int | None = None
    """Replicates that the ledger says to have; None where it cannot be read."""
    intact: int = 0
    """Replicates of which everything is as it was stored."""
    records: dict[str, list[int]] = field(default_factory=dict)
    """The numbers of the records that are intact."""

    def sentence(self) -> str:
        """Say how much is damaged, after the ledger's name."""
        if self.stored is None or self.stored < self.intact:
            which = f"of its replicates, {self.intact:,} are left"
        elif self.stored == self.intact:
            which = f"none of its {self.stored:,} replicates, but how they are found"
        else:
            which = f"{self.stored - self.intact:,} of {self.stored:,} replicates"
        return f"is damaged: {which}"


def digest(*parts: object) -> int:
    """62 bits of BLAKE2b over some parts, bytes or what Python writes for them."""
    state = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        state.update(b"%d:" % len(data))
        state.update(data)
    return int.from_bytes(state.digest(), "big") >> (64 - _BITS)


def add(
    connection: sqlite3.Connection,
    table: str,
    values: Sequence[Any],
    texts: Sequence[str] = (),
    replicates: int = 0,
) -> None:
    """Store a record and count it and its replicates; ``texts`` are what its numbers of other
    tables stand for."""
    own = digest(table, *values, *texts)  # with its table: two of them may change places
    marks = ", ".join("?" * (len(values) + 1))
    connection.execute(f"INSERT INTO {table} VALUES ({marks})", (*values, own))
    records, known, digests, _ = connection.execute("SELECT * FROM total").fetchone()
    total = (records + 1, known + replicates, (digests + own) & _MASK)
    connection.execute(
        "UPDATE total SET records = ?, replicates = ?, digests = ?, digest = ?",
        (*total, digest(*total)),
    )


def next_number(connection: sqlite3.Connection, table: str) -> int:
    """Find the number of a table's next record; inside a transaction."""
    (number,) = connection.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()
    return number


def pack(lines: Lines) -> bytes:
    """Pack the lines of a unit into bytes; of consecutive seeds of which the same is known, few."""
    steps = np.diff(lines, axis=0, prepend=np.zeros((1, lines.shape[1]), np.int64))
    return zlib.compress(np.ascontiguousarray(steps.T).tobytes(), 1)


def _unpack(packed: bytes) -> Lines:
    return np.frombuffer(zlib.decompress(packed), np.int64).reshape(6, -1).cumsum(axis=1).T


def examine(connection: sqlite3.Connection) -> Condition:
    """Read everything that is stored, and say in what condition it is."""
    found = Condition()
    records = digests = hashes = 0
    identities: dict[int, str] = {}
    layouts: dict[int, str] = {}
    connection.execute("BEGIN")  # so that nobody writes meanwhile
    for table in _RECORDS:
        found.records[table] = []
        numbers, all_of_them = _numbers(connection, table)
        found.whole &= all_of_them
        for number in numbers:
            record = _record(connection, table, number)
            if record is None:
                found.whole = False
                continue
            found.records[table].append(number)
            records, digests = records + 1, (digests + record[-1]) & _MASK
            if table == "units":
                lines = _unpack(record[9])
                found.intact += len(lines)
                hashes = (hashes + _mixed(_of_index(record, lines))) % 2**64
                identities[record[1]] = record[10]
                layouts |= {record[4]: record[11], record[6]: record[12]}
    with _Tolerant() as reading:
        *total, own = connection.execute("SELECT * FROM total").fetchone()
        if own == digest(*total):
            found.stored = total[1]
        found.whole &= found.stored is not None and total == [records, found.intact, digests]
        found.whole &= _index(connection) == (found.intact, hashes)
        for table, known in (("identities", identities), ("layouts", layouts)):
            there = connection.execute(f"SELECT id, text FROM {table}").fetchall()
            found.whole &= len(there) == len(known) and dict(there) == known
    found.whole &= reading.worked
    connection.execute("ROLLBACK")  # unlike COMMIT, never refused in a damaged file
    return found


def writable(connection: sqlite3.Connection) -> bool:
    """Tell whether the pages of the file are where SQLite looks for them, the free ones too."""
    with _Tolerant():
        return connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    return False


def rebuild(connection: sqlite3.Connection, found: Condition, fresh: sqlite3.Connection) -> None:
    """Put what is intact in the place of everything, by way of a fresh ledger: in one transaction
    of SQLite's, so that whoever else has the file open sees the one or the other."""
    fresh.execute("BEGIN")
    for table, numbers in found.records.items():
        for number in numbers:
            if (record := _record(connection, table, number)) is not None:
                _copy(fresh, table, record)
    fresh.execute("COMMIT")
    fresh.backup(connection)


def _copy(fresh: sqlite3.Connection, table: str, record: tuple[Any, ...]) -> None:
    texts, replicates = record[_COLUMNS[table] : -1], 0
    if table == "units":
        lines = _unpack(record[9])
        fresh.execute("SAVEPOINT unit")
        try:
            insert_lines(fresh, record[1], record[0], lines, "INSERT")
        except sqlite3.IntegrityError:  # a page of what was deleted has come back
            fresh.execute("ROLLBACK TO unit")
            return
        fresh.execute("RELEASE unit")
        fresh.execute("INSERT OR IGNORE INTO identities VALUES (?, ?)", (record[1], texts[0]))
        for number, text in ((record[4], texts[1]), (record[6], texts[2])):
            fresh.execute("INSERT OR IGNORE INTO layouts VALUES (?, ?)", (number, text))
        replicates = len(lines)
    add(fresh, table, record[: _COLUMNS[table]], texts, replicates)


def insert_lines(
    connection: sqlite3.Connection, identity: int, unit: int, lines: Lines, how: str
) -> None:
    """Enter the replicates of a unit into the index, ``how`` as SQLite's INSERT."""
    connection.executemany(
        f"{how} INTO replicates VALUES ({identity}, ?, ?, ?, ?, ?, {unit}, ?)", lines.tolist()
    )


def _record(connection: sqlite3.Connection, table: str, number: int) -> tuple[Any, ...] | None:
    """A record as it was stored; None where it is not that any more."""
    with _Tolerant():
        record = connection.execute(_RECORDS[table], (number,)).fetchone()
        if record is not None and digest(table, *record[:-1]) == record[-1]:
            return record
    return None


def _numbers(connection: sqlite3.Connection, table: str) -> tuple[list[int], bool]:
    """The numbers of a table's records, and whether they could be read in one go.

    Where they cannot, those before the first page that is damaged, those after the last one, and
    those that may stand between.
    """
    ends: list[list[int]] = []
    for order in ("ASC", "DESC"):
        numbers: list[int] = []
        with _Tolerant() as reading:
            for (number,) in connection.execute(f"SELECT id FROM {table} ORDER BY id {order}"):
                numbers.append(int(number))
        if reading.worked:
            once = sorted(set(numbers))
            return once, once == numbers
        ends.append(numbers)
    first, last = (end[-1] if end else at for end, at in zip(ends, (0, 0), strict=True))
    between = range(first + 1, min(max(last, first + 1), first + _MOST_SOUGHT))
    return sorted({*ends[0], *between, *ends[1]}), False


def _index(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """Count the replicates of the index, and sum their hashes; None where it has not the order in
    which it is searched."""
    cursor = connection.execute("SELECT * FROM replicates NOT INDEXED")
    count, hashes, last = 0, 0, None
    while chunk := cursor.fetchmany(_AT_ONCE):
        lines = np.array(chunk, dtype=np.int64)
        keys = lines[:, :6] if last is None else np.vstack([last, lines[:, :6]])
        above, below = keys[1:] > keys[:-1], keys[1:] < keys[:-1]
        differs = (above | below).argmax(axis=1)
        if not np.take_along_axis(above, differs[:, None], axis=1).all():
            return None
        count, last = count + len(lines), keys[-1:]
        hashes = (hashes + _mixed(lines)) % 2**64
    return count, hashes


def _of_index(record: tuple[Any, ...], lines: Lines) -> NDArray[np.int64]:
    """The lines that the index has of a unit, shape (replicates, 8)."""
    identity, unit = (
        np.full((len(lines), 1), number, np.int64) for number in (record[1], record[0])
    )
    return np.hstack([identity, lines[:, :5], unit, lines[:, 5:]])


def _mixed(lines: NDArray[np.int64]) -> int:
    """The sum of a hash of each line (SplitMix64's last steps), whatever their order."""
    mixed = (lines.astype(np.uint64) * _MIXERS).sum(axis=1, dtype=np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return int((mixed ^ (mixed >> np.uint64(31))).sum(dtype=np.uint64))


class _Tolerant:
    """A context that passes over the errors of SQLite and of values where a file is damaged."""

    worked = False
    _TOLD = (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_TOOBIG,
    )

    def __enter__(self) -> _Tolerant:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> bool:
        self.worked = error is None
        if isinstance(error, sqlite3.Error):
            # Text that is none has no code.
            return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in self._TOLD
        return isinstance(error, TypeError | ValueError | OverflowError)
