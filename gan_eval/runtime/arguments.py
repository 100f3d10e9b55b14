"""The checks of arguments that every layer shares: one sentence for what cannot be used, with the
value as a sentence can hold it, and the name that was meant."""

from __future__ import annotations

import difflib
import numbers
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

MOST_DRAWS = 1_000_000
"""Permutations, resamples and the like of one test: so many settle a p-value to 1e-6, and a null
distribution of them is 8 MB."""


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def whole_number(
    value: Any, name: str, least: int, most: int | None = None, which: str = ""
) -> int:
    """Return a whole number of at least ``least``; ``UsageError`` for anything else.

    Where ``most`` is given it is a limit too, and ``which`` says whose.

    Examples
    --------
    >>> whole_number(3, "folds", 2, 10)
    3
    >>> whole_number(1, "folds", 2, 10, "the rows")
    Traceback (most recent call last):
    gan_eval.runtime.errors.UsageError: folds must be between 2 and the rows (10), got 1
    """
    whole = _is(value, numbers.Integral)
    number = int(value) if whole else 0
    if most is None:
        if not whole or number < least:
            raise UsageError(
                f"{name} must be a whole number of at least {least}, got {shown(value)}"
            )
    elif not whole:
        raise UsageError(f"{name} must be a whole number, got {shown(value)}")
    elif not least <= number <= most:
        limit = f"{which} ({most})" if which else str(most)
        raise UsageError(f"{name} must be between {least} and {limit}, got {shown(value)}")
    return number


def positive_number(value: Any, name: str) -> float:
    """Return a finite number above 0; ``UsageError`` for anything else."""
    if not _is(value, numbers.Real):
        raise UsageError(f"{name} must be a number above 0, got {shown(value)}")
    try:
        number = float(value)
    except OverflowError:  # of an int
        number = float("inf")
    if not 0 < number < float("inf"):
        raise UsageError(f"{name} must be a finite number above 0, got {shown(value)}")
    return number


def level(value: Any, name: str = "alpha") -> float:
    """Return a level, above 0 and below 1; ``UsageError`` for anything else."""
    if not _is(value, numbers.Real) or not 0 < value < 1:  # an int may be too large for a float
        raise UsageError(f"{name} must be above 0 and below 1, got {shown(value)}")
    return float(value)


def one_of(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """Return ``value`` where it is one of ``choices``; ``UsageError`` for anything else."""
    if not isinstance(value, str) or value not in choices:
        raise UsageError(f"{name} must be one of {', '.join(choices)}, got {shown(value)}")
    return value


def instance_of(value: Any, name: str, kind: type, source: str = "") -> None:
    """``UsageError`` where ``value`` is not of ``kind``; ``source`` says where to get one.

    Examples
    --------
    >>> instance_of(3, "study", dict)
    Traceback (most recent call last):
    gan_eval.runtime.errors.UsageError: `study` must be a dict, got int
    """
    if not isinstance(value, kind):
        raise UsageError(
            f"`{name}` must be a {kind.__name__}{source and f', {source}'}, "
            f"got {type(value).__name__}"
        )


def path_of(value: Any, name: str) -> Path:
    """Return a path; ``UsageError`` for what is no text and no path."""
    if not isinstance(value, str | os.PathLike):
        raise UsageError(f"`{name}` must be a path, got {shown(value)}")
    return Path(value)


def draw_count(value: Any, name: str) -> int:
    """Return a number of permutations, resamples and the like, from 1 to ``MOST_DRAWS``."""
    return whole_number(value, name, 1, MOST_DRAWS)


def random_generator(rng: Any) -> np.random.Generator:
    """Return a Generator from None (fresh entropy), a seed, or a Generator (used, and advanced)."""
    import numpy as np  # the command line checks its arguments without it

    if rng is None or isinstance(rng, np.random.Generator):
        return np.random.default_rng(rng)
    if not _is(rng, numbers.Integral) or int(rng) < 0:
        raise UsageError(
            f"rng must be None, a seed of at least 0 or a numpy.random.Generator, got {shown(rng)}"
        )
    return np.random.default_rng(int(rng))


def torch_device(device: Any) -> str:
    """Return the name of a torch device, if it can be used on this machine."""
    import torch  # two seconds: only where it computes

    try:
        torch.empty(1, dtype=torch.float64, device=device)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError):
        # Of no such device, of a build without CUDA, of what is no name, of one without float64.
        available = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise UsageError(
            f"device must be one that torch can use here ({available}), got {shown(device)}"
        ) from None
    return str(device)


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
    if f"{name}s" in lower:
        return [known[lower.index(f"{name}s")]]
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


def attribute(module: ModuleType, path: str) -> Any:
    """Return what a dotted path names in a module; ``UsageError``, with a hint, where nothing does.

    Examples
    --------
    >>> import math
    >>> attribute(math, "pi")
    3.141592653589793
    """
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            public = [name for name in dir(found) if not name.startswith("_")]
            raise UsageError(f"{module.__name__!r} has no {part!r}: {nearest(part, public)}")
        found = getattr(found, part)
    return found


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
