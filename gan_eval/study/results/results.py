"""The results of a study, in memory and in its folder: rows, epochs, provenance. The folder is
checked before any work is done, and written whole."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gan_eval.judging.computed_columns import without_closed_form
from gan_eval.judging.summary import CELL, OUTSIDE, summarise
from gan_eval.runtime.arguments import cut, shown
from gan_eval.runtime.documents import json_text
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import check_writable, write_files
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.runtime.spreadsheet import write_csv
from gan_eval.study.ledger.ledger import LEDGER_FILE, Ledger
from gan_eval.study.results import reading
from gan_eval.study.results.reading import EPOCHS_FILE, FILES, ROWS_FILE, STUDY_FILE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT = "report.html"

MOST_ROWS = 100_000
"""Rows of a run up to which CSV files are written beside its ledger, which has them all."""


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
        lines = [f"{len(self.rows):,} trainings of {shown(name)}"]
        if said := self.answer():
            lines.insert(0, said)
        for cell in self.to_frame().to_dict("records") if len(self.rows) else ():
            where = f"{cut(str(cell['configuration']))} on {cell['backend']}/{cell['device']}"
            lines.append(
                f"{where}: {cell['converged']} of {cell['replicates']} converged, "
                + (
                    f"median worth {cell['worth_energy']:,.1f} real rows"
                    if OUTSIDE in self.rows or cell.get("computed", math.nan) >= 0
                    else f"median KL {cell['kl']:.3f} nats"
                )
            )
        return few_lines(*lines)

    def answer(self) -> str:
        """Answer the study's question in one sentence, as its report begins.

        Empty where it is of generators from outside, whose report has other words.
        """
        from gan_eval.study.answer.sentence import sentence  # not for those who only store

        return "" if OUTSIDE in self.rows else sentence(self.rows, self.provenance)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per configuration, backend and device, as ``summarise`` does."""
        return summarise(self.rows)

    def plot(self) -> Figure:
        """Draw which share of each cell's replicates has at most each KL(q‖p), or of outside
        generators each worth by energy distance."""
        import seaborn  # it takes a second to import, as Matplotlib does
        from matplotlib import pyplot as plt

        figure, axes = plt.subplots(layout="constrained")
        plt.close(figure)  # whoever gets it shows it, once

        cells = self.rows[CELL].astype(str).agg(" · ".join, axis=1).rename("cell")
        if OUTSIDE in self.rows or without_closed_form(self.rows).any():
            drawn, label = self.rows["worth_energy"], "worth by energy distance, real rows"
        else:
            drawn, label = self.rows["kl"], "KL(q‖p), nats"
            drawn = drawn.mask(self.rows["verdict"] == "diverged", float("inf"))
        seaborn.ecdfplot(x=drawn, hue=cells, log_scale=True, ax=axes)
        axes.set(xlabel=label, ylabel="share of replicates")
        return figure

    def save(self, folder: str | Path) -> None:
        """Write rows, epochs and provenance into a folder, all of them or none.

        Beside the ledger of more than ``MOST_ROWS`` rows only the provenance is written: ``load``
        and ``gan-eval export`` read the ledger. No CSV has the generated and real rows that
        pictures of outside generators are drawn from.
        """
        folder = Path(folder)
        tables = {ROWS_FILE: reading.without_points(self.rows), EPOCHS_FILE: self.epochs}
        if len(self.rows) > MOST_ROWS and (folder / LEDGER_FILE).exists():
            for name in tables:
                (folder / name).unlink(missing_ok=True)
            tables = {}
        files = {folder / name: partial(write_csv, frame) for name, frame in tables.items()}
        write_files(files | {folder / STUDY_FILE: json_text(self.provenance) + "\n"})

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
            provenance = reading.read_provenance(written)
            rows = reading.read_rows(folder / ROWS_FILE)
            return cls(rows, reading.read_epochs(folder / EPOCHS_FILE), provenance)
        with Ledger(folder / LEDGER_FILE, read_only=True) as ledger:
            document = ledger.last_run()
            parts, provenance = document["wanted"], document["provenance"]
            rows = with_axes(ledger.rows(parts), provenance)
            if written.exists():
                told = reading.read_provenance(written)
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


@dataclass(frozen=True)
class OutputFolder:
    """A folder of one run."""

    path: Path

    @classmethod
    def prepare(cls, path: Path | None, name: str) -> OutputFolder:
        """Check the folder to write to: ``path``, or ``reports/<name>`` with a harmless name.

        Nothing is created yet. Raises ``UsageError`` where the path is a file, cannot be written,
        or holds files of the names that a run writes but no run: those are somebody's own.
        """
        path = default_folder(name) if path is None else path
        if path.exists() and not path.is_dir():
            raise UsageError(f"{str(path)!r} is a file, a folder is needed for the results")
        check_writable(path / REPORT)
        check_writable(path / LEDGER_FILE)
        ours = (path / STUDY_FILE).exists() or (path / LEDGER_FILE).exists()
        if path.is_dir() and not ours:
            for own in (*FILES, REPORT):
                if (path / own).exists():
                    raise UsageError(
                        f"{str(path)!r} has a {own} that gan-eval did not write: "
                        "name another folder"
                    )
        return cls(path)

    @property
    def ledger(self) -> Path:
        """The file of the study's ledger."""
        return self.path / LEDGER_FILE

    def check_ledger(self) -> str | None:
        """Mend the ledger if there is one that is damaged, and say in a sentence what was done.

        ``UsageError`` where it cannot be used, before any work is done.
        """
        if not self.ledger.exists():
            return None
        with Ledger(self.ledger) as ledger:
            mended = ledger.mended
        return None if mended is None else f"{str(self.ledger)!r} {mended}; what is left is kept"

    def refuse_ledger(self) -> None:
        """Raise ``UsageError`` where a run keeps its ledger here, which has no rows of other
        folders: readers would find the ledger's rows and not these."""
        if self.ledger.exists():
            raise UsageError(
                f"{str(self.path)!r} is the folder of a run, with its ledger: name another one for "
                "what is put together"
            )

    def set_aside(self, *, everything: bool) -> Path | None:
        """Move what earlier runs left here into a folder ``earlier-1``, ``earlier-2`` … of it.

        Not ``everything`` means only where its rows are in no ledger, so that what is written next
        would replace them. Returns the folder, or None where nothing was moved. Not while another
        run writes here.
        """
        if self.ledger.exists() and not everything:
            return None
        # The journal of an interrupted transaction belongs to its ledger.
        beside = (f"{LEDGER_FILE}{ending}" for ending in ("-journal", "-wal", "-shm"))
        names = (*FILES, REPORT, *beside, LEDGER_FILE)
        there = [self.path / name for name in names if (self.path / name).exists()]
        if not there:
            return None
        numbers = itertools.count(1)
        aside = next(p for n in numbers if not (p := self.path / f"earlier-{n}").exists())
        try:
            aside.mkdir()
            for file in there:
                file.rename(aside / file.name)
        except OSError as error:
            raise UsageError(
                f"{str(self.path)!r} cannot be written: {error.strerror or error}"
            ) from None
        return aside


def default_folder(name: str) -> Path:
    """Name the folder of a study where none is given: ``reports/<name>``."""
    return Path("reports") / harmless_name(name)


def harmless_name(name: str) -> str:
    """Turn a name into a folder's name: letters of ASCII, digits, ``.``, ``_`` and ``-``, at most
    60.

    Of a name with other letters, or with none, eight digits of its hash keep it apart from those
    that are the same but for these.
    """
    name = unicodedata.normalize("NFC", name)  # one name, however its accents are written
    left = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")
    if left and name.isascii():
        return left[:60]
    known = name.encode("utf-8", "backslashreplace")
    return f"{left[:51] or 'study'}-{hashlib.blake2b(known, digest_size=4).hexdigest()}"
