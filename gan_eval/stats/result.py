"""The result of a test, and the answer that several give together."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.arguments import SMALLEST_PVALUE
from gan_eval.runtime.documents import json_text
from gan_eval.runtime.notebook import Displayed

if TYPE_CHECKING:
    import pandas

from enum import StrEnum


class Scalars(Displayed):
    """A result whose numbers make one row of a table."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return all scalars, flat, by their names."""

    @property
    @abstractmethod
    def title(self) -> str:
        """The name of the row."""

    def to_series(self) -> pandas.Series:
        """Return the scalars as a pandas Series with the result's title as its name."""
        import pandas  # a second: only for whoever works with it

        return pandas.Series(self.to_dict(), name=self.title, dtype=object)

    def to_json(self) -> str:
        """Return the scalars as one JSON object; NaN and infinities, unknown to JSON, are null."""
        return json_text(self.to_dict(), indent=None)

    def to_frame(self) -> pandas.DataFrame:
        """Return the scalars as a table of one row."""
        return self.to_series().to_frame().T


@dataclass(frozen=True, eq=False)
class TestResult(Scalars):
    """One test of x (n rows) against y (m rows), or against a known target.

    Attributes
    ----------
    method : str
        The test in words.
    statistic : float
        The test statistic; large values speak against equal distributions.
    pvalue : float
        Probability, under equal distributions, of a statistic at least as large; for a permutation
        test (1 + #{null ≥ statistic}) / (1 + permutations), never 0. Likewise for a bootstrap. Of
        an exact law it is 0.0 where it is below what float64 holds; in print it is then
        "p < 1e-300".
    null_distribution : ndarray, shape (permutations,), float64
        The statistic under permuted labels, or in the bootstrap's draws. Values that tie with
        ``statistic`` within rounding are equal to it. Empty where the distribution is known
        exactly.
    estimate : float
        The distance between the two distributions that the statistic estimates, in its own units.
    n : int
        Rows of x.
    m : int or None
        Rows of y; None for a test of x against a known target.
    dimension : int
        Columns.
    seconds : float
        Wall-clock time of the test, without the import of torch.
    parameters : mapping of str to float or str
        What the test was run with, such as the bandwidth that the median heuristic chose.
    confidence_interval : (float, float) or None
        For the quantity that ``estimate`` estimates; None where the test defines none. Its level is
        the parameter ``confidence_level``.
    effect_size : float
        A size without units, the same for every unit of measure; NaN where the test defines none.
        Each test says which.
    rarest_split : float
        The probability, among all permutations of the labels, of the split of the rows that is the
        rarest (:func:`~gan_eval.stats.permutation.labels.rarest_split`); 0 without permutations.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample import mmd_test
    >>> result = mmd_test(x, y, rng=0)
    >>> result.permutations, result.least_pvalue, result.dimension
    (999, 0.001, 2)
    >>> result.to_series()["pvalue"]
    0.001
    """

    # Keep pytest from collecting this class by its name.
    __test__ = False

    method: str
    statistic: float
    pvalue: float
    null_distribution: NDArray[np.float64] = field(repr=False)
    estimate: float
    n: int
    m: int | None
    dimension: int
    seconds: float
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    confidence_interval: tuple[float, float] | None = None
    effect_size: float = math.nan
    rarest_split: float = 0.0

    @property
    def permutations(self) -> int:
        """The number of permutations, or bootstrap draws, behind the p-value; 0 for none."""
        return int(self.null_distribution.size)

    @property
    def least_pvalue(self) -> float:
        """The least p-value that can be expected, whatever the rows: 1 / (1 + permutations), or
        ``rarest_split`` where that is larger; 0 where the distribution is known exactly.

        A p-value below it is luck: fewer of the permutations gave the observed split than were to
        be expected.
        """
        return max(1 / (1 + self.permutations), self.rarest_split) if self.permutations else 0.0

    def __repr__(self) -> str:
        settings = ", ".join(
            f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in self.parameters.items()
        )
        draws = "permutations" if self.m is not None else "draws"
        count = f" from {self.permutations} {draws}" if self.permutations else ""
        estimate = ""
        if self.confidence_interval is not None:
            low, high = self.confidence_interval
            estimate = f"estimate {self.estimate:.4g} [{low:.4g}, {high:.4g}], "
        rows = f"n = {self.n}" if self.m is None else f"n = {self.n}, m = {self.m}"
        return (
            f"{self.method} ({settings}): statistic {self.statistic:.6g}, "
            f"{p_in_words(self.pvalue)}{count}, {estimate}{rows}, d = {self.dimension}, "
            f"{self.seconds:.3g} s"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all scalars, flat: the parameters stand beside the rest under their own names."""
        low, high = self.confidence_interval or (math.nan, math.nan)
        first = ("method", "statistic", "pvalue", "estimate")
        rest = ("effect_size", "n", "m", "dimension", "permutations", "seconds")
        return {
            **{name: getattr(self, name) for name in first},
            "confidence_low": low,
            "confidence_high": high,
            **{name: getattr(self, name) for name in rest},
            **self.parameters,
        }

    @property
    def title(self) -> str:
        """The test in words."""
        return self.method

    def to_json(self, *, null_distribution: bool = False) -> str:
        """Return the scalars, on request with the null distribution, as one JSON object.

        A NaN or an infinity, which JSON does not know, is written as null.
        """
        drawn = {"null_distribution": self.null_distribution.tolist()} if null_distribution else {}
        return json_text(self.to_dict() | drawn, indent=None)


def p_in_words(pvalue: float, digits: int = 4) -> str:
    """Write ``p = 0.0123``; what an exact law underflows to 0, as ``p < 1e-300``, what is not quite
    1, as ``p > 0.9999``.

    Examples
    --------
    >>> p_in_words(0.0123), p_in_words(0.0), p_in_words(0.99999)
    ('p = 0.0123', 'p < 1e-300', 'p > 0.9999')
    """
    if pvalue < SMALLEST_PVALUE:
        return f"p < {SMALLEST_PVALUE:g}"
    if pvalue < 1 and f"{pvalue:.{digits}g}" == "1":
        return f"p > {1 - 10.0**-digits:g}"
    return f"p = {pvalue:.{digits}g}"


class Verdict(StrEnum):
    """The answer of tests under one level about two samples, or a sample and a target."""

    TOLD_APART = "told_apart"
    """Some test rejects equal distributions."""
    NOT_TOLD_APART = "not_told_apart"
    """No test rejects, though one could have. That is no proof of equality."""
    COULD_NOT_TELL = "could_not_tell"
    """No test could have rejected, whatever the rows: too few of them, too many ties, too few
    permutations, or nothing that could be run."""
