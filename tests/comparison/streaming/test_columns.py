"""What is kept of a column: held against all of its values at once."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from gan_eval.comparison.streaming import columns
from gan_eval.comparison.streaming.columns import Numbers, Values
from gan_eval.runtime.errors import UsageError


@pytest.mark.parametrize("origin", [0.0, 1e9])
def test_moments_of_parts_are_those_of_all(origin: float) -> None:
    values = np.random.default_rng(0).gamma(2.0, 3.0, 10_001) + origin
    whole = Numbers()
    for part in np.array_split(values, 7):
        whole.merge(Numbers().update(part))
    assert whole.count == len(values)
    assert whole.mean == pytest.approx(values.mean(), rel=1e-14)
    assert whole.variance == pytest.approx(values.var(ddof=1), rel=1e-8 if origin else 1e-12)
    third, fourth = (stats.moment(values, order=k) * len(values) for k in (3, 4))
    assert whole.moments[3] == pytest.approx(third, rel=1e-6 if origin else 1e-11)
    assert whole.moments[4] == pytest.approx(fourth, rel=1e-6 if origin else 1e-11)
    assert (whole.low, whole.high) == (values.min(), values.max())


@pytest.mark.statistical
def test_quantiles_are_within_the_error_that_is_stated() -> None:
    # Of 99 ranks together a sketch errs beyond its error with a probability of 0.01.
    values = np.random.default_rng(1).standard_t(3, 400_000)
    whole = Numbers()
    for part in np.array_split(values, 5):
        whole.merge(Numbers().update(part))
    shares = np.linspace(0.01, 0.99, 99)
    found = np.asarray(whole.quantiles.get_quantiles(list(shares)))
    ranks = np.searchsorted(np.sort(values), found, side="right") / len(values)
    assert np.abs(ranks - shares).max() <= 2 * whole.quantiles.normalized_rank_error(True)


def test_missing_numbers_are_counted_and_infinite_ones_refused() -> None:
    column = Numbers().update(np.array([1.0, np.nan, 3.0])).update(np.array([np.nan]))
    assert (column.count, column.missing, column.mean) == (2, 2, 2.0)
    with pytest.raises(UsageError, match="infinite"):
        column.update(np.array([0.0, -np.inf]))


def test_few_values_are_counted_exactly() -> None:
    drawn = np.random.default_rng(2).integers(0, 9000, 50_000)
    texts = [None if k % 97 == 0 else f"v{k}" for k in drawn]
    whole = Values()
    for start in range(0, len(texts), 10_000):
        whole.merge(Values().update(pa.array(texts[start : start + 10_000])))
    truth = Counter(text for text in texts if text is not None)
    assert whole.missing == sum(text is None for text in texts)
    assert whole.count == truth.total()
    assert {value: whole.bounds(value) for value in whole.frequent()} == {
        value: (count, count) for value, count in truth.items()
    }


def test_of_too_many_values_the_bounds_hold() -> None:
    drawn = np.random.default_rng(3).zipf(1.3, 200_000)
    texts = [str(k) for k in drawn]
    column = Values().update(pa.array(texts))
    truth = Counter(texts)
    for value, count in truth.most_common(100):
        low, high = column.bounds(value)
        assert low <= count <= high


def test_truth_values_and_whole_numbers_are_texts() -> None:
    column = Values().update(pa.array([True, False, True]))
    assert column.bounds("true") == (2, 2)
    assert Values().update(pa.array([7, 7, 8])).bounds("7") == (2, 2)
    coded = pa.array(["x", "y", "x"]).dictionary_encode()
    assert Values().update(coded).bounds("x") == (2, 2)


@pytest.mark.parametrize("kind", [Numbers, Values])
def test_a_column_survives_the_way_to_another_process(kind: type[columns.Column]) -> None:
    values = np.arange(50_000.0) if kind is Numbers else pa.array(["a", "b", None, "a"])
    column = kind().update(values)
    back = pickle.loads(pickle.dumps(column))
    assert (back.count, back.missing) == (column.count, column.missing)
    both = (column.packed(), back.packed())
    assert both[0]["sketch"] == both[1]["sketch"]


def test_without_the_library_moments_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "library", lambda: None)
    column = Numbers().update(np.array([1.0, 2.0])).merge(Numbers().update(np.array([6.0])))
    assert (column.mean, column.quantiles) == (3.0, None)
    assert pickle.loads(pickle.dumps(column)).mean == 3.0
    assert "pip install" in columns.lacking()
