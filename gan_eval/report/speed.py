"""The section on speed: examples per second, by both clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_eval.pages.blocks import Paragraph, Section, TableBlock, gallery
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count
from gan_eval.report import figures, tables
from gan_eval.report.cells import CellRows


def speed(cells: Sequence[CellRows], provenance: Mapping[str, Any]) -> Section:
    """List examples per second by both clocks."""
    alone = [np.isfinite(tables.alone(cell)).all() for cell in cells]
    text = _("No training was timed alone on the machine; all of them ran side by side.")
    if any(alone):
        text = _(
            "Of the first configuration on each backend and device, one training is timed alone on "
            "the machine by both clocks; the others run side by side, so their clocks also count "
            "each other’s load."
        )
        if workers := provenance.get("workers"):
            text += " " + n_(
                "There was {count} worker.", "There were {count} workers.", workers
            ).format(count=count(workers))
        if not all(alone):
            text += " " + _("A dash stands where nothing was timed alone.")
    drawn = gallery(lambda: figures.speed(cells))
    blocks = [Paragraph(text), *drawn, TableBlock(tables.speeds(cells))]
    return Section("speed", _("Examples per second"), blocks, folded=True)
