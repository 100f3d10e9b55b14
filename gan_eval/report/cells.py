"""Results to cells: the replicates that differ by seed only, with their settings and summary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.config import TrainingConfig
from gan_eval.errors import UsageError
from gan_eval.report.numbers import plain
from gan_eval.results import Results

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
        return float(self.epochs.loc[self.epochs["epoch"] == 0, "kl"].median())

    def by_kl(self) -> pd.DataFrame:
        """The rows with a finite law, from the best KL to the worst (which may be infinite)."""
        lawful = self.rows[self.rows["verdict"] != "diverged"]
        return lawful.sort_values(["kl", "seed"], kind="stable")

    def at_ln_2(self) -> pd.DataFrame:
        """The rows whose losses both end within ``NEAR_LN_2`` of ln 2."""
        near = [(self.rows[name] - LN_2).abs() <= NEAR_LN_2 for name in ("loss_D", "loss_G")]
        return self.rows[near[0] & near[1]]

    def deceptive(self) -> pd.DataFrame:
        """The rows of ``at_ln_2`` that have not converged, the largest KL first."""
        found = self.at_ln_2()
        found = found[found["verdict"].isin(["near", "failed"])]
        return found.sort_values(["kl", "seed"], ascending=[False, True], kind="stable")

    def history(self, seed: int) -> pd.DataFrame:
        """The epochs of one replicate, in order."""
        return self.epochs[self.epochs["seed"] == seed].sort_values("epoch")


def cells_of(results: Results) -> list[Cell]:
    """The cells of some results, in the order of their first row; none where there are no rows."""
    if results.rows.empty:
        return []
    # The summary's module reaches PyTorch by way of the judge; a page without rows needs neither.
    from gan_eval.summary import CELL, summarise

    settings = _settings(results.provenance)
    rows, epochs = (_labelled(frame, settings) for frame in (results.rows, results.epochs))
    summary = summarise(rows)
    rows["kl"] = rows["kl"].mask(rows["verdict"] == "diverged", np.inf)
    histories = {} if epochs.empty else dict(iter(epochs.groupby(CELL, sort=False)))
    varied = [name for name in CELL if rows[name].nunique() > 1]
    cells = []
    for position, (key, group) in enumerate(rows.groupby(CELL, sort=False)):
        name, backend, device = key
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
    labels = frame["config_hash"].map(lambda digest: settings.get(digest, (digest, None))[0])
    if "configuration" in frame:
        labels = frame["configuration"].astype(object).where(frame["configuration"].notna(), labels)
    frame["configuration"] = labels.astype(str)
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
