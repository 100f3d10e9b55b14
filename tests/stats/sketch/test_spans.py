"""Positions seen: they join where they touch, and never overlap."""

from __future__ import annotations

import numpy as np

from gan_eval.stats.sketch.spans import Spans, joined, overlap


def test_spans_are_those_of_a_set_of_positions() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        spans, positions = {}, set[int]()
        for _ in range(12):
            start = int(rng.integers(0, 60))
            stop = start + int(rng.integers(1, 8))
            new: Spans = {"a": [(start, stop)]}
            overlaps = bool(positions & set(range(start, stop)))
            assert (overlap(spans, new) is not None) is overlaps
            if not overlaps:
                spans = joined(spans, new)
                positions |= set(range(start, stop))
        found = {p for start, stop in spans["a"] for p in range(start, stop)}
        assert found == positions
        assert all(one[1] < two[0] for one, two in zip(spans["a"], spans["a"][1:], strict=False))
