"""What was learned over the truth: points, and 95 % ellipses or densities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from gan_eval.distributions.gaussian import RADIUS, Gaussian, GaussianLike, ellipse
from gan_eval.distributions.modes import Modes
from gan_eval.distributions.protocol import TargetLike, as_target
from gan_eval.pages.canvas import COLOURS, legend_above
from gan_eval.pages.language import N_, _
from gan_eval.plots.axes import drawn, given
from gan_eval.runtime.errors import UsageError

Array = NDArray[np.floating]

SIGHT = 2.5
"""How far from the truth's middle a picture reaches at most, in half-widths of its ellipse."""

_SAMPLED = 300
"""Rows drawn of a truth that has a density and no ellipse, where no real rows are given."""
_KINDS = {
    "real": ("real", "o", "-", N_("real"), N_("truth, 95 %"), N_("truth")),
    "generated": (
        *("learned", "^", (0, (5, 2))),
        *(N_("generated"), N_("learned, 95 %"), N_("learned")),
    ),
}
"""Of each kind of rows: its colour, mark and line; what they, the ellipse of their distribution,
and its density are called."""


@drawn
def distribution(
    law: GaussianLike | TargetLike | None,
    target: GaussianLike | TargetLike | None,
    real: ArrayLike | None = None,
    generated: ArrayLike | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw what was learned over the truth: the rows of both, and where 95 % of each lie.

    Of a Gaussian in two dimensions or more the ellipse that holds 95 % of its first two
    coordinates; in one dimension its density. Of a truth with modes a cross in each. The picture
    reaches as far as 2.5 half-widths of the truth's ellipse: what is further away is not in it.

    Parameters
    ----------
    law : Gaussian, (mean, covariance), target or None
        What was learned; None where only its rows are known.
    target : Gaussian, (mean, covariance), target or None
        The truth; None where only its rows are known. Of one that is no Gaussian 300 rows are drawn
        where no ``real`` ones are given.
    real, generated : array_like, shape (n, d), optional
        Rows of the truth, and of what was learned; those that are not finite are left out.
    ax : Axes, optional
        Drawn on; a figure of its own if not given.

    Raises
    ------
    UsageError
        Where nothing is given to draw.

    Examples
    --------
    >>> import gan_eval as ge
    >>> truth = ge.GaussianTarget.chapter()
    >>> ax = ge.plots.distribution(ge.Gaussian([0.5, 2.0], [[1, 0], [0, 1]]), truth)
    >>> [line.get_label() for line in ax.lines]
    ['truth, 95 %', 'learned, 95 %']
    """
    axes = given(ax)
    laws = {"real": _gaussian(target), "generated": _gaussian(law)}
    rows = {"real": _rows(real), "generated": _rows(generated)}
    modes = None
    for kind, source in (("real", target), ("generated", law)):
        if source is not None and laws[kind] is None:
            known = as_target(source)
            modes = modes or getattr(known, "modes", None)
            if rows[kind] is None:
                rows[kind] = np.asarray(known.sample(_SAMPLED, 0))
    dimensions = {one.dimension for one in laws.values() if one is not None}
    dimensions |= {one.shape[1] for one in rows.values() if one is not None}
    if not dimensions:
        raise UsageError("`law`, `target`, `real` or `generated` must be given: nothing to draw")
    if len(dimensions) > 1:
        raise UsageError(
            "what is drawn together must have one number of coordinates, got "
            f"{' and '.join(map(str, sorted(dimensions)))}"
        )
    if dimensions == {1}:
        _lines(axes, laws, rows)
    else:
        _plane(axes, laws, rows, modes if isinstance(modes, Modes) else None)
    legend_above(axes, columns=2)
    return axes


def _gaussian(value: Any) -> Gaussian | None:
    """The value as a Gaussian; None where it is none, or nothing."""
    if value is None:
        return None
    law = getattr(value, "law", None)
    if isinstance(value, Gaussian | tuple) or isinstance(law, Gaussian):
        return Gaussian.of(value)
    return None


def _rows(given: ArrayLike | None) -> Array | None:
    if given is None:
        return None
    rows = np.asarray(given, dtype=np.float64)
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2:
        raise UsageError(f"`real` and `generated` must be rows (n, d), got shape {rows.shape}")
    return rows[np.isfinite(rows).all(axis=1)]


def _plane(
    axes: Axes, laws: dict[str, Gaussian | None], rows: dict[str, Array | None], modes: Modes | None
) -> None:
    for kind, points in rows.items():
        colour, marker, _line, name, *_names = _KINDS[kind]
        if points is not None and len(points):
            axes.scatter(
                points[:, 0], points[:, 1], s=13, color=COLOURS[colour], marker=marker, alpha=0.55,
                linewidth=0, label=_(name),
            )  # fmt: skip
    if modes is not None:
        axes.plot(
            *modes.means[:, :2].T,
            "+",
            color=COLOURS["ink"],
            markersize=9,
            label=_("modes of the truth"),
        )
    for kind, gaussian in laws.items():
        colour, _mark, dashes, _rows_name, name, _density = _KINDS[kind]
        outline = None if gaussian is None else ellipse(gaussian)
        if outline is not None and np.isfinite(outline).all():
            axes.plot(
                *outline.T, color=COLOURS[colour], linestyle=dashes, linewidth=2,
                label=_(name),
            )  # fmt: skip
    look(axes, sight(laws["real"], [laws["generated"]], list(rows.values())))
    axes.set(xlabel="x₁", ylabel="x₂")


def sight(
    truth: Gaussian | None, laws: Sequence[Gaussian | None], rows: Sequence[Array | None]
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Find limits that hold the truth, and what was learned as far as ``SIGHT`` allows.

    None where neither the truth nor three real rows, the first of ``rows``, are known.
    """
    if truth is None or not np.isfinite(ellipse(truth)).all():
        real = rows[0] if rows else None
        if real is None or len(real) < 3:
            return None
        truth = Gaussian(real.mean(axis=0), np.linalg.cholesky(_covariance(real)).T)
    middle = truth.mean[:2]
    half = RADIUS * np.sqrt(np.diag(truth.covariance)[:2])
    half = np.where(half > 0, half, 1.0)
    corners = [middle - half, middle + half]
    for gaussian in laws:
        if gaussian is not None and np.isfinite(outline := ellipse(gaussian)).all():
            corners += [outline.min(axis=0), outline.max(axis=0)]
    for points in rows:
        if points is not None and len(points):
            corners += [points[:, :2].min(axis=0), points[:, :2].max(axis=0)]
    low = np.maximum(np.min(corners, axis=0), middle - SIGHT * half)
    high = np.minimum(np.max(corners, axis=0), middle + SIGHT * half)
    room = 0.06 * (high - low)
    (left, bottom), (right, top) = (low - room).tolist(), (high + room).tolist()
    return (left, right), (bottom, top)


def look(axes: Axes, limits: tuple[tuple[float, float], tuple[float, float]] | None) -> None:
    """Set limits, where there are some."""
    if limits is not None:
        axes.set(xlim=limits[0], ylim=limits[1])


def _covariance(rows: Array) -> Array:
    found = np.atleast_2d(np.cov(rows, rowvar=False))
    return found + 1e-12 * np.eye(len(found)) * max(float(np.trace(found)), 1e-12)


def _lines(axes: Axes, laws: dict[str, Gaussian | None], rows: dict[str, Array | None]) -> None:
    ends = []
    for gaussian in laws.values():
        if gaussian is not None and np.isfinite(gaussian.factor).all():
            sd = float(np.sqrt(gaussian.covariance[0, 0]))
            ends += [float(gaussian.mean[0]) - 4 * sd, float(gaussian.mean[0]) + 4 * sd]
    for points in rows.values():
        if points is not None and len(points):
            ends += [float(points.min()), float(points.max())]
    low, high = (min(ends), max(ends)) if ends else (-1.0, 1.0)
    truth = laws["real"]
    if truth is not None:
        sd = float(np.sqrt(truth.covariance[0, 0])) or 1.0
        low = max(low, float(truth.mean[0]) - 10 * sd)
        high = min(high, float(truth.mean[0]) + 10 * sd)
    x = np.linspace(low, high, 300)
    for kind, gaussian in laws.items():
        colour, _mark, dashes, rows_name, _ellipse, name = _KINDS[kind]
        points = rows[kind]
        if points is not None and len(points):
            axes.hist(
                points[:, 0], bins=25, range=(low, high), density=True, color=COLOURS[colour],
                alpha=0.3, label=_(rows_name),
            )  # fmt: skip
        if gaussian is None or not np.isfinite(gaussian.factor).all():
            continue
        middle, sd = float(gaussian.mean[0]), float(np.sqrt(gaussian.covariance[0, 0]))
        style: dict[str, Any] = {"color": COLOURS[colour], "linestyle": dashes, "label": _(name)}
        if sd > 0:
            density = np.exp(-(((x - middle) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi))
            axes.plot(x, density, **style)
        else:
            axes.axvline(middle, **style)
    axes.set(xlabel="x", ylabel=_("density"), xlim=(low, high))
