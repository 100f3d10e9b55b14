"""The numbers that the page carries: texts as they are shown, and what is drawn in two letters a
number.

A number to be drawn is one of 4,095 steps of its scale: of KL half a percent, of a loss 0.002, of
a place in the picture of ellipses less than a line is thick. lab.js reads them with the same
scales.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from gan_eval.investigations.lab import words
from gan_eval.investigations.lab.result import RANKS, Lab, Traces
from gan_eval.pages.page import in_script

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TOP = 4094
_NONE = 4095
"""The code of what is no number."""

STRIP = 60
"""The most trainings of a setting that are drawn one by one."""


class Scale(NamedTuple):
    """A scale from low to high in equal steps, of a number or of what is made of it."""

    low: float
    high: float

    def codes(self, values: NDArray[np.floating]) -> NDArray[np.int64]:
        """Turn numbers into steps; what lies outside is at the end of the scale."""
        part = (np.nan_to_num(values, nan=0.0, posinf=np.inf) - self.low) / (self.high - self.low)
        steps = np.rint(np.clip(part, 0, 1) * _TOP).astype(np.int64)
        return np.where(np.isnan(values), _NONE, steps)

    def values(self, codes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Turn steps back into numbers."""
        found = self.low + codes / _TOP * (self.high - self.low)
        return np.where(codes == _NONE, np.nan, found)


KL = Scale(-5.0, 5.0)
"""The range of log₁₀ KL that is kept."""
LOSS = Scale(0.0, 8.0)
LAW = Scale(-7.0, 7.0)
"""The range that is kept of sinh⁻¹ of a mean, and of an entry of a root of a covariance."""


def fields(lab: Lab) -> dict[str, tuple[int, int]]:
    """Give where each field of a place begins, and how many numbers it has."""
    curve, laws = len(lab.settings.curve_epochs), len(lab.settings.law_epochs)
    sizes = {
        "kl": len(RANKS) * curve,
        "losses": 2 * curve,
        "laws": len(RANKS) * laws * 5,
        "final": min(lab.settings.replicates, STRIP),
    }
    starts = np.cumsum([0, *sizes.values()])
    return {name: (int(at), size) for (name, size), at in zip(sizes.items(), starts, strict=False)}


def codes(traces: Traces) -> NDArray[np.int64]:
    """Turn what is drawn of P places into steps, (P, length)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        parts = [
            KL.codes(np.log10(traces.kl)).swapaxes(1, 2),
            LOSS.codes(traces.losses).swapaxes(1, 2),
            LAW.codes(np.arcsinh(roots(traces.laws))),
            KL.codes(np.log10(strip(traces.final))),
        ]
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def roots(laws: NDArray[np.floating]) -> NDArray[np.float64]:
    """Turn means and covariances (…, 5) into means and the root a, b, c of
    [[a², ab], [ab, b² + c²]]."""
    x, y, xx, xy, yy = np.moveaxis(laws, -1, 0)
    a = np.sqrt(np.maximum(xx, 0))
    b = np.divide(xy, a, out=np.zeros_like(a), where=a > 0)
    return np.stack([x, y, a, b, np.sqrt(np.maximum(yy - b * b, 0))], axis=-1)


def strip(final: NDArray[np.floating]) -> NDArray[np.floating]:
    """Take the trainings that are drawn one by one: all, or ``STRIP`` at equal ranks, (…, S)."""
    count = final.shape[-1]
    shown = min(count, STRIP)
    return final[..., [int(i * (count - 1) / (shown - 1) + 0.5) for i in range(shown)]]


def text_of(steps: NDArray[np.int64]) -> str:
    """Write steps (P, length) as one text, two letters each."""
    letters = np.frombuffer(LETTERS.encode(), dtype=np.uint8)
    return np.stack([letters[steps >> 6], letters[steps & 63]], axis=-1).tobytes().decode()


def row(cell: pd.Series) -> str:
    """Write the numbers of a place as they are shown: verdicts, share, KL, worth, intervals."""
    verdicts = ".".join(str(int(cell[name])) for name in words.VERDICTS)
    return "|".join([verdicts, *words.share(cell), *words.kl(cell), *words.worth(cell)])


def payload(lab: Lab) -> dict[str, Any]:
    """Put together what lab.js reads."""
    settings = lab.settings
    with np.errstate(over="ignore"):
        worth = [float(f"{value:.4g}") for value in lab.cells["worth_kl"]]
    headlines = [words.headline(lab, place).rpartition("; ") for place in range(settings.places)]
    # Thousands of sentences have few beginnings and few ends.
    heads, tails = (list(dict.fromkeys(parts)) for parts in list(zip(*headlines, strict=True))[::2])
    which = [[heads.index(head), tails.index(tail)] for head, _, tail in headlines]
    return {
        "n": settings.replicates,
        "sizes": settings.shape,
        "start": settings.chapter,
        "best": lab.best,
        "names": [control.name for control in settings.controls],
        "shorts": [[choice.short for choice in c.choices] for c in settings.controls],
        "switches": [control.is_switch for control in settings.controls],
        "epochs": settings.curve_epochs,
        "lawEpochs": settings.law_epochs,
        "fields": fields(lab),
        "scales": {"kl": KL, "loss": LOSS, "law": LAW},
        "words": words.PARTS,
        "heads": heads,
        "tails": tails,
        "headlines": which,
        "rows": [row(cell) for _, cell in lab.cells.iterrows()],
        "worth": worth,
        "codes": text_of(codes(lab.traces)),
    }


def script_json(document: dict[str, Any]) -> Markup:
    """Write a document as JSON that is safe within a script element."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return in_script(text)
