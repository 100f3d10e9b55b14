"""Rows that are drawn rather than read: of a target whose density is known, or of a sampler."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Protocol, TypeGuard

import numpy as np

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.protocol import Target, is_target
from gan_eval.distributions.target import GaussianTarget
from gan_eval.pages.numbers import plural
from gan_eval.runtime.arguments import attribute, cut, shown
from gan_eval.runtime.errors import UsageError

__all__ = [
    "ROWS",
    "Sampler",
    "Target",
    "draw",
    "drawn_of",
    "gaussian_target",
    "is_sampler",
    "is_target",
    "load_sampler",
]

ROWS = 1000
"""Rows drawn where neither the other table nor ``sample`` says how many."""


class Sampler(Protocol):
    """A source of rows, such as a trained generator."""

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        """Draw n independent rows: an array of shape (n, d), or a DataFrame."""


def is_sampler(value: Any) -> TypeGuard[Sampler]:
    """Say whether rows are to be drawn from it; a DataFrame, which can be sampled too, has rows.

    Examples
    --------
    >>> import pandas as pd
    >>> is_sampler(GaussianTarget.chapter()), is_sampler(pd.DataFrame({"a": [1.0]}))
    (True, False)
    """
    return callable(getattr(value, "sample", None)) and not hasattr(value, "shape")


def gaussian_target(value: Any) -> GaussianTarget | None:
    """Return a Gaussian as a target, which tests know in closed form; None for anything else."""
    return GaussianTarget.of(value) if isinstance(value, Gaussian | GaussianTarget) else None


def draw(source: Any, n: int, generator: np.random.Generator, name: str) -> Any:
    """Draw n rows of a target or a sampler.

    Raises ``UsageError`` where it fails, or gives another number of rows.

    Examples
    --------
    >>> draw(GaussianTarget.chapter(), 2, np.random.default_rng(0), "real").round(3)
    array([[1.139, 2.185],
           [1.63 , 3.333]])
    """
    source = gaussian_target(source) or source
    try:
        rows = source.sample(n, generator)
    except Exception as error:
        reason = cut(" ".join(f"{type(error).__name__}: {error}".split()))
        raise UsageError(f"`{name}` could not draw {n} rows by sample(n, rng): {reason}") from error
    found = np.shape(rows)
    if len(found) not in (1, 2) or found[0] != n:
        raise UsageError(
            f"`{name}` must give {n} rows by sample(n, rng), got {type(rows).__name__} of shape "
            f"{found}"
        )
    return rows


def drawn_of(source: Any, count: int, name: str) -> tuple[str, ...]:
    """Say of a target that is not Gaussian that rows stand for it; nothing of other sources.

    Examples
    --------
    >>> from gan_eval.distributions.mixture import MixtureTarget
    >>> drawn_of(MixtureTarget.ring(), 400, "real")[0][:72]
    '400 rows of `real` were drawn from its target by the seed: MixtureTarget'
    """
    if not is_target(source) or gaussian_target(source) is not None:
        return ()
    own = type(source).__module__.startswith("gan_eval.")
    which = cut(repr(source)) if own else type(source).__name__
    return (
        f"{plural(count, 'row')} of `{name}` were drawn from its target by the seed: {which}. The "
        "tests compare the two samples; only of a Gaussian do they use the density.",
    )


def load_sampler(place: str) -> Sampler:
    """Import a sampler from ``module:name``; a class is called without arguments.

    Modules of the folder in which the program was started are found too.

    Raises
    ------
    UsageError
        Where there is none, or it has no ``sample``.

    Examples
    --------
    >>> import gan_eval.comparison.sources
    >>> load_sampler("gan_eval:GaussianTarget.chapter").sample(2, 0).shape
    (2, 2)
    """
    module, colon, path = place.partition(":")
    if not (module and colon and path):
        raise UsageError(f"a sampler is given as MODULE:NAME, got {shown(place)}")
    sys.path.insert(0, os.getcwd())
    try:
        found = attribute(importlib.import_module(module), path)
        if isinstance(found, type) or (callable(found) and not is_sampler(found)):
            found = found()
    except UsageError:
        raise
    except Exception as error:
        reason = cut(" ".join(f"{type(error).__name__}: {error}".split()))
        raise UsageError(f"the sampler {place!r} cannot be loaded: {reason}") from error
    finally:
        sys.path.remove(os.getcwd())
    if not is_sampler(found):
        raise UsageError(f"the sampler {place!r} has no method sample(n, rng)")
    return found
