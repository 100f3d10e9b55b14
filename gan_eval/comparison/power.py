"""What would have been found: the least difference that the tests see nine times out of ten."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from gan_eval.runtime.arguments import level, whole_number
from gan_eval.runtime.documents import json_ready
from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.mixed import MixedRows, embed, imputed, ordered
from gan_eval.stats.multiple import known_correction
from gan_eval.stats.samples import Array
from gan_eval.stats.scaling import ColumnScales

RATE = 0.9
SIMULATIONS = 1000
POPULATION = 1000
"""Real rows that stand for all in the simulation, at most."""

FEWEST_ROWS = 20
SHARES = np.array([0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.5])
_LOST_SIMULATIONS = 200
_LOGARITHMS = np.geomspace(1e-3, 2.5, 80)  # of the ratio of standard deviations
_SINGULAR = 1e-12

KINDS = {"shift": "hotelling", "variance": "covariance", "share": "columns", "lost": "energy"}
"""Each kind of difference, and the test of the battery that answers for it."""


@dataclass(frozen=True)
class Least:
    """The least difference of a kind that one test finds nine times out of ten.

    Attributes
    ----------
    size : float
    column : str
        Where the test sees least: in any other column it finds as much, or less. Empty for rows.
    test : str
    """

    size: float
    column: str
    test: str


@dataclass(frozen=True, eq=False)
class Power:
    """What the tests would have found, had it been there.

    Attributes
    ----------
    shift : Least or None
        Of the mean of one column, in its standard deviations.
    variance : Least or None
        The factor of the variance of one column, above 1.
    share : Least or None
        By how much the share of one level of a category is off, between 0 and 1.
    lost : Least or None
        The share of the rows that is missing, all of them around one real row.
    why_not : mapping of str to str
        The kinds that cannot be told, and why.
    n, m : int
    level : float
        What an unadjusted p-value has to reach for one test alone to be rejected.
    """

    shift: Least | None
    variance: Least | None
    share: Least | None
    lost: Least | None
    why_not: Mapping[str, str] = field(repr=False)
    n: int
    m: int
    level: float

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        return json_ready(asdict(self) | {"rate": RATE})


def power(
    real: MixedRows | Array,
    n: int,
    m: int,
    tests: Collection[str],
    *,
    alpha: float = 0.05,
    correction: str = "holm",
    permutations: int = 999,
    rng: np.random.Generator,
) -> Power:
    """Find the least differences that the tests would have found nine times out of ten.

    Parameters
    ----------
    real : MixedRows, or ndarray of shape (N, d)
        At least 20 rows.
    n, m : int
        Rows of the real and of the generated sample.
    tests : collection of str
        The tests of the battery that were run.
    alpha, correction, permutations
        As in :func:`~gan_eval.stats.battery.battery.battery`.
    rng : numpy.random.Generator
        Of the rows drawn and the simulation.

    Returns
    -------
    Power

    Raises
    ------
    CannotTestError
        For fewer than 20 real rows.
    UsageError
        For arguments that cannot be used.

    Notes
    -----
    Pairs of samples are drawn from up to ``POPULATION`` of the real rows, with replacement, and
    the second is changed. A battery of k tests rejects where one p-value is at most α/k, under
    either correction: so one test at that level is a lower bound of what all find. The bar that a
    statistic has to clear is the quantile of the simulated pairs without a change, at a rank that
    is as random as ``permutations`` make it.

    Hotelling's T² is a square of the shift, Box's M a rank-two change of one determinant, so the
    least change of each pair follows without a search.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = power(rng.normal(size=(200, 2)), 200, 200, ["hotelling"], rng=rng)
    >>> 0.25 < found.shift.size < 0.5
    True
    >>> found.why_not["variance"]
    'the covariance test was not run'
    """
    alpha, _ = level(alpha), known_correction(correction)
    n, m = whole_number(n, "`n`", 2), whole_number(m, "`m`", 2)
    if isinstance(real, MixedRows):
        mixed = real
    else:
        mixed = MixedRows.of_numbers(real, tuple(f"x{j + 1}" for j in range(real.shape[1])))
    if len(mixed) < FEWEST_ROWS:
        raise CannotTestError(
            f"power is simulated from at least {FEWEST_ROWS} real rows, got {len(mixed)}"
        )
    if len(mixed) > POPULATION:
        mixed = mixed.take(np.sort(rng.choice(len(mixed), POPULATION, replace=False)))
    each = alpha / max(len(tests), 1)
    rank = math.floor((permutations + 1) * each * (1 + 1e-12))
    found: dict[str, Least | None] = dict.fromkeys(KINDS)
    why_not = {
        kind: f"the {test} test was not run" for kind, test in KINDS.items() if test not in tests
    }
    if rank < 1:
        few = "with so few permutations no p-value is small enough"
        return Power(None, None, None, None, dict.fromkeys(KINDS, few), n, m, each)
    simulation = _Simulation(mixed, n, m, rank, permutations, rng)
    for kind in [kind for kind in KINDS if kind not in why_not]:
        answer = getattr(simulation, kind)()
        if isinstance(answer, str):
            why_not[kind] = answer
        else:
            found[kind] = Least(answer[0], answer[1], KINDS[kind])
    return Power(**found, why_not=why_not, n=n, m=m, level=each)


class _Simulation:
    """Pairs of samples drawn from a population of rows, as counts of its rows."""

    def __init__(
        self, rows: MixedRows, n: int, m: int, rank: int, permutations: int,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        self.rows, self.n, self.m = rows, n, m
        self.of_shares, self.of_losses = rng.spawn(2)  # neither depends on the other's company
        self.size = len(rows)
        even = np.full(self.size, 1 / self.size)
        self.x, self.y = (rng.multinomial(k, even, size=SIMULATIONS) / k for k in (n, m))
        # The rank-th largest of as many permutations, as a share of the null above it.
        self.above = rng.beta(rank, permutations + 1 - rank, size=SIMULATIONS)
        numbers = imputed(rows)[0]
        scaled = ColumnScales.of(numbers)(numbers)
        scaled = scaled - scaled.mean(axis=0)
        deviations = scaled.std(axis=0)
        self.numbers = scaled[:, deviations > 0] / deviations[deviations > 0]
        self.names = [
            name for name, sd in zip(rows.number_names, deviations, strict=True) if sd > 0
        ]
        self._moments: tuple[tuple[Array, Array], tuple[Array, Array]] | None = None

    def bars(self, null: Array) -> Array:
        """Return what a statistic has to reach, under each simulated set of permutations."""
        return np.quantile(null, 1 - self.above)

    def shift(self) -> tuple[float, str] | str:
        if why := self.no_covariance():
            return why
        (mean, covariance), (other, second) = self.moments()
        within = ((self.n - 1) * covariance + (self.m - 1) * second) / (self.n + self.m - 2)
        inverse = np.linalg.inv(within)
        between = other - mean
        turned = np.einsum("sij,sj->si", inverse, between)
        squared = (turned * between).sum(axis=1)
        square, short = np.einsum("sjj->sj", inverse), squared - self.bars(squared)
        # short + 2 δ turned + δ² square = 0; without a root the pair is found for every δ.
        root = np.sqrt(np.maximum(turned**2 - square * short[:, None], 0.0))
        least = np.maximum((root - turned) / square, 0.0)
        least[turned**2 < square * short[:, None]] = 0.0
        return self.worst(least)

    def variance(self) -> tuple[float, str] | str:
        if why := self.no_covariance():
            return why
        n, m = self.n, self.m
        covariance, second = (part[1] for part in self.moments())
        within = ((n - 1) * covariance + (m - 1) * second) / (n + m - 2)
        logs = [np.linalg.slogdet(part)[1] for part in (within, covariance, second)]
        observed = (n + m - 2) * logs[0] - (n - 1) * logs[1] - (m - 1) * logs[2]
        bars = self.bars(observed)
        inverse, own = np.linalg.inv(within), (m - 1) / (n + m - 2) * second
        product = inverse @ own
        p, q = np.einsum("sjj->sj", inverse), np.einsum("sjj->sj", product)
        r = np.einsum("sjj->sj", own @ product)
        b = np.einsum("sjj->sj", own)
        rates = []
        for logarithm in _LOGARITHMS:
            t = math.expm1(logarithm)
            determinant = (1 + t * q) ** 2 + t**2 * p * (b - r)
            change = (n + m - 2) * np.log(determinant) - 2 * (m - 1) * logarithm
            rates.append((observed[:, None] + change >= bars[:, None]).mean(axis=0))
        found = [_reached(_LOGARITHMS, np.array(rates)[:, j]) for j in range(len(self.names))]
        worst = int(np.argmax(found))
        if not math.isfinite(found[worst]):
            return "not even a variance 148 times as large would be found"
        return math.exp(2 * found[worst]), self.names[worst]

    def share(self) -> tuple[float, str] | str:
        (columns,), names = ordered(self.rows)
        differences = self.x - self.y
        null = np.zeros(SIMULATIONS)
        for values in columns.T:
            order = np.argsort(values, kind="stable")
            ends = np.flatnonzero(np.diff(values[order]))
            if ends.size:
                sums = np.cumsum(differences[:, order], axis=1)[:, ends]
                np.maximum(null, np.abs(sums).max(axis=1), out=null)
        bars, normal = self.bars(null), self.of_shares.standard_normal(SIMULATIONS)
        found = []
        for name, values in zip(names, columns.T, strict=True):
            share = float(values.mean())
            if name not in self.rows.category_names or not 0 < share < 1:
                continue
            # Towards a half, where the noise is larger.
            noise, share = (self.x @ values) - share, min(share, 1 - share)
            least = 0.0
            for _ in range(8):
                to = min(share + least, 0.5)
                off = bars + noise + math.sqrt(to * (1 - to) / self.m) * normal
                least = max(float(np.quantile(off, RATE)), 0.0)
            found.append((least if least <= 1 - share else math.inf, name))
        if not found:
            return "there is no category"
        worst = max(found)
        return worst if math.isfinite(worst[0]) else "no change of a rare level would be found"

    def lost(self) -> tuple[float, str] | str:
        points = embed(self.rows)[0]
        apart = np.asarray(cdist(points, points), np.float64)
        bars = self.bars(_energy(self.x - self.y, apart))[:_LOST_SIMULATIONS]
        nearest = np.argsort(apart, axis=1, kind="stable")
        centres = self.of_losses.integers(self.size, size=_LOST_SIMULATIONS)
        rates = []
        for share in SHARES:
            weights = np.ones((_LOST_SIMULATIONS, self.size))
            gone = nearest[centres, : max(1, round(share * self.size))]
            np.put_along_axis(weights, gone, 0.0, axis=1)
            weights /= weights.sum(axis=1, keepdims=True)
            counts = self.of_losses.multinomial(self.m, weights) / self.m
            rates.append((_energy(self.x[:_LOST_SIMULATIONS] - counts, apart) >= bars).mean())
        least = _reached(SHARES, np.array(rates))
        if not math.isfinite(least):
            return "not even the loss of half of the rows would be found"
        return least, ""

    def moments(self) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        """Return means (s, d) and covariances (s, d, d) of all pairs."""
        if self._moments is None:
            first, second = (self._of(w, k) for w, k in ((self.x, self.n), (self.y, self.m)))
            self._moments = first, second
        return self._moments

    def _of(self, weights: Array, count: int) -> tuple[Array, Array]:
        rows, d = self.numbers, self.numbers.shape[1]
        means, products = weights @ rows, np.empty((len(weights), d, d))
        for i in range(d):
            products[:, i, i:] = weights @ (rows[:, i:] * rows[:, i : i + 1])
            products[:, i:, i] = products[:, i, i:]
        products -= means[:, :, None] * means[:, None, :]
        return means, products * (count / (count - 1))

    def no_covariance(self) -> str:
        """Say why covariances of samples cannot be had; empty where they can."""
        d = self.numbers.shape[1]
        if not d:
            return "no column of numbers varies"
        # A sample drawn again has some six tenths of its rows.
        if min(self.n, self.m, self.size) < 2 * d + 10:
            return f"there are too few rows for {d} columns"
        values = np.linalg.eigvalsh(self.numbers.T @ self.numbers)
        return "" if values[0] > _SINGULAR * values[-1] else "columns are linearly dependent"

    def worst(self, least: Array) -> tuple[float, str]:
        """Take, of each pair's least change (s, d), the column where the test sees least."""
        found = np.quantile(least, RATE, axis=0, method="higher")
        place = int(found.argmax())
        return float(found[place]), self.names[place]


def _energy(differences: Array, apart: Array) -> Array:
    return -((differences @ apart) * differences).sum(axis=1)


def _reached(sizes: Array, rates: Array) -> float:
    """Find, between sizes, where the rate stays at ``RATE`` or above; infinite where nowhere."""
    short = np.flatnonzero(rates < RATE)
    if not short.size:
        return float(sizes[0])
    last = int(short[-1])
    if last + 1 == len(sizes):
        return math.inf
    part = (RATE - rates[last]) / (rates[last + 1] - rates[last])
    return float(sizes[last] + part * (sizes[last + 1] - sizes[last]))
