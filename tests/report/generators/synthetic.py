"""Results of outside generators with plausible made-up numbers, so that nothing is trained."""

from __future__ import annotations

import json
import math
import zlib
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.study.results.results import Results

MARGIN, NEAR = 100.0, 25.0
TRAINED = 1000
HANGING, RAISING = 4, 7
"""Seeds of the narrow generator without a result."""
UNDECIDED = 2
"""The seed of the wide generator that could not be told."""

_OWN = {"width = 16": (30.0, 5), "width = 64": (260.0, 8)}
_BASELINES = {"gaussian_fit": (4.0, 8), "bootstrap": (1000.0, 8), "real_rows": (1000.0, 8)}
_FAILURES = {
    HANGING: "`fit` took longer than the 60 s that `timeout_per_replicate` allows",
    RAISING: "`fit` raised ValueError: the loss is not finite",
}
_TESTS = ("mmd", "energy")


def results(replicates: int = 10, *, failures: bool = True, **provenance: Any) -> Results:
    """A study of ring8: an own generator at two widths, and the three baselines."""
    rng = np.random.default_rng(3)
    rows, epochs = [], []
    for label, (size, kept) in _OWN.items():
        for seed in range(replicates):
            key = _key(label, "RingGAN", seed)
            failure = _FAILURES.get(seed, "") if failures and label == "width = 16" else ""
            if failure:
                rows.append(key | _nothing(failure))
                continue
            lost = [int(rng.integers(8))] if kept == 8 and seed in (1, 5) else range(kept, 8)
            row = _row(size * math.exp(0.6 * rng.standard_normal()), rng, lost, seed)
            if failures and label == "width = 64" and seed == UNDECIDED:
                row |= {"verdict": "could_not_tell"}
                row |= {"worth_energy_low": 40.0, "worth_energy": 101.0, "worth_energy_high": 300.0}
            rows.append(key | row)
            epochs += [key | epoch for epoch in _history(row, rng)]
    for name, (size, kept) in _BASELINES.items():
        for seed in range(replicates):
            row = _row(size * math.exp(0.2 * rng.standard_normal()), rng, range(kept, 8), seed)
            if name == "bootstrap":
                row |= {"copies_exact": 1.0, "copies_near": 1.0, "copies_pvalue": 0.001}
                row |= {"copies_verdict": "copies"}
            if name == "gaussian_fit":
                row |= {"high_quality_share": 0.02}
            if name == "real_rows" and seed % 3 == 0:  # no distance is seen
                row |= {"worth_energy": math.inf, "worth_energy_high": math.inf}
            key = _key(name, name, seed)
            rows.append(key | row)
            epochs.append(key | _history(row, rng)[-1] | {"epoch": 0, "examples": math.nan})
    return Results(pd.DataFrame(rows), pd.DataFrame(epochs), _provenance(len(rows)) | provenance)


def one_setting(replicates: int = 10) -> Results:
    """The wide generator alone, with the baselines."""
    made = results(replicates)
    kept = [made.rows, made.epochs]
    kept = [
        frame[(frame["backend"] != "RingGAN") | (frame["configuration"] == "width = 64")]
        for frame in kept
    ]
    rows, epochs = (frame.reset_index(drop=True) for frame in kept)
    return Results(rows, epochs, made.provenance | {"planned": len(rows), "finished": len(rows)})


def all_failed() -> Results:
    """An own generator that raised in every training, and no checkpoints."""
    made = results(3)
    lost = made.rows["backend"] == "RingGAN"
    rows = made.rows.copy()
    kept = [*_key("", "", 0), "verdict", "margin", "near_margin", "yardstick", "seconds"]
    for name in rows.columns.difference(kept):
        text = rows[name].dtype == object or pd.api.types.is_string_dtype(rows[name].dtype)
        rows.loc[lost, name] = "" if text else math.nan
    rows.loc[lost, ["verdict", "failure"]] = ["no_result", "`fit` raised MemoryError"]
    return Results(rows, made.epochs.iloc[:0], made.provenance)


def hostile(words: str) -> Results:
    """Words of a stranger wherever there may be any."""
    made = results(6)
    made.provenance["study"] |= {"target": {"preset": words}, "name": words[:190]}
    made.provenance["study"]["question"] = words[:190]
    own = made.rows["backend"] == "RingGAN"
    made.rows.loc[own, ["backend", "failure", "modes_lost"]] = words
    made.rows.loc[own, ["copies_verdict", "worth_energy_how"]] = words
    made.rows.loc[own, "sample_rows"] = words
    made.epochs["backend"] = words
    return made


def _key(label: str, name: str, seed: int) -> dict[str, Any]:
    digest = f"{zlib.crc32(f'{label} {name}'.encode()):016x}"
    return {
        "configuration": label,
        "generator.width": _width(label),
        "config_hash": digest,
        "backend": name,
        "device": "cpu",
        "seed": seed,
    }


def _width(label: str) -> float:
    end = label.rpartition(" ")[2]
    return float(end) if end.isdigit() else math.nan


def _nothing(failure: str) -> dict[str, Any]:
    texts = ("copies_verdict", "modes_lost", "modes_how", "worth_energy_how", "worth_mmd_how")
    texts += ("not_measured", "sample_rows", "real_sample_rows")
    return dict.fromkeys(texts, "") | {
        "verdict": "no_result",
        "margin": MARGIN,
        "near_margin": NEAR,
        "yardstick": "worth_energy",
        "failure": failure,
        "seconds": 60.0,
    }


def _row(size: float, rng: np.random.Generator, lost: Any, seed: int) -> dict[str, Any]:
    kept = [mode for mode in range(8) if mode not in lost]
    low, high = size / 1.4, size * 1.4
    verdict = "converged" if low >= MARGIN else "near" if size >= NEAR else "failed"
    row: dict[str, Any] = {"verdict": verdict, "margin": MARGIN, "near_margin": NEAR}
    row |= {
        "yardstick": "worth_energy",
        "failure": "",
        "not_measured": "",
        "seconds": 2 + rng.random(),
    }
    row |= {"sample_seconds": 0.01, "examples": 64000.0, "n_train": TRAINED, "n_real": 2000}
    row |= {"n_generated": 2000, "worth_energy": size, "worth_energy_low": low}
    row |= {"worth_energy_high": high, "worth_energy_how": "sampled"}
    row |= {"worth_mmd": 0.9 * size, "worth_mmd_low": 0.8 * low, "worth_mmd_high": high}
    row |= {"worth_mmd_how": "sampled", "mmd2": 0.5 / size, "energy_distance": 1 / size}
    row |= {"energy_distance_low": 1 / high, "energy_distance_high": 1 / low}
    for test in _TESTS:
        p = float(rng.integers(1, 1001)) / 1000 if size > 900 else 0.001
        row |= {f"{test}_statistic": 1 / size, f"{test}_pvalue": p}
    for name in ("precision", "recall", "density", "coverage"):
        row |= {name: 0.9 - 0.05 * (8 - len(kept)), f"{name}_expected": 0.95}
        row |= {f"{name}_pvalue": 0.2}
    row |= {"copies_exact": 0.0, "copies_near": 0.001, "copies_pvalue": 0.6}
    row |= {"copies_verdict": "no_copies_shown", "modes_how": "known", "modes": 8}
    row |= {"modes_kept": len(kept), "modes_pvalue": 0.001 if lost else 0.5}
    row |= {"modes_lost": "; ".join(f"mode {mode + 1}" for mode in lost)}
    row |= {"high_quality_share": 0.8 if size < 500 else 0.989}
    shares = rng.dirichlet([40] * len(kept)) if kept else []
    row |= {f"mode_share_{mode + 1}": 0.0 for mode in range(8)}
    row |= {f"mode_share_{mode + 1}": share for mode, share in zip(kept, shares, strict=True)}
    drawn = seed == 0
    row["sample_rows"] = _points(rng, kept, 1.5 / size**0.75) if drawn else ""
    row["real_sample_rows"] = _points(rng, range(8), 0.01) if drawn else ""
    return row


def _points(rng: np.random.Generator, modes: Any, sd: float) -> str:
    angles = 2 * np.pi * rng.choice(list(modes), 300) / 8
    points = np.column_stack([np.cos(angles), np.sin(angles)])
    return json.dumps((points + sd * rng.standard_normal((300, 2))).round(4).tolist())


def _history(row: dict[str, Any], rng: np.random.Generator) -> list[dict[str, Any]]:
    last, found = row["worth_energy"], []
    for epoch, share in enumerate((0.02, 0.1, 0.4, 0.8, 1.0)):
        size = last * share * (1 if share == 1 else math.exp(0.2 * rng.standard_normal()))
        found.append(
            {
                "epoch": epoch,
                "examples": 12800.0 * (epoch + 1),
                "kl": math.nan,
                "worth_energy": size,
                "worth_energy_low": size / 1.4,
                "worth_energy_high": size * 1.4,
                "energy_distance": 1 / size,
                "seconds": 0.4,
            }
        )
    return found


def _provenance(total: int) -> dict[str, Any]:
    study = {
        "name": "ring",
        "replicates": 10,
        "first_seed": 0,
        "generator": {"use": "ring_gan:RingGAN"},
        "target": {"preset": "ring8"},
        "margins": {"worth": MARGIN, "yardstick": "worth_energy"},
        "grid": {"generator.width": [16, 64]},
        "time_budget": None,
    }
    return {
        "study": study,
        "configurations": [
            {
                "label": label,
                "hash": _key(label, name, 0)["config_hash"],
                "config": {"n_examples": TRAINED},
                "axes": {"generator.width": int(_width(label))} if name == "RingGAN" else {},
            }
            for label, name in [
                *((label, "RingGAN") for label in _OWN),
                *((name, name) for name in _BASELINES),
            ]
        ],
        "planned": total,
        "finished": total,
        "interrupted": False,
        "failures": [],
        "unavailable": [],
        "seconds": 61.0,
        "workers": 2,
        "threads": 1,
        "command": "gan-eval run ring.toml",
        "created": "2026-01-02T03:04:05+00:00",
        "environments": {
            "0a1b2c3d": {
                "python": "3.12.1",
                "platform": "Linux",
                "processor": "A processor",
                "cores": 2,
                "memory_gib": 7.8,
                "gpus": [],
                "packages": {"numpy": "2.4.0"},
            }
        },
    }
