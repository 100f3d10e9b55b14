"""A comparison of two sides that were streamed: tests, worth, columns, quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.pages.numbers import plural
from gan_eval.runtime.documents import json_ready, json_text
from gan_eval.runtime.files import write_text
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.stats.multiple import adjusted_pvalues, could_reject, rejected
from gan_eval.stats.result import Verdict
from gan_eval.stats.sketch import SketchTest
from gan_eval.stats.worth import Worth


@dataclass(frozen=True)
class StreamedSide:
    """One side: its name, its files, its rows.

    Attributes
    ----------
    source : str
    files, rows : int
    holes : int
        Rows that a missing number kept out of the sketch.
    reference : int
        Rows that the reference was drawn as, which are not in the sketch either.
    """

    source: str
    files: int
    rows: int
    holes: int
    reference: int = 0

    @property
    def sketched(self) -> int:
        """Rows that the sketch has."""
        return self.rows - self.holes - self.reference


@dataclass(frozen=True)
class Tested:
    """One of the tests that decide: its name, its p-value, its adjusted one, the least it could
    have had; or why it could not be run."""

    name: str
    pvalue: float = float("nan")
    least: float = 0.0
    adjusted: float = float("nan")
    why_not: str = ""


@dataclass(frozen=True, eq=False)
class StreamedComparison(Displayed):
    """A comparison of two sides larger than memory, which
    :func:`~gan_eval.comparison.streaming.run.compare_streamed` makes.

    Attributes
    ----------
    real, generated : StreamedSide
    numbers : tuple of str
        The columns of numbers that the sketch has, and MMD is of.
    beside : tuple of str
        The other columns compared, each by itself.
    set_aside : mapping of str to str
        Columns that are not compared and why, as in "it is …".
    notes : tuple of str
        What is not plain, a sentence each.
    sketch : SketchTest, optional
        Of the numbers, by permutation of blocks of equal counts; None where there is none.
    tests : tuple of Tested
        Those that decide: ``"mmd"`` of the numbers together, ``"columns"`` of the columns beside
        them, ``"missing"`` of the shares of missing values.
    columns : DataFrame
        One row per column (:func:`~gan_eval.comparison.streaming.differences.column_differences`).
    quantiles : DataFrame
        :func:`~gan_eval.comparison.streaming.differences.quantiles`.
    alpha : float
        The level of the tests together.
    correction : str
    permutations, seed : int
    shared : int
        Files that are on both sides.
    """

    real: StreamedSide
    generated: StreamedSide
    numbers: tuple[str, ...]
    beside: tuple[str, ...]
    set_aside: Mapping[str, str]
    notes: tuple[str, ...]
    sketch: SketchTest | None
    tests: tuple[Tested, ...]
    columns: pd.DataFrame = field(repr=False)
    quantiles: pd.DataFrame = field(repr=False)
    alpha: float
    correction: str
    permutations: int
    seed: int
    shared: int = 0

    @property
    def smallest(self) -> float:
        """The smallest adjusted p-value; NaN where there is none."""
        given = [one.adjusted for one in self.tests if not np.isnan(one.adjusted)]
        return min(given, default=float("nan"))

    @property
    def verdict(self) -> Verdict:
        """Told apart, not told apart, or could not tell."""
        if rejected(np.nan_to_num(self.smallest, nan=2.0), self.alpha):
            return Verdict.TOLD_APART
        given = [one for one in self.tests if not np.isnan(one.pvalue)]
        could = could_reject([one.least for one in given], self.alpha)
        # The numbers are most of the answer: without them, nothing told apart is no answer.
        first = [one for one in self.tests if one.name == "mmd" and one.why_not]
        return Verdict.COULD_NOT_TELL if first or not could.any() else Verdict.NOT_TOLD_APART

    @property
    def told_apart(self) -> bool:
        """True where a test rejects; if none does, see ``verdict``."""
        return self.verdict == Verdict.TOLD_APART

    @property
    def why_not(self) -> str:
        """Why it could not be told; empty where it could."""
        if self.verdict != Verdict.COULD_NOT_TELL:
            return ""
        said = [one.why_not for one in self.tests if one.why_not]
        return said[0] if said else "no test of these columns could have rejected"

    @property
    def worth(self) -> Worth | None:
        """How many real rows the generator is worth, by MMD²; None where the points of the sketch
        leave too much of the kernel out to tell."""
        return None if self.sketch is None else self.sketch.worth

    def __repr__(self) -> str:
        from gan_eval.comparison.streaming import words

        return few_lines(*words.summary(self))

    def _repr_html_(self) -> str:
        from gan_eval.comparison.streaming.page import answer

        return answer(self)

    def save(self, path: str | Path) -> None:
        """Write the page: one HTML file, which fetches nothing; ``UsageError`` where it cannot."""
        from gan_eval.comparison.streaming.page import render

        write_text(path, render(self))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per column compared: ``columns``."""
        return self.columns.copy()

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON; NaN and infinities are None."""
        sides = {"real": self.real, "generated": self.generated}
        return json_ready(
            {
                "verdict": str(self.verdict),
                "streamed": True,
                **{
                    name: {
                        "file": side.source,
                        "files": side.files,
                        "rows": side.rows,
                        "rows_sketched": side.sketched if self.numbers else 0,
                        "rows_with_missing_numbers": side.holes,
                        "rows_of_reference": side.reference,
                    }
                    for name, side in sides.items()
                },
                "columns_sketched": self.numbers,
                "columns_beside": self.beside,
                "set_aside": dict(self.set_aside),
                "notes": self.notes,
                "files_on_both_sides": self.shared,
                "alpha": self.alpha,
                "correction": self.correction,
                "permutations": self.permutations,
                "seed": self.seed,
                "tests": {
                    one.name: {
                        "pvalue": one.pvalue,
                        "adjusted": one.adjusted,
                        "not_run": one.why_not,
                    }
                    for one in self.tests
                },
                "sketch": self.sketch.to_dict() if self.sketch is not None else None,
                "columns": self.columns.to_dict(orient="records"),
                "quantiles": self.quantiles.to_dict(orient="records"),
            }
        )

    def to_json(self) -> str:
        """Return ``to_dict`` as one JSON object."""
        return json_text(self.to_dict(), indent=None)


def adjusted(tests: list[Tested], alpha: float, correction: str) -> tuple[Tested, ...]:
    """Adjust the p-values of the tests that could have rejected, over these."""
    given = [j for j, one in enumerate(tests) if not one.why_not]
    able = could_reject([tests[j].least for j in given], alpha)
    family = [j for j, one in zip(given, able, strict=True) if one]
    values = adjusted_pvalues([tests[j].pvalue for j in family], correction)
    found = list(tests)
    for j, value in zip(family, values, strict=True):
        found[j] = replace(found[j], adjusted=float(value))
    for j in set(given).difference(family):
        least = tests[j].least
        why = (
            f"no p-value could be below {least:.2g}, too high for {plural(len(given), 'test')} at "
            f"alpha {alpha:g}"
        )
        found[j] = replace(found[j], why_not=why)
    return tuple(found)
