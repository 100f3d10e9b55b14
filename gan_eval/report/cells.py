"""Results to cells: the replicates that differ by seed only, with their settings and summary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.config import TrainingConfig
from gan_eval.errors import UsageError
from gan_eval.report.numbers import median, plain
from gan_eval.results import Results
from gan_eval.summary import CELL, summarise

LN_2 = math.log(2)
"""The loss, in nats, of a discriminator that answers 1/2 to everything."""

NEAR_LN_2 = 0.003
"""How near, in nats, both losses must be to ln 2 to read as an equilibrium."""


@dataclass(frozen=True)
class Cell:
    """The replicates of one configuration on one backend and device.

    Attributes
    ----------
    label : str
        What sets this cell apart from the others, on one line, safe anywhere.
    configuration, backend, device : str
    rows : DataFrame
        One row a replicate, with ``kl`` infinite where the replicate diverged.
    epochs : DataFrame
        One row a replicate and epoch; may be empty.
    config : TrainingConfig or None
        None where the provenance does not hold it.
    summary : mapping
        The cell's row of ``gan_eval.summary.summarise``.
    """

    label: str
    configuration: str
    backend: str
    device: str
    rows: pd.DataFrame
    epochs: pd.DataFrame
    config: TrainingConfig | None
    summary: Mapping[str, Any]

    @property
    def replicates(self) -> int:
        return len(self.rows)

    @property
    def margin(self) -> float:
        """The KL, in nats, up to which a replicate counts as converged."""
        return float(self.rows["margin"].iloc[0])

    @property
    def near_margin(self) -> float:
        """The KL, in nats, up to which a replicate counts as near."""
        return float(self.rows["near_margin"].iloc[0])

    @property
    def initial_kl(self) -> float:
        """The median KL(q‖p) before training; NaN where no epochs are stored."""
        if self.epochs.empty:
            return math.nan
        return median(self.epochs.loc[self.epochs["epoch"] == 0, "kl"])

    def values(self, name: str) -> NDArray[np.float64]:
        """A column of the rows, shape (replicates,)."""
        return np.asarray(self.rows[name], dtype=np.float64)

    def by_kl(self) -> pd.DataFrame:
        """The rows with a finite law, from the best KL to the worst (which may be infinite)."""
        lawful = self.rows.loc[self.rows["verdict"] != "diverged"]
        return lawful.sort_values(by=["kl", "seed"], kind="stable")

    def at_ln_2(self) -> pd.DataFrame:
        """The rows whose losses both end within ``NEAR_LN_2`` of ln 2."""
        off = [np.abs(self.values(name) - LN_2) for name in ("loss_D", "loss_G")]
        return self.rows.loc[np.maximum(*off) <= NEAR_LN_2]

    def deceptive(self) -> pd.DataFrame:
        """The rows of ``at_ln_2`` that have not converged, the largest KL first."""
        found = self.at_ln_2()
        found = found.loc[found["verdict"].isin(["near", "failed"])]
        return found.sort_values(by=["kl", "seed"], ascending=[False, True], kind="stable")

    def history(self, seed: int) -> pd.DataFrame:
        """The epochs of one replicate, in order."""
        return self.epochs.loc[self.epochs["seed"] == seed].sort_values(by=["epoch"])


def cells_of(results: Results) -> list[Cell]:
    """The cells of some results, in the order of their first row; none where there are no rows."""
    if results.rows.empty:
        return []
    settings = _settings(results.provenance)
    rows, epochs = (_labelled(frame, settings) for frame in (results.rows, results.epochs))
    summary = summarise(rows)
    rows["kl"] = rows["kl"].mask(rows["verdict"] == "diverged", np.inf)
    histories: dict[Any, pd.DataFrame] = {}
    if not epochs.empty:
        histories = dict(iter(epochs.groupby(CELL, sort=False)))
    varied = [name for name in CELL if len(set(rows[name])) > 1]
    cells = []
    for position, (key, group) in enumerate(rows.groupby(CELL, sort=False)):
        name, backend, device = cast("tuple[str, str, str]", key)
        cells.append(
            Cell(
                label=_label(name, backend, device, varied),
                configuration=name,
                backend=backend,
                device=device,
                rows=group.reset_index(drop=True),
                epochs=histories.get(key, epochs.iloc[:0]),
                config=settings.get(group["config_hash"].iloc[0], (name, None))[1],
                summary={str(k): v for k, v in summary.iloc[position].items()},
            )
        )
    return cells


def _labelled(
    frame: pd.DataFrame, settings: Mapping[str, tuple[str, TrainingConfig | None]]
) -> pd.DataFrame:
    """A copy whose ``configuration`` is a string in every row.

    A label that CSV cannot tell from a missing value ("", "NA") comes from the provenance.
    """
    frame = frame.copy()
    if frame.empty:
        return frame
    for name in ("config_hash", "backend", "device"):
        frame[name] = frame[name].astype(str)
    labels = [settings.get(digest, (digest, None))[0] for digest in frame["config_hash"].tolist()]
    if "configuration" in frame:
        given = zip(frame["configuration"].tolist(), labels, strict=True)
        labels = [label if pd.isna(name) else str(name) for name, label in given]
    frame["configuration"] = labels
    return frame


def _label(name: str, backend: str, device: str, varied: list[str]) -> str:
    where = f"{backend} on {device}" if {"backend", "device"} & set(varied) else ""
    if "configuration" in varied:
        return plain(name) + (f" · {plain(where, 40)}" if where else "")
    return plain(where or name)


def _settings(provenance: Mapping[str, Any]) -> dict[str, tuple[str, TrainingConfig | None]]:
    """Hash to label and configuration of what the provenance holds."""
    found: dict[str, tuple[str, TrainingConfig | None]] = {}
    for entry in provenance.get("configurations") or ():
        try:
            config = TrainingConfig.parse(entry["config"])
        except (UsageError, KeyError, TypeError):
            # A folder from another version may hold settings that this one does not know: its
            # numbers are still good, only what is redrawn from the settings is left out.
            config = None
        found[str(entry.get("hash"))] = (str(entry.get("label", entry.get("hash"))), config)
    return found
