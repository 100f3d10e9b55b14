"""How often ``gan-eval throughput --against`` calls the same code slower, and misses slower code.

``python -m benchmarks.gate_tables FILE…`` takes files of ``pytest benchmarks/``, all of one code on
one machine, and prints three tables as Markdown. (1) How much a benchmark's rounds differ within a
file, and its medians between files. (2) Every ordered pair of files, as it is and with the second
one 1.5 times slower: how often the gate answers what. (3) The same of files that are made up: a
benchmark has the rounds of a file that was drawn, in blocks of five that were drawn too, times a
factor of the whole file that is common to all its benchmarks, and one of each benchmark.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.speed import benchmarks as throughput
from gan_eval.investigations.speed.slowdown import ratio
from gan_eval.stats.multiple import adjusted_pvalues, could_reject, rejected

SLOWDOWN, ALPHA, SLOWER = 1.2, 0.05, 1.5
BLOCK = 5
Rounds = NDArray[np.float64]
File = dict[str, Rounds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--repetitions", type=int, default=200, help="of (3); 0 leaves it out")
    parser.add_argument("--threads", type=int, help="only benchmarks that note as many")
    parser.add_argument("--benchmarks", type=int, default=24, help="of a file that is made up")
    arguments = parser.parse_args()
    files = [_read(path, arguments.threads) for path in arguments.files]
    print_spread(files)
    print_pairs(files)
    if arguments.repetitions:
        print_model(files, arguments.repetitions, arguments.benchmarks)


def _read(path: Path, threads: int | None) -> File:
    rounds, noted = throughput.rounds(path), throughput.read(path)["threads"]
    return {
        name: found.seconds
        for (name, found), number in zip(rounds.items(), noted, strict=True)
        if threads in (None, number)
    }


def too_slow(before: Sequence[File], after: Sequence[File], factors: dict[str, float]) -> set[str]:
    """The benchmarks that the gate calls too slow, ``after`` made slower by these factors."""
    found = {
        name: ratio([file[name] for file in before], [file[name] * factor for file in after])
        for name, factor in factors.items()
    }
    able = could_reject([one.least for one in found.values()], ALPHA)
    if not able.all():
        raise SystemExit("too few rounds")
    adjusted = adjusted_pvalues([one.above(SLOWDOWN) for one in found.values()])
    return {name for name, slow in zip(found, rejected(adjusted, ALPHA), strict=True) if slow}


def rates(
    draw: Callable[[], tuple[Sequence[File], Sequence[File]]], repetitions: int
) -> tuple[float, float]:
    """Of pairs of sides: the share in which any benchmark of the same code is called too slow, and
    the share of benchmarks that are found where they alone are slower."""
    alarms, seen = [], []
    for turn in range(repetitions):
        before, after = draw()
        names = [name for name in before[0] if all(name in f for f in (*before, *after))]
        alarms.append(bool(too_slow(before, after, dict.fromkeys(names, 1.0))))
        slow = names[turn % len(names)]
        found = too_slow(before, after, {name: SLOWER if name == slow else 1.0 for name in names})
        seen.append(slow in found)
    return float(np.mean(alarms)), float(np.mean(seen))


def print_spread(files: Sequence[File]) -> None:
    _head("benchmark", "rounds", "within a file", f"between {len(files)} files", "1.5 times found")
    for name in files[0]:
        logs = [np.log(file[name]) for file in files if name in file]
        within = np.median([_spread(log) for log in logs])
        between = np.std([np.median(log) for log in logs], ddof=1)
        rounds = sorted({log.size for log in logs})
        pairs = list(itertools.permutations([f for f in files if name in f], 2))
        seen = np.mean([name in too_slow([a], [b], _one_slower(a, b, name)) for a, b in pairs])
        print(
            f"| `{name.rpartition('::')[2]}` | {rounds[0]} … {rounds[-1]} | {within:.1%} "
            f"| {between:.1%} | {seen:.0%} |"
        )
    print()


def _one_slower(before: File, after: File, name: str) -> dict[str, float]:
    return {key: SLOWER if key == name else 1.0 for key in before if key in after}


def _head(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")
    print("|---" * len(cells) + "|")


def _spread(logs: Rounds) -> float:
    """Half of the range of the middle 68 %."""
    return float(np.subtract(*np.quantile(logs, [0.84, 0.16])) / 2)


def print_pairs(files: Sequence[File]) -> None:
    _head("files on each side", "pairs of sides", "any called too slow", "1.5 times slower found")
    for size in (1, 2, 3, 4):
        splits = [
            ([files[i] for i in first], [files[i] for i in second])
            for first in itertools.combinations(range(len(files)), size)
            for second in itertools.combinations(range(len(files)), size)
            if not set(first) & set(second)
        ]
        if splits:
            some = np.random.default_rng(0).permutation(len(splits))[:300]
            turns = iter([splits[i] for i in some])
            alarm, seen = rates(lambda turns=turns: next(turns), some.size)
            print(
                f"| {size} | {some.size} of {len(splits)} | {alarm:.1%} | {seen:.1%} |", flush=True
            )
    print()


def print_model(files: Sequence[File], repetitions: int, benchmarks: int) -> None:
    rng = np.random.default_rng(1)
    print(f"{benchmarks} benchmarks, {repetitions} pairs of sides.\n")
    _head(
        *("spread of whole files", "of a benchmark between files", "files on each side"),
        *("any called too slow", "1.5 times slower found"),
    )
    for common, own in ((0, 0), (0.02, 0.02), (0.05, 0.05), (0.1, 0.05), (0.2, 0.05)):
        for size in (1, 3, 5):

            def draw(common: float = common, own: float = own, size: int = size):
                kinds = [list(files[0])[i] for i in rng.integers(0, len(files[0]), benchmarks)]
                made = [_made(files, kinds, common, own, rng) for _ in range(2 * size)]
                return made[:size], made[size:]

            alarm, seen = rates(draw, repetitions)
            print(f"| {common:.0%} | {own:.0%} | {size} | {alarm:.1%} | {seen:.1%} |", flush=True)


def _made(
    files: Sequence[File], kinds: Sequence[str], common: float, own: float, rng: np.random.Generator
) -> File:
    level = np.exp(common * rng.standard_normal())
    made = {}
    for number, kind in enumerate(kinds):
        having = [file[kind] for file in files if kind in file]
        rounds = having[rng.integers(len(having))]
        starts = rng.integers(0, max(rounds.size - BLOCK + 1, 1), -(-rounds.size // BLOCK))
        series = np.concatenate([rounds[at : at + BLOCK] for at in starts])[: rounds.size]
        factor = level * np.exp(own * rng.standard_normal())
        made[str(number)] = series / np.median(rounds) * factor
    return made


if __name__ == "__main__":
    main()
