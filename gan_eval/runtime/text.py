"""Text for people: values and names as a sentence can hold them, and the name that was meant."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence
from typing import Any

from gan_eval.runtime.errors import UsageError

SMALLEST_PVALUE = 1e-300
"""Down to here the exact laws have their p-values; below, some underflow to 0. In print what is
less reads "< 1e-300"."""


def close(name: str, known: Sequence[str], likeness: float = 0.72) -> list[str]:
    """Find the known names that an unknown one may have meant.

    Those of which it is a part (``learning_rate`` of ``learning_rate_D``) or the initials (``lr``),
    else the nearest one, if it is as like as ``likeness``, of 1, or has the same letters: at 0.72
    ``dimension`` is not ``adam_epsilon``.

    Examples
    --------
    >>> close("rate", ["rate_D", "rate_G", "epochs"]), close("epoch", ["rate_D", "epochs"])
    (['rate_D', 'rate_G'], ['epochs'])
    >>> nearest("dimension", ["adam_epsilon", "epochs"])
    'known are `adam_epsilon`, `epochs`'
    """
    name, lower = name.lower(), [one.lower() for one in known]
    parts = [known[at] for at, one in enumerate(lower) if f"_{name}_" in f"_{one}_"]
    if parts and name not in lower:
        return parts
    initials = ["".join(part[:1] for part in one.split("_")) for one in lower]
    if len(name) > 1 and (
        meant := [known[at] for at, one in enumerate(initials) if one.startswith(name)]
    ):
        return meant
    # A long name is near to none, and the search takes the square of its length.
    found = difflib.get_close_matches(name[:200], lower, n=1, cutoff=likeness)
    found = found or [one for one in lower if sorted(one) == sorted(name)][:1]
    return [known[lower.index(one)] for one in found]


def nearest(name: str, known: Sequence[str]) -> str:
    """Write a hint that names the known name nearest to an unknown one, or all of them."""
    if meant := close(name, known):
        return f"did you mean {' or '.join(f'`{one}`' for one in meant)}?"
    return f"known are {', '.join(f'`{one}`' for one in known)}"


def shown(value: Any) -> str:
    """Write a value as Python does, at most 80 characters."""
    try:
        return cut(repr(value))
    except ValueError:  # Python writes out no number of more than 4,300 digits
        return "a number of thousands of digits"
    except RecursionError:
        return "what is nested too deeply"


def cut(text: str) -> str:
    """Cut a text to at most 80 characters."""
    return text if len(text) <= 80 else f"{text[:77]}..."


def writable(text: str) -> str:
    """Return a text that a file can hold; ``UsageError`` for a NUL or half a surrogate pair."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError(f"a name must be text that a file can hold, got {shown(text)}")
    return text


def printable(text: str) -> str:
    """Put a text on one line and write out characters that a terminal would obey (colours, a
    right-to-left mark)."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode()
        for c in " ".join(text.split())
    )


def plain(name: object, limit: int = 60) -> str:
    """Put a name on one line, without control and direction marks, at most ``limit`` characters: a
    longer one keeps its two ends.

    For places where the browser's own isolation (``<bdi>``) does not reach: the text of a figure
    and the page's title.
    """
    spaced = " ".join(str(name).split())
    kept = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    if len(kept) <= limit:
        return kept
    end = limit // 2
    return f"{kept[: limit - 1 - end]}…{kept[-end:]}"


def lower_first(text: str) -> str:
    """Write the first letter small, as within a sentence."""
    return text[:1].lower() + text[1:]
