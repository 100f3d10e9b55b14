"""Which of our measures passes which sanity check of generative metrics?

``python -m benchmarks.sanity_checks`` prints the table of ``docs/coverage.md`` as Markdown. The
checks are the 14 of O. Räisä, B. van Breugel, M. van der Schaar, "Position: All current generative
fidelity and diversity metrics are flawed", ICML 2025, on samples of 1,000 rows, whitened by all of
them for coverage (by the real ones alone, its p-values would not be exact) and by the real ones for
worths. Sizes, dimensions and what counts as passed are ours, and stand in each function below: a
measure of fidelity (precision, density) has to be near its best where all generated rows are of the
real distribution and near 0 where none is; one of diversity (recall, coverage) the same with real
rows; a worth has to be large where the distributions are equal, and to fall as they part; the
battery has to tell them apart where they differ. A check is passed if it is with every seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.battery.battery import battery
from gan_eval.stats.coverage import MEASURES, coverage
from gan_eval.stats.worth import worth

Array = NDArray[np.float64]
N = 1000
FIDELITY, DIVERSITY = ("precision", "density"), ("recall", "coverage")
WORTHS = ("worth_energy", "worth_mmd")
NAMES = (*MEASURES, *WORTHS, "battery")
LOW, HIGH = 0.1, 0.9

Values = dict[str, list[float]]


@dataclass(frozen=True)
class Check:
    """A check: its settings as pairs of samples, and what each kind of measure has to do.

    ``equal`` says in which settings the distributions are equal, for worths and the battery.
    ``fidelity``, ``diversity`` and ``worth`` judge the values in the order of the settings.
    """

    title: str
    settings: list[tuple[Array, Array]]
    equal: list[bool]
    fidelity: Callable[[Array], bool] | None
    diversity: Callable[[Array], bool] | None
    worth: Callable[[Array], bool] | None = None


def falls(values: Array) -> bool:
    """From high to low, never up by more than noise."""
    return bool(values[0] >= HIGH and values[-1] <= LOW and (np.diff(values) <= 0.05).all())


def sinks(values: Array) -> bool:
    """Worths: never up by more than a tenth, and at the end below a tenth of the first."""
    return bool((values[1:] <= 1.1 * values[:-1]).all() and values[-1] <= 0.1 * values[0])


def low(values: Array) -> bool:
    return bool((values <= LOW).all())


def gaussian(rng: np.random.Generator, d: int = 8) -> Array:
    return rng.normal(size=(N, d))


def mean_difference(rng: np.random.Generator) -> Check:
    settings = [(gaussian(rng), gaussian(rng) + shift) for shift in (0.0, 0.5, 1.0, 2.0, 4.0)]
    return Check("Gaussian mean difference", settings, [True] + 4 * [False], falls, falls, sinks)


def outlier(rng: np.random.Generator) -> Check:
    settings = []
    for shift in (0.0, 0.5, 1.0, 2.0, 4.0):
        real, generated = gaussian(rng), gaussian(rng) + shift
        real[0], generated[0] = 4.0, 0.0
        settings.append((real, generated))
    return Check("the same with an outlier", settings, [True] + 4 * [False], falls, falls, sinks)


def deviation_difference(rng: np.random.Generator) -> Check:
    spreads = (0.1, 0.3, 1.0, 3.0, 10.0)

    def faithful(values: Array) -> bool:
        return bool((values[:3] >= HIGH).all() and values[-1] <= LOW)

    def diverse(values: Array) -> bool:
        return bool(values[0] <= LOW and values[2] >= HIGH)  # wider ones: either answer

    def worth(values: Array) -> bool:
        return sinks(values[2:]) and sinks(values[2::-1])

    settings = [(gaussian(rng), spread * gaussian(rng)) for spread in spreads]
    equal = [spread == 1.0 for spread in spreads]
    return Check("Gaussian deviation difference", settings, equal, faithful, diverse, worth)


def disjoint_dimension(rng: np.random.Generator) -> Check:
    settings = []
    for identical in (1, 8, 32, 64):
        real, generated = gaussian(rng, identical + 1), gaussian(rng, identical + 1)
        real[:, 0], generated[:, 0] = rng.random(N), 2 + rng.random(N)
        settings.append((real, generated))
    return Check(
        "one disjoint dimension, many identical", settings, 4 * [False], low, low,
        lambda values: bool((values <= N / 10).all()),
    )  # fmt: skip


def scaling(rng: np.random.Generator) -> Check:
    real, generated = gaussian(rng), 0.5 + gaussian(rng)
    unit = np.ones(8)
    settings = []
    for size in (1e-3, 1.0, 1e3):
        unit[0] = size
        settings.append((real * unit, generated * unit))

    def same(values: Array) -> bool:
        return bool(np.ptp(values) <= 0.01 * values.max())

    return Check("scaling of one dimension", settings, 3 * [False], same, same, same)


def mode_collapse(rng: np.random.Generator) -> Check:
    settings = []
    for apart in (0.0, 2.0, 4.0, 8.0):
        real = gaussian(rng, 2) + apart * rng.choice([-1.0, 1.0], size=N)[:, None]
        wide = rng.normal(size=(N, 2)) @ np.linalg.cholesky(np.eye(2) + apart**2).T
        settings.append((real, wide))

    def faithful(values: Array) -> bool:
        return bool(values[0] >= HIGH and values[-1] <= 0.5 and (np.diff(values) <= 0.05).all())

    def diverse(values: Array) -> bool:
        return bool(values[0] >= HIGH)  # all real rows are reached, but thinly: either answer

    def worth(values: Array) -> bool:
        return bool(values[1:].max() <= 0.1 * values[0])

    equal = [True, False, False, False]
    return Check("mode collapse to a wide one", settings, equal, faithful, diverse, worth)


def first(count: int) -> Array:
    """Ten modes, of which the first so many have any rows."""
    return np.array([1.0] * count + [0.0] * (10 - count))


def modes(rng: np.random.Generator, weights: Array) -> Array:
    centres = 20.0 * np.arange(len(weights))
    of = rng.choice(len(weights), size=N, p=weights / weights.sum())
    return np.column_stack([centres[of], np.zeros(N)]) + rng.normal(size=(N, 2))


def dropping_and_invention(rng: np.random.Generator) -> Check:
    counts = (1, 3, 5, 7, 10)
    settings = [(modes(rng, first(5)), modes(rng, first(count))) for count in counts]

    def faithful(values: Array) -> bool:
        return bool((values[:3] >= HIGH).all() and abs(values[-1] - 0.5) <= 0.1)

    def diverse(values: Array) -> bool:
        return bool(np.abs(values - [0.2, 0.6, 1.0, 1.0, 1.0]).max() <= 0.15)

    def worth(values: Array) -> bool:
        return bool(np.delete(values, 2).max() <= 0.1 * values[2])

    equal = [count == 5 for count in counts]
    return Check("mode dropping and invention", settings, equal, faithful, diverse, worth)


def sequential_dropping(rng: np.random.Generator) -> Check:
    kept = (10, 7, 4, 1)
    settings = [(modes(rng, first(10)), modes(rng, first(count))) for count in kept]

    def diverse(values: Array) -> bool:
        return bool(np.abs(values - [1.0, 0.7, 0.4, 0.1]).max() <= 0.15)

    return Check(
        "sequential mode dropping", settings, [True] + 3 * [False],
        lambda values: bool((values >= HIGH).all()), diverse, sinks,
    )  # fmt: skip


def simultaneous_dropping(rng: np.random.Generator) -> Check:
    settings = []
    for share in (0.0, 0.5, 0.9, 0.98):
        weights = np.full(10, (1 - share) / 10)
        weights[0] += share
        settings.append((modes(rng, first(10)), modes(rng, weights)))

    def diverse(values: Array) -> bool:
        return bool(values[0] >= HIGH and values[-1] <= 0.5 and (np.diff(values) <= 0.05).all())

    return Check(
        "simultaneous mode dropping", settings, [True] + 3 * [False],
        lambda values: bool((values >= HIGH).all()), diverse, sinks,
    )  # fmt: skip


def steady(values: Array) -> bool:
    return bool(np.ptp(values) <= 0.05)


def cube_sizes(rng: np.random.Generator) -> Check:
    settings = [tuple(rng.random((2, size, 32))) for size in (250, 1000, 4000)]
    return Check("hypercube, varying size", settings, 3 * [True], steady, steady, None)


def cube_generated_sizes(rng: np.random.Generator) -> Check:
    settings = [(rng.random((N, 32)), rng.random((size, 32))) for size in (250, 1000, 4000)]
    return Check("hypercube, varying generated size", settings, 3 * [True], steady, steady, None)


def sphere_surface(rng: np.random.Generator, d: int = 32) -> Check:
    def surface(radius: float) -> Array:
        rows = rng.normal(size=(N, d))
        return radius * rows / np.linalg.norm(rows, axis=1, keepdims=True)

    radii = (0.5, 0.8, 1.0, 1.25, 2.0)

    def right(values: Array) -> bool:
        # 32 dimensions: beside what equal distributions give, which is no 1.
        return bool(values[[0, 1, 3, 4]].max() <= LOW and values[2] > 0.3)

    def worth(values: Array) -> bool:
        return sinks(values[2:]) and sinks(values[2::-1])

    settings = [(surface(1.0), surface(radius)) for radius in radii]
    equal = [radius == 1.0 for radius in radii]
    return Check("hypersphere surface", settings, equal, right, right, worth)


def sphere_and_torus(rng: np.random.Generator) -> Check:
    sphere = rng.normal(size=(N, 3))
    sphere *= 0.8 / np.linalg.norm(sphere, axis=1, keepdims=True)
    around, across = 2 * np.pi * rng.random((2, N))
    ring = 1.6 + 0.4 * np.cos(across)
    torus = np.column_stack([ring * np.cos(around), ring * np.sin(around), 0.4 * np.sin(across)])
    return Check(
        "sphere and torus", [(sphere, torus), (torus, sphere)], [False, False], low, low,
        lambda values: bool((values <= N / 10).all()),
    )  # fmt: skip


def discrete(rng: np.random.Generator) -> Check:
    settings = [(gaussian(rng), gaussian(rng).round()), (gaussian(rng).round(), gaussian(rng))]
    return Check(
        "discrete and continuous numbers", settings, [False, False], low, low,
        lambda values: bool((values < 10 * N).all()),
    )  # fmt: skip


def pareto(rng: np.random.Generator) -> Check:
    settings = []
    for shift in (0.0, 0.5, 1.0, 2.0, 4.0):
        pair = gaussian(rng), gaussian(rng) + shift
        settings.append(tuple(np.column_stack([rows, rng.pareto(1.5, size=N)]) for rows in pair))
    return Check(
        "Gaussian mean difference, Pareto beside it", settings, [True] + 4 * [False], falls, falls,
        sinks,
    )  # fmt: skip


CHECKS = (
    *(mean_difference, outlier, deviation_difference, disjoint_dimension, scaling),
    *(mode_collapse, dropping_and_invention, sequential_dropping, simultaneous_dropping),
    *(cube_sizes, cube_generated_sizes, sphere_surface, sphere_and_torus, discrete, pareto),
)


def whitened(by: Array, *samples: Array) -> Iterator[Array]:
    """Yield samples in coordinates in which ``by`` has mean 0 and covariance I."""
    factor = np.linalg.cholesky(np.atleast_2d(np.cov(by.T)))
    for rows in samples:
        yield np.linalg.solve(factor, (rows - by.mean(axis=0)).T).T


def judged(check: Check, rng: np.random.Generator) -> dict[str, str]:
    """For each measure: passed, failed, by its expectation only, or a dash where none is asked."""
    values: dict[str, list[float]] = {name: [] for name in (*MEASURES, *WORTHS)}
    shown: dict[str, list[bool]] = {name: [] for name in MEASURES}
    told = []
    for real, generated in check.settings:
        pooled = np.concatenate([real, generated])
        found = coverage(*whitened(pooled, real, generated), permutations=199, rng=rng)
        for name, one in found.measures.items():
            values[name].append(one.value)
            shown[name].append(one.pvalue > 0.01)
        for name in WORTHS:
            rows = worth(real, generated, by=name.removeprefix("worth_")).value
            # Beyond ten times the rows there is no telling how much.
            values[name].append(min(rows, 10.0 * len(real)))
        told.append(battery(real, generated, rng=rng, alpha=0.01).told_apart)
    wanted = {
        **dict.fromkeys(FIDELITY, check.fidelity),
        **dict.fromkeys(DIVERSITY, check.diversity),
        **dict.fromkeys(WORTHS, check.worth),
    }
    marks = {}
    for name, rule in wanted.items():
        if rule is None:
            marks[name] = "–"
            continue
        passed = rule(np.array(values[name]))
        beside = all(check.equal) and all(shown.get(name, [False]))
        marks[name] = "✓" if passed else "p" if beside else "✗"
    right = [told_apart is not equal for told_apart, equal in zip(told, check.equal, strict=True)]
    marks["battery"] = "✓" if all(right) else "✗"
    print(f"# {check.title}: {rounded(values)} {told}", flush=True)
    return marks


def rounded(values: Values) -> str:
    return "; ".join(f"{name} {' '.join(f'{v:.3g}' for v in of)}" for name, of in values.items())


def rows(seeds: int) -> Iterator[list[str]]:
    for make in CHECKS:
        found, title = [], ""
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            check = make(rng)
            title = check.title
            found.append(judged(check, rng))
        order = "✓–p✗"
        yield [title, *(max((one[n] for one in found), key=order.index) for n in NAMES)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    lines = list(rows(arguments.seeds))
    print("| check |", " | ".join(name.replace("_", " ") for name in NAMES), "|")
    print("|---" * (1 + len(NAMES)) + "|")
    for line in lines:
        print("|", " | ".join(line), "|")


if __name__ == "__main__":
    main()
