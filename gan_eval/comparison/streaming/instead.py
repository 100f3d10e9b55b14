"""A comparison in memory, asked for as a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gan_eval.comparison.reading import read_options
from gan_eval.comparison.streaming.options import require_streamed
from gan_eval.comparison.streaming.result import StreamedComparison
from gan_eval.comparison.streaming.run import compare_streamed

_OWN = ("checkpoint", "workers", "run")


def compare_instead(
    real: Any,
    generated: Any,
    reading: Mapping[str, Any],
    beside: Sequence[str],
    given: Mapping[str, Any],
    others: Mapping[str, Any],
) -> StreamedComparison:
    """Stream what :func:`~gan_eval.comparison.run.compare` was asked for.

    Parameters
    ----------
    real, generated : path
    reading : mapping
        The arguments on how files are read, and those of a stream alone.
    beside : sequence of str
        The names of the other arguments of ``compare``.
    given, others : mapping
        Those that a stream has, and those that it has not.

    Raises
    ------
    UsageError
        Where one of ``others``, or on how texts are read, was given.
    """
    own = {name: reading[name] for name in _OWN if name in reading}
    rest = {name: value for name, value in reading.items() if name not in own}
    exclude = read_options(rest, [*beside, *_OWN]).exclude
    require_streamed({**others, **rest})
    return compare_streamed(real, generated, **given, **own, exclude=exclude)
