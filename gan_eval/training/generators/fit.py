"""One fit of a generator from outside: made, fitted, drawn from; whatever it does, said."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.pages.numbers import plural
from gan_eval.runtime.arguments import cut
from gan_eval.runtime.errors import UsageError
from gan_eval.training.generators import loading
from gan_eval.training.generators.data import (
    ReplicateRows,
    fitting_generator,
    gaussian_of,
    rows_of,
    sampling_generator,
)
from gan_eval.training.generators.settings import FitConfig

MOST_CHECKPOINTS = 1000
"""Checkpoints of one fit that are followed; of more, each further one is passed over."""


class BadRowsError(Exception):
    """An error of rows that a generator gave; ``diverged`` where they are not finite."""

    def __init__(self, sentence: str, *, diverged: bool = False) -> None:
        super().__init__(sentence)
        self.diverged = diverged


@dataclass
class Checkpoint:
    """A generator at one point of its training."""

    examples: int
    """Rows that it has seen."""
    seconds: float
    """Since the fit began, without the drawing."""
    rows: Any
    law: Gaussian | None


@dataclass
class Fitted:
    """What a fit gave: rows, or the sentence that says why there are none."""

    rows: Any = None
    law: Gaussian | None = None
    checkpoints: list[Checkpoint] = field(default_factory=list)
    seconds: float = np.nan
    sample_seconds: float = np.nan
    failure: str = ""
    diverged: bool = False


def fit(config: FitConfig, seed: int, n: int) -> Fitted:
    """Fit a generator to the training rows of a seed, and draw n rows from it.

    Raises nothing that the generator raises: that is its ``failure``.
    """
    rows = rows_of(config, seed, n)
    fitted = Fitted()
    doing = "making it"
    try:
        model = loading.make(config.generator.use, config.generator.settings)
        given = rows.fresh if getattr(model, "wants_fresh_rows", False) else rows.train
        given = given.copy()  # it may do with them what it likes
        began = time.perf_counter()
        if callable(getattr(model, "steps", None)):
            doing = "steps(rows, rng)"
            fitted.checkpoints = list(_followed(model, given, rows, seed, n))
            if not fitted.checkpoints:
                raise BadRowsError("steps(rows, rng) yielded no checkpoint")
            last = fitted.checkpoints[-1]
            fitted.rows, fitted.law, fitted.seconds = last.rows, last.law, last.seconds
            fitted.sample_seconds = time.perf_counter() - began - last.seconds
            return fitted
        doing = "fit(rows, rng)"
        returned = model.fit(given, fitting_generator(seed))
        model = model if returned is None else returned
        fitted.seconds = time.perf_counter() - began
        doing = "sample(n, rng)"
        began = time.perf_counter()
        fitted.rows = drawn(model, n, rows, sampling_generator(seed))
        fitted.sample_seconds = time.perf_counter() - began
        doing = "distribution()"
        fitted.law = _law(model)
    except BadRowsError as error:
        fitted.failure, fitted.diverged = str(error), error.diverged
    except UsageError as error:
        fitted.failure = str(error)
    except (Exception, SystemExit) as error:  # another's code can fail in any way, and says how
        reason = cut(" ".join(f"{type(error).__name__}: {error}".split()).rstrip(": "))
        fitted.failure = f"{doing} raised {reason}"
    return fitted


def _followed(
    model: Any, given: Any, rows: ReplicateRows, seed: int, n: int
) -> Iterator[Checkpoint]:
    spent, began = 0.0, time.perf_counter()
    for number, (examples, sampler) in enumerate(model.steps(given, fitting_generator(seed))):
        now = time.perf_counter()
        if number < MOST_CHECKPOINTS:
            found = drawn(sampler, n, rows, sampling_generator(seed, number))
            pause = time.perf_counter() - now
            yield Checkpoint(int(examples), now - began - spent, found, _law(sampler))
            spent += pause


def _law(model: Any) -> Gaussian | None:
    told = getattr(model, "distribution", None)
    return gaussian_of(told()) if callable(told) else None


def drawn(sampler: Any, n: int, rows: ReplicateRows, rng: np.random.Generator) -> Any:
    """Draw n rows and see that they are such as the training rows; ``BadRowsError`` if not.

    A baseline of real rows may give fewer.
    """
    found = sampler.sample(n, rng)
    if isinstance(rows.train, pd.DataFrame) or isinstance(found, pd.DataFrame):
        return _frame(found, n, rows, sampler)
    if hasattr(found, "detach"):  # PyTorch's, perhaps on a GPU, perhaps with its gradient
        found = found.detach().cpu().numpy()
    found = np.asarray(found)
    if found.dtype.kind not in "fiub":
        raise BadRowsError(f"sample(n, rng) gave {found.dtype} where numbers were expected")
    d = np.shape(rows.train)[1]
    if found.ndim == 1 and d == 1:
        found = found[:, None]
    if found.ndim != 2 or found.shape[1] != d:
        raise BadRowsError(f"sample(n, rng) gave shape {found.shape}, not ({n}, {d})")
    _require_count(len(found), n, sampler)
    found = found.astype(np.float64)
    broken = int((~np.isfinite(found)).any(axis=1).sum())
    if broken:
        raise BadRowsError(
            f"{broken} of {n} generated rows hold values that are not finite", diverged=True
        )
    return found


def _frame(found: Any, n: int, rows: ReplicateRows, sampler: Any) -> pd.DataFrame:
    assert rows.table is not None
    names = list(rows.table.frame.columns)
    if not isinstance(found, pd.DataFrame):
        raise BadRowsError(
            f"sample(n, rng) gave {type(found).__name__}, not a DataFrame like the training rows"
        )
    if lacking := [name for name in names if name not in found]:
        raise BadRowsError(f"sample(n, rng) gave rows without the column {lacking[0]!r}")
    _require_count(len(found), n, sampler)
    return found[names].reset_index(drop=True)


def _require_count(count: int, n: int, sampler: Any) -> None:
    if count != n and not getattr(sampler, "wants_fresh_rows", False):
        raise BadRowsError(f"sample(n, rng) gave {plural(count, 'row')}, not {n}")
