"""What do the public tests and distances give on fixed arrays? ``recorded_numbers.py`` stores that.

``python benchmarks/recorded_functions.py`` prints one JSON object: the numbers of each result by
the name of its call, null distributions included. ``HOMES`` is the one place that knows modules.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

# Where each module is, or may come to be: the first that can be imported counts.
HOMES = {
    "top": ["gan_eval"],
    "twosample": ["gan_eval.stats.twosample", "gan_eval.twosample"],
    "goodness": ["gan_eval.stats.goodness", "gan_eval.goodness"],
    "battery": ["gan_eval.stats.battery.battery", "gan_eval.battery"],
    "equivalence": ["gan_eval.stats.battery.equivalence", "gan_eval.equivalence"],
    "multiple": ["gan_eval.stats.multiple", "gan_eval.correction"],
    "divergence": ["gan_eval.distributions", "gan_eval.divergence"],
    "distances": ["gan_eval.distributions", "gan_eval.divergence"],
    "variation": ["gan_eval.distributions", "gan_eval.divergence"],
    "shannon": ["gan_eval.distributions", "gan_eval.divergence"],
}


def public(home: str, name: str) -> Any:
    """The object of this name, wherever its module is; AttributeError where it is nowhere."""
    for module in HOMES[home]:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
    raise AttributeError(f"{name} is in none of {', '.join(HOMES[home])}")


def function_calls() -> Iterator[tuple[str, Any]]:
    """Names of calls and, not called yet, the calls."""
    rng = np.random.default_rng(11)
    x, y = rng.standard_normal((60, 3)), 1.2 * rng.standard_normal((50, 3)) + 0.1
    target = public("top", "GaussianTarget").chapter()
    sample = rng.standard_normal((80, 2)) @ np.array([[1.0, -0.1], [2.0, 0.6]]) + [1.1, 2.0]
    seeded: dict[str, Any] = {"permutations": 199, "rng": 7}

    def two(label: str, name: str, home: str = "twosample", **options: Any) -> tuple[str, Any]:
        return label, lambda: public(home, name)(x, y, **options)

    for bandwidth in ("median", 0.5, 2.0):
        yield two(f"mmd {bandwidth}", "mmd_test", "top", bandwidth=bandwidth, **seeded)
        yield two(f"mmd2 {bandwidth}", "mmd2", bandwidth=bandwidth)
    for name in ("mmd_test", "energy_test"):
        yield two(f"{name} plain", name, "top", **seeded)
        yield two(f"{name} whitened", name, "top", whiten="pooled", **seeded)
    for name in ("sliced_wasserstein_test", "classifier_test", "columns_test"):
        yield two(name, name, **seeded)
    yield two("frechet_distance", "frechet_distance", bootstrap=199, rng=7)
    yield two("sliced_wasserstein", "sliced_wasserstein", rng=7)
    yield two("energy_distance", "energy_distance")
    yield two("battery", "battery", "battery", **seeded)
    options = {"target": target, **seeded}
    yield "battery target", lambda: public("battery", "battery")(sample, **options)
    yield "equivalence", lambda: public("equivalence", "equivalence")(sample, target)
    for name in ("mmd_test", "energy_test", "kernel_stein_test"):
        test = public("goodness", name)
        yield f"{name} target", lambda test=test: test(sample, target, resamples=199, rng=7)
    for name in ("hotelling_test", "likelihood_ratio_test", "covariance_test"):
        yield f"{name} target", lambda name=name: public("goodness", name)(sample, target)
    for correction in ("holm", "benjamini-hochberg"):
        adjusted = public("multiple", "adjusted_pvalues")([0.01, 0.2, 0.03, 0.004], correction)
        yield f"adjusted {correction}", adjusted
    p, q = target.law, public("top", "Gaussian").fit(sample)
    exact = {
        "kl jeffreys": "divergence",
        "jensen_shannon": "shannon",
        "total_variation": "variation",
    }
    exact["hellinger bures_wasserstein mahalanobis mmd2 energy_distance"] = "distances"
    exact["affine_invariant_distance"] = "distances"
    for name, home in ((name, home) for names, home in exact.items() for name in names.split()):
        yield f"exact {name}", lambda name=name, home=home: public(home, name)(q, p)


def plain(value: Any) -> Any:
    """The numbers of a result, as JSON has them."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def main() -> None:
    calls = dict(function_calls())
    found = {name: plain(call() if callable(call) else call) for name, call in calls.items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
