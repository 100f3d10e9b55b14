"""The recommended tests in one call, under one correction."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_eval.runtime.arguments import draw_count, level, random_generator, torch_device
from gan_eval.runtime.documents import json_ready, json_text
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.stats.battery.catalogue import DEFAULT, TESTS, Samples, known, seeds
from gan_eval.stats.battery.grouped import Grouped, grouped_samples
from gan_eval.stats.multiple import CORRECTIONS, adjusted_pvalues, known_correction, rejected
from gan_eval.stats.permutation.labels import rows_needed
from gan_eval.stats.result import TestResult, Verdict, p_in_words

if TYPE_CHECKING:
    import pandas

    from gan_eval.distributions.gaussian import GaussianLike


@dataclass(frozen=True, eq=False)
class BatteryResult(Displayed):
    """The findings of several tests of the same samples, or of a sample and a target.

    Attributes
    ----------
    results : mapping of str to TestResult
        Each test's own result, with its unadjusted p-value, by its name in the battery. Empty
        where none could be run.
    adjusted : mapping of str to float
        The p-values adjusted for all tests that were run, each taken as no less than the test's
        ``least_pvalue``.
    alpha : float
        The level of the whole battery.
    correction : str
        ``"holm"``: under equal distributions any test is rejected with probability at most
        ``alpha``. ``"benjamini-hochberg"``: the same where all distributions are equal and the
        tests are independent or positively dependent.
    not_run : mapping of str to str
        Tests that cannot be computed from these samples, and why.
    set_aside : mapping of str to str
        Columns of two samples that were left out, and why: those that are the same constant in
        both, or that others determine in both.
    grouped : Grouped, optional
        How groups of rows were exchanged, where they were.
    """

    results: Mapping[str, TestResult] = field(repr=False)
    adjusted: Mapping[str, float]
    alpha: float
    correction: str
    not_run: Mapping[str, str] = field(default_factory=dict)
    set_aside: Mapping[str, str] = field(default_factory=dict)
    grouped: Grouped | None = None

    @property
    def rejected(self) -> tuple[str, ...]:
        """The tests whose adjusted p-value is at most ``alpha``."""
        return tuple(name for name, p in self.adjusted.items() if rejected(p, self.alpha))

    @property
    def verdict(self) -> Verdict:
        """The answer: some test rejects, none does, or none could have."""
        if self.rejected:
            return Verdict.TOLD_APART
        return Verdict.COULD_NOT_TELL if self.why_not else Verdict.NOT_TOLD_APART

    @property
    def told_apart(self) -> bool:
        """True where some test rejects. If none does, see ``verdict``: perhaps none could."""
        return bool(self.rejected)

    @property
    def why_not(self) -> str:
        """Why no test could have rejected, and what would be enough; empty where one could.

        A test can reject where its adjusted p-value can come down to ``alpha``, all p-values of
        the battery being the least that they can be (:attr:`TestResult.least_pvalue`).
        """
        if not self.results:
            name, reason = next(iter(self.not_run.items()))
            return f"no test could be run ({TESTS[name].title}: {reason})"
        least = np.array([result.least_pvalue for result in self.results.values()])
        if rejected(adjusted_pvalues(least, self.correction), self.alpha).any():
            return ""
        best = min(self.results.values(), key=lambda result: result.least_pvalue)
        tests, enough = len(self.results), self.alpha / len(self.results)
        if self.grouped is not None and best.rarest_split > enough:
            return f"{self.grouped}; more groups, of sizes that both samples have, would be enough"
        given = f"samples of {best.n} and {best.m} rows"
        if best.least_pvalue == 1 / (1 + best.permutations):
            given = f"{best.permutations} permutation{'' if best.permutations == 1 else 's'}"
        needs = []
        if best.rarest_split > enough:
            rows = rows_needed(enough)
            few = min(best.n, best.m or best.n) < rows
            needs.append(
                f"{rows} rows each, all different," if few else "rows that repeat less often"
            )
        permutations = math.ceil((1 - 1e-12) / enough) - 1
        if best.permutations < permutations:
            needs.append(f"{permutations} permutations")
        after = f" after {CORRECTIONS[self.correction]}'s correction over {tests} tests"
        return (
            f"with {given} no p-value can be expected below {best.least_pvalue:.2g}, too large for "
            f"alpha = {self.alpha:g}{after if tests > 1 else ''}; {' and '.join(needs)} would be "
            "enough"
        )

    @property
    def smallest(self) -> float:
        """The smallest adjusted p-value: that of the battery as one test; NaN without a test."""
        return min(self.adjusted.values(), default=math.nan)

    def __repr__(self) -> str:
        width = max(len(TESTS[name].title) for name in (*self.results, *self.not_run))
        lines = [
            f"{len(self.rejected)} of {len(self.results)} tests reject at alpha = {self.alpha:g} "
            f"after {CORRECTIONS[self.correction]}'s correction"
        ]
        if self.verdict == Verdict.COULD_NOT_TELL:
            lines.insert(0, f"could not tell: {self.why_not}")
        for name, result in self.results.items():
            mark = "  rejected" if name in self.rejected else ""
            own, adjusted = (
                p_in_words(p, 3).removeprefix("p ").removeprefix("= ")
                for p in (result.pvalue, self.adjusted[name])
            )
            lines.append(
                f"  {TESTS[name].title:<{width}}  statistic {result.statistic:<10.5g}  "
                f"p {own:<8}  adjusted {adjusted:<8}{mark}".rstrip()
            )
        lines += [
            f"  {TESTS[name].title:<{width}}  not run: {why}" for name, why in self.not_run.items()
        ]
        aside = (f"  column {name} set aside: it is {why}" for name, why in self.set_aside.items())
        groups = () if self.grouped is None else (f"  {self.grouped}",)
        return few_lines(*lines, *aside, *groups)

    def to_frame(self) -> pandas.DataFrame:
        """Return one row per test, indexed by its name: the scalars of its result, ``adjusted``,
        ``rejected``, and ``alpha`` and ``correction`` beside them."""
        import pandas

        of_battery = {"alpha": self.alpha, "correction": self.correction}
        rows = [row | of_battery for row in self._rows().values()]
        return pandas.DataFrame(rows, index=pandas.Index(list(self.results), name="test"))

    def _rows(self) -> dict[str, dict[str, Any]]:
        """Each test's own scalars, and what the battery makes of it."""
        return {
            name: result.to_dict()
            | {"adjusted": self.adjusted[name], "rejected": name in self.rejected}
            for name, result in self.results.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: NaN and infinities are None."""
        return {
            "alpha": self.alpha,
            "correction": self.correction,
            "verdict": str(self.verdict),
            "could_not_tell_because": self.why_not or None,
            "rejected": list(self.rejected),
            "smallest_adjusted_pvalue": self.smallest if self.results else None,
            "tests": json_ready(self._rows()),
            "not_run": dict(self.not_run),
            "set_aside": dict(self.set_aside),
        } | ({} if self.grouped is None else {"groups": asdict(self.grouped)})

    def to_json(self) -> str:
        """Return ``to_dict`` as one JSON object."""
        return json_text(self.to_dict(), indent=None)


def battery(
    x: Any,
    y: Any = None,
    *,
    target: GaussianLike | None = None,
    tests: Sequence[str] | None = None,
    alpha: float = 0.05,
    correction: str = "holm",
    permutations: int = 999,
    groups: tuple[Any, Any] | None = None,
    rng: int | np.random.Generator | None = None,
    device: str = "cpu",
    progress: Callable[[str], None] | None = None,
) -> BatteryResult:
    """Test with the recommended battery whether x comes from the distribution of y, or from a known
    target.

    Parameters
    ----------
    x : array of shape (n, d), or (n,), or MixedRows
        NumPy, torch or pandas; at least 2 rows. With a target, the sample that is in question. Of
        :class:`~gan_eval.stats.mixed.MixedRows`, tests of moments take the numbers, and the others
        the points that stand for the rows (:func:`~gan_eval.stats.mixed.embed`).
    y : array of shape (m, d), or (m,), optional
        The other sample; with a target, a sample of it. Without ``y``, tests against the target
        are of one sample, and those that need two draw n rows from the target.
    target : GaussianTarget, Gaussian or (mean, covariance), optional
        Where the truth is known: the likelihood ratio, the mean and the covariance are tested
        against it, and samples are whitened by it.
    tests : sequence of str, optional
        Names from ``TESTS``; ``DEFAULT`` if none. A default test that these samples do not carry
        (as the likelihood ratio with fewer rows than columns) is left out and reported in
        ``not_run``; one that was asked for is refused, unless its null distribution would be
        all rounding.
    alpha : float
        The level of all tests together.
    correction : {"holm", "benjamini-hochberg"}
        See :func:`~gan_eval.stats.multiple.adjusted_pvalues`.
    permutations : int
        Of each permutation test, or draws of each bootstrap.
    groups : (list, list), optional
        The group of each row of x, and of y, such as the person: rows of one group may depend on
        each other, and whole groups are exchanged, with groups of as many rows; a name that both
        have stands for two groups. Not with a target.
    rng : None, int or numpy.random.Generator
        The same seed gives the same p-values, whichever other tests are run beside one.
    device : str
        Torch device of the permutation tests.
    progress : callable, optional
        Called with the title of each test before it is run.

    Returns
    -------
    BatteryResult

    Raises
    ------
    UsageError
        For input or options that cannot be used.

    Notes
    -----
    The likelihood ratio, Hotelling's T² and the covariance test look at means and covariances, MMD
    and energy at the whole distribution. Against a target, whose distribution is known, the first
    three have exact p-values. Between two samples all p-values come by permutation and are exact
    for every distribution: at 200 + 200 rows of Student's t with 4 degrees of freedom the Gaussian
    law of the likelihood ratio rejects equal distributions 40 % of the time at level 5 %,
    permutation 5 %.

    MMD, energy and the rest work in whitened coordinates, by the target or by the covariance of the
    pooled rows (which no permutation changes), so that an error along a minor axis counts like any
    other. Where the pooled covariance is singular, or there are fewer than 4 pooled rows per
    column, columns are only divided by their pooled standard deviations.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.battery.battery import battery
    >>> result = battery(x, y, permutations=199, rng=0)
    >>> result.told_apart, result.rejected
    (True, ('likelihood_ratio', 'hotelling', 'mmd', 'energy', 'fuse', 'columns'))
    >>> battery(x[:20], x[20:], tests=["mmd", "columns"], rng=0).told_apart
    False
    """
    alpha, correction = level(alpha), known_correction(correction)
    names = known(DEFAULT if tests is None else tests)
    permutations = draw_count(permutations, "permutations")
    if target is None or not all(TESTS[name].known_law for name in names):
        torch_device(device)
    generator = random_generator(rng)
    drawn = seeds(generator)
    x, y, groups, grouped = grouped_samples(x, y, target, groups, drawn)
    data = replace(Samples.of(x, y, target, generator), groups=groups)
    results, not_run = {}, {}
    for name in names:
        if progress is not None:
            progress(TESTS[name].title)
        try:
            results[name] = TESTS[name].run(
                data, permutations=permutations, rng=drawn[name], device=device
            )
        except UsageError as error:
            if tests is not None and not isinstance(error, CannotTestError):
                raise
            not_run[name] = str(error)
    pvalues = [max(result.pvalue, result.least_pvalue) for result in results.values()]
    adjusted = dict(zip(results, adjusted_pvalues(pvalues, correction).tolist(), strict=True))
    return BatteryResult(results, adjusted, alpha, correction, not_run, data.set_aside, grouped)
