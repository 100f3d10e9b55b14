"""What is said under pictures of generators without a closed form is true of them."""

from __future__ import annotations

import gan_eval as ge
from gan_eval.report.cells import cells_of
from gan_eval.report.computed import pictures
from gan_eval.report.computed.again import again

from .made import RING, results


def test_rings_are_told_of_mixtures_only() -> None:
    for target, told in (("ring8", True), ("chapter", False)):
        config = ge.TrainingConfig(**(RING | {"target": target}))
        (cell,) = cells_of(results({"plain": config}, seeds=1))
        found = again(cell)
        assert found is not None
        drawn = pictures.generated(cell, found, "fig-density-1")
        assert drawn is not None
        assert ("rings" in drawn.caption) is told
        assert drawn.caption.rstrip(".").rstrip() != drawn.caption
