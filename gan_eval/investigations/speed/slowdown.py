"""Benchmarks of one file against another's, by their raw rounds: which became slower?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gan_eval.investigations.speed import benchmarks
from gan_eval.investigations.speed.benchmarks import Rounds
from gan_eval.investigations.speed.rates import blocks
from gan_eval.runtime.arguments import level
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.multiple import CORRECTIONS, adjusted_pvalues, could_reject, rejected
from gan_eval.stats.ratio import RankRatio, Ratio, StudentRatio, Times

COLUMNS = (
    *("benchmark", "label", "files_before", "files_after", "rounds_before", "rounds_after"),
    *("before", "after", "ratio", "ratio_low", "ratio_high"),
    *("pvalue", "adjusted_pvalue", "slower_pvalue", "adjusted_slower_pvalue", "answer"),
)
"""The columns of ``Comparison.table``, in order."""

TOO_SLOW, SLOWER, FASTER, NOT_SEEN, TOO_FEW = ANSWERS = (
    *("too slow", "slower", "faster", "no difference seen", "too few rounds"),
)

SAME = 1.05
"""A ratio up to this, or down to its inverse, is no difference: one code's runs differ as much."""

Paths = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class Comparison:
    """A comparison of each benchmark that both sides have.

    ``table`` has the columns ``COLUMNS``; ``only_before`` and ``only_after`` are the names of those
    that one side lacks, ``peers`` of those that measure another package and are not judged;
    ``differences`` are sentences on what else differs between the runs.
    """

    table: pd.DataFrame
    slowdown: float
    alpha: float
    correction: str
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    peers: tuple[str, ...]
    differences: tuple[str, ...]

    def count(self, answer: str) -> int:
        """Count the benchmarks that have this one of ``ANSWERS``."""
        return int((self.table["answer"] == answer).sum())

    @property
    def passed(self) -> bool | None:
        """False where a benchmark is slower than allowed, with confidence; else None where some
        could not have been shown to be, whatever their rounds; else True."""
        if self.count(TOO_SLOW):
            return False
        return None if self.count(TOO_FEW) else True


def compare(
    before: Paths,
    after: Paths,
    *,
    slowdown: float = 1.2,
    alpha: float = 0.05,
    correction: str = "holm",
) -> Comparison:
    """Compare the rounds of files of pytest-benchmark with those of earlier files.

    A benchmark's ``label`` is its name in words. Its ``ratio`` is that of ``after`` to ``before``,
    in seconds per example where all files say how many examples a call has, else in seconds: 2 is
    twice as slow. ``ratio_low`` and ``ratio_high`` are its interval of confidence 1 − alpha, for
    this benchmark alone. Two tests decide: ``slower_pvalue`` of a ratio of at most ``slowdown``,
    one-sided, and ``pvalue`` of a ratio between 1/``SAME`` and ``SAME``, two-sided.

    With one file on each side the tests are Mann and Whitney's (``ratio.RankRatio``) of blocks of
    consecutive rounds, at most ``rates.BLOCKS`` a file, each the median of its rounds: rounds that
    follow each other are alike, blocks less so. That takes both runs to have had the same machine;
    what shifts a whole run, shifts the ratio. With more files the unit is the file, the median of
    its rounds, and the tests are Student's (``ratio.StudentRatio``): the spread between files of
    one side is then part of what is tested.

    Each of the two kinds of p-values is adjusted over the benchmarks that could be significant
    after the correction at all (``stats.multiple.could_reject``), which depends on their numbers of
    rounds and files alone; the others have NaN in the adjusted columns.

    ``answer`` is ``too few rounds`` where the first test could not be significant, ``too slow``
    where its adjusted p-value is at most ``alpha``, else ``slower`` or ``faster`` where that of the
    second is, else ``no difference seen``.

    Parameters
    ----------
    before, after : str or Path, or a sequence of them
        Files of pytest-benchmark with raw rounds (``benchmarks.rounds``).
    slowdown : float, optional
        The ratio that is allowed, at least 1.
    alpha : float, optional
        The level of each of the two families of tests.
    correction : {"holm", "benjamini-hochberg"}, optional
        See ``gan_eval.stats.multiple``.

    Raises
    ------
    UsageError
        As ``benchmarks.rounds``; where no benchmark is on both sides; where a file is given twice;
        for options out of range.
    """
    if not (np.isfinite(slowdown) and slowdown >= 1):
        raise UsageError(f"`slowdown` must be at least 1 and finite, got {slowdown:g}")
    level(alpha)
    paths = [[side] if isinstance(side, str | Path) else list(side) for side in (before, after)]
    _each_once([path for side in paths for path in side])
    old, new = (_gathered(side) for side in paths)
    common = [name for name in new if name in old]
    if not common:
        sides = " and ".join(", ".join(repr(str(path)) for path in side) for side in paths)
        raise UsageError(f"{sides} have no benchmark in common")
    peers = [name for name in common if any(file.peer for file in (*old[name], *new[name]))]
    judged = [name for name in common if name not in peers]
    tables = [benchmarks.read_all(side) for side in paths]
    labels = dict(zip(tables[1]["benchmark"], tables[1]["label"], strict=True))
    rows = [
        {"label": labels[name], **_row(name, old[name], new[name], slowdown, alpha)}
        for name in judged
    ]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "least"])
    least = table["least"].to_numpy(dtype=float)
    for name, sides in (("pvalue", 2), ("slower_pvalue", 1)):
        able = could_reject(np.minimum(sides * least, 1), alpha)
        adjusted = np.full(len(table), np.nan)
        adjusted[able] = adjusted_pvalues(table[name].to_numpy(dtype=float)[able], correction)
        table[f"adjusted_{name}"] = adjusted
    table["answer"] = [_answer(row, alpha) for _, row in table.iterrows()]
    return Comparison(
        table[list(COLUMNS)],
        slowdown,
        alpha,
        CORRECTIONS[correction],
        tuple(name for name in old if name not in new),
        tuple(name for name in new if name not in old),
        tuple(peers),
        tuple(_differences(*tables)),
    )


def _each_once(paths: Sequence[str | Path]) -> None:
    seen = set()
    for path in paths:
        if (place := Path(path).resolve()) in seen:
            raise UsageError(f"{str(path)!r} is given twice; a run cannot be held against itself")
        seen.add(place)


def _gathered(paths: Sequence[str | Path]) -> dict[str, list[Rounds]]:
    """Gather each benchmark's rounds, file by file."""
    found: dict[str, list[Rounds]] = {}
    for path in paths:
        for name, rounds in benchmarks.rounds(path).items():
            found.setdefault(name, []).append(rounds)
    return found


def _row(
    name: str, old: Sequence[Rounds], new: Sequence[Rounds], slowdown: float, alpha: float
) -> dict[str, object]:
    of_an_example = all(file.examples for file in (*old, *new))
    before, after = (
        [file.seconds / (file.examples or 1) if of_an_example else file.seconds for file in side]
        for side in (old, new)
    )
    found = ratio(before, after)
    low, high = found.interval(alpha)
    return {
        "benchmark": name,
        "files_before": len(before),
        "files_after": len(after),
        "rounds_before": sum(file.size for file in before),
        "rounds_after": sum(file.size for file in after),
        "before": np.median([np.median(file) for file in before]),
        "after": np.median([np.median(file) for file in after]),
        "ratio": found.estimate,
        "ratio_low": low,
        "ratio_high": high,
        "pvalue": min(1.0, 2 * min(found.above(SAME), found.below(1 / SAME))),
        "slower_pvalue": found.above(slowdown),
        "least": found.least,
    }


def ratio(before: Sequence[Times], after: Sequence[Times]) -> Ratio:
    """Estimate the ratio of the seconds of rounds, file by file, on two sides.

    By blocks of rounds where there is one file on each side, else by files; see ``compare``.
    """
    if len(before) == len(after) == 1:
        return RankRatio(blocks(before[0]), blocks(after[0]))
    files = [np.array([np.median(file) for file in side]) for side in (before, after)]
    return StudentRatio(*files)


def _answer(row: pd.Series, alpha: float) -> str:
    if np.isnan(row["adjusted_slower_pvalue"]):
        return TOO_FEW
    if rejected(row["adjusted_slower_pvalue"], alpha):
        return TOO_SLOW
    if rejected(row["adjusted_pvalue"], alpha):
        return SLOWER if row["ratio"] > 1 else FASTER
    return NOT_SEEN


def _differences(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Say where machine and versions are not the same."""
    found = []
    for column in ("machine", "cores", "gpus", "python", "packages"):
        values = [
            ", ".join(sorted(set(map(str, table[column].dropna())))) for table in (before, after)
        ]
        if values[0] != values[1]:
            found.append(
                f"{column}: {values[0] or 'unknown'} before, {values[1] or 'unknown'} after"
            )
    threads = [
        table["threads"].astype(float).groupby(table["name"]).agg(set).to_dict()
        for table in (before, after)
    ]
    changed = [
        name
        for name, known in threads[1].items()
        if name in threads[0] and _known(threads[0][name]) != _known(known)
    ]
    if changed:
        found.append(f"threads: not the same for {', '.join(map(str, changed))}")
    return found


def _known(values: set[float]) -> set[float]:
    return {value for value in values if not np.isnan(value)}
