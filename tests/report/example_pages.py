"""Pages of made-up studies: of one configuration and several, of failures, of hostile names."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from gan_eval.report import render
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

from . import synthetic
from .elements import Element, parse
from .generators import synthetic as outside

HOSTILE = "<script>alert(1)</script>\"'\n{{ 7*7 }}\u202e$x$ &amp; --></style>" + "y" * 10_000


def _grid() -> Results:
    made = synthetic.results(
        8,
        configs={
            "plain": TrainingConfig(),
            "saturating": TrainingConfig(generator_loss="saturating"),
        },
        where=(("pytorch", "cpu"), ("jax", "cpu")),
        planned=64,
        finished=32,
        interrupted=True,
        failures=[{"configuration": "plain", "backend": "jax", "seeds": [1], "message": "no"}],
    )
    synthetic.spoil(made.rows, 1, "failed")
    synthetic.spoil(made.rows, 2, "diverged")
    return made


def _hostile() -> Results:
    made = synthetic.results(2, name=HOSTILE, command=HOSTILE, created=HOSTILE)
    made.provenance["environments"]["0a1b2c3d"]["processor"] = HOSTILE
    # JSON can hold a lone surrogate.
    made.provenance["failures"] = [{"message": HOSTILE + "\ud800", "backend": HOSTILE}]
    made.rows["backend"] = HOSTILE
    made.rows.loc[0, "device"] = HOSTILE + "\x00"
    return made


def all_diverged() -> Results:
    made = synthetic.results(3)
    for position in range(3):
        synthetic.spoil(made.rows, position, "diverged")
    made.epochs.loc[made.epochs["epoch"] > 0, "kl"] = np.nan
    return made


PAGES = {
    "one": lambda: synthetic.results(12),
    "single": lambda: synthetic.results(1),
    "grid": _grid,
    "none": synthetic.without_replicates,
    "hostile": _hostile,
    "diverged": all_diverged,
    "ring": outside.results,
    "ring failed": outside.all_failed,
    "ring hostile": lambda: outside.hostile(HOSTILE),
}


@cache
def page(name: str) -> str:
    return render(PAGES[name]())


@cache
def tree(name: str) -> Element:
    return parse(page(name))


every_page = pytest.mark.parametrize("name", PAGES)
