"""Kinds of columns, found on both tables together."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval.comparison.columns.kinds import ASIDE, Kind, find_kind, known_kind
from gan_eval.runtime.errors import UsageError

N = 60
RNG = np.random.default_rng(0)
DAYS = pd.date_range("2024-01-01", periods=N, freq="7h")

COLUMNS: dict[str, tuple[Any, Kind]] = {
    "decimals": (RNG.normal(size=N), Kind.NUMBER),
    "many whole": (RNG.integers(0, 1000, N), Kind.NUMBER),
    "few whole": (RNG.integers(0, 4, N), Kind.WHOLE),
    "float that is whole": (RNG.integers(0, 4, N) * 1.0, Kind.WHOLE),
    "nullable": (pd.array([1, None, 3] * 20, dtype="Int64"), Kind.WHOLE),
    "decimal type": ([Decimal(int(k)) / 7 for k in RNG.integers(0, 99, N)], Kind.NUMBER),
    "mixed numbers": (pd.Series([1, 2.5, None] * 20, dtype=object), Kind.NUMBER),
    "truth": (RNG.random(N) < 0.5, Kind.BOOLEAN),
    "words of truth": (RNG.choice(["True", "False"], N), Kind.BOOLEAN),
    "nullable truth": (pd.array([True, None, False] * 20, dtype="boolean"), Kind.BOOLEAN),
    "words": (RNG.choice(["a", "b", "c"], N), Kind.CATEGORY),
    "categorical": (pd.Categorical(RNG.choice([1, 2, 3], N)), Kind.CATEGORY),
    "numbers and words": (pd.Series([1, "a", 2] * 20, dtype=object), Kind.CATEGORY),
    "times": (DAYS, Kind.TIME),
    "dates": ([day.date() for day in DAYS], Kind.TIME),
    "words of dates": (DAYS.astype(str), Kind.TIME),
    "zoned": (DAYS.tz_localize("Europe/Berlin").astype(str), Kind.TIME),
    "months": (pd.period_range("2020-01", periods=N, freq="M"), Kind.TIME),
    "lengths": (pd.to_timedelta(RNG.integers(0, 99, N), unit="s"), Kind.DURATION),
    "text": ([f"{k} lorem ipsum dolor sit amet, consectetur elit" for k in range(N)], Kind.TEXT),
    "uuid": ([str(uuid.UUID(int=k * 10**30)) for k in range(N)], Kind.IDENTIFIER),
    "row": (np.arange(N), Kind.IDENTIFIER),
    "customer_id": (RNG.permutation(10**6)[:N], Kind.IDENTIFIER),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_kind_is_found_whichever_table_comes_first(name: str) -> None:
    values, kind = COLUMNS[name]
    column = pd.Series(values)
    other = column if kind == Kind.IDENTIFIER else column.iloc[::-1].reset_index(drop=True)
    assert find_kind(name, column, other).kind == kind
    assert find_kind(name, other, column).kind == kind


@pytest.mark.parametrize("name", COLUMNS)
def test_what_is_no_measurement_is_set_aside_with_the_reason(name: str) -> None:
    values, kind = COLUMNS[name]
    column = pd.Series(values)
    assert (find_kind(name, column, column).aside is not None) == (kind in ASIDE)


def test_numbers_in_one_table_and_words_in_the_other_are_a_category_and_that_is_said() -> None:
    found = find_kind("size", pd.Series([1, 2, 3] * 9), pd.Series(["1", "2", "large"] * 9))
    assert found.kind == Kind.CATEGORY
    assert "numbers and words" in str(found.note)


def test_a_column_that_is_missing_everywhere_or_holds_no_values_is_set_aside() -> None:
    nothing = pd.Series([None] * 5, dtype=object)
    assert find_kind("x", nothing, nothing).aside is not None
    assert find_kind("x", nothing, pd.Series([1.5, 2.5])).kind == Kind.NUMBER
    lists = pd.Series([[1], [2]])
    assert "list" in str(find_kind("x", lists, lists).aside)


def test_an_unknown_kind_is_refused_with_what_was_meant() -> None:
    with pytest.raises(UsageError, match="category"):
        known_kind("categorie")
