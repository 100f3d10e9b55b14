"""JSON documents: read back as they were written, and refused in one sentence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gan_eval.runtime.documents import json_ready, json_text, read_json, restored
from gan_eval.runtime.errors import UsageError


@dataclass(frozen=True)
class Inner:
    values: tuple[float, ...]


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner


def test_a_document_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    document = {"a": [1, 2.5, None, True], "b": {"c": "\u202e"}}
    path.write_text(json_text(document), encoding="utf-8")
    assert read_json(path) == document
    made = {"name": "x", "inner": {"values": [0.5, 1.0]}}
    assert restored(Outer, made) == Outer("x", Inner((0.5, 1.0)))
    with pytest.raises(ValueError, match="inner"):
        restored(Outer, {"name": "x"})


def test_numbers_of_numpy_are_python_s_and_what_is_not_finite_is_null() -> None:
    given = {1: (np.int64(3), np.float32(0.5), np.bool_(True), np.inf, float("nan"))}
    assert json_ready(given) == {"1": [3, 0.5, True, None, None]}
    assert json_ready([np.inf], str) == ["inf"]
    assert json.loads(json_text(given, indent=None)) == {"1": [3, 0.5, True, None, None]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,\n]', "line 2"),
        ('{"a": NaN}', "not a finite number"),
        ('{"a": 1e999}', "not a finite number"),
        ('{"a": ' + "9" * 5000 + "}", "not usable JSON"),
        ("[" * 200_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said) as raised:
        read_json(path)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        read_json(tmp_path / "none.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not a text file"):
        read_json(tmp_path / "binary.json")
