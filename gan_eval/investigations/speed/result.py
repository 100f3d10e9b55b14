"""The result of ``gan-eval throughput``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from gan_eval.investigations.speed import benchmarks, formats, page, tables, words
from gan_eval.investigations.speed.history import HISTORY, History, read_history
from gan_eval.investigations.speed.slowdown import Comparison, compare
from gan_eval.investigations.speed.steps import Steps, find_steps
from gan_eval.judging.time_to_quality import time_to_quality
from gan_eval.pages.blocks import Table
from gan_eval.pages.markdown import document
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.study.results.results import Results

_LISTS = ("only_before", "only_after", "peers", "differences")


@dataclass(frozen=True)
class Figures(Displayed):
    """A table of benchmarks, with a comparison, a history and the time to quality if asked for."""

    table: pd.DataFrame
    """The table of ``benchmarks.read_all``."""
    comparison: Comparison | None = None
    quality: pd.DataFrame | None = None
    labels: dict[str, str] | None = None
    trained_on: tuple[str, ...] = ()
    """The machines that the time to quality is of."""
    history: History | None = None
    steps: Steps | None = None

    def __repr__(self) -> str:
        said = [self.headline] if len(self.table) else []
        return few_lines(f"{len(self.table):,} benchmarks", *said)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per benchmark."""
        return self.table

    @classmethod
    def read(cls, files: Sequence[str | Path]) -> Figures:
        """Read the benchmarks of files of pytest-benchmark; errors as of ``benchmarks.read``."""
        return cls(benchmarks.read_all(files))

    @classmethod
    def newest(
        cls, folder: str | Path = HISTORY, *, last: int | None = None, alpha: float = 0.05
    ) -> Figures:
        """Read the run of a folder that was measured last, with its history."""
        history = read_history(folder, last=last)
        rows = history.table[history.table["file"] == history.newest]
        table = rows[["file", *benchmarks.COLUMNS]].reset_index(drop=True)
        return cls(table, history=history, steps=find_steps(history, alpha=alpha))

    def over(
        self, folder: str | Path = HISTORY, *, last: int | None = None, alpha: float = 0.05
    ) -> Figures:
        """Add the history of a folder, and its steps; see ``history.read_history``."""
        history = read_history(folder, last=last)
        return replace(self, history=history, steps=find_steps(history, alpha=alpha))

    def against(
        self,
        before: Sequence[str | Path],
        after: Sequence[str | Path],
        *,
        slowdown: float,
        alpha: float,
        correction: str,
    ) -> Figures:
        """Add a comparison; see ``slowdown.compare``."""
        found = compare(before, after, slowdown=slowdown, alpha=alpha, correction=correction)
        return replace(self, comparison=found)

    def beside(self, folder: str | Path, epsilon: float) -> Figures:
        """Add the time to quality of a run's epochs; see ``judging.time_to_quality``."""
        results = Results.load(folder)
        known = results.provenance.get("configurations") or []
        sizes = {c["hash"]: int(c["config"]["n_examples"]) for c in known}
        labels = {c["hash"]: str(c["label"]) for c in known}
        quality = time_to_quality(results.epochs, sizes, epsilon=epsilon)
        machines = results.provenance.get("environments") or {
            "": results.provenance.get("environment") or {}
        }
        hosts = (formats.host(m.get("processor"), m.get("cores")) for m in machines.values())
        trained_on = tuple(dict.fromkeys(hosts))
        return replace(self, quality=quality, labels=labels, trained_on=trained_on)

    @property
    def passed(self) -> bool | None:
        """Tell ``Comparison.passed``; True where nothing was compared."""
        return True if self.comparison is None else self.comparison.passed

    @property
    def headline(self) -> str:
        """Say the answer in one sentence; see ``words.headline``."""
        return words.headline(self.table, self.comparison, self.history, self.steps)

    @property
    def quality_sentence(self) -> str:
        """Say the time to quality, and where it was measured if that was elsewhere."""
        assert self.quality is not None
        said = words.to_quality(self.quality, self.labels)
        here = {formats.host(row["machine"], row["cores"]) for _, row in self.table.iterrows()}
        if set(self.trained_on) <= here:
            return said
        return f"{said[:-1]}, measured on {' and '.join(self.trained_on)}."

    def page(self) -> str:
        """Write one HTML document that needs no network."""
        return page.page(self)

    def markdown(self) -> str:
        """Write the answer and its table as GitHub's Markdown, for a pull request."""
        found = self.tables() or [tables.rates(self.table)]
        return document(self.headline, self._beside(), found, words.provenance(self.table))

    def tables(self) -> list[Table]:
        """Make narrow tables of what was asked for beside the benchmarks."""
        return tables.narrow(self.quality, self.labels, self.comparison, self.steps)

    def document(self) -> dict[str, object]:
        """Give it all, ready for JSON; a number that is not finite is None."""
        compared, history, steps = self.comparison, self.history, self.steps
        return {
            "benchmarks": _records(self.table),
            "quality": None if self.quality is None else _records(self.quality),
            "comparison": None
            if compared is None
            else {
                **{name: getattr(compared, name) for name in ("slowdown", "alpha", "correction")},
                "benchmarks": _records(compared.table),
                **{name: list(getattr(compared, name)) for name in _LISTS},
            },
            "history": None
            if history is None or steps is None
            else {
                "runs": history.runs,
                "codes": history.codes,
                "alpha": steps.alpha,
                "steps": _records(steps.table),
                "searched": _records(steps.series),
                "left_out": list(history.left_out),
            },
            "warnings": words.warnings(self.table),
            "passed": self.passed,
            "headline": self.headline,
        }

    def sentences(self) -> list[str]:
        """Say what stands beside the tables: differences, where it was measured, the answer."""
        found = [f"warning: {sentence}" for sentence in words.unlike(self.table)]
        compared = self.comparison
        if compared is not None:
            found += [f"warning: not the same in both runs: {s}" for s in compared.differences]
            found += [f"only in what was before: {name}" for name in compared.only_before]
            found += [f"only in what is new: {name}" for name in compared.only_after]
            peers = "not judged, since it measures another package"
            found += [f"{peers}: {name}" for name in compared.peers]
        if self.history is not None and self.steps is not None:
            facts = words.history_facts(self.history, self.steps)
            found += [f"history: {sentence}" for sentence in facts]
        found += [f"measured on: {sentence}" for sentence in words.provenance(self.table)]
        return [*found, *self._beside(), self.headline]

    def _beside(self) -> list[str]:
        """Say what else there is to say beside the answer."""
        found = []
        if self.comparison is not None and (moved := words.moved(self.comparison)):
            found.append(moved)
        if self.comparison is not None and self.history is not None and self.steps is not None:
            found.append(words.stepped(self.history, self.steps))
        if self.headline != (fastest := words.fastest(self.table)):
            found.append(fastest)
        if self.quality is not None and len(self.quality):
            found.append(self.quality_sentence)
        return found


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Turn rows into JSON's: NaN and ∞ are None."""
    return json.loads(
        frame.replace([float("inf"), float("-inf")], None).to_json(
            orient="records", double_precision=15
        )
    )
