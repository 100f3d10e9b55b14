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
