"""Numbers that are interleaved are, to the bit, what each is alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gan_eval.training.fused import functions
from gan_eval.training.fused.llvm import Lanes
from gan_eval.training.fused.values import Interleaved, Numbers, Value, interleave

from .evaluate import evaluate

COUNT = 3


def alone_and_interleaved(
    function: Callable[[Numbers, Value], Value], x: np.ndarray, shift: Callable[[Value, int], Value]
) -> tuple[list, list]:
    def alone(k: Lanes, value: Value) -> Sequence[Value]:
        return [function(k, shift(value, i)) for i in range(COUNT)]

    def together(k: Lanes, value: Value) -> Sequence[Value]:
        return interleave(k, function, [shift(value, i) for i in range(COUNT)])

    return evaluate(alone, x, COUNT), evaluate(together, x, COUNT)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [functions.tanh, functions.exp_of_negative])
def test_functions_of_reals(function: Callable, dtype: type) -> None:
    x = np.concatenate([-np.geomspace(1e-30, 200, 4001), [0, -np.inf, np.nan]]).astype(dtype)
    alone, together = alone_and_interleaved(function, x, lambda value, i: value * (1.0 + i / 8))
    np.testing.assert_array_equal(alone, together)
    assert not np.array_equal(together[0], together[1])


@pytest.mark.parametrize("part", [0, 1])
def test_the_circle_of_words(part: int) -> None:
    words = np.random.default_rng(0).integers(0, 2**32, 4001, dtype=np.uint32)

    def function(k: Numbers, w: Value) -> Value:
        return functions.circle(k, w)[part]

    alone, together = alone_and_interleaved(function, words, lambda value, i: value ^ (i << 30))
    np.testing.assert_array_equal(alone, together)
    assert not np.array_equal(together[0], together[1])


def test_one_number_serves_several() -> None:
    def difference(k: Lanes, value: Value) -> Sequence[Value]:
        several = Interleaved(k)
        pair = several.pack([value, value * 2.0])
        return (pair - several.pack([value])).handle

    x = np.arange(5, dtype=np.float32)
    np.testing.assert_array_equal(evaluate(difference, x, 2), [np.zeros(5), x])


def test_the_upper_half_of_a_product() -> None:
    words = np.random.default_rng(1).integers(0, 2**32, 4001, dtype=np.uint32)
    factor = 0xD2511F53

    def upper(k: Lanes, w: Value) -> Sequence[Value]:
        half = k.convert(k.upper(k.convert(w, "wide") * factor), "word")
        return [k.convert(half >> 16, "real"), k.convert(half & 0xFFFF, "real")]

    high, low = evaluate(upper, words, 2)
    found = high.astype(np.uint64) * 2**16 + low.astype(np.uint64)
    np.testing.assert_array_equal(found, words.astype(np.uint64) * factor >> 32)
