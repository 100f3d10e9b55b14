"""The section of a report that has benchmarks beside the study's time to quality."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from gan_eval.pages.blocks import Section
from gan_eval.report.cells import FactCache
from gan_eval.study.results.results import Results


def section(table: pd.DataFrame, results: Results, facts: FactCache) -> Section:
    """Benchmarks from ``throughput.read_all``, with the time to quality of the stored epochs."""
    # Imported here: it also makes pages, and most reports have no benchmarks.
    from gan_eval.investigations.speed import page

    known = results.provenance.get("configurations") or []
    labels = {str(c["hash"]): str(c["label"]) for c in known}
    quality = pd.DataFrame(facts.of("quality", lambda: _quality(results)))
    made = page.section(table, quality, labels=labels)
    return replace(made, title="Benchmarks: examples per second")


def _quality(results: Results) -> dict[Any, Any]:
    from gan_eval.judging.time_to_quality import time_to_quality

    known = results.provenance.get("configurations") or []
    sizes = {str(c["hash"]): int(c["config"]["n_examples"]) for c in known}
    epochs = results.epochs
    if not epochs.empty:
        epochs = epochs.loc[epochs["config_hash"].isin(list(sizes))]
    if epochs.empty:
        return {}
    return time_to_quality(epochs, sizes).to_dict("list")
