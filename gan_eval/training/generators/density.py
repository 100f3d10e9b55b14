"""The log-density that a generator tells of itself, and the reasons that another's code gives."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gan_eval.runtime.arguments import cut, printable
from gan_eval.runtime.child import TookTooLongError
from gan_eval.training.generators.data import ReplicateRows, handed


class Density(NamedTuple):
    """The log-density of a generator, in nats, at rows."""

    of_generated: np.ndarray
    """At the m rows that it gave, shape (m,)."""
    of_real: np.ndarray
    """At the n real rows that it is held against, shape (n,)."""


def told_density(model: Any, generated: Any, rows: ReplicateRows) -> Density | str:
    """Ask a generator for its log-density; a sentence says why it cannot be used.

    The sentence is empty where it does not tell one, or the rows are not numbers alone.
    """
    ask = getattr(model, "log_density", None)
    if not callable(ask) or isinstance(rows.train, pd.DataFrame):
        return ""
    real = rows.real if rows.table is None else handed(rows.real.frame)
    found = []
    for points in (generated, real):
        try:
            values = array_of(ask(points.copy()))
        except (KeyboardInterrupt, TookTooLongError):
            raise
        except BaseException as error:  # another's code can fail in any way, also by sys.exit()
            return f"log_density(x) raised {reason_of(error)}"
        if values.shape != (len(points),):
            return f"log_density(x) gave shape {values.shape}, not ({len(points)},)"
        if values.dtype.kind not in "fiu" or np.isnan(values).any() or np.isposinf(values).any():
            return "log_density(x) gave values that are no logarithms of a density"
        found.append(values.astype(np.float64))
    return Density(*found)


def array_of(values: Any) -> np.ndarray:
    """Return what another's code gave as an array, also of PyTorch's, perhaps on a GPU."""
    if detach := getattr(values, "detach", None):  # perhaps with its gradient
        values = detach().cpu().numpy()
    return np.asarray(values)


def reason_of(error: BaseException) -> str:
    """Write what another's code raised, cut to a sentence's length."""
    try:
        text = str(error)
    except Exception:  # an error whose own text fails
        text = ""
    return cut(printable(f"{type(error).__name__}: {text}").rstrip(": "))
