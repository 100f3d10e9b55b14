"""What every e-process has."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.sequential.process import Running, State, cumulative, rows_of


def test_what_was_rejected_once_stays_so_and_pvalues_are_of_the_maximum() -> None:
    process = Running()
    assert (process.log_e, process.pvalue, process.rows) == (0.0, 1.0, 0)
    process.follow(np.log([0.1, 20.0, 0.5]))
    assert process.log_e == np.log(0.5)
    assert process.log_e_max == np.log(20.0)
    assert process.rows == 3
    assert process.pvalue == pytest.approx(0.05)
    assert process.rejected(0.0501)
    assert not process.rejected(0.0499)
    assert process.state(0.0501) is State.TOLD_APART
    assert process.state(0.0499) is State.NOT_TOLD_APART_YET


def test_a_loss_is_no_evidence_and_infinity_has_a_pvalue_above_0() -> None:
    process = Running()
    process.follow(np.array([-3.0]))
    assert (process.log_e_max, process.pvalue) == (0.0, 1.0)
    process.follow(np.array([np.inf]))
    assert 0 < process.pvalue <= 1e-300


@pytest.mark.parametrize("alpha", [0, 1, -0.1, float("nan"), "much"])
def test_a_level_lies_between_0_and_1(alpha: float) -> None:
    with pytest.raises(UsageError, match="`alpha`"):
        Running().rejected(alpha)


def test_rows_come_one_by_one_or_as_a_table() -> None:
    assert rows_of([1.0, 2.0], 2).tolist() == [[1.0, 2.0]]
    assert rows_of([1.0, 2.0], 1).tolist() == [[1.0], [2.0]]
    assert rows_of(1.0, 1).tolist() == [[1.0]]
    assert rows_of(np.empty((0, 3)), 3).shape == (0, 3)


@pytest.mark.parametrize(
    "rows", [[1.0], [[1.0, 2.0, 3.0]], [[1.0, np.nan]], [[np.inf, 0.0]], [[1e200, 0]], ["a", "b"]]
)
def test_what_is_no_row_is_refused(rows: list[object]) -> None:
    with pytest.raises(UsageError, match="`rows`"):
        rows_of(rows, 2)


def test_sums_have_the_same_bits_in_blocks() -> None:
    steps = np.random.default_rng(0).normal(size=1000)
    whole = cumulative(np.array(0.1), steps)
    first = cumulative(np.array(0.1), steps[:333])
    assert np.array_equal(whole[333:], cumulative(first[-1], steps[333:]))
