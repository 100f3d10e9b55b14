"""Random tables, easy and hard, through `compare`, in two formats."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from numpy.typing import NDArray

from gan_eval.comparison import compare
from gan_eval.comparison.comparison import Comparison
from gan_eval.comparison.pages import answer, words
from gan_eval.runtime.errors import UsageError
from tests.stats.twosample.random_inputs import pairs

Array = NDArray[np.float64]


def found(folder: Path, ending: str, x: Array, y: Array) -> Comparison | str:
    paths = [folder / f"{name}.{ending}" for name in ("real", "fake")]
    for path, rows in zip(paths, (x, y), strict=True):
        if ending == "npy":
            np.save(path, rows)
        else:
            lines = (",".join(map(repr, row)) for row in rows.tolist())
            path.write_text("\n".join([",".join(f"c{j}" for j in range(rows.shape[1])), *lines]))
    try:
        return compare(*paths, permutations=99)
    except UsageError as error:
        return str(error)


def hold(x: Array, y: Array) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one, other = (found(Path(folder), ending, x, y) for ending in ("csv", "npy"))
    if isinstance(one, str) or isinstance(other, str):
        event("refused")
        assert isinstance(one, str)
        assert isinstance(other, str)
        return
    event(str(one.verdict))
    documents: list[dict[str, Any]] = [
        json.loads(json.dumps(result.to_dict(), allow_nan=False)) for result in (one, other)
    ]
    for results in (one.tests.results, other.tests.results):
        assert all(0 <= result.pvalue <= 1 for result in results.values())
    first, second = (
        {name: result.pvalue for name, result in result.tests.results.items()}
        for result in (one, other)
    )
    assert first == second, "a table of text holds the same numbers"
    assert documents[0]["verdict"] == documents[1]["verdict"]
    if one.told_apart:
        assert min(one.tests.adjusted.values()) <= one.tests.alpha
    for sentence in (*answer.summary(one), answer.meaning(one), *words.rows(one)):
        assert "nan" not in sentence.split()


@settings(max_examples=15)
@given(pair=pairs(3, 12))
def test_a_pair_of_tables_has_a_verdict_or_a_sentence(pair: tuple[Array, Array]) -> None:
    hold(*pair)


@pytest.mark.thorough
@settings(max_examples=200)
@given(pair=pairs(3, 30))
def test_many_pairs_of_tables_have_a_verdict_or_a_sentence(pair: tuple[Array, Array]) -> None:
    hold(*pair)
