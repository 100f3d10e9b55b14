"""Sketches: what they hold, how they add up, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.sketch import Reference, Sketch


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.of(np.random.default_rng(0).normal(size=(1000, 2)))


def test_merged_sketches_are_those_of_one_pass(reference: Reference) -> None:
    rows = np.random.default_rng(1).normal(size=(30_001, 2))
    whole = Sketch(reference, stream="a").update(rows)
    parts = [
        Sketch(reference, stream="a").update(rows[start:stop], start)
        for start, stop in ((0, 7), (7, 20_000), (20_000, 30_001))
    ]
    merged = parts[2].merge(parts[0], parts[1])
    assert merged.spans == whole.spans == {"a": [(0, 30_001)]}
    np.testing.assert_array_equal(merged.counts, whole.counts)
    np.testing.assert_allclose(merged.sums, whole.sums, rtol=1e-12, atol=1e-12)


def test_the_same_rows_twice_are_refused(reference: Reference) -> None:
    rows = np.random.default_rng(1).normal(size=(100, 2))
    sketch = Sketch(reference, stream="a").update(rows)
    with pytest.raises(UsageError, match="positions 99 to 99"):
        sketch.update(rows, 99)
    with pytest.raises(UsageError, match="already"):
        sketch.merge(Sketch(reference, stream="a").update(rows[:50], 20))
