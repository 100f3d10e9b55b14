"""Files of sketches: NumPy's npz, of arrays alone, without pickle."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.arguments import path_of, shown
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import reading, replacing
from gan_eval.stats.permutation.lowrank_path import SMOOTH
from gan_eval.stats.samples import Array
from gan_eval.stats.sketch.dealing import cell_count
from gan_eval.stats.sketch.reference import Reference
from gan_eval.stats.sketch.residuals import Residuals
from gan_eval.stats.sketch.spans import Spans

FORMAT = "gan_eval.sketch"
VERSION = 1
# What the reading of a damaged zip file raises.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, struct.error,
    tokenize.TokenError,
)  # fmt: skip


class Contents(NamedTuple):
    """All that a file of a sketch holds."""

    reference: Reference
    stream: str | None
    cells: int
    seed: int
    counts: NDArray[np.int64]
    sums: Array
    residuals: Residuals
    spans: Spans


def save(contents: Contents, path: str | Path) -> None:
    """Write a sketch into a file."""
    reference = contents.reference
    spans = [(name, start, stop) for name, pairs in contents.spans.items() for start, stop in pairs]
    filled = np.flatnonzero(contents.counts)
    fields: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "reference_sha256": reference.sha256,
        "kernel": reference.kernel,
        "bandwidth": reference.bandwidth,
        "mean": reference.mean,
        "whitening": reference.whitening,
        "pivots": reference.pivots,
        "triangle": reference.triangle,
        "columns": np.array(reference.columns, dtype=str),
        "named": reference.named,
        "residual": reference.residual,
        "stream": contents.stream or "",
        "seed": contents.seed,
        "cells": contents.cells,
        "filled": filled,
        "counts": contents.counts[filled],
        "sums": contents.sums[filled],
        "residual_sums": contents.residuals.to_array(),
        "span_streams": np.array([name for name, _, _ in spans], dtype=str),
        "spans": np.array([span[1:] for span in spans], dtype=np.int64).reshape(-1, 2),
    }
    with replacing(path_of(path, "`path`"), "wb") as file:
        np.savez(file, allow_pickle=False, **fields)


def load(path: str | Path) -> Contents:
    """Read a sketch from a file; ``UsageError`` in one sentence where it is none."""
    path = path_of(path, "`path`")
    with reading(path), path.open("rb") as file:
        try:
            found = np.load(file, allow_pickle=False)
            fields = {name: found[name] for name in found.files}
        except (AttributeError, ValueError, KeyError, EOFError, OSError, *_DAMAGED):
            raise UsageError(f"{path} is no file of a sketch, or a damaged one") from None
    try:
        if str(fields["format"]) != FORMAT:
            raise ValueError(f"it is of the format {shown(str(fields['format']))}")
        if int(fields["version"]) != VERSION:
            raise ValueError(f"it is of version {fields['version']}, this program reads {VERSION}")
        return _contents(fields)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise UsageError(f"{path} is no file of a sketch, or a damaged one: {error}") from None


def _contents(fields: dict[str, Any]) -> Contents:
    mean, whitening, pivots, triangle = (
        fields[name] for name in ("mean", "whitening", "pivots", "triangle")
    )
    rank, dimension = pivots.shape
    shapes = (mean.shape, whitening.shape, triangle.shape)
    if shapes != ((dimension,), (dimension, dimension), (rank, rank)):
        raise ValueError("its arrays do not fit each other")
    if str(fields["kernel"]) not in SMOOTH:
        raise ValueError(f"it has the kernel {shown(str(fields['kernel']))}")
    reference = Reference(
        str(fields["kernel"]),
        float(fields["bandwidth"]),
        mean,
        whitening,
        pivots,
        triangle,
        tuple(map(str, fields["columns"])),
        bool(fields["named"]),
        str(fields["reference_sha256"]),
        float(fields["residual"]),
    )
    cells = cell_count(int(fields["cells"]))
    counts, sums = np.zeros(cells, dtype=np.int64), np.zeros((cells, rank))
    filled = fields["filled"]
    if fields["sums"].shape != (len(filled), rank) or fields["counts"].shape != (len(filled),):
        raise ValueError("its arrays do not fit each other")
    counts[filled], sums[filled] = fields["counts"], fields["sums"]
    if not (np.isfinite(sums).all() and (counts >= 0).all()):
        raise ValueError("its sums are not finite")
    spans: Spans = {}
    for name, (start, stop) in zip(
        map(str, fields["span_streams"]), fields["spans"].tolist(), strict=True
    ):
        spans.setdefault(name, []).append((start, stop))
    covered = sum(stop - start for pairs in spans.values() for start, stop in pairs)
    if covered != counts.sum():
        raise ValueError(f"it counts {counts.sum()} rows and names {covered} positions")
    residuals = Residuals.of_array(fields["residual_sums"])
    stream = str(fields["stream"]) or None
    return Contents(reference, stream, cells, int(fields["seed"]), counts, sums, residuals, spans)
