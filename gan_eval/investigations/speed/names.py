"""Names of benchmarks as a person says them: "train, fused_cpu, 2048 at once"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gan_eval.investigations.speed.rates import TRAINING
from gan_eval.pages.numbers import count
from gan_eval.runtime.arguments import plain
from gan_eval.training.config import TrainingConfig

LONGEST = 60
"""Characters of a name; what is longer is cut."""

_SAID = {
    "n": "n = {}",
    "n_examples": "{} examples",
    "epochs": "{} epochs",
    "batch_size": "batches of {}",
    "replicates": "{} at once",
    "permutations": "{} permutations",
}
_BARE = ("backend", "backend_name", "test", "method")
"""Parameters whose value says enough."""
_FUNCTION = re.compile(r"<function (?:.*\.)?(\w+) at ")


def label(name: str, parameters: Mapping[str, Any] | None, noted: Mapping[str, Any]) -> str:
    """Name a benchmark by what it does, who does it, and what differs from the chapter.

    Parameters
    ----------
    name : str
        pytest's, without the file: ``test_training[fused_cpu-cpu-batch-64]``.
    parameters : mapping or None
        pytest's, by name.
    noted : mapping
        The benchmark's ``extra_info``.

    Examples
    --------
    >>> noted = {"unit": "training examples", "backend": "fused_cpu", "replicates": 2048}
    >>> label("test_fused[2048]", {"replicates": 2048}, noted)
    'train, fused_cpu, 2048 at once'
    >>> label("test_draws_of_an_epoch[1000]", {"n_examples": 1000}, {})
    'draws of an epoch, 1000 examples'
    """
    given = dict(parameters or {})
    if noted.get("unit") == TRAINING and isinstance(noted.get("backend"), str):
        parts = _training(given, noted)
    else:
        # Without its parameters, which follow in words.
        parts = [_function(name), *(_said(*pair) for pair in given.items())]
        if not given and "[" in name:
            parts.append(name.partition("[")[2].removesuffix("]"))
    device = noted.get("device")
    if isinstance(device, str) and device not in ("cpu", *parts):
        parts.append(device)
    return plain(", ".join(filter(None, parts)), LONGEST)


def told_apart(labels: Sequence[str], names: Sequence[str]) -> list[str]:
    """Add pytest's name to labels that several benchmarks of a file have.

    Examples
    --------
    >>> told_apart(["train", "train", "read"], ["test_a[1]", "test_b", "test_read"])
    ['train (test_a[1])', 'train (test_b)', 'read']
    """
    seen = Counter(labels)
    return [
        f"{one} ({plain(name, LONGEST)})" if seen[one] > 1 else one
        for one, name in zip(labels, names, strict=True)
    ]


def _training(given: Mapping[str, Any], noted: Mapping[str, Any]) -> list[str]:
    """Say who trains how many, and what the chapter does otherwise: 20 epochs, batches of 8."""
    usual, replicates = TrainingConfig(), noted.get("replicates")
    parts = ["train", str(noted["backend"])]
    parts += [_said("replicates", replicates)] if replicates not in (None, 1) else []
    for key in ("batch_size", "epochs"):
        value = given.get(key, noted.get(key))
        if value is not None and value != getattr(usual, key):
            parts.append(_said(key, value))
    known = (*_BARE, "device", "epochs", "batch_size", "replicates", "rounds")
    return parts + [_said(key, value) for key, value in given.items() if key not in known]


def _function(name: str) -> str:
    return name.partition("[")[0].removeprefix("test_").replace("_", " ").strip()


def _said(key: str, value: object) -> str:
    if key == "device":
        return "" if value == "cpu" else str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _SAID.get(key, key.replace("_", " ") + " {}").format(count(value))
    found = _FUNCTION.search(str(value))
    text = found[1] if found else str(value)
    return text if key in _BARE or found else f"{key.replace('_', ' ')} {text}"
