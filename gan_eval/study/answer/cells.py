"""The cells of a study as its answer needs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import pandas as pd

from gan_eval.judging.summary import by_cell, summarise
from gan_eval.runtime.errors import UsageError
from gan_eval.training.config import TrainingConfig


class Cell(Protocol):
    """A configuration on one backend and device: its rows, which differ by seed only, their row of
    ``summarise``, and its settings where they are known."""

    @property
    def configuration(self) -> str: ...
    @property
    def backend(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def rows(self) -> pd.DataFrame: ...
    @property
    def summary(self) -> Mapping[str, Any]: ...
    @property
    def config(self) -> TrainingConfig | None: ...


class PlainCell(NamedTuple):
    """A cell made from rows."""

    configuration: str
    backend: str
    device: str
    rows: pd.DataFrame
    summary: Mapping[str, Any]
    config: TrainingConfig | None


def plain_cells(rows: pd.DataFrame, provenance: Mapping[str, Any]) -> list[Cell]:
    """Split a study's rows into cells, in the order of the study's configurations."""
    if rows.empty:
        return []
    if "configuration" not in rows:
        rows = rows.assign(configuration=rows["config_hash"])
    found: list[Cell] = []
    known = _configs(provenance)
    summaries = summarise(rows).to_dict("records")
    for (_, part), summary in zip(by_cell(rows), summaries, strict=True):
        label, backend, device = (str(summary[k]) for k in ("configuration", "backend", "device"))
        told = {str(name): value for name, value in summary.items()}
        found.append(PlainCell(label, backend, device, part, told, known.get(label)))
    places = {label: place for place, label in enumerate(known)}
    return sorted(found, key=lambda cell: places.get(cell.configuration, len(places)))


def worth_column(cell: Cell) -> str:
    """Name the worth by which the cells of a study are told and compared: by KL, or, where any of
    them has no closed form, by energy, which all have.

    ``summarise`` counts trainings that it could not tell of only where there are such cells.
    """
    return "worth_energy" if "could_not_tell" in cell.summary else "worth_kl"


def _configs(provenance: Mapping[str, Any]) -> dict[str, TrainingConfig | None]:
    """Label → settings; None where another version wrote them."""
    found: dict[str, TrainingConfig | None] = {}
    for entry in provenance.get("configurations") or ():
        try:
            config = TrainingConfig.parse(entry["config"])
        except (UsageError, KeyError, TypeError):
            config = None
        found[str(entry.get("label", entry.get("hash")))] = config
    return found
