"""The result of ``gan-eval throughput``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from gan_eval.investigations.speed import benchmarks, page
from gan_eval.investigations.speed.slowdown import Comparison, compare
from gan_eval.judging.time_to_quality import time_to_quality
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.study.results.results import Results

_LISTS = ("only_before", "only_after", "peers", "differences")


@dataclass(frozen=True)
class Figures(Displayed):
    """A table of benchmarks, with a comparison and the time to quality if asked for."""

    table: pd.DataFrame
    """The table of ``benchmarks.read_all``, with ``times_the_loop``."""
    comparison: Comparison | None = None
    quality: pd.DataFrame | None = None
    labels: dict[str, str] | None = None

    def __repr__(self) -> str:
        said = [page.headline(self.table, self.comparison)]
        return few_lines(f"{len(self.table):,} benchmarks", *(said if len(self.table) else ()))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per benchmark."""
        return self.table

    @classmethod
    def read(cls, files: Sequence[str | Path]) -> Figures:
        """Read the benchmarks of files of pytest-benchmark; errors as of ``benchmarks.read``."""
        table = benchmarks.read_all(files)
        return cls(table.assign(times_the_loop=benchmarks.over_the_loop(table)))

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
        return replace(self, quality=quality, labels=labels)

    @property
    def passed(self) -> bool | None:
        """Tell ``Comparison.passed``; True where nothing was compared."""
        return True if self.comparison is None else self.comparison.passed

    def page(self) -> str:
        """Write one HTML document that needs no network."""
        return page.page(self.table, self.quality, self.comparison, self.labels)

    def document(self) -> dict[str, object]:
        """Give it all, ready for JSON; a number that is not finite is None."""
        compared = self.comparison
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
            "warnings": page.warnings(self.table),
            "passed": self.passed,
            "headline": page.headline(self.table, compared),
        }

    def sentences(self) -> list[str]:
        """Say what makes the figures doubtful, where they were measured, and what was found."""
        found = [f"warning: {sentence}" for sentence in page.warnings(self.table)]
        compared = self.comparison
        if compared is not None:
            found += [f"warning: not the same in both runs: {s}" for s in compared.differences]
            found += [f"only in what was before: {name}" for name in compared.only_before]
            found += [f"only in what is new: {name}" for name in compared.only_after]
            peers = "not judged, since it measures another package"
            found += [f"{peers}: {name}" for name in compared.peers]
        found += [f"measured on: {sentence}" for sentence in page.provenance(self.table)]
        return [*found, page.headline(self.table, compared)] if compared else found


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Turn rows into JSON's: NaN and ∞ are None."""
    return json.loads(
        frame.replace([float("inf"), float("-inf")], None).to_json(
            orient="records", double_precision=15
        )
    )
