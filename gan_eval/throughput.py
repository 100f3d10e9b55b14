"""pytest-benchmark's JSON to a pandas table: one row a benchmark, with where it was measured."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.errors import UsageError
from gan_eval.settings import read_text

FACTS = ("backend", "device", "threads", "replicates", "config_hash", "unit", "examples")
"""What a benchmark of this project notes in its ``extra_info``; missing in another's."""

COLUMNS = (
    *("name", "group", "parameters", *FACTS),
    *("median_seconds", "iqr_seconds", "min_seconds", "rounds", "examples_per_second"),
    *("spread", "unstable", "machine", "cores", "gpus", "python", "packages", "measured"),
)
"""The columns of ``read``, in order."""

UNSTABLE = 0.1
"""Spread of the rounds from which on a benchmark counts as unstable."""

TRAINING, LOOP = "training examples", "pytorch"
"""The unit of a benchmark of training, and the backend that is the chapter's loop."""

_FEW = 5
"""Rounds from which on quartiles mean something."""


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
        day (UTC, ISO 8601) at which the file was written. ``spread`` is the clock's noise: the
        interquartile range over the median, of fewer than 5 rounds the whole range over it, of one
        round NaN; ``unstable`` says that it is above ``UNSTABLE``. A fact that the file lacks is
        missing (None or NaN), which is the case in files of other projects. Nothing refers to a
        commit.

    Raises
    ------
    UsageError
        Where the file is missing, is not JSON, or is not pytest-benchmark's.
    """
    document = _document(path)
    with _ours_or_not(path):
        rows = [_row(benchmark, document) for benchmark in document["benchmarks"]]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read_all(paths: Sequence[str | Path]) -> pd.DataFrame:
    """The benchmarks of several files, one after another, with the file's name in ``file``."""
    tables = [read(path) for path in paths]
    for path, table in zip(paths, tables, strict=True):
        table.insert(0, "file", Path(path).name)
    filled = [table for table in tables if len(table)] or tables[:1]
    return pd.concat(filled, ignore_index=True)


def over_the_loop(table: pd.DataFrame) -> pd.Series:
    """Each training's examples/sec over those of the chapter's loop in the same file.

    The loop is the backend ``pytorch`` with one replicate on the CPU; where a file has several
    such benchmarks, their median. NaN for what is no training, or where the file has no loop.
    """
    trains = table["unit"] == TRAINING
    loop = trains & (table["backend"] == LOOP) & (table["replicates"] == 1)
    loop &= table["device"] == "cpu"
    rates = pd.to_numeric(table["examples_per_second"], errors="coerce")
    file = table["file"] if "file" in table else pd.Series("", index=table.index)
    of_file = rates[loop].groupby(file[loop]).median()
    return (rates / file.map(of_file)).where(trains)


def rounds(path: str | Path) -> dict[str, tuple[NDArray[np.float64], float | None]]:
    """The raw rounds of a file: benchmark → (seconds of each round, examples of one call).

    The name is pytest's, with the file's in front: ``benchmarks/test_draws.py::test_draws[1000]``.
    Examples are None where the benchmark noted none.

    Raises
    ------
    UsageError
        As ``read``, and where the file has no raw rounds, because pytest-benchmark wrote it
        without ``--benchmark-save-data``, or one benchmark twice.
    """
    document = _document(path)
    found: dict[str, tuple[NDArray[np.float64], float | None]] = {}
    with _ours_or_not(path):
        for benchmark in document["benchmarks"]:
            name, stats = str(benchmark["fullname"]), benchmark["stats"]
            if not stats.get("data"):
                raise UsageError(
                    f"{str(path)!r} has no rounds of {name!r}: let pytest-benchmark write them "
                    "with `--benchmark-save-data` or `--benchmark-json`"
                )
            if name in found:
                raise UsageError(f"{str(path)!r} has the benchmark {name!r} twice")
            examples = benchmark["extra_info"].get("examples")
            seconds = np.asarray(stats["data"], dtype=np.float64)
            if not (np.isfinite(seconds).all() and (seconds > 0).all()):
                raise UsageError(f"{str(path)!r} has a round of {name!r} that took no time")
            found[name] = seconds, float(examples) if examples else None
    return found


def _document(path: str | Path) -> Any:
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{str(path)!r} is not valid JSON: {error.msg} (at line {error.lineno})"
        ) from None


@contextmanager
def _ours_or_not(path: str | Path) -> Iterator[None]:
    try:
        yield
    except UsageError:  # a ValueError as well, and a sentence already
        raise
    except (KeyError, TypeError, AttributeError, ValueError):
        raise UsageError(f"{str(path)!r} is not a file of pytest-benchmark") from None


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
        "spread": (spread := _spread(stats, median)),
        "unstable": bool(spread > UNSTABLE),
        "machine": here.get("processor") or (machine.get("cpu") or {}).get("brand_raw"),
        "cores": here.get("cores"),
        "gpus": ", ".join(here.get("gpus") or []),
        "python": machine["python_version"],
        "packages": _joined(here.get("packages"), " "),
        "measured": document["datetime"],
    }


def _spread(stats: Mapping[str, Any], median: float) -> float:
    count = int(stats["rounds"])
    if count < 2 or not median:
        return math.nan
    wide = stats["iqr"] if count >= _FEW else stats["max"] - stats["min"]
    return float(wide) / median


def _joined(pairs: Mapping[str, Any] | None, sign: str) -> str:
    return ", ".join(f"{name}{sign}{value}" for name, value in (pairs or {}).items())
