"""Runs of one study in several environments, put together: rows of backends that cannot share one.

MXNet and JAX need different releases of NumPy, so no environment holds both. Each trains its part,
and every row keeps the name of the environment that it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gan_eval.judging.computed_columns import filled
from gan_eval.judging.evaluation import axes_of
from gan_eval.runtime.errors import UsageError
from gan_eval.study.plan.units import LEFT_OUT
from gan_eval.study.results.results import Results

_JUDGED_BY = ("margins", "n_evaluation", "permutations", "tests", "target", "computed")
_IDENTITY = ["config_hash", "backend", "device", "seed"]


def merge(runs: Sequence[Results]) -> tuple[Results, int]:
    """Put runs together; a replicate that two of them have is taken from the first.

    Returns the results, and how many replicates were left out because an earlier run has them.

    Raises
    ------
    UsageError
        Where they were not judged alike (margins, rows evaluated, tests, permutations, target), one
        is of the built-in generator and another of one from outside, or they mean
        different configurations by one label.
    """
    first = runs[0]
    for other in runs[1:]:
        for name in _JUDGED_BY:
            ours, theirs = (run.provenance["study"].get(name) for run in (first, other))
            if ours != theirs:
                raise UsageError(
                    f"runs that were judged differently cannot be merged: `{name}` is {ours} "
                    f"in one and {theirs} in another"
                )
        if len({run.provenance["study"].get("generator") is None for run in (first, other)}) > 1:
            raise UsageError(
                "a run of the built-in generator and one of a generator from outside cannot be "
                "merged: their rows have other columns"
            )
    rows, doubled = _together([run.rows for run in runs], [])
    epochs, _ = _together([run.epochs for run in runs], ["epoch"])
    return Results(rows, epochs, _provenance(runs, len(rows))), doubled


def _together(frames: Sequence[pd.DataFrame], also: list[str]) -> tuple[pd.DataFrame, int]:
    """Frames one below another, sorted, without what an earlier one has; how much that is."""
    found = [frame for frame in frames if len(frame)]
    if not found:
        return frames[0], 0
    every = filled(pd.concat(found, ignore_index=True))
    axes = dict.fromkeys(axis for frame in found for axis in axes_of(frame.columns))
    if axes:  # of all runs, where readers look for them
        front = ["configuration", *axes]
        every = every[[*front, *(name for name in every.columns if name not in front)]]
    keys = every[["configuration", *_IDENTITY, *also]]
    doubled = keys.duplicated([*_IDENTITY, *also])
    kept = keys.loc[~doubled].sort_values(["configuration", *_IDENTITY[1:], *also])
    return every.loc[kept.index].reset_index(drop=True), int(doubled.sum())


def _provenance(runs: Sequence[Results], finished: int) -> dict:
    found = [run.provenance for run in runs]
    configurations = {}
    for entry in (entry for one in found for entry in one.get("configurations", ())):
        known = configurations.setdefault(entry["label"], entry)
        if known["hash"] != entry["hash"]:
            raise UsageError(
                f"runs cannot be merged: {entry['label']!r} is another configuration in each"
            )
    environments = {name: e for one in reversed(found) for name, e in one["environments"].items()}
    here = {backend for run in runs for backend in run.rows.get("backend", ())}
    unavailable = {e["name"]: e for one in found for e in one.get("unavailable", ())}
    return {
        **found[0],
        "configurations": list(configurations.values()),
        "planned": max(finished, max(one.get("planned", 0) for one in found)),
        "finished": finished,
        "interrupted": any(one.get("interrupted") for one in found),
        "failures": [failure for one in found for failure in one.get("failures", ())],
        "unavailable": [
            entry
            for name, entry in sorted(unavailable.items())
            if name not in here or entry["state"].startswith(LEFT_OUT)
        ],
        "seconds": sum(one.get("seconds") or 0 for one in found),
        "command": "\n".join(dict.fromkeys(one["command"] for one in found if one.get("command"))),
        "environments": environments,
    }
