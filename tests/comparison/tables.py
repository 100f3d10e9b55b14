"""Tables to compare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

HOSTILE = "<script>alert(1)</script>\"'{{ 7*7 }}\u202e$x$ [red]&amp;</style>"


def people(n: int, seed: int, *, spread: float = 7.0) -> pd.DataFrame:
    """Heights and weights, the weights scattered about their line by ``spread``; one constant and
    one repeated column."""
    rng = np.random.default_rng(seed)
    height = 170 + 8 * rng.normal(size=n)
    weight = 60 + 0.6 * (height - 170) + spread * rng.normal(size=n)
    return pd.DataFrame(
        {
            "height": height,
            "weight": weight,
            "income": np.exp(rng.normal(10, 1, size=n)),
            "planet": 3,
            "height again": height,
        }
    )


def write(folder: Path) -> None:
    """real.csv, same.csv of its law, and fake.csv with too little spread in the weights."""
    people(200, 0).to_csv(folder / "real.csv", index=False)
    people(150, 1).to_csv(folder / "same.csv", index=False)
    people(150, 2, spread=3.5).to_csv(folder / "fake.csv", index=False)


def customers(n: int, seed: int) -> pd.DataFrame:
    """Mixed columns: numbers, one of them with holes that depend on a category, words, dates."""
    rng = np.random.default_rng(seed)
    region = rng.choice(["north", "south", "east", "west"], n, p=[0.4, 0.3, 0.2, 0.1])
    income = np.exp(rng.normal(10, 0.5, n)) * np.where(region == "north", 1.5, 1.0)
    income[rng.random(n) < np.where(region == "west", 0.3, 0.05)] = np.nan
    return pd.DataFrame(
        {
            "region": region,
            "income": income,
            "children": rng.poisson(1.2, n),
            "member": rng.random(n) < 0.3,
            "since": pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3000, n), "D"),
        }
    )


def machines(n: int, seed: int) -> pd.DataFrame:
    """Mixed columns: a mode of the numbers for each type, words with rare levels and holes."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    fault = np.where(rng.random(n) < 0.03, "bearing", "none").astype(object)
    fault[rng.random(n) < 0.1] = None
    return pd.DataFrame(
        {
            "type": np.array(["A", "B", "C"])[kind],
            "power": 8.0 * kind + rng.normal(size=n),
            "noise": -8.0 * (kind == 1) + rng.normal(size=n),
            "fault": fault,
        }
    )
