"""NPY and NPZ files: what they may hold; what would be misread, or is hostile, is refused."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval.comparison.reading import MOST_COLUMNS, common_columns, read_table, source
from gan_eval.runtime.errors import UsageError

ROWS = np.arange(180.0).reshape(60, 3)


def npy(array: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.save(held, array)
    return held.getvalue()


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return held.getvalue()


def claiming(shape: tuple[int, ...], header: bytes = npy(ROWS)) -> bytes:
    """An NPY file whose header says that it is of another shape."""
    said = header[:128].replace(b"(60, 3), }", f"{shape}, }}".encode()).split(b"\n")[0]
    return said[:127].ljust(127) + b"\n" + header[128:]


def flagged(packed: bytes) -> bytes:
    """An archive whose members are said to be encrypted."""
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = packed.index(signature) + offset
        packed = packed[:at] + b"\x01" + packed[at + 1 :]
    return packed


def grown(packed: bytes, size: int) -> bytes:
    """An archive whose directory says that its member unpacks to ``size`` bytes."""
    at = packed.index(b"PK\x01\x02") + 24
    return packed[:at] + struct.pack("<I", size) + packed[at + 4 :]


RECORD: Any = [("a", "<f8"), ("v", "<f4", (3,)), ("b", "<i8")]


def test_a_field_of_several_numbers_is_as_many_columns(tmp_path: Path) -> None:
    record: Any = np.zeros(60, dtype=RECORD)
    record["a"], record["v"], record["b"] = ROWS[:, 0], ROWS, np.arange(60) + 10**18
    np.save(tmp_path / "t.npy", record)
    np.savez(tmp_path / "t.npz", record)
    for name in ("t.npy", "t.npz"):
        table = read_table(tmp_path / name)
        assert list(table.frame.columns) == ["a", "v.1", "v.2", "v.3", "b"]
        np.testing.assert_array_equal(table.frame[["v.1", "v.2", "v.3"]], ROWS)
        np.testing.assert_array_equal(table.frame["b"], np.arange(60) + 10**18)


def test_either_order_of_bytes_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", ROWS.astype(">f8"))
    np.save(tmp_path / "i.npy", (np.arange(60) + 10**18).astype(">i8"))
    np.testing.assert_array_equal(read_table(tmp_path / "t.npy").frame, ROWS)
    assert read_table(tmp_path / "i.npy").frame["x1"].iloc[-1] == 10**18 + 59


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.npy", npy(np.zeros((60, 2), dtype=RECORD)), "records of shape (60, 2)"),
        ("t.npy", npy(np.zeros(60, dtype=[("m", "f8", (2, 3))])), "'m' of type ('<f8', (2, 3))"),
        ("t.npy", npy(np.zeros(60, dtype=[("m", [("n", "f8")])])), "'m' of type [('n', '<f8')]"),
        ("t.npy", npy(np.array(3.0)), "must hold rows and columns, got shape ()"),
        ("t.npy", claiming((10**9, 10**6)), "must hold at most 268435456 numbers, got 1e+15"),
        ("t.npy", claiming((0, 10**15)), "got shape (0, 1000000000000000) in 1568 bytes"),
        ("t.npy", claiming((61, 3)), "got shape (61, 3) in 1568 bytes"),
        ("t.npy", claiming((-60, -3)), "t.npy"),
        ("t.npy", npy(ROWS)[:100], "is not a usable NPY file"),
        ("t.npz", archive({"a.npy": claiming((10**9, 10**6))}), "at most 268435456 numbers"),
        ("t.npz", archive({"a.npy": claiming((61, 3))}), "got shape (61, 3) in 1568 bytes"),
        ("t.npz", grown(archive({"a.npy": npy(ROWS)}), 2**32 - 2), "at most 268435456 numbers"),
        ("t.npz", flagged(archive({"a.npy": npy(ROWS)})), "is encrypted"),
        ("t.npz", archive({"a.npy": npy(ROWS), "notes.txt": b"3"}), "got the file 'notes.txt'"),
        ("t.npz", archive({"a.npy": b"3"}), "is not a usable NPZ file"),
        ("t.npz", archive({"a.npy": npy(ROWS)}, zipfile.ZIP_DEFLATED)[:-200], "not a usable NPZ"),
        ("t.npz", archive({"a.npy": npy(np.zeros(6, RECORD)), "b.npy": npy(ROWS)}), "'a' (6,)"),
    ],
)  # fmt: skip
def test_what_would_be_misread_or_is_hostile_is_refused(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as refusal:
        read_table(tmp_path / name)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_packs_well_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In every format, the limit is held against what the file says of itself."""
    monkeypatch.setattr(source, "MOST_NUMBERS", 100)
    np.savez_compressed(tmp_path / "t.npz", np.zeros((60, 3)))
    np.save(tmp_path / "t.npy", np.zeros((60, 3)))
    pd.DataFrame(np.zeros((60, 3))).rename(columns=str).to_parquet(tmp_path / "t.parquet")
    for name in ("t.npz", "t.npy", "t.parquet"):
        with pytest.raises(UsageError, match="must hold at most 100 numbers, got"):
            read_table(tmp_path / name)


@pytest.mark.parametrize("random", range(200))
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, random: int) -> None:
    rng = np.random.default_rng(random)
    packed = bytearray(
        npy(ROWS) if random % 2 else archive({"a.npy": npy(ROWS)}, zipfile.ZIP_DEFLATED)
    )
    for place in rng.integers(len(packed), size=3):
        packed[place] = rng.integers(256)
    path = tmp_path / ("t.npy" if random % 2 else "t.npz")
    path.write_bytes(packed)
    try:
        assert read_table(path).frame.size <= 1568
    except UsageError as refusal:
        assert str(path) in str(refusal)  # noqa: PT017


def wide(folder: Path, name: str, count: int) -> Path:
    rows = np.ones((4, count))
    if name.endswith(".npy"):
        np.save(folder / name, rows)
    else:
        lines = [",".join(f"x{j + 1}" for j in range(count)), *(",".join("1" * count),) * 4]
        (folder / name).write_text("\n".join(lines))
    return folder / name


@pytest.mark.parametrize("name", ["t.csv", "t.npy"])
def test_more_columns_than_can_be_compared_are_refused_unless_some_are_chosen(
    tmp_path: Path, name: str
) -> None:
    table = read_table(wide(tmp_path, name, MOST_COLUMNS + 1))
    with pytest.raises(UsageError, match=f"at most {MOST_COLUMNS} columns .*, got 4097 in"):
        common_columns(table, table, None)
    assert list(common_columns(table, table, ["x7"])[0].frame.columns) == ["x7"]
    with pytest.raises(UsageError, match="must have at most 65536 columns, got 70000"):
        read_table(wide(tmp_path, name, 70_000))


def test_names_of_any_length_and_kind_stay_on_one_line(tmp_path: Path) -> None:
    odd = "x" * 300 + "\x1b[31m\u202e"
    (tmp_path / "r.csv").write_text(f'{odd},"a\nb"\n1,2\n3,4\n5,6\n', encoding="utf-8")
    (tmp_path / "f.csv").write_text("1\n2\n3\n")
    with pytest.raises(UsageError) as refusal:
        common_columns(read_table(tmp_path / "r.csv"), read_table(tmp_path / "f.csv"), [odd[:-1]])
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 1000
    for name in ("\0.csv", "x" * 300 + ".csv", "x" * 5000 + ".npy"):
        with pytest.raises(UsageError, match=r"there is no file|cannot be read"):
            read_table(tmp_path / name)
