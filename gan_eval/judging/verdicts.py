"""The verdicts on replicates whose learned distribution is known exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.training.config import Margins

VERDICTS = ("converged", "near", "failed", "diverged")
"""The verdicts, from best to worst."""

SAMPLED_VERDICTS = (*VERDICTS, "could_not_tell")
"""The verdicts of rows among which some have no closed form: their worth is estimated, and may be
too uncertain to tell."""

OUTSIDE_VERDICTS = (*VERDICTS, "could_not_tell", "no_result")
"""The verdicts of a generator from outside, whose worth may be too uncertain to tell, and which may
raise or hang, so that there is nothing to judge."""


def verdicts(
    measured: Mapping[str, NDArray[np.floating]], finite: NDArray[np.bool_], margins: Margins
) -> dict[str, Any]:
    """Give each replicate one of ``VERDICTS``; without finite weights it is ``diverged``.

    Parameters
    ----------
    measured : mapping of str to ndarray, shape (R,)
        ``kl``, ``worth_kl`` and ``worth_energy``, of which the margins' yardstick is one.
    finite : ndarray of bool, shape (R,)
    margins : Margins

    Returns
    -------
    dict
        ``verdict`` (R,), and the ``margin``, ``near_margin`` (nats, or real rows) and ``yardstick``
        (``"kl"`` in nats, ``"worth_kl"`` or ``"worth_energy"`` in rows) that gave it.
    """
    if margins.yardstick == "kl" and margins.worth is None:
        yardstick, margin, near = "kl", margins.converged, margins.near
        converged, close = measured["kl"] <= margin, measured["kl"] <= near
    else:
        yardstick, (margin, near) = f"worth_{margins.yardstick}", margins.in_rows
        converged, close = measured[yardstick] >= margin, measured[yardstick] >= near
    verdict = np.select(
        [~finite, converged, close], ["diverged", "converged", "near"], default="failed"
    )
    return {"verdict": verdict, "margin": margin, "near_margin": near, "yardstick": yardstick}
