"""Whether every backend trains on the GPU what the CPU trains from the same random numbers."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.device.record import Record
from gan_eval.training.backends.fused_cpu import FusedCPUBackend
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import TrainedGANs
from tests.training.backends.contract import AWAKE, CURVED, REMEDIES, SHORT, VARIANTS

DOUBLE = 1e-9
"""What float64 may differ by, relative to the largest number of its array: a dozen steps, summed in
another order, lose three to six of the sixteen digits."""
SINGLE = 5e-5
"""The same of float32 over one short epoch."""
SEEDS = (3, 4)
CASES: dict[str, dict[str, Any]] = {
    **{name: SHORT | settings for name, settings in VARIANTS.items()},
    **{name: SHORT | AWAKE | settings for name, settings in REMEDIES.items()},
    **{
        f"hidden layers in G, {name}": SHORT | AWAKE | CURVED[name]
        for name in ("two layers of tanh", "relu", "mended, leaky", "R3GAN")
    },
}
"""What the tests train in the simulator and on the CPU."""
OF_FRAMEWORKS = (
    *("chapter", "mxnet", "tensorflow", "last batch smaller", "three dimensions"),
    *("mended", "r1", "R3GAN", "quadratic", "extra", "hinge"),
)
FRAMEWORKS = ("pytorch:batched", "pytorch:graphs", "jax", "pytorch", "tensorflow")


@cache
def backend(name: str) -> Any:
    """A backend by the name that ``pyproject.toml`` gives it, also where nothing is installed."""
    plain, _, form = name.partition(":")
    file = Path(__file__).parents[2] / "pyproject.toml"
    points = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["entry-points"]
    module, _, made = points["gan_eval.backends"][plain].partition(":")
    return getattr(importlib.import_module(module), made)(*filter(None, [form]))


def device_of(record: Record, name: str, device: str = "cuda") -> Any:
    """The backend where it has the device; else a line says so, and None."""
    with record.trying(name):
        found = backend(name)
        if device in found.devices():
            return found
        record.left_out(name, f"it sees no device {device} here")
    return None


def arrays(trained: TrainedGANs) -> dict[str, list[np.ndarray]]:
    """What two trainings are compared by."""
    layers = [part for layer in trained.discriminator for part in layer]
    if trained.config.loss == "relativistic":
        # D's last bias stands in no difference of logits: of its gradient only rounding is left.
        layers = layers[:-1]
    return {
        "generator": [
            *(part for layer in trained.hidden for part in layer),
            *(trained.weights, trained.biases),
        ],
        "discriminator": layers,
        "losses": [trained.loss_D, trained.loss_G],
    }


def difference(ours: TrainedGANs, theirs: TrainedGANs) -> float:
    """The largest difference of two trainings' numbers, relative to the largest of its array."""
    mine, other = arrays(ours), arrays(theirs)
    pairs = [pair for name in mine for pair in zip(mine[name], other[name], strict=True)]
    return max(apart(a, b) for a, b in pairs)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference, relative to the largest of b; NaN where either has a NaN."""
    if not a.size:
        return 0.0
    found = np.abs(np.asarray(a, float) - b).max() / max(np.abs(b).max(), 1e-300)
    return float(found) if np.isfinite(found) else np.nan


def compare(record: Record, name: str, device: str, cases: Iterable[str]) -> None:
    """Train some cases in float64 by a backend on a device, and by ``fused_cpu``."""
    trainer = device_of(record, name, device)
    if trainer is None:
        return
    for case in cases:
        what, config = f"{name}, {case}", TrainingConfig.parse(CASES[case])
        if not set(config.remedies) <= set(getattr(trainer, "remedies", ())):
            continue
        if record.late():
            record.left_out(what, "the time of this part was up")
            continue
        with record.trying(what):
            ours, theirs = trainer.train(config, SEEDS, device), reference(config)
            record.check(what, difference(ours, theirs), DOUBLE)


def reference(config: TrainingConfig) -> TrainedGANs:
    return FusedCPUBackend().train(config, SEEDS)


# --- Parts ---------------------------------------------------------------------------------------


def chapter(record: Record, size: Mapping[str, Any]) -> None:
    """``fused_cuda`` in the chapter's configuration: digits, company, and a whole training."""
    fused = device_of(record, "fused_cuda")
    if fused is None:
        return
    compare(record, "fused_cuda", "cuda", ["chapter"])
    with record.trying("fused_cuda, float32, one short epoch"):
        config = TrainingConfig(epochs=1, n_examples=80)
        found = difference(fused.train(config, SEEDS, "cuda"), reference(config))
        record.check("fused_cuda, float32, one short epoch", found, SINGLE)
    with record.trying("fused_cuda, the same bits in any company"):
        config = TrainingConfig(epochs=2, n_examples=30, batch_size=7)
        count = size["company"]
        together = fused.train(config, range(count), "cuda", every=2)
        alone = fused.train(config, [count - 2], "cuda", every=2)
        found = difference(alone, together.take(slice(count - 2, count - 1)))
        record.check("fused_cuda, the same bits in any company", found, 0.0, replicates=count)
    with record.trying("fused_cuda, whole trainings in float32"):
        whole(record, fused, TrainingConfig.parse(size["training"]), size["whole"])


def whole(record: Record, fused: Any, config: TrainingConfig, replicates: int) -> None:
    """Whole trainings, chaotic in float32: their distribution, not their digits.

    The same seeds on both, so that where runs no longer agree in digits their means still do: each
    number's difference in standard errors of the mean difference. The largest of so many is below
    6 with a probability above 1 − 1e-7.
    """
    ours = fused.train(config, range(replicates), "cuda", every=config.epochs)
    theirs = FusedCPUBackend().train(config, range(replicates), every=config.epochs)
    mine, other = arrays(ours), arrays(theirs)
    for name, found in mine.items():
        largest = 0.0
        for a, b in zip(found, other[name], strict=True):
            gap = (np.asarray(a, float) - b).reshape(replicates, -1)
            spread = gap.std(axis=0, ddof=1) / np.sqrt(replicates)
            # Rounding alone, as of what has not been trained yet, is no difference.
            floor = 1e-6 * np.abs(b).max()
            largest = max(largest, float((np.abs(gap.mean(axis=0)) / (spread + floor)).max()))
        what = f"fused_cuda, mean {name} of whole trainings"
        record.check(what, largest, 6.0, "standard errors", replicates=replicates)


def remedies(record: Record, size: Mapping[str, Any], share: tuple[int, int] = (0, 1)) -> None:
    """``fused_cuda`` in every other configuration of the tests; each is compiled, so in shares."""
    number, count = share
    cases = [case for case in size["cases"] if case != "chapter"]
    compare(record, "fused_cuda", "cuda", cases[number::count])


def frameworks(record: Record, size: Mapping[str, Any]) -> None:
    """The frameworks' backends on the GPU."""
    for name in FRAMEWORKS:
        compare(record, name, size["device"], size["of_frameworks"])
