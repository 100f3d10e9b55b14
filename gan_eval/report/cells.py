"""Results to cells: the replicates that differ by seed only, with their settings and summary."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.judging.summary import CELL, by_cell, summarise
from gan_eval.pages.numbers import median, setting
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import UsageError
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

T = TypeVar("T")

Positions = NDArray[np.intp]

LN_2 = math.log(2)
"""The loss, in nats, of a discriminator that answers 1/2 to everything."""

NEAR_LN_2 = 0.003
"""The distance, in nats, within which both losses must be to ln 2 to read as an equilibrium."""


def is_outside(provenance: Mapping[str, Any]) -> bool:
    """Say whether a study's generator is one from outside, by what the study says of it."""
    return (provenance.get("study") or {}).get("generator") is not None


class FactCache(dict[str, Any]):
    """A store of numbers that rest on all epochs, by name.

    They are computed where they are first asked for, embedded in the page, and read back by
    ``verify``.
    """

    def of(self, name: str, compute: Callable[[], T]) -> T:
        """Look up the numbers of this name, or compute and keep them."""
        if name not in self:
            self[name] = compute()
        return self[name]


@dataclass(frozen=True)
class CellRows:
    """A cell of a study with its rows: one configuration on one backend and device.

    Attributes
    ----------
    label : str
        What sets this cell apart from the others, on one line, safe anywhere.
    configuration, backend, device : str
    rows : DataFrame
        One row per replicate, with ``kl`` infinite where the replicate diverged.
    epochs : DataFrame
        One row per replicate and epoch; may be empty.
    config : TrainingConfig or None
        None where the provenance does not hold it.
    summary : mapping
        The cell's row of ``gan_eval.judging.summary.summarise``.
    margin, near_margin : float
        The KL, in nats, up to which a replicate counts as converged, and as near; or the real rows
        that it must be worth.
    yardstick : {"kl", "worth_kl", "worth_energy"}
        The column that the margins are of.
    initial_kl : float
        The median KL(q‖p) before training; NaN where no epochs are stored.
    traced : int
        Replicates whose epochs are stored.
    position : int
        The cell's place among those of the page, from 0.
    facts : FactCache
        Of the page, shared by its cells.
    """

    label: str
    configuration: str
    backend: str
    device: str
    rows: pd.DataFrame
    epochs: pd.DataFrame
    config: TrainingConfig | None
    summary: Mapping[str, Any]
    margin: float
    near_margin: float
    yardstick: str
    initial_kl: float
    traced: int
    position: int
    facts: FactCache

    @property
    def kl_margins(self) -> tuple[float, ...]:
        """The margins where they are on KL, in nats."""
        return (self.margin, self.near_margin) if self.yardstick == "kl" else ()

    def within(self, margin: float) -> str:
        """Write that a replicate is within a margin, as the end of a sentence about it."""
        if self.yardstick == "kl":
            return f"has KL(q‖p) ≤ {setting(margin)} nats"
        by = {"worth_kl": "by KL", "worth_energy": "by energy distance"}[self.yardstick]
        return f"is worth at least {setting(margin)} real samples {by}"

    @property
    def replicates(self) -> int:
        return int(self.summary["replicates"])

    def from_epochs(self, name: str, compute: Callable[[], T]) -> T:
        """Look up or compute numbers that rest on all epochs of this cell; see ``FactCache``."""
        return self.facts.of(f"{name} of cell {self.position}", compute)

    def values(self, name: str) -> NDArray[np.float64]:
        """Return a column of the rows, shape (replicates,)."""
        return np.asarray(self.rows[name], dtype=np.float64)

    # Replicates are chosen by their positions in the rows, of which nothing is copied: a million
    # of them have half a gigabyte.

    def by_kl(self) -> Positions:
        """Order the replicates with a finite distribution from the best KL to the worst (which may
        be infinite)."""
        return self._sorted(np.flatnonzero(self.rows["verdict"] != "diverged"), 1.0)

    def at_ln_2(self) -> Positions:
        """Find the replicates whose losses both end within ``NEAR_LN_2`` of ln 2."""
        off = [np.abs(self.values(name) - LN_2) for name in ("loss_D", "loss_G")]
        return np.flatnonzero(np.maximum(*off) <= NEAR_LN_2)

    def deceptive(self) -> Positions:
        """Find the replicates of ``at_ln_2`` that have not converged, the largest KL first."""
        found = self.at_ln_2()
        wrong = self.rows["verdict"].iloc[found].isin(["near", "failed"])
        return self._sorted(found[wrong.to_numpy(bool)], -1.0)

    def _sorted(self, chosen: Positions, sign: float) -> Positions:
        """By ``sign`` times KL, then by seed."""
        seeds = self.rows["seed"].to_numpy()[chosen]
        return chosen[np.lexsort((seeds, sign * self.values("kl")[chosen]))]

    def passed(self) -> tuple[int, int]:
        """Count the replicates that end at ln 2 by their losses, and those of them that have not
        converged."""
        return len(self.at_ln_2()), len(self.deceptive())

    def history(self, seed: int) -> pd.DataFrame:
        """The epochs of one replicate, in order."""
        return self.epochs.loc[self.epochs["seed"] == seed].sort_values(by=["epoch"])

    def curve(self, seed: int, columns: Sequence[str]) -> pd.DataFrame:
        """The epochs of one replicate as they are drawn: ``epoch`` and some other columns."""
        names = ["epoch", *columns]
        found = self.from_epochs(
            f"{', '.join(columns)} of seed {seed}",
            lambda: self.history(seed)[names].to_dict("list"),
        )
        return pd.DataFrame(found, columns=pd.Index(names))


def cells_of(results: Results, facts: FactCache | None = None) -> list[CellRows]:
    """Split results into cells, by configuration in the study's order, the reference first, then in
    the order of their first row; none where there are no rows."""
    facts = FactCache() if facts is None else facts
    if results.rows.empty:
        return []
    settings = _settings(results.provenance)
    rows, epochs = (_labelled(frame, settings) for frame in (results.rows, results.epochs))
    summary = summarise(rows)
    rows["kl"] = rows["kl"].mask(rows["verdict"] == "diverged", np.inf)
    histories = {} if epochs.empty else dict(iter(epochs.groupby(CELL, sort=False)))
    varied = [name for name in CELL if len(set(rows[name])) > 1]
    cells = []
    for position, (key, group) in enumerate(by_cell(rows)):
        name, backend, device = cast("tuple[str, str, str]", key)
        history = histories.get(key, epochs.iloc[:0])
        started = [] if history.empty else history.loc[history["epoch"] == 0, "kl"]
        first = group.iloc[0]
        cells.append(
            CellRows(
                label=_label(name, backend, device, varied),
                configuration=name,
                backend=backend,
                device=device,
                rows=group.reset_index(drop=True),
                epochs=history,
                config=settings.get(first["config_hash"], (name, None))[1],
                summary={str(k): v for k, v in summary.iloc[position].items()},
                margin=float(first["margin"]),
                near_margin=float(first["near_margin"]),
                yardstick=str(first.get("yardstick", "kl")),
                initial_kl=median(started),
                traced=0 if history.empty else int(history["seed"].nunique()),
                position=position,
                facts=facts,
            )
        )
    places = {label: place for place, (label, _) in enumerate(settings.values())}
    cells.sort(key=lambda cell: places.get(cell.configuration, len(places)))
    return [replace(cell, position=position) for position, cell in enumerate(cells)]


def _labelled(
    frame: pd.DataFrame, settings: Mapping[str, tuple[str, TrainingConfig | None]]
) -> pd.DataFrame:
    """A copy whose ``configuration`` is a string in every row.

    A label that CSV cannot tell from a missing value ("", "NA") comes from the provenance.
    """
    frame = frame.copy(deep=False)  # columns are replaced, none is written into
    if frame.empty:
        return frame
    for name in ("config_hash", "backend", "device"):
        frame[name] = frame[name].astype(str)
    hashes = frame["config_hash"]
    known = {digest: settings.get(digest, (digest, None))[0] for digest in hashes.unique()}
    labels = hashes.map(known)
    if "configuration" in frame:
        given = frame["configuration"]
        lacking = given.isna()
        labels = given.astype(object).mask(lacking, labels) if lacking.any() else given
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
