"""Rows in memory, of every library that is installed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from gan_eval.comparison import compare
from gan_eval.comparison.reading import common_columns, table_of
from gan_eval.runtime.errors import UsageError

COLUMNS: dict[str, list[Any]] = {"a": [1, None, 3], "b": ["x", "y", None], "c": [1.5, 2.5, 0.0]}
ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]])


class Exchanged:
    """A frame that has the protocol to exchange frames, and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self.__dataframe__ = table.__dataframe__


class OnlyDLPack:
    """An array that NumPy can take over, and nothing else."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.__dlpack__, self.__dlpack_device__ = tensor.__dlpack__, tensor.__dlpack_device__


def records() -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]


def columns_as_polars() -> Any:
    return pytest.importorskip("polars").DataFrame(COLUMNS)


@pytest.mark.parametrize(
    "make",
    [
        lambda: COLUMNS,
        lambda: pd.DataFrame(COLUMNS),
        lambda: pa.table(COLUMNS),
        lambda: Exchanged(pa.table(COLUMNS)),
        columns_as_polars,
        records,
        lambda: {**COLUMNS, "a": pd.array([1, None, 3], "Int64"), "c": np.array(COLUMNS["c"])},
    ],
    ids=["mapping", "pandas", "Arrow", "exchange", "polars", "records", "mapping of arrays"],
)  # fmt: skip
def test_columns_of_any_kind_are_the_same_table(make: Any) -> None:
    table = table_of(make(), "real")
    assert table.named
    assert list(table.frame.columns) == list(COLUMNS)
    for name, expected in COLUMNS.items():
        for one, other in zip(table.frame[name].tolist(), expected, strict=True):
            assert pd.isna(one) if other is None else one == other


@pytest.mark.parametrize(
    "data",
    [
        ROWS,
        ROWS.tolist(),
        torch.tensor(ROWS, requires_grad=True),
        torch.tensor(ROWS, dtype=torch.bfloat16),
        OnlyDLPack(torch.tensor(ROWS)),
        pd.DataFrame(ROWS),
        np.ma.array(ROWS),
    ],
    ids=["NumPy", "lists", "torch", "bfloat16", "DLPack", "pandas", "masked"],
)
def test_rows_without_names_are_the_same_table(data: Any) -> None:
    table = table_of(data, "real")
    assert not table.named
    assert list(table.frame.columns) == ["x1", "x2"]
    np.testing.assert_array_equal(table.frame[["x1", "x2"]].to_numpy(), ROWS)


def test_jax_arrays_are_rows() -> None:
    jax = pytest.importorskip("jax")
    for dtype in ("float32", "bfloat16"):
        table = table_of(jax.numpy.asarray(ROWS, dtype=dtype), "real")
        np.testing.assert_array_equal(table.frame[["x1", "x2"]].to_numpy(), ROWS)


def test_what_is_masked_is_missing() -> None:
    data = np.ma.array([[1, 2], [3, 4]], mask=[[False, True], [False, False]])
    assert table_of(data, "real").frame["x2"].isna().tolist() == [True, False]


def test_nested_lists_keep_what_their_columns_hold() -> None:
    frame = table_of([["a", 1], ["b", 2.5], [None, 3]], "real").frame
    assert frame["x2"].tolist() == [1.0, 2.5, 3.0]
    assert frame["x1"].isna().tolist() == [False, False, True]


def test_a_column_alone_is_a_table() -> None:
    polars = pytest.importorskip("polars")
    for data, named in (
        (pd.Series([1.0, 2.0, 3.0]), False),
        (pd.Series([1.0, 2.0, 3.0], name="a"), True),
        (polars.Series("a", [1.0, 2.0, 3.0]), True),
        (pa.chunked_array([[1.0, 2.0, 3.0]]), True),
    ):
        table = table_of(data, "real")
        assert (table.named, table.frame.shape) == (named, (3, 1))


def test_categories_times_and_decimals_stay_what_they_are() -> None:
    polars = pytest.importorskip("polars")
    frame = table_of(
        polars.DataFrame(
            {
                "c": polars.Series(["x", "y"], dtype=polars.Categorical),
                "t": polars.Series([datetime(2024, 1, 2), None]),
                "d": polars.Series([Decimal("1.50"), None], dtype=polars.Decimal(10, 2)),
            }
        ),
        "real",
    ).frame
    assert isinstance(frame["c"].dtype, pd.CategoricalDtype)
    assert frame["t"].dtype.kind == "M"
    assert frame["d"].tolist()[0] == Decimal("1.50")


def test_names_are_made_different_and_texts() -> None:
    frame = pd.DataFrame([[1, 2, 3, 4]], columns=["a", "a", "a.1", 7])
    table = table_of(frame, "real")
    assert list(table.frame.columns) == ["a", "a.2", "a.1", "7"]
    assert "more than one column named 'a'" in table.notes[0]
    two = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("b", 1)]))
    assert list(table_of(two, "real").frame.columns) == ["a.x", "b.1"]


def test_values_that_are_lists_become_texts() -> None:
    frame = table_of(pd.DataFrame({"a": [[1], [2]], "b": [1, 2]}), "real").frame
    assert frame["a"].tolist() == ["[1]", "[2]"]


@pytest.mark.parametrize(
    "data",
    [
        3,
        object(),
        [[1.0], [2.0, 3.0]],
        {"a": [1, 2], "b": [1]},
        {"a": np.eye(2)},
        {},
        np.zeros((2, 2, 2)),
        [{"a": 1}, 3],
    ],
    ids=map(str, range(8)),
)
def test_what_is_no_table_is_refused(data: Any) -> None:
    with pytest.raises(UsageError, match="real"):
        table_of(data, "real")


def test_words_are_never_a_type_error() -> None:
    """They are compared, or refused in a sentence."""
    frame = pd.DataFrame({"a": ["x", "y", "z"] * 4, "t": pd.date_range("2024", periods=12)})
    try:
        compare(frame, frame.iloc[::-1], tests=["energy"])
    except UsageError as refusal:
        assert "\n" not in str(refusal)  # noqa: PT017


def test_columns_of_one_side_and_a_saved_index_are_set_aside() -> None:
    real = table_of({"Unnamed: 0": [0, 1], "a": [1, 2], "b": [3, 4]}, "real")
    fake = table_of({"b": [3, 4], "a": ["x", "y"], "c": [5, 6]}, "fake")
    common = common_columns(real, fake)
    assert list(common.real.frame.columns) == list(common.generated.frame.columns) == ["a", "b"]
    assert set(common.set_aside) == {"Unnamed: 0", "c"}
    asked: list[dict[str, Any]] = [{"strict": True}, {"chosen": ["c"]}, {"exclude": ["d"]}]
    for refused in asked:
        with pytest.raises(UsageError):
            common_columns(real, fake, **refused)


def test_names_with_commas_are_chosen_whole() -> None:
    table = table_of({"height, cm": [1], "a": [2], "b": [3]}, "real")

    def columns(**told: Any) -> list[str]:
        return list(common_columns(table, table, **told).real.frame.columns)

    assert columns(chosen=["height, cm"]) == ["height, cm"]
    assert columns(chosen=["b, a"]) == ["b", "a"]
    assert columns(exclude=["height, cm", "a"]) == ["b"]
