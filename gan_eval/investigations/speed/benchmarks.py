"""pytest-benchmark's JSON as a pandas table: one row per benchmark, with where it was measured."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.investigations.speed.names import label, told_apart
from gan_eval.investigations.speed.rates import add_rates
from gan_eval.runtime.arguments import shown
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import read_text

FACTS = ("backend", "device", "threads", "replicates", "config_hash", "unit", "examples")
"""The facts that a benchmark of this project notes in its ``extra_info``; missing in another's."""

COLUMNS = (
    *("label", "name", "group", "parameters", *FACTS, "peer"),
    *("median_seconds", "iqr_seconds", "min_seconds", "rounds"),
    *("examples_per_second", "rate_low", "rate_high"),
    *("times_the_loop", "times_low", "times_high", "spread", "unstable"),
    *("machine", "cores", "gpus", "python", "packages", "measured"),
    *("commit", "dirty", "committed", "benchmark"),
)
"""The columns of ``read``, in order."""

UNSTABLE = 0.1
"""Spread of the rounds from which on a benchmark counts as unstable."""

_ADDED = ("rate_low", "rate_high", "times_the_loop", "times_low", "times_high")
_FEW = 5
"""Rounds from which on quartiles mean something."""


_COMMIT = re.compile("[0-9a-f]{7,64}")


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
        One row per benchmark, columns ``COLUMNS``. ``label`` is its name in words
        (``names.label``), ``name`` pytest's, ``benchmark`` pytest's with the file's in front.
        Seconds are those of one call, over the rounds: the median, the interquartile range and the
        minimum. ``examples_per_second`` is ``examples`` over the median; its interval, and
        ``times_the_loop`` with its own, are those of ``rates.add_rates``, NaN where the file has no
        raw rounds. ``peer`` is True where another package is measured.
        ``parameters`` is ``"key=value, …"`` in the benchmark's order. ``machine``
        is the processor's name; ``packages`` is ``"name version, …"``; ``measured`` is the time of
        day (UTC, ISO 8601) at which the file was written. ``spread`` is the clock's noise: the
        interquartile range over the median, of fewer than 5 rounds the whole range over it, of one
        round NaN; ``unstable`` says that it is above ``UNSTABLE``. A fact that the file lacks is
        missing (None or NaN), which is the case in files of other projects. ``commit`` is the whole
        name of the commit that was measured, ``dirty`` says that its files had been changed, and
        ``committed`` is its time (UTC, ISO 8601); None where the folder belonged to none.

    Raises
    ------
    UsageError
        Where the file is missing, is not JSON, or is not pytest-benchmark's.
    """
    with _document(path) as document:
        rows = [_row(benchmark, document) for benchmark in document["benchmarks"]]
        seconds = [_raw(benchmark["stats"]) for benchmark in document["benchmarks"]]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in _ADDED])
    table["label"] = told_apart(list(table["label"]), list(table["name"]))
    return add_rates(table, seconds)[list(COLUMNS)]


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
    commit = document.get("commit_info") or {}
    known = isinstance(commit.get("id"), str) and bool(_COMMIT.fullmatch(commit["id"]))
    return {
        "label": label(str(benchmark["name"]), benchmark["params"], noted),
        "name": str(benchmark["name"]),
        "group": _text(benchmark["group"]),
        "parameters": _joined(benchmark["params"], "="),
        **{name: _text(noted.get(name)) for name in ("backend", "device", "config_hash", "unit")},
        **{name: _number(noted.get(name)) for name in ("threads", "replicates")},
        "peer": bool(noted.get("peer")),
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
        "commit": commit["id"] if known else None,
        "dirty": bool(commit.get("dirty")) if known else None,
        "committed": _text(commit.get("time")) if known else None,
        "benchmark": str(benchmark["fullname"]),
    }


def _raw(stats: Mapping[str, Any]) -> NDArray[np.float64] | None:
    """Take the raw rounds, where they are times; ``rounds`` says what is wrong with others."""
    seconds = np.asarray(stats.get("data") or [], dtype=np.float64)
    sound = seconds.ndim == 1 and seconds.size > 0 and (np.isfinite(seconds) & (seconds > 0)).all()
    return seconds if sound else None


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
