"""The one table of tests: names, titles, the data they need, and which of them are advised.

``ALL_TESTS`` holds every test as one function with its options. ``TESTS`` holds those of a battery:
one question each, answered by the test of ``ALL_TESTS`` that suits the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import nearest, shown
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats import samples as validation
from gan_eval.stats.mixed import (
    MixedRows,
    can_be_whitened,
    embed,
    imputed,
    in_deviations,
    ordered,
)
from gan_eval.stats.result import TestResult
from gan_eval.stats.scaling import Array, naming, whitening

if TYPE_CHECKING:
    from gan_eval.distributions.gaussian import GaussianLike
    from gan_eval.distributions.protocol import Target


TWO_SAMPLES, TARGET = "two samples", "the target"
"""The data that a test needs."""

ON_DEVICE = ("permutations", "rng", "device")
PERMUTED = ("permutations", "rng")
DRAWN = ("resamples", "rng")
"""The arguments that tests take: of torch's permutations, of NumPy's, of a bootstrap's draws."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Both samples; ``y`` is None for one sample against the target.

    ``pair`` holds both for the tests that need two (y drawn from the target where there is none),
    and ``whiten`` is how these are to be whitened. ``columns`` names the columns; of two samples
    without a target those in ``set_aside`` are left out, each with the reason
    (:func:`~gan_eval.stats.twosample.columns.set_aside`). Of mixed rows, ``x`` and ``y`` are the
    numbers, ``pair`` has their points (:func:`~gan_eval.stats.mixed.embed`), and ``in_order`` both
    as columns of which the order counts (:func:`~gan_eval.stats.mixed.ordered`), whose names
    ``columns`` has. ``groups`` are those whose rows are exchanged as a whole.
    """

    x: Array
    y: Array | None
    target: GaussianTarget | None
    pair: tuple[Array, Array]
    whiten: GaussianTarget | str | None
    columns: Sequence[str]
    set_aside: Mapping[str, str] = field(default_factory=dict)
    in_order: tuple[Array, Array] | None = None
    groups: tuple[Any, Any] | None = None

    @classmethod
    def of(
        cls, x: Any, y: Any, target: GaussianLike | None, generator: np.random.Generator
    ) -> Samples:
        """Read what a user gives; ``UsageError`` where it cannot be used."""
        if isinstance(x, MixedRows) and isinstance(y, MixedRows):
            return cls._of_mixed(x, y)
        if target is None:
            from gan_eval.stats.twosample.columns import set_aside

            if y is None:
                raise UsageError("a battery needs a second sample or a target, got neither")
            if isinstance(y, GaussianTarget | Gaussian):
                raise UsageError(
                    f"y must be a sample, got a {type(y).__name__}: give it as `target`"
                )
            first, second = validation.two_samples(x, y)
            names = validation.column_names(x, y, count=first.shape[1])
            aside = set_aside(first, second, names)
            kept = [j for j, name in enumerate(names) if name not in aside]
            # Where none is left, each test says why it cannot be run.
            if aside and kept:
                first, second = first[:, kept], second[:, kept]
                names = [names[j] for j in kept]
            pooled = np.concatenate([first, second])
            whiten = "pooled" if can_be_whitened(pooled) else None
            measured = pooled if whiten else in_deviations(pooled)
            pair = measured[: len(first)], measured[len(first) :]
            return cls(first, second, None, pair, whiten, names, aside)
        first, target = validation.one_sample(x, target)
        names = validation.column_names(x, y, count=first.shape[1])
        if y is None:
            drawn = np.asarray(target.sample(len(first), generator), dtype=np.float64)
            return cls(first, None, target, (first, drawn), target, names)
        first, second = validation.two_samples(x, y, fixed=validation.TARGET)
        return cls(first, second, target, (first, second), target, names)

    @classmethod
    def _of_mixed(cls, x: MixedRows, y: MixedRows) -> Samples:
        """Take rows of two tables, of which all numbers are compared."""
        first, second = imputed(x, y)
        points, (in_order, names) = embed(x, y), ordered(x, y)
        pair, order = (points[0], points[1]), (in_order[0], in_order[1])
        return cls(first, second, None, pair, None, names, in_order=order)


@dataclass(frozen=True)
class Test:
    """A test: its title, the function that runs it, and the data and arguments that this takes.

    Attributes
    ----------
    title : str
        In words, for tables.
    module, function : str
        Where it is: in the package ``goodness`` or ``twosample`` of ``gan_eval.stats``, or in the
        module ``classical`` or ``permuted_moments`` of the latter. They are imported when a test
        is run, so that the names of tests cost nothing.
    takes : tuple of str
        Which of ``permutations``, ``resamples``, ``rng`` and ``device`` it takes. With none of
        them the p-value comes from a known distribution, without random numbers.
    options : mapping of str to str
        Its other arguments. ``whiten="target"`` stands for the target itself.
    """

    # Keep pytest from collecting this class by its name.
    __test__ = False

    title: str
    module: str
    function: str
    takes: tuple[str, ...]
    options: Mapping[str, str]

    @property
    def needs(self) -> str:
        """``TARGET`` where x is held against a known target, ``TWO_SAMPLES`` where against y."""
        return TARGET if self.module == "goodness" else TWO_SAMPLES

    @property
    def short(self) -> str:
        """The title without its coordinates, features or null distribution."""
        return re.split(r", | against | by | to | with ", self.title)[0]

    def run(
        self,
        x: Any,
        y: Any = None,
        *,
        target: Target | None = None,
        permutations: int = 999,
        rng: int | np.random.Generator | None = None,
        device: str = "cpu",
        **options: Any,
    ) -> TestResult:
        """Test x against y, or against the target where the test ``needs`` one.

        ``permutations`` is also the number of a bootstrap's draws; ``options`` go before the
        test's own.

        Examples
        --------
        >>> x = [[0.1, 1.0], [0.4, -0.3], [-1.2, 0.6], [0.8, 0.2], [-0.5, -1.1]]
        >>> y = [[3.1, 1.2], [2.4, 0.3], [3.2, -0.4], [2.8, 0.1], [3.5, 1.1]]
        >>> round(ALL_TESTS["hotelling"].run(x, y, permutations=19, rng=0).pvalue, 2)
        0.05
        """
        # Plain imports: ``runtime.provenance`` follows them, so that a test's code is part of the
        # identity of whatever was tested by it.
        from gan_eval.stats import goodness, twosample
        from gan_eval.stats.twosample import classical, permuted_moments

        modules = {"goodness": goodness, "twosample": twosample, "classical": classical}
        modules["permuted_moments"] = permuted_moments
        function = getattr(modules[self.module], self.function)
        given: dict[str, Any] = {"permutations": permutations, "resamples": permutations}
        given |= {"rng": rng, "device": device}
        chosen = {name: given[name] for name in self.takes} | dict(self.options)
        if chosen.get("whiten") == "target":
            chosen["whiten"] = target
        return function(x, target if self.needs == TARGET else y, **chosen | options)


def _of(module: str, function: str, title: str, *takes: str, **options: str) -> Test:
    return Test(title, module, function, takes, options)


# One row per test.
# fmt: off
ALL_TESTS: Mapping[str, Test] = {
    "mmd": _of("twosample", "mmd_test", "MMD, raw coordinates", *ON_DEVICE),
    "energy": _of("twosample", "energy_test", "energy, raw coordinates", *ON_DEVICE),
    "mmd_whitened": _of("twosample", "mmd_test",
        "MMD, whitened by the pooled rows", *ON_DEVICE, whiten="pooled"),
    "energy_whitened": _of("twosample", "energy_test",
        "energy, whitened by the pooled rows", *ON_DEVICE, whiten="pooled"),
    "mmd_fuse": _of("twosample", "mmd_test",
        "MMD-FUSE, whitened by the pooled rows", *ON_DEVICE, whiten="pooled", bandwidth="fuse"),
    "mmd_agg": _of("twosample", "mmd_test",
        "MMDAgg, whitened by the pooled rows", *ON_DEVICE, whiten="pooled", bandwidth="agg"),
    "mmd_by_target": _of("twosample", "mmd_test",
        "MMD, whitened by the known target", *ON_DEVICE, whiten="target"),
    "energy_by_target": _of("twosample", "energy_test",
        "energy, whitened by the known target", *ON_DEVICE, whiten="target"),
    "sliced_wasserstein": _of("twosample", "sliced_wasserstein_test",
        "sliced Wasserstein, raw coordinates", *ON_DEVICE),
    "likelihood_ratio": _of("permuted_moments", "likelihood_ratio_permutation_test",
        "likelihood ratio by permutation", *PERMUTED),
    "hotelling": _of("permuted_moments", "hotelling_permutation_test",
        "Hotelling's T² by permutation", *PERMUTED),
    "covariance": _of("permuted_moments", "box_m_permutation_test",
        "Box's M by permutation", *PERMUTED),
    "classifier": _of("twosample", "classifier_test",
        "classifier with quadratic features", *ON_DEVICE),
    "columns": _of("twosample", "columns_test", "largest column difference", *PERMUTED),
    "classical_likelihood_ratio": _of("classical", "likelihood_ratio_test",
        "likelihood ratio by its Gaussian law"),
    "classical_hotelling": _of("classical", "hotelling_test", "Hotelling's T² by its Gaussian law"),
    "box_m": _of("classical", "box_m_test", "Box's M by its Gaussian law"),
    "target_likelihood_ratio": _of("goodness", "likelihood_ratio_test",
        "likelihood ratio against the known target"),
    "target_hotelling": _of("goodness", "hotelling_test",
        "Hotelling's T² against the known target"),
    "target_covariance": _of("goodness", "covariance_test", "covariance against the known target"),
    "target_mmd": _of("goodness", "mmd_test", "MMD to the known target", *DRAWN),
    "target_energy": _of("goodness", "energy_test", "energy to the known target", *DRAWN),
    "kernel_stein": _of("goodness", "kernel_stein_test",
        "kernel Stein against the known target", *DRAWN),
    "log_density": _of("goodness", "log_density_test",
        "log density of the known target", *DRAWN),
    "mode_shares": _of("goodness", "mode_shares_test",
        "shares of the known target's modes", *DRAWN),
}
# fmt: on
"""Every test by name. The batteries below, ``certify`` and ``exercise`` choose from it."""


@dataclass(frozen=True)
class BatteryTest:
    """A test of a battery: which of ``ALL_TESTS`` it is, for which data.

    Attributes
    ----------
    title : str
        In words, for tables.
    two_samples : str
        The test of two samples.
    coordinates : {"given", "scaled", "whitened", "whiten"}
        How its columns are measured: as they are given; as in ``Samples.pair``; whitened before
        the test; or whitened by the test itself, which takes ``whiten=``.
    against_target : str, optional
        The test of x against a target. One whose p-value is known exactly is used wherever there
        is a target; another one where there is no second sample.
    advised : bool
        Whether it is part of the recommended battery, ``DEFAULT``.
    """

    title: str
    two_samples: str
    coordinates: str
    against_target: str | None = None
    advised: bool = True

    @property
    def known_law(self) -> bool:
        """True where the p-value against a target is exact, without permutations or draws."""
        return self.against_target is not None and not ALL_TESTS[self.against_target].takes

    def run(self, data: Samples, *, permutations: int, rng: int, device: str) -> TestResult:
        """Run the test on data as a battery holds them."""
        with naming(data.columns):
            return self._run(data, permutations=permutations, rng=rng, device=device)

    def _run(self, data: Samples, **settings: Any) -> TestResult:
        alone = data.target is not None and (self.known_law or data.y is None)
        if alone and self.against_target is not None:
            return ALL_TESTS[self.against_target].run(data.x, target=data.target, **settings)
        x, y = data.pair
        if data.in_order is not None and self.two_samples == "columns":
            x, y = data.in_order
        elif self.coordinates == "given" and data.y is not None:
            x, y = data.x, data.y
            if not x.shape[1]:
                raise CannotTestError("no column holds numbers")
        elif self.coordinates == "whiten":
            settings["whiten"] = data.whiten
        elif self.coordinates == "whitened" and data.whiten is not None:
            pooled = np.concatenate(data.pair)
            white = whitening(pooled, data.whiten)(pooled)
            x, y = white[: len(x)], white[len(x) :]
        if data.groups is not None:
            settings["groups"] = data.groups
        result = ALL_TESTS[self.two_samples].run(x, y, **settings)
        if "column" not in result.parameters:
            return result
        place = int(str(result.parameters["column"]).removeprefix("x")) - 1
        return replace(result, parameters={"column": data.columns[place]})


TESTS: Mapping[str, BatteryTest] = {
    "likelihood_ratio": BatteryTest(
        "likelihood ratio", "likelihood_ratio", "given", "target_likelihood_ratio"
    ),
    "hotelling": BatteryTest("Hotelling's T² (mean)", "hotelling", "given", "target_hotelling"),
    "covariance": BatteryTest("covariance", "covariance", "given", "target_covariance"),
    "mmd": BatteryTest("MMD, whitened", "mmd_whitened", "whiten", "target_mmd"),
    "energy": BatteryTest("energy, whitened", "energy_whitened", "whiten", "target_energy"),
    "fuse": BatteryTest("MMD-FUSE, whitened", "mmd_fuse", "whiten"),
    "sliced_wasserstein": BatteryTest(
        "sliced Wasserstein, whitened", "sliced_wasserstein", "whitened", advised=False
    ),
    "classifier": BatteryTest("classifier (C2ST)", "classifier", "scaled", advised=False),
    "columns": BatteryTest("largest column difference", "columns", "given"),
}
"""Every test that a battery can run, by name; a new one goes at the end, so that seeds stay."""

DEFAULT = tuple(name for name, test in TESTS.items() if test.advised)
"""The recommended battery: moments, the whole distribution, with many kernels errors of its shape,
and the column that differs most, which no outlier elsewhere can hide."""


def known(tests: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of some tests; ``UsageError`` where one is unknown or twice there, or none
    is.

    Examples
    --------
    >>> known("mmd"), known(["energy", "columns"])
    (('mmd',), ('energy', 'columns'))
    """
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
    """Draw a seed for each of ``TESTS``, whichever of them are run: none depends on its company.

    Examples
    --------
    >>> import numpy as np
    >>> len(set(seeds(np.random.default_rng(0)).values())) == len(TESTS)
    True
    """
    return dict(zip(TESTS, generator.integers(2**62, size=len(TESTS)).tolist(), strict=True))
