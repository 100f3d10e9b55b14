"""The folder of a run: it that is checked before any work is done, and written whole."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import check_writable
from gan_eval.study.ledger.ledger import LEDGER_FILE, Ledger
from gan_eval.study.results.results import FILES, STUDY_FILE

REPORT = "report.html"


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
        with _one_sentence(self.path):
            aside.mkdir()
            for file in there:
                file.rename(aside / file.name)
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


@contextmanager
def _one_sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be written: {error.strerror or error}") from None
