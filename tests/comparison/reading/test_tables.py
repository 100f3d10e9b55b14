"""Files to tables: every format gives the same numbers, every fault one sentence."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from gan_eval.comparison import compare
from gan_eval.comparison.columns.prepare import prepare
from gan_eval.comparison.pages.words import rows
from gan_eval.comparison.reading import common_columns, read_table
from gan_eval.runtime.errors import UsageError

ROWS = np.array([[0.1, -2.0], [1e-17, 3e300 / 1e200], [5.0, 7.0]])


def write(folder: Path, name: str, content: str | bytes | np.ndarray | dict) -> Path:
    path = folder / name
    if isinstance(content, np.ndarray):
        np.save(path, content)
    elif isinstance(content, dict):
        np.savez(path, **content)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_every_format_gives_the_same_numbers_to_the_last_bit(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=["a", "b"])
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_csv(tmp_path / "t.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "t.parquet")
    write(tmp_path, "t.npy", ROWS)
    write(tmp_path, "t.npz", {"a": ROWS[:, 0], "b": ROWS[:, 1]})
    write(tmp_path, "one.npz", {"rows": ROWS})
    write(tmp_path, "bare.csv", frame.to_csv(index=False, header=False))
    write(tmp_path, "bom.csv", b"\xef\xbb\xbf" + frame.to_csv(index=False).encode())
    write(tmp_path, "record.npy", frame.to_records(index=False).view(np.ndarray))
    for name in ("t.csv", "t.tsv", "t.parquet", "t.npz", "bom.csv", "record.npy"):
        table = read_table(tmp_path / name)
        assert (table.named, list(table.frame.columns)) == (True, ["a", "b"]), name
        np.testing.assert_array_equal(table.frame[["a", "b"]].to_numpy(), ROWS)
    for name in ("t.npy", "one.npz", "bare.csv"):
        table = read_table(tmp_path / name)
        assert (table.named, list(table.frame.columns)) == (False, ["x1", "x2"]), name
        np.testing.assert_array_equal(table.frame[["x1", "x2"]].to_numpy(), ROWS)


@pytest.mark.parametrize(
    "values", [np.arange(4), np.array([True, False, True]), np.array([1, 2, 3], np.float32)]
)
def test_integers_truth_values_and_small_floats_are_numbers(
    tmp_path: Path, values: np.ndarray
) -> None:
    found = read_table(write(tmp_path, "t.npy", values)).frame[["x1"]].to_numpy()
    np.testing.assert_array_equal(found[:, 0], values.astype(float))


def test_nullable_integers_of_parquet_are_numbers_or_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "b": [1.5, 2.5, 3.0]}).to_parquet(
        path
    )
    table = read_table(path)
    prepared = prepare(table, table)
    np.testing.assert_array_equal(prepared.real.numbers, [[1.0, 1.5], [np.nan, 2.5], [3.0, 3.0]])


LATE = np.random.default_rng(0).integers(0, 1000, 60)
LATER = np.random.default_rng(1).integers(300, 1300, 50)
"""Whole numbers that differ; each test adds the same to both, of which float64 has no room."""


def _texts(start: int, decimals: int) -> list[str]:
    """Both columns as CSV, with so many of the digits behind the point."""
    pair = []
    for column in (LATE, LATER):
        digits = [str(start + int(value)) for value in column]
        lines = [f"{d[:-decimals]}.{d[-decimals:]}" if decimals else d for d in digits]
        pair.append("\n".join(["t", *lines]) + "\n")
    return pair


@pytest.mark.parametrize(
    ("start", "decimals"), [(10**18, 0), (2**63 + 5, 0), (10**30, 0), (10**18, 9), (10**25, 24)]
)
def test_all_digits_of_a_text_count(tmp_path: Path, start: int, decimals: int) -> None:
    texts = _texts(start, decimals)
    write(tmp_path, "real.csv", texts[0])
    write(tmp_path, "fake.csv", texts[1])
    found = compare(tmp_path / "real.csv", tmp_path / "fake.csv", tests=["energy"])
    unit = 10.0**-decimals
    assert found.told_apart
    np.testing.assert_allclose(
        np.diff(found.real.rows.numbers[:, 0]), np.diff(LATE) * unit, rtol=1e-12
    )
    (column,) = found.columns.to_dict("records")
    oracle: Any = ks_2samp(LATE, LATER)
    assert column["ks"] == oracle.statistic
    for name, values in (("real", LATE), ("generated", LATER)):
        assert column[f"{name}_mean"] == pytest.approx((start + values.mean()) * unit, rel=1e-15)
        assert column[f"{name}_sd"] == pytest.approx(values.std(ddof=1) * unit, rel=1e-12)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64", "UInt64", "int64[pyarrow]"])
def test_all_digits_of_stored_integers_count(tmp_path: Path, dtype: Any) -> None:
    """In every format, and where the two files store them differently."""
    made = []
    for name, column in (("real", LATE), ("fake", LATER)):
        whole = column + 10**18
        frame = pd.DataFrame({"t": pd.Series(whole).astype(dtype), "v": column * 0.5})
        frame.to_parquet(tmp_path / f"{name}.parquet")
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        write(tmp_path, f"{name}.npz", {"t": whole.astype(np.uint64), "v": column * 0.5})
    for ending in ("parquet", "csv", "npz"):
        files = tmp_path / "real.parquet", tmp_path / f"fake.{ending}"
        made.append(compare(*files, tests=["energy"], columns=["t"]))
    assert [found.told_apart for found in made] == [True] * 3
    assert made[0].tests.results["energy"].statistic == made[2].tests.results["energy"].statistic
    origin = int(np.sort([*LATE, *LATER])[55]) + 10**18
    assert made[0].origins == {"t": origin}
    assert any(sentence.startswith(f"{origin} was subtracted from") for sentence in rows(made[0]))


def test_a_constant_is_named_with_all_its_digits(tmp_path: Path) -> None:
    lines = [f"{10**18 + 7},{value}" for value in LATE]
    path = write(tmp_path, "t.csv", "\n".join(["id,v", *lines]))
    assert compare(path, path, tests=["energy"]).set_aside == {
        "id": "it is constant at 1000000000000000007 in both"
    }


class Bomb:
    """What would happen if a pickle were loaded."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_a_pickle_is_never_loaded_whatever_it_is_called(tmp_path: Path) -> None:
    bomb = np.array([Bomb()], dtype=object)
    np.save(tmp_path / "o.npy", bomb, allow_pickle=True)
    np.savez(tmp_path / "o.npz", a=bomb)
    write(tmp_path, "disguised.npy", pickle.dumps(Bomb()))
    write(tmp_path, "frame.pkl", pickle.dumps(Bomb()))
    for name in ("o.npy", "o.npz", "disguised.npy", "frame.pkl"):
        with pytest.raises(UsageError, match="pickle"):
            read_table(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.csv", "", "is empty: a header or a row of numbers is needed"),
        ("t.csv", "a,b\n1,2,3\n4,5,6\n", "its first line has fewer fields than the lines below"),
        ("t.csv", "a,b\n1,2\n4,5,6\n", "is not a table: Expected 2 fields in line 3, saw 3"),
        ("t.csv", 'a,b\n"1,2\n', "is not a table: EOF inside string"),
        ("t.csv", b"a\x00,b\x00\n", "is no text, it has zero bytes"),
        ("t.npy", b"", "is not a usable NPY file"),
        ("t.npy", np.zeros((2, 2, 2)), "must hold rows and columns, got shape (2, 2, 2)"),
        ("t.npy", np.zeros((2, 0)), "has no columns"),
        ("t.npz", b"PK\x03\x04", "is not a usable NPZ file"),
        ("t.npz", {"a": np.zeros(3), "b": np.zeros(4)}, "got 'a' (3,), 'b' (4,)"),
        ("t.npz", {}, "columns of one length, got nothing"),
        ("t.parquet", b"PAR1", "is not a usable Parquet file: Parquet file size is 4 bytes"),
        ("t.xlsx", "a", "is not a usable Excel file"),
        ("t.doc", "a", "must end in .csv, .tsv, .txt, .jsonl"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    tmp_path: Path, name: str, content: str | bytes | np.ndarray | dict, sentence: str
) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(UsageError) as refusal:
        read_table(path)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a,b\n1,2\n", "must have at least 3 rows, got 1"),
        ("a,b\n", "must have at least 3 rows, got 0"),
        ("a,b\n,\n,\n,\n", "no column can be compared: 'a' is set aside, since it is missing"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, content: str, sentence: str) -> None:
    table = read_table(write(tmp_path, "t.csv", content))
    with pytest.raises(UsageError) as refusal:
        prepare(table, table)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("value", ["-inf", "1e200"])
def test_a_column_that_is_no_finite_number_is_set_aside(tmp_path: Path, value: str) -> None:
    table = read_table(write(tmp_path, "t.csv", f"a,b\n1,2\n3,{value}\n5,6\n"))
    assert list(prepare(table, table).set_aside) == ["b"]
    with pytest.raises(UsageError, match="column 'b' cannot be compared"):
        prepare(table, table, strict=True)


def test_columns_are_matched_by_name_or_where_there_is_none_by_position(tmp_path: Path) -> None:
    named = read_table(write(tmp_path, "r.csv", "a,b\n1,2\n3,4\n5,6\n"))
    turned = read_table(write(tmp_path, "f.csv", "b,a\n20,10\n40,30\n60,50\n"))
    bare = read_table(write(tmp_path, "f.npy", np.array([[10.0, 20], [30, 40], [50, 60]])))
    for other in (turned, bare):
        first, second, _ = common_columns(named, other)
        assert list(first.frame.columns) == list(second.frame.columns) == ["a", "b"]
        np.testing.assert_array_equal(
            second.frame[["a", "b"]].to_numpy(), [[10, 20], [30, 40], [50, 60]]
        )
    first, *_ = common_columns(bare, named, ["b"])
    np.testing.assert_array_equal(first.frame[["b"]].to_numpy(), [[20], [40], [60]])


@pytest.mark.parametrize(
    ("real", "fake", "chosen", "sentence"),
    [
        ("a,b\n", "c\n", None, "have no column in common: the one has columns 'a', 'b', the other"),
        ("a,b\n", "a,c\n", ["b"], "'f.csv' lacks the column 'b': known are `a`, `c`"),
        ("age,b\n", "age,b\n", ["agee"], "lacks the column 'agee': did you mean `age`?"),
        ("a,b\n", "a,b\n", ["a", "a"], "must name different columns, got 'a' more than once"),
        ("a,b\n", "1,2,3\n", None, "'r.csv' has 2 columns and 'f.csv' has 3: one of them has no"),
    ],
)
def test_columns_that_cannot_be_matched_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    real: str,
    fake: str,
    chosen: list[str] | None,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "r.csv", real)
    write(tmp_path, "f.csv", fake)
    with pytest.raises(UsageError) as refusal:
        common_columns(read_table("r.csv"), read_table("f.csv"), chosen)
    assert sentence in str(refusal.value)
