"""Copies and repeats: counted right, found where they are, not where a table repeats by itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gan_eval.comparison import compare
from gan_eval.comparison.copies import Copies, Count, _repeated, find_copies
from gan_eval.comparison.pages import answer
from gan_eval.stats.result import Verdict

RNG = np.random.default_rng
Array = np.ndarray


def found(real: Array, fake: Array) -> Copies:
    return find_copies(real, fake, RNG(0))


def near(real: Array, fake: Array) -> Count:
    count = found(real, fake).near
    assert count is not None
    return count


@pytest.mark.parametrize("d", [1, 2, 10, 50])
@pytest.mark.parametrize("law", ["normal", "standard_cauchy", "exponential"])
def test_fresh_rows_are_no_copies(law: str, d: int) -> None:
    rng = RNG(d)
    for n, m in ((150, 150), (300, 60), (60, 300)):
        assert not found(getattr(rng, law)(size=(n, d)), getattr(rng, law)(size=(m, d))).surprising


@pytest.mark.parametrize("d", [1, 2, 10, 50])
def test_a_law_that_is_merely_narrower_is_not_accused(d: int) -> None:
    rng = RNG(d)
    assert not found(rng.normal(size=(300, d)), 0.05 * rng.normal(size=(300, d))).surprising


@pytest.mark.parametrize("d", [1, 2, 10])
@pytest.mark.parametrize("share", [0.15, 1.0])
@pytest.mark.parametrize("noise", [0.0, 1e-7])
def test_copies_are_counted_exactly_and_nearly(noise: float, share: float, d: int) -> None:
    rng = RNG(d)
    real = rng.normal(size=(200, d)) * 10.0 ** rng.integers(-5, 5, size=d)
    fake = rng.normal(size=(200, d)) * real.std(axis=0)
    copied = int(200 * share)
    fake[:copied] = real[rng.permutation(200)[:copied]]
    fake[:copied] += noise * real.std(axis=0) * rng.normal(size=(copied, d))
    result = found(real, fake)
    assert result.exact.rows == (0 if noise else copied)
    assert result.exact.expected == 0
    if noise:
        assert result.near is not None
        assert copied <= result.near.rows <= copied + 12
        assert result.near.surprising
    else:
        assert result.exact.surprising
    assert not result.repeated_real.surprising
    assert not result.repeated_generated.surprising


@pytest.mark.parametrize("size", [1e-200, 1e-5, 1e100])
def test_units_offsets_and_a_wild_value_change_no_count(size: float) -> None:
    rng = RNG(3)
    real = rng.normal(size=(200, 3))
    fake = np.concatenate([real[:50] + 1e-6, rng.normal(size=(150, 3))])
    expected = near(real, fake)
    assert near(real * size, fake * size) == expected
    wild = np.concatenate([real, [[1e20, -1e20, 0.0]]])
    assert near(wild * size, fake * size).surprising
    assert near(real, np.concatenate([fake, [[1e150, 0.0, 0.0]]])).rows == expected.rows


def test_a_table_of_integers_repeats_by_itself() -> None:
    rng = RNG(4)
    for law in (lambda n: rng.integers(0, 12, size=(n, 2)), lambda n: rng.poisson(3, size=(n, 3))):
        for n, m in ((300, 300), (1000, 200), (200, 1000)):
            result = found(law(n).astype(float), law(m).astype(float))
            # About as many as expected: 4 standard deviations of a share of at least 60 rows.
            assert abs(result.exact.rows - result.exact.expected) < 0.25 * m
            assert result.exact.rows > 0.3 * m
            assert not result.surprising
    real = rng.poisson(3, size=(300, 3)).astype(float)
    assert found(real, real).exact.surprising


def test_rows_repeated_in_one_file_are_seen() -> None:
    rng = RNG(5)
    smooth, repeated = rng.normal(size=(100, 2)), np.repeat(rng.normal(size=(20, 2)), 5, axis=0)
    second = found(smooth, repeated)
    assert (second.repeated_generated.rows, second.repeated_generated.surprising) == (100, True)
    assert (second.repeated_real.rows, second.repeated_real.surprising) == (0, False)
    first = found(repeated, smooth)
    assert (first.repeated_real.rows, first.repeated_real.surprising) == (100, True)
    assert not first.repeated_generated.surprising


def test_repeats_in_a_draw_are_those_of_a_simulation() -> None:
    # Multiplicities 1 … 5; the mean of 4,000 draws, to 5 standard errors.
    counts = np.array([1, 1, 1, 2, 2, 3, 5])
    rows, rng = np.repeat(np.arange(7), counts), RNG(6)
    for size in (2, 5, 9, 15):
        drawn = []
        for _ in range(4000):
            some = rows[rng.permutation(15)[:size]]
            drawn.append((np.bincount(some)[some] > 1).sum())
        error = np.std(drawn) / np.sqrt(4000)
        assert _repeated(counts, size) == pytest.approx(np.mean(drawn), abs=5 * error + 1e-9)


def test_few_rows_are_no_trouble() -> None:
    for n, m in ((3, 3), (3, 1000), (4, 3)):
        assert not found(RNG(7).normal(size=(n, 2)), RNG(8).normal(size=(m, 2))).surprising
    assert found(np.ones((5, 1)), np.ones((4, 1))).near is None


def written(folder: Path, real: Array, fake: Array) -> tuple[Path, Path]:
    for name, rows in (("real", real), ("fake", fake)):
        np.save(folder / f"{name}.npy", rows)
    return folder / "real.npy", folder / "fake.npy"


def test_the_answer_says_that_rows_are_copies(tmp_path: Path) -> None:
    rng = RNG(9)
    real = rng.normal(size=(120, 2))
    order = rng.permutation(120)
    result = compare(*written(tmp_path, real, real[order]), permutations=199)
    assert result.verdict == Verdict.NOT_TOLD_APART
    said = answer.headline(result)
    assert said.startswith("Not told apart by 120 rows each")
    assert "but the generated sample has 120 rows" in said
    assert result.to_dict()["copies"]["exact"] == {
        "rows": 120, "of": 120, "expected": 0.0, "surprising": True
    }  # fmt: skip
    noisy = real[order] + 1e-7 * rng.normal(size=(120, 2))
    result = compare(*written(tmp_path, real, noisy), permutations=199)
    assert "the generated sample has 120 near copies" in answer.headline(result)
    repeated = np.repeat(rng.normal(size=(20, 2)), 5, axis=0)
    result = compare(*written(tmp_path, real, repeated), permutations=199)
    assert "repeats its rows" in answer.headline(result)
    assert json.dumps(result.to_dict(), allow_nan=False)


def test_copies_are_sought_in_all_rows_where_some_are_drawn(tmp_path: Path) -> None:
    real = RNG(10).normal(size=(200, 2))
    result = compare(*written(tmp_path, real, real[::-1]), sample=40, permutations=199)
    assert len(result.generated.rows) == 40
    assert result.copies.exact.rows == result.copies.exact.of == 200
