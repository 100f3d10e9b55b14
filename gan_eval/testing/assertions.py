"""Assertions about samples, for anyone's generative model in anyone's tests.

The pytest plugin gives the same two functions as fixtures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_eval.comparison import Comparison, compare
from gan_eval.comparison.columns.differences import column_differences
from gan_eval.comparison.directions import Direction, leading_directions
from gan_eval.comparison.pages import words
from gan_eval.comparison.sources import is_sampler, is_target
from gan_eval.distributions.gaussian import Array, GaussianLike
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import level
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import samples as validation
from gan_eval.stats.battery.battery import DEFAULT, BatteryResult, battery
from gan_eval.stats.battery.equivalence import ACCEPTABLE, SHAPE_ALPHA, Equivalence, equivalence
from gan_eval.stats.mixed import MixedRows
from gan_eval.stats.result import Verdict, p_in_words
from gan_eval.stats.twosample.columns import set_aside

_COLUMNS = 3  # columns that a message names


def assert_same_distribution(
    x: Any,
    y: Any,
    *,
    alpha: float = 0.01,
    tests: Sequence[str] | None = None,
    correction: str = "holm",
    permutations: int | None = None,
    rng: int | np.random.Generator | None = 0,
    device: str = "cpu",
) -> BatteryResult:
    """Fail where the samples x and y are told apart, or where nothing could tell them apart.

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,), or whatever ``compare`` takes
        Independent rows, x real and y generated: NumPy, torch or pandas; tables with categories,
        dates or holes; files; a target or a sampler
        (:func:`~gan_eval.comparison.run.compare`).
    alpha : float
        How often two fresh samples of one distribution may fail, all tests together: in a suite
        that runs daily, 0.01 is three or four false alarms a year.
    tests, correction, device
        As of :func:`~gan_eval.stats.battery.battery.battery`; ``device`` for complete numbers only.
    permutations : int, optional
        Enough for ``alpha`` if not given, at least 999.
    rng : None, int or numpy.random.Generator
        By default a fixed seed: the same samples always pass, or always fail.

    Returns
    -------
    BatteryResult
        Where x and y are not told apart. That is no proof of equality: a small difference takes
        more rows to be seen.

    Raises
    ------
    AssertionError
        Where x and y are told apart: says which tests reject, which columns and directions differ
        and by how much, and how often samples of one distribution would
        fail. Where no test could have
        rejected: says why, and how many rows or permutations would be enough.
    UsageError
        For input or options that cannot be used.

    Examples
    --------
    >>> from gan_eval import GaussianTarget
    >>> target = GaussianTarget.chapter()
    >>> real, generated = target.sample(60, 0), target.sample(60, 1)
    >>> assert_same_distribution(real, generated, tests=["energy"]).told_apart
    False
    >>> assert_same_distribution(real, generated + 2, tests=["energy"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: x (60 rows) and y (60 rows) do not come from one distribution
    ...
    """
    __tracebackhide__ = True
    if permutations is None:
        count = len(DEFAULT if tests is None else tests)
        permutations = max(999, 2 * math.ceil(count / level(alpha)) - 1)
    if not _are_numbers(x, y):
        seed = rng if isinstance(rng, int) else int(np.random.default_rng(rng).integers(2**63))
        compared = compare(
            x, y, tests=tests, alpha=alpha, correction=correction, permutations=permutations,
            seed=seed,
        )  # fmt: skip
        if compared.verdict == Verdict.COULD_NOT_TELL:
            raise AssertionError(f"could not tell x from y: {compared.tests.why_not}")
        if compared.told_apart:
            raise AssertionError(_compared_apart(compared))
        return compared.tests
    found = battery(
        x, y, tests=tests, alpha=alpha, correction=correction, permutations=permutations, rng=rng,
        device=device,
    )  # fmt: skip
    if found.verdict == Verdict.COULD_NOT_TELL:
        raise AssertionError(f"could not tell x from y: {found.why_not}")
    if found.told_apart:
        raise AssertionError(_told_apart(x, y, found))
    return found


def assert_converged(
    samples: Any,
    target: GaussianLike,
    *,
    margin: float = 0.1,
    confidence_level: float = 0.95,
    shape_alpha: float | None = SHAPE_ALPHA,
) -> Equivalence:
    """Fail unless the samples' mean and covariance show to be within a margin of the target's, and
    no other shape than a Gaussian's shows.

    Not being told apart is no convergence, so the claim is turned round: the upper confidence
    bound of KL(samples‖target), for a Gaussian with the samples' moments, must lie within the
    margin. Beside it a test looks for another shape (modes, skewness, tails); that it finds none is
    no evidence that there is none.

    Parameters
    ----------
    samples : array of shape (n, d), or (n,)
        NumPy, torch or pandas; independent rows, n > d.
    target : GaussianTarget, Gaussian, or (mean, covariance)
    margin : float
        In nats; 0.1 is where ``gan-eval`` calls a GAN converged.
    confidence_level : float
        Of the bound. A Gaussian at the margin or beyond passes with probability at most about
        1 − ``confidence_level``. Heavier tails keep that rate where there are rows enough to show
        them (docs/convergence/sample.md has the measured rates).
    shape_alpha : float or None
        Level of the test of shape, at most 0.1: how often it fails a Gaussian model. None leaves
        the shape untested.

    Returns
    -------
    Equivalence
        The bound and what it was held against.

    Raises
    ------
    AssertionError
        Says how far the samples are shown to be, in which directions, how often a model exactly at
        the target would fail with as many rows, and how many rows it needs.
    UsageError
        For input or options that cannot be used.

    Notes
    -----
    See :func:`~gan_eval.stats.battery.equivalence.equivalence`. For a target that is no Gaussian,
    :func:`assert_same_distribution` compares with rows of the target.

    Examples
    --------
    >>> from gan_eval import GaussianTarget
    >>> target = GaussianTarget.chapter()
    >>> assert_converged(target.sample(400, 0), target).passed
    True
    >>> assert_converged(target.sample(400, 0) + 1, target)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: 400 samples are further from the target: KL(samples‖target) is estimated at ...
    """
    __tracebackhide__ = True
    target = GaussianTarget.of(target)
    found = equivalence(
        samples, target, margin=margin, confidence_level=confidence_level, shape_alpha=shape_alpha
    )
    if not found.passed:
        raise AssertionError(_not_converged(samples, target, found))
    return found


def _are_numbers(x: Any, y: Any) -> bool:
    """Say whether both are complete tables of numbers, which need no reading."""
    if any(isinstance(one, str | Path) or is_sampler(one) or is_target(one) for one in (x, y)):
        return False
    if not any(hasattr(one, "columns") for one in (x, y)):
        return True
    try:
        validation.two_samples(x, y)
    except UsageError:  # what is no table at all is refused by `compare`
        return False
    return True


def _compared_apart(found: Comparison) -> str:
    rows = f"x ({len(found.real.rows)} rows) and y ({len(found.generated.rows)} rows)"
    return "\n".join(
        [
            f"{rows} do not come from one distribution",
            repr(found.tests),
            "what differs most, y against x:",
            *(
                f"  column {row['column']}: {words.differs(row)}"
                for row in found.columns.head(_COLUMNS).to_dict("records")
            ),
            *(f"{column} was set aside: {why}" for column, why in found.set_aside.items()),
            *found.notes,
            "two samples of one distribution fail this assertion in at most "
            f"{100 * found.tests.alpha:g} % of runs",
        ]
    )


def _told_apart(x: Any, y: Any, found: BatteryResult) -> str:
    names = _names(x, y)
    first, second = validation.two_samples(x, y)
    aside = set_aside(first, second, names)
    kept = [i for i, name in enumerate(names) if name not in aside]
    names, first, second = [names[i] for i in kept], first[:, kept], second[:, kept]
    x_rows, y_rows = (MixedRows.of_numbers(table, tuple(names)) for table in (first, second))
    columns = column_differences(x_rows, y_rows, found.correction)
    directions = leading_directions(first, second)
    lines = [
        f"x ({len(first)} rows) and y ({len(second)} rows) do not come from one distribution",
        repr(found),
        "what differs most, y against x:",
    ]
    for row in columns.head(_COLUMNS).to_dict("records"):
        lines.append(
            f"  column {row['column']}: mean {row['shift']:+.2g} sd, spread × {row['sd_ratio']:.3g}"
            f" (Kolmogorov–Smirnov {row['ks']:.2g}, adjusted {p_in_words(row['adjusted'], 2)})"
        )
    if len(names) > 1:
        lines.append(_shift(directions.mean, names, f", by chance {directions.chance_shift:.2g}"))
        chance = f", by chance × {directions.chance_ratio:.3g}"
        lines += [_ratio(direction, names, chance) for direction in directions.spread[:1]]
    lines.append(
        "two samples of one distribution fail this assertion in at most "
        f"{100 * found.alpha:g} % of runs"
    )
    return "\n".join(lines)


def _not_converged(samples: Any, target: GaussianTarget, found: Equivalence) -> str:
    rows = validation.sample(samples, "samples")
    n, failure = len(rows), found.failure
    bound = (
        f"KL(samples‖target) is estimated at {max(found.estimate, 0.0):.3g} nats and is at most "
        f"{found.upper:.3g} with {100 * found.confidence_level:g} % confidence; the margin is "
        f"{found.margin:g}"
    )
    if found.upper <= found.margin:
        lines = [f"{n} samples have moments near the target's, and another shape: {bound}"]
    elif found.lower > found.margin:
        lines = [f"{n} samples are further from the target: {bound}"]
    else:
        lines = [f"{n} samples do not show to be near the target: {bound}"]
    if found.shape is not None and found.misshapen:
        d = found.test.dimension
        lines.append(
            f"the test of shape rejects that they are Gaussian ({p_in_words(found.shape.pvalue, 2)}"
            f", level {found.shape_alpha:g}): Mardia's kurtosis is "
            f"{found.shape.parameters['kurtosis']:.3g}, a Gaussian's {d * (d + 2)}"
        )
    lines += [
        "what differs most, samples against target:",
        *_against(rows, _names(samples), target),
        f"a model exactly at the target fails this assertion in {_percent(failure)} of runs with "
        f"{n} rows",
    ]
    if failure > ACCEPTABLE:
        lines[-1] += f"; with {found.rows_needed()} rows in at most {100 * ACCEPTABLE:g} %"
    return "\n".join(lines)


def _against(rows: Array, names: Sequence[str], target: GaussianTarget) -> list[str]:
    """The columns furthest off, and the directions of the largest shift and ratio of variances."""
    deviations = np.sqrt(np.diag(target.covariance))
    shifts = (rows.mean(axis=0) - target.mean) / deviations
    ratios = rows.std(axis=0, ddof=1) / deviations
    order = np.argsort(-np.maximum(np.abs(shifts), np.abs(np.log(ratios))), kind="stable")
    lines = [
        f"  column {names[i]}: mean {shifts[i]:+.2g} sd, spread × {ratios[i]:.3g}"
        for i in order[:_COLUMNS]
    ]
    if len(names) == 1:
        return lines
    whitened = target.whiten(rows)
    mean = whitened.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov(whitened.T))
    worst = int(np.argmax(np.abs(np.log(variances))))
    for kind, axis, value in (
        ("mean", mean, float(np.linalg.norm(mean))),
        ("spread", axes[:, worst], float(variances[worst])),
    ):
        # z·v = (x − b)·A⁻¹v, and each column in units of its standard deviation.
        loadings = np.linalg.solve(target.A, axis) * deviations
        direction = Direction(kind, loadings / np.linalg.norm(loadings), value)
        lines.append((_shift if kind == "mean" else _ratio)(direction, names))
    return lines


def _shift(direction: Direction, names: Sequence[str], chance: str = "") -> str:
    return f"  direction {direction.in_words(names)}: mean {direction.value:+.2g} sd{chance}"


def _ratio(direction: Direction, names: Sequence[str], chance: str = "") -> str:
    return f"  direction {direction.in_words(names)}: variance × {direction.value:.3g}{chance}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share >= 1e-4 else "fewer than 0.01 %"


def _names(*samples: Any) -> list[str]:
    """The columns' names where a DataFrame gives them, else x1, x2, …"""
    for values in samples:
        if getattr(values, "columns", None) is not None:
            return [str(column) for column in values.columns]
    shape = np.shape(samples[0])
    return [f"x{i + 1}" for i in range(shape[1] if len(shape) > 1 else 1)]
