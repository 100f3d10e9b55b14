"""Integrals over triangles of the plane, finer where the integrand asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import eval_jacobi

from gan_eval.distributions.pushforward.work import Work

Array = NDArray[np.floating]
Indices = NDArray[np.intp]
Integrand = Callable[[Array, Indices], Array]

DEGREE = 14
"""Polynomials up to this degree are integrated exactly."""
_BASIS = 7
"""Up to this degree the rule tells orthogonal polynomials apart: their products have twice it."""
_BLOCK = 1 << 15
"""Points of one call of an integrand, at most."""
_SPLIT = 256
"""Triangles that are cut before it is asked whether there is work left."""
_ROUNDS = 60
_SLIM = 4.0
_SMOOTH = 0.7
"""Parts that fall less than this from one degree to the next are not those of a smooth function."""
_PLAIN = 0.4
"""The part of the plain sum of errors that counts beside the root of their squares: errors of
singular functions are rare and large, and then of one sign."""

# Dunavant 1985, "High degree efficient symmetrical Gaussian quadrature rules for the triangle",
# degree 14, made exact to the last digit by Newton's method on the moments. Weights add up to 1;
# (weight, a) stands for the permutations of (a, (1 − a)/2, (1 − a)/2), (weight, a, b) for those of
# (a, b, 1 − a − b).
_ORBITS = (
    (0.02188358136942889, 0.02207217927564273),
    (0.03278835354412535, 0.1647105613190922),
    (0.05177410450729157, 0.4530449433823227),
    (0.04216258873699304, 0.6455889351749131),
    (0.014433699669776692, 0.8764002338182547),
    (0.004923403602400087, 0.9612180775025979),
    (0.024665753212563677, 0.05712475740364795, 0.17226668782135565),
    (0.038571510787060684, 0.09291624935697176, 0.336861459796345),
    (0.014436308113533844, 0.014646950055654449, 0.2983728821362578),
    (0.005010228838500676, 0.0012683309328720151, 0.11897449769695684),
)


def _rule() -> tuple[Array, Array]:
    """The rule's barycentric coordinates (42, 3) and weights (42,)."""
    places, weights = [], []
    for weight, a, *rest in _ORBITS:
        b = rest[0] if rest else (1 - a) / 2
        c = 1 - a - b
        orders = [(a, b, c), (b, c, a), (c, a, b)]
        if rest:
            orders += [(b, a, c), (a, c, b), (c, b, a)]
        places += orders
        weights += [weight] * len(orders)
    return np.array(places), np.array(weights)


NODES, WEIGHTS = _rule()
"""Barycentric coordinates (42, 3) of the rule's points, and their weights (42,), which add up
to 1."""


_CORNERS = np.full((3, 3), 0.001) + 0.997 * np.eye(3)
"""Where a jump may cut off a corner that no node sees, barycentric."""
_UNSEEN = 0.001
"""The weight of a corner's deviation."""
_POINTS = np.vstack([NODES, _CORNERS])


def _polynomials(degree: int, at: Array) -> Array:
    """Dubiner's polynomials (1991) of exactly this degree (degree + 1, n) at barycentric points
    (n, 3): orthogonal over the triangle, their squares 1 in the mean."""
    x, y = at[:, 0], at[:, 1]
    rows = []
    for i in range(degree + 1):
        first = eval_jacobi(i, 0, 0, 2 * x / (1 - y) - 1) * (1 - y) ** i
        second = eval_jacobi(degree - i, 2 * i + 1, 0, 2 * y - 1)
        rows.append(np.sqrt((2 * i + 1) * (degree + 1)) * first * second)
    return np.array(rows)


def _projections() -> list[Array]:
    """Rows that map values at all points to their parts of degree 5, of degree 7, and above.

    Squares of all parts of values at the nodes add up to Σ w f²; last of those above are the
    deviations of the corners from the polynomial that fits the nodes.
    """
    root = np.sqrt(WEIGHTS)
    by_degree = [_polynomials(degree, NODES) for degree in range(_BASIS + 1)]
    smooth = np.vstack(by_degree)
    above = np.linalg.svd(smooth * root)[2][len(smooth) :] * root
    there = np.vstack([_polynomials(degree, _CORNERS) for degree in range(_BASIS + 1)])
    corners = np.sqrt(_UNSEEN) * np.hstack([-there.T @ (smooth * WEIGHTS), np.eye(3)])
    parts = [by_degree[5] * WEIGHTS, by_degree[7] * WEIGHTS, above]
    wide = [np.hstack([part, np.zeros((len(part), 3))]) for part in parts]
    return [*wide[:2], np.vstack([wide[2], corners])]


_PARTS = _projections()
_STACKED = np.vstack(_PARTS)
_ENDS = np.cumsum([len(part) for part in _PARTS])[:-1]


@dataclass(frozen=True, eq=False)
class Integral:
    """The integrals of k functions over all triangles.

    Attributes
    ----------
    totals, errors : ndarray, shape (k,)
        The integrals, and how far each may be from the truth.
    evaluations : int
        Points at which the functions were computed.
    """

    totals: Array
    errors: Array
    evaluations: int


def integrate(
    f: Integrand,
    triangles: ArrayLike,
    *,
    tolerance: ArrayLike | Callable[[Array, Array], ArrayLike] = 1e-8,
    relative: float = 0.0,
    limit: int = 2_000_000,
    slimmest: float = _SLIM,
    work: Work | None = None,
) -> Integral:
    """Integrate k functions over triangles (n, 3, 2), all at once.

    Parameters
    ----------
    f : callable
        ``f(points, triangle)`` computes the functions' values (m, k) at points (m, 2); ``triangle``
        (m,) says in which of the n triangles each lies.
    triangles : array_like, shape (n, 3, 2)
        In any orientation; what they share counts twice.
    tolerance : float or array_like, shape (k,), or callable
        Rounds end once every error is below it, or below ``relative`` times the integral's size; a
        callable is asked in every round, with the integrals and errors so far (k,).
    limit : int
        Points at most, but for the first round: then the errors say how far it came.
    slimmest : float
        Triangles are cut in four of their own shape; those so much longer than an equilateral one
        of their area, at the middle of their longest side.

    work : Work, optional
        What ``f`` spends of it ends the rounds, too, but for the first.

    Returns
    -------
    Integral

    Notes
    -----
    Values at a triangle's 42 points are split into orthogonal polynomials. What they leave beyond
    degree 7, times the rate at which parts fall from degree 5 on to the fourth power, is the error
    of a smooth function, many times over; where they do not fall (a kink, a jump, a singularity) it
    is the size of the error of a sum of 42 values. Errors of single triangles have either sign, as
    a kink lies anywhere in its triangle: those of the whole are added as squares, thrice, and a
    part of their plain sum on top. A function that is 0 at all points of a triangle is taken for 0:
    give triangles that are no larger than what must not be missed. Jumps and kinks along lines cost
    most: an error ε takes some ε^(−2/3) points; infinities along lines, as 1/√distance, are beyond
    the method (the error falls with the square root of the points, and is understated).

    Examples
    --------
    >>> square = [[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]]
    >>> found = integrate(lambda z, _: np.exp(z.sum(axis=1))[:, None], square)
    >>> bool(abs(found.totals[0] - (np.e - 1) ** 2) < found.errors[0] + 1e-14)
    True
    """
    corners = np.asarray(triangles, dtype=np.float64)
    roots = np.arange(len(corners))
    work = work or Work()
    before = work.spent
    values, errors = _measure(f, corners, roots)
    spent = len(corners) * len(_POINTS)
    each = (work.spent - before) / max(spent, 1)
    for _ in range(_ROUNDS):
        totals = values.sum(axis=0)
        aimed = tolerance(totals, _together(errors)) if callable(tolerance) else tolerance
        allowed = np.maximum(aimed, relative * np.abs(totals))
        room = max(0, min(limit - spent, work.left / max(each, 1e-6)))
        worst = _worst(errors, allowed, int(room) // (4 * len(_POINTS)))
        before, asked = work.spent, spent
        keep = np.ones(len(corners), bool)
        found = []
        for split in np.split(worst, range(_SPLIT, len(worst), _SPLIT)):
            if not len(split) or work.over:
                break
            keep[split] = False
            parts, part_roots = _split(corners[split], roots[split], slimmest)
            found.append((parts, part_roots, *_measure(f, parts, part_roots)))
            spent += len(parts) * len(_POINTS)
        if not found:
            break
        each = (work.spent - before) / (spent - asked)
        corners, roots, values, errors = (
            np.concatenate([old[keep], *new])
            for old, *new in zip((corners, roots, values, errors), *found, strict=True)
        )
    return Integral(values.sum(axis=0), _together(errors), spent)


def areas(triangles: Array) -> Array:
    """Compute the areas (n,) of triangles (n, 3, 2)."""
    first, second = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    return np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2


def quarters(triangles: Array) -> Array:
    """Cut triangles (n, 3, 2) at the middles of their sides, (4n, 3, 2), the parts side by side."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    parts = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (bc, ca, ab)]
    return np.stack([np.stack(part, axis=1) for part in parts], axis=1).reshape(-1, 3, 2)


def halves(triangles: Array, side: Indices) -> Array:
    """Cut triangles (n, 3, 2) at the middle of a side (n,), from that corner to the next one,
    (2n, 3, 2), the parts side by side."""
    order = (side[:, None] + np.arange(3)) % 3
    a, b, c = np.moveaxis(triangles[np.arange(len(triangles))[:, None], order], 1, 0)
    middle = (a + b) / 2
    parts = [(a, middle, c), (middle, b, c)]
    return np.stack([np.stack(part, axis=1) for part in parts], axis=1).reshape(-1, 3, 2)


def _split(triangles: Array, roots: Indices, slimmest: float) -> tuple[Array, Indices]:
    sides = ((np.roll(triangles, -1, axis=1) - triangles) ** 2).sum(axis=2)
    slim = sides.max(axis=1) > slimmest * 4 / np.sqrt(3) * areas(triangles)
    halved = halves(triangles[slim], sides[slim].argmax(axis=1))
    parts = np.concatenate([quarters(triangles[~slim]), halved])
    return parts, np.concatenate([np.repeat(roots[~slim], 4), np.repeat(roots[slim], 2)])


def _measure(f: Integrand, triangles: Array, roots: Indices) -> tuple[Array, Array]:
    """Integrate over each triangle (n, k), with its error (n, k)."""
    step = max(1, _BLOCK // len(_POINTS))
    found = [
        _block(f, triangles[start : start + step], roots[start : start + step])
        for start in range(0, len(triangles), step)
    ]
    values, errors = (np.concatenate(part) for part in zip(*found, strict=True))
    return values, errors


def _block(f: Integrand, triangles: Array, roots: Indices) -> tuple[Array, Array]:
    points = np.matmul(_POINTS, triangles).reshape(-1, 2)
    at = f(points, np.repeat(roots, len(_POINTS))).reshape(len(triangles), len(_POINTS), -1)
    size = areas(triangles)[:, None]
    # A small product for each triangle, which no library shares out among threads: the same bits
    # for any number of them.
    squares = np.matmul(_STACKED, at) ** 2
    fifth, seventh, above = np.sqrt([part.sum(axis=1) for part in np.split(squares, _ENDS, axis=1)])
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.maximum(np.cbrt(above / fifth), np.sqrt(seventh / fifth))
    rate = np.where(fifth > 0, np.minimum(rate / _SMOOTH, 1.0), 1.0)
    errors = size * above * rate**4 * 0.3
    totals = size * np.matmul(WEIGHTS, at[:, : len(WEIGHTS)])
    return totals, np.nan_to_num(errors, nan=np.inf)


def _together(errors: Array) -> Array:
    """The error of a sum (k,) from those of its parts (n, k)."""
    return 3 * np.sqrt((errors**2).sum(axis=0)) + _PLAIN * errors.sum(axis=0)


def _worst(errors: Array, allowed: Array, most: int) -> Indices:
    """Say which triangles to cut, the worst first, so that the others' errors come to half of what
    is allowed; ``most`` of them where there are more."""
    split = np.zeros(len(errors), bool)
    for column, limit in zip(errors.T, np.broadcast_to(allowed, errors.shape[1]), strict=True):
        if _together(column[:, None])[0] <= limit:
            continue
        order = np.argsort(column, kind="stable")
        ascending = column[order]
        left = 3 * np.sqrt(np.cumsum(ascending**2)) + _PLAIN * np.cumsum(ascending)
        split[order[np.searchsorted(left, limit / 2, side="right") :]] = True
    chosen = np.flatnonzero(split)
    return chosen[np.argsort(-(errors[chosen] / allowed).max(axis=1), kind="stable")[:most]]
