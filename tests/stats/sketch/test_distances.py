"""Worth from a sketch: beside that of the rows, and its interval where D² is 0."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from gan_eval.distributions import mmd2
from gan_eval.stats import worth as of_rows
from gan_eval.stats.sketch import Reference, Sketch
from gan_eval.stats.sketch.distances import student_factor, worth

REFERENCE = Reference.of(np.random.default_rng(0).normal(size=(1000, 2)), whiten=False)


def found(x: np.ndarray, y: np.ndarray, reference: Reference = REFERENCE) -> of_rows.Worth:
    made = worth(
        Sketch(reference, stream="real").update(x), Sketch(reference, stream="generated").update(y)
    )
    assert made is not None
    return made


def test_it_is_the_worth_of_the_rows() -> None:
    rng = np.random.default_rng(0)
    real, few = rng.normal(size=(3000, 2)), rng.normal(size=(50, 2))
    generated = few[rng.integers(50, size=2000)]
    reference = Reference.of(real)
    one = found(real, generated, reference)
    other = of_rows.worth(real, generated, by="mmd")
    for name in ("value", "distance", "spread"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=0.03)
    assert one.low == pytest.approx(other.low, rel=0.15)
    assert one.high == pytest.approx(other.high, rel=0.3)
    assert (one.n, one.m, one.by) == (3000, 2000, "mmd")


def test_it_is_withheld_where_the_pivots_hold_too_little_of_the_kernel() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 1000, 12))
    few = Reference.of(rng.normal(size=(100, 12)))
    one = Sketch(few, stream="real").update(x).test(Sketch(few, stream="made").update(y + 1))
    assert one.rough
    assert one.worth is None
    assert one.told_apart
    assert "roughly" in repr(one)
    good = Sketch(REFERENCE, stream="real").update(x[:, :2])
    other = good.test(Sketch(REFERENCE, stream="made").update(y[:, :2] + 1))
    assert not other.rough
    assert other.worth is not None


def coverage(n: int, m: int, shift: float, repetitions: int) -> float:
    exact = float(
        mmd2(([shift, 0.0], np.eye(2)), (np.zeros(2), np.eye(2)), bandwidth=REFERENCE.bandwidth)
    )
    held = 0
    for seed in range(repetitions):
        rng = np.random.default_rng([50_000 + seed, n, m, 2, int(10 * shift)])
        real = Sketch(REFERENCE, stream=f"r{seed}").update(rng.normal(size=(n, 2)))
        rows = rng.normal([shift, 0.0], 1, (m, 2))
        made = worth(real, Sketch(REFERENCE, stream=f"g{seed}").update(rows))
        assert made is not None
        held += made.distance_low <= exact <= made.distance_high
    return held / repetitions


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_the_interval_holds_the_distance(shift: float) -> None:
    assert coverage(300, 300, shift, 150) > binom.ppf(1e-3, 150, 0.95) / 150


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("n", "m"), [(50, 50), (600, 200), (1000, 1000), (50, 500), (2000, 200), (50, 5000)]
)
@pytest.mark.parametrize("shift", [0.0, 0.2, 1.0])
def test_the_interval_holds_the_distance_at_all_sizes(n: int, m: int, shift: float) -> None:
    # Of 500 at 0.95 fewer than 0.92 hold it once in 1,000 cases.
    assert coverage(n, m, shift, 500) > 0.92


@pytest.mark.parametrize("blocks", [(4, 4), (4, 64), (20, 20)])
def test_a_variance_of_few_blocks_has_the_width_of_student(blocks: tuple[int, int]) -> None:
    """With the larger variance a normal interval of a difference of two means holds it as often as
    it says; without, too rarely."""
    rng = np.random.default_rng(0)
    sides = [rng.normal(0, scale, (20_000, b)) for b, scale in zip(blocks, (2, 1), strict=True)]
    apart = sides[0].mean(axis=1) - sides[1].mean(axis=1)
    parts = [side.var(axis=1, ddof=1) / side.shape[1] for side in sides]
    factors = np.array([student_factor((x, y), blocks, 0.95) for x, y in zip(*parts, strict=True)])
    variance = parts[0] + parts[1]
    held = np.mean(np.square(apart) < 1.96**2 * factors * variance)
    assert held == pytest.approx(0.95, abs=0.012)  # Welch's is itself an approximation
    assert np.mean(np.square(apart) < 1.96**2 * variance) < held - 0.004


def test_rows_that_all_coincide_have_no_noise() -> None:
    made = found(np.zeros((200, 2)), np.ones((200, 2)))
    h = REFERENCE.bandwidth
    exact = 2 - 2 * np.exp(-1 / h**2)
    assert made.distance == pytest.approx(exact, abs=1e-4)
    assert made.distance_low == pytest.approx(exact, abs=1e-4)
    assert made.distance_low <= made.distance_high < exact + 1e-3
