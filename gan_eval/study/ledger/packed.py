"""A finished unit of work as bytes: packed where it was trained, sent, and stored as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import pandas as pd

from gan_eval.study.ledger import blocks


class Packed(NamedTuple):
    """A table as a block, and the layout that it is read with."""

    layout: str
    block: bytes

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        columns = blocks.columns_of(frame)
        return cls(blocks.layout(columns), blocks.pack(columns))


@dataclass(frozen=True)
class PackedUnit:
    """A finished unit of work: its rows and epochs, as compressed blocks.

    Packing takes about as long as storing. It is done by whoever trained, side by side with others,
    and not by the one process that writes the ledger.
    """

    rows: Packed
    """One row a seed, in the order of the seeds."""
    epochs: Packed
    """Of the first ``traced`` seeds, the same number of rows each."""
    traced: int
    verdicts: dict[str, int]
    """How many seeds have each verdict."""
    environment: dict[str, Any] | None = None
    """What trained it, where that is not known to be the environment of the run."""

    @classmethod
    def of(cls, rows: pd.DataFrame, epochs: pd.DataFrame) -> Self:
        """Pack what ``judge`` gave; ``epochs`` may be empty."""
        return cls(
            Packed.of(rows),
            Packed.of(epochs),
            int(epochs["seed"].nunique()) if len(epochs) else 0,
            {str(verdict): int(n) for verdict, n in rows["verdict"].value_counts().items()},
        )
