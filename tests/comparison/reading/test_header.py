"""What the first line of a text is: every way to save a table gives its rows, no more, no less."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan_eval.comparison import compare
from gan_eval.comparison.reading import ReadOptions, read_table, read_tables
from gan_eval.runtime.errors import UsageError

rng = np.random.default_rng(0)


def floats(n: int, d: int = 2) -> pd.DataFrame:
    return pd.DataFrame(rng.normal(size=(n, d)))


def whole(n: int, d: int = 2) -> pd.DataFrame:
    return pd.DataFrame(rng.integers(0, 9, size=(n, d)))


def years(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis(range(2019, 2019 + frame.shape[1]), axis=1)


def named(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis(list("abc")[: frame.shape[1]], axis=1)


def both(kind, make) -> tuple[str, str]:
    return kind(make(50)), kind(make(40))


def with_header(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False)


def bare(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, header=False)


def mixed(n: int) -> pd.DataFrame:
    return pd.concat([whole(n, 1), floats(n, 1)], axis=1, ignore_index=True)


def in_quotes(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, header=False, quoting=csv.QUOTE_ALL)


PAIRS = "u,2\nv,3\n"
BITS = "1,1\n0,1\n"

# A label, two texts of 50 and 40 rows, and whether what was made of the first lines is said.
CASES = [
    ("names", *both(with_header, lambda n: named(floats(n))), False),
    ("byte order mark", "\ufeff" + with_header(named(floats(50))), bare(floats(40)), False),
    ("unnamed decimals", *both(with_header, floats), True),
    ("unnamed whole numbers", *both(with_header, whole), True),
    ("unnamed column of decimals", *both(with_header, lambda n: floats(n, 1)), True),
    ("unnamed, of both kinds", *both(with_header, mixed), True),
    ("years over decimals", *both(with_header, lambda n: years(floats(n))), True),
    ("years over counts", *both(with_header, lambda n: years(whole(n))), True),
    ("year over decimals", *both(with_header, lambda n: years(floats(n, 1))), True),
    ("names against none", with_header(named(floats(50))), bare(floats(40)), False),
    ("names against 0, 1", with_header(named(floats(50))), with_header(floats(40)), True),
    ("0, 1 against none", with_header(floats(50)), bare(floats(40)), True),
    ("years against none", bare(whole(50)), with_header(years(whole(40))), True),
    ("a name is a year", *both(with_header, lambda n: whole(n).set_axis(["a", "7"], axis=1)), True),
    ("sodium", "NA,K\n" + bare(whole(50)), "NA,K\n" + bare(whole(40)), False),
    ("names in quotes", '"3","1"\n' + bare(whole(50)), '"3","1"\n' + bare(whole(40)), False),
    ("no names", *both(bare, floats), False),
    ("no names, whole numbers", *both(bare, lambda n: whole(n) + 3), False),
    ("a missing value first", "1.5,NA\n" + bare(floats(49)), bare(floats(40)), False),
    ("the same first row", "0.5,0.25\n" + bare(floats(49)), "0.5,0.25\n" + bare(floats(39)), True),
    ("numbers in quotes", *both(in_quotes, floats), False),
    ("a text column", "u,1\n" + PAIRS * 24 + "v,1\n", "v,1\n" + PAIRS * 19 + "v,1\n", False),
    ("yes and no", "0,1\n" + BITS * 24 + "1,0\n", "0,1\n" + BITS * 19 + "1,1\n", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("real", "fake", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_no_row_is_lost_and_none_is_made(tmp_path: Path, real: str, fake: str, said: bool) -> None:
    (tmp_path / "r.csv").write_text(real, encoding="utf-8")
    (tmp_path / "f.csv").write_text(fake, encoding="utf-8")
    tables = read_tables(tmp_path / "r.csv", tmp_path / "f.csv")
    assert [len(table.frame) for table in tables] == [50, 40]
    assert any(table.notes for table in tables) == said


@pytest.mark.parametrize(("header", "rows"), [(True, 50), (False, 51)])
def test_it_can_be_told(tmp_path: Path, header: bool, rows: int) -> None:
    path = tmp_path / "t.csv"
    floats(50).to_csv(path, index=False)
    table = read_table(path, ReadOptions(header=header))
    assert (len(table.frame), table.notes) == (rows, ())
    assert len(compare(path, path, header=header, tests=["hotelling"]).real.rows) == rows


def test_the_names_of_another_format_are_known_again(tmp_path: Path) -> None:
    whole(50).set_axis(["3", "1"], axis=1).to_csv(tmp_path / "f.csv", index=False)
    whole(40).set_axis(["1", "3"], axis=1).to_parquet(tmp_path / "r.parquet")
    real, fake = read_tables(tmp_path / "r.parquet", tmp_path / "f.csv")
    assert (len(real.frame), len(fake.frame), fake.notes) == (40, 50, ())
    np.save(tmp_path / "r.npy", floats(40))
    floats(50).to_csv(tmp_path / "f.csv", index=False)
    found = compare(tmp_path / "f.csv", tmp_path / "r.npy", tests=["hotelling"])
    assert (len(found.real.rows), len(found.generated.rows)) == (50, 40)
    assert "(0, 1) was taken as names" in found.notes[0]
    with pytest.raises(UsageError, match="is for text"):
        read_tables(tmp_path / "r.npy", tmp_path / "r.parquet", ReadOptions(header=True))


def test_a_file_of_one_line_has_names_or_one_row(tmp_path: Path) -> None:
    for text, rows in (("a,b\n", 0), ("1,2\n", 1), ('"1","2"\n', 1), ("0\n", 1)):
        (tmp_path / "t.csv").write_text(text)
        assert len(read_table(tmp_path / "t.csv").frame) == rows


def test_a_column_that_counts_the_rows_is_set_aside(tmp_path: Path) -> None:
    for start in (0, 1):
        for name, n in (("r.csv", 50), ("f.csv", 40)):
            frame = floats(n)
            frame.index += start
            frame.to_csv(tmp_path / name, header=False)
        found = compare(tmp_path / "r.csv", tmp_path / "f.csv", tests=["hotelling"])
        assert list(found.set_aside) == ["x1"]
        kept = compare(
            tmp_path / "r.csv", tmp_path / "f.csv", tests=["hotelling"], kinds={"x1": "number"}
        )
        assert kept.compared[0] == "x1"
