"""The recommended tests in one call, under one correction."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.correction import CORRECTIONS, adjusted_pvalues, known_correction, level
from gan_eval.errors import UsageError
from gan_eval.twosample import validation
from gan_eval.twosample.result import TestResult

if TYPE_CHECKING:
    import pandas

    from gan_eval.target import GaussianTarget

Array = NDArray[np.floating]

ROWS_PER_COLUMN = 4
"""Pooled rows a column from which on whitening takes away correlations, not only scales: with as
many rows as columns all whitened rows are equally far from each other, and nothing can be seen."""


@dataclass(frozen=True, eq=False)
class BatteryResult:
    """What several tests of the same samples found.

    Attributes
    ----------
    results : mapping of str to TestResult
        Each test's own result, with its unadjusted p-value, by its name in the battery.
    adjusted : mapping of str to float
        The p-values adjusted for all tests that were run.
    alpha : float
        The level of the whole battery.
    correction : str
        ``"holm"``: under equal laws any test is rejected with probability at most ``alpha``.
        ``"benjamini-hochberg"``: the same where all laws are equal and the tests are independent
        or positively dependent.
    not_run : mapping of str to str
        Tests of the default battery that cannot be computed from these samples, and why.
    """

    results: Mapping[str, TestResult] = field(repr=False)
    adjusted: Mapping[str, float]
    alpha: float
    correction: str
    not_run: Mapping[str, str] = field(default_factory=dict)

    @property
    def rejected(self) -> tuple[str, ...]:
        """The tests whose adjusted p-value is at most ``alpha``."""
        return tuple(name for name, p in self.adjusted.items() if p <= self.alpha)

    @property
    def told_apart(self) -> bool:
        """Whether any test rejects. If none does, that is no proof of equality."""
        return bool(self.rejected)

    @property
    def smallest(self) -> float:
        """The smallest adjusted p-value: that of the battery as one test."""
        return min(self.adjusted.values())

    def __repr__(self) -> str:
        width = max(len(TESTS[name].words) for name in (*self.results, *self.not_run))
        lines = [
            f"{len(self.rejected)} of {len(self.results)} tests reject at alpha = {self.alpha:g} "
            f"after {CORRECTIONS[self.correction]}'s correction"
        ]
        for name, result in self.results.items():
            mark = "  rejected" if name in self.rejected else ""
            lines.append(
                f"  {TESTS[name].words:<{width}}  statistic {result.statistic:<10.5g}  "
                f"p {result.pvalue:<8.3g}  adjusted {self.adjusted[name]:<8.3g}{mark}".rstrip()
            )
        for name, why in self.not_run.items():
            lines.append(f"  {TESTS[name].words:<{width}}  not run: {why}")
        return "\n".join(lines)

    def to_frame(self) -> pandas.DataFrame:
        """One row a test, indexed by its name: the scalars of its result, ``adjusted``,
        ``rejected``, and ``alpha`` and ``correction`` beside them."""
        import pandas

        rows = [
            {
                **result.to_dict(),
                "adjusted": self.adjusted[name],
                "rejected": name in self.rejected,
                "alpha": self.alpha,
                "correction": self.correction,
            }
            for name, result in self.results.items()
        ]
        return pandas.DataFrame(rows, index=pandas.Index(list(self.results), name="test"))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: NaN and infinities are None."""
        return {
            "alpha": self.alpha,
            "correction": self.correction,
            "told_apart": self.told_apart,
            "rejected": list(self.rejected),
            "smallest_adjusted_pvalue": self.smallest,
            "tests": {
                name: {
                    **json.loads(result.to_json()),
                    "adjusted": self.adjusted[name],
                    "rejected": name in self.rejected,
                }
                for name, result in self.results.items()
            },
            "not_run": dict(self.not_run),
        }

    def to_json(self) -> str:
        """``to_dict`` as one JSON object."""
        return json.dumps(self.to_dict(), allow_nan=False)


def battery(
    x: Any,
    y: Any = None,
    *,
    target: GaussianTarget | None = None,
    tests: Sequence[str] | None = None,
    alpha: float = 0.05,
    correction: str = "holm",
    permutations: int = 999,
    rng: int | np.random.Generator | None = None,
    device: str = "cpu",
) -> BatteryResult:
    """Test with the recommended battery whether x comes from the law of y, or from a known target.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; at least 2 rows. With a target, the sample that is in question.
    y : array of shape (m, d), or (m,), optional
        The other sample; with a target, a sample of it. Without ``y``, tests against the target
        are of one sample, and those that need two draw n rows from the target.
    target : GaussianTarget, optional
        Where the truth is known: the likelihood ratio, the mean and the covariance are tested
        against it, and samples are whitened by it.
    tests : sequence of str, optional
        Names from ``TESTS``; ``DEFAULT`` if none. A default test that these samples do not carry
        (as the likelihood ratio with fewer rows than columns) is left out and reported in
        ``not_run``; one that was asked for is refused.
    alpha : float
        The level of all tests together.
    correction : {"holm", "benjamini-hochberg"}
        See :func:`~gan_eval.correction.adjusted_pvalues`.
    permutations : int
        Of each permutation test, or draws of each bootstrap.
    rng : None, int or numpy.random.Generator
        The same seed gives the same p-values, whichever other tests are run beside one.
    device : str
        Torch device of the permutation tests.

    Returns
    -------
    BatteryResult

    Raises
    ------
    UsageError
        For input or options that cannot be used; where so few permutations are asked for that no
        permutation test could be rejected on its own; where no test can be computed.

    Notes
    -----
    The likelihood ratio, Hotelling's T² and the covariance test look at means and covariances, MMD
    and energy at the whole law. Against a target, whose law is known, the first three have exact
    p-values. Between two samples all p-values come by permutation and are exact for every law: at
    200 + 200 rows of Student's t with 4 degrees of freedom the Gaussian law of the likelihood ratio
    rejects equal laws 40 % of the time at level 5 %, permutation 5 %.

    MMD and energy work in whitened coordinates, by the target or by the covariance of the pooled
    rows (which no permutation changes), so that an error along a minor axis counts like any other;
    below ``ROWS_PER_COLUMN`` pooled rows a column, columns are only divided by their pooled
    standard deviations.
    """
    alpha, correction = level(alpha), known_correction(correction)
    names = _known(DEFAULT if tests is None else tests)
    permutations = validation.permutation_count(permutations)
    resampled = [name for name in names if target is None or not TESTS[name].known_law]
    if resampled:
        validation.torch_device(device)
    if resampled and len(names) > alpha * (1 + permutations):
        raise UsageError(
            f"permutations must be at least {math.ceil(len(names) / alpha) - 1} for {len(names)} "
            f"tests at alpha = {alpha:g}, got {permutations}: the smallest p-value could not be "
            "rejected after correction"
        )
    # One seed a test, drawn for all of the catalogue.
    generator = validation.random_generator(rng)
    seeds = dict(zip(TESTS, generator.integers(2**62, size=len(TESTS)).tolist(), strict=True))
    data = _samples(x, y, target, generator)
    settings = {"permutations": permutations, "device": device}
    results, not_run = {}, {}
    for name in names:
        try:
            results[name] = TESTS[name].run(data, rng=seeds[name], **settings)
        except UsageError as error:
            if tests is not None:
                raise
            not_run[name] = str(error)
    if not results:
        why = next(iter(not_run.values()))
        raise UsageError(f"no test can be computed from these samples: {why}")
    adjusted = adjusted_pvalues([result.pvalue for result in results.values()], correction)
    return BatteryResult(
        results,
        dict(zip(results, adjusted.tolist(), strict=True)),
        alpha,
        correction,
        not_run,
    )


@dataclass(frozen=True, eq=False)
class _Samples:
    """Both samples as given and whitened; ``y`` is None for one sample against the target."""

    x: Array
    y: Array | None
    target: GaussianTarget | None
    whitened: tuple[Array, Array]


@dataclass(frozen=True)
class _Test:
    words: str
    run: Callable[..., TestResult]
    known_law: bool = False
    """Whether the p-value against a target is exact, without permutations or draws."""


def _known(tests: Sequence[str]) -> tuple[str, ...]:
    names = (tests,) if isinstance(tests, str) else tuple(tests)
    unknown = [name for name in names if name not in TESTS]
    if unknown:
        raise UsageError(f"unknown test {unknown[0]!r}: known are {', '.join(TESTS)}")
    if not names or len(set(names)) < len(names):
        raise UsageError(f"tests must name at least one test, each once, got {list(names)}")
    return names


def _samples(
    x: Any, y: Any, target: GaussianTarget | None, generator: np.random.Generator
) -> _Samples:
    if target is None:
        if y is None:
            raise UsageError("a battery needs a second sample or a target, got neither")
        first, second = validation.two_samples(x, y)
        return _Samples(first, second, None, _whitened(first, second))
    from gan_eval.goodness.sample import one_sample

    first = one_sample(x, target)
    if y is None:
        drawn = target.sample(len(first), generator)
        return _Samples(first, None, target, (target.whiten(first), target.whiten(drawn)))
    first, second = validation.two_samples(x, y)
    return _Samples(first, second, target, (target.whiten(first), target.whiten(second)))


def _whitened(x: Array, y: Array) -> tuple[Array, Array]:
    """Both samples in coordinates in which the pooled rows have covariance I, or unit variances
    where there are few rows or the covariance is singular."""
    pooled = np.concatenate([x, y])
    # Scales are taken out first, so that units of measure cost no digits.
    centred = pooled - pooled.mean(axis=0)
    scale = np.abs(centred).max(axis=0)
    scaled = centred / np.where(scale > 0, scale, 1.0)
    deviations = scaled.std(axis=0)
    scaled /= np.where(deviations > 0, deviations, 1.0)
    if len(pooled) >= ROWS_PER_COLUMN * pooled.shape[1]:
        _, sizes, axes = np.linalg.svd(np.linalg.qr(scaled, mode="r"))
        if sizes[-1] > 1e-8 * sizes[0]:
            scaled = scaled @ (axes.T / sizes) * np.sqrt(len(pooled))
    return scaled[: len(x)], scaled[len(x) :]


def _likelihood_ratio(data: _Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval import goodness
    from gan_eval.twosample.permuted_moments import likelihood_ratio_permutation_test

    if data.target is not None:
        return goodness.likelihood_ratio_test(data.x, data.target)
    return likelihood_ratio_permutation_test(data.x, data.y, permutations=permutations, rng=rng)


def _hotelling(data: _Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval import goodness
    from gan_eval.twosample.permuted_moments import hotelling_permutation_test

    if data.target is not None:
        return goodness.hotelling_test(data.x, data.target)
    return hotelling_permutation_test(data.x, data.y, permutations=permutations, rng=rng)


def _covariance(data: _Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval import goodness
    from gan_eval.twosample.permuted_moments import box_m_permutation_test

    if data.target is not None:
        return goodness.covariance_test(data.x, data.target)
    return box_m_permutation_test(data.x, data.y, permutations=permutations, rng=rng)


def _mmd(data: _Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval import goodness
    from gan_eval.twosample import mmd_test

    if data.y is None and data.target is not None:
        return goodness.mmd_test(data.x, data.target, resamples=permutations, rng=rng)
    return mmd_test(*data.whitened, permutations=permutations, rng=rng, device=device)


def _energy(data: _Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval import goodness
    from gan_eval.twosample import energy_test

    if data.y is None and data.target is not None:
        return goodness.energy_test(data.x, data.target, resamples=permutations, rng=rng)
    return energy_test(*data.whitened, permutations=permutations, rng=rng, device=device)


TESTS: Mapping[str, _Test] = {
    "likelihood_ratio": _Test("likelihood ratio", _likelihood_ratio, known_law=True),
    "hotelling": _Test("Hotelling's T² (mean)", _hotelling, known_law=True),
    "covariance": _Test("covariance", _covariance, known_law=True),
    "mmd": _Test("MMD, whitened", _mmd),
    "energy": _Test("energy, whitened", _energy),
}
"""Every test that a battery can run, by name; a new one goes at the end, so that seeds stay."""

DEFAULT = ("likelihood_ratio", "hotelling", "covariance", "mmd", "energy")
"""The recommended battery."""
