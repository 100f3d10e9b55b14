"""Size and power of the tests against a known target: the tables of docs/goodness.md.

python -m benchmarks.goodness_tables size|power|coverage|margin [--repetitions 2000] prints one of
them as Markdown (the last is of docs/convergence/sample.md). Seeds are fixed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from gan_eval.distributions.gaussian import Array
from gan_eval.distributions.target import GaussianTarget
from gan_eval.stats import goodness
from gan_eval.stats.battery.equivalence import equivalence, failure_probability
from gan_eval.stats.twosample import TestResult, classical

LEVELS = (0.01, 0.05, 0.1)
Draw = Callable[[np.random.Generator], Array]
Test = Callable[[Array, np.random.Generator], TestResult]


def against(test: Callable[..., TestResult], target: GaussianTarget, **options: object) -> Test:
    """A test of one sample, with the null of its bootstrap simulated once: seed 0."""
    return lambda x, generator: test(x, target, **options)


def between(test: Callable[..., TestResult], target: GaussianTarget) -> Test:
    """A test of two samples, the second drawn from the target, of the same size."""
    return lambda x, generator: test(x, target.sample(len(x), generator))


def exact_tests(target: GaussianTarget) -> dict[str, Test]:
    return {
        "`goodness.likelihood_ratio_test`": against(goodness.likelihood_ratio_test, target),
        "`goodness.hotelling_test`": against(goodness.hotelling_test, target),
        "`goodness.covariance_test`": against(goodness.covariance_test, target),
        "`classical.likelihood_ratio_test`": between(classical.likelihood_ratio_test, target),
        "`classical.hotelling_test`": between(classical.hotelling_test, target),
        "`classical.box_m_test`": between(classical.box_m_test, target),
    }


def bootstrap_tests(target: GaussianTarget, resamples: int) -> dict[str, Test]:
    options = {"resamples": resamples, "rng": 0}
    tests = {
        "`goodness.energy_test`": goodness.energy_test,
        "`goodness.mmd_test`": goodness.mmd_test,
        "`goodness.kernel_stein_test`": goodness.kernel_stein_test,
    }
    return {
        name + suffix: against(test, target, whiten=whiten, **options)
        for name, test in tests.items()
        for suffix, whiten in (("", True), (", `whiten=False`", False))
    }


def pvalues(tests: dict[str, Test], draw: Draw, repetitions: int, seed: int) -> Array:
    """Shape (repetitions, tests): all tests see the same samples."""
    generator = np.random.default_rng(seed)
    rows = []
    for _ in range(repetitions):
        x = draw(generator)
        rows.append([test(x, generator).pvalue for test in tests.values()])
    return np.array(rows)


def print_table(head: list[str], rows: list[list[str]]) -> None:
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def print_sizes(repetitions: int) -> None:
    bands = [stats.binom.interval(0.99, repetitions, level) for level in LEVELS]
    text = ", ".join(f"{a / repetitions:.4f}–{b / repetitions:.4f}" for a, b in bands)
    print(f"Size at {LEVELS}, {repetitions} samples; 99 % bands {text}.\n")
    cases = [(n, d) for n in (20, 200) for d in (1, 2, 10)]
    names: list[str] = []
    columns = []
    for n, d in cases:
        target = GaussianTarget(np.eye(d), np.zeros(d))
        tests = exact_tests(target)
        tests["`goodness.kernel_stein_test`, wild"] = lambda x, generator, target=target: (
            goodness.kernel_stein_test(x, target, null="wild", resamples=199, rng=generator)
        )
        found = pvalues(tests, lambda rng, n=n, t=target: t.sample(n, rng), repetitions, n + d)
        columns.append(
            [" ".join(f"{np.mean(column <= a):.3f}" for a in LEVELS) for column in found.T]
        )
        names = list(tests)
    rows = [[name, *cells] for name, cells in zip(names, zip(*columns, strict=True), strict=True)]
    print_table(["test", *(f"n = {n}, d = {d}" for n, d in cases)], rows)


def print_power(repetitions: int, n: int = 500) -> None:
    """Power at 0.05 on the chapter's target."""
    target = GaussianTarget.chapter()
    _, deviations, axes = np.linalg.svd(target.A)

    def shift(axis: int, size: float) -> Draw:
        step = size * deviations[axis] * axes[axis]
        return lambda rng: target.sample(n, rng) + step

    def scaled(axis: int, factor: float) -> Draw:
        stretch = np.ones(2)
        stretch[axis] = factor
        change = axes.T @ np.diag(stretch) @ axes
        return lambda rng: (target.sample(n, rng) - target.mean) @ change + target.mean

    def heavy(rng: np.random.Generator) -> Array:
        z = rng.standard_normal((n, 2)) / np.sqrt(rng.chisquare(8, (n, 1)) / 6)
        return target.transform(z)

    def clusters(rng: np.random.Generator) -> Array:
        signs = np.where(rng.random((n, 2)) < 0.5, -0.7, 0.7)
        return target.transform(signs + np.sqrt(1 - 0.49) * rng.standard_normal((n, 2)))

    draws: dict[str, Draw] = {
        "none": lambda rng: target.sample(n, rng),
        "shift 0.15 sd, minor axis": shift(1, 0.15),
        "shift 0.15 sd, major axis": shift(0, 0.15),
        "scale 1.1, minor axis": scaled(1, 1.1),
        "scale 1.1, major axis": scaled(0, 1.1),
        "Student t, 8 df, right covariance": heavy,
        "four clusters, right covariance": clusters,
    }
    tests = exact_tests(target) | bootstrap_tests(target, 1999)
    columns = [
        (pvalues(tests, draw, repetitions, seed) <= 0.05).mean(axis=0)
        for seed, draw in enumerate(draws.values())
    ]
    print(f"Power at 0.05, chapter's target, n = {n}, {repetitions} samples.\n")
    rows = [
        [name, *(f"{value:.2f}" for value in row)]
        for name, row in zip(tests, np.transpose(columns), strict=True)
    ]
    print_table(["test", *draws], rows)


def print_coverage(repetitions: int) -> None:
    """Coverage of 95 % intervals."""
    print(f"Coverage of 95 % intervals for KL, d = 2, {repetitions} samples.\n")
    target = GaussianTarget(np.eye(2), [0.0, 0.0])
    laws = {
        "the target": (np.eye(2), np.zeros(2)),
        "shift 0.1": (np.eye(2), np.array([0.1, 0.0])),
        "shift 1": (np.eye(2), np.array([1.0, 0.0])),
        "scale 1.1": (1.1 * np.eye(2), np.zeros(2)),
        "scale 2": (2 * np.eye(2), np.zeros(2)),
        "scale ½": (0.5 * np.eye(2), np.zeros(2)),
    }
    rows = []
    for name, (factor, mean) in laws.items():
        scales = np.diag(factor)
        truth = 0.5 * float((scales**2 - 1 - 2 * np.log(scales) + mean**2).sum())
        cells = []
        for n in (20, 100, 500):
            generator = np.random.default_rng(n)
            covered = 0
            for _ in range(repetitions):
                x = generator.standard_normal((n, 2)) @ factor + mean
                result = goodness.likelihood_ratio_test(x, target)
                low, high = result.confidence_interval or (1.0, 0.0)
                covered += low <= truth <= high
            cells.append(f"{covered / repetitions:.3f}")
        rows.append([name, f"{truth:.4f}", *cells])
    print_table(["x's law", "KL", "n = 20", "n = 100", "n = 500"], rows)


def print_margin(repetitions: int) -> None:
    """How often `equivalence` passes laws whose mean and covariance lie exactly at the margin."""
    print(f"Samples of laws at a margin that pass, of {repetitions}; all, and with the shape.\n")
    rows = []
    for n, d, margin in ((30, 1, 0.3), (60, 1, 0.1), (150, 1, 0.1), (500, 1, 0.1), (60, 2, 0.1),
                         (150, 2, 0.1), (500, 2, 0.1), (300, 5, 0.1)):  # fmt: skip
        target = GaussianTarget(np.eye(d), np.zeros(d))
        cells = []
        for law in ("gaussian", "t8", "t5", "t4", "lognormal"):
            scale = float(
                optimize.root_scalar(
                    lambda s, d=d, m=margin: d * (s * s - 1 - 2 * np.log(s)) / 2 - m, bracket=(1, 9)
                ).root
            )
            rng = np.random.default_rng([n, d])
            found = [
                equivalence(scale * _standard(law, rng, n, d), target, margin=margin)
                for _ in range(repetitions)
            ]
            bound = np.mean([one.upper <= one.margin for one in found])
            cells.append(f"{bound:.3f} {np.mean([one.passed for one in found]):.3f}")
        truth = failure_probability(n, d, margin, 0.95)
        rows.append([str(d), str(n), f"{margin:g}", *cells, f"{truth:.3f}"])
    head = ["d", "n", "margin", "Gaussian", "t, 8 df", "t, 5 df", "t, 4 df", "lognormal, σ = ½"]
    print_table([*head, "the target fails"], rows)


def _standard(law: str, rng: np.random.Generator, n: int, d: int) -> Array:
    """Rows of mean 0 and covariance I."""
    z = rng.standard_normal((n, d))
    if law == "gaussian":
        return z
    if law == "lognormal":
        return (np.exp(z / 2) - np.exp(1 / 8)) / np.sqrt(np.exp(1 / 2) - np.exp(1 / 4))
    freedom = float(law.removeprefix("t"))
    return z / np.sqrt(rng.chisquare(freedom, (n, 1)) / (freedom - 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    tables = {
        "size": print_sizes, "power": print_power, "coverage": print_coverage,
        "margin": print_margin,
    }  # fmt: skip
    parser.add_argument("table", choices=tables)
    parser.add_argument("--repetitions", type=int, default=2000)
    arguments = parser.parse_args()
    tables[arguments.table](arguments.repetitions)


if __name__ == "__main__":
    main()
