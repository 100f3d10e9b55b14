"""``gan-eval export``: write what a study stored, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from gan_eval.cli.app import argument, option


def export(
    folder: Annotated[Path, argument("DIR", "The folder of a run.")],
    out: Annotated[
        Path | None, option("--out FILE", "A .csv or .parquet file.", "CSV on stdout")
    ] = None,
    epochs: Annotated[
        bool, option("--epochs", "One row per replicate and epoch, not one per replicate.")
    ] = False,
) -> None:
    """Write all rows that a study has stored, as CSV or Parquet.

    However many there are, and also while it still runs.

    \b
    Example:
      gan-eval export reports/chapter --out chapter.parquet
    """
    from gan_eval.cli.console import say
    from gan_eval.runtime.files import check_writable
    from gan_eval.study.results.export import export as export_rows

    if out is not None:
        check_writable(out)
    written = export_rows(folder, out, epochs=epochs)
    if out is not None:
        what = "epoch of each training" if epochs else "training"
        rows = "1 row" if written == 1 else f"{written:,} rows"
        say(f"Wrote {rows} to {out}, one for each {what}.")
