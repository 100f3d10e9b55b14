"""Files of sketches: all that is in them comes back, in another process too, or one sentence."""

from __future__ import annotations

import struct
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.sketch import Reference, Sketch

REFERENCE = Reference.of(np.random.default_rng(0).normal(size=(500, 2)))
ROWS = np.random.default_rng(1).normal(size=(20_000, 2))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "a.npz"
    Sketch(REFERENCE, stream="a").update(ROWS).save(made)
    return made


def test_what_is_saved_comes_back_bit_for_bit(path: Path) -> None:
    sketch, found = Sketch(REFERENCE, stream="a").update(ROWS), Sketch.load(path)
    for name in ("sums", "counts"):
        np.testing.assert_array_equal(getattr(found, name), getattr(sketch, name))
    np.testing.assert_array_equal(found.residuals.to_array(), sketch.residuals.to_array())
    for name in ("stream", "cells", "seed", "spans", "n"):
        assert getattr(found, name) == getattr(sketch, name)
    assert found.reference.same_as(REFERENCE) is None
    np.testing.assert_array_equal(found.reference.triangle, REFERENCE.triangle)
    assert found.update(ROWS[:10]).spans == {"a": [(0, 20_010)]}
    other = Sketch(found.reference, stream="b").update(ROWS + 0.1)
    assert other.test(Sketch.load(path)).told_apart


def test_an_empty_sketch_is_a_reference_for_other_machines(tmp_path: Path) -> None:
    Sketch(REFERENCE).save(tmp_path / "reference.npz")
    found = Sketch.load(tmp_path / "reference.npz")
    assert (found.n, found.stream) == (0, None)
    assert Sketch(found.reference, stream="a").merge(Sketch(REFERENCE, stream="b")).n == 0


def test_the_fields_are_those_of_the_documentation_and_none_is_pickled(path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "sketch.md"
    with np.load(path, allow_pickle=False) as found:
        assert str(found["format"]) == "gan_eval.sketch"
        assert int(found["version"]) == 1
        text = page.read_text(encoding="utf-8")
        for name in found.files:
            assert f"`{name}`" in text
            assert found[name].dtype.kind in "fiubU"


def test_a_fresh_process_merges_files_and_needs_no_torch(path: Path, tmp_path: Path) -> None:
    Sketch(REFERENCE, stream="b").update(ROWS[:100]).save(tmp_path / "b.npz")
    script = (
        "import sys\n"
        "from gan_eval.stats.sketch import Sketch\n"
        "both = Sketch.load(sys.argv[1]).merge(Sketch.load(sys.argv[2]))\n"
        "both.update([[0.0, 1.0]])\n"
        "assert 'torch' not in sys.modules\n"
        "both.save(sys.argv[3])\n"
    )
    files = [str(path), str(tmp_path / "b.npz"), str(tmp_path / "c.npz")]
    subprocess.run([sys.executable, "-W", "error", "-c", script, *files], check=True)
    found = Sketch.load(files[2])
    assert found.n == 20_101
    assert found.spans == {"a": [(0, 20_001)], "b": [(0, 100)]}


def test_damaged_and_foreign_files_are_one_sentence(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damaged = tmp_path / "damaged.npz"
    for cut in (0, 1, 50, len(whole) // 2, len(whole) - 30):
        damaged.write_bytes(whole[:cut])
        with pytest.raises(UsageError, match=r"damaged\.npz"):
            Sketch.load(damaged)
    for _ in range(60):
        broken = bytearray(whole)
        for place in rng.integers(0, len(whole), size=3):
            broken[place] ^= 1 << int(rng.integers(0, 8))
        damaged.write_bytes(bytes(broken))
        # The zip's own check lets through what stands beside its contents only.
        with suppress(UsageError):
            assert Sketch.load(damaged).n == 20_000
    header = b"{'descr': ('<f8', 'fortran_order': False}\n"
    with zipfile.ZipFile(damaged, "w") as file:
        file.writestr("format.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    with pytest.raises(UsageError, match=r"damaged\.npz"):
        Sketch.load(damaged)
    for name, content in (("text.npz", b"hello"), ("pickle.npz", b"\x80\x04N.")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match=name):
            Sketch.load(tmp_path / name)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.save(tmp_path / "array.npy", np.zeros(3))
    for name in ("other.npz", "array.npy", "none.npz", "."):
        with pytest.raises(UsageError):
            Sketch.load(tmp_path / name)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 2),
        ("kernel", "laplace"),
        ("cells", 100),
        ("counts", np.zeros(3, dtype=np.int64)),
        ("sums", np.full((1, 2), 0.0)),
        ("spans", np.array([[0, 19_999]])),
        ("mean", np.zeros(3)),
        ("pivots", np.zeros((2, 2))),
        ("filled", np.array([10**6])),
        ("bandwidth", np.array([1.0, 2.0])),
        ("stream", None),
        ("triangle", np.array([[None]])),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(
    path: Path, tmp_path: Path, field: str, value: object
) -> None:
    with np.load(path) as found:
        fields = {name: found[name] for name in found.files}
    fields[field] = value
    if value is None:
        del fields[field]
    np.savez(tmp_path / "changed.npz", **fields)
    with pytest.raises(UsageError, match=r"changed\.npz"):
        Sketch.load(tmp_path / "changed.npz")
