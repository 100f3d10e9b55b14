"""The embedded store of a study: every finished unit of work, exactly once, whatever is killed.

One SQLite file. A unit is one transaction: its block of rows, its block of epochs, and a line for
each replicate, whose primary key is the replicate's identity. The journal is a rollback journal,
not a write-ahead log: the file is whole by itself, can be read where nothing can be written, and
needs no shared memory. Writers wait for each other; each needs a few milliseconds a unit.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.judging.computed_columns import filled
from gan_eval.judging.evaluation import COMPUTED, RENAMED, bits, with_columns_of
from gan_eval.runtime.errors import UsageError
from gan_eval.study.ledger import blocks, file, integrity
from gan_eval.study.ledger.blocks import PackedUnit
from gan_eval.study.ledger.file import LEDGER_FILE, as_usage_error
from gan_eval.study.plan.units import ReplicateQuery

__all__ = ["LEDGER_FILE", "Ledger"]

_FITS = (
    "FROM replicates WHERE identity = (SELECT id FROM identities WHERE text = :identity) "
    "AND seed BETWEEN :first AND :last AND (:permutations = 0 OR permutations = :permutations) "
    "AND tests & :tests = :tests AND timed >= :timed AND traced >= :traced"
)


class Ledger:
    """An open ledger; a context manager, which closes it.

    Every method raises ``UsageError`` in one sentence where the file cannot be read or written, is
    damaged, or is not a ledger; what was stored before stays.
    """

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        """Open a ledger, or make one where there is none; ``None`` is one in memory.

        All that is stored is read and held against its digests. Where something is damaged,
        nothing is read from it; opened for writing it is mended: what is damaged is forgotten, and
        ``mended`` says what that was.
        """
        self.path = path
        self.mended: str | None = None
        with as_usage_error(path), ExitStack() as opened:
            if path is None:
                self._connection = opened.enter_context(closing(file.empty(":memory:")))
            elif read_only:
                self._connection = file.open_to_read(path, opened)
            else:
                self._connection, self.mended = file.open_to_write(path, opened)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._opened.close()

    # --- Writing -------------------------------------------------------------------------------

    def begin(self, document: dict[str, Any], parts: Sequence[ReplicateQuery]) -> int:
        """Note that a run of a study begins and what it wants; returns the run's number."""
        text = json.dumps(document | {"wanted": [asdict(part) for part in parts]})
        with self._transaction() as connection:
            number = integrity.next_number(connection, "runs")
            integrity.add(connection, "runs", (number, _now(), text))
        return number

    def environment(self, name: str, facts: dict[str, Any]) -> None:
        """Note what an environment is, by its name."""
        with self._transaction() as connection:
            known = connection.execute("SELECT 1 FROM environments WHERE name = ?", (name,))
            if known.fetchone() is None:
                number = integrity.next_number(connection, "environments")
                integrity.add(connection, "environments", (number, name, json.dumps(facts)))

    def store(
        self,
        identity: str,
        seeds: Sequence[int],
        unit: PackedUnit,
        *,
        permutations: Sequence[int],
        tests: Sequence[str],
        timed: bool,
        environment: str,
        computed: Sequence[bool] = (),
    ) -> int:
        """Store one finished unit, whole or not at all; what is there already stays as it is.

        Parameters
        ----------
        identity : str
            Of the cell (``study.plan.units.identity``).
        seeds : sequence of int
            The R seeds.
        unit : PackedUnit
            R rows, in the order of the seeds, and the epochs of the first ones.
        permutations : sequence of int
            Of each seed; 0 where it was not tested.
        tests : sequence of str
            By which those that were tested were.
        timed : bool
        environment : str
            The name of the environment that trained it.
        computed : sequence of bool
            Of each seed, whether its distances were computed; none where there is nothing to
            compute.

        Returns
        -------
        int
            How many of the replicates were new.
        """
        which = bits(tests) if any(permutations) else 0
        more = [COMPUTED * one for one in computed or [False] * len(seeds)]
        lines = np.array(
            [
                (seed, drawn, (which if drawn else 0) | own, timed, at < unit.traced, at)
                for at, (seed, drawn, own) in enumerate(zip(seeds, permutations, more, strict=True))
            ],
            np.int64,
        )
        with self._transaction() as connection:
            key = _number(connection, "identities", identity)
            number = integrity.next_number(connection, "units")
            before = connection.total_changes
            integrity.insert_lines(connection, key, number, lines, "INSERT OR IGNORE")
            new = connection.total_changes - before
            connection.execute(
                "DELETE FROM claims WHERE identity = ? AND seed = ?", (identity, seeds[0])
            )
            if new == 0:  # another process was first
                return 0
            if new < len(lines):
                there = connection.execute(
                    "SELECT position FROM replicates "
                    "WHERE identity = ? AND seed BETWEEN ? AND ? AND unit = ?",
                    (key, int(lines[:, 0].min()), int(lines[:, 0].max()), number),
                )
                lines = lines[sorted(position for (position,) in there)]
            packed: list[int | bytes] = []
            for table in (unit.rows, unit.epochs):
                packed += [_number(connection, "layouts", table.layout), table.block]
            integrity.add(
                connection,
                "units",
                (*(number, key, environment, _now(), *packed, unit.traced), integrity.pack(lines)),
                (identity, unit.rows.layout, unit.epochs.layout),
                replicates=new,
            )
        return new

    def claim(self, identity: str, seed: int, run: int) -> bool:
        """Say that a run now trains the unit that begins with a seed; False where another said so.

        A claim is a hint, never a lock: whoever made it may be dead.
        """
        with self._transaction() as connection:
            before = connection.total_changes
            connection.execute(
                "INSERT OR IGNORE INTO claims VALUES (?, ?, ?)", (identity, seed, run)
            )
            return connection.total_changes > before

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with as_usage_error(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # after some errors SQLite has rolled back itself
                    self._connection.execute("ROLLBACK")
                raise

    # --- Reading -------------------------------------------------------------------------------

    def last_run(self) -> dict[str, Any]:
        """Read the document of the run that began last; under ``"wanted"`` are its
        ``ReplicateQuery``s."""
        with as_usage_error(self.path):
            last = "SELECT document FROM runs ORDER BY id DESC LIMIT 1"
            found = self._connection.execute(last).fetchone()
        if found is None:
            raise UsageError(f"{str(self.path)!r} holds no run yet")
        document = json.loads(found[0])
        parts = [part | {"tests": tuple(part["tests"])} for part in document["wanted"]]
        return document | {"wanted": [ReplicateQuery(**part) for part in parts]}

    def environments(self) -> dict[str, Any]:
        """Read the facts of each environment, by its name."""
        with as_usage_error(self.path):
            found = self._connection.execute("SELECT name, facts FROM environments").fetchall()
        return {name: json.loads(facts) for name, facts in found}

    def finished(self, part: ReplicateQuery) -> NDArray[np.int64]:
        """Read which of the seeds are stored, ascending."""
        return self._found(part)[:, 0]

    def _found(self, part: ReplicateQuery) -> NDArray[np.int64]:
        """Seed, unit and position of each replicate that fits, shape (found, 3), by seed."""
        with as_usage_error(self.path):
            lines = self._connection.execute(
                f"SELECT seed, unit, position {_FITS} "
                "ORDER BY seed, permutations, tests, timed, traced",
                {
                    **vars(part),
                    "tests": (bits(part.tests) if part.permutations else 0)
                    | (COMPUTED if part.computed else 0),
                },
            )
            flat = np.fromiter((entry for line in lines for entry in line), np.int64)
        found = flat.reshape(-1, 3)
        # A seed may be stored more than once, with more or fewer tests; take the row that has the
        # fewest extras.
        return found[np.unique(found[:, 0], return_index=True)[1]]

    def names(self, parts: Sequence[ReplicateQuery], table: str) -> list[str]:
        """List the columns of ``rows`` or ``epochs`` that any of some parts has."""
        names: dict[str, None] = {}
        for identity in dict.fromkeys(part.identity for part in parts):
            with as_usage_error(self.path):
                found = self._connection.execute(
                    "SELECT DISTINCT l.text FROM replicates r JOIN units u ON u.id = r.unit "
                    f"JOIN layouts l ON l.id = u.{table}_layout WHERE r.identity = "
                    "(SELECT id FROM identities WHERE text = ?) ORDER BY l.id",
                    (identity,),
                ).fetchall()
            names |= {
                RENAMED.get(str(name), str(name)): None
                for (text,) in found
                for name, _ in json.loads(text)
            }
        if table == "rows":
            names = dict.fromkeys(with_columns_of(parts[0].tests, names)) if parts else {}
        return ["configuration", *names, "environment"] if names else []

    def rows(self, parts: Sequence[ReplicateQuery]) -> pd.DataFrame:
        """Read one row for each replicate that is there, as ``judge`` gave it.

        In front ``configuration``, the label, and at the end ``environment``. Sorted by label,
        backend, device and seed where the parts are.
        """
        return filled(self._table("rows", parts))

    def epochs(self, parts: Sequence[ReplicateQuery]) -> pd.DataFrame:
        """Read one row for each epoch of the traced replicates that are there."""
        return self._table("epochs", [part for part in parts if part.traced])

    def _table(self, name: str, parts: Sequence[ReplicateQuery]) -> pd.DataFrame:
        found = [(part, self._found(part)) for part in parts]
        with as_usage_error(self.path):
            return blocks.table(self._connection, name, found)


def _number(connection: sqlite3.Connection, table: str, text: str) -> int:
    # Without an index, which could be damaged unseen: there are few.
    found = connection.execute(f"SELECT id FROM {table} WHERE text = ?", (text,)).fetchone()
    if found is not None:
        return found[0]
    made = connection.execute(f"INSERT INTO {table} (text) VALUES (?)", (text,))
    return int(made.lastrowid or 0)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
