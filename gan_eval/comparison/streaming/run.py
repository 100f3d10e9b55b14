"""Compare two folders of Parquet files that are larger than memory: draw, sum, test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from gan_eval.comparison.streaming.checkpoint import Checkpoint, fingerprint
from gan_eval.comparison.streaming.passes import Runner, Tell
from gan_eval.comparison.streaming.reference import TOLERANCES
from gan_eval.comparison.streaming.result import StreamedComparison
from gan_eval.comparison.streaming.scan import Plan, Scanned, plan, scan
from gan_eval.comparison.streaming.units import code_version
from gan_eval.comparison.streaming.work import Work, can_count
from gan_eval.runtime.arguments import draw_count, level, whole_number
from gan_eval.runtime.pool import Pool, side_by_side
from gan_eval.runtime.random import MAX_SEED
from gan_eval.stats.multiple import known_correction


def compare_streamed(
    real: str | Path,
    generated: str | Path,
    *,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
    strict: bool = False,
    alpha: float = 0.05,
    correction: str = "holm",
    permutations: int = 999,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    workers: int | None = None,
    run: Runner | None = None,
    tolerance: float = TOLERANCES[-1],
    progress: Tell | None = None,
) -> StreamedComparison:
    """Compare two Parquet files, or folders of them, without having them in memory.

    Parameters
    ----------
    real, generated : path
        Parquet files, or folders of them. Rows of each are independent draws, in any order.
    columns, exclude : sequence of str, optional
        Columns to compare, all that both have if not given, and columns to leave out.
    kinds : mapping of str to str, optional
        ``"number"`` or ``"category"`` for columns whose type says something else.
    strict : bool
        Whether a column that cannot be compared is refused, rather than set aside.
    alpha : float
        The level of all tests together.
    correction : str
        How p-values are adjusted over tests.
    permutations : int
        Of the blocks.
    seed : int
        Of the reference's draw, the dealing and the permutations, from 0.
    checkpoint : path, optional
        A folder for the state: the same comparison goes on from it. When it is done, it has the
        sketch of each side, which can be compared with those of other days
        (:class:`~gan_eval.stats.sketch.sketch.Sketch`).
    workers : int, optional
        Processes; one per core if not given.
    run : callable, optional
        Does the work elsewhere, such as on a cluster: given tasks, it yields each with its outcome.
    tolerance : float
        The mean share of the kernel that the points of MMD may leave out at most.
    progress : callable, optional
        Called with what is being done.

    Returns
    -------
    StreamedComparison

    Raises
    ------
    UsageError
        Where files, columns or arguments cannot be used; as
        :class:`~gan_eval.comparison.streaming.reference.CannotStreamError` for so many columns of
        numbers that no points reach the tolerance.

    Notes
    -----
    Real rows drawn evenly at random, up to 4,096, give the coordinates, the bandwidth and the
    pivots of MMD (:class:`~gan_eval.stats.sketch.reference.Reference`); they are left out of the
    sketch, so that what is tested is independent of them. A second pass deals every other row
    without a missing number to one of 4,096 cells by a random number of its position, and keeps
    moments, quantiles and counts of each column. MMD is then tested by permuting blocks of equal
    counts (:meth:`~gan_eval.stats.sketch.sketch.Sketch.test`).

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, shift in (("real", 0.0), ("fake", 0.3)):
    ...         rows = pd.DataFrame(rng.normal(shift, 1.0, (4000, 2)), columns=["a", "b"])
    ...         rows.to_parquet(f"{folder}/{name}.parquet")
    ...     found = compare_streamed(f"{folder}/real.parquet", f"{folder}/fake.parquet", workers=1)
    >>> str(found.verdict), found.numbers, found.real.rows
    ('told_apart', ('a', 'b'), 4000)
    """
    level(alpha, "`alpha`")
    known_correction(correction)
    draw_count(permutations, "`permutations`")
    whole_number(seed, "`seed`", 0, MAX_SEED)
    workers = side_by_side(workers)
    tell = progress or (lambda _: None)
    tell("looking through the files")
    sides = {"real": scan(real, "`real`"), "generated": scan(generated, "`generated`")}
    chosen = plan(
        *sides.values(), chosen=columns, exclude=exclude, kinds=kinds, strict=strict,
        categories=can_count(),
    )  # fmt: skip
    state = None if checkpoint is None else _checkpoint(checkpoint, sides, chosen, seed)
    running = partial(_pool, workers) if run is None else partial(nullcontext, run)
    work = Work(
        sides, chosen, seed, running, tell, apart=workers > 1, tolerance=tolerance,
        code="" if run is None else code_version(),
    )  # fmt: skip
    parts = work.do(state)
    tell("testing")
    return work.compared(parts, alpha, correction, permutations)


@contextmanager
def _pool(workers: int) -> Iterator[Runner]:
    with Pool(workers) as pool:
        yield pool.run_all


def _checkpoint(
    folder: str | Path, sides: Mapping[str, Scanned], chosen: Plan, seed: int
) -> Checkpoint:
    identity = {
        f"{side} files": fingerprint([(f.path, f.stamp, f.groups) for f in one.files])
        for side, one in sides.items()
    }
    identity["columns"] = fingerprint([chosen.numbers, chosen.categories])
    identity |= {"seed": str(seed), "code": code_version()}
    return Checkpoint(folder, identity)
