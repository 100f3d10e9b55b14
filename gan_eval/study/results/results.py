"""The results of a study, in memory and in its folder: rows, epochs, provenance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gan_eval.judging.evaluation import RENAMED, axes_of
from gan_eval.judging.judge import VERDICTS
from gan_eval.judging.summary import CELL, summarise
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import reading, write_files
from gan_eval.runtime.json import json_text, read_json
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.runtime.spreadsheet import EXACT_CSV, unquoted, write_csv
from gan_eval.runtime.text import cut, shown
from gan_eval.study.ledger.ledger import LEDGER_FILE, Ledger
from gan_eval.study.results.provenance import read_provenance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS_FILE, EPOCHS_FILE, STUDY_FILE = FILES = ("rows.csv", "epochs.csv", "study.json")


MOST_ROWS = 100_000
"""Rows of a run up to which CSV files are written beside its ledger, which has them all."""


_TEXTS = (*CELL, "config_hash", "verdict", "environment")
_TEXT, _NUMBER, _WHOLE = "a text", "a number", "a whole number"


@dataclass(frozen=True)
class Results(Displayed):
    """A study's rows, epochs and provenance: everything that its report is made of.

    Attributes
    ----------
    rows : DataFrame
        One row per replicate, from ``judge``. In front ``configuration``, the label of its
        configuration, and a column for each axis of the study. Plain numbers and strings
        only, so that ``rows.to_parquet`` works.
    epochs : DataFrame
        One row per replicate and epoch.
    provenance : dict
        JSON-ready: ``study`` (its settings), ``configurations`` (label, hash and settings of each),
        ``planned`` and ``finished`` replicates, ``interrupted``, ``failures``, ``unavailable``
        (backends that were not there, and what they lack), ``seconds``, ``workers``, ``threads``,
        ``command``, ``created`` and ``environments`` (by the names in the column ``environment``);
        of a run also ``reused``, the replicates that its ledger had already.
    """

    rows: pd.DataFrame
    epochs: pd.DataFrame
    provenance: dict[str, Any]

    def __repr__(self) -> str:
        name = self.provenance.get("study", {}).get("name", "a study")
        lines = [f"{len(self.rows):,} replicates of {shown(name)}"]
        for cell in self.to_frame().to_dict("records") if len(self.rows) else ():
            where = f"{cut(str(cell['configuration']))} on {cell['backend']}/{cell['device']}"
            lines.append(
                f"{where}: {cell['converged']} of {cell['replicates']} converged, "
                f"median KL {cell['kl']:.3f} nats"
            )
        return few_lines(*lines)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per configuration, backend and device, as ``summarise`` does."""
        return summarise(self.rows)

    def plot(self) -> Figure:
        """Draw which share of each cell's replicates has at most each KL(q‖p)."""
        import seaborn  # it takes a second to import, as Matplotlib does
        from matplotlib import pyplot as plt

        figure, axes = plt.subplots(layout="constrained")
        plt.close(figure)  # whoever gets it shows it, once

        cells = self.rows[CELL].astype(str).agg(" · ".join, axis=1).rename("cell")
        kl = self.rows["kl"].mask(self.rows["verdict"] == "diverged", float("inf"))
        seaborn.ecdfplot(x=kl, hue=cells, log_scale=True, ax=axes)
        axes.set(xlabel="KL(q‖p), nats", ylabel="share of replicates")
        return figure

    def save(self, folder: str | Path) -> None:
        """Write rows, epochs and provenance into a folder, all of them or none.

        Beside the ledger of more than ``MOST_ROWS`` rows only the provenance is written: ``load``
        and ``gan-eval export`` read the ledger.
        """
        folder = Path(folder)
        tables = {ROWS_FILE: self.rows, EPOCHS_FILE: self.epochs}
        if len(self.rows) > MOST_ROWS and (folder / LEDGER_FILE).exists():
            for name in tables:
                (folder / name).unlink(missing_ok=True)
            tables = {}
        text = json_text(self.provenance) + "\n"
        write_files(
            {folder / name: partial(write_csv, frame) for name, frame in tables.items()}
            | {folder / STUDY_FILE: text}
        )

    @classmethod
    def load(cls, folder: str | Path) -> Results:
        """Read the study that was last run in a folder.

        From its ledger where there is one, also of a run that was interrupted or killed; else from
        the files that ``save`` wrote.

        Raises
        ------
        UsageError
            Where there is no run, or a file of it is damaged or not ours.
        """
        folder = Path(folder)
        if not folder.exists():
            raise UsageError(f"there is no folder {str(folder)!r}")
        if not folder.is_dir():
            raise UsageError(f"{str(folder)!r} is a file, the folder of a run is needed")
        written = folder / STUDY_FILE
        if not (folder / LEDGER_FILE).exists():
            provenance = read_provenance(written)
            return cls(read_rows(folder / ROWS_FILE), read_epochs(folder / EPOCHS_FILE), provenance)
        with Ledger(folder / LEDGER_FILE, read_only=True) as ledger:
            document = ledger.last_run()
            parts, provenance = document["wanted"], document["provenance"]
            rows = with_axes(ledger.rows(parts), provenance)
            if written.exists():
                told = read_provenance(written)
                provenance = told if told["study"] == provenance["study"] else provenance
            known = ledger.environments()
            names = {*provenance["environments"], *rows.get("environment", ())}
            provenance |= {
                "finished": len(rows),
                "environments": {name: known[name] for name in sorted(names) if name in known},
            }
            return cls(rows, ledger.epochs(parts), provenance)


def with_axes(rows: pd.DataFrame, provenance: Mapping[str, Any]) -> pd.DataFrame:
    """Add a column for each axis of a study behind ``configuration``, the label.

    Numbers and words stand as they are; lists, tables, and all values of an axis that mixes
    numbers and words, as JSON text. NaN where a configuration has no such axis.
    """
    axes: dict[str, dict[str, Any]] = {}
    for entry in provenance.get("configurations", ()):
        for field, value in entry.get("axes", {}).items():
            axes.setdefault(field, {})[entry["label"]] = value
    if not axes or "configuration" not in rows:
        return rows
    columns = {}
    for field, values in axes.items():
        kinds = {type(value) for value in values.values()}
        if not (kinds <= {int, float} or kinds == {str}):
            values = {label: json.dumps(value) for label, value in values.items()}
        elif kinds == {int, float}:
            values = {label: float(value) for label, value in values.items()}
        columns[field] = rows["configuration"].map(values)
    return pd.concat(
        [rows[["configuration"]], pd.DataFrame(columns), rows.drop(columns="configuration")], axis=1
    )


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
    rows = _read_csv(path, {"seed": _WHOLE, "kl": _NUMBER} | texts).rename(columns=RENAMED)
    if strange := set(rows["verdict"]) - set(VERDICTS):
        raise UsageError(
            f"{str(path)!r} has the verdict {shown(min(strange))}, which is none of "
            f"{', '.join(VERDICTS)}"
        )
    return rows


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
    axes = axes_of(frame.columns)
    for name in frame.columns:
        if name not in axes:
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
