"""The largest errors of gan_eval/training/fused/functions.py over every float32, or every 32-bit
word.

python -m benchmarks.function_errors

Some fourteen billion points, on every core.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.threads import cores
from gan_eval.training.fused import functions
from tests.training.fused.evaluate import evaluate, ulp_error
from tests.training.fused.test_functions import exact_circle, exact_log_uniform

CHUNK = 2**24
INFINITY, SMALLEST = 0x7F800000, 0x00800000
"""The bits of infinity and of the smallest normal float32."""


class Trial(NamedTuple):
    """A function, what is exact, and the numbers low … high − 1 that it is tried on: the bits of
    its arguments, or its words."""

    bound: float
    function: Callable
    exact: Callable[[NDArray[np.generic]], list[NDArray[np.float64]]]
    argument: Callable[[NDArray[np.uint32]], NDArray[np.generic]]
    low: int = 0
    high: int = 2**32


def positive(bits: NDArray[np.uint32]) -> NDArray[np.float32]:
    return bits.view(np.float32)


TRIALS: dict[str, Trial] = {
    "tanh x, x > 0": Trial(
        functions.TANH_ULP,
        lambda k, x: [functions.tanh(k, x)],
        lambda x: [np.tanh(x.astype(np.float64))],
        positive,
        high=INFINITY,
    ),
    "e^x, 0 ≥ x ≥ −87.3": Trial(
        functions.EXP_ULP,
        lambda k, x: [functions.exp_of_negative(k, x)],
        lambda x: [np.exp(x.astype(np.float64))],
        lambda bits: -positive(bits),
        high=int(np.float32(-functions.EXP_LIMIT).view(np.uint32)) + 1,
    ),
    "ln x of a normal x": Trial(
        functions.LOG_ULP,
        lambda k, x: [functions.log(k, x)],
        lambda x: [np.log(x.astype(np.float64))],
        positive,
        low=SMALLEST,
        high=INFINITY,
    ),
    "ln u of a word": Trial(
        functions.LOG_UNIFORM_ULP,
        lambda k, w: [functions.log_uniform(k, w)],
        lambda w: [exact_log_uniform(w)],
        lambda words: words,
    ),
    "cos 2πv, sin 2πv of a word": Trial(
        functions.CIRCLE_ULP, functions.circle, exact_circle, lambda words: words
    ),
}


def largest(name: str, start: int) -> tuple[float, float, int]:
    """The largest error (ulp) in a chunk of a trial, where it is, and the number of points."""
    trial = TRIALS[name]
    numbers = np.arange(start, min(start + CHUNK, trial.high), dtype=np.uint64)
    x = trial.argument(numbers.astype(np.uint32))
    worst, where = 0.0, 0.0
    wanted = trial.exact(x)
    for found, value in zip(evaluate(trial.function, x, len(wanted)), wanted, strict=True):
        error = ulp_error(found, value)
        if error.max() > worst:
            worst, where = float(error.max()), float(x[error.argmax()])
    return worst, where, x.size


def main() -> None:
    with ProcessPoolExecutor(cores()) as pool:
        for name, trial in TRIALS.items():
            chunks = range(trial.low, trial.high, CHUNK)
            found = list(pool.map(partial(largest, name), chunks))
            worst, where, _ = max(found)
            print(
                f"{name}: {worst:.2f} ulp at {where:.9g} of {sum(n for *_, n in found):,} points; "
                f"stated {trial.bound:g}",
                flush=True,
            )


if __name__ == "__main__":
    main()
