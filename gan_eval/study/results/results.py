"""What a study found, in memory and in its folder: rows, epochs, provenance."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gan_eval.judging.judge import VERDICTS
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import reading, write_files
from gan_eval.runtime.json import read_json
from gan_eval.runtime.spreadsheet import EXACT_CSV, unquoted, write_csv
from gan_eval.runtime.text import shown
from gan_eval.study.ledger.file import LEDGER_FILE
from gan_eval.study.results.provenance import read_provenance

ROWS_FILE, EPOCHS_FILE, STUDY_FILE = FILES = ("rows.csv", "epochs.csv", "study.json")


MOST_ROWS = 100_000
"""Rows of a ``rows.csv`` beside a ledger; of more, each cell's first seeds are written, and the
ledger has all."""
_CELL = ["configuration", "backend", "device"]

_TEXTS = (*_CELL, "config_hash", "verdict", "environment")
_TEXT, _NUMBER, _WHOLE = "a text", "a number", "a whole number"


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
        """Write the three files into a folder, all of them or none.

        Of rows that are ``thinned`` only each cell's first seeds are written where the folder has
        their ledger, and all of them where it has none.
        """
        folder = Path(folder)
        rows, provenance = self.rows, self.provenance
        if self.thinned is not None and (folder / LEDGER_FILE).exists():
            rows = rows.groupby(_CELL, sort=False).head(_seeds_kept(rows))
        else:
            provenance = {name: fact for name, fact in provenance.items() if name != "thinned"}
        text = json.dumps(provenance, indent=2, allow_nan=False) + "\n"
        write_files(
            {
                folder / ROWS_FILE: lambda file: write_csv(rows, file),
                folder / EPOCHS_FILE: lambda file: write_csv(self.epochs, file),
                folder / STUDY_FILE: text,
            }
        )

    @property
    def thinned(self) -> str | None:
        """What ``rows.csv`` leaves out of these rows, in a sentence; None where it has them all."""
        return self.provenance.get("thinned")

    @classmethod
    def load(cls, folder: str | Path) -> Results:
        """Read what ``save`` wrote; ``UsageError`` where a file is missing or not ours."""
        folder = Path(folder)
        if not folder.exists():
            raise UsageError(f"there is no folder {str(folder)!r}")
        if not folder.is_dir():
            raise UsageError(f"{str(folder)!r} is a file, the folder of a run is needed")
        provenance = read_provenance(folder / STUDY_FILE)
        epochs = _read_csv(folder / EPOCHS_FILE, {"epoch": _WHOLE, "kl": _NUMBER})
        if "thinned" not in provenance:
            return cls(read_rows(folder / ROWS_FILE), epochs, provenance)
        if not (folder / LEDGER_FILE).exists():
            raise UsageError(_thinned(folder, provenance["thinned"]))
        from gan_eval.study.ledger.ledger import Ledger

        with Ledger(folder / LEDGER_FILE, read_only=True) as ledger:
            rows = ledger.rows(ledger.last_run(provenance["study"])["wanted"])
        return cls(rows, epochs, provenance)


def thinning(rows: pd.DataFrame) -> dict[str, str]:
    """What the provenance of rows that a ledger holds says of their ``rows.csv``."""
    if len(rows) <= MOST_ROWS:
        return {}
    return {
        "thinned": f"{ROWS_FILE} holds the first {_seeds_kept(rows):,} seeds of each cell, of "
        f"{len(rows):,} rows in all; `gan-eval export` gives all of them"
    }


def _seeds_kept(rows: pd.DataFrame) -> int:
    return max(1, MOST_ROWS // rows.groupby(_CELL, sort=False).ngroups)


def read_rows(path: str | Path) -> pd.DataFrame:
    """The rows of a ``rows.csv``.

    Raises
    ------
    UsageError
        Where it has not the columns of one, or is thinned: its counts are not those of the run.
    """
    path = Path(path)
    if path.name == ROWS_FILE and (how := _thinned_beside(path)) is not None:
        raise UsageError(_thinned(path.parent, how))
    texts = dict.fromkeys(("verdict", "backend", "device", "config_hash"), _TEXT)
    rows = _read_csv(path, {"seed": _WHOLE, "kl": _NUMBER} | texts)
    if strange := set(rows["verdict"]) - set(VERDICTS):
        raise UsageError(
            f"{str(path)!r} has the verdict {shown(min(strange))}, which is none of "
            f"{', '.join(VERDICTS)}"
        )
    return rows


def _thinned_beside(rows: Path) -> object:
    """What the provenance beside a ``rows.csv`` says is left out of it, if it can be read."""
    try:
        return read_json(rows.with_name(STUDY_FILE)).get("thinned")
    except (UsageError, AttributeError):
        return None


def _thinned(folder: Path, how: object) -> str:
    """That the rows of a folder are not all in its ``rows.csv``, and where they are."""
    said = f"{str(folder / ROWS_FILE)!r} is thinned ({how})"
    if (folder / LEDGER_FILE).exists():
        return f"{said}: name the folder, {str(folder)!r}, whose ledger has them"
    return f"{said}, and there is no {LEDGER_FILE} beside it"


def _read_csv(path: Path, needed: dict[str, str]) -> pd.DataFrame:
    """The table of a file, with columns of these kinds, and numbers in the others that have any."""
    with reading(path), path.open(encoding="utf-8", newline="") as file:
        try:
            frame = pd.read_csv(
                file,
                # An environment's name may be digits alone.
                dtype=dict.fromkeys(_TEXTS, str),
                # A label may be "NA"; only what `to_csv` leaves empty is missing.
                keep_default_na=False,
                na_values=[""],
                **EXACT_CSV,
            )
        except UnicodeDecodeError:
            raise
        except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
            raise UsageError(
                f"{str(path)!r} is not a usable CSV: {' '.join(str(error).split())}"
            ) from None
    if missing := needed.keys() - set(frame.columns):
        raise UsageError(f"{str(path)!r} lacks the column {min(missing)!r}")
    for name in frame.columns:
        _check_column(path, frame[name], needed.get(name))
    return unquoted(frame)


def _check_column(path: Path, column: pd.Series, kind: str | None) -> None:
    """``UsageError`` for what is damaged: a gap, a word among numbers, half a seed."""
    if column.name in _TEXTS:
        bad = column.isna() & (kind == _TEXT)
    else:
        numbers = pd.to_numeric(column, errors="coerce")
        bad = numbers.isna() & column.notna()
        if kind == _WHOLE:
            bad |= numbers.isna() | (numbers != numbers.round()) | (numbers < 0)
        elif kind is None and bad.all():  # somebody's own column of words
            return
    if bad.any():
        at = int(bad.to_numpy().argmax())
        raise UsageError(
            f"{str(path)!r} must have {kind or _NUMBER} in the column {str(column.name)!r}, got "
            f"{shown(column.iloc[at])} (in row {at + 1})"
        )
