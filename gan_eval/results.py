"""What a study found, in memory and in its folder: rows, epochs, provenance."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from packaging.version import Version

from gan_eval.errors import UsageError
from gan_eval.settings import read_text

ROWS_FILE, EPOCHS_FILE, STUDY_FILE = FILES = ("rows.csv", "epochs.csv", "study.json")

# A number that is written and read again must be the same number: pandas' default from 3.1 on,
# an option before.
EXACT_CSV: dict[str, Any] = (
    {} if Version(pd.__version__) >= Version("3.1") else {"float_precision": "round_trip"}
)
"""Options of ``read_csv``."""

MOST_ROWS = 100_000
"""Rows of a ``rows.csv``; of more, each cell's first seeds are written, and the ledger has all."""
_CELL = ["configuration", "backend", "device"]


@dataclass(frozen=True)
class Results:
    """Everything that a report is made of.

    Attributes
    ----------
    rows : DataFrame
        One row a replicate, from ``judge``, with ``configuration``, the label of its cell of the
        grid, in front. Plain numbers and strings only, so that ``rows.to_parquet`` works.
    epochs : DataFrame
        One row a replicate and epoch.
    provenance : dict
        JSON-ready: ``study`` (its settings), ``configurations`` (label, hash and settings of each),
        ``planned`` and ``finished`` replicates, ``interrupted``, ``failures``, ``unavailable``
        (backends that were not there, and what they lack), ``seconds``, ``workers``, ``threads``,
        ``command``, ``created`` and ``environments`` (by the names in the column ``environment``);
        of a run also ``reused``, the replicates that its ledger had already. ``thinned`` says in a
        sentence what of the rows is in the ledger only; it is there where something is.
    """

    rows: pd.DataFrame
    epochs: pd.DataFrame
    provenance: dict[str, Any]

    def save(self, folder: str | Path) -> None:
        """Write the three files into a folder, each whole or not at all.

        Of more than ``MOST_ROWS`` rows only each cell's first seeds are written, and
        ``provenance["thinned"]`` says so.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        rows, provenance = self.rows, self.provenance
        if self.thinned is not None:
            rows, provenance = self._first_seeds(), provenance | {"thinned": self.thinned}
        _write(folder / ROWS_FILE, rows.to_csv(index=False))
        _write(folder / EPOCHS_FILE, self.epochs.to_csv(index=False))
        _write(folder / STUDY_FILE, json.dumps(provenance, indent=2, allow_nan=False) + "\n")

    @property
    def thinned(self) -> str | None:
        """What ``rows.csv`` leaves out of these rows, in a sentence; None where it has them all."""
        if len(self.rows) <= MOST_ROWS:
            return None
        return (
            f"{ROWS_FILE} holds the first {self._seeds_kept():,} seeds of each cell, of "
            f"{len(self.rows):,} rows in all; `gan-eval export` gives all of them"
        )

    def _seeds_kept(self) -> int:
        return max(1, MOST_ROWS // self.rows.groupby(_CELL, sort=False).ngroups)

    def _first_seeds(self) -> pd.DataFrame:
        return self.rows.groupby(_CELL, sort=False).head(self._seeds_kept())

    @classmethod
    def load(cls, folder: str | Path) -> Results:
        """Read what ``save`` wrote; ``UsageError`` where a file is missing or not ours."""
        folder = Path(folder)
        if not folder.exists():
            raise UsageError(f"there is no folder {str(folder)!r}")
        if not folder.is_dir():
            raise UsageError(f"{str(folder)!r} is a file, the folder of a run is needed")
        try:
            provenance = json.loads(read_text(folder / STUDY_FILE))
        except json.JSONDecodeError as error:
            raise UsageError(
                f"{str(folder / STUDY_FILE)!r} is not valid JSON: {error.msg} "
                f"(at line {error.lineno})"
            ) from None
        if not isinstance(provenance, dict) or not {"study", "environments"} <= set(provenance):
            raise UsageError(f"{str(folder / STUDY_FILE)!r} does not describe a run of gan-eval")
        epochs = _read_csv(folder / EPOCHS_FILE, {"epoch", "kl"})
        if "thinned" not in provenance:
            return cls(read_rows(folder / ROWS_FILE), epochs, provenance)
        from gan_eval.ledger import LEDGER_FILE, Ledger

        with Ledger(folder / LEDGER_FILE, read_only=True) as ledger:
            rows = ledger.rows(ledger.last_run()["wanted"])
        return cls(rows, epochs, {k: v for k, v in provenance.items() if k != "thinned"})


def read_rows(path: str | Path) -> pd.DataFrame:
    """The rows of a ``rows.csv``; ``UsageError`` where it has not the columns of one."""
    return _read_csv(Path(path), {"seed", "verdict", "kl", "backend", "device", "config_hash"})


def _read_csv(path: Path, needed: set[str]) -> pd.DataFrame:
    read_text(path)  # its errors are the house's sentences
    try:
        frame = pd.read_csv(
            path,
            dtype={"config_hash": str, "configuration": str},
            # A label may be "NA"; only what `to_csv` leaves empty is missing.
            keep_default_na=False,
            na_values=[""],
            **EXACT_CSV,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise UsageError(
            f"{str(path)!r} is not a usable CSV: {' '.join(str(error).split())}"
        ) from None
    if missing := needed - set(frame.columns):
        raise UsageError(f"{str(path)!r} lacks the column {min(missing)!r}")
    return frame


def _write(path: Path, text: str) -> None:
    """Replace a file in one step, so that a reader sees the old text or the new, never a part."""
    # Another process may write the same file now.
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
