"""pytest-benchmark's JSON as a pandas table: one row per benchmark, with where it was measured."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.runtime.arguments import shown
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import read_text

FACTS = ("backend", "device", "threads", "replicates", "config_hash", "unit", "examples")
"""The facts that a benchmark of this project notes in its ``extra_info``; missing in another's."""

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


@dataclass(frozen=True)
class Rounds:
    """A benchmark's raw rounds in one file."""

    seconds: NDArray[np.float64]
    """The seconds of a call, in each round, in the order in which they were measured."""
    examples: float | None = None
    """The examples of a call, where the benchmark noted them."""
    peer: bool = False
    """True where it measures another package, as ``extra_info["peer"]`` says."""


def read(path: str | Path) -> pd.DataFrame:
    """Read the benchmarks of a JSON file that pytest-benchmark wrote.

    Parameters
    ----------
    path : str or Path
        What ``--benchmark-save``, ``--benchmark-autosave`` or ``--benchmark-json`` wrote.

    Returns
    -------
    DataFrame
        One row per benchmark, columns ``COLUMNS``. Seconds are those of one call, over the rounds:
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
    with _document(path) as document:
        rows = [_row(benchmark, document) for benchmark in document["benchmarks"]]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read_all(paths: Sequence[str | Path]) -> pd.DataFrame:
    """Read the benchmarks of several files, one after another, with the file's name in ``file``.

    Raises ``UsageError`` as ``read``, and where no file has any.
    """
    tables = [read(path) for path in paths]
    for path, table in zip(paths, tables, strict=True):
        table.insert(0, "file", Path(path).name)
    filled = [table for table in tables if len(table)]
    if not filled:
        raise UsageError(f"no benchmark stands in {', '.join(repr(str(path)) for path in paths)}")
    return pd.concat(filled, ignore_index=True)


def over_the_loop(table: pd.DataFrame) -> pd.Series:
    """Divide each training's examples/sec by those of the chapter's loop in the same file.

    The loop is the backend ``pytorch`` with one replicate on the CPU; where a file has several
    such benchmarks, their median. NaN for what is no training, or where the file has no loop.
    """
    trains = table["unit"] == TRAINING
    loop = trains & (table["backend"] == LOOP) & (table["replicates"] == 1)
    loop &= table["device"] == "cpu"
    rates = pd.to_numeric(table["examples_per_second"], errors="coerce")
    file = table["file"] if "file" in table else pd.Series("", index=table.index)
    of_file = rates[loop].groupby(file[loop]).median()
    return (rates / file.map(of_file).astype(float)).where(trains)


def rounds(path: str | Path) -> dict[str, Rounds]:
    """Read the raw rounds of every benchmark of a file.

    The name is pytest's, with the file's in front: ``benchmarks/test_draws.py::test_draws[1000]``.

    Raises
    ------
    UsageError
        As ``read``, and where the file has no raw rounds, because pytest-benchmark wrote it
        without ``--benchmark-save-data``, or one benchmark twice, or a round that took no time.
    """
    found: dict[str, Rounds] = {}
    with _document(path) as document:
        for benchmark in document["benchmarks"]:
            name, stats = str(benchmark["fullname"]), benchmark["stats"]
            if not stats.get("data"):
                raise UsageError(
                    f"{str(path)!r} has no rounds of {shown(name)}: let pytest-benchmark write "
                    "them with `--benchmark-save-data` or `--benchmark-json`"
                )
            if name in found:
                raise UsageError(f"{str(path)!r} has the benchmark {shown(name)} twice")
            seconds = np.asarray(stats["data"], dtype=np.float64)
            if seconds.ndim != 1 or not (np.isfinite(seconds) & (seconds > 0)).all():
                raise UsageError(
                    f"{str(path)!r} has a round of {shown(name)} that took no time, or is no number"
                )
            noted = benchmark["extra_info"]
            found[name] = Rounds(seconds, _examples(noted), bool(noted.get("peer")))
    return found


@contextmanager
def _document(path: str | Path) -> Iterator[Any]:
    """The JSON of a file; ``UsageError`` where it is none, or where what is done with it inside
    finds that it is not pytest-benchmark's."""
    text = read_text(path)
    try:
        yield json.loads(text)
    except UsageError:  # a ValueError as well, and a sentence already
        raise
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{str(path)!r} is not valid JSON: {error.msg} (at line {error.lineno})"
        ) from None
    # A RecursionError of what is nested too deeply, a ValueError of too many digits as well.
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise UsageError(f"{str(path)!r} is not a file of pytest-benchmark") from None


def _row(benchmark: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    stats, noted = benchmark["stats"], benchmark["extra_info"]
    machine, here = document["machine_info"], noted.get("environment") or {}
    median, iqr, least, most = (_seconds(stats, name) for name in ("median", "iqr", "min", "max"))
    count, examples = int(stats["rounds"]), _examples(noted)
    spread = (iqr if count >= _FEW else most - least) / median if count > 1 and median else math.nan
    return {
        "name": str(benchmark["name"]),
        "group": _text(benchmark["group"]),
        "parameters": _joined(benchmark["params"], "="),
        **{name: _text(noted.get(name)) for name in ("backend", "device", "config_hash", "unit")},
        **{name: _number(noted.get(name)) for name in ("threads", "replicates")},
        "examples": examples,
        "median_seconds": median,
        "iqr_seconds": iqr,
        "min_seconds": least,
        "rounds": count,
        "examples_per_second": examples / median if examples and median else None,
        "spread": spread,
        "unstable": bool(spread > UNSTABLE),
        "machine": _text(here.get("processor") or (machine.get("cpu") or {}).get("brand_raw")),
        "cores": _number(here.get("cores")),
        "gpus": ", ".join(map(str, here.get("gpus") or [])),
        "python": str(machine["python_version"]),
        "packages": _joined(here.get("packages"), " "),
        "measured": str(document["datetime"]),
    }


def _seconds(stats: Mapping[str, Any], name: str) -> float:
    seconds = float(stats[name])
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{name} is {seconds}")
    return seconds


def _examples(noted: Mapping[str, Any]) -> int | float | None:
    """Read the examples of a call, where seconds can be divided by them."""
    return _number(noted.get("examples")) or None


def _number(value: Any) -> int | float | None:
    """Pass on a finite number, not negative; None for anything else, as another project's words."""
    given = isinstance(value, int | float) and not isinstance(value, bool)
    return value if given and 0 <= value < math.inf else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _joined(pairs: Mapping[str, Any] | None, sign: str) -> str:
    return ", ".join(f"{name}{sign}{value}" for name, value in (pairs or {}).items())
