"""The positions that a sketch has seen, of each stream: sorted spans that touch no other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from gan_eval.runtime.arguments import whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.samples import Array
from gan_eval.stats.sketch.rows import require_finite

Spans = dict[str, list[tuple[int, int]]]
MOST_POSITION = 2**62


def stream_name(stream: Any) -> str | None:
    """Return the name of a stream that may be given as a number, or not at all."""
    if stream is None or isinstance(stream, str):
        return stream
    return str(whole_number(stream, "`stream`", 0))


def placed(
    seen: Spans, stream: str | None, rows: Array, start: int | None
) -> tuple[str, int, Spans]:
    """Return the stream of rows that come, the position of the first, and their span.

    A stream without a name is called by the SHA-256 of the rows, and rows whose ``start`` is not
    given follow on the last. Raises ``UsageError`` for positions that were seen already, and for
    rows that are no finite numbers.

    Examples
    --------
    >>> placed({"a": [(0, 5)]}, "a", np.zeros((3, 2)), None)
    ('a', 5, {'a': [(5, 8)]})
    """
    if stream is None:
        digest = hashlib.sha256(np.ascontiguousarray(rows, "<f8").tobytes()).hexdigest()
        stream = f"sha256:{digest}"
    if start is None:
        start = seen.get(stream, [(0, 0)])[-1][1]
    start = whole_number(start, "`start`", 0, MOST_POSITION)
    added = {stream: [(start, start + len(rows))]} if len(rows) else {}
    found = overlap(seen, added)
    if found:
        raise UsageError(f"`rows` are in the sketch already: {found}")
    require_finite(rows, start)
    return stream, start, added


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
