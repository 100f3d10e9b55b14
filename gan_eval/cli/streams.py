"""Standard output and error that outlive their readers and can write in any encoding."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from gan_eval.runtime.errors import UsageError

_SPELLED = (
    "‖|| ≤<= ≥>= ≠!= ≈~ →-> √sqrt ×x ·* ±+/- ∞inf –- —- −- “\" ”\" ‘' ’' "
    "αalpha βbeta γgamma εepsilon μmu σsigma χchi Σsum ∇grad"
)
_PLAIN = {ord(word[0]): word[1:] for word in _SPELLED.split()}
"""The letters that have no decomposition into ASCII, as it is written by hand."""


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """Spell what an encoding lacks in ASCII: ``≤`` as ``<=``, ``²`` as ``2``, else as an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    parts = []
    for character in error.object[error.start : error.end]:
        plain = unicodedata.normalize("NFKD", character.translate(_PLAIN)).translate(_PLAIN)
        kept = plain.encode("ascii", "ignore").decode()
        parts.append(kept or character.encode("ascii", "backslashreplace").decode())
    return "".join(parts), error.end


codecs.register_error("gan_eval.spelled", _spelled)


class _Sink(io.RawIOBase):
    """The file below a stream. After the first failure to write to it, all else is dropped.

    A reader that has gone is nobody's fault, and the command goes on to its status. Any other
    failure, as of a full disk, raises ``UsageError`` once, of standard output; there is nowhere to
    tell that of standard error.
    """

    def __init__(self, below: Any, name: str | None) -> None:
        self._below, self._name, self._lost = below, name, False

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._below.isatty()

    def fileno(self) -> int:
        return self._below.fileno()

    def write(self, data: Any, /) -> int | None:
        if self._lost:
            return memoryview(data).nbytes
        try:
            return self._below.write(data)
        except OSError as error:
            self._lost = True
            if self._name is not None and not isinstance(error, BrokenPipeError):
                raise UsageError(
                    f"{self._name} cannot be written: {error.strerror or error}"
                ) from None
            return memoryview(data).nbytes


@contextmanager
def lasting_streams() -> Iterator[None]:
    """Let print write through such streams inside; a text buffer of a test stays as it is."""
    before = sys.stdout, sys.stderr
    _fill_closed()
    # Of what Python opened (None: it was closed), not of what a caller has put in its place.
    sys.stdout, sys.stderr = _lasting(before[0], "standard output"), _lasting(before[1], None)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(UsageError):  # of a command that has failed, which says why
                stream.flush()
        sys.stdout, sys.stderr = before


def _lasting(stream: TextIO | None, name: str | None) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    below = getattr(stream.buffer, "raw", stream.buffer)
    return io.TextIOWrapper(
        io.BufferedWriter(_Sink(below, name)),
        stream.encoding,
        "gan_eval.spelled",
        line_buffering=stream.line_buffering or stream.write_through,
    )


def _fill_closed() -> None:
    """Put the null device where a standard descriptor is closed: the next file that is opened would
    get its number, and with it whatever a library prints."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
