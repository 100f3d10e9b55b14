"""The rows of a replicate: those that a generator is fitted to, and those it is held against."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.comparison.columns.prepare import Prepared, prepare
from gan_eval.comparison.reading import LEAST_ROWS, Table, common_columns, read_table, table_of
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime import random
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.mixed import MixedRows
from gan_eval.training import draws
from gan_eval.training.generators.settings import N_EXAMPLES, FitConfig
from gan_eval.training.generators.targets import TargetSettings


@dataclass(frozen=True, eq=False)
class ReplicateRows:
    """The rows of one replicate.

    Attributes
    ----------
    train : ndarray (n, d), or DataFrame
        What a generator is fitted to: a frame where a column holds no numbers, or misses some.
    fresh : as ``train``
        Rows of the truth that neither a generator nor a measure sees: those of ``RealRows``.
    real : ndarray, or Table
        What generators are judged against: fresh draws of the target, or held-out rows.
    target : object, optional
        The truth where its density is known.
    split : str
        Of data: 16 digits of the SHA-256 of the numbers of the held-out rows.
    """

    train: Any
    fresh: Any
    real: Any
    target: Any
    split: str = ""
    prepared: Prepared | None = None
    table: Table | None = None

    def mixed(self, generated: Any) -> tuple[MixedRows, MixedRows, MixedRows]:
        """Bring training, real and generated rows to one form.

        Kinds of columns, and which are set aside, are those of the training rows. Raises
        ``UsageError`` where generated rows lack a column, or it is of another kind.
        """
        if self.prepared is None or self.table is None:
            names = tuple(f"x{i + 1}" for i in range(np.shape(self.train)[1]))
            rows = (self.train, self.real, generated)
            made = [MixedRows.of_numbers(np.asarray(one, dtype=np.float64), names) for one in rows]
            return made[0], made[1], made[2]
        columns = list(self.table.frame.columns)
        if not isinstance(generated, pd.DataFrame):
            generated = pd.DataFrame(np.asarray(generated), columns=pd.Index(columns))
        first, second, _ = common_columns(
            self.table, table_of(generated, "generated"), tuple(columns), (), strict=True
        )
        kinds = {name: str(kind) for name, kind in self.prepared.kinds.items() if name in columns}
        kept = [name for name in columns if name in kinds]
        tables = [replace(one, frame=one.frame[kept]) for one in (first, second, self._real(kept))]
        found = prepare(tables[0], tables[1], tables[2], kinds=kinds)
        assert found.holdout is not None
        return found.real, found.holdout, found.generated

    def _real(self, kept: list[str]) -> Table:
        return replace(self.real, frame=self.real.frame[kept])


def fitting_generator(seed: int) -> np.random.Generator:
    """Return the random numbers of a fit; its ``bit_generator.seed_seq.entropy`` is the seed."""
    return np.random.default_rng(np.random.SeedSequence(seed))


def sampling_generator(seed: int, checkpoint: int = -1) -> np.random.Generator:
    """Return the random numbers that a fitted generator, or a checkpoint, is drawn from with."""
    return random.generator(seed, "generated rows", checkpoint)


def rows_of(config: FitConfig, seed: int, n: int) -> ReplicateRows:
    """Draw, or split, the rows of a replicate.

    Parameters
    ----------
    config : FitConfig
    seed : int
        Of all that is drawn; a Gaussian target has the very rows of the built-in GAN's replicate.
    n : int
        Rows that are judged; of data, all that are held out, at most so many.

    Raises
    ------
    UsageError
        Where the data cannot be read, or are too few.
    """
    if config.target.data is not None:
        return _split(config, seed, n)
    target = config.target.build()
    count = config.n_examples or N_EXAMPLES
    if isinstance(target, GaussianTarget):
        train = target.transform(draws.training_rows(seed, count, target.dimension))
        real = target.transform(draws.evaluation_real(seed, n, target.dimension))
    else:
        train, real = (
            _drawn(target, size, random.generator(seed, name))
            for size, name in ((count, "training rows"), (n, "real rows"))
        )
    fresh = _drawn(target, n, random.generator(seed, "fresh rows"))
    return ReplicateRows(train, fresh, real, target)


def _drawn(target: Any, n: int, rng: np.random.Generator) -> np.ndarray:
    rows = np.asarray(target.sample(n, rng), dtype=np.float64)
    if rows.ndim != 2 or len(rows) != n or not np.isfinite(rows).all():
        raise UsageError(
            f"the target must give {n} rows of finite numbers by sample(n, rng), got shape "
            f"{rows.shape}"
        )
    return rows


def _split(config: FitConfig, seed: int, n: int) -> ReplicateRows:
    """Part the rows of a file; a third of those held out stand for a perfect generator."""
    settings = config.target
    table = read(settings)
    total = len(table.frame)
    order = random.generator(seed, "holdout").permutation(total)
    held = round(settings.holdout * total)
    # A third of what is held out is what a perfect generator would have told.
    fresh = held // 3
    count = config.n_examples or total - held
    if min(held - fresh, fresh, count) < LEAST_ROWS or count > total - held:
        raise UsageError(
            f"{table.source!r} has {total} rows: with a holdout of {settings.holdout:g} there are "
            f"{total - held} to be fitted to, {held - fresh} to be judged against and {fresh} that "
            f"stand for the truth; each must be at least {LEAST_ROWS}"
            + (f", and `n_examples` is {count}" if config.n_examples else "")
        )
    apart = np.sort(order[:held])
    parts = np.sort(order[held : held + count]), np.sort(order[fresh:held])
    train, real, kept = (_take(table, rows) for rows in (*parts, np.sort(order[:fresh])))
    found = prepare(train, train, kinds=settings.kinds or None, missing=settings.missing)
    digest = hashlib.sha256(apart.astype("<i8").tobytes()).hexdigest()[:16]
    if len(real.frame) > n:
        real = _take(real, np.arange(n))
    return ReplicateRows(handed(train.frame), handed(kept.frame), real, None, digest, found, train)


def _take(table: Table, rows: np.ndarray) -> Table:
    return replace(table, frame=table.frame.iloc[rows].reset_index(drop=True))


def handed(frame: pd.DataFrame) -> Any:
    """Give numbers as an array, and anything else as the frame itself."""
    numbers = all(pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes)
    if not numbers or frame.isna().to_numpy().any():
        return frame
    return frame.to_numpy(dtype=np.float64)


def read(settings: TargetSettings) -> Table:
    """Read a data file, and find which of its columns are compared; ``UsageError`` if it cannot.

    Read once a process, and again when the file has changed.
    """
    path = Path(settings.data or "")
    try:
        state = os.stat(path)
        known = (state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise UsageError(f"{str(path)!r}: {error.strerror}") from None
    return _read(settings.model_dump_json(), known)


@lru_cache(maxsize=8)
def _read(settings: str, state: tuple[int, int]) -> Table:
    chosen = TargetSettings(**json.loads(settings))
    table = read_table(chosen.data or "", chosen.options())
    table, _, _ = common_columns(
        table, table, chosen.options().columns, chosen.options().exclude, strict=False
    )
    found = prepare(table, table, kinds=chosen.kinds or None, missing=chosen.missing)
    # What is set aside, such as an index, no generator need learn.
    kept = [name for name in table.frame.columns if name in found.kinds]
    frame = table.frame[kept]
    if all(frame[name].nunique(dropna=False) < 2 for name in kept):
        raise UsageError(f"{table.source!r} has no column whose values differ: nothing to learn")
    if chosen.missing == "drop":
        frame = frame.dropna().reset_index(drop=True)
    aside = [
        f"Column {name!r} of {table.source} is left out: {reason}."
        for name, reason in found.set_aside.items()
    ]
    return replace(table, frame=frame, notes=(*table.notes, *aside))


def digest_of(settings: TargetSettings) -> str:
    """Compute 16 digits for the content of a target's data; empty where it has none."""
    if settings.data is None:
        return ""
    path, digest = Path(settings.data), hashlib.sha256()
    try:
        files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        for file in files:
            digest.update(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{settings.data!r}: {error.strerror}") from None
    return digest.hexdigest()[:16]


def gaussian_of(value: Any) -> Gaussian | None:
    """Take what ``distribution()`` returned as a Gaussian; None for anything else."""
    if not isinstance(value, Gaussian | GaussianTarget | tuple | list):
        return None
    try:
        law = Gaussian.of(value, "distribution()")
    except UsageError as error:
        raise UsageError(f"distribution() gave no Gaussian: {error}") from None
    if not (np.isfinite(law.mean).all() and np.isfinite(law.factor).all()):
        raise UsageError("distribution() gave values that are not finite")
    return law if law.mean.ndim == 1 and law.factor.ndim == 2 else None
