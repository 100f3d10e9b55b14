"""Coverage: its definitions, its expectations, its p-values, and which of two is precision."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats import coverage as room
from gan_eval.stats.coverage import MEASURES, Coverage, coverage, expected_coverage
from gan_eval.stats.neighbours import Neighbours
from gan_eval.stats.permutation.labels import permutation_labels

Array = NDArray[np.float64]
RNG = np.random.default_rng


def by_definition(real: Array, generated: Array, k: int) -> list[float]:
    """Kynkäänniemi et al., eq. 1–2, and Naeem et al., eq. 5–7, word for word."""

    def radius(rows: Array, row: Array) -> float:
        return float(np.sort(np.linalg.norm(rows - row, axis=1))[k])

    of_real = [radius(real, row) for row in real]
    of_generated = [radius(generated, row) for row in generated]
    within_real = np.array(
        [
            [np.linalg.norm(g - x) <= r for x, r in zip(real, of_real, strict=True)]
            for g in generated
        ]
    )
    within_generated = np.array(
        [
            [np.linalg.norm(x - g) <= r for g, r in zip(generated, of_generated, strict=True)]
            for x in real
        ]
    )
    return [
        float(np.mean([row.any() for row in within_real])),
        float(np.mean([row.any() for row in within_generated])),
        float(within_real.sum() / (k * len(generated))),
        float(np.mean([ball.any() for ball in within_real.T])),
    ]


def values(found: Coverage) -> list[float]:
    return [one.value for one in found.measures.values()]


@pytest.mark.parametrize(("n", "m", "k", "d"), [(40, 60, 5, 2), (70, 30, 3, 9), (12, 50, 7, 1)])
def test_the_measures_are_those_of_the_definitions(n: int, m: int, k: int, d: int) -> None:
    rng = RNG(n)
    real, generated = rng.normal(size=(n, d)), rng.normal(0.3, 1.2, size=(m, d))
    found = coverage(real, generated, k=k, permutations=19, rng=rng)
    assert values(found) == pytest.approx(by_definition(real, generated, k), abs=1e-12)
    inside = np.isin(np.arange(m), found.outside, invert=True)
    assert inside.mean() == pytest.approx(found.precision.value)
    assert len(found.uncovered) == pytest.approx(n * (1 - found.coverage.value))


@pytest.mark.parametrize("rare", [1e-5, 0.4])
def test_under_each_labelling_too(rare: float, monkeypatch: pytest.MonkeyPatch) -> None:
    # With 0.4 the lists are too short for many rows, and are lengthened.
    monkeypatch.setattr(room, "_RARE", rare)
    rng = RNG(1)
    n, m, k = 35, 22, 4
    pooled, labels = rng.normal(size=(n + m, 3)), permutation_labels(n, m, 70, rng)
    null = room._permuted(Neighbours(pooled), labels, n, k)
    wanted = [by_definition(pooled[label], pooled[~label], k) for label in labels]
    np.testing.assert_allclose(null.T, wanted, atol=1e-12)


def test_the_expectations_are_exact_and_stated() -> None:
    assert expected_coverage(1000, 1000, 5) == pytest.approx(0.96898, abs=5e-6)
    # The mean of 2,000 labellings of rows with heavy tails, to 5 standard errors.
    rng = RNG(2)
    n, m, k = 60, 90, 5
    pooled = rng.standard_t(1, size=(n + m, 2))
    null = room._permuted(Neighbours(pooled), permutation_labels(n, m, 2000, rng), n, k)
    for of, expected in ((null[2], 1.0), (null[3], expected_coverage(n, m, k))):
        assert of.mean() == pytest.approx(expected, abs=5 * of.std() / np.sqrt(2000))


def test_the_expectations_hold_for_categories() -> None:
    rng = RNG(3)
    found = []
    for _ in range(150):
        real, generated = (rng.choice([0.0, 1.0, 2.0], size=(size, 2)) for size in (60, 40))
        found.append(values(coverage(real, generated, permutations=1, rng=rng))[2:])
    means, errors = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(150)
    assert np.abs(means - [1.0, expected_coverage(60, 40, 5)]).max() < 5 * errors.max()


def two_modes(rng: np.random.Generator, n: int, share: float) -> Array:
    return rng.normal(size=(n, 2)) + np.where(rng.random(n) < share, 9.0, 0.0)[:, None]


def test_a_dropped_mode_lowers_recall_and_coverage() -> None:
    rng = RNG(4)
    found = coverage(two_modes(rng, 400, 0.5), rng.normal(size=(400, 2)), rng=rng)
    assert found.recall.value < 0.6
    assert found.coverage.value < 0.6
    assert found.precision.value > 0.9
    assert found.misses
    assert not found.strays
    assert found.precision.pvalue > 0.05


def test_junk_lowers_precision_and_density() -> None:
    rng = RNG(5)
    junk = rng.normal(size=(600, 2))
    junk[:300] += 40
    found = coverage(rng.normal(size=(400, 2)), junk, rng=rng)
    assert found.precision.value < 0.6
    assert found.density.value < 0.6
    assert found.coverage.value > 0.9
    assert found.strays


def test_the_two_samples_exchanged_exchange_precision_and_recall() -> None:
    rng = RNG(6)
    x, y = rng.normal(size=(90, 2)), rng.normal(0.5, 0.4, size=(70, 2))
    one, other = (coverage(*pair, permutations=19, rng=RNG(0)) for pair in ((x, y), (y, x)))
    assert one.precision.value == other.recall.value > one.recall.value == other.precision.value


def test_a_generator_that_crowds_has_a_density_above_1() -> None:
    rng = RNG(7)
    # In many dimensions, most rows of which lie at the edge.
    found = coverage(rng.normal(size=(300, 10)), rng.normal(0, 0.5, size=(300, 10)), rng=rng)
    assert found.density.value > 1.5
    assert found.density.adjusted <= 0.01
    assert not found.strays


@pytest.mark.thorough
def test_the_pvalues_are_uniform_for_equal_distributions() -> None:
    # Of 400 draws at most 20 on average have p ≤ 0.05, and more than 42 with a probability of 3e-6.
    rng = RNG(8)
    for draw in (rng.normal, lambda size: rng.choice([0.0, 1.0, 2.0], size=size)):
        few = np.zeros(4, int)
        for _ in range(400):
            found = coverage(draw(size=(40, 2)), draw(size=(60, 2)), permutations=99, rng=rng)
            few += [found.measures[name].pvalue <= 0.05 for name in MEASURES]
        assert (few <= 42).all()


def test_many_rows_are_drawn_and_said() -> None:
    rng = RNG(9)
    found = coverage(rng.normal(size=(7000, 1)), rng.normal(size=(100, 1)), permutations=9, rng=rng)
    assert len(found.real_rows) == room.LARGEST_RATIO * 100
    assert found.to_dict()["real_rows"] == 800
    assert set(found.uncovered) <= set(found.real_rows)


def test_too_few_rows_are_refused_and_equal_ones_are_not() -> None:
    with pytest.raises(CannotTestError, match="6 rows"):
        coverage(np.zeros((5, 2)), np.zeros((9, 2)), rng=RNG(0))
    found = coverage(np.zeros((9, 2)), np.zeros((9, 2)), rng=RNG(0))
    assert not found.misses
    assert not found.strays


def test_the_same_seed_gives_the_same_numbers() -> None:
    x, y = RNG(1).normal(size=(50, 2)), RNG(2).normal(size=(50, 2))
    one, other = (coverage(x, y, rng=RNG(3)).to_dict() for _ in range(2))
    assert one == other


def test_whole_groups_are_permuted() -> None:
    # 20 persons of 10 rows each, all near each other: rows alone would tell any two tables apart.
    rng = RNG(10)

    def persons() -> Array:
        return np.repeat(rng.normal(size=(20, 3)), 10, axis=0) + 0.1 * rng.normal(size=(200, 3))

    names = np.repeat(np.arange(20), 10)
    apart, together = 0, 0
    for _ in range(40):
        x, y = persons(), persons()
        apart += coverage(x, y, permutations=39, rng=rng).coverage.pvalue <= 0.05
        grouped = coverage(x, y, permutations=39, groups=(names, names), rng=rng)
        together += grouped.coverage.pvalue <= 0.05
    assert apart == 40
    # Of 40 at most 2 on average; more than 8 have a probability of 2e-4.
    assert together <= 8
