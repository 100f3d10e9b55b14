"""Parts of the real rows that are missing among the generated ones, or over-represented."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.distributions.modes import LOST_SHARE
from gan_eval.runtime.arguments import draw_count
from gan_eval.runtime.documents import json_ready
from gan_eval.stats.multiple import adjusted_pvalues, rejected
from gan_eval.stats.neighbours import Neighbours
from gan_eval.stats.peaks import peaks
from gan_eval.stats.permutation.engine import resampled_pvalue
from gan_eval.stats.permutation.labels import Array
from gan_eval.stats.permutation.null import NullLabels
from gan_eval.stats.shares import share_interval

LOOKED_AT = 20_000
"""Rows of each sample that are looked at, at most; drawn by the seed."""

LARGEST_RATIO = 8
"""So many times as many rows of one sample as of the other are looked at, at most."""

CLUSTERED = 4000
"""Pooled rows among which modes are sought, at most; each other belongs with its nearest."""


class State(StrEnum):
    """What became of a mode of the real rows among the generated ones."""

    KEPT = "kept"
    """No difference of its shares is shown."""
    LOST = "lost"
    """Its share of the generated rows is at most ``LOST_SHARE`` of that of the real ones."""
    INVENTED = "invented"
    """The other way round."""
    RARER = "rarer"
    """The generated rows have too few of it, and more than that."""
    COMMONER = "commoner"
    """The generated rows have too many of it."""


@dataclass(frozen=True)
class Mode:
    """A part of the pooled rows around one peak of their density.

    Attributes
    ----------
    number : int
        From 1; the largest mode first.
    real, generated : int
        How many of the rows looked at belong to it.
    real_share, generated_share : float
    real_interval, generated_interval : (float, float)
        95 % Clopper–Pearson intervals of the shares, each for itself.
    adjusted : float
        The p-value of unequal shares (Fisher's exact test, two-sided), adjusted (Holm) over modes.
    state : State
    """

    number: int
    real: int
    generated: int
    real_share: float
    generated_share: float
    real_interval: tuple[float, float]
    generated_interval: tuple[float, float]
    adjusted: float
    state: State


@dataclass(frozen=True, eq=False)
class Modes:
    """The modes of two samples.

    Attributes
    ----------
    found : tuple of Mode
        Of one mode, nothing can be lost.
    pvalue : float or None
        Of unequal shares, by permutation of χ²; None where only one mode is found.
    statistic : float or None
    permutations : int
    alpha : float
        The level of the states of all modes together, and of ``pvalue``.
    real_rows, generated_rows : ndarray of int
        The numbers of the rows that were looked at.
    of_real, of_generated : ndarray of int
        The number of the mode of each of these rows.
    """

    found: tuple[Mode, ...]
    pvalue: float | None
    statistic: float | None
    permutations: int
    alpha: float
    real_rows: NDArray[np.intp] = field(repr=False)
    generated_rows: NDArray[np.intp] = field(repr=False)
    of_real: NDArray[np.intp] = field(repr=False)
    of_generated: NDArray[np.intp] = field(repr=False)

    @property
    def differ(self) -> bool:
        """True where the shares are shown to differ, together or of one mode."""
        some = any(mode.state != State.KEPT for mode in self.found)
        return some or (self.pvalue is not None and bool(rejected(self.pvalue, self.alpha)))

    @property
    def lost(self) -> tuple[Mode, ...]:
        """The modes that the generated rows lack."""
        return self._in(State.LOST)

    @property
    def invented(self) -> tuple[Mode, ...]:
        """The modes that the real rows lack."""
        return self._in(State.INVENTED)

    def _in(self, state: State) -> tuple[Mode, ...]:
        return tuple(mode for mode in self.found if mode.state == state)

    def __repr__(self) -> str:
        states = ", ".join(f"{one.number} {one.state}" for one in self.found)
        return f"Modes({len(self.found)} found: {states})"

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers, ready for JSON."""
        return json_ready(
            {
                "found": [asdict(mode) | {"state": str(mode.state)} for mode in self.found],
                "pvalue": self.pvalue,
                "statistic": self.statistic,
                "permutations": self.permutations,
                "alpha": self.alpha,
                "real_rows": len(self.real_rows),
                "generated_rows": len(self.generated_rows),
            }
        )


def find_modes(
    real: Array,
    generated: Array,
    *,
    permutations: int = 999,
    alpha: float = 0.05,
    groups: Any = None,
    rng: np.random.Generator,
) -> Modes:
    """Find the modes of real (n, d) and generated (m, d), and compare their shares.

    The modes are found among the pooled rows, which no permutation of the labels changes
    (:func:`~gan_eval.stats.peaks.peaks`), so that the p-values are exact.

    Parameters
    ----------
    real, generated : ndarray, shape (n, d) and (m, d)
        Independent rows in coordinates in which the Euclidean distance means something, and in
        which both samples have equal parts: whitened by all rows.
    permutations : int
    alpha : float
    groups : pair of lists, optional
        The group of each real row, and of each generated one, where rows of a group are not
        independent: whole groups are permuted, which then gives the p-value of each mode too.
    rng : numpy.random.Generator
        Of the rows looked at and the permutations.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real, generated = rng.normal(size=(300, 2)), rng.normal(size=(300, 2))
    >>> real[:100] += 9
    >>> modes = find_modes(real, generated, rng=rng)
    >>> [(mode.number, mode.real, mode.generated, str(mode.state)) for mode in modes.found]
    [(1, 200, 300, 'commoner'), (2, 100, 0, 'lost')]
    """
    draw_count(permutations, "permutations")
    most = min(LOOKED_AT, LARGEST_RATIO * min(len(real), len(generated)))
    looked = [
        np.sort(rng.choice(len(rows), min(len(rows), most), replace=False))
        for rows in (real, generated)
    ]
    n, m = map(len, looked)
    of = _modes(np.concatenate([real[looked[0]], generated[looked[1]]]), rng)
    in_real, in_generated = (np.bincount(part, minlength=of.max() + 1) for part in (of[:n], of[n:]))
    pvalue = statistic = drawn = None
    if of.max() > 0:
        together = in_real + in_generated
        if groups is None:
            # The counts among n of the pooled rows drawn at random: what permuted labels give.
            drawn = rng.multivariate_hypergeometric(together, n, permutations, method="marginals")
        else:
            some = tuple(
                np.asarray(names)[rows] for names, rows in zip(groups, looked, strict=True)
            )
            labels = NullLabels.of("permutation", n, m, some).of_x(permutations, rng)
            drawn = np.column_stack([labels[:, of == k].sum(axis=1) for k in range(of.max() + 1)])
        squares = (np.vstack([in_real, drawn]) - n * together / (n + m)) ** 2
        # Rounded, so that equal tables have equal statistics.
        values = ((n + m) ** 2 / (n * m) * (squares / together).sum(axis=1)).round(9)
        statistic, pvalue = float(values[0]), resampled_pvalue(values[0], values[1:])
    return Modes(
        found=_compared(in_real, in_generated, alpha, None if groups is None else drawn),
        pvalue=pvalue,
        statistic=statistic,
        permutations=permutations,
        alpha=alpha,
        real_rows=looked[0],
        generated_rows=looked[1],
        of_real=of[:n] + 1,
        of_generated=of[n:] + 1,
    )


def describe(
    modes: Modes,
    real: pd.DataFrame,
    generated: pd.DataFrame,
    *,
    most: int = 2,
) -> tuple[str, ...]:
    """Name each mode by the columns in which it stands out, in the user's units.

    Parameters
    ----------
    modes : Modes
    real, generated : DataFrame
        The rows that :func:`find_modes` was given, in the same order. An invented mode is described
        by its generated rows, every other one by its real rows.
    most : int
        Columns to name.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> size = np.where(np.arange(200) < 80, 170.0, 110.0) + rng.normal(size=200)
    >>> frame = pd.DataFrame({"size": size, "age": rng.normal(40, 5, size=200)})
    >>> modes = find_modes(frame.to_numpy(), frame.to_numpy(), rng=rng)
    >>> describe(modes, frame, frame, most=1)
    ('size 110 (all: 134)', 'size 170 (all: 134)')
    """
    whole = real.iloc[modes.real_rows]
    said = []
    for mode in modes.found:
        members = whole[modes.of_real == mode.number]
        if mode.state == State.INVENTED or members.empty:
            members = generated.iloc[modes.generated_rows][modes.of_generated == mode.number]
        told = [_stands_out(members[name], whole[name]) for name in whole.columns]
        largest = sorted(range(len(told)), key=lambda place: -told[place][0])[:most]
        said.append(", ".join(f"{whole.columns[p]} {told[p][1]}" for p in largest if told[p][0]))
    return tuple(said)


def _stands_out(members: pd.Series, whole: pd.Series) -> tuple[float, str]:
    """Say how far a column of a mode is from that of all rows, in standard deviations."""
    from gan_eval.pages.numbers import number, percent

    if pd.api.types.is_numeric_dtype(whole) and not pd.api.types.is_bool_dtype(whole):
        mean, of_all, spread = (float(v) for v in (members.mean(), whole.mean(), whole.std(ddof=0)))
        apart = abs(mean - of_all) / spread if spread > 0 else 0.0
        return (apart if np.isfinite(apart) else 0.0), f"{number(mean)} (all: {number(of_all)})"
    shares, of_all = (values.value_counts(normalize=True) for values in (members, whole))
    if shares.empty:
        return 0.0, ""
    base = of_all.reindex(shares.index, fill_value=0.0)
    apart = (shares - base) / np.sqrt((base * (1 - base)).clip(lower=1e-4))
    level = apart.idxmax()
    share, among = float(shares[level]), float(base[level])
    return float(apart[level]), f"{level} ({percent(share)}, all: {percent(among)})"


def _modes(pooled: Array, rng: np.random.Generator) -> NDArray[np.intp]:
    """Give each pooled row the number of its mode, from 0, the largest first."""
    some = np.sort(rng.permutation(len(pooled))[:CLUSTERED])
    of = np.zeros(len(pooled), np.intp)
    of[some] = peaks(pooled[some], rng)
    rest = np.setdiff1d(np.arange(len(pooled)), some)
    if len(rest) and of.any():
        of[rest] = of[some[Neighbours(pooled[some]).nearest(pooled[rest], 1)[1][:, 0]]]
    by_size = np.argsort(-np.bincount(of), kind="stable")
    return np.argsort(by_size)[of]


def _compared(
    in_real: NDArray[np.intp],
    in_generated: NDArray[np.intp],
    alpha: float,
    drawn: NDArray[np.intp] | None,
) -> tuple[Mode, ...]:
    """Compare the counts of each mode, by Fisher's law or by those ``drawn`` for in_real."""
    from scipy.stats import hypergeom

    n, m = int(in_real.sum()), int(in_generated.sum())
    if drawn is None:
        law = hypergeom(n + m, in_real + in_generated, m)
        fewer, more = law.cdf(in_generated), law.sf(in_generated - 1)
    else:
        both = [(of, null) for of, null in zip(in_real, drawn.T, strict=True)]
        fewer = np.array([resampled_pvalue(of, null) for of, null in both])
        more = np.array([resampled_pvalue(-of, -null) for of, null in both])
    adjusted = adjusted_pvalues(np.minimum(1.0, 2 * np.minimum(fewer, more)), "holm")
    modes = []
    for place, (a, b) in enumerate(zip(in_real.tolist(), in_generated.tolist(), strict=True)):
        shares = a / n, b / m
        state = State.KEPT
        if rejected(adjusted[place], alpha):
            if shares[1] < shares[0]:
                state = State.LOST if shares[1] <= LOST_SHARE * shares[0] else State.RARER
            else:
                state = State.INVENTED if shares[0] <= LOST_SHARE * shares[1] else State.COMMONER
        intervals = share_interval(a, n), share_interval(b, m)
        modes.append(Mode(place + 1, a, b, *shares, *intervals, float(adjusted[place]), state))
    return tuple(modes)
