"""Numbers and names as a reader sees them: few digits, no locale, nothing that can do harm."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from gan_eval.pages.language import _
from gan_eval.runtime.arguments import SMALLEST_PVALUE

MISSING = "–"
"""The sign that stands for a number that does not exist."""

_SPACE, _THIN_SPACE = "\u00a0", "\u202f"
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(value: object, digits: int = 3) -> str:
    """Write a number with some significant digits: ``0.128``, ``12 300``, ``4.1 × 10⁻⁵``, ``∞``.

    What is no number, or NaN, is ``MISSING``.
    """
    try:
        x = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return MISSING
    if math.isnan(x):
        return MISSING
    sign = "−" if x < 0 else ""
    x = abs(x)
    if math.isinf(x):
        return f"{sign}∞"
    if x == 0:
        return "0"
    mantissa, _, exponent = f"{x:.{digits - 1}e}".partition("e")
    power = int(exponent)
    if power < -3 or power > 8:
        return f"{sign}{mantissa}{_SPACE}×{_SPACE}10{str(power).translate(_SUPERSCRIPTS)}"
    rounded = float(f"{mantissa}e{power}")
    return sign + _grouped(f"{rounded:.{max(digits - 1 - power, 0)}f}")


def probability(value: object, digits: int = 2) -> str:
    """Write a probability with some significant digits, never read as 0 or 1 where it is neither.

    ``< 1 × 10⁻³⁰⁰`` for less, and for 0: exact laws underflow, no p-value is 0. ``> 0.99`` for what
    would round to 1.
    """
    text = number(value, digits)
    if text == MISSING:
        return text
    p = float(value)  # type: ignore[arg-type]
    if p < SMALLEST_PVALUE:
        return f"<{_SPACE}{number(SMALLEST_PVALUE, 1)}"
    if p < 1 and float(f"{p:.{digits - 1}e}") >= 1:
        return f">{_SPACE}{1 - 10.0**-digits:.{digits}f}"
    return text


def p_value(value: object, digits: int = 2) -> str:
    """Inside a sentence: ``p = 0.012``, ``p < 1 × 10⁻³⁰⁰``."""
    text = probability(value, digits)
    return f"p {text}" if text[0] in "<>" else f"p = {text}"


def setting(value: float) -> str:
    """Write a number that someone chose, with the digits it was given: ``0.1``."""
    return f"{value:g}"


def count(value: float) -> str:
    """Write a whole number with its thousands apart: ``12 345``."""
    return _grouped(f"{value:.0f}") if math.isfinite(value) else number(value)


def percent(share: float, digits: int = 2) -> str:
    """Write a share as a percentage: ``44 %``, ``0.4 %``; ``100 %`` for all only."""
    if not math.isfinite(share):
        return MISSING
    return f"{_hundredths(share, digits)}{_THIN_SPACE}%"


def interval(low: float, high: float, digits: int = 3) -> str:
    """Write an interval in words that no line breaks, ``0.09 to 0.21``; ``MISSING`` for NaN."""
    if math.isnan(low) or math.isnan(high):
        return MISSING
    return _to(number(low, digits), number(high, digits))


def percents(low: float, high: float) -> str:
    """Write an interval of shares that no line breaks: ``29 to 65 %``."""
    return _to(_hundredths(low, 2), percent(high))


def _to(low: str, high: str) -> str:
    return _("{low} to {high}").replace(" ", _SPACE).format(low=low, high=high)


def plural(n: int, noun: str) -> str:
    """Count a noun: ``1 replicate``, ``2 replicates``."""
    return f"{count(n)} {noun if n == 1 else noun + 's'}"


def median(values: ArrayLike) -> float:
    """Find the median of the values that are not NaN; infinite ones count. NaN of none."""
    return spread(values, 0.5)


def spread(values: ArrayLike, q: float) -> float:
    """Find a quantile of the values that are not NaN; infinite ones count. NaN of none."""
    kept = np.asarray(values, dtype=np.float64)
    kept = np.sort(kept[~np.isnan(kept)])
    if kept.size == 0:
        return math.nan
    position = q * (kept.size - 1)
    low, high = float(kept[math.floor(position)]), float(kept[math.ceil(position)])
    part = position - math.floor(position)
    return low if part == 0 or low == high else low + part * (high - low)


def _hundredths(share: float, digits: int) -> str:
    """Write a share times 100; it reads 100 where it is 1 only."""
    text = number(100 * share, 3 if share > 0.9949 else digits)
    return f">{_SPACE}99.9" if text == "100" and share < 1 else text


def _grouped(text: str) -> str:
    """Thousands of the whole part apart, from five digits on."""
    whole, dot, fraction = text.partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", _THIN_SPACE)
    return whole + dot + fraction
