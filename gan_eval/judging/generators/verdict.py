"""The verdict on a replicate of a generator from outside: an equivalence claim, or why there is
none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_eval.training.config import Margins


def verdict_of(
    row: Mapping[str, Any], margins: Margins, *, failure: str = "", diverged: bool = False
) -> dict[str, Any]:
    """Give a replicate its verdict, by KL where that is exact and asked for, else by energy.

    It is ``converged`` where the lower limit of its worth reaches the margin: an equivalence
    claim. Where the upper limit does not, it is ``near`` or ``failed``, by the estimate; where the
    margin lies between, ``could_not_tell``. ``no_result`` where there are no rows, ``diverged``
    where they are not finite.

    Returns
    -------
    dict
        ``verdict``, ``margin``, ``near_margin``, and ``yardstick``: ``"kl"``, of which the margins
        are in nats, or ``"worth_kl"`` or ``"worth_energy"``, in real rows.

    Examples
    --------
    >>> row = {"worth_energy": 80.0, "worth_energy_low": 40.0, "worth_energy_high": 400.0}
    >>> verdict_of(row, Margins(worth=30))["verdict"], verdict_of(row, Margins(worth=50))["verdict"]
    ('converged', 'could_not_tell')
    """
    if margins.yardstick == "kl" and row.get("kl_how") == "exact":
        name = "kl" if margins.worth is None else "worth_kl"
        value = low = high = row[name]
    else:
        name = "worth_energy"
        value, low, high = (row.get(f"{name}{end}", np.nan) for end in ("", "_low", "_high"))
    margin, near = margins.in_rows
    if name == "kl":
        margin, near = margins.converged, margins.near
    about = {"margin": margin, "near_margin": near, "yardstick": name}
    if failure:
        return {"verdict": "diverged" if diverged else "no_result", **about}
    if np.isnan([value, low, high]).any():
        return {"verdict": "could_not_tell", **about}
    sign = -1.0 if name == "kl" else 1.0
    if sign * low >= sign * margin:
        verdict = "converged"
    elif sign * high >= sign * margin:
        verdict = "could_not_tell"
    else:
        verdict = "near" if sign * value >= sign * near else "failed"
    return {"verdict": verdict, **about}
