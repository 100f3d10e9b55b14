"""The exact law of a generator that is linear, or linear on polygons of the plane of noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.modes import LOST_SHARE
from gan_eval.distributions.pushforward.by_pieces.creases import creases, in_octagons, window_of
from gan_eval.distributions.pushforward.by_pieces.faces import TINY, Faces, faces_of, faces_within
from gan_eval.distributions.pushforward.by_pieces.frames import Frames
from gan_eval.distributions.pushforward.by_pieces.masses import polygon_masses
from gan_eval.distributions.pushforward.by_pieces.mode_masses import mode_masses, target_masses
from gan_eval.distributions.pushforward.by_pieces.overlaid import Inverses, Overlaid, integrands
from gan_eval.distributions.pushforward.by_pieces.regions import REACH, Regions, regions_of
from gan_eval.distributions.pushforward.cubature import Integral, integrate
from gan_eval.distributions.pushforward.measures import LARGEST, ComputedMeasures
from gan_eval.distributions.pushforward.network import Network
from gan_eval.runtime.errors import CannotComputeError

Array = NDArray[np.floating]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
Place = tuple[Regions, MixtureTarget]

_RELATIVE = 1e-9
"""The part of a divergence above 100 that its error is aimed at."""
_LIMIT = 4_000_000
"""Points at which both densities are computed, at most."""
_ROUNDING = 1e-14
_SHOWN = 1e-13
"""Masses computed exactly, of lines and of what is not covered, are above 0 where above this."""
_LOST = 1e-3
"""Where more of either mass is lost, what is left says nothing of a divergence."""
_PAIRS = 1_000_000
_EDGE = 1e-13
"""A point is on a region's edge where it is so near, in parts of the terms that are summed."""


def log_density(network: Network, x: Array) -> Array:
    """Compute ln q(x) at rows (n, 2), shape (n,): over all regions whose images hold x."""
    regions = regions_of(network)
    regions = regions.take(~regions.flat)
    found = np.full(len(x), -np.inf)
    if not len(regions):
        return found
    inverses = Inverses.of(regions)
    # Each side of a region as (a, b, c), where a z₁ + b z₂ + c is above 0 inside.
    sides = np.cross(regions.corners, np.roll(regions.corners, -1, axis=1))
    low, high = _boxes(regions, regions.images())
    start_z, end_z = _boxes(regions, regions.corners)
    step = max(1, _PAIRS // len(regions))
    for start in range(0, len(x), step):
        rows = x[start : start + step]
        row, number = np.nonzero(((rows[:, None] >= low) & (rows[:, None] <= high)).all(axis=2))
        at = rows[row, 0], rows[row, 1]
        z = np.stack([*inverses.noise(*at, number), np.ones(len(row))], axis=-1)
        # What has no end lies outside of the square; the others are tried first by their boxes.
        maybe = ((z[:, :2] >= start_z[number]) & (z[:, :2] <= end_z[number])).all(axis=1)
        maybe &= regions.inner[number] | (np.abs(z[:, :2]).max(axis=1) > REACH * (1 - 1e-9))
        row, number, z = row[maybe], number[maybe], z[maybe]
        above = (z[:, None] * sides[number]).sum(axis=2)
        size = np.abs(z[:, None] * sides[number]).sum(axis=2)
        holds = (above >= -_EDGE * size).all(axis=1)
        row, number, z = row[holds], number[holds], z[holds]
        terms = inverses.log_terms(rows[row, 0], rows[row, 1], number)
        kept = ~_again(row, z)
        found[start : start + step] = _log_sums(terms[kept], row[kept], len(rows))
    return found


def _boxes(regions: Regions, corners: Array) -> tuple[Array, Array]:
    """The lowest and highest coordinates (regions, 2) of corners (regions, n, 3), and a little
    more; infinite for regions with no end."""
    low, high = corners[..., :2].min(axis=1), corners[..., :2].max(axis=1)
    slack = 1e-9 * (np.abs(low) + np.abs(high))
    low[~regions.inner], high[~regions.inner] = -np.inf, np.inf
    return low - slack, high + slack


def against(network: Network, target: MixtureTarget, tolerance: float) -> ComputedMeasures:
    """Compute all measures of a generator against a mixture."""
    places = _places(network, target)
    # Those of the last place are around the target, or near it.
    regions, moved = places[-1]
    inner = regions.take(regions.inner)
    parts = polygon_masses(inner.corners[..., :2])
    singular = float(parts[inner.flat].sum()) if inner.flat.any() else 0.0
    masses, masses_error = mode_masses(inner, moved)
    masses = np.maximum(masses, 0.0)  # of nothing rounding may leave less
    found = [
        _integrated(*part, faces, tolerance / len(places))
        for part, faces in zip(places, _cut(places), strict=True)
    ]
    integral = Integral(
        np.sum([part.totals for part, _ in found], axis=0),
        np.sum([part.errors for part, _ in found], axis=0),
        sum(part.evaluations for part, _ in found),
    )
    uncovered = sum(bare for _, bare in found)
    own = target_masses(target)
    return _gathered(integral, uncovered, singular, masses, masses_error, own)


def _places(network: Network, target: MixtureTarget) -> list[Place]:
    """Cut a generator into regions, and move it with its target so that neither loses digits.

    Around the image of noise 0, where images are tiny; around the target where they are larger than
    it; and around one and then the other where they lie far apart.
    """
    *hidden, (weight, bias) = network.layers
    origin = network.values(np.zeros((1, 2)))[0]
    still = Network([*hidden, (weight, np.zeros(2))], network.activation)
    bias = -still.values(np.zeros((1, 2)))[0]
    regions = regions_of(Network([*hidden, (weight, bias)], network.activation))
    box = _box(regions)
    size, span = np.ptp(box, axis=0).max(), np.ptp(window_of(target), axis=0).max()
    deviation = float(np.sqrt(np.linalg.eigvalsh(target.covariances).min()))
    if 0 < size < deviation / LARGEST:
        raise CannotComputeError(
            f"generated points lie within {size:.1g} of one another, and the target's modes are "
            f"{deviation:.1g} wide: densities are computed down to {1 / LARGEST:.0g} of that"
        )
    some = bool((regions.inner & ~regions.flat).any())
    apart = np.abs(target.mean - origin - box.mean(axis=0)).max()
    first = _moved(regions, np.zeros(2), target, origin)
    second = _moved(regions, origin - target.mean, target, target.mean)
    if max(size, span) <= TINY * apart and some:
        return [first, second]
    return [second] if size > span or not some else [first]


def _moved(regions: Regions, by: Array, target: MixtureTarget, origin: Array) -> Place:
    """Move regions by a vector, and a target so that ``origin`` becomes 0."""
    return (
        replace(regions, shifts=regions.shifts + by),
        MixtureTarget(target.weights, target.means - origin, target.covariances),
    )


def _box(regions: Regions) -> Array:
    """The lowest and the highest coordinates of the images of regions with an end."""
    images = regions.take(regions.inner).images()[..., :2].reshape(-1, 2)
    return np.array([images.min(axis=0), images.max(axis=0)])


def _cut(places: list[Place]) -> list[Faces]:
    """Cut the plane into faces; of two places, around the images and around the target."""
    places = [(regions.take(~regions.flat), target) for regions, target in places]
    regions, target = places[-1]
    window = window_of(target)
    if len(places) > 1:
        first, away = places[0]
        near = faces_of(first, _box(first), np.empty((0, 2, 2)))
        far = faces_within(regions, window, creases(target, window))
        return [_needed(near, first, away), _needed(far, regions, target)]
    lines = creases(target, _reach(regions, window))
    return [_needed(faces_of(regions, window, lines), regions, target)]


def _integrated(
    regions: Regions, target: MixtureTarget, faces: Faces, tolerance: float
) -> tuple[Integral, float]:
    """Integrate over faces, and compute the mass of p in those over which no region lies."""
    regions = regions.take(~regions.flat)
    overlaid = Overlaid(Inverses.of(regions), faces, target)
    frames = Frames.of(faces, regions)

    def values(points: Array, triangles: Indices) -> Array:
        x = frames.points(points, triangles)
        log_q = overlaid.log_q(x, triangles, points, frames.number[triangles])
        found = integrands(log_q, overlaid.log_p(x, triangles))
        return frames.scaled(found, triangles)

    integral = integrate(
        values,
        frames.triangles(faces.triangles),
        tolerance=np.where(np.arange(7) < 5, tolerance / 2, tolerance),
        relative=_RELATIVE,
        limit=_LIMIT,
    )
    return integral, overlaid.uncovered()


def _reach(regions: Regions, window: Array) -> Array:
    """The lowest and highest coordinates of all images, the target's window, and some more; of
    images beside which the window is tiny, the window."""
    if not regions.inner.any():
        return window
    box = _box(regions)
    if np.ptp(window, axis=0).max() <= TINY * np.ptp(box, axis=0).max():
        return window
    low, high = np.minimum(box[0], window[0]), np.maximum(box[1], window[1])
    return np.array([low, high]) + np.array([[-0.01], [0.01]]) * (high - low)


def _needed(faces: Faces, regions: Regions, target: MixtureTarget) -> Faces:
    """Leave out triangles with neither of the masses: no noise of the square, and no mode, near."""
    counts = np.diff(faces.starts)
    inner = np.zeros(len(counts), bool)
    np.logical_or.at(inner, np.repeat(np.arange(len(counts)), counts), regions.inner[faces.over])
    near = in_octagons(target, faces.triangles.mean(axis=1)).any(axis=1)
    needed = inner[faces.face] | near
    return Faces(faces.triangles[needed], faces.face[needed], faces.starts, faces.over)


def _gathered(
    integral: Integral,
    uncovered: float,
    singular: float,
    masses: Array,
    masses_error: float,
    own: Array,
) -> ComputedMeasures:
    """Name the integrals, and say how far each may be from the truth."""
    forward, reverse, apart, jsd, tv, q, p = integral.totals.tolist()
    # What the overlay lost or counted twice: both masses are known.
    lost = np.array([abs(q - (1 - singular)), abs(p - 1)]).max()
    if not lost < _LOST:
        raise CannotComputeError(
            f"faces that are too small beside others to be cut hold {lost:.2g} of the mass: sizes "
            f"of the generated points and of the target's modes are too far apart"
        )
    weights = np.maximum(1.0, np.array([forward, reverse, 1.0, 1.0, 1.0]))
    errors = integral.errors[:5] + (lost + _ROUNDING) * weights
    # √ makes much of little: here only what the integrals do not account for.
    squared = min(max(apart + singular / 2, 0.0), 1.0)
    unsure = errors[2] - lost + max(0.0, lost - integral.errors[5:].max())
    hellinger = float(np.sqrt(squared))
    hidden = uncovered > _SHOWN
    tv = min(tv + singular / 2, 1.0)
    found = {
        "kl": np.inf if singular > _SHOWN else forward,
        "kl_reverse": np.inf if hidden else reverse + singular,
        "total_variation": tv,
        "jensen_shannon": min(jsd + singular * np.log(2) / 2, np.log(2)),
        "hellinger": hellinger,
        "uncovered_mass": uncovered if hidden else 0.0,
        "singular_mass": singular,
        "high_quality_share": float(masses.sum()),
    }
    stated = {
        "kl": errors[0],
        "kl_reverse": errors[1],
        # Errors along the kink of |q − p| are not as independent as the sum of squares takes them.
        "total_variation": 2 * errors[4],
        "jensen_shannon": errors[3],
        "hellinger": float(np.sqrt(squared + unsure)) - hellinger,
        "uncovered_mass": _SHOWN,
        "singular_mass": _SHOWN,
        "high_quality_share": masses_error + _ROUNDING,
        "mode_masses": masses_error + _ROUNDING,
    }
    return ComputedMeasures(
        **{name: float(value) for name, value in found.items()},
        mode_masses=masses,
        modes_found=int((masses > LOST_SHARE * own).sum()),
        errors={name: float(error) for name, error in stated.items()},
        route="pieces",
    )


def _again(row: Indices, z: Array) -> Mask:
    """Say which noise z (n, 3) of rows (n,) an earlier region has too: on the edge of both."""
    again = np.zeros(len(row), bool)
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    ends = np.append(starts[1:], len(row))
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        at = z[start:end]
        same = np.abs(at[:, None] - at).max(axis=2) <= 1e-9 * np.abs(at).max()
        again[start:end] = np.tril(same, -1).any(axis=1)
    return again


def _log_sums(terms: Array, row: Indices, count: int) -> Array:
    """Compute ln Σ exp of the terms (n,) of each row; −∞ for rows without any."""
    largest = np.full(count, -np.inf)
    np.maximum.at(largest, row, terms)
    sums = np.zeros(count)
    np.add.at(sums, row, np.exp(terms - largest[row]))
    with np.errstate(divide="ignore"):
        return np.where(sums > 0, largest, 0.0) + np.log(sums)
