"""The positions that a sketch has seen, of each stream: sorted spans that touch no other."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

Spans = dict[str, list[tuple[int, int]]]


def joined(first: Mapping[str, list[tuple[int, int]]], second: Spans) -> Spans:
    """Return all positions of both, which do not overlap.

    Examples
    --------
    >>> joined({"a": [(0, 5)]}, {"a": [(5, 9)], "b": [(2, 3)]})
    {'a': [(0, 9)], 'b': [(2, 3)]}
    """
    found: Spans = {}
    for stream in sorted({*first, *second}):
        spans: list[tuple[int, int]] = []
        for start, stop in sorted(first.get(stream, []) + second.get(stream, [])):
            if spans and start <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(stop, spans[-1][1])
            else:
                spans.append((start, stop))
        found[stream] = spans
    return found


def overlap(first: Mapping[str, list[tuple[int, int]]], second: Spans) -> str | None:
    """Return the first stream, and its positions, that both hold; None where there is none.

    Examples
    --------
    >>> overlap({"a": [(0, 5)]}, {"a": [(3, 9)]})
    "stream 'a', positions 3 to 4"
    """
    for stream in sorted({*first} & {*second}):
        for one, other in pairwise(sorted(first[stream] + second[stream])):
            if other[0] < one[1]:
                return f"stream {stream!r}, positions {other[0]} to {min(one[1], other[1]) - 1}"
    return None
