"""Whether benchmarks became slower from one file to another, judged by their raw rounds."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from gan_eval import throughput
from gan_eval.correction import CORRECTIONS, adjusted_pvalues, level
from gan_eval.errors import UsageError

COLUMNS = (
    *("benchmark", "rounds_before", "rounds_after", "before", "after"),
    *("ratio", "ratio_low", "ratio_high", "pvalue", "adjusted_pvalue"),
    *("slower_pvalue", "adjusted_slower_pvalue", "answer"),
)
"""The columns of ``Comparison.table``, in order."""

ANSWERS = ("too slow", "slower", "faster", "no difference seen", "too few rounds")

RESAMPLES = 9999
"""Of the bootstrap."""

_MOST_EXACT = 2000
"""Product of the rounds up to which the test's p-value is computed exactly."""

Rounds = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """What became of each benchmark that both files have.

    ``table`` has the columns ``COLUMNS``; ``only_before`` and ``only_after`` are the names of those
    that one file lacks; ``differences`` are sentences on what else differs between the runs.
    """

    table: pd.DataFrame
    slowdown: float
    alpha: float
    correction: str
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Whether nothing is slower than allowed with confidence."""
        return not (self.table["answer"] == "too slow").any()


def compare(
    before: str | Path,
    after: str | Path,
    *,
    slowdown: float = 1.2,
    alpha: float = 0.05,
    correction: str = "holm",
    rng: int = 0,
) -> Comparison:
    """Hold the rounds of one file of pytest-benchmark against those of an earlier one.

    A benchmark's ``ratio`` is the median of ``after`` over that of ``before``, in seconds an
    example where both say how many examples a call has, else in seconds: 2 is twice as slow. Its
    interval, of confidence 1 − alpha, is the percentile bootstrap of the medians' ratio over both
    files' rounds (Efron & Tibshirani 1993, chapter 13); of fewer than about 8 rounds it is too
    narrow, which is why nothing is decided by it. What decides are two Mann–Whitney tests on the
    raw rounds, exact where there are not too many: ``pvalue`` of no difference, two-sided, and
    ``slower_pvalue`` of a slowdown of at most ``slowdown``, one-sided, that is of ``before`` times
    ``slowdown`` against ``after``. Each is adjusted over the benchmarks whose number of rounds
    could reach ``alpha`` at all; the others have NaN in the adjusted columns.

    ``answer`` is ``too slow`` where the adjusted ``slower_pvalue`` is at most ``alpha``, else
    ``slower`` or ``faster`` where the adjusted ``pvalue`` is, else ``no difference seen``, and
    ``too few rounds`` where no outcome could have been significant.

    The tests take rounds as independent: they tell two runs apart, not yet two versions of the
    code. A machine that was busy in one of the runs makes them differ.

    Parameters
    ----------
    before, after : str or Path
        Files of pytest-benchmark with raw rounds (``throughput.rounds``).
    slowdown : float, optional
        The ratio that is allowed, at least 1.
    alpha : float, optional
        The level of each of the two families of tests.
    correction : {"holm", "benjamini-hochberg"}, optional
        See ``gan_eval.correction``.
    rng : int, optional
        Seed of the bootstrap.

    Raises
    ------
    UsageError
        As ``throughput.rounds``; where no benchmark is in both files; for options out of range.
    """
    if not (np.isfinite(slowdown) and slowdown >= 1):
        raise UsageError(f"`slowdown` must be at least 1 and finite, got {slowdown:g}")
    level(alpha)
    old, new = throughput.rounds(before), throughput.rounds(after)
    names = [name for name in new if name in old]
    if not names:
        raise UsageError(f"{str(before)!r} and {str(after)!r} have no benchmark in common")
    generator = np.random.default_rng(rng)
    rows = []
    for name in names:
        (a, examples_a), (b, examples_b) = old[name], new[name]
        if examples_a and examples_b:
            a, b = a / examples_a, b / examples_b
        low, high = _interval(a, b, alpha, generator)
        rows.append(
            {
                "benchmark": name,
                "rounds_before": a.size,
                "rounds_after": b.size,
                "before": np.median(a),
                "after": np.median(b),
                "ratio": np.median(b) / np.median(a),
                "ratio_low": low,
                "ratio_high": high,
                "pvalue": _mann_whitney(a, b, "two-sided"),
                "slower_pvalue": _mann_whitney(a * slowdown, b, "less"),
            }
        )
    table = pd.DataFrame(rows)
    ways = np.array([comb(a + b, a) for a, b in zip(*_sizes(table), strict=True)], dtype=float)
    for name, least in (("pvalue", 2 / ways), ("slower_pvalue", 1 / ways)):
        able = least <= alpha
        adjusted = np.full(len(table), np.nan)
        adjusted[able] = adjusted_pvalues(table[name].to_numpy()[able], correction)
        table[f"adjusted_{name}"] = adjusted
    table["answer"] = [_answer(row, alpha) for _, row in table.iterrows()]
    return Comparison(
        table[list(COLUMNS)],
        slowdown,
        alpha,
        CORRECTIONS[correction],
        tuple(name for name in old if name not in new),
        tuple(name for name in new if name not in old),
        tuple(_differences(throughput.read(before), throughput.read(after))),
    )


def _interval(a: Rounds, b: Rounds, alpha: float, rng: np.random.Generator) -> tuple[float, float]:
    """Percentile bootstrap of the ratio of medians; NaN where a file has one round."""
    if min(a.size, b.size) < 2:
        return np.nan, np.nan
    medians = [np.median(rng.choice(sample, (RESAMPLES, sample.size)), axis=1) for sample in (a, b)]
    low, high = np.quantile(medians[1] / medians[0], [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)


def _mann_whitney(a: Rounds, b: Rounds, alternative: str) -> float:
    tied = np.unique(np.concatenate([a, b])).size < a.size + b.size
    exact = a.size * b.size <= _MOST_EXACT and not tied
    method = "exact" if exact else "asymptotic"
    if np.unique(np.concatenate([a, b])).size == 1:
        return 1.0  # every round the same: SciPy's approximation divides by nothing
    return float(stats.mannwhitneyu(a, b, alternative=alternative, method=method).pvalue)


def _sizes(table: pd.DataFrame) -> tuple[list[int], list[int]]:
    return list(table["rounds_before"]), list(table["rounds_after"])


def _answer(row: pd.Series, alpha: float) -> str:
    if row["adjusted_slower_pvalue"] <= alpha:
        return "too slow"
    if row["adjusted_pvalue"] <= alpha:
        return "slower" if row["ratio"] > 1 else "faster"
    able = np.isfinite(row["adjusted_slower_pvalue"])
    return "no difference seen" if able else "too few rounds"


def _differences(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """What of the machine and the versions is not the same."""
    found = []
    for column in ("machine", "cores", "gpus", "python", "packages"):
        values = [
            ", ".join(sorted(set(map(str, table[column].dropna())))) for table in (before, after)
        ]
        if values[0] != values[1]:
            found.append(
                f"{column}: {values[0] or 'unknown'} before, {values[1] or 'unknown'} after"
            )
    threads = [table.set_index("name")["threads"].to_dict() for table in (before, after)]
    changed = [
        name
        for name in threads[1]
        if name in threads[0]
        and threads[0][name] != threads[1][name]
        and not (pd.isna(threads[0][name]) and pd.isna(threads[1][name]))
    ]
    if changed:
        found.append(f"threads: not the same for {', '.join(map(str, changed))}")
    return found
