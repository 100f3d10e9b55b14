"""How figures of speed are written: rates, ratios, machines."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gan_eval.investigations.speed.rates import is_chapters
from gan_eval.pages.numbers import MISSING, count, interval, number, percent, setting
from gan_eval.runtime.arguments import plain


def rate(value: float, digits: int = 3) -> str:
    """Write a rate as it is said: ``53 million``, ``8580``.

    Examples
    --------
    >>> rate(52_950_000.0), rate(8584.6)
    ('53 million', '8580')
    """
    if value != value or value is None:
        return MISSING
    if value < 999_500:
        return number(value, digits)
    said = number(value / 1e6, digits)
    return f"{said.rstrip('0').rstrip('.') if '.' in said else said} million"


def plus_minus(row: pd.Series) -> str:
    """Write half of the interval of a rate as a share of it."""
    if pd.isna(row["rate_low"]) or pd.isna(row["rate_high"]):
        return MISSING
    return percent((row["rate_high"] - row["rate_low"]) / 2 / row["examples_per_second"])


def mark(row: pd.Series) -> str:
    """Write what makes a benchmark doubtful, in a word or two."""
    return "1 round" if row["rounds"] < 2 else "unstable" if row["unstable"] else ""


def change(ratio: float, low: float, high: float) -> str:
    """Write a ratio of seconds: ``1.4 times slower (1.3 to 1.5)``."""
    if ratio < 1:
        ratio, low, high = 1 / ratio, 1 / high, 1 / low if low > 0 else np.inf
        return f"{number(ratio)} times faster ({interval(low, high)})"
    return f"{number(ratio)} times slower ({interval(low, high)})"


def level(alpha: float) -> str:
    """Write a level that someone chose as a percentage: ``5 %``."""
    return f"{setting(100 * alpha)}\u202f%"


def loop(row: pd.Series) -> str:
    """Name the loop that a training is held against."""
    chapters = pd.isna(row["config_hash"]) or is_chapters(row["config_hash"])
    return "the chapter's loop" if chapters else "the loop in the same configuration"


def machine(row: pd.Series) -> str:
    """Name the machine of a benchmark: its processor, cores and GPUs."""
    gpus = [row["gpus"]] if row["gpus"] else []
    return ", ".join([host(row["machine"], row["cores"]), *gpus])


def host(processor: object, cores: float | None) -> str:
    """Name a machine by its processor and its cores."""
    known = MISSING if cores is None or pd.isna(cores) else count(cores)
    return f"{text(processor)}, {known} cores"


def text(value: object) -> str:
    """Write a text that a file may lack."""
    return MISSING if value is None or value != value else plain(value, 400)
