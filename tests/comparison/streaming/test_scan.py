"""Folders as their footers describe them: units, kinds, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from gan_eval.comparison.streaming import scan as room
from gan_eval.comparison.streaming.scan import plan, scan
from gan_eval.runtime.errors import UsageError

from . import files


def test_units_cover_each_row_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "UNIT_ROWS", 700)
    found = scan(files.write(tmp_path / "x", files.normal(5000, 0), files=3, group=300))
    units = found.units("real")
    assert [unit.start for unit in units][1:] == [unit.start + unit.rows for unit in units][:-1]
    assert units[-1].start + units[-1].rows == found.rows == 5000
    covered = {(unit.path, group) for unit in units for group in unit.groups}
    assert covered == {(f.path, j) for f in found.files for j in range(len(f.groups))}
    assert len(covered) == sum(len(unit.groups) for unit in units)
    assert max(unit.rows for unit in units) <= 700


def test_a_file_is_a_side_too_and_hidden_files_are_none(tmp_path: Path) -> None:
    folder = files.write(tmp_path / "x", files.normal(30, 0))
    (folder / "_metadata.parquet").write_bytes(b"no Parquet")
    (folder / ".crc.parquet").write_bytes(b"no Parquet")
    assert scan(folder).rows == scan(folder / "000.parquet").rows == 30


def test_types_say_what_a_column_is(tmp_path: Path) -> None:
    table = pa.table(
        {
            "whole": pa.array([1, 2, 3], pa.int8()),
            "half": pa.array([1.0, 2.0, 3.0], pa.float32()),
            "exact": pa.array([1, 2, 3]).cast(pa.decimal128(30, 2)),
            "word": ["a", "b", "c"],
            "coded": pa.array(["a", "b", "c"]).dictionary_encode(),
            "truth": [True, False, None],
            "day": pa.array([1, 2, 3], pa.date32()),
            "empty": pa.nulls(3),
            "list": [[1], [2], [3]],
            "__index_level_0__": [7, 8, 9],
        }
    )
    parquet.write_table(table, tmp_path / "x.parquet")
    side = scan(tmp_path / "x.parquet")
    found = plan(side, side)
    assert found.numbers == ("whole", "half", "exact")
    assert found.categories == ("word", "coded", "truth")
    assert set(found.set_aside) == {"day", "empty", "list"}
    assert plan(side, side, kinds={"whole": "category"}).categories[0] == "whole"
    with pytest.raises(UsageError, match="'day'"):
        plan(side, side, strict=True)


@pytest.fixture
def real(tmp_path: Path) -> Path:
    return files.write(tmp_path / "real", files.normal(60, 0), files=3)


def refusal(*paths: Path, **options: object) -> str:
    with pytest.raises(UsageError) as error:
        plan(*map(scan, paths), **options)
    return str(error.value)


def test_what_cannot_be_scanned_is_named(real: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    (tmp_path / "no.parquet").write_text("a,b\n1,2\n")
    for name in ("empty", "text.csv", "no.parquet", "absent.parquet", "absent"):
        assert name in refusal(real, tmp_path / name)
    with pytest.raises(UsageError, match="Parquet"):
        scan(files.normal(9, 0))  # type: ignore[arg-type]
    files.write(tmp_path / "few", files.normal(2, 0))
    assert "few" in refusal(real, tmp_path / "few")


def test_a_file_without_a_column_is_named(real: Path, tmp_path: Path) -> None:
    files.normal(9, 1).drop(columns="b").to_parquet(real / "001.parquet", index=False)
    said = refusal(real, real)
    assert "001.parquet" in said
    assert "'b'" in said


def test_two_types_are_named_with_their_files(real: Path, tmp_path: Path) -> None:
    frame = files.normal(9, 1).astype({"b": str})
    other = files.write(tmp_path / "other", frame)
    said = refusal(real, other)
    assert all(word in said for word in ("'b'", "double", "string", "000.parquet"))
    assert plan(scan(real), scan(other), exclude=["b"]).numbers == ("a",)
    frame.to_parquet(real / "002.parquet", index=False)
    assert "002.parquet" in refusal(real, real)


def test_columns_are_matched_by_name(real: Path, tmp_path: Path) -> None:
    turned = files.normal(9, 1)[["b", "a"]].assign(c=1.0)
    other = files.write(tmp_path / "other", turned)
    found = plan(scan(real), scan(other))
    assert found.numbers == ("a", "b")
    assert set(found.set_aside) == {"c"}
    strange = files.write(tmp_path / "strange", pd.DataFrame({"u": [1.0, 2.0, 3.0]}))
    assert "no column in common" in refusal(real, strange)
    assert "`kinds`" in refusal(real, other, kinds={"q": "number"})
    assert "`kinds`" in refusal(real, other, kinds={"a": "time"})
