"""The CPU threads that a framework may use for one training: one, unless told otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from gan_eval.runtime.arguments import whole_number
from gan_eval.runtime.machine import cores

MOST = 1024
"""Threads of one training."""
_OURS = "GAN_EVAL_THREADS"
# What the libraries under the frameworks read when they are loaded.
_THEIRS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def allowed() -> int:
    """Count the threads that a training in this process may use.

    The chapter's tensors have a few dozen entries: a second thread costs more than it brings, and
    on a busy machine tenfold. So it is 1 where nothing else was said.
    """
    return _told(1)


def for_replicates() -> int:
    """Count the threads among which a training shares out its replicates.

    That is every core where nothing else was said, because replicates share nothing.
    """
    return _told(cores())


def _told(default: int) -> int:
    """Read how many threads the environment allows; ``UsageError`` where it is no number."""
    text = os.environ.get(_OURS, "").strip()
    return (
        whole_number(int(text) if text.isdecimal() else text, _OURS, 1, MOST) if text else default
    )


def require(count: int) -> None:
    """Raise ``UsageError`` where ``count`` is no number of threads."""
    whole_number(count, "`threads`", 1, MOST)


@contextmanager
def allow(count: int | None) -> Iterator[None]:
    """Allow so many threads, inside, to libraries that are loaded and processes that start.

    None says nothing: then a training uses one thread, and replicates are shared out among all.

    A framework whose number of threads is fixed when it starts keeps the number it began with.

    Raises
    ------
    UsageError
        Where ``count`` is below 1 or above ``MOST``.
    """
    if count is None:
        yield
        return
    require(count)
    before = {name: os.environ.get(name) for name in (_OURS, *_THEIRS)}
    os.environ.update(dict.fromkeys(before, str(count)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
