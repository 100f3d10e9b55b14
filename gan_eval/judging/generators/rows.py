"""Fits of a generator from outside to rows: fitted, measured exactly where that can be, judged."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.distributions.divergences import canonical_pair
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.judging.closed_form import law_columns, row_columns
from gan_eval.judging.generators import measures
from gan_eval.judging.generators.likelihood import likelihood_columns
from gan_eval.judging.generators.verdict import verdict_of
from gan_eval.pages.numbers import setting
from gan_eval.runtime.child import Child, DiedError, TookTooLongError, time_limit
from gan_eval.runtime.errors import UsageError
from gan_eval.training.config import Margins
from gan_eval.training.generators import loading
from gan_eval.training.generators.data import ReplicateRows, rows_of
from gan_eval.training.generators.fit import Checkpoint, Fitted, fit, get_ready
from gan_eval.training.generators.settings import BASELINES, FitConfig

SHOWN = 300
"""Rows of a replicate that are kept for the report's picture."""

IMPORTING = 60.0
"""Seconds that the import of a generator may take where a fit has a limit."""

DEVICE = "cpu"

_child = Child()
"""In which this process has generators fitted, one at a time."""

_apart = ContextVar("_apart", default=False)


@contextmanager
def fit_apart() -> Iterator[None]:
    """Have every generator that another process can import fitted in one inside, whatever the
    workers: a command does, which may start processes without asking."""
    token = _apart.set(True)
    try:
        yield
    finally:
        _apart.reset(token)


def judge_fits(
    config: FitConfig,
    entrant: str,
    seeds: Sequence[int],
    *,
    margins: Margins,
    n_evaluation: int,
    permutations: int,
    tests: Sequence[str],
    tested: int,
    shown: bool,
    seconds: float | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit a generator once per seed, and judge each.

    Parameters
    ----------
    config : FitConfig
    entrant : str
        Its name in the rows' column ``backend``.
    seeds : sequence of int
        R seeds.
    margins : Margins
    n_evaluation : int
        Rows drawn from the generator, and real rows that it is held against.
    permutations : int
        Of each test; 0 leaves the tests out.
    tests : sequence of str
    tested : int
        Replicates that get the tests, from the first on.
    shown : bool
        Whether the first replicate's rows are kept for a picture.
    seconds : float or None
        The time that a fit may take, with its drawing.

    Returns
    -------
    rows : DataFrame
        R rows (docs/measures.md describes the columns). A fit that fails has its row, and
        the sentence that says why in ``failure``.
    epochs : DataFrame
        A row per checkpoint, of a generator that has some, or else one of the end.
    """
    rows, epochs = [], []
    for place, seed in enumerate(seeds):
        real = rows_of(config, seed, n_evaluation)
        fitted = _fitted(config, seed, n_evaluation, seconds)
        which = tests if place < tested and permutations else ()
        row, steps = _judged(
            real, fitted, margins, seed=seed, permutations=permutations, tests=which, asked=tests
        )
        if shown and place == 0 and not fitted.failure:
            row |= {
                "sample_rows": _text(fitted.rows),
                "real_sample_rows": _text(_given(real)),
            }
        else:
            row |= {"sample_rows": "", "real_sample_rows": ""}
        about = {"config_hash": config.hash, "backend": entrant, "device": DEVICE, "seed": seed}
        rows.append(about | row)
        epochs += [about | step for step in steps]
    return pd.DataFrame(rows), pd.DataFrame(epochs)


def prepare(use: str) -> None:
    """Start the process that a generator is fitted in, and import it there, where that can be."""
    if loading.stays_here(use) is None and not _harmless(use):
        with suppress(TookTooLongError, DiedError):  # each fit says so itself
            _child.call(loading.load, use, seconds=IMPORTING)


def _fitted(config: FitConfig, seed: int, n: int, seconds: float | None) -> Fitted:
    """Fit in a process of its own, which may hang or crash; or here, where no other can."""
    use = config.generator.use
    try:
        apart = seconds is not None or multiprocessing.parent_process() is not None
        apart = apart or _apart.get()
        if apart and loading.stays_here(use) is None and not _harmless(use):
            # What a first fit has to import is not its time.
            loaded = None if seconds is None else max(seconds, IMPORTING)
            _child.call(get_ready, config, seconds=loaded)
            return _child.call(fit, config, seed, n, seconds=seconds)
        with time_limit(seconds):
            return fit(config, seed, n)
    except TookTooLongError:
        assert seconds is not None
        return Fitted(failure=f"no result within {setting(seconds)} s: it was ended")
    except (DiedError, UsageError) as error:
        return Fitted(failure=str(error))


def _harmless(use: str) -> bool:
    return use in BASELINES


def _judged(
    real: ReplicateRows,
    fitted: Fitted,
    margins: Margins,
    *,
    seed: int,
    permutations: int,
    tests: Sequence[str],
    asked: Sequence[str],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Measure one replicate: its row, and those of its checkpoints."""
    found: dict[str, Any] = {}
    one_sample = measures.one_sample_names(real.target)
    blank = measures.blank(asked, _mode_count(real), one_sample=one_sample)
    if not fitted.failure:
        try:
            train, truth, generated = real.mixed(fitted.rows)
            found = measures.sampled_columns(
                train,
                truth,
                generated,
                target=real.target,
                tests=tests,
                permutations=permutations or 999,
                seed=seed,
            )
        except UsageError as error:
            fitted.failure = str(error)
    if fitted.failure:
        found = {}
    row = blank | found | _likelihood(real, fitted) | _exact(real, fitted)
    if isinstance(fitted.density, str) and not fitted.failure:
        row["not_measured"] = "; ".join(filter(None, [row["not_measured"], fitted.density]))
    verdict = verdict_of(row, margins, failure=fitted.failure, diverged=fitted.diverged)
    about = {"failure": fitted.failure, "split": real.split}
    clocks = {
        "seconds": fitted.seconds,
        "sample_seconds": fitted.sample_seconds,
        "examples": float(fitted.checkpoints[-1].examples) if fitted.checkpoints else np.nan,
    }
    return verdict | about | row | clocks, list(_steps(real, fitted, row))


def _likelihood(real: ReplicateRows, fitted: Fitted) -> dict[str, Any]:
    """Measure what the generator's own density tells."""
    if isinstance(fitted.density, str) or fitted.failure:
        return {}
    known = {"target": real.target, "generated": fitted.rows, "real": real.real}
    return likelihood_columns(*fitted.density, **(known if real.target is not None else {}))


def _exact(real: ReplicateRows, fitted: Fitted) -> dict[str, Any]:
    """Measure what is known exactly: a Gaussian against a Gaussian target."""
    if not isinstance(real.target, GaussianTarget) or fitted.law is None or fitted.failure:
        return {}
    law = Gaussian(fitted.law.mean[None], fitted.law.factor[None])
    if law.dimension != real.target.dimension:
        return {}
    truth = real.target.law
    pair = canonical_pair(law, truth)
    columns = law_columns(law, truth, pair, len(real.train))
    columns |= row_columns(law, Gaussian.fit(np.asarray(real.train)[None]))
    for name in ("worth_energy", "worth_mmd", "energy_distance", "mmd2"):
        columns |= {f"{name}{end}": columns[name] for end in ("_low", "_high")}
    row: dict[str, Any] = {name: float(np.asarray(value)[0]) for name, value in columns.items()}
    return row | {f"{name}_how": "exact" for name in ("kl", "worth_energy", "worth_mmd")}


def _steps(real: ReplicateRows, fitted: Fitted, row: dict[str, Any]) -> Any:
    """Measure the checkpoints; of a generator that has none, its end."""
    names = ("kl", "worth_energy", "worth_energy_low", "worth_energy_high", "energy_distance")
    if fitted.failure or not fitted.checkpoints:
        yield {
            "epoch": 0,
            "examples": np.nan,
            **{name: row.get(name, np.nan) for name in names},
            "seconds": fitted.seconds,
        }
        return
    for number_, step in enumerate(fitted.checkpoints):
        found = dict.fromkeys(names, np.nan) | _at(real, step)
        yield {
            "epoch": number_,
            "examples": float(step.examples),
            **{name: found[name] for name in names},
            "seconds": step.seconds,
        }


def _at(real: ReplicateRows, step: Checkpoint) -> dict[str, Any]:
    if step.rows is None:
        return {}
    exact = _exact(real, Fitted(law=step.law))
    try:
        sampled = measures.worth_columns(*real.mixed(step.rows), target=real.target, by=["energy"])
    except UsageError:
        sampled = {}
    return sampled | exact


def _mode_count(real: ReplicateRows) -> int:
    modes = getattr(real.target, "modes", None)
    return 0 if modes is None else len(modes.weights)


def _given(real: ReplicateRows) -> Any:
    return real.real if real.table is None else real.real.frame


def _text(rows: Any) -> str:
    """Write the numbers of some rows, six digits each, as JSON."""
    if isinstance(rows, pd.DataFrame):
        rows = rows.select_dtypes("number").to_numpy(dtype=np.float64)
    points = np.asarray(rows, dtype=np.float64)[:SHOWN]
    told = [[float(f"{x:.6g}") if np.isfinite(x) else None for x in row] for row in points]
    return json.dumps(told, separators=(",", ":"))
