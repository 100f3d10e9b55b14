"""Labellings as bits, held against plain sums."""

from __future__ import annotations

import numpy as np

from gan_eval.stats.bits import add, column_sums, counter, equal, mark, packed

RNG = np.random.default_rng


def test_packed_labels_are_counted() -> None:
    for count in (1, 64, 130):
        labels = RNG(count).random((count, 37)) < 0.3
        words = packed(labels)
        assert words.shape == (37, -(-count // 64))
        assert (column_sums(words, count) == labels.sum(axis=1)).all()


def test_counters_count() -> None:
    rng = RNG(0)
    ones = rng.random((11, 70, 5)) < 0.5
    planes = counter(11, (5, 2))
    for labels in ones:
        add(planes, packed(labels))
    for number in range(12):
        found = column_sums(equal(planes, number), 70)
        assert (found == (ones.sum(axis=0) == number).sum(axis=1)).all()


def test_marks_of_one_row_are_joined() -> None:
    marked = np.zeros((3, 1), np.uint64)
    mark(marked, np.array([2, 0, 2]), np.array([[1], [4], [2]], np.uint64))
    assert marked.ravel().tolist() == [4, 0, 3]
