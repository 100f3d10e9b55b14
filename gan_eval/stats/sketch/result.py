"""The result of a test of two sketches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gan_eval.stats.result import Scalars, Verdict, p_in_words
from gan_eval.stats.worth import Worth

ROWS = "rows of each side are independent draws, in whatever order they are stored"
DAYS = "the blocks, such as days or files, are exchangeable: exact only if they are"


@dataclass(frozen=True, eq=False)
class SketchTest(Scalars):
    """A permutation test of blocks of equal counts, from two sketches.

    Attributes
    ----------
    pvalue : float
        (1 + #{permuted ≥ observed}) / (1 + permutations), or the exact share where all labellings
        were gone through; NaN where none could have reached ``alpha``,
        or ``from_reference``.
    statistic : float
        The squared distance of the mean embeddings of the blocks of both sides.
    mmd2, bound : float
        MMD² of all rows, without bias, and the most by which that of the whole kernel may differ.
    worth : Worth or None
        None where rows do not make 4 blocks of each side, or where it is ``rough``.
    rough : bool
        Whether the pivots leave so much of the kernel out (``bound``) that worth cannot be told.
        The p-value is exact all the same.
    from_reference : bool
        Whether the real rows are those of the reference itself, and few for their columns: no
        p-value is exact then. Other real rows as the reference mend it.
    n, m : int
        Real and generated rows.
    blocks_real, blocks_generated : int
    rows_in_block : int
    left_real, left_generated : int
        Rows that are in no block: in ``mmd2`` and ``worth``, but not in the p-value.
    permutations : int
    least_pvalue : float
        The least p-value that the blocks allow.
    alpha : float
    verdict : Verdict
        ``could_not_tell`` where no p-value could have reached ``alpha``, or ``from_reference``.
    assumption : str
        What the p-value takes for granted.
    parameters : mapping
    """

    __test__ = False

    pvalue: float
    statistic: float
    mmd2: float
    bound: float
    worth: Worth | None
    rough: bool
    from_reference: bool
    n: int
    m: int
    blocks_real: int
    blocks_generated: int
    rows_in_block: int
    left_real: int
    left_generated: int
    permutations: int
    least_pvalue: float
    alpha: float
    verdict: Verdict
    assumption: str
    parameters: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The test in words."""
        return "MMD test of sketches"

    @property
    def told_apart(self) -> bool:
        """Whether the verdict is that the two sides differ."""
        return self.verdict is Verdict.TOLD_APART

    def to_dict(self) -> dict[str, Any]:
        """Return all scalars, flat."""
        worth = self.worth
        names = (
            "pvalue", "statistic", "mmd2", "bound", "rough", "from_reference", "n", "m",
            "blocks_real", "blocks_generated", "rows_in_block", "left_real", "left_generated",
            "permutations", "least_pvalue", "alpha",
        )  # fmt: skip
        return {
            "verdict": self.verdict.value,
            **{name: getattr(self, name) for name in names},
            "worth": worth.value if worth else math.nan,
            "worth_low": worth.low if worth else math.nan,
            "worth_high": worth.high if worth else math.nan,
            "assumption": self.assumption,
            **self.parameters,
        }

    def __repr__(self) -> str:
        p = "no p-value" if math.isnan(self.pvalue) else p_in_words(self.pvalue)
        if self.from_reference:
            p += " since the real rows are the reference's own (take other real rows as reference)"
        blocks = (
            f"{self.blocks_real} + {self.blocks_generated} blocks of {self.rows_in_block:,} rows"
            if self.rows_in_block
            else "no blocks of equal counts"
        )
        worth = "worth not told: the reference holds the kernel of these rows too roughly"
        if not self.rough:
            worth = f"{self.worth!r}" if self.worth is not None else "worth not told: too few rows"
        return (
            f"{self.title}: {self.verdict.value}, {p}, MMD² {self.mmd2:.4g} ± {self.bound:.2g}, "
            f"{worth}, {blocks}, n = {self.n:,}, m = {self.m:,}"
        )
