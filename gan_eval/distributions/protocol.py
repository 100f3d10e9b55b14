"""What a truth is: a distribution that rows can be drawn from and whose density is known."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Gaussian, GaussianLike
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.modes import Modes
from gan_eval.distributions.student_t import StudentTTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import cut, random_generator, whole_number
from gan_eval.runtime.errors import UsageError

__all__ = ["Density", "GivenTarget", "Modes", "Target", "TargetLike", "as_target", "is_target"]

Array = NDArray[np.floating]


class Density(Protocol):
    """A distribution that rows can be drawn from and whose density is known, in as few words as a
    user's own class may have."""

    def sample(self, n: int, rng: Any) -> Any:
        """Draw n independent rows (n, d); ``rng`` is a seed or a numpy Generator."""

    def log_density(self, x: Any) -> Any:
        """Compute ln p(x) in nats for rows (n, d), shape (n,)."""


class Target(Density, Protocol):
    """A distribution of rows with d coordinates, whose density is known.

    It may also have ``score(x)``, ∇ₓ ln p(x) of shape (n, d), and ``modes``, a
    :class:`~gan_eval.distributions.modes.Modes` or None.
    """

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        ...


TargetLike = GaussianLike | Density
"""Anything that may stand for a target: one, a Gaussian in each of its forms, or an object with
``sample(n, rng)`` and ``log_density(x)``."""


class GivenTarget:
    """A target of the user's own class, whose every answer is checked.

    Parameters
    ----------
    given : object
        With ``sample(n, rng)`` and ``log_density(x)``; ``score(x)``, ``modes``, ``dimension`` where
        it has them. Its ``sample`` is given a numpy Generator.
    name : str
        How sentences call it.

    Raises
    ------
    UsageError
        Where two rows cannot be drawn, or have no finite density.
    """

    def __init__(self, given: Any, name: str = "target") -> None:
        self.given, self._name = given, name
        self._dimension: int | None = None
        rows = self.sample(2, 0)
        self._dimension = rows.shape[1]
        told = getattr(given, "dimension", self._dimension)
        if told != self._dimension:
            raise UsageError(
                f"`{name}` has dimension {told!r}, but draws rows of {self._dimension} coordinates"
            )
        if not np.isfinite(self.log_density(rows)).all():
            raise UsageError(f"`{name}` must give its own rows a finite log_density(x)")
        if hasattr(given, "score"):
            self.score = self._score
            self.score(rows)

    def __repr__(self) -> str:
        return f"{type(self.given).__name__} in {self._dimension} dimensions"

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        assert self._dimension is not None
        return self._dimension

    @property
    def modes(self) -> Modes | None:
        """The modes, where the given target tells them."""
        found = getattr(self.given, "modes", None)
        return found if isinstance(found, Modes) else None

    def sample(self, n: int, rng: np.random.Generator | int) -> Array:
        """Draw ``n`` independent rows (n, d); ``rng`` is a seed or a generator."""
        n = whole_number(n, "n", 0)
        rows = self._answer("sample(n, rng)", lambda: self.given.sample(n, random_generator(rng)))
        if rows.ndim == 1:
            rows = rows[:, None]
        if rows.ndim != 2 or len(rows) != n or rows.shape[1] != (self._dimension or rows.shape[1]):
            raise UsageError(
                f"`{self._name}` must give {n} rows of {self._dimension or 'its'} coordinates by "
                f"sample(n, rng), got shape {rows.shape}"
            )
        if not np.isfinite(rows).all():
            raise UsageError(f"`{self._name}` must give finite rows by sample(n, rng)")
        return rows

    def log_density(self, x: Any) -> Array:
        """Compute ln p(x) in nats for rows (n, d), shape (n,); −∞ outside of its support."""
        x = np.asarray(x, dtype=np.float64)
        found = self._answer("log_density(x)", lambda: self.given.log_density(x))
        if found.shape != (len(x),):
            raise UsageError(
                f"`{self._name}` must give one number a row by log_density(x), shape ({len(x)},), "
                f"got {found.shape}"
            )
        if np.isnan(found).any() or np.isposinf(found).any():
            raise UsageError(f"`{self._name}` must give no NaN and no +inf by log_density(x)")
        return found

    def _score(self, x: Any) -> Array:
        """Compute ∇ₓ ln p(x) for rows (n, d), shape (n, d)."""
        x = np.asarray(x, dtype=np.float64)
        found = self._answer("score(x)", lambda: self.given.score(x))
        if found.shape != x.shape:
            raise UsageError(
                f"`{self._name}` must give a row for each row by score(x), shape {x.shape}, got "
                f"{found.shape}"
            )
        return found

    def _answer(self, method: str, ask: Any) -> Array:
        try:
            return np.asarray(ask(), dtype=np.float64)
        except Exception as error:
            reason = cut(" ".join(f"{type(error).__name__}: {error}".split()))
            raise UsageError(f"`{self._name}` failed in {method}: {reason}") from error


def is_target(value: Any) -> bool:
    """Say whether a value is a distribution with a known density.

    Examples
    --------
    >>> is_target(GaussianTarget.chapter()), is_target([[0.0, 1.0], [1.0, 0.0]])
    (True, False)
    """
    if isinstance(value, Gaussian):
        return True
    return (
        callable(getattr(value, "sample", None))
        and callable(getattr(value, "log_density", None))
        and not hasattr(value, "shape")
    )


def as_target(value: Any, name: str = "target") -> Target:
    """Take a distribution with a known density as a target.

    Parameters
    ----------
    value : object
        A ``GaussianTarget``, a ``Gaussian`` or (mean, covariance); a ``MixtureTarget`` or
        ``StudentTTarget``; or anything with ``sample(n, rng)`` and ``log_density(x)``, which is
        asked for two rows and their density, and whose later answers are checked too.
    name : str
        How sentences call it.

    Raises
    ------
    UsageError
        For anything else.

    Examples
    --------
    >>> as_target(([0.0], [[4.0]]))
    GaussianTarget(A=[[2.0]], b=[0.0])
    >>> as_target("ring8")
    Traceback (most recent call last):
    gan_eval.runtime.errors.UsageError: `target` must be a GaussianTarget, a Gaussian, (mean, \
covariance), or an object with sample(n, rng) and log_density(x), got str
    """
    if isinstance(value, GaussianTarget | MixtureTarget | StudentTTarget | GivenTarget):
        return value
    pair = isinstance(value, tuple | list) and len(value) == 2
    if pair or isinstance(getattr(value, "law", value), Gaussian):
        return GaussianTarget.of(value)
    if is_target(value):
        return GivenTarget(value, name)
    raise UsageError(
        f"`{name}` must be a GaussianTarget, a Gaussian, (mean, covariance), or an object with "
        f"sample(n, rng) and log_density(x), got {type(value).__name__}"
    )
