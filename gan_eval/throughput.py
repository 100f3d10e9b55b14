"""pytest-benchmark's JSON to a pandas table: one row a benchmark, with where it was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from gan_eval.errors import UsageError
from gan_eval.settings import read_text

FACTS = ("backend", "device", "threads", "replicates", "config_hash", "unit", "examples")
"""What a benchmark of this project notes in its ``extra_info``; missing in another's."""

COLUMNS = (
    *("name", "group", "parameters", *FACTS),
    *("median_seconds", "iqr_seconds", "min_seconds", "rounds", "examples_per_second"),
    *("machine", "cores", "gpus", "python", "packages", "measured"),
)
"""The columns of ``read``, in order."""


def read(path: str | Path) -> pd.DataFrame:
    """The benchmarks of a JSON file that pytest-benchmark wrote.

    Parameters
    ----------
    path : str or Path
        What ``--benchmark-save``, ``--benchmark-autosave`` or ``--benchmark-json`` wrote.

    Returns
    -------
    DataFrame
        One row a benchmark, columns ``COLUMNS``. Seconds are those of one call, over the rounds:
        the median, the interquartile range and the minimum. ``examples_per_second`` is ``examples``
        over the median. ``parameters`` is ``"key=value, …"`` in the benchmark's order. ``machine``
        is the processor's name; ``packages`` is ``"name version, …"``; ``measured`` is the time of
        day (UTC, ISO 8601) at which the file was written. A fact that the file lacks is missing
        (None or NaN), which is the case in files of other projects. Nothing refers to a commit.

    Raises
    ------
    UsageError
        Where the file is missing, is not JSON, or is not pytest-benchmark's.
    """
    try:
        document = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{str(path)!r} is not valid JSON: {error.msg} (at line {error.lineno})"
        ) from None
    try:
        rows = [_row(benchmark, document) for benchmark in document["benchmarks"]]
    except (KeyError, TypeError, AttributeError, ValueError):
        raise UsageError(f"{str(path)!r} is not a file of pytest-benchmark") from None
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(benchmark: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    stats, noted = benchmark["stats"], benchmark["extra_info"]
    machine, here = document["machine_info"], noted.get("environment") or {}
    median = float(stats["median"])
    examples = noted.get("examples")
    return {
        "name": benchmark["name"],
        "group": benchmark["group"],
        "parameters": _joined(benchmark["params"], "="),
        **{name: noted.get(name) for name in FACTS},
        "median_seconds": median,
        "iqr_seconds": float(stats["iqr"]),
        "min_seconds": float(stats["min"]),
        "rounds": int(stats["rounds"]),
        "examples_per_second": examples / median if examples and median else None,
        "machine": here.get("processor") or (machine.get("cpu") or {}).get("brand_raw"),
        "cores": here.get("cores"),
        "gpus": ", ".join(here.get("gpus") or []),
        "python": machine["python_version"],
        "packages": _joined(here.get("packages"), " "),
        "measured": document["datetime"],
    }


def _joined(pairs: Mapping[str, Any] | None, sign: str) -> str:
    return ", ".join(f"{name}{sign}{value}" for name, value in (pairs or {}).items())
