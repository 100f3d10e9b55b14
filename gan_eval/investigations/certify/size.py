"""Size: how often a test rejects equal distributions, and how uniform its p-values are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, chi2

from gan_eval.investigations.certify.alternatives import draw, target_of, truth
from gan_eval.investigations.certify.catalogue import EXACT, VALID, Subject
from gan_eval.runtime.random import generator

BINS = 100
"""Bins ((j − 1)/100, j/100] in which p-values are counted: 99 permutations put one of their 100
equally likely p-values into each."""

CLASSES = 20
"""Classes of five bins each, of the χ² test of uniformity."""

FIRST_LOOK, SECOND_LOOK = 0.99, 0.999
"""Confidence of the bands. One right case in a hundred leaves the first at each level; it is
measured again, with four times the repetitions from other random numbers, against the second."""

MORE = 4

# p-values are ratios of whole numbers; a few units of rounding do not make one larger than α.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Counts:
    """A count of the p-values of some repetitions.

    Attributes
    ----------
    repetitions : int
    rejections : tuple of int
        p ≤ α, for each α of the settings.
    histogram : tuple of int
        ``BINS`` counts.
    impossible : int
        p-values that are 0, below 0, above 1 or NaN. P(p ≤ 0) must be 0.
    """

    repetitions: int
    rejections: tuple[int, ...]
    histogram: tuple[int, ...]
    impossible: int

    @classmethod
    def of(cls, pvalues: Sequence[float], alphas: Sequence[float]) -> Counts:
        """Count p-values."""
        values = np.asarray(pvalues, dtype=np.float64)
        usable = (values > 0) & (values <= 1 + _ROUNDING)
        clipped = np.clip(np.where(np.isnan(values), 0.0, values), 0.0, 1.0)
        bins = np.clip(np.ceil(clipped * BINS - BINS * _ROUNDING).astype(int) - 1, 0, BINS - 1)
        return cls(
            len(values),
            tuple(int((clipped <= alpha + _ROUNDING).sum()) for alpha in alphas),
            tuple(np.bincount(bins, minlength=BINS).tolist()),
            int((~usable).sum()),
        )

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.repetitions + other.repetitions,
            tuple(a + b for a, b in zip(self.rejections, other.rejections, strict=True)),
            tuple(a + b for a, b in zip(self.histogram, other.histogram, strict=True)),
            self.impossible + other.impossible,
        )


@dataclass(frozen=True)
class SizeCase:
    """A test under one null distribution.

    Attributes
    ----------
    test : str
        Name of the test.
    law : str
        Of both samples; a name in ``alternatives.LAWS``.
    claim : str
        What theory says: ``EXACT`` or ``VALID``.
    n, m, dimension : int
    alphas : tuple of float
    first : Counts
    second : Counts or None
        The second look, where the first was not as claimed.
    """

    test: str
    law: str
    claim: str
    n: int
    m: int
    dimension: int
    alphas: tuple[float, ...]
    first: Counts
    second: Counts | None = None

    @property
    def counts(self) -> Counts:
        """The counts that decide: those of the last look."""
        return self.first if self.second is None else self.second

    @property
    def confidence(self) -> float:
        """The confidence of the bands in the last look."""
        return FIRST_LOOK if self.second is None else SECOND_LOOK

    @property
    def sizes(self) -> tuple[float, ...]:
        """The share of rejections at each α."""
        return tuple(count / self.counts.repetitions for count in self.counts.rejections)

    @property
    def bands(self) -> tuple[tuple[float, float], ...]:
        """The range of shares that a test as claimed has with the stated confidence, at each α."""
        total = self.counts.repetitions
        return tuple(
            (low / total, high / total)
            for low, high in (band(total, a, self.claim, self.confidence) for a in self.alphas)
        )

    @property
    def uniformity(self) -> float:
        """p-value of the hypothesis that the claim is true, from the whole histogram."""
        return uniformity(self.counts.histogram, self.claim)

    @property
    def faults(self) -> tuple[str, ...]:
        """A sentence on each claim that does not stand."""
        return faults(self.counts, self.alphas, self.claim, self.confidence)

    @property
    def passed(self) -> bool:
        """Tell whether the claim stands."""
        return not self.faults


def band(repetitions: int, alpha: float, claim: str, confidence: float) -> tuple[int, int]:
    """Find the fewest and the most rejections of a test as claimed, with at least this confidence.

    Two-sided for ``EXACT``. For ``VALID`` only too many rejections count: from 0 on.
    """
    if claim == VALID:
        return 0, int(binom.ppf(confidence, repetitions, alpha))
    low, high = binom.ppf([(1 - confidence) / 2, (1 + confidence) / 2], repetitions, alpha)
    return int(low), int(high)


def uniformity(histogram: Sequence[int], claim: str) -> float:
    """Compute the p-value of a claim, from the counts of p-values in equal right-closed bins.

    ``EXACT``: Pearson's χ² over ``CLASSES`` classes, made for p-values on the grid of a permutation
    test as for continuous ones, because each class holds as many points of the grid. ``VALID``: the
    largest excess D of the empirical distribution function over the diagonal at the bins' edges,
    with P(D ≥ d) ≤ exp(−2 R d²) (Dvoretzky, Kiefer & Wolfowitz; Massart 1990), which holds for
    every distribution of p-values that is valid.
    """
    counts = np.asarray(histogram)
    total = counts.sum()
    if claim == VALID:
        edges = np.arange(1, counts.size + 1) / counts.size
        excess = max(float((np.cumsum(counts) / total - edges).max()), 0.0)
        return float(np.exp(-2 * total * excess**2))
    classes = counts.reshape(CLASSES, -1).sum(axis=1)
    expected = total / CLASSES
    return float(chi2.sf(((classes - expected) ** 2).sum() / expected, CLASSES - 1))


def faults(
    counts: Counts, alphas: Sequence[float], claim: str, confidence: float
) -> tuple[str, ...]:
    """Say what a test as claimed would show with probability 1 − confidence at most."""
    found = []
    if counts.impossible:
        found.append(f"{counts.impossible} p-values are 0, above 1 or NaN")
    for alpha, rejected in zip(alphas, counts.rejections, strict=True):
        low, high = band(counts.repetitions, alpha, claim, confidence)
        if not low <= rejected <= high:
            way = "too often" if rejected > high else "too rarely"
            share = rejected / counts.repetitions
            found.append(f"rejects {way} at {alpha:g}: {share:.4f}")
    if uniformity(counts.histogram, claim) < 1 - confidence:
        found.append("p-values are not uniform" if claim == EXACT else "p-values are too small")
    return tuple(found)


def count(
    subject: Subject,
    law: str,
    n: int,
    m: int,
    d: int,
    seed: int,
    look: str,
    span: range,
    alphas: tuple[float, ...],
) -> Counts:
    """Count the p-values of some repetitions under equal distributions, a unit of work.

    All tests see the same data.
    """
    pvalues, p = [], truth(d, target_of(law))
    for repetition in span:
        case = (seed, "size", law, n, m, d, look, repetition)
        data = generator(*case)
        x, y = draw(law, n, d, data), draw(law, m, d, data)
        pvalues.append(subject.pvalue(x, y, generator(*case, subject.name), p))
    return Counts.of(pvalues, alphas)
