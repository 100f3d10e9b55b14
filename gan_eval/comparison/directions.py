"""The directions in which the numbers of two samples differ most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtri

from gan_eval.stats.scaling import Array, ColumnScales

MOST = 3
"""Directions of spread that are kept."""

# 97.5 % quantile of the Tracy–Widom distribution of order 1.
_TRACY_WIDOM = 1.4538
_SINGULAR = 1e-12


@dataclass(frozen=True, eq=False)
class Direction:
    """A weighted sum of columns, z · loadings, with z the columns over their ``units``.

    Attributes
    ----------
    kind : {"mean", "spread"}
    loadings : ndarray, shape (d,)
        Of unit length.
    value : float
        For ``"mean"`` the difference of means (generated − real, never negative) along it, over the
        root of the mean of both variances: the largest that any direction has. For ``"spread"``
        the variance of generated over that of real along it, a generalised eigenvalue of the two
        covariances: 0 where generated is flat and real is not, infinite the other way round.
    """

    kind: str
    loadings: Array
    value: float

    def in_words(self, names: Sequence[str], most: int = 4) -> str:
        """Write the sum out, its largest terms first: ``0.89 a − 0.45 b``."""
        order = np.argsort(-np.abs(self.loadings), kind="stable")
        terms = [i for i in order if abs(self.loadings[i]) >= 0.05][:most]
        text = ""
        for i in terms:
            sign = "−" if self.loadings[i] < 0 else "+"
            lead = f" {sign} " if text else ("−" if sign == "−" else "")
            text += f"{lead}{abs(self.loadings[i]):.2f} {names[i]}"
        left = sum(abs(v) >= 0.05 for v in self.loadings) - len(terms)
        return f"{text} + {left} smaller terms" if left else text


@dataclass(frozen=True, eq=False)
class Directions:
    """The leading directions of a pair of samples.

    Attributes
    ----------
    centre, units : ndarray, shape (d,)
        What a row loses and is divided by before the loadings apply: the mean of both means, and
        each column's standard deviation about it, both samples weighing the same.
    mean : Direction
    spread : tuple of Direction
        At most ``MOST``, that whose ratio of variances is furthest from 1 first.
    chance_shift : float
        The value of ``mean`` that Gaussian samples of one distribution exceed in 1 of
        20 pairs of this size (by Hotelling); NaN where there are too few rows.
    chance_ratio : float
        Likewise of the ratio of variances, or of its inverse, each side at 2.5 %: exact by F for
        d = 1, else Johnstone's approximation by Tracy and Widom (Annals of Statistics 36
        (2008) 2638–2716).
    """

    centre: Array
    units: Array
    mean: Direction
    spread: tuple[Direction, ...]
    chance_shift: float
    chance_ratio: float

    def scores(self, rows: Array, direction: Direction) -> Array:
        """Place each row (n, d) along a direction, shape (n,)."""
        return ((rows - self.centre) / self.units) @ direction.loadings


def leading_directions(real: Array, generated: Array) -> Directions:
    """Find the direction of the largest shift, and the directions of the most unequal spread.

    Parameters
    ----------
    real, generated : ndarray, shapes (n, d) and (m, d)
        Columns that vary over the rows of both.

    Notes
    -----
    With S the mean of both covariances and δ the difference of means, the direction of the mean is
    Fisher's, S⁻¹δ, and the directions of spread solve S_fake a = μ S a, of which the ratio of
    variances is μ / (2 − μ). All is done after whitening by S + δδᵀ/4, which is regular also where
    S is not. Directions in which neither sample varies have no ratio and are left out.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real = rng.normal(size=(500, 2))
    >>> generated = rng.normal(size=(500, 2)) * [1.0, 3.0] + [2.0, 0.0]
    >>> found = leading_directions(real, generated)
    >>> found.mean.in_words(["a", "b"]), found.spread[0].in_words(["a", "b"])
    ('1.00 a', '1.00 b')
    """
    # Exact, and afterwards no square leaves the range of float64.
    scales = ColumnScales.of(np.concatenate([real, generated]))
    real, generated = scales(real), scales(generated)
    means = real.mean(axis=0), generated.mean(axis=0)
    centre = (means[0] + means[1]) / 2
    factors = [
        (rows - mean) / np.sqrt(len(rows) - 1)
        for rows, mean in zip((real, generated), means, strict=True)
    ]
    half = (means[1] - means[0]) / 2
    units = np.sqrt(sum((factor**2).sum(axis=0) for factor in factors) / 2 + half**2)
    units = np.where(units > 0, units, 1.0)  # of a column that is constant in both
    half = half / units
    covariances = [(f / units).T @ (f / units) for f in factors]
    total = (covariances[0] + covariances[1]) / 2 + np.outer(half, half)
    values, axes = np.linalg.eigh(total)
    kept = values > _SINGULAR * values[-1]
    whitening = axes[:, kept] / np.sqrt(values[kept])

    # In whitened coordinates the mean of the covariances is I − hhᵀ.
    h = whitening.T @ half
    rest = max(1.0 - float(h @ h), 0.0)
    rest = 0.0 if rest <= _SINGULAR else rest
    shift = 2 * np.sqrt(h @ h / rest) if rest else np.inf
    mean = Direction("mean", _unit(whitening @ h), float(shift) if h.any() else 0.0)

    spread = _spread(covariances[1], whitening, h, rest)
    n, m, d = len(real), len(generated), int(kept.sum())
    centre = scales.centre + np.ldexp(centre, scales.exponents)
    units = np.ldexp(units, scales.exponents)
    return Directions(centre, units, mean, spread, _chance_shift(n, m, d), _chance_ratio(n, m, d))


def _spread(generated: Array, whitening: Array, h: Array, rest: float) -> tuple[Direction, ...]:
    """Find the directions of spread, by whitening by the mean of both covariances and eigenvectors.

    ``generated`` is the covariance of that sample.
    """
    if h.any():
        # Of axes of which the first lies along h, that one alone has a variance other than 1.
        turned = np.linalg.qr(np.column_stack([h, np.eye(len(h))]))[0]
        first = turned[:, :1] / np.sqrt(rest) if rest else turned[:, :0]
        whitening = whitening @ np.hstack([first, turned[:, 1:]])
    shares, axes = np.linalg.eigh(whitening.T @ generated @ whitening)
    shares = np.where(shares < _SINGULAR, 0.0, np.where(shares > 2 - _SINGULAR, 2.0, shares))
    with np.errstate(divide="ignore"):
        ratios = shares / (2 - shares)
        order = np.argsort(-np.abs(np.log(ratios)), kind="stable")[:MOST]
    found = []
    for i in order:
        loadings = _unit(whitening @ axes[:, i])
        turned = loadings * np.sign(loadings[np.argmax(np.abs(loadings))])
        found.append(Direction("spread", turned, float(ratios[i])))
    return tuple(found)


def _unit(vector: Array) -> Array:
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else vector


def _chance_shift(n: int, m: int, d: int) -> float:
    if n + m - d - 1 < 1:
        return np.nan
    quantile = fdtri(d, n + m - d - 1, 0.95)
    return float(np.sqrt(quantile * d * (n + m - 2) / (n + m - d - 1) * (n + m) / (n * m)))


def _chance_ratio(n: int, m: int, d: int) -> float:
    """Find the ratio of variances, either way round, that 1 of 40 pairs exceeds."""
    if d > 1 and min(n, m) - 1 <= d:
        return np.nan
    return max(_largest_root(n - 1, m - 1, d), _largest_root(m - 1, n - 1, d))


def _largest_root(below: int, above: int, d: int) -> float:
    """97.5 % quantile of the largest ratio of variances of two Wishart matrices, each over its
    degrees of freedom."""
    if d == 1:
        return float(fdtri(above, below, 0.975))
    whole = below + above - 1
    gamma = 2 * np.arcsin(np.sqrt((min(d, above) - 0.5) / whole))
    phi = 2 * np.arcsin(np.sqrt((max(d, above) - 0.5) / whole))
    centre = 2 * np.log(np.tan((phi + gamma) / 2))
    scale = (16 / whole**2 / (np.sin(phi + gamma) ** 2 * np.sin(phi) * np.sin(gamma))) ** (1 / 3)
    return float(np.exp(centre + scale * _TRACY_WIDOM) * below / above)
