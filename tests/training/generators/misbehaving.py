"""Generators that do not do what is asked, each in a way of its own, and one that does."""

from __future__ import annotations

import os
import time
from typing import Any, Self

import numpy as np
import pandas as pd


class Honest:
    """The mean of the rows with noise of a given size."""

    def __init__(self, noise: float = 1.0) -> None:
        self.noise = noise

    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        self.mean = np.asarray(rows).mean(axis=0)
        return self

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        return self.mean + self.noise * rng.standard_normal((n, len(self.mean)))


class Raises(Honest):
    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        raise ValueError("no luck today")


class RaisesLater(Honest):
    def sample(self, n: int, rng: np.random.Generator) -> Any:
        raise KeyError("gone")


class Leaves(Honest):
    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        raise SystemExit("usage: train.py DATA")


class Hangs(Honest):
    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        time.sleep(3600)
        return self


class Dies(Honest):
    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        os._exit(7)


class SaysOdd(Honest):
    """Raises with a text that no file holds, and a terminal obeys."""

    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        raise ValueError("half a pair: \udcff, red: \x1b[31m")


class RaisesItsOwn(Honest):
    """Raises what is no ``Exception``, and has no text."""

    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        class Own(BaseException):
            def __str__(self) -> str:
                raise ValueError("nor this")

        raise Own


class Doubles(Honest):
    """Makes a copy of the process, which goes on as if it were the process itself."""

    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        os.fork()
        return super().fit(rows, rng)


class Enormous(Honest):
    def sample(self, n: int, rng: np.random.Generator) -> Any:
        return 1e200 * super().sample(n, rng)


class Masked(Honest):
    def sample(self, n: int, rng: np.random.Generator) -> Any:
        rows = np.ma.array(super().sample(n, rng))
        rows[:3] = np.ma.masked
        return rows


class Frame(Honest):
    """Gives a table, with names of its own, where rows are numbers."""

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        return pd.DataFrame(super().sample(n, rng), columns=pd.Index(["b", "a"]))


class Spoils:
    """Gives training rows of a table again, one of them with a value that is none."""

    def __init__(self, value: float | None) -> None:
        self.value = np.inf if value is None else value

    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        self.rows = rows
        return self

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        rows = self.rows.iloc[:n].copy()
        rows.loc[0, "a"] = self.value
        return rows


class GivesNaN(Honest):
    def sample(self, n: int, rng: np.random.Generator) -> Any:
        rows = super().sample(n, rng)
        rows[:3] = np.nan
        return rows


class OtherShape(Honest):
    def sample(self, n: int, rng: np.random.Generator) -> Any:
        return super().sample(n, rng)[:, :1]


class TooFew(Honest):
    def sample(self, n: int, rng: np.random.Generator) -> Any:
        return super().sample(n, rng)[: n // 2]


class Texts(Honest):
    def sample(self, n: int, rng: np.random.Generator) -> Any:
        return np.full((n, 2), "a")


class Overwrites(Honest):
    """Fits, and spoils the rows that it was given."""

    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        super().fit(rows, rng)
        rows[:] = 1e9
        return self


class NeverYields(Honest):
    def steps(self, rows: Any, rng: np.random.Generator) -> Any:
        return iter(())


class Steps(Honest):
    """Comes nearer to the rows' mean and spread, checkpoint by checkpoint, in one object."""

    def steps(self, rows: Any, rng: np.random.Generator) -> Any:
        rows = np.asarray(rows)
        for step in range(1, 5):
            self.mean, self.noise = rows.mean(axis=0) + 4 - step, rows.std(axis=0)
            yield step * len(rows), self


class ManySteps(Honest):
    """Comes nearer and nearer, in very many steps."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def steps(self, rows: Any, rng: np.random.Generator) -> Any:
        for step in range(1, self.count + 1):
            self.mean = np.full(2, float(self.count - step))
            yield step, self


class NoMethods:
    pass


class NoSample:
    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        return self


class Told(Honest):
    """Tells its density, right or shifted; with a wrong shape where it is told to."""

    def __init__(self, noise: float = 1.0, wrong: str = "") -> None:
        super().__init__(noise)
        self.wrong = wrong

    def log_density(self, x: Any) -> Any:
        if self.wrong == "raises":
            raise ArithmeticError("no density today")
        squares = ((x - self.mean) ** 2).sum(axis=1) / self.noise**2
        found = -squares / 2 - x.shape[1] * np.log(self.noise * np.sqrt(2 * np.pi))
        return found[:, None] if self.wrong == "shape" else found


class Recovers(Honest):
    """Passes through rows that are not finite, and ends well, or does not."""

    def __init__(self, ends: bool = True) -> None:
        super().__init__()
        self.ends = ends

    def steps(self, rows: Any, rng: np.random.Generator) -> Any:
        for bad in (True, not self.ends):
            self.mean = np.full(2, np.nan) if bad else np.asarray(rows).mean(axis=0)
            yield len(rows), self
