"""The lab, run: every place of the grid trained and judged, and of each what the page shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.investigations.lab.result import RANKS, Lab, Traces
from gan_eval.investigations.lab.settings import Settings
from gan_eval.judging import judge as judging
from gan_eval.judging.summary import quantile, summarise
from gan_eval.runtime.pool import Pool, Progress, Task, map_units, side_by_side
from gan_eval.runtime.provenance import environment
from gan_eval.training.run import train

BACKEND = "fused_cpu"

_UNIT = 32
"""Places of one unit of work."""

_LAW = ("mean_1", "mean_2", "covariance_1_1", "covariance_1_2", "covariance_2_2")


def lab(
    settings: Settings | None = None,
    *,
    workers: int | None = None,
    command: str = "",
    on_progress: Callable[[Progress], None] | None = None,
) -> Lab:
    """Train and judge every combination of the controls.

    Parameters
    ----------
    settings : Settings, optional
        ``Settings.of()`` by default: 1,536 places, 48 trainings of each.
    workers : int, optional
        Processes side by side; one per core if not given. With 1, everything runs here.
    command : str
        What was typed, for the provenance.
    on_progress : callable
        Called with a ``Progress``, which counts trainings, after each unit of work.

    Returns
    -------
    Lab

    Raises
    ------
    UsageError
        Where the number of workers is none, or a worker dies.
    """
    settings = settings or Settings.of()
    count = side_by_side(workers)
    began = time.perf_counter()
    progress = Progress(on_progress, planned=settings.trainings, doing="training")
    progress.tell()
    units: dict[tuple[int, ...], Task] = {
        part: (measure, settings, part) for part in _units(settings)
    }
    with Pool(count) as pool:
        found = map_units(
            pool,
            units,
            progress,
            doing="training",
            weigh=lambda part: len(part) * settings.replicates,
            fault="the lab could not be finished",
        )
    places = np.concatenate([np.array(part) for part in found])
    back = np.argsort(places)
    frames, traces = zip(*found.values(), strict=True)
    cells = pd.concat(frames, ignore_index=True).iloc[back].reset_index(drop=True)
    return Lab(
        settings=settings,
        cells=cells,
        traces=Traces.join(traces).take(back),
        provenance={
            "command": command,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": time.perf_counter() - began,
            "workers": count,
            "environment": environment(),
        },
    )


def _units(settings: Settings) -> list[tuple[int, ...]]:
    """Parts of the grid: each of one machine code, and neighbours of different ones, so that two
    workers do not write the same at the same time."""
    kinds: dict[tuple[Any, ...], list[int]] = {}
    for place in range(settings.places):
        config = settings.config(place)
        kind = (config.discriminator_sizes, config.generator_average, config.r1 > 0)
        kinds.setdefault(kind, []).append(place)
    parts = {
        kind: [tuple(places[at : at + _UNIT]) for at in range(0, len(places), _UNIT)]
        for kind, places in kinds.items()
    }
    longest = max(map(len, parts.values()))
    return [part[at] for at in range(longest) for part in parts.values() if at < len(part)]


def measure(settings: Settings, places: Sequence[int]) -> tuple[pd.DataFrame, Traces]:
    """Train and judge some places: one row of ``summarise`` each, and their traces."""
    rows, traces = [], []
    for place in places:
        trained = train(settings.config(place), settings.seeds, backend=BACKEND)
        judged = judging.judge(trained, permutations=0, sampled=False)
        rows.append(judged.assign(configuration=str(place)))
        traces.append(_trace(settings, judged, judging.epochs(trained)))
    together = pd.concat(rows, ignore_index=True)
    return summarise(together), Traces.stack(traces)


def _trace(settings: Settings, judged: pd.DataFrame, history: pd.DataFrame) -> Traces:
    """Take what the page draws of one place."""
    shape = (settings.replicates, -1)
    kept = list(settings.curve_epochs)
    kl = history["kl"].to_numpy().reshape(shape)[:, kept]
    losses = np.stack(
        [history[name].to_numpy().reshape(shape)[:, kept] for name in ("loss_D", "loss_G")], axis=-1
    )
    final = np.where(judged["verdict"] == "diverged", np.inf, judged["kl"])
    order = np.argsort(final, kind="stable")
    chosen = [int(order[round(rank * (len(order) - 1))]) for rank in RANKS]
    moments = np.stack([history[name].to_numpy().reshape(shape) for name in _LAW], axis=-1)
    return Traces(
        kl=_quantiles(np.where(np.isnan(kl), np.inf, kl)),
        losses=np.median(losses, axis=0),
        laws=moments[chosen][:, list(settings.law_epochs)],
        chosen=judged["seed"].to_numpy()[chosen],
        final=final[order],
    )


def _quantiles(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The quantiles at ``RANKS`` of each column (R, E): (E, 3)."""
    return np.array([[quantile(column, rank) for rank in RANKS] for column in values.T])
