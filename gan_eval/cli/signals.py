"""A command that is told to end (SIGTERM, SIGHUP) ends as by Ctrl-C: what is finished is kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SIGNALS = [signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Ended(KeyboardInterrupt):
    """A signal that asks to end; what cleans up after Ctrl-C does so after this."""


@contextmanager
def ending_by_signals(received: list[int]) -> Iterator[None]:
    """Raise ``Ended`` in the main thread for these signals inside, and note their numbers."""
    before = {}

    def end(number: int, _: FrameType | None) -> NoReturn:
        received.append(number)
        raise Ended(f"ended by {signal.Signals(number).name}")

    if threading.current_thread() is threading.main_thread():
        # What is ignored stays so, as SIGHUP under `nohup`.
        there = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
        before = {number: signal.signal(number, end) for number in there}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
