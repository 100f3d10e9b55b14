"""Folders of Parquet files, small, in any order of their rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def write(folder: Path, frame: pd.DataFrame, files: int = 1, group: int = 500) -> Path:
    """Write a frame as a folder of files, each of row groups of so many rows."""
    folder.mkdir(parents=True)
    for number, places in enumerate(np.array_split(np.arange(len(frame)), files)):
        part = frame.iloc[places]
        part.to_parquet(folder / f"{number:03}.parquet", index=False, row_group_size=group)
    return folder


def normal(n: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    """Draw n rows of two independent normal columns, the first one shifted."""
    rows = np.random.default_rng(seed).normal([shift, 0.0], 1.0, (n, 2))
    return pd.DataFrame(rows, columns=pd.Index(["a", "b"]))


def mixed(n: int, seed: int) -> pd.DataFrame:
    """Draw n rows of numbers with holes, a category with holes, and truth values."""
    rng = np.random.default_rng(seed)
    frame = normal(n, seed + 1000)
    frame.loc[rng.random(n) < 0.03, "b"] = np.nan
    colours = rng.choice(["red", "green", "blue", "yellow"], n, p=[0.5, 0.3, 0.15, 0.05])
    frame["colour"] = pd.Series(colours).where(rng.random(n) > 0.02, None)
    frame["member"] = rng.random(n) < 0.4
    return frame
