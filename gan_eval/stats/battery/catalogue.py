"""The tests that a battery runs, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.text import nearest, shown
from gan_eval.stats import samples as validation
from gan_eval.stats.result import TestResult
from gan_eval.stats.scaling import ColumnScales, constant_columns
from gan_eval.stats.whitening import whitening

if TYPE_CHECKING:
    from gan_eval.distributions.gaussian import GaussianLike
    from gan_eval.distributions.target import GaussianTarget

Array = NDArray[np.float64]

ROWS_PER_COLUMN = 4
"""Pooled rows a column from which on whitening takes away correlations, not only scales: with as
many rows as columns all whitened rows are equally far from each other, and nothing can be seen."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Both samples; ``y`` is None for one sample against the target.

    ``pair`` holds both for the tests that need two (y drawn from the target where there is none),
    and ``whiten`` is how these are to be whitened. ``columns`` names the columns; of two samples
    without a target those in ``set_aside`` are left out, each with the reason
    (:func:`~gan_eval.comparison.columns.set_aside`).
    """

    x: Array
    y: Array | None
    target: GaussianTarget | None
    pair: tuple[Array, Array]
    whiten: GaussianTarget | str | None
    columns: Sequence[str]
    set_aside: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, x: Any, y: Any, target: GaussianLike | None, generator: np.random.Generator
    ) -> Samples:
        """From what a user gives; ``UsageError`` where it cannot be used."""
        if target is None:
            from gan_eval.stats.redundant_columns import set_aside

            if y is None:
                raise UsageError("a battery needs a second sample or a target, got neither")
            first, second = validation.two_samples(x, y)
            names = column_names(x, y, count=first.shape[1])
            aside = set_aside(first, second, names)
            kept = [j for j, name in enumerate(names) if name not in aside]
            # Where none is left, each test says why it cannot be run.
            if aside and kept:
                first, second = first[:, kept], second[:, kept]
                names = [names[j] for j in kept]
            pooled = np.concatenate([first, second])
            if _can_be_whitened(pooled):
                return cls(first, second, None, (first, second), "pooled", names, aside)
            scaled = _in_deviations(pooled)
            pair = scaled[: len(first)], scaled[len(first) :]
            return cls(first, second, None, pair, None, names, aside)
        from gan_eval.stats.goodness.samples import one_sample

        first, target = one_sample(x, target)
        names = column_names(x, y, count=first.shape[1])
        if y is None:
            drawn = np.asarray(target.sample(len(first), generator), dtype=np.float64)
            return cls(first, None, target, (first, drawn), target, names)
        first, second = validation.two_samples(x, y, fixed=validation.TARGET)
        return cls(first, second, target, (first, second), target, names)


def column_names(*samples: Any, count: int) -> list[str]:
    """The columns' names where a data frame gives them, all different, else x1, x2, …"""
    for values in samples:
        names = [str(name) for name in getattr(values, "columns", ())]
        if len(names) == count == len(set(names)):
            return names
    return [f"x{j + 1}" for j in range(count)]


@dataclass(frozen=True)
class Test:
    """A test by its words and the function that runs it on samples."""

    # Keep pytest from collecting this class by its name.
    __test__ = False

    words: str
    run: Callable[..., TestResult]
    known_law: bool = False
    """Whether the p-value against a target is exact, without permutations or draws."""


def _can_be_whitened(pooled: Array) -> bool:
    if len(pooled) < ROWS_PER_COLUMN * pooled.shape[1]:
        return False
    try:
        whitening(pooled, "pooled")
    except UsageError:
        return False
    return True


def _in_deviations(pooled: Array) -> Array:
    """Columns over their standard deviations, rare values far off drawn in; constant ones are 0."""
    scaled = ColumnScales.robust(pooled)(pooled)
    scaled[:, constant_columns(pooled)] = 0.0
    deviations = scaled.std(axis=0)
    return scaled / np.where(deviations > 0, deviations, 1.0)


def _likelihood_ratio(data: Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval.stats import goodness
    from gan_eval.stats.twosample.permuted_moments import likelihood_ratio_permutation_test

    if data.target is not None:
        return goodness.likelihood_ratio_test(data.x, data.target)
    return likelihood_ratio_permutation_test(data.x, data.y, permutations=permutations, rng=rng)


def _hotelling(data: Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval.stats import goodness
    from gan_eval.stats.twosample.permuted_moments import hotelling_permutation_test

    if data.target is not None:
        return goodness.hotelling_test(data.x, data.target)
    return hotelling_permutation_test(data.x, data.y, permutations=permutations, rng=rng)


def _covariance(data: Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval.stats import goodness
    from gan_eval.stats.twosample.permuted_moments import box_m_permutation_test

    if data.target is not None:
        return goodness.covariance_test(data.x, data.target)
    return box_m_permutation_test(data.x, data.y, permutations=permutations, rng=rng)


def _mmd(data: Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval.stats import goodness
    from gan_eval.stats.twosample import mmd_test

    if data.y is None and data.target is not None:
        return goodness.mmd_test(data.x, data.target, resamples=permutations, rng=rng)
    return mmd_test(
        *data.pair, whiten=data.whiten, permutations=permutations, rng=rng, device=device
    )


def _energy(data: Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval.stats import goodness
    from gan_eval.stats.twosample import energy_test

    if data.y is None and data.target is not None:
        return goodness.energy_test(data.x, data.target, resamples=permutations, rng=rng)
    return energy_test(
        *data.pair, whiten=data.whiten, permutations=permutations, rng=rng, device=device
    )


def _fuse(data: Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval.stats.twosample import mmd_test

    return mmd_test(
        *data.pair, bandwidth="fuse", whiten=data.whiten, permutations=permutations, rng=rng,
        device=device,
    )  # fmt: skip


def _sliced_wasserstein(data: Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval.stats.twosample.sliced_wasserstein import sliced_wasserstein_test

    pooled = np.concatenate(data.pair)
    if data.whiten is not None:
        pooled = whitening(pooled, data.whiten)(pooled)
    n = len(data.pair[0])
    return sliced_wasserstein_test(
        pooled[:n], pooled[n:], permutations=permutations, rng=rng, device=device
    )


def _classifier(data: Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval.stats.twosample.classifier import classifier_test

    return classifier_test(*data.pair, permutations=permutations, rng=rng, device=device)


def _columns(data: Samples, *, permutations: int, rng: int, device: str) -> TestResult:
    from gan_eval.stats.twosample.columns import columns_test

    # As they are: only the order of values counts, which no scale changes.
    pair = data.pair if data.y is None else (data.x, data.y)
    found = columns_test(*pair, permutations=permutations, rng=rng)
    place = int(str(found.parameters["column"]).removeprefix("x")) - 1
    return replace(found, parameters={"column": data.columns[place]})


TESTS: Mapping[str, Test] = {
    "likelihood_ratio": Test("likelihood ratio", _likelihood_ratio, known_law=True),
    "hotelling": Test("Hotelling's T² (mean)", _hotelling, known_law=True),
    "covariance": Test("covariance", _covariance, known_law=True),
    "mmd": Test("MMD, whitened", _mmd),
    "energy": Test("energy, whitened", _energy),
    "fuse": Test("MMD-FUSE, whitened", _fuse),
    "sliced_wasserstein": Test("sliced Wasserstein, whitened", _sliced_wasserstein),
    "classifier": Test("classifier (C2ST)", _classifier),
    "columns": Test("largest column difference", _columns),
}
"""Every test that a battery can run, by name; a new one goes at the end, so that seeds stay."""


def known(tests: str | Sequence[str]) -> tuple[str, ...]:
    """The names of some tests; ``UsageError`` where one is unknown or twice there, or none is."""
    if not isinstance(tests, Iterable):
        raise UsageError(f"tests must be a test's name or a list of names, got {shown(tests)}")
    names = (tests,) if isinstance(tests, str) else tuple(tests)
    for name in names:
        if name not in TESTS:
            raise UsageError(f"unknown test {shown(name)}: {nearest(str(name), list(TESTS))}")
    if not names or len(set(names)) < len(names):
        raise UsageError(f"tests must name at least one test, each once, got {list(names)}")
    return names


def seeds(generator: np.random.Generator) -> dict[str, int]:
    """A seed for each of ``TESTS``, whichever of them are run: none depends on its company."""
    return dict(zip(TESTS, generator.integers(2**62, size=len(TESTS)).tolist(), strict=True))


DEFAULT = ("likelihood_ratio", "hotelling", "covariance", "mmd", "energy", "fuse", "columns")
"""The recommended battery: moments, the whole law, with many kernels errors of its shape, and the
column that differs most, which no outlier elsewhere can hide."""
