"""Every saved run of the benchmarks in a folder, in the order of the commits that were measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gan_eval.investigations.speed import benchmarks
from gan_eval.pages.numbers import MISSING
from gan_eval.runtime.arguments import plain, whole_number
from gan_eval.runtime.errors import UsageError

HISTORY = Path("reports/benchmarks")
"""Where ``pytest benchmarks/`` saves its runs."""

SHORT = 7
"""Characters of a commit's name as it is shown."""


@dataclass(frozen=True)
class History:
    """The benchmarks of many runs.

    ``table`` has a row per benchmark and run: the columns of ``benchmarks.read``, and ``file``,
    its place in the folder; ``place``, the number of the code that was measured, from 0 for the
    oldest, and ``code``, its name; ``host``, the machine's description; ``cost``, the median
    seconds of an example, or of a call where a run does not say how many examples a call has, and
    ``per_second``, its inverse. ``left_out`` are sentences on files that are no runs.
    """

    table: pd.DataFrame
    left_out: tuple[str, ...] = ()

    @property
    def runs(self) -> int:
        """Count the runs."""
        return int(self.table["file"].nunique())

    @property
    def codes(self) -> list[str]:
        """Name the codes that were measured, the oldest first."""
        return list(self.table.drop_duplicates("place").sort_values("place")["code"])

    @property
    def newest(self) -> str:
        """Name the file of the run that was measured last."""
        return str(self.table.sort_values(["measured", "file"], kind="stable")["file"].iloc[-1])


def read_history(folder: str | Path = HISTORY, *, last: int | None = None) -> History:
    """Read every run that pytest-benchmark has saved in a folder, and in the folders in it.

    Runs are put in the order of their commits' times, those of one commit in the order in which
    they were measured; a run whose files had been changed after the commit comes behind it, as code
    of its own. A run that belongs to no commit has the time at which it was measured.

    Parameters
    ----------
    folder : str or Path, optional
        Where ``--benchmark-save`` or ``--benchmark-autosave`` put them.
    last : int, optional
        Read no more than the runs that were measured last; all if not given.

    Returns
    -------
    History

    Raises
    ------
    UsageError
        Where there is no such folder, no run in it, or ``last`` is below 1.
    """
    if last is not None:
        whole_number(last, "`last`", 1)
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(f"there is no folder {str(folder)!r}, in which a history could stand")
    tables, left_out = [], []
    for path in sorted(folder.rglob("*.json")):
        try:
            table = benchmarks.read(path)
        except UsageError as error:
            left_out.append(str(error))
            continue
        if len(table):
            tables.append(table.assign(file=path.relative_to(folder).as_posix()))
    if not tables:
        raise UsageError(f"no run of pytest-benchmark stands in {str(folder)!r}")
    tables.sort(key=lambda table: (str(table["measured"].iloc[0]), str(table["file"].iloc[0])))
    return History(arranged(pd.concat(tables[-last if last else 0 :])), tuple(left_out))


def arranged(table: pd.DataFrame) -> pd.DataFrame:
    """Put benchmarks of several runs in the order of what was measured; see ``History.table``."""
    known = table["commit"].notna()
    time = table["committed"].where(known & table["committed"].notna(), table["measured"])
    dirty = table["dirty"].eq(True)
    mark = table["commit"].where(known, "run " + table["file"])
    order = pd.DataFrame(
        {"time": pd.to_datetime(time, utc=True, format="ISO8601"), "mark": mark, "dirty": dirty}
    )
    # One commit has one time, whatever the files say.
    order["time"] = order.groupby("mark")["time"].transform("min")
    places = order.drop_duplicates().sort_values(["time", "mark", "dirty"], kind="stable")
    numbers = {key: i for i, key in enumerate(zip(places["mark"], places["dirty"], strict=True))}
    examples = pd.to_numeric(table["examples"], errors="coerce")
    counted = examples.notna().groupby(table["benchmark"]).transform("all")
    cost = table["median_seconds"] / examples.where(counted, 1.0)
    return (
        table.assign(
            place=[numbers[key] for key in zip(mark, dirty, strict=True)],
            code=list(_codes(table)),
            label=_latest(table),
            host=[_host(row) for _, row in table.iterrows()],
            cost=cost.replace(0.0, np.nan),
            per_second=1 / cost.replace(0.0, np.nan),
        )
        .sort_values(["place", "measured", "file"], kind="stable")
        .reset_index(drop=True)
    )


def _latest(table: pd.DataFrame) -> pd.Series:
    """Name a benchmark as its newest run does: what tells two of a file apart may have changed."""
    newest = table.sort_values("measured", kind="stable").groupby("benchmark")["label"].last()
    return table["benchmark"].map(newest)


def _codes(table: pd.DataFrame) -> Iterator[str]:
    for _, row in table.iterrows():
        if isinstance(row["commit"], str):
            yield row["commit"][:SHORT] + ("+" if row["dirty"] else "")
        else:
            yield f"run of {str(row['measured'])[:16].replace('T', ' ')}"


def _host(row: pd.Series) -> str:
    """Describe the machine as far as the file does; two that read alike are taken for one."""
    parts = [plain(row["machine"], 60) if isinstance(row["machine"], str) else "unknown machine"]
    parts.append(f"{MISSING if pd.isna(row['cores']) else int(row['cores'])} cores")
    return ", ".join([*parts, *filter(None, [row["gpus"]])])
