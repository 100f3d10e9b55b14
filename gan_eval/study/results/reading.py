"""The files that a study's results are written to, read: rows, epochs, and the contents of a
``study.json`` in the types that its readers rely on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from gan_eval.judging import computed_columns
from gan_eval.judging.computed_columns import ERROR
from gan_eval.judging.evaluation import RENAMED, axes_of
from gan_eval.judging.summary import CELL, OUTSIDE
from gan_eval.judging.verdicts import OUTSIDE_VERDICTS, SAMPLED_VERDICTS, VERDICTS
from gan_eval.runtime.arguments import shown
from gan_eval.runtime.documents import read_json
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import reading
from gan_eval.runtime.settings import explain
from gan_eval.runtime.spreadsheet import EXACT_CSV, unquoted
from gan_eval.study.ledger.ledger import LEDGER_FILE

ROWS_FILE, EPOCHS_FILE, STUDY_FILE = FILES = ("rows.csv", "epochs.csv", "study.json")

_TEXTS = (*CELL, "config_hash", "verdict", "yardstick", "environment", "cause")
_OUTSIDE_TEXTS = (OUTSIDE, "split", "copies_verdict", "modes_lost", "not_measured")
_HOW = "_how"
"""The end of the name of a column that says how others were computed."""

POINTS = ("sample_rows", "real_sample_rows")
"""Columns of JSON that pictures are drawn from: kilobytes in a cell, which no CSV is for."""
_TEXT, _NUMBER, _WHOLE = "a text", "a number", "a whole number"


class _Told(BaseModel):
    """A table of the document: what is not named here may be there and is passed on."""

    model_config = ConfigDict(strict=True, extra="allow")


class _Study(_Told):
    name: str | None = None
    time_budget: float | None = None
    permutations: int | None = None
    n_evaluation: int | None = None
    tested: int | None = None
    tests: list[str] | None = None
    margins: dict[str, float | str | None] | None = None


class _Configuration(_Told):
    label: str
    hash: str
    config: dict[str, Any]
    axes: dict[str, Any] = {}


class _Failure(_Told):
    configuration: str
    backend: str
    device: str
    seeds: list[int]
    message: str


class _Unavailable(_Told):
    name: str
    state: str
    remedy: str


class _Environment(_Told):
    packages: dict[str, str] | None = None
    gpus: list[str] | None = None


class _Provenance(_Told):
    study: _Study
    environments: dict[str, _Environment]
    configurations: list[_Configuration] = []
    planned: int | None = None
    finished: int | None = None
    reused: int | None = None
    interrupted: bool | None = None
    failures: list[_Failure] = []
    unavailable: list[_Unavailable] = []
    seconds: float | None = None
    workers: int | None = None
    threads: int | None = None
    command: str | None = None
    created: str | None = None


def read_provenance(path: Path) -> dict[str, Any]:
    """Read the document of a ``study.json``; ``UsageError`` where it is none, or a value in it is
    of another kind than it must be."""
    document = read_json(path)
    if not isinstance(document, dict) or not {"study", "environments"} <= set(document):
        raise UsageError(f"{str(path)!r} does not describe a run of gan-eval")
    try:
        _Provenance.model_validate(document)
    except ValidationError as error:
        raise UsageError(
            f"{str(path)!r} does not describe a run of gan-eval: {explain(error, _Provenance)}"
        ) from None
    return document


def read_rows(path: str | Path) -> pd.DataFrame:
    """Read the rows of a ``rows.csv``.

    Raises
    ------
    UsageError
        Where it has not the columns of one, or an earlier version wrote a part of the rows only.
    """
    path = Path(path)
    _refuse_part(path)
    texts = dict.fromkeys(("verdict", "backend", "device", "config_hash"), _TEXT)
    rows = _read_csv(path, {"seed": _WHOLE} | texts).rename(columns=RENAMED)
    outside = OUTSIDE in rows
    if not outside:
        if "kl" not in rows:
            raise UsageError(f"{str(path)!r} lacks the column 'kl'")
        _check_column(path, rows["kl"], _NUMBER)
    known = OUTSIDE_VERDICTS if outside else VERDICTS
    if ERROR in rows:
        known = SAMPLED_VERDICTS
    if strange := set(rows["verdict"]) - set(known):
        raise UsageError(
            f"{str(path)!r} has the verdict {shown(min(strange))}, which is none of "
            f"{', '.join(known)}"
        )
    # Where nothing is said, a file has nothing.
    words = [str(name) for name in rows if outside and _is_outside_text(name)]
    filled = {name: rows[name].astype(object).fillna("") for name in words}
    if "cause" in rows:
        filled["cause"] = rows["cause"].fillna("")
    return computed_columns.filled(rows.assign(**filled))


def without_points(rows: pd.DataFrame) -> pd.DataFrame:
    """Take out the columns of ``POINTS``, as every CSV does."""
    return rows.drop(columns=[name for name in POINTS if name in rows])


def _is_outside_text(name: object) -> bool:
    return name in _OUTSIDE_TEXTS or str(name).endswith(_HOW)


def read_epochs(path: Path) -> pd.DataFrame:
    """Read an ``epochs.csv``; ``UsageError`` where it has not the columns of one."""
    return _read_csv(path, {"epoch": _WHOLE, "kl": _NUMBER})


def _refuse_part(rows: Path) -> None:
    """Raise ``UsageError`` where the ``study.json`` beside says that rows were left out."""
    try:
        part = read_json(rows.with_name(STUDY_FILE)).get("thinned")
    except (UsageError, AttributeError):
        return
    if rows.name == ROWS_FILE and part:
        raise UsageError(
            f"{str(rows)!r} has a part of the rows only ({part}): name the folder of the run, with "
            f"its {LEDGER_FILE}"
        )


def _read_csv(path: Path, needed: dict[str, str]) -> pd.DataFrame:
    """The table of a file, with columns of these kinds, and numbers in the others that have any."""
    with reading(path), path.open(encoding="utf-8", newline="") as file:
        try:
            frame = pd.read_csv(
                file,
                # An environment's name may be digits alone.
                dtype=dict.fromkeys((*_TEXTS, *_OUTSIDE_TEXTS), str),
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
    axes = axes_of(frame.columns)
    for name in frame.columns:
        if name not in axes:
            _check_column(path, frame[name], needed.get(name))
    return unquoted(frame)


def _check_column(path: Path, column: pd.Series, kind: str | None) -> None:
    """``UsageError`` for what is damaged: a gap, a word among numbers, half a seed."""
    if column.name in _TEXTS or _is_outside_text(column.name):
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
