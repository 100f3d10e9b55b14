"""The data that a page rests on, as JSON in the page, for ``verify`` to write the page again.

Up to ``MOST_NUMBERS`` these are the rows, every number to the bit, the KL before training, and the
numbers that pictures over epochs are drawn from; of more rows, none.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gan_eval.pages.language import language
from gan_eval.pages.page import SOURCES, in_script, source
from gan_eval.report.cells import FactCache, is_outside
from gan_eval.runtime.arguments import shown
from gan_eval.runtime.documents import json_ready
from gan_eval.runtime.errors import UsageError
from gan_eval.study.ledger import blocks
from gan_eval.study.results.results import Results

MOST_NUMBERS = 200_000
"""Entries of rows that a page holds: up to 1.9 MB of it."""

FORMAT = 4

_MOST_ROWS = 1_000_000

FIGURE = re.compile(r'<figure id="([^"]*)".*?</figure>', re.S)
"""A figure of a page; they do not nest."""

_HOLDER = re.compile(
    r'<script type="application/json" id="data" data-sha256="([0-9a-f]*)">(.*?)</script>', re.S
)
_UNUSED = re.compile(r"mean_error_|covariance_error_|.*_statistic$|seconds$|chapter_seconds$")
_KEYS = ("configuration", "config_hash", "backend", "device", "seed")
_FLOAT = "not finite"
"""The only key of what stands for a NaN or an infinity."""


class DamagedDataError(ValueError):
    """An error of data in a page that are not as they were written."""


@dataclass(frozen=True)
class Embedded:
    """The data of a page.

    ``results`` are None where the page has too many rows to hold them. ``figures`` has the SHA-256
    of each figure by its identity; ``version`` is that of the program that wrote the page,
    ``template`` a checksum of its template, style and script, ``matplotlib`` the version that drew
    the figures, ``language`` that of its words. ``holder`` is the element in which all this stands.
    """

    results: Results | None
    facts: FactCache
    benchmarks: pd.DataFrame | None
    figures: Mapping[str, str]
    version: str
    template: str
    matplotlib: str
    language: str
    holder: str


def embed(html: str, results: Results, facts: FactCache, benchmarks: pd.DataFrame | None) -> str:
    """Put its data into a page, in front of the one script that runs."""
    import matplotlib

    import gan_eval

    if is_outside(results.provenance):
        from gan_eval.report.generators.samples import drawn_rows

        rows = drawn_rows(results.rows, facts)
    else:
        rows = _used(results)
    starts = _starts(results.epochs)
    few = rows.size + starts.size <= MOST_NUMBERS
    document = {
        "format": FORMAT,
        "gan_eval": gan_eval.__version__,
        "template": template_digest(),
        "matplotlib": matplotlib.__version__,
        "language": language(),
        "provenance": results.provenance,
        "rows": _packed(rows) if few else None,
        "starts": _packed(starts) if few else None,
        "benchmarks": None if benchmarks is None else _packed(benchmarks),
        "facts": facts if few else {},
        "figures": figures(html),
    }
    # ASCII without "<" is safe within a script element, whatever names are made of.
    ready = json_ready(document, lambda number: {_FLOAT: str(number)})
    text = str(in_script(json.dumps(ready, separators=(",", ":"))))
    script = f'<script type="application/json" id="data" data-sha256="{_digest(text)}">'
    return insert(html, f"{script}{text}</script>")


def insert(html: str, holder: str) -> str:
    """Put the element that holds its data into a page, in front of the one script that runs."""
    before, script, after = html.rpartition("<script>")
    return f"{before}{holder}\n{script}{after}"


def template_digest() -> str:
    """Compute the checksum that a version of the template, its style and its script has."""
    return _digest("\0".join(map(source, SOURCES)))[:16]


def extract(html: str) -> Embedded | None:
    """Read the data of a page; None without any, ``DamagedDataError`` where they are not whole, and
    ``UsageError`` where they are of another format."""
    found = _HOLDER.search(html)
    if found is None:
        return None
    digest, text = found.groups()
    if _digest(text) != digest:
        raise DamagedDataError(f"their SHA-256 is {_digest(text)[:12]}…, not {digest[:12]}…")
    try:
        document = json.loads(text, object_hook=_number_or_table)
        if document["format"] != FORMAT:
            raise UsageError(
                f"the page holds its data in format {shown(document['format'])}, {FORMAT} is read "
                "here: verify it with the version of gan-eval that wrote it"
            )
        results, table = None, document["benchmarks"]
        if document["rows"] is not None:
            rows, starts = (_unpacked(document[name]) for name in ("rows", "starts"))
            results = Results(rows, starts, document["provenance"])
        return Embedded(
            results,
            FactCache(document["facts"] or {}),
            None if table is None else _unpacked(table),
            {str(name): str(digest) for name, digest in document["figures"].items()},
            *(str(document[name]) for name in ("gan_eval", "template", "matplotlib", "language")),
            holder=found[0],
        )
    except (DamagedDataError, UsageError, MemoryError):
        raise
    except Exception as error:
        # Anybody may have written them: too deep, null where a table is wanted, 10**400, …
        raise DamagedDataError(f"they cannot be read ({type(error).__name__})") from None


def figures(html: str) -> dict[str, str]:
    """SHA-256 of each figure of a page, with its caption and data, by identity."""
    return {match[1]: _digest(match[0]) for match in FIGURE.finditer(html)}


def _used(results: Results) -> pd.DataFrame:
    return results.rows[[name for name in results.rows if not _UNUSED.match(str(name))]]


def _starts(epochs: pd.DataFrame) -> pd.DataFrame:
    """The first stored epoch of each replicate: its KL before training."""
    if epochs.empty:
        return epochs
    keys = [name for name in _KEYS if name in epochs]
    first = epochs.sort_values("epoch", kind="stable").drop_duplicates(keys)
    return first[[*keys, "epoch", *(["kl"] if "kl" in first else [])]].reset_index(drop=True)


def _packed(frame: pd.DataFrame) -> dict[str, Any]:
    if not len(frame.columns):
        return {"layout": "[]", "block": ""}
    frame = frame.astype(dict.fromkeys(frame.select_dtypes("bool").columns, int))
    layout, block = blocks.Packed.of(frame)
    return {"layout": layout, "block": base64.b64encode(block).decode()}


def _unpacked(packed: Mapping[str, str]) -> pd.DataFrame:
    if not packed["block"]:
        return pd.DataFrame()
    block = base64.b64decode(packed["block"], validate=True)
    if blocks.length(block[: blocks.HEAD]) > _MOST_ROWS:
        raise DamagedDataError(f"a table has more than {_MOST_ROWS} rows")
    return pd.DataFrame(blocks.unpack(block, packed["layout"]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _number_or_table(found: dict[str, Any]) -> Any:
    return float(found[_FLOAT]) if set(found) == {_FLOAT} else found
