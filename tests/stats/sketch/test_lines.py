"""Energy by random directions: closed forms, all pairs, one pass, intervals and orientation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gan_eval.distributions.distances import energy_distance as of_gaussians
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.sketch.line_grid import Lines
from gan_eval.stats.sketch.lines import LineSketch
from gan_eval.stats.twosample.energy import energy_test

Array = np.ndarray


def normal(n: int, d: int, seed: int, shift: float = 0.0) -> Array:
    return np.random.default_rng(seed).normal(shift, 1.0, size=(n, d))


def pair(
    x: Array, y: Array, reference: Array | Lines, directions: int = 64, **options: Any
) -> tuple[LineSketch, LineSketch]:
    first = LineSketch(reference, directions, stream="x", **options)
    return first.update(x), LineSketch(first, stream="y").update(y)


def white(rows: Array, lines: Lines) -> Array:
    return (rows - lines.mean) @ lines.matrix


def unbiased(x: Array, y: Array, biased: float) -> float:
    """Turn the mean over all pairs into that over pairs of different rows."""
    within = [np.linalg.norm(z[:, None] - z, axis=2).sum() / len(z) ** 2 for z in (x, y)]
    return biased - within[0] / (len(x) - 1) - within[1] / (len(y) - 1)


@pytest.mark.parametrize("d", [1, 2, 3, 9])
def test_it_is_the_energy_distance_of_all_pairs_of_whitened_rows(d: int) -> None:
    x, y = normal(350, d, 1), normal(250, d, 2, 0.3) * 1.2
    real, generated = pair(x, y, normal(1000, d, 3), 256)
    found = real.energy(generated)
    rows = white(x, real.lines), white(y, real.lines)
    expected = unbiased(*rows, energy_test(*rows, permutations=1, rng=0, method="exact").estimate)
    # Four standard errors of the lines, and a thousandth for the grid of the one line.
    assert abs(found.estimate - expected) < 4 * found.direction_error + 1e-3 * expected
    assert abs(found.estimate - expected) < found.grid_bound + 4 * found.direction_error
    assert found.direction_error < 0.05 * expected
    spread = np.linalg.norm(rows[0][:, None] - rows[0], axis=2).sum() / 350 / 349
    assert found.worth.spread == pytest.approx(spread, rel=0.02)


def test_sorted_projections_are_the_oracle_of_the_same_lines() -> None:
    x, y = normal(400, 2, 1), np.random.default_rng(2).standard_cauchy((300, 2))
    real, generated = pair(x, y, normal(1000, 2, 3), 16)
    lines, total = real.lines, 0.0
    for u in lines.directions.reshape(-1, 2):
        first, second = white(x, lines) @ u, white(y, lines) @ u
        sums = [np.abs(a[:, None] - b).sum() for a in (first, second) for b in (first, second)]
        total += sums[1] / 60_000 - sums[0] / 400 / 399 - sums[3] / 300 / 299
    expected = lines.constant * total / lines.lines
    found = real.energy(generated)
    assert abs(found.estimate - expected) < found.grid_bound
    # Shifted at random, the grids are far better than their bound.
    assert found.estimate == pytest.approx(expected, rel=0.02)


def test_without_bias_at_few_rows_and_edges() -> None:
    """Of 1,500 pairs of samples; the mean within 4 standard errors: fails once in 16,000."""
    lines = Lines.of(normal(1000, 1, 0), 1, 64, 5)
    rng = np.random.default_rng(7)
    found = []
    for _ in range(1500):
        real, generated = pair(rng.normal(size=(6, 1)), rng.normal(size=(5, 1)), lines)
        found.append(real.energy(generated).estimate)
    assert abs(np.mean(found)) < 4 * np.std(found) / 1500**0.5


@pytest.mark.statistical
def test_the_grids_are_right_on_average_over_their_shifts() -> None:
    """Two steps of F − G, which fall between edges: over 200 seeds, within 4 standard errors."""
    reference = normal(1000, 1, 0)
    x, y = np.repeat([[0.1], [0.2]], 50, axis=0), np.repeat([[0.1], [0.23]], 50, axis=0)
    found, bounds, scale = [], [], math.nan
    for seed in range(200):
        real, generated = pair(x, y, reference, 1, edges=64, seed=seed)
        result = real.energy(generated)
        found.append(result.estimate)
        bounds.append(result.grid_bound)
        scale = float(real.lines.matrix[0, 0])
    # (F − G)² is ¼ on the way from 0.2 to 0.23, where F = 1 and G = ½; F(1 − F) is ¼ between.
    expected = scale * 2 * (0.03 / 4 - (0.1 + 0.13) / 4 / 99)
    assert abs(np.mean(found) - expected) < 4 * np.std(found) / 200**0.5
    assert np.abs(np.array(found) - expected).max() < min(bounds)


@pytest.mark.parametrize("d", [2, 5])
def test_gaussians_have_their_closed_form(d: int) -> None:
    """Its 99.9 % interval holds the distance of the two laws."""
    x, y = normal(40_000, d, 1), normal(40_000, d, 2, 0.2) * 1.1
    real, generated = pair(x, y, normal(4096, d, 3))
    mean, matrix = real.lines.mean, real.lines.matrix
    laws = [
        ((shift - mean) @ matrix, size**2 * matrix.T @ matrix)
        for shift, size in ((0, 1), (0.22, 1.1))
    ]
    found = real.energy(generated, confidence_level=0.999)
    expected = float(of_gaussians(laws[0], laws[1]))
    assert found.low < expected < found.high < 1.3 * expected
    assert found.worth.low < found.worth.spread / expected < found.worth.high


def test_merged_sketches_are_those_of_one_pass() -> None:
    rows, reference = normal(30_001, 2, 1), normal(1000, 2, 0)
    rows[7] = 1e12  # beyond the last edge
    whole = LineSketch(reference, stream="a").update(rows)
    parts = [
        LineSketch(whole, stream="a").update(rows[start:stop], start)
        for start, stop in ((0, 7), (7, 20_000), (20_000, 30_001))
    ]
    merged = parts[2].merge(parts[0], parts[1])
    assert merged.spans == whole.spans == {"a": [(0, 30_001)]}
    assert merged.n == whole.n == 30_001
    np.testing.assert_array_equal(merged.counts, whole.counts)
    np.testing.assert_allclose(merged.tails, whole.tails, rtol=1e-12)
    assert whole.tails.max() > 1e10
    assert parts[0].n == 7


def test_arrays_hold_all_of_it() -> None:
    made = LineSketch(normal(1000, 2, 0), 16, stream="a").update(normal(300, 2, 1))
    read = LineSketch.of_arrays(made.arrays())
    assert read.arrays().keys() == made.arrays().keys()
    for name, array in made.arrays().items():
        np.testing.assert_array_equal(read.arrays()[name], array)
    other = LineSketch(read, stream="b").update(normal(300, 2, 2))
    assert made.energy(other) == read.energy(other)


@pytest.mark.statistical
@pytest.mark.parametrize(("n", "m"), [(400, 400), (60, 1500)])
def test_the_interval_is_valid_at_0_and_away_from_it(n: int, m: int) -> None:
    """Of 200 pairs each; 95 % intervals that miss 21 times or more: fails once in 1,400."""
    lines = Lines.of(normal(2000, 2, 0), 8, 64)
    mean, matrix = lines.mean, lines.matrix
    rng = np.random.default_rng(3)
    for shift in (0.0, 0.4):
        laws = [((s - mean) @ matrix, matrix.T @ matrix) for s in (0.0, shift)]
        truth, missed = float(of_gaussians(laws[0], laws[1])), 0
        for trial in range(200):
            real = LineSketch(lines, stream=f"x{trial}").update(rng.normal(size=(n, 2)))
            rows = rng.normal(shift, 1.0, (m, 2))
            rows = rows[np.argsort(rows[:, 0])]  # as in a sorted file
            found = real.energy(LineSketch(lines, stream=f"y{trial}").update(rows))
            missed += not found.low <= truth <= found.high
        assert missed <= 20, (shift, missed)


def test_orientation_nearer_is_worth_more() -> None:
    reference, x = normal(2000, 2, 0), normal(20_000, 2, 1)
    found = [
        LineSketch.energy(*pair(x, normal(20_000, 2, 2, shift), reference))
        for shift in (0.0, 0.1, 1.0)
    ]
    assert found[0].estimate < found[1].estimate < found[2].estimate
    assert found[0].worth.low > found[1].worth.high > found[2].worth.high
    assert found[0].low == 0.0
    assert math.isinf(found[0].worth.high)


def test_in_units_of_the_reference() -> None:
    reference, x, y = normal(2000, 2, 0), normal(900, 2, 1), normal(900, 2, 2, 0.3)
    turn = np.array([[3.0, 1.0], [0.0, 1e-3]])
    plain = LineSketch.energy(*pair(x, y, reference, 64))
    real, generated = pair(x @ turn + 7, y @ turn + 7, reference @ turn + 7, 64)
    assert real.energy(generated).estimate == pytest.approx(plain.estimate, rel=0.01)
    raw = pair(10 * x, 10 * y, 10 * reference, 64, whiten=False)
    assert raw[0].energy(raw[1]).estimate == pytest.approx(10 * plain.estimate, rel=0.05)


def test_what_lies_far_outside_counts_by_its_distance() -> None:
    reference, x = normal(2000, 1, 0), normal(1000, 1, 1)
    for far in (1e3, 1e6, 1e12):
        real, generated = pair(x, x + far, reference)
        found = real.energy(generated)
        scale = float(real.lines.matrix[0, 0])
        # Twice the way, between edges that lie apart by half of it.
        assert found.estimate == pytest.approx(2 * far * scale, rel=0.5)
        assert abs(found.estimate - 2 * far * scale) < found.grid_bound


def test_few_rows_have_no_interval_and_fewer_no_answer() -> None:
    reference = normal(100, 2, 0)
    real, generated = pair(normal(20, 2, 1), normal(20, 2, 2), reference)
    found = real.energy(generated)
    assert (found.low, found.high, found.blocks) == (0.0, math.inf, 0)
    assert (found.worth.low, found.worth.high) == (0.0, math.inf)
    with pytest.raises(CannotTestError, match="2 rows"):
        real.energy(LineSketch(real, stream="z").update(normal(1, 2, 1)))


def test_what_does_not_add_up_is_refused() -> None:
    reference = normal(100, 2, 0)
    one = LineSketch(reference, stream="a").update(normal(10, 2, 1))
    with pytest.raises(UsageError, match="reference"):
        one.merge(LineSketch(normal(100, 2, 1), stream="b"))
    with pytest.raises(UsageError, match="directions"):
        one.energy(LineSketch(reference, 128, stream="b"))
    with pytest.raises(UsageError, match="already"):
        one.merge(LineSketch(one, stream="a").update(normal(3, 2, 1)))
    with pytest.raises(UsageError, match="stream"):
        one.energy(LineSketch(one, stream="a").update(normal(3, 2, 1)))
    with pytest.raises(UsageError, match="columns"):
        one.update(normal(3, 3, 1))
    with pytest.raises(UsageError, match="finite"):
        one.update([[1.0, math.nan]])
    wrong: list[dict[str, Any]] = [{"directions": 0}, {"edges": 10}, {"seed": -1}]
    for options in wrong:
        with pytest.raises(UsageError):
            LineSketch(reference, **options)
    assert one.n == 10
