"""The held-out test: exact, of one direction, and not misled by rows that repeat."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from gan_eval.comparison import held_out as room
from gan_eval.comparison.held_out import CopyVerdict, HeldOut, held_out_test
from gan_eval.runtime.errors import CannotTestError

Array = NDArray[np.float64]
RNG = np.random.default_rng


def answer(training: Array, held_out: Array, generated: Array, **options: int) -> HeldOut:
    return held_out_test(training, held_out, generated, rng=RNG(0), **options)


@pytest.mark.parametrize("d", [1, 3, 12])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
@pytest.mark.parametrize("share", [1.0, 0.1, 0.02])
def test_copies_of_training_rows_are_found(share: float, noise: float, d: int) -> None:
    rng = RNG(d)
    training, held_out, generated = rng.normal(size=(3, 600, d))
    copied = int(share * 600)
    generated[-copied:] = training[:copied] + noise * rng.normal(size=(copied, d))
    found = answer(training, held_out, generated)
    if d == 1 and noise and share < 1:
        return  # 600 rows in one column lie as near to each other as that
    assert found.verdict == CopyVerdict.COPIES
    assert found.pvalue <= 0.01
    if d > 1:
        assert found.share_interval[0] <= share <= found.share_interval[1]
        assert found.share_copied == pytest.approx(share, abs=0.03)
    if not noise:
        best = found.pairs[0]
        assert (generated[best.generated] == training[best.training]).all()
        assert best.distance == best.ratio == 0.0


def test_copies_of_held_out_rows_are_not_copies_of_training_rows() -> None:
    rng = RNG(1)
    training, held_out, generated = rng.normal(size=(3, 300, 2))
    generated[:] = held_out
    found = answer(training, held_out, generated)
    assert found.pvalue > 0.9
    assert found.verdict == CopyVerdict.NO_COPIES_SHOWN
    assert found.share_copied < 0.05
    assert found.nearer == 0.0


def test_the_pvalue_is_that_of_all_labellings() -> None:
    """Of all ways to name 4 of 8 real rows training rows, by sums over pointers."""
    rng = RNG(2)
    training, held_out = rng.normal(size=(2, 4, 2))
    generated = np.concatenate([training[:3], training[:2], rng.normal(size=(2, 2))])
    pooled = np.concatenate([training, held_out])
    nearest = np.linalg.norm(generated[:, None] - pooled, axis=2).argmin(axis=1)
    pointers = np.bincount(nearest, minlength=8)
    sums = [int(pointers[list(some)].sum()) for some in combinations(range(8), 4)]
    exact = Fraction(sum(s >= pointers[:4].sum() for s in sums), len(sums))
    found = answer(training, held_out, generated, permutations=20_000)
    # To 5 standard errors of 20,000 permutations.
    assert found.pvalue == pytest.approx(float(exact), abs=5 * 0.5 / np.sqrt(20_000))
    assert found.part == 1.0


@pytest.mark.thorough
@pytest.mark.parametrize("law", ["normal", "categories"])
def test_the_size_is_kept(law: str) -> None:
    # Of 400 draws at most 20 on average have p ≤ 0.05; more than 42 have a probability of 3e-6.
    rng = RNG(3)

    def draw(n: int) -> Array:
        return rng.normal(size=(n, 2)) if law == "normal" else rng.choice([0.0, 1.0], size=(n, 5))

    rejected = 0
    for _ in range(400):
        found = held_out_test(draw(90), draw(40), draw(120), permutations=99, rng=rng)
        rejected += found.pvalue <= 0.05
    assert rejected <= 42


def test_categories_that_all_repeat_are_no_copies() -> None:
    rng = RNG(4)
    training, held_out, generated = (rng.choice([0.0, 1.0], size=(200, 3)) for _ in range(3))
    found = answer(training, held_out, generated)
    assert found.verdict == CopyVerdict.NO_COPIES_SHOWN
    assert found.share_copied == 0.0
    assert found.pairs == ()


def test_rows_in_both_tables_tell_nothing() -> None:
    rng = RNG(5)
    both, generated = rng.normal(size=(100, 2)), rng.normal(size=(50, 2))
    found = answer(both, both, generated)
    assert found.statistic == 0.0
    assert found.pvalue > 0.3
    assert found.nearer == found.expected == 0.5


def test_too_few_rows_cannot_tell() -> None:
    rng = RNG(6)
    training, held_out, generated = rng.normal(size=(2, 2)), rng.normal(size=(2, 2)), None
    generated = training.copy()
    assert answer(training, held_out, generated).verdict == CopyVerdict.COULD_NOT_TELL
    rows = rng.normal(size=(3, 90, 2))
    found = answer(rows[0], rows[1], rows[0], permutations=9)
    assert found.verdict == CopyVerdict.COULD_NOT_TELL
    with pytest.raises(CannotTestError, match="3 different"):
        answer(np.zeros((9, 1)), np.zeros((9, 1)), np.zeros((9, 1)))


def test_of_many_rows_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST", 150)
    monkeypatch.setattr(room, "_LABELS", 5000)
    rng = RNG(7)
    training, held_out, generated = rng.normal(size=(3, 300, 2))
    generated[:] = training
    found = answer(training, held_out, generated)
    assert found.generated_rows == 150
    assert found.verdict == CopyVerdict.COPIES
    assert all(pair.generated == pair.training for pair in found.pairs)


def test_whole_groups_are_permuted() -> None:
    # Generated rows lie near some persons, by chance of either table, each of which has 20 rows.
    rng = RNG(8)
    names = np.repeat(np.arange(10), 20)
    alone, together = 0, 0
    for _ in range(40):
        real = np.repeat(9 * rng.normal(size=(20, 2)), 20, axis=0) + 0.1 * rng.normal(size=(400, 2))
        generated = real[rng.integers(20) * 20] + 0.1 * rng.normal(size=(100, 2))
        rows, options = (real[:200], real[200:], generated), {"permutations": 39}
        alone += answer(*rows, **options).pvalue <= 0.05
        grouped = held_out_test(*rows, **options, groups=(names, names), rng=rng)
        together += grouped.pvalue <= 0.05
    # Of 40 at most 2 on average; more than 8 have a probability of 2e-4.
    assert together <= 8 < alone
