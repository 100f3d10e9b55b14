"""A sheet of an Excel file as a table, by pandas."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from gan_eval.comparison.reading.header import LINES, Header, Opening
from gan_eval.comparison.reading.options import ReadOptions
from gan_eval.comparison.reading.source import Source, positions, require_columns, require_room
from gan_eval.runtime.arguments import nearest, plain
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.installing import advice_here

_ENGINES = {"calamine": "python_calamine", "openpyxl": "openpyxl"}


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet whose first row is yet to be decided on.

    Attributes
    ----------
    source : Source
    cells : DataFrame
        All that is not empty, the first row included.
    opening : Opening
        The first rows as texts.
    notes : tuple of str
        Which sheet was taken, where there are several.
    """

    source: Source
    cells: pd.DataFrame
    opening: Opening
    notes: tuple[str, ...]

    @classmethod
    def of(cls, source: Source, options: ReadOptions) -> Sheet:
        """Read a sheet; ``UsageError`` where there is none, or nothing in it."""
        name = source.name
        known = (n for n, module in _ENGINES.items() if importlib.util.find_spec(module))
        engine = next((n for n in known if n == "calamine" or source.ending == ".xlsx"), None)
        if engine is None:
            advice = advice_here("pip install 'gan-eval[excel]'")
            raise UsageError(f"{name!r} needs a reader of Excel: {advice}")
        try:
            with source.open() as file:
                if zipfile.is_zipfile(file):
                    file.seek(0)
                    with zipfile.ZipFile(file) as archive:
                        require_room(name, sum(one.file_size for one in archive.infolist()) // 8)
            held = io.BytesIO(source.read())
            with pd.ExcelFile(held, engine=engine) as book:  # type: ignore[arg-type]
                sheets = [str(one) for one in book.sheet_names]
                taken = _chosen(sheets, options.sheet, name)
                cells = pd.read_excel(
                    book, sheet_name=taken, header=None, dtype=object, na_values=list(options.na)
                )
        except (UsageError, MemoryError):
            raise
        except Exception:
            # Damaged bytes reach zip, XML and two engines, each with errors of its own.
            raise UsageError(f"{name!r} is not a usable Excel file") from None
        cells = cells.dropna(how="all").dropna(how="all", axis=1)
        if cells.empty:
            raise UsageError(f"{name!r} is empty: a header or a row of numbers is needed")
        require_columns(name, cells.shape[1])
        first = cells.iloc[: LINES + 1]
        rows = [["" if pd.isna(v) else str(v) for v in row] for row in first.to_numpy().tolist()]
        said = f"The sheet {plain(taken)!r} of {plain(name)} was read; `sheet` names another."
        notes = (said,) if len(sheets) > 1 and options.sheet is None else ()
        return cls(source, cells, Opening(rows[0], rows[1:], quoted=False), notes)

    @property
    def head(self) -> Sequence[str]:
        """The first row as texts."""
        return self.opening.head

    def read(self, header: Header) -> tuple[pd.DataFrame, bool]:
        """Return the table, and say whether its columns have names."""
        body = self.cells.iloc[1:] if header.named else self.cells
        names = list(self.head) if header.named else positions(len(self.head))
        body = body.reset_index(drop=True).set_axis(names, axis=1)
        return body.infer_objects(), header.named


def _chosen(sheets: list[str], asked: str | None, name: str) -> str:
    if asked is None or asked in sheets:
        return sheets[0] if asked is None else asked
    if str(asked).isdecimal() and 1 <= int(asked) <= len(sheets):
        return sheets[int(asked) - 1]
    raise UsageError(f"{name!r} has no sheet {plain(asked)!r}: {nearest(str(asked), sheets)}")
