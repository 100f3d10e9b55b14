"""The interface of a generator from outside: two functions, ``fit`` and ``sample``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np


@runtime_checkable
class Sampler(Protocol):
    """A source of rows, such as a fitted generator or one checkpoint of it."""

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        """Draw n independent rows of the kind that the generator was fitted to."""
        ...


@runtime_checkable
class Generator(Sampler, Protocol):
    """A generative model: a class that is made with its settings, fitted to rows, and drawn from.

    A class that fits this protocol enters a study by ``module:Class``, by the name of an entry
    point of the group ``gan_eval.generators``, or as the class itself; docs/your-own-model.md walks
    through one. It is called with its settings as keyword arguments, anew for each seed.

    It may have more:

    ``steps(rows, rng)``
        In place of ``fit``: trains and yields ``(examples_seen, sampler)`` after each checkpoint.
        The sampler of the last is judged as the generator; each is followed in the report. What
        is yielded is drawn from at once, so that it may go on training the same weights.
    ``distribution()``
        The learned distribution where it is exactly a Gaussian: a
        :class:`~gan_eval.distributions.gaussian.Gaussian`, or its mean and covariance. Against
        a Gaussian target all measures are then exact, as the chapter's are.
    ``log_density(x)``
        ln q(x) in nats at rows (n, d), shape (n,).
    ``version``
        A text that stands for its code: while it stays, what was trained is not trained again.
        Without one, the source of its module does.
    """

    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        """Learn from rows: an array (n, d) of float64, or a DataFrame where the data have columns
        that are not numbers, or missing values.

        All randomness comes from ``rng``, so that a seed gives the same generator again; its seed
        is ``rng.bit_generator.seed_seq.entropy``.
        """
        ...


@runtime_checkable
class Stepwise(Sampler, Protocol):
    """A generator that is followed while it trains."""

    def steps(self, rows: Any, rng: np.random.Generator) -> Iterator[tuple[int, Sampler]]:
        """Train, and yield the examples seen and a sampler after each checkpoint."""
        ...
