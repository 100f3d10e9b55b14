"""The checks of arguments that every layer shares: one sentence for what cannot be used."""

from __future__ import annotations

import numbers
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.text import shown

if TYPE_CHECKING:
    import numpy as np

MOST_DRAWS = 1_000_000
"""Permutations, resamples and the like of one test: so many settle a p-value to 1e-6, and a null
distribution of them is 8 MB."""


def whole_number(
    value: Any, name: str, least: int, most: int | None = None, which: str = ""
) -> int:
    """Return a whole number of at least ``least``; ``UsageError`` for anything else.

    Where ``most`` is given it is a limit too, and ``which`` says whose.

    Examples
    --------
    >>> whole_number(3, "folds", 2, 10)
    3
    >>> whole_number(1, "folds", 2, 10, "the rows")
    Traceback (most recent call last):
    gan_eval.runtime.errors.UsageError: folds must be between 2 and the rows (10), got 1
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    number = int(value) if whole else 0
    if most is None:
        if not whole or number < least:
            raise UsageError(
                f"{name} must be a whole number of at least {least}, got {shown(value)}"
            )
    elif not whole:
        raise UsageError(f"{name} must be a whole number, got {shown(value)}")
    elif not least <= number <= most:
        limit = f"{which} ({most})" if which else str(most)
        raise UsageError(f"{name} must be between {least} and {limit}, got {shown(value)}")
    return number


def positive_number(value: Any, name: str) -> float:
    """Return a finite number above 0; ``UsageError`` for anything else."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise UsageError(f"{name} must be a number above 0, got {shown(value)}")
    try:
        number = float(value)
    except OverflowError:  # of an int
        number = float("inf")
    if not 0 < number < float("inf"):
        raise UsageError(f"{name} must be a finite number above 0, got {shown(value)}")
    return number


def level(value: Any, name: str = "alpha") -> float:
    """Return a level, above 0 and below 1; ``UsageError`` for anything else."""
    number: Any = value  # an int may be too large for a float
    if (
        not isinstance(value, numbers.Real)
        or isinstance(value, bool)
        or not (number > 0 and number < 1)
    ):
        raise UsageError(f"{name} must be above 0 and below 1, got {shown(value)}")
    return float(value)


def one_of(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """Return ``value`` where it is one of ``choices``; ``UsageError`` for anything else."""
    if not isinstance(value, str) or value not in choices:
        raise UsageError(f"{name} must be one of {', '.join(choices)}, got {shown(value)}")
    return value


def instance_of(value: Any, name: str, kind: type, source: str = "") -> None:
    """``UsageError`` where ``value`` is not of ``kind``; ``source`` says where to get one.

    Examples
    --------
    >>> instance_of(3, "study", dict)
    Traceback (most recent call last):
    gan_eval.runtime.errors.UsageError: `study` must be a dict, got int
    """
    if not isinstance(value, kind):
        raise UsageError(
            f"`{name}` must be a {kind.__name__}{source and f', {source}'}, "
            f"got {type(value).__name__}"
        )


def path_of(value: Any, name: str) -> Path:
    """Return a path; ``UsageError`` for what is no text and no path."""
    if not isinstance(value, str | os.PathLike):
        raise UsageError(f"`{name}` must be a path, got {shown(value)}")
    return Path(value)


def draw_count(value: Any, name: str) -> int:
    """Return a number of permutations, resamples and the like, from 1 to ``MOST_DRAWS``."""
    return whole_number(value, name, 1, MOST_DRAWS)


def random_generator(rng: Any) -> np.random.Generator:
    """Return a Generator from None (fresh entropy), a seed, or a Generator (used, and advanced)."""
    import numpy as np  # the command line checks its arguments without it

    if rng is None or isinstance(rng, np.random.Generator):
        return np.random.default_rng(rng)
    if not isinstance(rng, numbers.Integral) or isinstance(rng, bool) or int(rng) < 0:
        raise UsageError(
            f"rng must be None, a seed of at least 0 or a numpy.random.Generator, got {shown(rng)}"
        )
    return np.random.default_rng(int(rng))


def torch_device(device: Any) -> str:
    """Return the name of a torch device, if it can be used on this machine."""
    import torch  # two seconds: only where it computes

    try:
        torch.empty(1, dtype=torch.float64, device=device)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError):
        # Of no such device, of a build without CUDA, of what is no name, of one without float64.
        available = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise UsageError(
            f"device must be one that torch can use here ({available}), got {shown(device)}"
        ) from None
    return str(device)
