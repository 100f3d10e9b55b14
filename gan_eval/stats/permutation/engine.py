"""The one end of every permutation test: its p-value, its ties and its null distribution.

Two statistics are equal where they differ by no more than the rounding of the arithmetic. Values
that were written as decimals tie in intent where they do not quite in float64: 0.3 − 0.2 is not
0.2 − 0.1. That inherited difference counts as rounding as well, as long as it is small beside the
null distribution; where it is not, as for values about 1e14 with standard deviation 1, the numbers
are taken exactly as they were given. Either way the p-value is valid: the width depends on the
values of all labellings together, not on which of them was observed.

Below that stands the test of any statistic that weighs the group sums of a symmetric matrix. It
knows nothing of kernels: it is given the matrix as centred forms (:class:`CentredForm`) and three
weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.permutation.labels import Array, Labels, smaller_group_labels

EXACT_ROWS = 20_000
"""Up to so many pooled rows all pairs are taken unless something else is asked for."""

# The largest share of the null's standard deviation that inherited rounding may have.
INHERITED_SHARE = 2.0**-10
# Up to this share of the permutations may tie without a question whether their values are lost.
UNQUESTIONED = 0.01
# Rounding that exceeds this share of what ordinary rows contribute has swallowed them.
LOST_SHARE = 0.01
# A sum of N entries is off by about this share of the largest of them, times √N.
ENTRY_ROUNDING = 2.0**-51
# Up to this many pooled rows everything is done in float64: it costs little there, and the
# roundings of float32 are too few to be judged by a sample of them.
FLOAT64_ROWS = 1024
# Ties are looked up in float64 this many labels at a time, to bound the memory.
EXACT_LABELS = 512
# The observed labels and so many permutations are evaluated both ways; the error of float32 is
# taken to stay below SAFETY times the largest difference seen.
MEASURED_LABELS = 16
SAFETY = 16


def resampled_pvalue(statistic: float, null: NDArray[np.floating | np.integer]) -> float:
    """Return (1 + #{null ≥ statistic}) / (1 + draws): exact, and never 0.

    The observed labels are one draw more, because under equal distributions they are exchangeable
    with the drawn ones (Phipson & Smyth 2010, "Permutation p-values should never be zero", eq. 3).
    Ties count against rejection, so ``null`` must hold the statistic itself where only rounding
    tells them apart.

    Examples
    --------
    >>> import numpy as np
    >>> resampled_pvalue(2.0, np.array([0.5, 2.0, 1.0, 3.0]))
    0.6
    """
    return (1 + int(np.count_nonzero(null >= statistic))) / (1 + len(null))


@dataclass(frozen=True)
class PermutationOutcome:
    """The answer of a permutation test.

    Attributes
    ----------
    statistic : float
        Of the labels as observed, in float64.
    null_distribution : ndarray, shape (permutations,)
        Of the permuted labels, in float64 or, where that decides nothing, by float32. A value that
        ties with the statistic within rounding is set to it, so ``null_distribution >= statistic``
        counts what the p-value counts.
    pvalue : float
        (1 + #{null ≥ statistic}) / (1 + permutations).
    undecided : int
        Permutations that were counted as if they had reached the statistic, because a bound left
        them open (:mod:`~gan_eval.stats.permutation.lowrank`); 0 elsewhere.
    """

    statistic: float
    null_distribution: Array
    pvalue: float
    undecided: int = 0


@dataclass
class NullDistribution:
    """The statistics of a permutation test, gathered in batches, and then its outcome."""

    _nulls: list[Array] = field(default_factory=list)
    _otherwise: int = 0
    statistic: float = np.nan

    def add(self, values: Array, labels: Labels, width: float) -> None:
        """Take in the statistics (1 + b,) of labels (1 + b, N), of which the first are as observed.

        Values within ``width`` of the first are ties. Raises
        :class:`~gan_eval.runtime.errors.CannotTestError` where the first is no finite number.
        """
        if not np.isfinite(values[0]):
            raise CannotTestError(
                f"these samples cannot be put to this test: its statistic is {float(values[0])}"
            )
        if not self._nulls:
            self.statistic = float(values[0])
        tied = np.abs(values - values[0]) <= width
        self._otherwise += _tied_otherwise(labels, tied)
        self._nulls.append(np.where(tied, self.statistic, values)[1:])

    def outcome(self, lost: Callable[[], bool], undecided: int = 0) -> PermutationOutcome:
        """End the test.

        Raises :class:`~gan_eval.runtime.errors.CannotTestError` where rounding decides: where more
        than ``UNQUESTIONED`` of the permutations tie with the observed labels, being other splits
        of the rows, and ``lost()`` says that rounding has swallowed the statistic's differences.
        """
        null = np.concatenate(self._nulls)
        if self._otherwise > UNQUESTIONED * len(null) and lost():
            raise CannotTestError(
                "these samples cannot be put to this test: its statistic changes by no more than "
                f"rounding in {self._otherwise} of {len(null)} permutations, as some values lie "
                "too far from the rest, or the bandwidth does not fit them"
            )
        pvalue = resampled_pvalue(self.statistic, null)
        return PermutationOutcome(self.statistic, null, pvalue, undecided)


def permutation_outcome(
    values: Array, labels: Labels, width: float, lost: Callable[[], bool]
) -> PermutationOutcome:
    """End a test whose statistics are all there; see :class:`NullDistribution`."""
    null = NullDistribution()
    null.add(values, labels, width)
    return null.outcome(lost)


def tie_width(arithmetic: float, inherited: float, values: Array) -> float:
    """Return how far two equal statistics may differ, ``values`` being those of all labellings."""
    size = float(np.abs(values).max())
    if not 0 < size < np.inf:
        return arithmetic
    spread = size * float((values / size).std())
    return arithmetic + (inherited if inherited <= INHERITED_SHARE * spread else 0.0)


def _tied_otherwise(labels: Labels, tied: NDArray[np.bool_]) -> int:
    """Count the labellings (k, N) that tie with the first one and are other splits of the rows."""
    where = np.flatnonzero(tied[1:]) + 1
    if where.size <= UNQUESTIONED * len(tied):
        return 0
    some, observed = labels[where], labels[0]
    same = (some == observed).all(axis=1)
    if 2 * np.count_nonzero(observed) == len(observed):
        same |= (some != observed).all(axis=1)
    return int(np.count_nonzero(~same))


class CentredForm(Protocol):
    """A matrix as a permutation test needs it.

    :class:`~gan_eval.stats.permutation.dense.SymmetricForm` explains each attribute. ``forms``
    gives the centred forms ãᵀKã (a less its mean) of labels ``exact`` (k, N), by products and sums
    in float64, and of labels ``fast`` (p, N), by products in float32 of centred, scaled entries.
    """

    size: int
    rounding: float
    peak: float
    total: float
    fast_error: float

    def forms(self, exact: Labels, fast: Labels) -> tuple[Array, Array]: ...
    def linear(self, labels: Labels) -> Array: ...
    def lost(self) -> bool: ...


@dataclass(frozen=True)
class GroupWeights:
    """The statistic ``within_x ΣΣ_xx K + within_y ΣΣ_yy K + between ΣΣ_xy K``.

    The sums run over ordered pairs of rows inside group x, inside group y, and over pairs of one
    row from each (counted once).

    Attributes
    ----------
    n, m : int
        Rows in group x and in group y.
    within_x, within_y, between : float
        The three weights.
    """

    n: int
    m: int
    within_x: float
    within_y: float
    between: float

    @classmethod
    def difference(cls, n: int, m: int, *, biased: bool, factor: float = 1.0) -> GroupWeights:
        """Return ``factor`` times mean within x plus mean within y less twice the mean between.

        ``biased`` divides by n² and m² (K with its diagonal), else by n(n − 1) and m(m − 1) (K
        without it).
        """
        pairs_x, pairs_y = n * (n - (not biased)), m * (m - (not biased))
        return cls(n, m, factor / pairs_x, factor / pairs_y, -2 * factor / (n * m))

    def of_smaller(self) -> GroupWeights:
        """Return the same statistic with the smaller group as x."""
        if self.n <= self.m:
            return self
        return GroupWeights(self.m, self.n, self.within_y, self.within_x, self.between)

    @property
    def quadratic(self) -> float:
        """The coefficient of the centred form ãᵀKã."""
        return self.within_x + self.within_y - self.between

    @property
    def linear(self) -> float:
        """The coefficient of aᵀ(K1 − mean).

        Exactly 0 where the weights balance (every biased form; every form with n = m), where plain
        evaluation would leave rounding.
        """
        size = self.n + self.m
        value = 2 * self.n / size * self.quadratic + self.between - 2 * self.within_y
        return value if abs(value) > 1e-13 * abs(self.between) else 0.0

    @property
    def constant(self) -> float:
        """The coefficient of 1ᵀK1; exactly 0 for a biased form."""
        share, mixed = self.n / (self.n + self.m), self.between - 2 * self.within_y
        value = self.quadratic * share**2 + mixed * share + self.within_y
        return value if abs(value) > 1e-13 * abs(self.between) else 0.0


def observed_statistic(form: CentredForm, weights: GroupWeights) -> float:
    """Return the statistic of the first n rows against the other m, without a test."""
    observed = smaller_group_labels(weights.n, weights.m, 0, np.random.default_rng(0))
    exact = form.forms(observed, observed[:0])[0]
    return float(_statistics(form, weights.of_smaller(), observed, exact)[0])


def labels_test(form: CentredForm, weights: GroupWeights, labels: Labels) -> PermutationOutcome:
    """Compare the statistic with its values under other group labels; large values reject.

    The labels are those of the smaller group, the observed ones first, as
    :class:`~gan_eval.stats.permutation.null.NullLabels` draws them.

    Notes
    -----
    Where float32 is used at all, its products only sort the permutations; float64 decides. A
    permutation whose value comes nearer to the observed one than the error of float32 is evaluated
    again in float64, and counted if it is larger or ties within the rounding of float64. So the
    p-value is the one that float64 gives throughout. That error is measured in each test, because
    it depends on the data: where rows repeat or stand in clusters, roundings no longer cancel.
    """
    statistics = LabelStatistics(form, weights, labels)
    values = statistics.values
    statistics.refine(np.flatnonzero(np.abs(values - values[0]) <= statistics.error))
    return permutation_outcome(values, labels, statistics.tie_width, form.lost)


class LabelStatistics:
    """The statistic under each of many labels, by float32 where it pays, with its error.

    Parameters
    ----------
    form : CentredForm
    weights : GroupWeights
    labels : ndarray of bool, shape (k, n + m)
        Of the smaller group, as :func:`~gan_eval.stats.permutation.labels.smaller_group_labels`
        gives them.

    Attributes
    ----------
    values : ndarray, shape (k,)
        The first of them is always by float64.
    error : float
        How far a value may be from float64's; 0 where all are by float64.
    tie_width : float
        How far two equal statistics may differ by the rounding of float64.
    """

    def __init__(self, form: CentredForm, weights: GroupWeights, labels: Labels) -> None:
        self._form, self._labels = form, labels
        self._weights = weights = weights.of_smaller()
        large = form.size > FLOAT64_ROWS
        some = labels[: 1 + MEASURED_LABELS] if large else labels
        precise, fast = form.forms(some, labels if large else labels[:0])
        exact = _statistics(form, weights, some, precise)
        self.values = _statistics(form, weights, labels, fast) if large else exact
        self.values[: len(some)] = exact
        self._exact = np.arange(len(labels)) < len(some)
        widths = rounding_widths(form.size, form.peak, form.rounding, weights)
        self.tie_width = tie_width(*widths, self.values)
        self.error = 0.0
        if large:
            measured = np.abs(precise - fast[: len(some)]).max()
            self.error = abs(weights.quadratic) * float(max(form.fast_error, SAFETY * measured))

    def refine(self, some: NDArray[np.intp]) -> None:
        """Replace the values at the indices ``some`` by those of float64."""
        unsure = some[~self._exact[some]]
        for start in range(0, unsure.size, EXACT_LABELS):
            indices = unsure[start : start + EXACT_LABELS]
            labels = self._labels[indices]
            exact = self._form.forms(labels, labels[:0])[0]
            self.values[indices] = _statistics(self._form, self._weights, labels, exact)
        self._exact[unsure] = True


def _statistics(form: CentredForm, weights: GroupWeights, labels: Labels, centred: Array) -> Array:
    """Return the statistic from centred forms: all group sums follow from ãᵀKã, aᵀK1 and 1ᵀK1."""
    values = weights.quadratic * centred
    if weights.linear:
        values += weights.linear * form.linear(labels)
    return values + weights.constant * form.total


def rounding_widths(
    size: int, peak: float, rounding: float, weights: GroupWeights
) -> tuple[float, float]:
    """Return how far two equal statistics may differ by the rounding of the arithmetic, and of the
    input.

    The entries of ``size`` rows carry a few roundings of 2⁻⁵³ of the largest of them, ``peak``,
    their sums some that grow as √N, beside what the entries inherit from the input, ``rounding``:
    0.3 − 0.2 is not 0.2 − 0.1.
    """
    n, m = weights.n, weights.m
    reach = abs(weights.within_x) * n * n + abs(weights.within_y) * m * m
    reach += abs(weights.between) * n * m
    return (ENTRY_ROUNDING * size**0.5 * peak * reach, 2 * rounding * reach)
