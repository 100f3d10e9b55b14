"""The size of the tests of mixed rows under equal distributions.

    python -m benchmarks.mixed_certificates --repetitions 2000

Prints how often each test rejects at level 5 %, beside the bounds that a fair test keeps 99 times
of 100, for each kind of table. The repetitions of a case have the seeds 0, 1, 2, ….
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import binom

from gan_eval.runtime.threads import cores
from gan_eval.stats.battery.battery import battery
from gan_eval.stats.mixed import MISSING, MixedRows, embed
from gan_eval.stats.twosample import energy_test, mmd_test

ALPHA, ROWS, PERMUTATIONS = 0.05, (60, 80), 199
TESTS = ("mmd", "energy", "fuse", "columns")
LEVELS = (("a", "b", "c"), ("yes", "no"))

Draw = np.random.Generator
Groups = tuple[Any, Any] | None


def rows(n: int, generator: Draw, rare: float = 0.3) -> MixedRows:
    """Draw three skewed numbers and two categories that depend on them."""
    numbers = np.exp(
        generator.normal(size=(n, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.3], [0, 0, 1]])
    )
    numbers[:, 2] = np.round(numbers[:, 2], 1)
    first = np.where(generator.random(n) < rare, 2, (numbers[:, 0] > 1).astype(np.intp))
    second = (generator.random(n) < 0.5 + 0.3 * (numbers[:, 1] > 1)).astype(np.intp)
    return of(numbers, np.column_stack([first, second]))


def of(numbers: np.ndarray, categories: np.ndarray) -> MixedRows:
    """Name the columns."""
    return MixedRows(numbers, categories, ("x", "y", "z"), ("kind", "answer"), LEVELS)


def holes(table: MixedRows, generator: Draw, *, at_random: bool) -> MixedRows:
    """Lose a fifth of the values: anywhere, or the larger ones of a column and what follows."""
    numbers, categories = table.numbers.copy(), table.categories.copy()
    if at_random:
        numbers[generator.random(numbers.shape) < 0.2] = np.nan
        categories[generator.random(categories.shape) < 0.2] = MISSING
        return of(numbers, categories)
    lost = generator.random(len(numbers)) < np.where(numbers[:, 0] > 1, 0.35, 0.05)
    numbers[lost, 0] = np.nan
    categories[lost & (numbers[:, 1] > 1), 0] = MISSING
    return of(numbers, categories)


def independent(draw: Callable[[int, Draw], MixedRows], generator: Draw) -> tuple[Any, Any, Groups]:
    """Draw two tables of independent rows."""
    return draw(ROWS[0], generator), draw(ROWS[1], generator), None


def grouped(generator: Draw, *, told: bool) -> tuple[Any, Any, Groups]:
    """Draw two tables in which a person has three or four rows that are nearly the same."""
    tables, groups = [], []
    for people in (20, 24):
        table = rows(people, generator)
        person = np.repeat(np.arange(people), 3 + generator.integers(0, 2, people))
        numbers = table.numbers[person] * np.exp(0.05 * generator.normal(size=(len(person), 3)))
        tables.append(of(numbers, table.categories[person]))
        groups.append(person)
    return tables[0], tables[1], (groups[0], groups[1]) if told else None


CASES: dict[str, Callable[[Draw], tuple[Any, Any, Groups]]] = {
    "numbers and categories": partial(independent, rows),
    "a level of 1 %": partial(independent, lambda n, g: rows(n, g, 0.01)),
    "missing anywhere": partial(independent, lambda n, g: holes(rows(n, g), g, at_random=True)),
    "missing where large": partial(independent, lambda n, g: holes(rows(n, g), g, at_random=False)),
    "groups": partial(grouped, told=True),
    "as large tables": partial(independent, rows),
    "groups, not told of": partial(grouped, told=False),
}
"""The last is no fair test: it shows what `groups` is for."""


def pvalues(case: str, seed: int) -> list[float]:
    """Return the p-values of all tests of one pair of tables; NaN for one that has none."""
    x, y, groups = CASES[case](np.random.default_rng([seed, list(CASES).index(case)]))
    if case == "as large tables":
        points = embed(x, y)
        options: dict[str, Any] = {"permutations": PERMUTATIONS, "rng": seed}
        found = [
            mmd_test(*points, method="features", **options),
            energy_test(*points, method="landmarks", **options),
            mmd_test(*points, method="features", bandwidth="fuse", **options),
        ]
        return [result.pvalue for result in found] + [np.nan]
    answer = battery(x, y, tests=TESTS, permutations=PERMUTATIONS, groups=groups, rng=seed)
    return [answer.results[name].pvalue if name in answer.results else np.nan for name in TESTS]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--workers", type=int, default=cores())
    given = parser.parse_args()
    count = given.repetitions
    low, high = binom.interval(0.99, count, ALPHA)
    print(f"99 % of fair tests reject in {low / count:.4f} to {high / count:.4f} of {count}.\n")
    print(f"| table | {' | '.join(TESTS)} |\n|{'---|' * (1 + len(TESTS))}")
    with ProcessPoolExecutor(given.workers) as pool:
        for case in given.cases:
            found = np.array(list(pool.map(partial(pvalues, case), range(count), chunksize=25)))
            shares = (found <= ALPHA + 1e-9).mean(axis=0)
            none = np.atleast_1d(np.isnan(found).all(axis=0))
            cells = ["–" if n else f"{s:.4f}" for s, n in zip(shares, none, strict=True)]
            print(f"| {case} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
