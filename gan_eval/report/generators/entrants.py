"""Rows of a study of outside generators to entrants: the own ones by setting, and the baselines.

Everything comes from rows, epochs and provenance; no class of a generator is imported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.judging.evaluation import axes_of
from gan_eval.judging.summary import OUTSIDE, by_cell, summarise
from gan_eval.report.cells import FactCache
from gan_eval.runtime.arguments import plain
from gan_eval.study.results.results import Results

BASELINES = {
    "gaussian_fit": "the Gaussian fit",
    "bootstrap": "the bootstrap",
    "real_rows": "the real rows",
}
"""Entrants that every study has, with what sentences call them, in the order of the tables."""

_OF_ROWS = ("precision", "recall", "density", "coverage", "copies", "modes")
"""Measures with a p-value that are no test of the battery."""


@dataclass(frozen=True)
class Entrant:
    """A generator at one setting, or a baseline, with a row for each of its trainings.

    Attributes
    ----------
    label : str
        What sets it apart from the others, on one line, safe anywhere.
    name : str
        Its class's name, or the baseline's.
    setting : str
        Its settings in the words of the study's labels; empty where its name alone tells it.
    rows : DataFrame
        One row per replicate: one training from its own seed.
    epochs : DataFrame
        One row per replicate and checkpoint; may be empty.
    summary : mapping
        Its row of ``summarise``.
    position : int
        Its place among the entrants of the page, from 0.
    facts : FactCache
        Of the page, shared by its entrants.
    """

    label: str
    name: str
    setting: str
    rows: pd.DataFrame
    epochs: pd.DataFrame
    summary: Mapping[str, Any]
    position: int
    facts: FactCache

    @property
    def own(self) -> bool:
        """True for what the study is about, False for a baseline."""
        return self.name not in BASELINES

    @property
    def replicates(self) -> int:
        return len(self.rows)

    @property
    def yardstick(self) -> str:
        """The column that verdicts rest on: ``kl``, in nats, or ``worth_kl`` or ``worth_energy``,
        in real rows."""
        said = next((text for text in self.texts("yardstick") if text), "worth_energy")
        return f"worth_{said}" if said in ("energy", "mmd") else said

    @property
    def judged(self) -> pd.DataFrame:
        """The rows of trainings that gave something to judge."""
        return self.rows.loc[~self.rows["verdict"].isin(["no_result", "diverged"])]

    def values(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers, (trainings,); NaN where the rows have none."""
        if name not in self.rows:
            return np.full(len(self.rows), np.nan)
        return pd.to_numeric(self.rows[name], errors="coerce").to_numpy(np.float64)

    def texts(self, name: str) -> list[str]:
        """Return a column of words, one a training; empty where nothing is said."""
        if name not in self.rows:
            return [""] * len(self.rows)
        return ["" if value is None or value != value else str(value) for value in self.rows[name]]

    def has(self, name: str) -> bool:
        """Say whether any row has a number in a column."""
        return bool(np.isfinite(self.values(name)).any())

    def only(self, name: str) -> float:
        """Return the number that all rows with one share; NaN where they differ or have none."""
        found = set(self.values(name)[~np.isnan(self.values(name))].tolist())
        return found.pop() if len(found) == 1 else math.nan


def entrants_of(results: Results, facts: FactCache | None = None) -> list[Entrant]:
    """Split results into entrants: own ones in the study's order, then the baselines."""
    facts = FactCache() if facts is None else facts
    if results.rows.empty:
        return []
    labels = {
        str(entry.get("hash")): str(entry.get("label"))
        for entry in results.provenance.get("configurations") or ()
    }
    rows, epochs = _labelled(results.rows, labels), _labelled(results.epochs, labels)
    if OUTSIDE not in rows:
        rows[OUTSIDE] = ""
    summary = summarise(rows)
    cells = [
        (tuple(map(str, key)), group, {str(name): value for name, value in line.items()})
        for (key, group), (_, line) in zip(by_cell(rows), summary.iterrows(), strict=True)
    ]
    places = {label: place for place, label in enumerate(labels.values())}
    ranks = {name: rank for rank, name in enumerate(BASELINES, 1)}
    cells.sort(key=lambda cell: (ranks.get(cell[0][1], 0), places.get(cell[0][0], len(places))))
    keys = [key for key, _, _ in cells]
    histories = dict(iter(epochs.groupby(["configuration", "backend"]))) if len(epochs) else {}
    found = []
    for position, (key, group, line) in enumerate(cells):
        configuration, name, device = key
        setting = _setting(key, keys)
        found.append(
            Entrant(
                label=plain(f"{name} · {setting}" if setting else name),
                name=plain(name, 40),
                setting=setting,
                rows=group.reset_index(drop=True),
                epochs=_on(histories.get((configuration, name)), device, epochs),
                summary=line,
                position=position,
                facts=facts,
            )
        )
    return found


def named_tests(entrants: Sequence[Entrant]) -> dict[str, str]:
    """Map each test that the rows have p-values of to its title, in their order."""
    from gan_eval.stats.battery.catalogue import TESTS

    names = dict.fromkeys(
        name.removesuffix("_pvalue")
        for entrant in entrants
        for name in map(str, entrant.rows)
        if name.endswith("_pvalue") and entrant.has(name)
    )
    return {
        name: TESTS[name].title.partition(",")[0] if name in TESTS else _title(name)
        for name in names
        if name not in _OF_ROWS
    }


def _title(name: str) -> str:
    from gan_eval.judging.generators.words import TESTS

    return plain(TESTS.get(name, name.replace("_", " ")), 40)


def target_words(study: Mapping[str, Any]) -> str:
    """Name what was to be learned, from the study's settings: ``ring8``, ``iris.csv``."""
    target = study.get("target") or (study.get("config") or {}).get("target")
    if isinstance(target, str):
        return plain(target, 40)
    if not isinstance(target, Mapping):
        return "the target"
    for name in ("preset", "name", "data", "use"):
        if isinstance(value := target.get(name), str) and value:
            return plain(value.rpartition("/")[2].rpartition(":")[2], 40)
    if isinstance(parts := target.get("components"), Sequence):
        return f"a mixture of {len(parts)} Gaussians"
    if "degrees_of_freedom" in target:
        return "a Student t distribution"
    return "a Gaussian" if {"A", "mean"} & set(target) else "the target"


def _labelled(frame: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """A copy with words in the columns that tell entrants apart, in every row."""
    frame = frame.copy(deep=False)
    if frame.empty:
        return frame
    if "configuration" not in frame:
        frame["configuration"] = None
    hashes = frame["config_hash"].astype(str)
    own = frame["configuration"].astype(object)
    frame["configuration"] = own.where(
        own.notna(), hashes.map({h: labels.get(h, h) for h in hashes.unique()})
    )
    for name in ("configuration", "backend", "device"):
        frame[name] = frame[name].astype(str)
    first = ["configuration", *axes_of(frame.columns)]
    return frame[[*first, *(name for name in frame.columns if name not in first)]]


def _setting(key: tuple[str, ...], keys: Sequence[tuple[str, ...]]) -> str:
    """What the label of an entrant says beside its name: where others of its name differ."""
    alike = [other for other in keys if other[1] == key[1]]
    parts = []
    if len({other[0] for other in alike}) > 1:
        parts.append(plain(key[0].removeprefix(f"{key[1]}, ").replace("generator.", "")))
    if len({other[2] for other in alike}) > 1:
        parts.append(f"on {plain(key[2], 20)}")
    return " ".join(parts)


def _on(history: pd.DataFrame | None, device: str, epochs: pd.DataFrame) -> pd.DataFrame:
    if history is None:
        return epochs.iloc[:0]
    return history.loc[history["device"] == device]
