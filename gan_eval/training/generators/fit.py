"""One fit of a generator from outside: made, fitted, drawn from; whatever it does, said."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.pages.numbers import plural
from gan_eval.runtime.arguments import printable
from gan_eval.runtime.child import TookTooLongError
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.samples import LARGEST_VALUE
from gan_eval.training.generators import loading
from gan_eval.training.generators.data import (
    ReplicateRows,
    fitting_generator,
    gaussian_of,
    read,
    rows_of,
    sampling_generator,
)
from gan_eval.training.generators.density import Density, array_of, reason_of, told_density
from gan_eval.training.generators.settings import FitConfig

MOST_CHECKPOINTS = 1000
"""Checkpoints of one fit that are followed; of more, every second, fourth, … and the last."""


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
    sampler: Any = None
    """What was yielded, until the fit has ended."""
    bad: BadRowsError | None = None
    """What is wrong with its rows, where there are none."""


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
    density: Density | str = ""
    """ln q at the generated rows and at the real ones, where the generator tells; or why not."""


def get_ready(config: FitConfig) -> None:
    """Import the generator, beside all that this module imports, and read the data: what a first
    fit in a new process would else do in its own time.

    Raises ``UsageError`` where one of them cannot be had.
    """
    loading.load(config.generator.use)
    if config.target.data is not None:
        read(config.target)


def fit(config: FitConfig, seed: int, n: int) -> Fitted:
    """Fit a generator to the training rows of a seed, and draw n rows from it.

    Raises nothing that the generator raises, but for ``KeyboardInterrupt``: that is its
    ``failure``.
    """
    own = os.getpid()
    try:
        return _fit(config, seed, n)
    finally:
        if os.getpid() != own:  # a copy of the process, which the generator has made and not ended
            os._exit(0)


def _fit(config: FitConfig, seed: int, n: int) -> Fitted:
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
            fitted.checkpoints = _followed(model, given, rows, seed, n)
            if not fitted.checkpoints:
                raise BadRowsError("steps(rows, rng) yielded no checkpoint")
            last = fitted.checkpoints[-1]
            fitted.rows, fitted.law, fitted.seconds = last.rows, last.law, last.seconds
            fitted.sample_seconds = time.perf_counter() - began - last.seconds
            fitted.density = told_density(last.sampler, fitted.rows, rows)
            for step in fitted.checkpoints:
                step.sampler = step.bad = None  # what was yielded is not sent back
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
        fitted.density = told_density(model, fitted.rows, rows)
    except BadRowsError as error:
        fitted.failure, fitted.diverged = str(error), error.diverged
    except UsageError as error:
        fitted.failure = str(error)
    except (KeyboardInterrupt, TookTooLongError):
        raise
    except BaseException as error:  # another's code can fail in any way, also by sys.exit()
        fitted.failure = f"{doing} raised {reason_of(error)}"
    fitted.failure = printable(fitted.failure)
    return fitted


def _followed(model: Any, given: Any, rows: ReplicateRows, seed: int, n: int) -> list[Checkpoint]:
    """Train, and draw from each checkpoint; of very many from some at equal distances, and from
    the last."""
    found: list[Checkpoint] = []
    spent, began, every = 0.0, time.perf_counter(), 1
    waiting: tuple[int, Any, Any, float] | None = None

    def look(number: int, examples: Any, sampler: Any, seconds: float) -> None:
        bad = drew = law = None
        try:
            drew = drawn(sampler, n, rows, sampling_generator(seed, number))
            law = _law(sampler)
        except BadRowsError as error:  # a training may pass through such a state
            bad = error
        found.append(Checkpoint(int(examples), seconds, drew, law, sampler, bad))

    for number, (examples, sampler) in enumerate(model.steps(given, fitting_generator(seed))):
        now = time.perf_counter()
        waiting = (number, examples, sampler, now - began - spent)
        if number % every == 0:
            if len(found) == MOST_CHECKPOINTS:
                del found[1::2]
                every *= 2
            if number % every == 0:
                look(*waiting)
                waiting = None
        spent += time.perf_counter() - now
    if waiting is not None:  # the last one was passed over, and it is the one that is judged
        look(*waiting)
    if found and (bad := found[-1].bad) is not None:
        raise bad
    return found


def _law(model: Any) -> Gaussian | None:
    told = getattr(model, "distribution", None)
    return gaussian_of(told()) if callable(told) else None


def drawn(sampler: Any, n: int, rows: ReplicateRows, rng: np.random.Generator) -> Any:
    """Draw n rows and see that they are such as the training rows; ``BadRowsError`` if not.

    A baseline of real rows may give fewer.
    """
    given: Any = sampler.sample(n, rng)
    if isinstance(rows.train, pd.DataFrame) or (
        isinstance(given, pd.DataFrame) and rows.table is not None
    ):
        return _frame(given, n, rows, sampler)
    found = array_of(given)
    if found.dtype.kind not in "fiub":
        what = found.dtype if found.dtype.kind != "O" else type(given).__name__
        raise BadRowsError(f"sample(n, rng) gave {what} where numbers were expected")
    d = np.shape(rows.train)[1]
    if found.ndim == 1 and d == 1:
        found = found[:, None]
    if found.ndim != 2 or found.shape[1] != d:
        raise BadRowsError(f"sample(n, rng) gave shape {found.shape}, not ({n}, {d})")
    _require_count(len(found), n, sampler)
    found = found.astype(np.float64)
    if np.ma.isMaskedArray(given):
        found[np.ma.getmaskarray(given)] = np.nan
    _require_finite(found, n)
    return found


def _require_finite(found: np.ndarray, n: int) -> None:
    for fine, what in (
        (np.isfinite(found), "values that are not finite"),
        (np.abs(found) <= LARGEST_VALUE, f"values of more than {LARGEST_VALUE:g} in size"),
    ):
        if broken := int((~fine).any(axis=1).sum()):
            raise BadRowsError(f"{broken} of {n} generated rows hold {what}", diverged=True)


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
    found = found[names].reset_index(drop=True)
    # A missing value may be one of the data's own levels; an infinite one is never measured.
    numbers = found.select_dtypes("number", exclude="timedelta").astype(np.float64).fillna(0.0)
    _require_finite(numbers.to_numpy(), n)
    return found


def _require_count(count: int, n: int, sampler: Any) -> None:
    if count != n and not getattr(sampler, "wants_fresh_rows", False):
        raise BadRowsError(f"sample(n, rng) gave {plural(count, 'row')}, not {n}")
