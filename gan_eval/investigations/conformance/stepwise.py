"""Two trainings from the same draws, array by array: how far apart are they?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.conformance.stages import Stage
from gan_eval.training.draws import Layer
from gan_eval.training.trained import TrainedGANs

Array = NDArray[np.floating]

START = "initial weights"


@dataclass(frozen=True)
class StageAgreement:
    """A comparison of two backends at one stage.

    Attributes
    ----------
    stage : str
    first, second : str
        Names of the backends.
    differences : mapping of str to float or None
        Quantity → largest relative difference over the seeds that count; None where a backend
        does not tell that quantity. That of the initial weights has to be 0.
    tolerance : float
    counted, seeds : int
        Seeds that count, and seeds of the stage. They differ where chaos is measured.
    message : str
        Why nothing could be compared; empty where it could.
    """

    stage: str
    first: str
    second: str
    differences: Mapping[str, float | None] = field(default_factory=dict)
    tolerance: float = 0.0
    counted: int = 0
    seeds: int = 0
    message: str = ""

    @property
    def largest(self) -> tuple[str, float]:
        """The quantity that differs most, and by how much; an initial weight counts first."""
        told = {name: value for name, value in self.differences.items() if value is not None}
        if told.get(START):
            return START, told[START]
        return max(told.items(), key=lambda pair: pair[1], default=("", 0.0))

    @property
    def untold(self) -> tuple[str, ...]:
        """Quantities that one of the two does not tell."""
        return tuple(name for name, value in self.differences.items() if value is None)

    @property
    def passed(self) -> bool:
        """Tell whether all that was compared differs by no more than is allowed."""
        return (
            not self.message
            and not self.differences.get(START)
            and (self.largest[1] <= self.tolerance)
        )

    def document(self) -> dict[str, Any]:
        """Give the numbers, ready for JSON but for those that are not finite."""
        return {
            "stage": self.stage,
            "backends": [self.first, self.second],
            "differences": dict(self.differences),
            "largest": self.largest[1],
            "largest_of": self.largest[0],
            "tolerance": self.tolerance,
            "seeds_counted": self.counted,
            "seeds": self.seeds,
            "passed": self.passed,
            "message": self.message,
        }


def compare(
    stage: Stage, names: tuple[str, str], first: TrainedGANs, second: TrainedGANs
) -> StageAgreement:
    """Compare two trainings of a stage from the same seeds, those that count."""
    found = {
        name: None if value is None else float(value.max())
        for name, value in differences(first, second).items()
    }
    counted = len(first), len(stage.seeds)
    return StageAgreement(stage.name, *names, found, stage.tolerance, *counted)


def not_chaotic(stage: Stage, run: TrainedGANs, perturbed: TrainedGANs) -> NDArray[np.bool_]:
    """Find the seeds, shape (R,), in which a perturbation stays within the stage's tolerance."""
    grown = [value for value in differences(run, perturbed).values() if value is not None]
    # The initial weights are what was perturbed.
    return np.asarray(np.max(grown[1:], axis=0) <= stage.tolerance)


def differences(first: TrainedGANs, second: TrainedGANs) -> dict[str, Array | None]:
    """Compute the relative difference max |a − b| / max |b| of every quantity, each of shape (R,).

    The maxima run over all weights and biases of one network (or their moments), over the epochs
    of one loss. Not over single arrays: where all biases start at 0, as in the ``mxnet`` dialect,
    the first gradient of the discriminator's last bias is what is left of 16 terms of ½ that
    cancel to a millionth, and has no ten digits in common on any two machines.
    """
    found: dict[str, Array | None] = {
        START: relative(
            [first.weights[:, 0], first.biases[:, 0]], [second.weights[:, 0], second.biases[:, 0]]
        ),
        "generator": relative(
            [first.weights[:, -1], first.biases[:, -1]],
            [second.weights[:, -1], second.biases[:, -1]],
        ),
        "discriminator": relative(_parts(first.discriminator), _parts(second.discriminator)),
    }
    for order in ("first", "second"):
        # The generator is one layer, and stands before those of the discriminator.
        for name, where in (("G", slice(0, 1)), ("D", slice(1, None))):
            told = None
            if first.adam is not None and second.adam is not None:
                a, b = (getattr(run.adam, order)[where] for run in (first, second))
                told = relative(_parts(a), _parts(b))
            found[f"{order} moments of {name}"] = told
    for name in ("loss_D", "loss_G"):
        found[name] = relative([getattr(first, name)], [getattr(second, name)])
    return found


def relative(first: Sequence[Array], second: Sequence[Array]) -> Array:
    """Compute max |a − b| / max |b| over arrays with a leading axis R, shape (R,).

    0 where all entries are equal (NaN to NaN included), infinite where one is not finite.
    """
    a, b = (np.concatenate([x.reshape(len(x), -1) for x in side], 1) for side in (first, second))
    equal = ((a == b) | (np.isnan(a) & np.isnan(b))).all(axis=1)
    with np.errstate(all="ignore"):
        ratio = np.abs(a - b).max(axis=1) / np.abs(b).max(axis=1)
    return np.where(equal, 0.0, np.where(np.isfinite(ratio), ratio, np.inf))


def _parts(layers: Sequence[Layer]) -> list[Array]:
    return [part for layer in layers for part in layer]
