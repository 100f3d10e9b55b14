"""Two samples, tested pair by pair: bets on the witness of a kernel's mean discrepancy.

H₀: generated and real rows come from one law. Each generated row y is paired with the next real row
x. The *witness* h is a function that is larger, on average, on the real rows than on the generated
ones, learned from the pairs before; one bets that h(x) > h(y). The payoff
f = clip((h(x) − h(y)) / c, −1, 1) changes its sign where x and y are exchanged, whatever h and
c are, so that its expectation is 0 under H₀ as long as both are chosen before the pair is seen; and
it lies in [−1, 1] by construction. So with any stake λ in (0, 1) the capital ∏ (1 + λ fₛ) is an
e-process. c is not a bound that the data might break, but a unit: twice the typical payoff of the
pairs *before*.

References
----------
S. Shekhar, A. Ramdas, "Nonparametric two-sample testing by betting", IEEE Trans. Inf. Theory 70
(2024). A. Podkopaev, P. Blöbaum, S. Kasiviswanathan, A. Ramdas, "Sequential kernelized independence
testing", ICML 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from math import log
from typing import Any, Self

import numpy as np
from scipy.special import logsumexp

from gan_eval.runtime.arguments import positive_number, random_generator, whole_number
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.kernels.features import kernel_features
from gan_eval.stats.kernels.kernels import bandwidth_range, median_bandwidth
from gan_eval.stats.samples import Array, sample
from gan_eval.stats.sequential.process import Running, cumulative, rows_of

FREQUENCIES = 128
"""Random frequencies of a kernel: a row costs two numbers for each."""
STAKES = np.geomspace(0.01, 0.9, 12)
"""λ: the capital is laid out in equal parts, and each part is staked at one of these for ever."""
UNITS = 2.0
"""A payoff of so many typical ones counts as 1, and so does any larger one."""
FIRST_SQUARE, FIRST_WEIGHT = 0.1, 2.0
"""The typical squared payoff before any was seen, and as how many pairs it counts."""
RESERVED, LEAST_RESERVED, MOST_RESERVED = 0.25, 20, 5000
"""The share of the real rows that is reserved by default, and its bounds."""
BLOCK = 256
KEPT_BLOCKS = 64
"""Blocks of real rows whose features are kept for the next process."""
LEAST_EIGENVALUE = 1e-6


class WitnessEProcess(Running):
    """A test, valid after every row, that generated rows come from the law of the real ones.

    Parameters
    ----------
    reals : array_like, shape (n, d)
        Independent rows that the generator has not seen.
    reserved : int, optional
        So many real rows are not bet on: they whiten the rows, give the bandwidth, and begin the
        witness. By default a quarter, at least 20 and at most 5,000.
    bandwidths : sequence of float, optional
        Of Gaussian kernels of whitened rows. By default the median distance of the reserved rows,
        and the one that 5 % of their pairs are below, which sees the shape of narrow modes. The
        capital is laid out on all kernels in equal parts.
    frequencies : int
        Random frequencies for a kernel.
    shuffle : bool
        Whether the rows are shuffled first, by ``rng``; False where they are in random order: then
        the first ones are reserved.
    rng : int or numpy.random.Generator
        Shuffles the real rows and draws the frequencies.

    Raises
    ------
    UsageError
        Where an argument cannot be used.
    CannotTestError
        Where there are too few real rows to reserve some and bet on the others.

    Notes
    -----
    Each real row is bet on once. When they are used up, ``exhausted`` is true, further generated
    rows are not taken, and the state is *could not tell* unless e had reached 1/α.

    Examples
    --------
    >>> from gan_eval.distributions.target import GaussianTarget
    >>> truth = GaussianTarget.chapter()
    >>> process = WitnessEProcess(truth.sample(4000, rng=0))
    >>> _ = process.update(truth.sample(5000, rng=1))
    >>> process.rows, process.exhausted, process.state(0.05).value
    (3000, True, 'could_not_tell')
    >>> process = process.anew()
    >>> _ = process.update(truth.sample(1000, rng=1) * [1.0, 1.2])
    >>> process.state(0.05).value
    'told_apart'
    """

    def __init__(
        self,
        reals: Any,
        *,
        reserved: int | None = None,
        bandwidths: Sequence[float] | None = None,
        frequencies: int = FREQUENCIES,
        shuffle: bool = True,
        rng: int | np.random.Generator = 0,
    ) -> None:
        super().__init__()
        rows, generator = sample(reals, "reals"), random_generator(rng)
        if reserved is None:
            reserved = min(max(int(RESERVED * len(rows)), LEAST_RESERVED), MOST_RESERVED)
            if reserved >= len(rows):
                raise CannotTestError(
                    f"`reals` must have more than the {LEAST_RESERVED} rows that are reserved, "
                    f"got {len(rows)}"
                )
        reserved = whole_number(reserved, "`reserved`", 2, len(rows) - 1, "one less than the reals")
        frequencies = whole_number(frequencies, "`frequencies`", 1, 100_000)
        rows = rows[generator.permutation(len(rows))] if shuffle else rows
        self._reals = _RealRows(rows, reserved, bandwidths, frequencies, generator)
        self._start = 0
        self._begin()

    def _begin(self) -> None:
        reals = self._reals
        self._sums = np.stack([reals.reserved_sum, np.zeros_like(reals.reserved_sum)])
        self._squares = np.full(reals.kernels, FIRST_WEIGHT * FIRST_SQUARE)
        self._logs = np.zeros((reals.kernels, len(STAKES)))
        self._known = 0

    def anew(self) -> Self:
        """Begin a new process with the same real rows, for another generator.

        What was computed of the real rows is kept, so that this costs next to nothing. Each process
        keeps its level; several of them are several tests.
        """
        new = copy(self)
        Running.__init__(new)
        new._begin()
        return new

    def onwards(self, known: Any = None) -> Self:
        """Begin a new process with the real rows that are left, for another generator.

        So each real row is bet on once in all of them.

        Parameters
        ----------
        known : array_like, shape (k, d), optional
            Rows of that generator that will not be given to ``update``: the witness begins with
            them, and so the first pair is bet on already.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> process, wide = WitnessEProcess(rng.normal(size=(2000, 1))), rng.normal(0, 2, (1000, 1))
        >>> _ = process.update(wide[:200])
        >>> new = process.onwards(wide[500:])
        >>> _ = new.update(wide[:200])
        >>> new.left, new.stopped_at(0.01) < process.stopped_at(0.01)
        (1100, True)
        """
        new = self.anew()
        new._start = self._start + self.rows
        if known is not None:
            table = rows_of(known, self._reals.dimension, "known")
            new._known = len(table)
            for at in range(0, len(table), BLOCK):
                new._sums[1] += self._reals.features_of(table[at : at + BLOCK]).sum(axis=0)
        return new

    @property
    def exhausted(self) -> bool:
        """True where every real row has been bet on."""
        return self.left <= 0

    @property
    def left(self) -> int:
        """The real rows that have not been bet on."""
        return self._reals.count - self._start - self.rows

    @property
    def reserved(self) -> int:
        """The real rows that are not bet on."""
        return self._reals.reserved

    @property
    def bandwidths(self) -> tuple[float, ...]:
        """The kernels' bandwidths, of whitened rows."""
        return self._reals.bandwidths

    def update(self, rows: Any) -> float:
        """Pair one generated row (d,) or several (n, d) with the next real ones; return ln e.

        Rows beyond the last real one are not taken: see ``rows`` and ``exhausted``. Raises
        ``UsageError`` where the rows have another shape or are not finite.
        """
        table = rows_of(rows, self._reals.dimension)
        while len(table) and not self.exhausted:
            # Up to the end of a block of real rows.
            size = min(BLOCK - (self._start + self.rows) % BLOCK, self.left, len(table))
            self._take(table[:size])
            table = table[size:]
        return self.log_e

    def _take(self, rows: Array) -> None:
        n, reals = len(rows), self._reals
        next_ones = reals.features(self._start + self.rows, n)
        pairs = np.stack([next_ones, reals.features_of(rows)], axis=1)
        sums = cumulative(self._sums, pairs)
        before = np.arange(self.rows, self.rows + n)[:, None]
        seen = self._known + before
        mean = sums[:-1, 0] / (reals.reserved + before) - sums[:-1, 1] / np.maximum(seen, 1)
        mean[seen[:, 0] == 0] = 0.0  # no generated row was seen: nothing is bet
        lengths = np.sqrt(np.square(mean) @ reals.weights)
        payoffs = ((pairs[:, 0] - pairs[:, 1]) * mean) @ reals.weights
        payoffs = np.where(lengths > 0, payoffs / np.where(lengths > 0, lengths, 1.0), 0.0)
        squares = cumulative(self._squares, np.square(payoffs))
        units = UNITS * np.sqrt(squares[:-1] / (FIRST_WEIGHT + before))
        clipped = np.clip(payoffs / units, -1.0, 1.0)
        logs = cumulative(self._logs, np.log1p(clipped[:, :, None] * STAKES))
        self._sums, self._squares, self._logs = sums[-1], squares[-1], logs[-1]
        self.follow(np.asarray(logsumexp(logs[1:], axis=(1, 2))) - log(self._logs.size))


class _RealRows:
    """The real rows, whitened by the reserved ones, and their features.

    Features of a row are the cosines and sines of its phases, shape (2 frequencies,); with
    ``weights`` (2 frequencies, kernels), those of each kernel.
    """

    def __init__(
        self,
        rows: Array,
        reserved: int,
        bandwidths: Sequence[float] | None,
        frequencies: int,
        generator: np.random.Generator,
    ) -> None:
        self.reserved, self.count = reserved, len(rows) - reserved
        self.dimension = rows.shape[1]
        self._centre, self._map = _whitening(rows[:reserved])
        white = self._white(rows[:reserved])
        if bandwidths is None:
            bandwidths = [median_bandwidth(white), 2 * bandwidth_range(white)[0]]
        if not len(bandwidths):
            raise UsageError("`bandwidths` must be one number or more, got none")
        self.bandwidths = tuple(positive_number(h, "`bandwidths`") for h in bandwidths)
        kernels = [("gaussian", h) for h in self.bandwidths]
        drawn = kernel_features(kernels, self.dimension, frequencies, generator)
        self._frequencies = drawn.frequencies.reshape(-1, self.dimension).T
        # Once for the cosine and once for the sine of each frequency.
        self.weights = np.tile(drawn.weights.reshape(-1, len(kernels)), (2, 1))
        self.kernels = len(kernels)
        self.reserved_sum = np.sum(
            [
                self._features(white[at : at + BLOCK]).sum(axis=0)
                for at in range(0, reserved, BLOCK)
            ],
            axis=0,
        )
        self._rows, self._kept = rows[reserved:], dict[int, Array]()

    def features(self, first: int, n: int) -> Array:
        """Return the features of n real rows from a first one on, within a block."""
        block = first // BLOCK
        found = self._kept.get(block)
        if found is None:
            found = self.features_of(self._rows[block * BLOCK : (block + 1) * BLOCK])
            if block >= KEPT_BLOCKS:
                # Kept until the next one is needed: rows may come one by one.
                self._kept = {at: one for at, one in self._kept.items() if at < KEPT_BLOCKS}
            self._kept[block] = found
        return found[first % BLOCK :][:n]

    def features_of(self, rows: Array) -> Array:
        """Compute the features of rows (n, d), shape (n, 2 frequencies)."""
        return self._features(self._white(rows))

    def _white(self, rows: Array) -> Array:
        return (rows - self._centre) @ self._map

    def _features(self, white: Array) -> Array:
        phases = white @ self._frequencies
        return np.concatenate([np.cos(phases), np.sin(phases)], axis=1)


def _whitening(rows: Array) -> tuple[Array, Array]:
    """Return the centre (d,) and the map (d, d) that whiten rows (n, d).

    A column that is constant has its own size as unit. With fewer than 4 rows a column, columns are
    scaled and correlations left.
    """
    centre, units = rows.mean(axis=0), rows.std(axis=0)
    own = np.where(np.abs(centre) > 0, np.abs(centre), 1.0)
    units = np.where(units > 1e-12 * own, units, own)
    if len(rows) < 4 * rows.shape[1]:
        return centre, np.diag(1 / units)
    values, vectors = np.linalg.eigh(np.cov(((rows - centre) / units).T).reshape(2 * [len(units)]))
    roots = np.sqrt(np.maximum(values, LEAST_EIGENVALUE * max(values[-1], 1.0)))
    return centre, vectors / roots / units[:, None]
