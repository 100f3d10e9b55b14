"""The training of a cell that its pictures are of, trained again from its seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gan_eval.distributions.pushforward import Pushforward
from gan_eval.pages.language import _
from gan_eval.pages.numbers import number
from gan_eval.report.cells import CellRows
from gan_eval.runtime.errors import UsageError
from gan_eval.training.run import train
from gan_eval.training.trained import TrainedGANs

MOST_SECONDS = 120.0
"""A training that took longer is not trained again for its pictures."""

_SAME = 1e-4
"""The relative difference of the last losses up to which it is the same training."""

_PARTS = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""The parts of a training after which its generator is drawn."""


class Again(NamedTuple):
    """Generators of one training after some epochs, the last at the end; or why there are none."""

    seed: int
    epochs: list[int]
    laws: list[Pushforward]
    why: str

    @property
    def last(self) -> Pushforward:
        return self.laws[-1]


def typical_seed(cell: CellRows) -> int | None:
    """Choose the training of the median worth by energy; None where all diverged."""
    rows = cell.rows.loc[cell.rows["verdict"] != "diverged"]
    if rows.empty or "worth_energy" not in rows:
        return None
    worth = np.nan_to_num(rows["worth_energy"].to_numpy(dtype=np.float64), nan=0.0)
    order = np.lexsort((rows["seed"].to_numpy(), worth))
    return int(rows["seed"].iloc[order[(len(order) - 1) // 2]])


def again(cell: CellRows) -> Again | None:
    """Train a cell's typical training once more, for its weights are in no row.

    What comes of it is kept among the facts of the page, so that ``verify`` trains nothing. It
    must end with the losses of its row: on another machine rounding may lead elsewhere.
    """
    seed = typical_seed(cell)
    if seed is None or cell.config is None:
        return None
    found = cell.from_epochs(f"generators of seed {seed}", lambda: _stored(cell, seed))
    activation = cell.config.generator_activation
    laws = [
        Pushforward([(np.array(weight), np.array(bias)) for weight, bias in layers], activation)
        for layers in found["layers"]
    ]
    return Again(seed, list(found["epochs"]), laws, str(found["why"]))


def _stored(cell: CellRows, seed: int) -> Mapping[str, Any]:
    assert cell.config is not None
    row = cell.rows.loc[cell.rows["seed"] == seed].iloc[0]
    took = float(row.get("seconds", 0.0))
    if took > MOST_SECONDS:
        why = _(
            "The pictures of {cell} are left out: its training would have to be repeated, and it "
            "took {seconds} s."
        ).format(cell=cell.label, seconds=number(took, 2))
        return _nothing(why)
    try:
        gans = train(cell.config, [seed], backend=cell.backend, device=cell.device)
    except UsageError as error:
        why = _(
            "The pictures of {cell} are left out: its training cannot be repeated here ({why})."
        ).format(cell=cell.label, why=str(error))
        return _nothing(why)
    ends = [(row["loss_D"], gans.loss_D[0, -1]), (row["loss_G"], gans.loss_G[0, -1])]
    if not all(math.isclose(one, other, rel_tol=_SAME) for one, other in ends):
        why = _(
            "The pictures of {cell} are left out: repeated here, its training ends elsewhere, as "
            "rounding differs from machine to machine."
        ).format(cell=cell.label)
        return _nothing(why)
    return _layers(gans)


def _nothing(why: str) -> Mapping[str, Any]:
    return {"epochs": [], "layers": [], "why": why}


def _layers(gans: TrainedGANs) -> Mapping[str, Any]:
    """The layers of one replicate after some epochs, with as many digits as are drawn."""
    traced = gans.traced
    places = sorted({round(part * (len(traced) - 1)) for part in _PARTS})
    return {
        "epochs": [int(traced[place]) for place in places],
        "layers": [
            [[_rounded(weight), _rounded(bias)] for weight, bias in gans.generator(0, place)]
            for place in places
        ],
        "why": "",
    }


def _rounded(values: np.ndarray) -> Any:
    flat = [float(f"{value:.7g}") for value in values.ravel().tolist()]
    return np.array(flat).reshape(values.shape).tolist()
