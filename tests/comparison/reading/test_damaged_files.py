"""Files of any bytes: each is read, or refused in one sentence."""

from __future__ import annotations

import contextlib
import gzip
import io
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_eval.comparison.reading import ENDINGS, ReadOptions, read_table
from gan_eval.runtime.errors import UsageError

FRAME = pd.DataFrame({"a": [1.5, 2.5, 1234.5], "b": ["x", "y, z", None], "c": [1, 2, 3]})


def held(write, *arguments, **options) -> bytes:
    file = io.BytesIO()
    write(file, *arguments, **options)
    return file.getvalue()


WHOLE = {
    ".csv": FRAME.to_csv(index=False).encode(),
    ".txt": FRAME.to_csv(index=False, sep=";", decimal=",").encode("utf-16"),
    ".csv.gz": gzip.compress(FRAME.to_csv().encode()),
    ".jsonl": FRAME.to_json(orient="records", lines=True).encode(),
    ".json": FRAME.to_json().encode(),
    ".parquet": held(FRAME.to_parquet),
    ".feather": held(FRAME.to_feather),
    ".npz": held(np.savez, a=np.arange(3.0), b=np.arange(3)),
}
pack: Any = None
with contextlib.suppress(ImportError):
    pack = import_module("zstandard").ZstdCompressor().compress
    WHOLE[".csv.zst"] = pack(WHOLE[".csv"])
with contextlib.suppress(ImportError):
    WHOLE[".xlsx"] = held(FRAME.to_excel, index=False)


def hold(ending: str, content: bytes) -> bool:
    """Read it, and say whether it was; what is refused is refused in one sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"t{ending}")
        path.write_bytes(content)
        try:
            read_table(path)
        except UsageError as refusal:
            assert "\n" not in str(refusal)  # noqa: PT017
            assert str(path) in str(refusal)  # noqa: PT017
            return False
    return True


@settings(max_examples=60, deadline=None)
@given(ending=st.sampled_from(ENDINGS), content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(ending: str, content: bytes) -> None:
    hold(ending, content)


@settings(max_examples=60, deadline=None)
@given(content=st.text(alphabet="ab19.,;:|\t '\"#-+e\n\r=é\u202f", max_size=60))
def test_any_text_is_read_or_refused(content: str) -> None:
    hold(".csv", content.encode())
    hold(".txt", content.encode("latin-1", "replace"))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(data: st.DataObject) -> None:
    ending = data.draw(st.sampled_from(sorted(WHOLE)))
    content = bytearray(WHOLE[ending])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    hold(ending, bytes(content[: data.draw(st.integers(0, len(content)))]))


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst", ".parquet", ".feather", ".xlsx", ".npz"])
def test_half_a_file_is_refused(ending: str) -> None:
    if ending not in WHOLE:
        pytest.skip("its library is not installed")
    assert hold(ending, WHOLE[ending])
    for part in (0.3, 0.6, 0.9):
        assert not hold(ending, WHOLE[ending][: int(part * len(WHOLE[ending]))])


def test_what_packs_well_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gan_eval.comparison.reading import source

    monkeypatch.setattr(source, "MOST_NUMBERS", 1000)
    big = FRAME.iloc[:1].loc[np.zeros(5000, int)]
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(big.to_csv(index=False).encode()))
    big.to_feather(tmp_path / "t.feather", compression="zstd")
    nothing = pa.table({"a": pa.nulls(10**9)})
    with pa.ipc.new_file(str(tmp_path / "t.arrow"), nothing.schema) as file:
        file.write_table(nothing)
    (tmp_path / "f").mkdir()
    big.to_parquet(tmp_path / "f" / "t.parquet")
    names = ["t.csv.gz", "t.feather", "t.arrow", "f"]
    if ".csv.zst" in WHOLE:
        (tmp_path / "t.csv.zst").write_bytes(pack(big.to_csv(index=False).encode()))
        names.append("t.csv.zst")
    for name in names:
        with pytest.raises(UsageError, match="must hold at most 1000 numbers"):
            read_table(tmp_path / name)


def test_frames_of_zstandard_that_follow_each_other_are_one_text(tmp_path: Path) -> None:
    if ".csv.zst" not in WHOLE:
        pytest.skip("zstandard is not installed")
    (tmp_path / "t.csv.zst").write_bytes(pack(b"a,b\n1,2\n") + pack(b"3,4\n"))
    table = read_table(tmp_path / "t.csv.zst", ReadOptions(separator=","))
    assert table.frame.to_numpy().tolist() == [[1, 2], [3, 4]]
