"""The data that a page's words and tables rest on, as JSON in the page.

Up to ``MOST_NUMBERS`` these are the rows themselves, every number to the bit, and the KL before
training; of more, the facts that were computed from the rows: counts, order statistics, and what is
listed one by one. ``verify`` writes the page again from them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gan_eval import blocks
from gan_eval.report.facts import Facts
from gan_eval.results import Results

MOST_NUMBERS = 200_000
"""Entries of rows that a page holds: up to 1.9 MB of it."""

FORMAT = 1

_FIGURE = re.compile(r'<figure id="([^"]*)".*?</figure>', re.S)  # they do not nest
_HOLDER = re.compile(
    r'<script type="application/json" id="data" data-sha256="([0-9a-f]*)">(.*?)</script>', re.S
)
_UNUSED = re.compile(r"mean_error_|covariance_error_|.*_statistic$|seconds$|chapter_seconds$")
_KEYS = ("configuration", "config_hash", "backend", "device", "seed")
_FLOAT = "not finite"
"""The only key of what stands for a NaN or an infinity."""

KEPT = ("quality",)
"""Facts that are embedded beside rows, because they rest on every epoch."""


class DamagedDataError(ValueError):
    """Data in a page that are not what was written."""


@dataclass(frozen=True)
class Embedded:
    """What a page holds.

    ``figures`` has the SHA-256 of each figure by its identity; ``version`` is that of the program
    that wrote the page.
    """

    results: Results
    facts: Facts
    benchmarks: pd.DataFrame | None
    figures: Mapping[str, str]
    version: str


def embed(html: str, results: Results, facts: Facts, benchmarks: pd.DataFrame | None) -> str:
    """A page with its data, in front of the one script that runs."""
    import gan_eval

    used = [name for name in results.rows.columns if not _UNUSED.match(str(name))]
    starts = _starts(results.epochs)
    few = len(results.rows) * len(used) + starts.size <= MOST_NUMBERS
    found = {k: v for k, v in facts.found.items() if not few or k in KEPT}
    document = {
        "format": FORMAT,
        "gan_eval": gan_eval.__version__,
        "provenance": results.provenance | {"thinned": results.thinned},
        "rows": _packed(results.rows[used]) if few else None,
        "starts": _packed(starts) if few else None,
        "benchmarks": None if benchmarks is None else _packed(benchmarks),
        "facts": found,
        "figures": figures(html),
    }
    # ASCII without "<" is safe within a script element, whatever names are made of.
    text = json.dumps(_jsonable(document), separators=(",", ":")).replace("<", "\\u003c")
    holder = f'<script type="application/json" id="data" data-sha256="{_digest(text)}">{text}'
    before, script, after = html.rpartition("<script>")
    return f"{before}{holder}</script>\n{script}{after}"


def extract(html: str) -> Embedded | None:
    """The data of a page; None without any, ``DamagedDataError`` where they are not whole."""
    found = _HOLDER.search(html)
    if found is None:
        return None
    digest, text = found.groups()
    if _digest(text) != digest:
        raise DamagedDataError(f"their SHA-256 is {_digest(text)[:12]}…, not {digest[:12]}…")
    try:
        document = _from_json(json.loads(text))
        if document["format"] != FORMAT:
            raise DamagedDataError(f"their format is {document['format']!r}, {FORMAT} is read here")
        rows, starts = (
            pd.DataFrame() if document[name] is None else _unpacked(document[name])
            for name in ("rows", "starts")
        )
        table = document["benchmarks"]
        return Embedded(
            Results(rows, starts, document["provenance"]),
            Facts(document["facts"], complete=document["rows"] is None),
            None if table is None else _unpacked(table),
            document["figures"],
            document["gan_eval"],
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, DamagedDataError):
            raise
        raise DamagedDataError(f"they cannot be read ({type(error).__name__})") from None


def figures(html: str) -> dict[str, str]:
    """SHA-256 of each figure of a page, with its caption and data, by identity."""
    return {match[1]: _digest(match[0]) for match in _FIGURE.finditer(html)}


def _starts(epochs: pd.DataFrame) -> pd.DataFrame:
    """The first stored epoch of each replicate: its KL before training."""
    if epochs.empty:
        return epochs
    keys = [name for name in _KEYS if name in epochs]
    first = epochs.sort_values("epoch", kind="stable").drop_duplicates(keys)
    return first[[*keys, "epoch", "kl"]].reset_index(drop=True)


def _packed(frame: pd.DataFrame) -> dict[str, Any]:
    if not len(frame.columns):
        return {"layout": "[]", "block": ""}
    frame = frame.astype(dict.fromkeys(frame.select_dtypes("bool").columns, int))
    columns = blocks.columns_of(frame)
    packed = base64.b64encode(blocks.pack(columns)).decode()
    return {"layout": blocks.layout(columns), "block": packed}


def _unpacked(packed: Mapping[str, str]) -> pd.DataFrame:
    if not packed["block"]:
        return pd.DataFrame()
    block = base64.b64decode(packed["block"], validate=True)
    return pd.DataFrame(blocks.unpack(block, packed["layout"]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _jsonable(value: Any) -> Any:
    """JSON has no NaN and no infinity, and knows nothing of NumPy."""
    if isinstance(value, Mapping):
        return {str(k): _jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: str(value)}
    return value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {_FLOAT}:
            return float(value[_FLOAT])
        return {k: _from_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_from_json(v) for v in value]
    return value
