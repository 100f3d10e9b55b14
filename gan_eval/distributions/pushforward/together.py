"""The computed measures of many generators side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.protocol import TargetLike
from gan_eval.distributions.pushforward.pushforward import Pushforward
from gan_eval.runtime.arguments import whole_number
from gan_eval.runtime.threads import MOST, one_blas_thread, over_replicates

Array = NDArray[np.floating]


def measures_of(
    pushforwards: Sequence[Pushforward],
    target: TargetLike,
    *,
    tolerance: float | None = None,
    threads: int | None = None,
) -> dict[str, Array]:
    """Compute the measures of many generators against one target, in threads.

    Parameters
    ----------
    pushforwards : sequence of n Pushforward
    target : Target
        A Gaussian or a mixture in the plane.
    tolerance : float, optional
        As :meth:`Pushforward.against` takes it.
    threads : int, optional
        By default as many as replicates are shared out among. The numbers are the same, bit for
        bit, for any number of them.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        By the names of :meth:`ComputedMeasures.to_dict`.

    Raises
    ------
    UsageError
        As :meth:`Pushforward.against` does.

    Examples
    --------
    >>> from gan_eval.distributions.mixture import MixtureTarget
    >>> generators = [Pushforward([(0.01 * np.eye(2), [x, 0.0])]) for x in (1.0, -1.0)]
    >>> found = measures_of(generators, MixtureTarget.ring())
    >>> found["kl"].round(6), found["modes_found"].tolist()  # ln 8
    (array([2.079442, 2.079442]), [1, 1])
    """
    count = None if threads is None else whole_number(threads, "threads", 1, MOST)

    def compute(law: Pushforward) -> dict[str, float]:
        return law.against(target, tolerance=tolerance).to_dict()

    with one_blas_thread():
        found = list(over_replicates(compute, pushforwards, count))
    names = list(found[0]) if found else []
    return {name: np.array([row[name] for row in found]) for name in names}
