"""The largest errors of gan_eval/fused/functions.py over every float32, or every 32-bit word.

python -m benchmarks.function_errors

Some four billion points; ten minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from gan_eval.fused import functions
from tests.fused.evaluate import evaluate, ulp_error
from tests.fused.test_functions import exact_circle, exact_log_uniform

CHUNK = 2**24

Exact = Callable[[NDArray[np.generic]], list[NDArray[np.float64]]]


def floats(low: int, high: int) -> Iterator[NDArray[np.float32]]:
    """float32 numbers by their bits, in chunks."""
    for start in range(low, high, CHUNK):
        yield np.arange(start, min(start + CHUNK, high), dtype=np.uint32).view(np.float32)


def words() -> Iterator[NDArray[np.uint32]]:
    for start in range(0, 2**32, CHUNK):
        yield np.arange(start, start + CHUNK, dtype=np.uint64).astype(np.uint32)


def report(name: str, bound: float, function: Callable, exact: Exact, chunks: Iterator) -> None:
    """Print the largest error, and where it is."""
    worst, where, count = 0.0, 0.0, 0
    for x in chunks:
        wanted = exact(x)
        for found, value in zip(evaluate(function, x, len(wanted)), wanted, strict=True):
            error = ulp_error(found, value)
            if error.max() > worst:
                worst, where = float(error.max()), float(x[error.argmax()])
        count += x.size
    print(
        f"{name}: {worst:.2f} ulp at {where:.9g} of {count:,} points; stated {bound:g}", flush=True
    )


def main() -> None:
    infinity, smallest = 0x7F800000, 0x00800000
    top = int(np.float32(-functions.EXP_LIMIT).view(np.uint32)) + 1
    report(
        "tanh x, x > 0",
        functions.TANH_ULP,
        lambda k, x: [functions.tanh(k, x)],
        lambda x: [np.tanh(x.astype(np.float64))],
        floats(0, infinity),
    )
    report(
        "e^x, 0 ≥ x ≥ −87.3",
        functions.EXP_ULP,
        lambda k, x: [functions.exp_of_negative(k, x)],
        lambda x: [np.exp(x.astype(np.float64))],
        (-x for x in floats(0, top)),
    )
    report(
        "ln x of a normal x",
        functions.LOG_ULP,
        lambda k, x: [functions.log(k, x)],
        lambda x: [np.log(x.astype(np.float64))],
        floats(smallest, infinity),
    )
    report(
        "ln u of a word",
        functions.LOG_UNIFORM_ULP,
        lambda k, w: [functions.log_uniform(k, w)],
        lambda w: [exact_log_uniform(w)],
        words(),
    )
    report(
        "cos 2πv, sin 2πv of a word", functions.CIRCLE_ULP, functions.circle, exact_circle, words()
    )


if __name__ == "__main__":
    main()
