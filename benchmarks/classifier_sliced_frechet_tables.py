"""The tables of docs/classifier-sliced-frechet.md: size, power, coverage and seconds.

python -m benchmarks.classifier_sliced_frechet_tables size|power|coverage|tails|seconds
[--repetitions 200] prints one as Markdown. Seeds are fixed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy import stats

from benchmarks.goodness_tables import print_table
from gan_eval.distributions.gaussian import Array
from gan_eval.distributions.target import GaussianTarget
from gan_eval.stats.twosample import TestResult, classical, mmd_test
from gan_eval.stats.twosample.classifier import classifier_test
from gan_eval.stats.twosample.frechet import frechet_distance
from gan_eval.stats.twosample.sliced_wasserstein import sliced_wasserstein_test

LEVELS = (0.01, 0.05, 0.1)
Test = Callable[[Array, Array, np.random.Generator], TestResult]
Draw = Callable[[np.random.Generator], Array]


def permutation_tests(permutations: int) -> dict[str, Test]:
    def quadratic(x: Array, y: Array, rng: np.random.Generator) -> TestResult:
        return classifier_test(x, y, permutations=permutations, rng=rng)

    def chapter(x: Array, y: Array, rng: np.random.Generator) -> TestResult:
        return classifier_test(x, y, classifier="chapter", permutations=permutations, rng=rng)

    def sliced(order: int) -> Test:
        return lambda x, y, rng: sliced_wasserstein_test(
            x, y, order=order, projections=30, permutations=permutations, rng=rng
        )

    return {
        'classifier, `"quadratic"`': quadratic,
        'classifier, `"chapter"`': chapter,
        "sliced Wasserstein, order 1": sliced(1),
        "sliced Wasserstein, order 2": sliced(2),
    }


def pvalues(test: Test, draw_x: Draw, draw_y: Draw, repetitions: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    return np.array([test(draw_x(rng), draw_y(rng), rng).pvalue for _ in range(repetitions)])


def print_size(repetitions: int) -> None:
    bands = [stats.binom.interval(0.99, repetitions, level) for level in LEVELS]
    text = ", ".join(f"{a / repetitions:.3f}–{b / repetitions:.3f}" for a, b in bands)
    print(f"Size at {LEVELS}, {repetitions} pairs of samples; 99 % bands {text}.\n")
    cases: dict[str, tuple[Draw, Draw]] = {
        "n = m = 30, d = 2": (lambda g: g.normal(size=(30, 2)), lambda g: g.normal(size=(30, 2))),
        "n = 10, m = 50, d = 3": (
            lambda g: g.normal(size=(10, 3)),
            lambda g: g.normal(size=(50, 3)),
        ),
        "n = m = 20, coin flips": (
            lambda g: g.integers(0, 2, (20, 2)).astype(np.float64),
            lambda g: g.integers(0, 2, (20, 2)).astype(np.float64),
        ),
    }
    rows = []
    for name, test in permutation_tests(99).items():
        cells = []
        for seed, draws in enumerate(cases.values()):
            found = pvalues(test, *draws, repetitions, seed)
            cells.append(" ".join(f"{np.mean(found <= a + 1e-9):.3f}" for a in LEVELS))
        rows.append([name, *cells])
    print_table(["test", *cases], rows)


def print_power(repetitions: int, n: int = 200) -> None:
    target = GaussianTarget.chapter()
    _, deviations, axes = np.linalg.svd(target.A)

    def moved(axis: int, size: float) -> Draw:
        return lambda g: target.sample(n, g) + size * deviations[axis] * axes[axis]

    def scaled(axis: int, factor: float) -> Draw:
        stretch = np.ones(2)
        stretch[axis] = factor
        change = axes.T @ np.diag(stretch) @ axes
        return lambda g: (target.sample(n, g) - target.mean) @ change + target.mean

    def heavy(g: np.random.Generator) -> Array:
        return target.transform(g.standard_t(4, (n, 2)) / np.sqrt(2))

    def clusters(g: np.random.Generator) -> Array:
        signs = np.where(g.random((n, 2)) < 0.5, -0.85, 0.85)
        return target.transform(signs + np.sqrt(1 - 0.85**2) * g.standard_normal((n, 2)))

    draws: dict[str, Draw] = {
        "none": lambda g: target.sample(n, g),
        "shift 0.3 sd, minor axis": moved(1, 0.3),
        "shift 0.3 sd, major axis": moved(0, 0.3),
        "scale 1.25, minor axis": scaled(1, 1.25),
        "scale 1.25, major axis": scaled(0, 1.25),
        "Student t, 4 df": heavy,
        "four clusters": clusters,
    }

    def whitened(test: Test) -> Test:
        return lambda x, y, g: test(target.whiten(x), target.whiten(y), g)

    tests = permutation_tests(99)
    tests |= {f"{name}, whitened": whitened(tests[name]) for name in list(tests)[2:]}
    tests["MMD, whitened"] = whitened(lambda x, y, g: mmd_test(x, y, permutations=99, rng=g))
    tests["likelihood ratio (Gaussian theory)"] = lambda x, y, g: classical.likelihood_ratio_test(
        x, y
    )
    print(f"Power at 0.05, chapter's target, n = m = {n}, {repetitions} pairs of samples.\n")
    rows = []
    for name, test in tests.items():
        found = [
            pvalues(test, lambda g: target.sample(n, g), draw, repetitions, seed)
            for seed, draw in enumerate(draws.values())
        ]
        rows.append([name, *(f"{np.mean(p <= 0.05 + 1e-9):.2f}" for p in found)])
    print_table(["test", *draws], rows)


def print_coverage(repetitions: int) -> None:
    print(f"Fréchet distance, {repetitions} pairs of samples, n = m, 199 draws.\n")
    rows = []
    for d in (2, 10):
        factor = GaussianTarget.chapter().A if d == 2 else np.eye(d)
        for n in (100, 500):
            for shift, scale in ((0.0, 1.0), (1.0, 1.0), (3.0, 1.0), (0.0, 1.5)):
                truth = shift**2 + (scale - 1) ** 2 * float(np.sum(factor**2))
                rng = np.random.default_rng([d, n, int(10 * shift), int(10 * scale)])
                estimates, corrected, covered = [], [], 0
                for _ in range(repetitions):
                    x, y = (rng.standard_normal((n, d)) @ factor for _ in range(2))
                    y = scale * y
                    y[:, 0] += shift
                    found = frechet_distance(x, y, bootstrap=199, rng=rng)
                    low, high = found.confidence_interval
                    covered += low <= truth <= high
                    estimates.append(found.estimate)
                    corrected.append(found.corrected)
                figures = (truth, np.mean(estimates), np.mean(corrected), np.std(corrected))
                rows.append(
                    [
                        str(d),
                        str(n),
                        f"{shift:g}",
                        f"{scale:g}",
                        *(f"{figure:.3f}" for figure in figures),
                        f"{covered / repetitions:.3f}",
                    ]
                )
    head = ["d", "n", "shift", "scale", "distance", "mean `estimate`", "mean `corrected`"]
    print_table([*head, "its sd", "coverage of 95 %"], rows)


def print_tails(repetitions: int) -> None:
    """Coverage of the Fréchet distance's interval for laws with tails, of the same shape in both.

    Two independent columns of mean 0 and variance 1; the second sample moved by 1 or scaled.
    """
    rows = []
    for law in ("Gaussian", "t, 4 df", "lognormal, σ = ½", "lognormal, σ = 1"):
        for n in (50, 100, 500):
            cells = []
            for shift, scale in ((0.0, 1.0), (1.0, 1.0), (0.0, 1.5), (0.0, 3.0)):
                truth, covered = shift**2 + 2 * (scale - 1) ** 2, 0
                rng = np.random.default_rng([n, int(10 * shift), int(10 * scale)])
                for _ in range(repetitions):
                    x, y = _standard(law, rng, n), scale * _standard(law, rng, n)
                    y[:, 0] += shift
                    found = frechet_distance(x, y, bootstrap=199, rng=rng)
                    covered += found.confidence_interval[0] <= truth <= found.confidence_interval[1]
                cells.append(f"{covered / repetitions:.3f}")
            rows.append([law, str(n), *cells])
    print_table(["law", "n = m", "equal", "moved by 1 sd", "× 1.5", "× 3"], rows)


def _standard(law: str, rng: np.random.Generator, n: int) -> Array:
    if law == "t, 4 df":
        return rng.standard_t(4, (n, 2)) / np.sqrt(2)
    z = rng.standard_normal((n, 2))
    if law == "Gaussian":
        return z
    spread = 0.5 if law.endswith("½") else 1.0
    grown, mean = np.exp(spread * z), np.exp(spread**2 / 2)
    return (grown - mean) / (mean * np.sqrt(np.expm1(spread**2)))


def print_seconds(repetitions: int) -> None:
    """The least of a few runs, as the tests themselves report it."""
    rows = []
    for n in (100, 500, 2000):
        for d in (2, 10):
            rng = np.random.default_rng(0)
            x, y = rng.standard_normal((n, d)), rng.standard_normal((n, d))
            runs: list[Callable[[], float]] = [
                lambda x=x, y=y: classifier_test(x, y, rng=0).seconds,
                lambda x=x, y=y: classifier_test(x, y, classifier="chapter", rng=0).seconds,
                lambda x=x, y=y: sliced_wasserstein_test(x, y, rng=0).seconds,
                lambda x=x, y=y: sliced_wasserstein_test(x, y, order=2, rng=0).seconds,
                lambda x=x, y=y: frechet_distance(x, y, rng=0).seconds,
            ]
            cells = [f"{min(run() for _ in range(repetitions)):.2g}" for run in runs]
            rows.append([str(n), str(d), *cells])
    head = ['`"quadratic"`, 999', '`"chapter"`, 199', "sliced 1, 999", "sliced 2, 999"]
    print_table(["n = m", "d", *head, "Fréchet, 999"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    tables = {
        "size": print_size,
        "power": print_power,
        "coverage": print_coverage,
        "tails": print_tails,
        "seconds": print_seconds,
    }
    parser.add_argument("table", choices=tables)
    parser.add_argument("--repetitions", type=int, default=200)
    options = parser.parse_args()
    tables[options.table](options.repetitions)


if __name__ == "__main__":
    main()
