"""The permutation test of blocks of equal counts."""

# ruff: noqa: PT028
# A name that begins with `test_` is no test of pytest here.

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gan_eval.runtime.arguments import draw_count, level, random_generator
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.permutation.labels import permutation_labels, rarest_split
from gan_eval.stats.result import Verdict
from gan_eval.stats.samples import Array
from gan_eval.stats.sketch.distances import (
    block_means,
    is_reference,
    is_rough,
    mmd2,
    rounding,
    worth,
)
from gan_eval.stats.sketch.grouping import grouping
from gan_eval.stats.sketch.result import DAYS, ROWS, SketchTest

if TYPE_CHECKING:
    from gan_eval.stats.sketch.sketch import Sketch

# Roots of statistics nearer to each other than this share are equal but for rounding.
_TIE = 1e-10
_BATCH = 2048


def sketch_test(
    real: Sketch,
    generated: Sketch,
    permutations: int = 9999,
    alpha: float = 0.05,
    rng: int | np.random.Generator | None = 0,
) -> SketchTest:
    """Test two sketches; see :meth:`~gan_eval.stats.sketch.sketch.Sketch.test`."""
    found = grouping(real.counts, generated.counts)
    if found is None:
        return _result(real, generated, None, 0, permutations, alpha, rng, ROWS)
    x, y = (
        block_means(side, groups, blocks, found.size)
        for side, groups, blocks in zip(
            (real, generated), (found.x, found.y), found.blocks, strict=True
        )
    )
    return _result(real, generated, (x, y), found.size, permutations, alpha, rng, ROWS)


def test_days(
    real: Sequence[Sketch],
    generated: Sequence[Sketch],
    permutations: int = 9999,
    alpha: float = 0.05,
    rng: int | np.random.Generator | None = 0,
) -> SketchTest:
    """Test whole sketches of equal counts against each other, such as those of days or of files.

    Each sketch is one block: rows of a day may depend on each other. That is exact only if the days
    are exchangeable where both sides have one distribution, and the result says so.

    Raises
    ------
    UsageError
        As :class:`~gan_eval.runtime.errors.CannotTestError` where the sketches have unequal counts.

    Examples
    --------
    >>> from gan_eval.stats.sketch import Reference, Sketch
    >>> rng = np.random.default_rng(0)
    >>> reference = Reference.of(rng.normal(size=(1000, 2)))
    >>> days = [
    ...     Sketch(reference, stream=day).update(rng.normal(day // 6, 1, (500, 2)))
    ...     for day in range(12)
    ... ]
    >>> round(1 / test_days(days[:6], days[6:]).pvalue)
    462
    """
    sides = [list(real), list(generated)]
    for name, side in zip(("`real`", "`generated`"), sides, strict=True):
        if not side:
            raise UsageError(f"{name} must hold at least one sketch, got none")
    sketches = sides[0] + sides[1]
    whole = [side[0].merge(*side[1:]) for side in sides]
    whole[0]._require_comparable(whole[1])
    counts = {sketch.n for sketch in sketches}
    if len(counts) > 1:
        raise CannotTestError(
            "`real` and `generated` must be sketches of equal counts, got from "
            f"{min(counts):,} to {max(counts):,} rows: blocks of unequal counts must not be "
            "permuted; the test of the merged sketches, `.merge(…).test(…)`, serves"
        )
    x, y = (np.stack([sketch.mean_embedding() for sketch in side]) for side in sides)
    return _result(whole[0], whole[1], (x, y), counts.pop(), permutations, alpha, rng, DAYS)


# Keep pytest from collecting it by its name.
test_days.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]


def _result(
    real: Sketch,
    generated: Sketch,
    means: tuple[Array, Array] | None,
    size: int,
    permutations: int,
    alpha: float,
    rng: int | np.random.Generator | None,
    assumption: str,
) -> SketchTest:
    permutations, alpha = draw_count(permutations, "`permutations`"), level(alpha, "`alpha`")
    estimate, bound = mmd2(real, generated)
    pvalue, statistic, least, used = math.nan, math.nan, 1.0, 0
    blocks = (0, 0)
    if means is not None:
        blocks = len(means[0]), len(means[1])
        pvalue, statistic, least, used = permuted(
            *means, permutations, random_generator(rng), rounding(real)
        )
    verdict = Verdict.TOLD_APART if pvalue <= alpha else Verdict.NOT_TOLD_APART
    own = is_reference(real)
    if least > alpha or own:
        verdict, pvalue = Verdict.COULD_NOT_TELL, math.nan
    reference = real.reference
    return SketchTest(
        pvalue=pvalue,
        statistic=statistic,
        mmd2=estimate,
        bound=bound,
        worth=worth(real, generated),
        rough=is_rough(real, generated),
        from_reference=own,
        n=real.n,
        m=generated.n,
        blocks_real=blocks[0],
        blocks_generated=blocks[1],
        rows_in_block=size,
        left_real=real.n - blocks[0] * size,
        left_generated=generated.n - blocks[1] * size,
        permutations=used,
        least_pvalue=least,
        alpha=alpha,
        verdict=verdict,
        assumption=assumption,
        parameters={
            "kernel": reference.kernel,
            "bandwidth": reference.bandwidth,
            "rank": float(reference.rank),
        },
    )


def permuted(
    x: Array,
    y: Array,
    permutations: int,
    generator: np.random.Generator,
    off: float = 0.0,
) -> tuple[float, float, float, int]:
    """Permute blocks of equal counts, x (b, r) and y (c, r).

    Returns
    -------
    (float, float, float, int)
        The p-value, the statistic ‖mean x − mean y‖², the least p-value that there can be, and how
        many permutations were made. All labellings are gone through where they are no more than
        ``permutations``, and p is then the exact share, the observed one among them. Means may be
        ``off`` by so much, in length: what is nearer than that ties.
    """
    pooled = np.concatenate([x, y])
    b, size = len(x), len(pooled)
    least = rarest_split(pooled, b)
    observed = np.arange(size) < b
    if math.comb(size, b) <= permutations + 1:
        chosen = np.array(list(itertools.combinations(range(size), b)))
        labels = np.zeros((len(chosen), size), dtype=bool)
        np.put_along_axis(labels, chosen, True, axis=1)
        values = _statistics(pooled, labels, b)
        statistic = float(_statistics(pooled, observed[None], b)[0])
        least = 1.0 if values.max() <= (4 * off) ** 2 else least
        reached = _reached(values, statistic, off)
        return reached / len(values), statistic, least, len(values) - 1
    drawn = permutation_labels(b, size - b, permutations, generator)
    values = _statistics(pooled, np.concatenate([observed[None], drawn]), b)
    least = 1.0 if values.max() <= (4 * off) ** 2 else max(least, 1 / (1 + permutations))
    reached = _reached(values, float(values[0]), off)
    return reached / (1 + permutations), float(values[0]), least, permutations


def _reached(values: Array, statistic: float, off: float) -> int:
    """Count those at least as large, the observed one among them; what ties but for rounding is."""
    threshold = max(math.sqrt(statistic) * (1 - _TIE) - 4 * off, 0.0) ** 2
    return int((values >= threshold).sum())


def _statistics(pooled: Array, labels: np.ndarray, b: int) -> Array:
    centred = pooled - pooled.mean(axis=0)
    scale = 1 / b + 1 / (len(pooled) - b)
    found = np.empty(len(labels))
    for start in range(0, len(labels), _BATCH):
        part = labels[start : start + _BATCH].astype(np.float64) @ centred
        found[start : start + _BATCH] = np.einsum("ij,ij->i", part, part) * scale**2
    return found
