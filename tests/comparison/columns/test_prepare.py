"""Tables of any columns as rows that can be compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gan_eval.comparison.columns.kinds import Kind
from gan_eval.comparison.columns.prepare import prepare
from gan_eval.comparison.columns.rows import choose_rows
from gan_eval.comparison.reading import Table
from gan_eval.runtime.errors import UsageError


def table(frame: pd.DataFrame, name: str = "real") -> Table:
    return Table.of(name, frame, True)


def frame(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "colour": rng.choice(["red", "green"], n),
            "when": pd.Timestamp("2024-03-01 05:00")
            + pd.to_timedelta(rng.integers(0, 900, n), "h"),
            "holed": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
        }
    )


def test_each_kind_has_its_place() -> None:
    one, other = frame(40, 0), frame(30, 1)
    found = prepare(table(one), table(other, "generated"))
    assert found.real.number_names == ("size", "when", "holed")
    assert found.real.category_names == ("colour", "when: day of week", "when: hour")
    assert found.kinds["when"] == Kind.TIME
    np.testing.assert_array_equal(found.real["size"], one["size"])
    np.testing.assert_array_equal(found.real["colour"], one["colour"] == "red")
    np.testing.assert_array_equal(found.generated["when: hour"], other["when"].dt.hour)
    np.testing.assert_array_equal(found.real["when: day of week"], one["when"].dt.day_of_week)
    start = pd.Timestamp(int(found.origins["when"]), unit="s")
    back = start + pd.to_timedelta(found.generated["when"], "s")
    assert list(back) == list(other["when"])


def test_rows_with_holes_stay_or_are_left_out_with_their_count() -> None:
    one, other = frame(40, 0), frame(30, 1)
    kept = prepare(table(one), table(other, "generated"))
    assert len(kept.real) == 40
    dropped = prepare(table(one), table(other, "generated"), missing="drop")
    assert len(dropped.real) == one["holed"].notna().sum()
    assert any(str(one["holed"].isna().sum()) in note for note in dropped.notes)


def test_levels_are_shared_by_all_tables_and_those_of_one_side_are_named() -> None:
    one = pd.DataFrame({"c": ["a", "b", "b", "a"]})
    other = pd.DataFrame({"c": ["b", "teal", "b"]})
    third = pd.DataFrame({"c": ["a", "grey", "b"]})
    found = prepare(table(one), table(other, "generated"), table(third, "holdout"))
    assert found.real.levels == (("a", "b", "grey", "teal"),)
    assert found.holdout is not None
    np.testing.assert_array_equal(found.holdout["c"], [0, 2, 1])
    assert any("teal" in note and "generated" in note for note in found.notes)


def test_a_whole_number_is_the_same_level_as_an_integer_and_as_a_float() -> None:
    one = pd.DataFrame({"c": [1, 2, 1, 2]})
    other = pd.DataFrame({"c": [1.0, 2.0, np.nan]})
    found = prepare(table(one), table(other, "generated"), kinds={"c": "category"})
    assert found.real.levels == (("1", "2"),)
    np.testing.assert_array_equal(found.generated["c"], [0, 1, -1])


def test_strict_refuses_what_would_be_set_aside() -> None:
    one = pd.DataFrame({"a": [1.0, 2.5, 4], "c": ["x", "x", "x"]})
    assert list(prepare(table(one), table(one)).set_aside) == ["c"]
    with pytest.raises(UsageError, match="'c' cannot be compared"):
        prepare(table(one), table(one), strict=True)


@pytest.mark.parametrize("kind", ["number", "time", "duration"])
def test_a_kind_that_does_not_fit_is_refused_with_the_value(kind: str) -> None:
    words = pd.DataFrame({"a": ["u", "v", "u"]})
    with pytest.raises(UsageError, match="'u'"):
        prepare(table(words), table(words), kinds={"a": kind})


def test_numbers_that_float64_does_not_hold_lose_one_origin_in_all_tables() -> None:
    one, other, third = (
        pd.DataFrame({"t": np.arange(5, dtype=np.int64) * 3 + 10**18 + k}) for k in (0, 1, 2)
    )
    found = prepare(table(one), table(other, "generated"), table(third, "holdout"))
    assert found.holdout is not None
    np.testing.assert_array_equal(found.generated["t"] - found.real["t"], np.ones(5))
    np.testing.assert_array_equal(found.holdout["t"] - found.real["t"], np.full(5, 2.0))


@pytest.mark.statistical
def test_weights_keep_rows_in_proportion() -> None:
    n = 20_000
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"x": rng.integers(1, 5, n)})
    rows["w"] = rows["x"] / 10
    other = pd.DataFrame({"x": [1, 2, 3]})
    chosen = choose_rows([table(rows), table(other)], None, "w", rng)
    kept = chosen.tables[0].frame["x"].value_counts(normalize=True).sort_index()
    # Shares in proportion to 1, 2, 3, 4, with a standard error of at most 0.005.
    np.testing.assert_allclose(kept, np.array([1, 2, 3, 4]) / 10, atol=0.02)
    assert list(chosen.tables[0].frame.columns) == ["x"]
    assert len(chosen.tables[1].frame) == 3


@pytest.mark.parametrize("weights", [[-1.0, 2, 3], [0.0, 0, 0], [np.nan, 1, 1], ["a", "b", "c"]])
def test_weights_that_are_none_are_refused(weights: list) -> None:
    rows = table(pd.DataFrame({"x": [1, 2, 3], "w": weights}))
    with pytest.raises(UsageError, match="weights must be finite numbers"):
        choose_rows([rows, rows], None, "w", np.random.default_rng(0))


def test_groups_are_numbered_and_a_row_without_one_is_alone() -> None:
    rows = table(pd.DataFrame({"x": [1, 2, 3, 4], "who": ["a", None, "a", None]}))
    chosen = choose_rows([rows, rows], "who", None, np.random.default_rng(0))
    assert chosen.groups is not None
    codes = chosen.groups[0]
    assert codes[0] == codes[2]
    assert len(set(codes.tolist())) == 3
    with pytest.raises(UsageError, match="`group` names no column"):
        choose_rows([rows, rows], "whom", None, np.random.default_rng(0))
