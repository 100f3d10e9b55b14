"""What a test gives back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class TestResult:
    """One test of x (n rows) against y (m rows).

    Attributes
    ----------
    method : str
        The test in words.
    statistic : float
        The test statistic; large values speak against equal laws.
    pvalue : float
        Probability, under equal laws, of a statistic at least as large; for a permutation test
        (1 + #{null ≥ statistic}) / (1 + permutations), never 0.
    null_distribution : ndarray, shape (permutations,), float64
        The statistic under permuted labels. Values that tie with ``statistic`` within rounding
        are equal to it.
    estimate : float
        The distance between the two laws that the statistic estimates, in its own units.
    n, m : int
        Rows of x and of y.
    dimension : int
        Columns of both.
    seconds : float
        Wall-clock time of the test, without the import of torch.
    parameters : mapping of str to float or str
        What the test was run with, such as the bandwidth that the median heuristic chose.
    """

    # Keep pytest from collecting this class by its name.
    __test__ = False

    method: str
    statistic: float
    pvalue: float
    null_distribution: NDArray[np.float64] = field(repr=False)
    estimate: float
    n: int
    m: int
    dimension: int
    seconds: float
    parameters: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def permutations(self) -> int:
        """The number of permutations behind the p-value."""
        return int(self.null_distribution.size)

    def __repr__(self) -> str:
        settings = ", ".join(
            f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in self.parameters.items()
        )
        return (
            f"{self.method} ({settings}): statistic {self.statistic:.6g}, "
            f"p = {self.pvalue:.4g} from {self.permutations} permutations, "
            f"n = {self.n}, m = {self.m}, d = {self.dimension}, {self.seconds:.3g} s"
        )

    def to_dict(self) -> dict[str, Any]:
        """All scalars, flat: the parameters stand beside the rest under their own names."""
        return {
            "method": self.method,
            "statistic": self.statistic,
            "pvalue": self.pvalue,
            "estimate": self.estimate,
            "n": self.n,
            "m": self.m,
            "dimension": self.dimension,
            "permutations": self.permutations,
            "seconds": self.seconds,
            **self.parameters,
        }

    def to_series(self) -> pandas.Series:
        """The scalars as a pandas Series named by the method: one row of a table of tests."""
        import pandas

        return pandas.Series(self.to_dict(), name=self.method, dtype=object)

    def to_json(self, *, null_distribution: bool = False) -> str:
        """The scalars, on request with the null distribution, as one JSON object.

        A NaN or an infinity, which JSON does not know, is written as null.
        """
        record = self.to_dict()
        if null_distribution:
            record["null_distribution"] = self.null_distribution.tolist()
        return json.dumps({name: _finite(value) for name, value in record.items()})


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
